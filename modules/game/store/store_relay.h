/*
 * store_relay.h: the table `relay`, by which nodes hand frames to each other (wire/relay.h). Inside a
 * db_fn on the database "game".
 */
#ifndef GAME_STORE_RELAY_H
#define GAME_STORE_RELAY_H

#include "hearth/db.h"
#include "hearth/lease.h"

#define RELAY_TAKEN_MAX 256   /* rows at a time */
#define RELAY_OLD_MS    60000 /* nobody waits for what is older */

enum relay_kind {
	RELAY_ASKED,        /* a frame of a client, to who owns what it is for */
	RELAY_GONE,         /* the client is */
	RELAY_TOLD,         /* a frame to a client */
	RELAY_TOLD_ACCOUNT, /* a frame to those of an account, on the node it is addressed to */
	RELAY_FOLLOW,       /* to a client's node: a frame that it is to take as the client's */
};

struct relay_row {
	int64_t id;
	char to[LEASE_NAME_MAX + 1];   /* a node; or a shard or the lobby, by its lease (share.h) */
	char from[LEASE_NODE_MAX + 1]; /* the client's node */
	enum relay_kind kind;
	uint64_t client;
	int64_t account, ping_us, age_us;
	int64_t at_ms; /* wall */
	struct slice body;
};

int game_store_relay_add(struct db_tx *tx, const struct relay_row *row);
/* Each address that something waits for. */
int game_store_relay_waiting(struct db_tx *tx, void (*each)(void *arg, const char *to), void *arg);
/* Hands over what waits for one, in order, and deletes it; a row is valid during the call. */
int game_store_relay_take(struct db_tx *tx, const char *to,
	void (*each)(void *arg, const struct relay_row *row), void *arg);
/* What is too old for anybody, and what is for a node that is gone ("": none). */
int game_store_relay_purge(struct db_tx *tx, int64_t now_ms, const char *node);

#endif
