/*
 * match.h: one match: seats, a state under some rules, a clock, and the log of what has happened.
 * Pure: no socket, no database, no clock of its own; the shard that owns it drives it.
 *
 * A change is made in two steps, since nobody may hear of it before it is on disk: match_try_…
 * fills a `struct match_step` and leaves the match as it is; once the step is durable, match_take
 * makes it so. Between the two the match takes no other step. A step is what somebody did and what
 * follows from it at once: one event, or a move and the end it brings, a claim and the draw.
 *
 *   STARTED ──mate, draw, resignation, flag, agreement──▶ ENDED        (status says how)
 *   STARTED ──left before all have moved, no first move in time──▶ ENDED (aborted)
 *   STARTED ──left, and another claims it──▶ ENDED (timeout, draw)
 */
#ifndef GAME_MATCH_H
#define GAME_MATCH_H

#include "engine/log.h"
#include "hearth/accounts.h"

#define MATCH_PLY_MAX 1200 /* moves; beyond, it is drawn: no match may grow for ever */
/* Likewise: behind so many events the next move ends it, and nothing is asked any more. */
#define MATCH_EVENTS_MAX (4 * MATCH_PLY_MAX)
#define MATCH_WORD_MAX   40 /* bytes of a status or reason, with the NUL */
#define MATCH_STEP_MAX   2  /* events of one step */
#define MATCH_IDLE_US    (INT64_C(21) * 86400 * 1000000) /* for a move where time is unlimited */

/*
 * A state to spare: the one that a move has left behind serves the next move, of whatever match of
 * the same thread. A state is too large for malloc to be quick about.
 */
struct match_room {
	void *state; /* owned; or NULL */
	const struct game_rules *rules;
};

/* What a match begins with. All of it stays the caller's. */
struct match_start {
	const struct game_rules *rules;
	unsigned seats;
	struct slice setup;
	uint8_t seed[GAME_SEED_SIZE];
	int64_t accounts[GAME_SEATS_MAX];
	const char *names[GAME_SEATS_MAX];
	struct game_control control;
	bool rated;
};

/* What is shown of a player's rating in a rated match; all zero in any other. */
struct match_rating {
	int rating; /* when the match began */
	bool provisional;
	bool changed; /* it is over and has counted … */
	int change;   /* … so much */
};

/* What one asks and all others must agree to. */
enum match_offer_kind {
	MATCH_DRAW,
	MATCH_TAKEBACK,
	MATCH_OFFERS,
};

struct match_offer {
	int by;                    /* a seat, or -1: nothing is asked */
	uint64_t agreed;           /* a bit for each seat that has, who asks among them */
	int asked[GAME_SEATS_MAX]; /* at how many moves each has asked last; -1: never */
};

/*
 * Who plays sits on seats, from 0, in the order the rules have them; only they know more of a seat,
 * its name too. All times in microseconds are on the game clock (game.h), not the machine's.
 */
struct match {
	int64_t id;
	const struct game_rules *rules;
	unsigned seats;
	char *setup; /* owned */
	uint8_t seed[GAME_SEED_SIZE];
	void *state;                      /* rules->state_size bytes; NULL: read to be shown only */
	struct match_room *room;          /* of the thread it is on; or NULL */
	int64_t accounts[GAME_SEATS_MAX]; /* by seat; 0: the account is gone */
	char *names[GAME_SEATS_MAX];      /* what others see; empty: likewise, or none was chosen */
	bool completes[GAME_SEATS_MAX];   /* whether its moves are made whole (rules->complete) */
	bool rated;                       /* of two: their ratings change by how it ends */
	struct match_rating ratings[GAME_SEATS_MAX];
	int64_t started_at, ended_at; /* wall, ms; ended_at 0: it goes on */
	struct game_clock clock;
	struct match_log log; /* empty in one that is read for a list */
	int seq;              /* of the latest event */
	int ply;              /* moves on the board */
	int *line;            /* owned: the sequence numbers of those moves */
	int line_cap;
	char *last;             /* owned: in a list, the latest move as all may know it; or NULL */
	uint64_t moved;         /* a bit for each seat that has made its first move */
	struct strbuf position; /* what everybody may see of the state */
	struct match_offer offers[MATCH_OFFERS];
	/* By how many moves on the board it became the seat's turn, and has been since; -1: it is not. */
	int turn_at[GAME_SEATS_MAX];
	bool over;
	int scores[GAME_SEATS_MAX]; /* by seat, in half points, once it is over */
	char status[MATCH_WORD_MAX];
	char reason[MATCH_WORD_MAX];
	int64_t due_us;           /* as it is stored (store.h): not later than match_due_us */
	int64_t waiting_since_us; /* since when a first move is waited for, or the turn's side's: when
				     its clock was started, less what that had spent before */
	int64_t gone_since_us
		[GAME_SEATS_MAX]; /* since when a player is away; MATCH_PRESENT: is not */
};

#define MATCH_PRESENT INT64_MAX

/* A change that is not made yet. */
struct match_step {
	int seq;  /* of the match it is made for: its events follow that */
	int ply;  /* moves on the board behind it */
	int seat; /* who did it; -1: time */
	enum match_event_kind events[MATCH_STEP_MAX];
	int n;
	struct game_move move;  /* of a move; the text of anything else */
	struct game_move *told; /* owned: of a move with secrets: for all, and each seat; or NULL */
	void *state;            /* behind it; owned until match_take or match_step_clear; or NULL */
	struct strbuf position; /* the public view of that state */
	struct game_clock clock;
	bool turns;            /* the clock that runs is another one, from now on */
	int64_t at_ms;         /* when it was written, by the clock on the wall */
	int64_t due_us;        /* as it was written */
	struct game_turn turn; /* what the mover used */
	bool ends;
	int scores[GAME_SEATS_MAX];
	struct match_rating ratings[GAME_SEATS_MAX]; /* as they were written, of one that counts */
	char status[MATCH_WORD_MAX];
	char reason[MATCH_WORD_MAX];
};

/* A match at its beginning. NULL when the rules refuse the setup, with *why. Owns copies. */
struct match *match_new(
	int64_t id, const struct match_start *start, int64_t now_us, const char **why);
/* One without a state, to be shown: what a match is begins with its row (store.c). */
struct match *match_shell(int64_t id, const struct game_rules *rules, unsigned seats);
/* Its first move is waited for from now on. */
void match_begin(struct match *m, int64_t now_us);
/* Gives such a one the state it begins with. HEARTH_ECORRUPT: the rules refuse it. */
int match_set_up(struct match *m);
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
/* Whether it is a seat's turn; and the first by number whose it is, in a state of its rules, or -1. */
bool match_is_turn(const struct match *m, int seat);
int match_turn_in(const struct match *m, const void *state);
/*
 * Whether what a seat decided on when it had seen so many moves and events (-1: it does not say) is still
 * to be decided: since then it was its turn, and only others have moved, where several may.
 */
bool match_stands(const struct match *m, int seat, int ply, int seq);
/* Whether all have moved: nobody can abort it any more, and clocks run. */
bool match_begun(const struct match *m);
/* Who has scored more than any other, or GAME_NOBODY. */
int match_winner(const struct match *m);
/* Who else there is in a match of two; -1 where there are more. */
int match_rival(const struct match *m, int seat);
/* The texts of the moves on the board as a viewer may know them, with spaces, or their notations; "?"
 * where one is not told. */
void match_line(const struct match *m, int viewer, bool notation, struct strbuf *out);
/* The latest of them as a viewer may know it; empty: there is none, or its text is not told. */
struct slice match_last(const struct match *m, int viewer);
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
	int64_t lag_us, struct match_step *step, const char **why);
/* Until all have moved, the match is aborted. Against who cannot win it is a draw. */
int match_try_resign(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why);
/* Only until all have moved. */
int match_try_abort(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why);
/*
 * A draw by agreeing to another's offer, or by claim (threefold, 50 moves); else an offer, which
 * stands until the others answer or one moves (FIDE 9.1.2). HEARTH_EEXIST: one's word stands
 * already; HEARTH_EBUSY: not again before another move of one's own.
 */
int match_try_draw(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why);
/*
 * The seat's latest move, and what followed it, is to be taken back: asked, or agreed to. As
 * match_try_draw; none where there are secrets, since what was seen cannot be.
 */
int match_try_takeback(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why);
/* Another's offer is declined; one's own takeback is withdrawn. */
int match_try_decline(const struct match *m, int seat, enum match_offer_kind what,
	struct match_step *step, const char **why);
/* All others have been away for claim_after_us: the seat wins, or takes a draw. */
int match_try_left(const struct match *m, int seat, bool draw, int64_t claim_after_us,
	int64_t now_us, struct match_step *step, const char **why);
/* Microseconds until match_try_left lets the seat; -1: somebody is there, or nothing to claim. */
int64_t match_claim_in_us(const struct match *m, int seat, int64_t claim_after_us, int64_t now_us);
/* What time brings: the flag has fallen, or no first move came. HEARTH_ENOTFOUND: nothing yet. */
int match_try_time(
	const struct match *m, int64_t first_move_us, int64_t now_us, struct match_step *step);
/* Microseconds until match_try_time can bring something; -1: never. */
int64_t match_time_left_us(const struct match *m, int64_t first_move_us, int64_t now_us);

/* The i-th event of a step; its texts are valid as long as the step stays where it is. */
void match_step_event(const struct match_step *step, int i, struct match_event *out);
/* Makes the step; *step is cleared. */
void match_take(struct match *m, struct match_step *step, int64_t now_us);
void match_step_clear(struct match_step *step);

/*
 * While loading: an event of the log happens again, also to the state where there is one.
 * HEARTH_ECORRUPT when the rules refuse it, or it cannot follow what is there.
 */
int match_replay(struct match *m, const struct match_event *event);
/* When, on the game clock, time will bring something; INT64_MAX: never. */
int64_t match_due_us(const struct match *m, int64_t first_move_us);
/* The same of a match behind a step taken at now_us. */
int64_t match_step_due_us(const struct match *m, const struct match_step *step,
	int64_t first_move_us, int64_t now_us);

/* Notes whose turn it is behind a move of this seat; -1: the board is another one. */
void match_note_turns(struct match *m, int mover);

/* ---- replay.c, for what is tried ---- */

/* A state of these rules that nobody uses: from the room, or new. */
void *match_take_room(const struct match *m);
/* The state behind the first `ply` moves on the board. HEARTH_ECORRUPT never, but for broken rules. */
int match_state_at(const struct match *m, int ply, void *state);
/* What each viewer is told of a move in the match's state, or NULL: all of it. Owned by the caller. */
struct game_move *match_told(const struct match *m, int seat, struct slice text);

#endif
