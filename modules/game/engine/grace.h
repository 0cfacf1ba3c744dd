/*
 * grace.h: what a start of the server gives back: whose turn it was when the server went away has
 * some time to come back in, during which that turn's clock stands.
 *
 * It is given to the turn, not to the clock: nobody's time ever grows, however often the server
 * starts, and a turn that begins after the start has none of it. Since matches are read when they
 * are asked for, perhaps some starts later, the latest starts are kept (table game_start).
 *
 * Pure; the caller sees to it that nobody changes what it reads.
 */
#ifndef GAME_GRACE_H
#define GAME_GRACE_H

#include "engine/match.h"

#define GAME_STARTS_MAX 16 /* kept; of an older one a turn that is still going on has nothing */

/* A start: when it was, on the game clock, and for how long a turn from before stands. */
struct game_start {
	int64_t at_us, grace_us;
};

/* The latest ones, in order of time. */
struct game_starts {
	struct game_start starts[GAME_STARTS_MAX];
	int n;
};

/* Adds one; the oldest makes room. */
void game_starts_add(struct game_starts *s, int64_t at_us, int64_t grace_us);
/* When the latest one's grace is over; INT64_MIN without any. */
int64_t game_starts_grace_until_us(const struct game_starts *s);
/*
 * What a turn that began at since_us has used until until_us, less the graces in between.
 * until_us is not before the latest start.
 */
int64_t game_starts_used_us(const struct game_starts *s, int64_t since_us, int64_t until_us);
/* To a match as it was stored: what its turn has used before the latest start, and its grace. */
void game_starts_apply(const struct game_starts *s, struct match *m);

#endif
