/*
 * match.h: one match: two seats, a state under some rules, a clock. Pure: no socket, no database,
 * no clock of its own; the shard that owns it drives it.
 *
 * A change is made in two steps, since nobody may hear of it before it is on disk: match_try_…
 * fills a `struct match_step` and leaves the match as it is; once the step is durable, match_take
 * makes it so. Between the two the match takes no other step.
 *
 *   STARTED ──mate, draw, resignation, flag, agreement──▶ ENDED        (status says how)
 *   STARTED ──no first move in time──▶ ENDED (aborted)
 */
#ifndef GAME_MATCH_H
#define GAME_MATCH_H

#include "clock.h"
#include "hearth/str.h"
#include "rules.h"

#define MATCH_SEATS 2
#define MATCH_PLY_MAX                                                                           \
	1200              /* half-moves; beyond, the match is drawn: no match may grow for ever \
			   */
#define MATCH_WORD_MAX 40 /* bytes of a status or reason, with the NUL */

struct match {
	int64_t id;
	const struct game_rules *rules;
	void *state;                   /* rules->state_size bytes */
	int64_t accounts[MATCH_SEATS]; /* seat 0 plays white; 0: the account is gone */
	char *names[MATCH_SEATS];      /* empty: likewise */
	bool completes[MATCH_SEATS];   /* whether its moves are made whole (rules->complete) */
	struct game_clock clock;
	int ply;                  /* half-moves made */
	struct strbuf notation;   /* the moves as people write them, separated by spaces */
	char last[GAME_MOVE_MAX]; /* the latest move; empty before the first */
	int draw_offer;           /* the seat that offers a draw, or -1 */
	bool over;
	int winner; /* a seat, or GAME_NOBODY */
	char status[MATCH_WORD_MAX];
	char reason[MATCH_WORD_MAX];
	int64_t waiting_since_us; /* since when a first move is waited for */
};

/* A change that is not made yet. */
struct match_step {
	bool is_move;
	int ply; /* of the move: 1 for the first */
	struct game_move move;
	void *state; /* after the move; owned until match_take or match_step_clear */
	struct game_clock clock;
	int64_t used_us; /* what the mover used */
	bool ends;
	int winner;
	char status[MATCH_WORD_MAX];
	char reason[MATCH_WORD_MAX];
};

/* A match at its beginning. NULL when the rules refuse the setup, with *why. Owns copies. */
struct match *match_new(int64_t id, const struct game_rules *rules, struct slice setup,
	const uint8_t seed[GAME_SEED_SIZE], const int64_t accounts[MATCH_SEATS],
	const char *const names[MATCH_SEATS], int64_t limit_ms, int64_t increment_ms,
	int64_t now_us, const char **why);
void match_free(struct match **m);

/* The seat of an account, or -1. */
int match_seat(const struct match *m, int64_t account);
/* The account of a seat is gone: nobody sits there any more, and nothing of it is kept. */
void match_forget(struct match *m, int seat);
/* A seat whose account is gone, or -1. */
int match_empty_seat(const struct match *m);
/* What others see of who sits there. */
const char *match_name(const struct match *m, int seat);
/* The seat whose turn it is, or -1. */
int match_turn(const struct match *m);

/*
 * A move by a seat, received at now_us. 0 with *step filled; otherwise the match and its clock are
 * as they were and *why says why: HEARTH_EINVAL (no move at all), HEARTH_EDENIED (against the
 * rules, not its turn, over, out of time).
 */
int match_try_move(const struct match *m, int seat, struct slice text, int64_t now_us,
	struct match_step *step, const char **why);
/* 0, or HEARTH_EDENIED when the match is over. A resignation against who cannot win is a draw. */
int match_try_resign(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why);
/*
 * A draw by claim (threefold, 50 moves) or by agreeing to the other's offer. HEARTH_ENOTFOUND when
 * it is neither: then it is an offer, see match_offer_draw.
 */
int match_try_draw(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why);
void match_offer_draw(struct match *m, int seat);
/* What time brings: the flag has fallen, or no first move came. HEARTH_ENOTFOUND: nothing yet. */
int match_try_time(
	const struct match *m, int64_t first_move_us, int64_t now_us, struct match_step *step);
/* Microseconds until match_try_time can bring something; -1: never. */
int64_t match_time_left_us(const struct match *m, int64_t first_move_us, int64_t now_us);

/* Makes the step; *step is cleared. */
void match_take(struct match *m, struct match_step *step, int64_t now_us);
void match_step_clear(struct match_step *step);

/*
 * While loading: makes a stored move again, with the time the mover had left. HEARTH_ECORRUPT when
 * the rules refuse it.
 */
int match_replay(struct match *m, struct slice text, int64_t left_us);
/* After loading: the clock runs from now on; the time the server was away is nobody's. */
void match_resume(struct match *m, int64_t now_us);

#endif
