/*
 * batch.h: the events that a lane has in hand, for src/bus/ only: from their reading on a worker to
 * `after` on the loop. One a lane; at most BATCH_MAX events and about a megabyte of payloads.
 */
#ifndef HEARTH_SRC_BATCH_H
#define HEARTH_SRC_BATCH_H

#include "bus/dispatch.h"
#include "hearth/arena.h"

#define BATCH_MAX 64

struct batch {
	struct lane *lane;
	struct arena *arena; /* the batch lies in it, too */
	int count;           /* read */
	int ready;           /* prepared: the first ones */
	int applied;         /* on disk: the first ones */
	int told;            /* `everywhere` is called for: the first ones */
	bool missed;         /* and before them, with NULL */
	int failed_at;       /* the event that was refused, or -1 */
	int error;           /* what it was refused with */
	struct bus_event events[BATCH_MAX];
	void *prepared[BATCH_MAX];
};

/* An empty one. On the lane's worker. */
struct batch *batch_new(struct lane *l);
/* Has `after` and `everywhere` called on the loop, and frees it. On the lane's worker. */
void batch_end(struct batch *b);

#endif
