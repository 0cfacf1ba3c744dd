/*
 * tenure_private.h: what the files of ownership share: tenure.c takes, begins, loses and gives up;
 * balance.c sees what there is to take and to give. On the loop, but for what gets a transaction.
 */
#ifndef GAME_TENURE_PRIVATE_H
#define GAME_TENURE_PRIVATE_H

#include "engine/tenure.h"
#include "store/store.h"

#define OWNER_ALL_SHARDS ((1u << GAME_SHARDS) - 1)

/* A shard, or the lobby. */
struct ownable {
	struct game *g;
	int what;
	struct lease_keeper *keeper; /* while it is owned */
	struct game_tenure *ending;  /* while it is being given up */
};

struct game_owner {
	struct game *g;
	const char *node;
	struct ownable all[GAME_OWNABLE];
	struct timer timer;
	int64_t grace_us;
	bool shared, draining;
	bool looking, taking; /* at the database */
	struct game_view view;
	/* What `take` finds. */
	uint32_t got;
	struct game_tenure found[GAME_OWNABLE];
	struct game_shard_clock clocks[GAME_SHARDS];
	struct game_adopted took; /* matches of before, with the latest shards */
};

/* ---- tenure.c ---- */

/* Inside a db_fn: who has what, as this node sees it. */
int owner_see(struct db_tx *tx, const char *node, struct game_view *out);
/* A db_fn on a struct game_owner: takes what is free of this node's share, into `got` and `found`. */
int owner_take(struct db_tx *tx, void *arg);
/* That is committed: its tenures begin. */
void owner_begin(struct game_owner *w);
/* Gives shards and the lobby up, by bits; other nodes hear of it when that is done. */
void owner_give(struct game_owner *w, uint32_t which);

#endif
