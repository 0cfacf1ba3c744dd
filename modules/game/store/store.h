/*
 * store.h: every SQL statement of the game module. Inside a db_fn on the database "game".
 *
 * A match is a row, its seats, and its events. The state itself is never stored: the events are the
 * match. How it stands (position, clocks, offers, when time is over) is in the row too, written with
 * each step, so that nothing needs to be replayed to be shown in a list.
 */
#ifndef GAME_STORE_H
#define GAME_STORE_H

#include "engine/grace.h"
#include "engine/match.h"
#include "engine/share.h"
#include "hearth/db.h"

extern const char *const game_migrations[];

/* What a match begins with. Slices stay the caller's. */
struct game_match_row {
	int64_t id;
	const struct game_rules *rules;
	unsigned seats;
	struct slice setup;
	uint8_t seed[GAME_SEED_SIZE];
	int64_t accounts[GAME_SEATS_MAX];
	char names[GAME_SEATS_MAX][ACCOUNTS_NAME_ROOM];
	struct game_control control;
	bool rated;                     /* of two */
	int64_t started_at;             /* wall, ms */
	bool completes[GAME_SEATS_MAX]; /* out of game_store_add: as struct match has them */
	struct match_rating ratings[GAME_SEATS_MAX];
	/* Out of game_store_add: a bit for each seat whose account is to blame that there is none. */
	unsigned refused;
};

/*
 * When something is written; the game clock (game.h), and when the match is looked at for what time
 * brings: not later than it can bring something. It is an index: a move that may leave it does.
 */
struct game_store_times {
	int64_t wall_ms, now_us, due_us;
};

#define GAME_DUE_STANDS INT64_MAX

/* As the time of a turn: nobody has had the match yet, whose shard was not the lobby's node's. */
#define GAME_NOT_BEGUN (-1)
/* As the time of a shard's clock: it is not this node's. */
#define GAME_NOT_OURS INT64_MIN

/* ---- adopt.c ---- */

struct game_adopted {
	int64_t left;  /* 0 when none is left, of those that go on or any other */
	int64_t aside; /* so many were set aside: what there is of them is no match */
};

/*
 * So many rows of the version before become what they are now, the latest first; `live`: of those that
 * go on.
 */
int game_store_adopt(struct db_tx *tx, bool live, int64_t limit, struct game_adopted *out);
/* *left: 0 when there is none. */
int game_store_unadopted(struct db_tx *tx, int64_t *left);

/* ---- store.c ---- */

#define GAME_STORE_BEGUN_MAX 300 /* rows that a person can add in a minute, by aborting */

/*
 * Whether an account may begin one more match. HEARTH_EDENIED: it was deleted; HEARTH_ETOOBIG: live_max of
 * its matches go on already, or GAME_STORE_BEGUN_MAX began within a minute.
 */
int game_store_may_begin(struct db_tx *tx, int64_t account, int64_t now_ms, int64_t live_max);
/*
 * Adds a match that has not begun, gives it its id, and publishes "game.started". HEARTH_EINVAL: the rules
 * refuse the setup, and all are to blame; or as game_store_may_begin has it, and some are.
 */
int game_store_add(struct db_tx *tx, struct game_match_row *row, int64_t live_max);
/* It has begun, if it had not. */
int game_store_begin(struct db_tx *tx, int64_t match, int64_t now_us, int64_t due_us);
/*
 * An account is gone: its seats are nobody's (account 0, no name), and no match is added for it
 * any more. Its matches that are going on are for the shards to end.
 */
int game_store_forget(struct db_tx *tx, int64_t account);

/* ---- store_step.c ---- */

/*
 * Adds the events of a step to a match, and how it stands behind them; with an end "game.ended".
 * HEARTH_ECONFLICT when the match as stored is not the one that the step was made for: of another
 * sequence, or over. Then nothing is changed.
 */
int game_store_step(struct db_tx *tx, const struct match *m, const struct match_step *step,
	const struct game_store_times *at);

/* ---- store_read.c ---- */

/*
 * A match as it is stored, with its log: to be shown. HEARTH_ENOTFOUND, HEARTH_EUNSUPPORTED (rules
 * that are not in this build), HEARTH_EBUSY (of the version before, and its turn is yet to come),
 * HEARTH_ECORRUPT.
 */
int game_store_read(struct db_tx *tx, int64_t id, struct match **out);
/* The same with its state, to go on; its moves are played again. */
int game_store_load(struct db_tx *tx, int64_t id, struct match **out);
/*
 * An account's matches below a number, latest first, without state and log; each is the callee's.
 */
int game_store_page(struct db_tx *tx, int64_t account, int64_t before, int64_t limit,
	void (*each)(void *arg, struct match *m), void *arg);

/* ---- store_find.c ---- */

/* The ids of an account's matches, latest first: all, and those that go on. */
int game_store_of_account(struct db_tx *tx, int64_t account, int64_t limit,
	int (*each)(void *arg, int64_t id), void *arg);
int game_store_live_of_account(struct db_tx *tx, int64_t account, int64_t limit,
	int (*each)(void *arg, int64_t id), void *arg);
/* Those that are due by the clocks of their shards (GAME_NOT_OURS: none of it), the longest first. */
int game_store_due(struct db_tx *tx, const int64_t now_us[GAME_SHARDS], int64_t limit,
	int (*each)(void *arg, int64_t id), void *arg);
/* One that cannot be read: it is not due any more. */
int game_store_set_aside(struct db_tx *tx, int64_t match);
/* When it is due, told anew: not yet; while it has this sequence, and all its players. */
int game_store_set_due(struct db_tx *tx, int64_t match, int seq, int64_t due_us);
/* Adds to at most so many old rows the position they lack; *count is to how many. */
int game_store_add_positions(struct db_tx *tx, int64_t limit, int64_t *count);

/* ---- store_clock.c ---- */

/* A shard: the latest its clock is known to have said, as noted or when a turn began; how many of
 * its matches go on that have begun. */
struct game_shard_clock {
	int64_t us, live;
};

int game_store_clocks(struct db_tx *tx, struct game_shard_clock out[GAME_SHARDS]);
int game_store_set_clock(struct db_tx *tx, int shard, int64_t us, int64_t wall_ms);
/* What a clock says now, as far as it can be told by who does not own the shard. */
int game_store_clock_now(struct db_tx *tx, int shard, int64_t wall_ms, int64_t *us);
/* The latest starts; and notes one more, with the clock. */
int game_store_starts(struct db_tx *tx, int shard, struct game_starts *out);
int game_store_start(struct db_tx *tx, int shard, int64_t now_us, int64_t wall_ms, int64_t grace_us,
	struct game_starts *out);

#endif
