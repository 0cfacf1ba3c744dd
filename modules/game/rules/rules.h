/*
 * rules.h: what a game must bring to be played here.
 *
 * A plug-in is one const struct game_rules: the rules of one game and nothing else. The host (the
 * match engine) owns seats, clocks, chat, storage and ratings. It keeps the state of a match as
 * `state_size` plain bytes, aligned for any type, and calls the functions below.
 *
 * Every function is pure: no clock, no randomness, no input or output, no memory kept. The same
 * setup, seed and moves give the same bytes on every machine, so a log of moves is the match. A
 * state holds no pointer: it may be copied and compared as bytes. Functions are called from one
 * thread at a time for one state, and from any number of threads for different states.
 *
 * Moves, setups and saved states are text, in the notation of the game's own field (chess: UCI
 * and FEN). Seats count from 0.
 */
#ifndef GAME_RULES_H
#define GAME_RULES_H

#include "hearth/str.h"

/* The version of this interface. The host refuses a plug-in written against another one. */
#define GAME_RULES_VERSION 2

#define GAME_SEED_SIZE     32   /* bytes of a match's secret seed */
#define GAME_SEATS_MAX     8    /* who may play in one match */
#define GAME_MOVE_MAX      256  /* bytes of a move or its notation, with the NUL; no blank in it */
#define GAME_VIEWER_PUBLIC (-1) /* a viewer without a seat */
#define GAME_VIEWER_ALL    (-2) /* one who may know everything, as all may when a match is over */
#define GAME_NOBODY        (-1) /* the winner of a drawn game */

/* What a seat scores, in half points. */
#define GAME_LOST  0
#define GAME_DRAWN 1
#define GAME_WON   2

/* How a match stands, or what a claim brings. */
struct game_result {
	bool over;
	int scores[GAME_SEATS_MAX]; /* by seat, in half points; who has most alone has won */
	const char *status; /* one word for programs, as Lichess names it: "mate", "stalemate",
			       "draw", …; "started" while the match goes on */
	const char *reason; /* the rule in the words of its book, for people; "" while it goes on */
};

/* Scores of a match that one has won, or with GAME_NOBODY none. */
static inline void game_score(int scores[GAME_SEATS_MAX], unsigned seats, int winner)
{
	for (unsigned i = 0; i < GAME_SEATS_MAX; i++)
		scores[i] = i >= seats              ? GAME_LOST
			    : winner == GAME_NOBODY ? GAME_DRAWN
			    : (int)i == winner      ? GAME_WON
						    : GAME_LOST;
}

/* The seat that has more than any other, or GAME_NOBODY. */
static inline int game_winner(const int scores[GAME_SEATS_MAX], unsigned seats)
{
	int best = 0;
	bool alone = true;

	for (int i = 1; i < (int)seats; i++) {
		if (scores[i] > scores[best]) {
			best = i;
			alone = true;
		} else if (scores[i] == scores[best]) {
			alone = false;
		}
	}
	return alone ? best : GAME_NOBODY;
}

/* A move that was made. */
struct game_move {
	char text[GAME_MOVE_MAX];     /* its one canonical text: the log of these is the match */
	char notation[GAME_MOVE_MAX]; /* as people write it (chess: SAN) */
};

/* A whole match, for `record`. Slices and names stay the caller's. */
struct game_record {
	struct slice site;                 /* where it was played: the server's name */
	const char *names[GAME_SEATS_MAX]; /* who played, by seat */
	unsigned seats;
	int64_t started_at; /* wall, ms */
	bool scored;        /* it is over, and was not aborted */
	int scores[GAME_SEATS_MAX];
	struct slice status, reason; /* as struct game_result has them */
	struct slice setup;          /* as `init` got it */
	const void
		*start; /* the state that `init` made of that; NULL: it has secrets yet, or none */
	struct slice time_control; /* as PGN writes it; empty: none */
	bool rated;
	int ratings[GAME_SEATS_MAX]; /* when it began, by seat; 0: not known */
	struct slice moves;          /* notations of all moves, separated by one space */
	/* Of each move, what it left its mover of their time; NULL: no clock ran. */
	const int64_t *left_us;
};

struct game_rules {
	unsigned version;              /* GAME_RULES_VERSION */
	const char *id;                /* for URLs and tables: "chess" */
	const char *name;              /* for people: "Chess" */
	unsigned seats_min, seats_max; /* how many may play */
	const char *const
		*seat_names;   /* what each is called, seats_max of them: "white", "black" */
	bool has_secrets;      /* a state or move tells more than a seat may know: needs `told` */
	size_t state_size;     /* bytes of a state */
	size_t setup_size_max; /* longer setups are malformed */
	size_t save_size_max;  /* a saved state is never longer */

	/*
	 * Begins a match of so many seats (within the bounds above). An empty setup is the game's
	 * usual start. `seed` is the only source of chance a game may draw from (and must keep
	 * inside its state to do so), also for its start. 0, or HEARTH_EINVAL with *why set to a
	 * text that lives for ever; then the state is undefined.
	 */
	int (*init)(void *state, unsigned seats, struct slice setup,
		const uint8_t seed[GAME_SEED_SIZE], const char **why);
	/*
	 * What the rating of games from this setup is called ("go:9"), for which both sides must have
	 * like chances whoever chose it; a text that lives for ever, and no other game's. NULL: no
	 * rated game begins so (or at all, if `init` refuses it). Where the function is NULL, only the
	 * usual start is rated, under the game's id. The host asks game_rules_rating.
	 */
	const char *(*rating)(struct slice setup);
	/*
	 * The seats whose turn it is, a bit each; 0 when the match is over. Of several each may
	 * move, in whatever order.
	 */
	uint64_t (*to_move)(const void *state);
	/*
	 * Makes a move for a seat and fills *made (may be NULL). Otherwise the state keeps every
	 * byte, *why says why, and it returns
	 *	HEARTH_EINVAL   this is no move at all;
	 *	HEARTH_EDENIED  not this seat's turn, against the rules, or the match is over.
	 */
	int (*apply)(void *state, unsigned seat, struct slice move, struct game_move *made,
		const char **why);
	/*
	 * A move that leaves out what is usually meant, made whole (chess: "e7e8" makes a queen).
	 * 0 with *out, a move that `apply` takes if it is the mover's turn; HEARTH_EINVAL when this
	 * is no such move. NULL: the game has none.
	 */
	int (*complete)(const void *state, struct slice move, char out[GAME_MOVE_MAX]);
	/*
	 * Whether a move (its canonical text) is but a part of its turn where the seat moves again
	 * behind it, as one of many marks is: its time runs on, and no more comes of it. NULL: none is.
	 */
	bool (*is_part)(struct slice move);
	/* Appends the canonical texts of all the seat may play now, separated by one space. */
	void (*legal)(const void *state, unsigned seat, struct strbuf *out);
	/*
	 * Appends what a viewer (a seat or GAME_VIEWER_PUBLIC) may know, as one JSON object. It is
	 * the only form in which a state may reach a client. A game with secrets is asked for
	 * GAME_VIEWER_ALL where the match is over, which need not be by its rules.
	 */
	void (*view)(const void *state, int viewer, struct strbuf *out);
	/*
	 * What a viewer is told of a move (its canonical text) that a seat made in the state
	 * `before`; empty texts: only that it moved. NULL where there are no secrets: everybody is
	 * told all of it.
	 */
	void (*told)(const void *before, unsigned seat, struct slice move, int viewer,
		struct game_move *out);
	/* What the rules by themselves make of the state: no claim, clock or agreement in it. */
	void (*outcome)(const void *state, struct game_result *out);
	/*
	 * A player claims a draw, also "with the move about to be played" when `move` is not
	 * empty. 0 and *out when the claim is right: the host ends the match so, without making the
	 * move. HEARTH_EINVAL: `move` is no move. HEARTH_EDENIED: the claim is wrong, with *why.
	 * NULL: there is nothing to claim.
	 */
	int (*claim)(const void *state, unsigned seat, struct slice move, struct game_result *out,
		const char **why);
	/*
	 * Whether some series of legal moves lets the seat win. When it is false the match is drawn
	 * where the opponent runs out of time, resigns or leaves. NULL: it always does.
	 */
	bool (*can_win)(const void *state, unsigned seat);
	/* Appends the state as text that `load` of this and every later version reads. */
	void (*save)(const void *state, struct strbuf *out);
	/* 0 with a state equal byte for byte to the saved one, or HEARTH_ECORRUPT. */
	int (*load)(void *state, struct slice saved);
	/* Equal for equal states, and in practice different for different ones. */
	uint64_t (*hash)(const void *state);
	/*
	 * Appends a match as its field writes it down (chess: PGN), for whoever wants to keep it.
	 * What is secret while it goes on, the seed above all, is not told to this function either.
	 */
	void (*record)(const struct game_record *match, struct strbuf *out);
	const char *record_file; /* what a file of such matches is called: "games.pgn" */
};

/* The rules of this name in this build, or NULL. Any thread. */
const struct game_rules *game_rules_find(struct slice id);
/* Those there are, one after another from 0; NULL behind the last. Any thread. */
const struct game_rules *game_rules_at(size_t i);
/* What a rated game from this setup is called, as `rating` has it; NULL: none may be. Any thread. */
const char *game_rules_rating(const struct game_rules *rules, struct slice setup);

#endif
