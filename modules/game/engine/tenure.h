/*
 * tenure.h: whether this node owns the matches.
 *
 * Lobby, shards, the looking for due matches and the game clock are one node's at a time: who holds
 * the lease "game.matches". The first node that starts takes it; others wait for it, and a tenure begins
 * for one of them when the holder has stopped, or was not heard of for the lease's time. It begins
 * as a start of the server does: the clock goes on from what it is known to have said, and whose
 * turn it was has the grace to come back in.
 *
 *   WAITING ──lease taken, clock read──▶ OWNING ──lease lost──▶ WAITING
 *
 * Every effect is fenced: its transaction checks the lease of the tenure that it was made in, beside
 * what the match was when the step was made (store.h). So a node that was thought dead and is not
 * changes nothing.
 *
 * On the loop but where a function says otherwise. What begins here stays readable until the module
 * stops, since a shard may still look at it.
 */
#ifndef GAME_TENURE_H
#define GAME_TENURE_H

#include "game.h"

#define GAME_TENURE_LEASE "game.matches"

/* What holds from one taking of the lease to its loss. Does not change once it has begun. */
struct game_tenure {
	struct lease lease; /* epoch 0: nobody else can own (tests) */
	struct game_starts starts;
	int64_t clock_base_us; /* game clock less exec_served_us */
	struct game_tenure *before;
};

/*
 * At start: takes the matches if nobody owns them, or begins to wait for them. 0 or a database
 * error. Blocks.
 */
int game_tenure_start(struct game *g, int64_t grace_ms);
/* Notes the clock and gives the matches up. Blocks; legal when it did not start. */
void game_tenure_stop(struct game *g);

/* The latest tenure; NULL before the first. Any thread. */
static inline const struct game_tenure *game_owned(const struct game *g)
{
	return atomic_load(&((struct game *)g)->tenure);
}

/* Inside any db_fn: 0, or HEARTH_ECONFLICT when the tenure is over. */
int game_fence(struct db_tx *tx, const struct game_tenure *t);
/* Inside any db_fn: what the game clock says and the latest starts, on whatever node. */
int game_times(struct db_tx *tx, const struct game *g, int64_t *now_us, struct game_starts *starts);

#endif
