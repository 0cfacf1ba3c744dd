/*
 * clock.h: a clock between two, Fischer's way: each side has time left, and gets an increment after each
 * move. Pure: the caller says what time it is (monotonic microseconds).
 *
 *   STOPPED ──game_clock_start──▶ RUNNING(side) ──game_clock_press──▶ RUNNING(other)
 *      ▲                              │
 *      └──────game_clock_stop─────────┘
 *
 * The clock of a side does not run before its first move (as the field's servers do), so the host
 * starts it once both have moved.
 */
#ifndef GAME_CLOCK_H
#define GAME_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct game_clock {
	int64_t left_us[2];
	int64_t increment_us;
	int side;           /* whose time runs; -1: stopped */
	int64_t started_us; /* since when it runs for that side; in the future it stands until then */
	int64_t spent_us;   /* of this turn before that: taken off left_us already */
};

void game_clock_init(struct game_clock *c, int64_t limit_ms, int64_t increment_ms);
void game_clock_start(struct game_clock *c, int side, int64_t now_us);
/* The turn under way has used so much; its clock stands until from_us, and runs on from then. */
void game_clock_hold(struct game_clock *c, int64_t used_us, int64_t from_us);
/*
 * The running side has moved: charges what it used, adds the increment, and runs for `next`.
 * Returns what was used in microseconds. A side whose time was over keeps 0 and gets no increment:
 * the host has to look at game_clock_out before.
 */
int64_t game_clock_press(struct game_clock *c, int next, int64_t now_us);
/* Charges the running side and stops. */
void game_clock_stop(struct game_clock *c, int64_t now_us);
/* Time left for a side, counting what it is using; never below 0. */
int64_t game_clock_left_us(const struct game_clock *c, int side, int64_t now_us);
/* Whether the running side has no time left. */
bool game_clock_out(const struct game_clock *c, int64_t now_us);

#endif
