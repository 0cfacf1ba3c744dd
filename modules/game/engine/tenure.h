/*
 * tenure.h: what of the games this node owns, and since when.
 *
 * A match is of a shard, for good (game_shard_number). Each shard is one node's at a time, with the
 * looking for its due matches and its game clock: who holds its lease, "match.shard.N"; and so is the
 * lobby. A node that is alone takes all at its start. Of several each takes its share (share.h): a
 * node that joins is given some by those that have more, and what was owned by one that has stopped,
 * or was not heard of for the lease's time, is taken by the others. A tenure begins as a start of
 * the server does: the clock goes on from what it is known to have said, and whose turn it was has
 * the grace to come back in.
 *
 *   FREE ──lease taken, clock read──▶ OWNED ──lease lost──────────────────────────────▶ another's
 *                                       └──given up: matches dropped, clock noted, lease ended──▶ FREE
 *
 * Every effect is fenced: its transaction checks the lease of the tenure that it was made in, beside
 * what the match was when the step was made (store.h). So a node that was thought dead and is not
 * changes nothing.
 *
 * On the loop but where a function says otherwise. What begins here stays readable until the module
 * stops, since a shard may still look at it: one for each taking.
 */
#ifndef GAME_TENURE_H
#define GAME_TENURE_H

#include <stdatomic.h>

#include "game.h"

/* What holds from one taking of a lease to its loss. Does not change once it has begun, but for its
 * end. */
struct game_tenure {
	struct lease lease;        /* epoch 0: nobody else can own (tests) */
	struct game_starts starts; /* of a shard, as the next */
	int64_t clock_base_us;     /* game clock less exec_served_us */
	struct game_tenure *before;
	atomic_bool over; /* lost, or being given up: nothing begins in it any more */
};

/*
 * At start: takes what is free of this node's share, or begins to wait for it. 0 or a database
 * error. Blocks.
 */
int game_tenure_start(struct game *g, int64_t grace_ms);
/* The server is to stop: other nodes, where there are any, shall have the matches now. */
void game_tenure_drain(struct game *g);
/* Notes the clocks and gives all up. Blocks; legal when it did not start. */
void game_tenure_stop(struct game *g);
/* Something may be free: looks now, if this node has less than its share. */
void game_tenure_look(struct game *g);

/* The latest tenure of a shard or the lobby; NULL before the first. Any thread. */
static inline const struct game_tenure *game_owned(const struct game *g, int what)
{
	return atomic_load(&((struct game *)g)->tenures[what]);
}

/* Whether it goes on. Any thread, which may hear of its end a little late: hence the fence. */
static inline bool game_tenure_lasts(const struct game_tenure *t)
{
	return t && !atomic_load(&((struct game_tenure *)t)->over);
}

/* What the game clock of its shard says now. Any thread. */
static inline int64_t game_now_us(const struct game_tenure *t)
{
	return t->clock_base_us + exec_served_us();
}

/* Inside any db_fn: 0, or HEARTH_ECONFLICT when the tenure is over. */
int game_fence(struct db_tx *tx, const struct game_tenure *t);
/* Inside any db_fn: what a shard's clock says now and its latest starts, on whatever node. */
int game_times(struct db_tx *tx, const struct game *g, int shard, int64_t *now_us,
	struct game_starts *starts);

/* A match of a shard of this node has begun (1), or ended (-1): for the number of those that go on.
 * Any thread. */
void game_live_add(struct game *g, int shard, int64_t n);

#endif
