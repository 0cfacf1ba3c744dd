/*
 * relay_private.h: what the files of the relay share: relay.c sends, relay_in.c takes.
 *
 * All on the loop but game_relay_tell…, which add to `out` under the lock; db_fns work on what is
 * theirs while they are under way.
 */
#ifndef GAME_RELAY_PRIVATE_H
#define GAME_RELAY_PRIVATE_H

#include "wire/relay.h"

#include <pthread.h>

#include "hearth/list.h"
#include "hearth/map.h"
#include "store/store_relay.h"

#define RELAY_POLL_MS   50
#define RELAY_GLANCE_MS 500 /* where others knock */

/* Where rows are addressed to: a shard, the lobby, or as the last this node. */
#define RELAY_SELF      GAME_OWNABLE
#define RELAY_ADDRESSES (GAME_OWNABLE + 1)

/* A row and its text. */
struct relay_parcel {
	struct list_node node;
	struct relay_row row;
	char *body; /* owned; row.body */
};

/* A client of this node that has asked others, or one of another node that has asked this one. */
struct relay_client {
	uint64_t client;
	int64_t account;
	uint32_t asked; /* of what: a bit for each shard and the lobby */
	char node[LEASE_NODE_MAX + 1];
};

struct game_relay {
	struct game *g;
	const char *node;
	struct lease_keeper *keeper; /* this node is there */
	struct timer poll;
	struct wake *wake; /* or NULL */
	bool again;        /* somebody has knocked meanwhile */
	bool looking;      /* at the database; it has the next three then */
	uint32_t waits;    /* something does: a bit for each address of this node */
	bool purge;        /* a look at what is left over, too */
	struct list in;    /* struct relay_parcel: taken */
	struct map *own;   /* client id → struct relay_client: those of this node that asked */
	int64_t told_epoch[GAME_OWNABLE]; /* of who has it: known to `own`; 0: to none */
	char gone[GAME_NODES_MAX][LEASE_NODE_MAX + 1]; /* clients of theirs are still known */
	int gone_count;

	pthread_mutex_t lock;
	struct map *relayed; /* lock: client id → struct relay_client */
	struct list out;     /* lock: struct relay_parcel, to be written */
	char others[GAME_NODES_MAX][LEASE_NODE_MAX + 1]; /* lock: the nodes beside this one */
	int other_count;                                 /* lock */
	int out_count;                                   /* lock */
	bool posted;                                     /* lock: the loop knows of it */
	struct list batch;                               /* being written */
	bool writing;
	atomic_bool lost; /* frames to clients of others are */
};

/* ---- relay.c ---- */

/* Hands what waits to the database, if nothing is there. */
void relay_write_out(struct game_relay *r);

struct relay_parcel *relay_parcel_new(const struct relay_row *row);
void relay_parcel_free(struct relay_parcel *p);
void relay_parcels_free(struct list *l);

/* ---- relay_in.c ---- */

/* Takes what has come, and goes on doing so. A timer's function. */
void relay_poll(void *arg);

#endif
