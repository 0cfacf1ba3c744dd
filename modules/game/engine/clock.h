/*
 * clock.h: the clock of a match: what each seat has left by a time control (control.h). Pure: the
 * caller says what time it is (monotonic microseconds).
 *
 *   STOPPED ──game_clock_start──▶ RUNNING(side) ──game_clock_press──▶ RUNNING(other)
 *      ▲                              │
 *      └──────game_clock_stop─────────┘
 *
 * The clock of a side does not run before its first move (as the field's servers do), so the host
 * starts it once all have moved; it counts those moves too (game_clock_count), since stages do. Moves
 * that are taken back stay counted, as on a clock with a lever: no stage begins twice.
 *
 * Where time is unlimited nothing is ever taken off and nobody's flag falls. At most
 * GAME_SEATS_MAX seats.
 */
#ifndef GAME_CLOCK_H
#define GAME_CLOCK_H

#include "engine/control.h"
#include "engine/lag.h"
#include "rules/rules.h"

#define GAME_FOREVER_US INT64_MAX

struct game_clock {
	struct game_control control;
	int seats;
	int64_t left_us[GAME_SEATS_MAX]; /* byo-yomi: of the main time, then of the period */
	int moves[GAME_SEATS_MAX];       /* made so far, those before it ran too */
	int periods[GAME_SEATS_MAX];     /* byo-yomi: those not begun yet */
	struct game_lag lag[GAME_SEATS_MAX];
	int side;           /* whose time runs; -1: nobody's, and a first move may be waited for */
	int64_t started_us; /* since when it runs for that side; in the future it stands until then */
	int64_t spent_us;   /* of this turn before that: taken off already */
};

/* What became of a turn, in microseconds. */
struct game_turn {
	int64_t used_us;     /* what it is charged with, before any delay */
	int64_t forgiven_us; /* what was the network's, and is not in that */
	int64_t lag_us;      /* the lag by which that was told */
	int64_t quota_us;    /* what may be forgiven from now on */
};

/* Stopped, with what all have at first. */
void game_clock_init(struct game_clock *c, const struct game_control *control, int seats);
void game_clock_start(struct game_clock *c, int side, int64_t now_us);
/*
 * The turn under way, or the wait for a first move, has used so much; it stands until from_us, and runs on
 * from then.
 */
void game_clock_hold(struct game_clock *c, int64_t used_us, int64_t from_us);
/* A move by a side whose clock does not run: nothing is taken, and no more comes than a stage. */
struct game_turn game_clock_count(struct game_clock *c, int side, int64_t lag_us);
/* A part of a turn, by any side: no time is taken, given or forgiven, and what runs runs on. */
struct game_turn game_clock_run_on(const struct game_clock *c, int side);
/*
 * The running side has moved: charges what it used, less what of lag_us its quota pays (lag.h), gives
 * what the control gives with a move, and runs for `next`. A side whose time was over keeps 0 and is
 * given nothing: the host has to look at game_clock_out before.
 */
struct game_turn game_clock_press(struct game_clock *c, int next, int64_t now_us, int64_t lag_us);
/*
 * The turn is another's without a move: charges the running side, adds nothing, runs for `next`. What each
 * turn has anew (days, a period of byo-yomi, a delay) the side has in its next one too.
 */
void game_clock_hand(struct game_clock *c, int next, int64_t now_us);
/* Charges the running side and stops. */
void game_clock_stop(struct game_clock *c, int64_t now_us);
/*
 * Time left for a side, counting what it is using; never below 0: of its main time or, in byo-yomi,
 * of its period. GAME_FOREVER_US where time is unlimited.
 */
int64_t game_clock_left_us(const struct game_clock *c, int side, int64_t now_us);
/* Byo-yomi: the periods a side has left behind the one (or the main time) that it is in. */
int game_clock_periods(const struct game_clock *c, int side, int64_t now_us);
/*
 * What the running side may still use from started_us on until its flag falls, with delay and periods;
 * GAME_FOREVER_US: it never does.
 */
int64_t game_clock_room_us(const struct game_clock *c);
/*
 * Whether a move that comes now, of which lag_us are the network's, comes too late; and in how many
 * microseconds any move of the running side will: not before what its lag may be forgiven has passed as
 * well. GAME_FOREVER_US: never.
 */
bool game_clock_out(const struct game_clock *c, int64_t now_us, int64_t lag_us);
int64_t game_clock_flag_in_us(const struct game_clock *c, int64_t now_us);

/*
 * How it stands behind a step, to be stored: an object of arrays by seat; and of a turn that was held
 * what it has spent, with since when it runs. And back, into a clock that game_clock_init has made: what
 * is not there, as in what was stored before there was such, stays as at first. HEARTH_EINVAL: no clock by this control, which stays as it was.
 */
void game_clock_write(struct json_writer *w, const struct game_clock *c);
int game_clock_read(const struct json *o, struct game_clock *c);

#endif
