/*
 * match.h: one match: two seats, a state under some rules, a clock. Pure: no socket, no database,
 * no clock of its own; the shard that owns it drives it.
 *
 * A change is made in two steps, since nobody may hear of it before it is on disk: match_try_…
 * fills a `struct match_step` and leaves the match as it is; once the step is durable, match_take
 * makes it so. Between the two the match takes no other step.
 *
 *   STARTED ──mate, draw, resignation, flag, agreement──▶ ENDED        (status says how)
 *   STARTED ──left before both have moved, no first move in time──▶ ENDED (aborted)
 *   STARTED ──left, and the other claims it──▶ ENDED (timeout, draw)
 */
#ifndef GAME_MATCH_H
#define GAME_MATCH_H

#include "engine/clock.h"
#include "hearth/accounts.h"
#include "hearth/str.h"
#include "rules/rules.h"

/*
 * Who plays sits on seats, from 0, in the order the rules have them; only they know more of a seat,
 * its name too. There are two: with more, a result would be scores, and "the other" nobody.
 */
#define MATCH_SEATS 2 /* with which a match is hosted today */
/* The clock runs once each side has made its first move. */
#define MATCH_FREE_PLIES MATCH_SEATS
#define MATCH_PLY_MAX    1200 /* half-moves; beyond, it is drawn: no match may grow for ever */
#define MATCH_WORD_MAX   40   /* bytes of a status or reason, with the NUL */

/*
 * A state to spare: the one that a move has left behind serves the next move, of whatever match of
 * the same thread. A state is too large for malloc to be quick about.
 */
struct match_room {
	void *state; /* owned; or NULL */
	const struct game_rules *rules;
};

/* All times of a match in microseconds are on the game clock (game.h), not the machine's. */
struct match {
	int64_t id;
	const struct game_rules *rules;
	void *state;                   /* rules->state_size bytes; NULL: read to be shown only */
	struct match_room *room;       /* of the thread it is on; or NULL */
	int64_t accounts[MATCH_SEATS]; /* by seat; 0: the account is gone */
	char *names[MATCH_SEATS];      /* what others see; empty: likewise, or none was chosen */
	bool completes[MATCH_SEATS];   /* whether its moves are made whole (rules->complete) */
	int64_t limit_ms;
	int64_t started_at, ended_at; /* wall, ms; ended_at 0: it goes on */
	struct game_clock clock;
	int ply;                      /* half-moves made */
	struct strbuf notation, uci;  /* the moves as people write them, and as text, with spaces */
	struct strbuf position;       /* what everybody may see of the state */
	char last[GAME_MOVE_MAX];     /* the latest move; empty before the first */
	int draw_offer;               /* the seat whose offer of a draw stands, or -1 */
	int offered_ply[MATCH_SEATS]; /* at which it has offered last; -1: never */
	bool over;
	int scores[GAME_SEATS_MAX]; /* by seat, in half points, once it is over */
	char status[MATCH_WORD_MAX];
	char reason[MATCH_WORD_MAX];
	int64_t due_us;           /* as it is stored (store.h): not later than match_due_us */
	int64_t waiting_since_us; /* since when a first move is waited for */
	int64_t gone_since_us[MATCH_SEATS]; /* since when a player is away; MATCH_PRESENT: is not */
};

#define MATCH_PRESENT INT64_MAX

/* A change that is not made yet. */
struct match_step {
	bool is_move;
	int seat; /* whose move it is */
	int ply;  /* behind it: 1 after the first move */
	struct game_move move;
	void *state;            /* after the move; owned until match_take or match_step_clear */
	struct strbuf position; /* the public view of that state */
	struct game_clock clock;
	int64_t at_ms;   /* when it was written, by the clock on the wall */
	int64_t due_us;  /* as it was written */
	int64_t used_us; /* what the mover used */
	bool offers;     /* offered_ply has changed, or without a move the offer */
	int draw_offer;  /* as struct match has them, behind the step */
	int offered_ply[MATCH_SEATS];
	bool ends;
	int scores[GAME_SEATS_MAX];
	char status[MATCH_WORD_MAX];
	char reason[MATCH_WORD_MAX];
};

/* A match at its beginning. NULL when the rules refuse the setup, with *why. Owns copies. */
struct match *match_new(int64_t id, const struct game_rules *rules, struct slice setup,
	const uint8_t seed[GAME_SEED_SIZE], const int64_t accounts[MATCH_SEATS],
	const char *const names[MATCH_SEATS], int64_t limit_ms, int64_t increment_ms,
	int64_t now_us, const char **why);
/* One without a state, to be shown: what a match is begins with its row (store.c). */
struct match *match_shell(int64_t id, const struct game_rules *rules);
void match_free(struct match **m);

/* The seat of an account, or -1. */
int match_seat(const struct match *m, int64_t account);
/* The account of a seat is gone: nobody sits there any more, and nothing of it is kept. */
void match_forget(struct match *m, int seat);
/* Sets `position` by the state. */
void match_look(struct match *m);
/* A seat whose account is gone, or -1. */
int match_empty_seat(const struct match *m);
/* What others see of who sits there: never a mail address. `room` may be used for the answer. */
const char *match_name(const struct match *m, int seat, char room[ACCOUNTS_NAME_ROOM]);
/* The seat whose turn it is, or -1; in a state of its rules. */
int match_turn(const struct match *m);
int match_turn_in(const struct match *m, const void *state);
/* Who has scored more than any other, or GAME_NOBODY. */
static inline int match_winner(const struct match *m)
{
	return game_winner(m->scores, MATCH_SEATS);
}
/* The other seat. */
static inline int match_rival(int seat)
{
	return MATCH_SEATS - 1 - seat;
}
/* Writes a status or reason; what is too long is cut. */
void match_set_word(char out[MATCH_WORD_MAX], const char *word);

/*
 * Each of these: 0 with *step filled; otherwise the match and its clock are as they were and *why
 * says why, mostly HEARTH_EDENIED.
 *
 * A move by a seat, received at now_us. HEARTH_EINVAL: no move at all. With `draw` it is a claim by
 * this move (FIDE 9.2, 9.3): where that is right the match is drawn without it, else the move is
 * made (9.5.3) and the claim stands as an offer.
 */
int match_try_move(const struct match *m, int seat, struct slice text, bool draw, int64_t now_us,
	struct match_step *step, const char **why);
/* Until both sides have moved, the match is aborted. Against who cannot win it is a draw. */
int match_try_resign(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why);
/* Only until both sides have moved. */
int match_try_abort(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why);
/*
 * A draw by agreeing to the other's offer, or by claim (threefold, 50 moves); else an offer, which
 * stands until the other answers or moves (FIDE 9.1.2). HEARTH_EEXIST: it stands already;
 * HEARTH_EBUSY: not again before another move of one's own.
 */
int match_try_draw(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why);
/* The other's offer is declined. */
int match_try_decline(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why);
/* The other has been away for claim_after_us: the seat wins, or takes a draw. */
int match_try_left(const struct match *m, int seat, bool draw, int64_t claim_after_us,
	int64_t now_us, struct match_step *step, const char **why);
/* Microseconds until match_try_left lets the seat; -1: the other is there, or nothing to claim. */
int64_t match_claim_in_us(const struct match *m, int seat, int64_t claim_after_us, int64_t now_us);
/* What time brings: the flag has fallen, or no first move came. HEARTH_ENOTFOUND: nothing yet. */
int match_try_time(
	const struct match *m, int64_t first_move_us, int64_t now_us, struct match_step *step);
/* Microseconds until match_try_time can bring something; -1: never. */
int64_t match_time_left_us(const struct match *m, int64_t first_move_us, int64_t now_us);

/* Makes the step; *step is cleared. */
void match_take(struct match *m, struct match_step *step, int64_t now_us);
void match_step_clear(struct match_step *step);

/* While loading: makes a stored move again. HEARTH_ECORRUPT when the rules refuse it. */
int match_replay(struct match *m, struct slice text, struct slice notation);
/* The same for a match without a state: takes note of the move. */
void match_note(struct match *m, struct slice text, struct slice notation);
/* When, on the game clock, time will bring something; INT64_MAX: never. */
int64_t match_due_us(const struct match *m, int64_t first_move_us);
/* The same of a match behind a move or end taken at now_us. */
int64_t match_step_due_us(const struct match_step *step, int64_t first_move_us, int64_t now_us);

#endif
