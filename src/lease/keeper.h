/*
 * keeper.h: one lease that is kept or claimed, for keep.c (its owner's side) and renew.c (the
 * loop's) only.
 *
 *   lease_claim ─▶ WANTED ──taken──▶ HELD ──unkept──▶ ENDING ──freed──▶ gone
 *                    ▲                │
 *                    └──── lost ──────┘
 *   lease_keep ──────────────────▶ HELD ──lost──▶ LOST ──unkept──▶ gone
 *
 * Threads: keepers are made and unkept on their owner's executor, looked at on the loop, renewed on
 * a writer by copies; what they share is under leases->lock. There are as many as their owners have
 * streams, matches and the like, which they bound.
 */
#ifndef HEARTH_SRC_LEASE_KEEPER_H
#define HEARTH_SRC_LEASE_KEEPER_H

#include <stdatomic.h>

#include "lease/leases.h"

#define LEASE_NEVER      INT64_MAX
#define LEASE_RENEW_PART 3 /* of the time to live */

enum keeper_state {
	WANTED,
	HELD,
	LOST,
	ENDING,
};

struct lease_keeper {
	struct list_node node; /* the group's; lock */
	struct lease_group *group;
	struct exec *owner;
	lease_lost_fn *lost;   /* of one kept; else NULL */
	lease_claim_fn *claim; /* of one claimed; else NULL */
	void *arg;
	bool closed;     /* the owner's thread */
	int64_t told;    /* the epoch fn was told of; the owner's thread */
	atomic_int refs; /* the owner's, batches', posts' */

	/* lock: */
	enum keeper_state state;
	bool in_batch;
	struct lease lease;    /* epoch 0: none */
	int64_t due_ms;        /* when to look at it; monotonic, as the next */
	int64_t good_until_ms; /* of a HELD one */
};

/* Lets go of it; the last one frees it. Any thread. */
void lease_keeper_unref(struct lease_keeper *k);
/* With the lock held: its owner is told on its executor how things stand. */
void lease_keeper_tell(struct lease_keeper *k);
/* With the lock held: a HELD one is not ours any more, or may not be. */
void lease_keeper_lose(struct lease_keeper *k);

/* On the loop (renew.c): looks at who is due; `leases` is a struct leases. */
void leases_look(void *leases);

#endif
