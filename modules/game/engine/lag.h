/*
 * lag.h: what of a turn's time is the network's and is not charged. Pure.
 *
 * A move on its way costs its player nothing as long as a quota lasts: each move takes from it what its
 * lag was, and adds a little to it. So an honest connection, whose lag is small and regular, is paid
 * for wholly; a slow one mostly; and who makes their lag seem large gains no more than `gain` a move
 * (Lichess's scheme and numbers). The lag itself is the server's own measure, the average round trip to
 * the client (hearth/ws.h): what a client says of its time is never asked.
 */
#ifndef GAME_LAG_H
#define GAME_LAG_H

#include "engine/control.h"

#define GAME_LAG_MAX_US   10000000 /* a round trip beyond that is not believed */
#define GAME_LAG_GRACE_US 2000000  /* no flag waits longer for a move that may be on its way */

struct game_lag {
	int64_t quota_us; /* what may be forgiven now */
	int64_t gain_us;  /* what each move adds, up to seven times that; 0: nothing is forgiven */
	int64_t last_us;  /* the lag of the latest move, as it was measured */
};

/* What begins a match by this control. Slow ones, where seconds are nothing, and unlimited forgive none. */
void game_lag_init(struct game_lag *l, const struct game_control *control);
/* As it was stored, within bounds. */
void game_lag_restore(struct game_lag *l, int64_t quota_us, int64_t last_us);
/* A lag as it is measured, or claimed on whatever way: within bounds. */
int64_t game_lag_bounded(int64_t lag_us);
/* Notes the lag of a move that is not charged. */
void game_lag_note(struct game_lag *l, int64_t lag_us);
/* What would be forgiven a move of so much lag and a turn of used_us; changes nothing. */
int64_t game_lag_forgives(const struct game_lag *l, int64_t lag_us, int64_t used_us);
/* The same for a move that is made: takes it from the quota, which is filled up by one move. */
int64_t game_lag_take(struct game_lag *l, int64_t lag_us, int64_t used_us);
/* How long a flag waits for a move that may be on its way: as much as it would be forgiven. */
int64_t game_lag_grace_us(const struct game_lag *l);

#endif
