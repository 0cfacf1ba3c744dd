/*
 * share.h: which parts of the games are whose, and which of them a node is to take or to give up.
 *
 * Nodes talk to nobody about it: each looks at the leases, and knows from them what everybody's
 * share is. With n nodes it is the shards divided by n; those that are over go to the first nodes
 * by name. Who has less takes what is free, who has more gives some up. The lobby is not shared:
 * whoever finds it free has it.
 *
 * Pure. Of more than GAME_NODES_MAX nodes each counts that many, so that nobody has more than one.
 */
#ifndef GAME_SHARE_H
#define GAME_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "hearth/lease.h"

/* The same on every node, and for good: a match is of the shard that its number is modulo this. */
#define GAME_SHARDS 16
/* What a node may own: the shards, by number, and the lobby. */
#define GAME_LOBBY   GAME_SHARDS
#define GAME_OWNABLE (GAME_SHARDS + 1)

#define GAME_NODES_MAX 16

#define GAME_LEASE_NODE  "match.node."  /* and a node's id: that it is there */
#define GAME_LEASE_SHARD "match.shard." /* and a shard's number */
#define GAME_LEASE_LOBBY "match.lobby"
#define GAME_LEASE_ANY   "match."
#define GAME_LEASE_OLD   "game." /* of the version whose matches are moves alone (store/adopt.c) */

struct game_holding {
	int64_t epoch; /* 0: it is free */
	char node[LEASE_NODE_MAX + 1];
};

/* How things are, as seen at once. */
struct game_view {
	char nodes[GAME_NODES_MAX][LEASE_NODE_MAX + 1]; /* in order; there, or holding something */
	int node_count;
	struct game_holding held[GAME_OWNABLE];
	bool blocked; /* a node of an earlier version has it all */
};

/* The lease of a shard or the lobby, which is also where frames for it are addressed to. */
void game_lease_name(int what, char out[LEASE_NAME_MAX + 1]);
/* What such a name is of; -1: of neither. */
int game_lease_what(const char *name);

/* Nothing is seen yet but the node that looks. */
void game_view_init(struct game_view *v, const char *self);
/* A lease_each_fn on a view: of all whose names begin with GAME_LEASE_ANY or GAME_LEASE_OLD. */
void game_view_add(void *view, const char *name, const struct lease_holder *holder);
bool game_view_has_node(const struct game_view *v, const char *node);

/* How many shards are a node's. */
int game_view_share(const struct game_view *v, const char *node);
/* What `self` is to take: a bit for each shard and the lobby. */
uint32_t game_view_takes(const struct game_view *v, const char *self);
/*
 * What it is to give up of the shards that it has (`owned`, bits): those with the least matches
 * (`live`, by shard) first.
 */
uint32_t game_view_gives(const struct game_view *v, const char *self, uint32_t owned,
	const int64_t live[GAME_SHARDS]);

#endif
