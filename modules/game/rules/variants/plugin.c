/*
 * plugin.c: struct game_rules over a struct variant_game, seven times.
 *
 * A game is saved as the first position that repetitions are looked for in, and the moves since:
 *
 *	ID 1
 *	FEN
 *	UCI move, UCI move …	separated by spaces; an empty line when there are none
 *
 * Reading plays the moves again, so no stored text can bring about a state the rules forbid. Pure; a
 * state is of one size, and a saved one SAVE_SIZE_MAX bytes at most.
 */
#include "rules/variants/plugin.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/json.h"

#include "rules/chess/pgn.h"
#include "rules/plain.h"
#include "rules/variants/fen.h"
#include "rules/variants/game.h"
#include "rules/variants/material.h"
#include "rules/variants/moves.h"
#include "rules/variants/notation.h"

#define SAVE_SIZE_MAX (32 + VARIANT_FEN_MAX + CHESS_HALFMOVES_MAX * VARIANT_UCI_MAX)

static const char *const colours[2] = { "white", "black" };

/* By enum variant: the id, what a PGN calls it, and how its own rule ends a game. */
static const struct {
	const char *id, *tag, *won;
} names[VARIANTS] = {
	[VARIANT_CRAZYHOUSE] = { "crazyhouse", "Crazyhouse", "" },
	[VARIANT_ATOMIC] = { "atomic", "Atomic", "the king has exploded" },
	[VARIANT_ANTICHESS] = { "antichess", "Antichess", "" },
	[VARIANT_HORDE] = { "horde", "Horde", "the horde is gone" },
	[VARIANT_KING_OF_THE_HILL] = { "king-of-the-hill", "King of the Hill",
		"the king is on the hill" },
	[VARIANT_RACING_KINGS] = { "racing-kings", "Racing Kings", "the king is on the last rank" },
	[VARIANT_THREE_CHECK] = { "three-check", "Three-check", "the third check" },
};

/* By enum variant_outcome; a reason that is NULL is the variant's own. */
static const struct {
	const char *status, *reason;
} ends[] = {
	[VARIANT_OUTCOME_NONE] = { "started", "" },
	[VARIANT_OUTCOME_MATE] = { "mate", "checkmate" },
	[VARIANT_OUTCOME_STALEMATE] = { "stalemate", "stalemate" },
	[VARIANT_OUTCOME_DEAD] = { "draw", "dead position" },
	[VARIANT_OUTCOME_FIVEFOLD] = { "draw", "fivefold repetition" },
	[VARIANT_OUTCOME_SEVENTY_FIVE] = { "draw", "75-move rule" },
	[VARIANT_OUTCOME_THREEFOLD] = { "draw", "threefold repetition" },
	[VARIANT_OUTCOME_FIFTY] = { "draw", "50-move rule" },
	[VARIANT_OUTCOME_WHITE] = { "variantEnd", NULL },
	[VARIANT_OUTCOME_BLACK] = { "variantEnd", NULL },
	[VARIANT_OUTCOME_DRAWN] = { "draw", "both kings are on the last rank" },
	[VARIANT_OUTCOME_NO_MOVE] = { "variantEnd", "no move is left" },
};

static int winner_of(const struct variant_game *g, enum variant_outcome end)
{
	switch (end) {
	case VARIANT_OUTCOME_MATE: return g->board.chess.turn ^ 1;
	case VARIANT_OUTCOME_NO_MOVE: return g->board.chess.turn;
	case VARIANT_OUTCOME_WHITE: return CHESS_WHITE;
	case VARIANT_OUTCOME_BLACK: return CHESS_BLACK;
	default: return GAME_NOBODY;
	}
}

static const char *reason_of(const struct variant_game *g, enum variant_outcome end)
{
	return ends[end].reason ? ends[end].reason : names[g->board.variant].won;
}

static struct game_result result_of(const struct variant_game *g, enum variant_outcome end)
{
	struct game_result result = { .over = end != VARIANT_OUTCOME_NONE,
		.status = ends[end].status,
		.reason = reason_of(g, end) };

	if (result.over)
		game_score(result.scores, 2, winner_of(g, end));
	return result;
}

static int begin(enum variant variant, void *state, struct slice setup, const char **why)
{
	struct variant_board board;
	const char *fault = NULL;

	if (setup.n == 0)
		setup = slice_str(variant_start(variant));
	if (variant_fen_read(variant, setup, &board, &fault)) {
		*why = fault;
		return HEARTH_EINVAL;
	}
	variant_game_start(state, &board);
	return 0;
}

static uint64_t to_move(const void *state)
{
	const struct variant_game *g = state;

	return g->outcome == VARIANT_OUTCOME_NONE ? UINT64_C(1) << g->board.chess.turn : 0;
}

static int read_move(
	const struct variant_game *g, struct slice text, struct chess_move *m, const char **why)
{
	int rc = variant_uci_read(&g->board, text, m);

	if (rc == HEARTH_EINVAL)
		*why = g->board.variant == VARIANT_CRAZYHOUSE
			       ? "a move is written as in e2e4, e7e8q or N@f3"
			       : "a move is written as in e2e4 or e7e8q";
	else if (rc)
		*why = "the move is not legal";
	return rc;
}

static int apply(
	void *state, unsigned seat, struct slice text, struct game_move *made, const char **why)
{
	struct variant_game *g = state;
	struct chess_move m;
	int rc;

	if (game_check_turn(to_move(g), seat, why))
		return HEARTH_EDENIED;
	rc = read_move(g, text, &m, why);
	if (rc)
		return rc;
	if (made) {
		variant_uci_write(&g->board, m, made->text);
		variant_san_write(&g->board, m, made->notation);
	}
	variant_game_play(g, m);
	return 0;
}

/* A pawn on the last rank, without a piece: a queen, as nearly always. */
static int complete(const void *state, struct slice text, char out[GAME_MOVE_MAX])
{
	const struct variant_game *g = state;
	struct chess_move m;

	if (text.n != 4)
		return HEARTH_EINVAL;
	snprintf(out, GAME_MOVE_MAX, "%.*sq", SLICE_ARG(text));
	return variant_uci_read(&g->board, slice_str(out), &m) == 0 ? 0 : HEARTH_EINVAL;
}

static void legal(const void *state, unsigned seat, struct strbuf *out)
{
	const struct variant_game *g = state;
	struct chess_move moves[VARIANT_MOVES_MAX];
	char text[VARIANT_UCI_MAX];
	size_t n, from = out->n;

	if (g->outcome != VARIANT_OUTCOME_NONE || seat != g->board.chess.turn)
		return;
	n = variant_moves(&g->board, moves);
	for (size_t i = 0; i < n; i++) {
		variant_uci_write(&g->board, moves[i], text);
		game_add_word(out, from, text);
	}
}

static void view(const void *state, int viewer, struct strbuf *out)
{
	const struct variant_game *g = state;
	char fen[VARIANT_FEN_MAX];
	struct json_writer w;

	(void)viewer; /* nothing is hidden */
	variant_fen_write(&g->board, fen);
	json_writer_init(&w, out);
	json_open_object(&w);
	json_put_str(&w, "fen", fen);
	json_put_str(&w, "turn", colours[g->board.chess.turn]);
	json_put_bool(&w, "check", variant_in_check(&g->board, g->board.chess.turn));
	json_put_i64(&w, "repeated", variant_game_repeated(g));
	json_put_str(&w, "status", ends[g->outcome].status);
	json_put_str(&w, "reason", reason_of(g, g->outcome));
	json_close_object(&w);
}

static void outcome(const void *state, struct game_result *out)
{
	const struct variant_game *g = state;

	*out = result_of(g, g->outcome);
}

static int claim(const void *state, unsigned seat, struct slice text, struct game_result *out,
	const char **why)
{
	const struct variant_game *g = state;
	struct chess_move m;
	enum variant_outcome end;

	if (text.n > 0) {
		int rc = read_move(g, text, &m, why);

		if (rc)
			return rc;
	}
	end = variant_game_claim(g, seat, text.n > 0 ? &m : NULL);
	if (end == VARIANT_OUTCOME_NONE) {
		*why = "neither the threefold repetition nor the 50-move rule applies";
		return HEARTH_EDENIED;
	}
	*out = result_of(g, end);
	return 0;
}

static bool can_win(const void *state, unsigned seat)
{
	const struct variant_game *g = state;

	return variant_can_win(&g->board, seat);
}

static void save(const void *state, struct strbuf *out)
{
	const struct variant_game *g = state;
	struct variant_board b = g->start;
	char text[VARIANT_FEN_MAX];

	strbuf_printf(out, "%s 1\n", names[b.variant].id);
	strbuf_add(out, slice_of(text, variant_fen_write(&b, text)));
	strbuf_addc(out, '\n');
	for (unsigned i = 0; i + 1 < g->past_n; i++) {
		if (i > 0)
			strbuf_addc(out, ' ');
		strbuf_add(out, slice_of(text, variant_uci_write(&b, g->moves[i], text)));
		variant_play(&b, g->moves[i]);
	}
	strbuf_addc(out, '\n');
}

static int reload(enum variant variant, void *state, struct slice saved)
{
	struct variant_game *g = state;
	bool fits = saved.n <= SAVE_SIZE_MAX;
	struct slice head = slice_split(&saved, '\n'), fen = slice_split(&saved, '\n');
	struct slice moves = slice_split(&saved, '\n');
	struct variant_board board;
	struct chess_move m;
	const char *why = NULL;

	if (!fits || !slice_starts(head, slice_str(names[variant].id)) ||
		!slice_eq(slice_skip(head, strlen(names[variant].id)), SLICE(" 1")))
		return HEARTH_ECORRUPT;
	if (!saved.p || saved.n > 0 || variant_fen_read(variant, fen, &board, &why))
		return HEARTH_ECORRUPT;
	variant_game_start(g, &board);
	if (moves.n == 0)
		return 0;
	while (moves.p) {
		if (g->outcome != VARIANT_OUTCOME_NONE || g->past_n > CHESS_HALFMOVES_MAX ||
			variant_uci_read(&g->board, slice_split(&moves, ' '), &m))
			return HEARTH_ECORRUPT;
		variant_game_play(g, m);
	}
	return 0;
}

static uint64_t hash(const void *state)
{
	return game_hash_bytes(state, sizeof(struct variant_game));
}

/* Where a variant does not begin as chess does, its start is written down as one that was set up. */
static void write_down(enum variant variant, const struct game_record *match, struct strbuf *out)
{
	bool own_start = variant == VARIANT_HORDE || variant == VARIANT_RACING_KINGS;
	struct slice setup = match->setup;

	if (setup.n == 0 && own_start)
		setup = slice_str(variant_start(variant));
	pgn_record(match, setup, slice_str(names[variant].tag), out);
}

/* The functions that must know by which variant's table they are called, and the table. */
#define VARIANT_RULES(word, number, rules_id, rules_name, file)                        \
	static int word##_init(void *state, unsigned seats, struct slice setup,        \
		const uint8_t seed[GAME_SEED_SIZE], const char **why)                  \
	{                                                                              \
		(void)seats, (void)seed;                                               \
		return begin(number, state, setup, why);                               \
	}                                                                              \
	static int word##_load(void *state, struct slice saved)                        \
	{                                                                              \
		return reload(number, state, saved);                                   \
	}                                                                              \
	static void word##_record(const struct game_record *match, struct strbuf *out) \
	{                                                                              \
		write_down(number, match, out);                                        \
	}                                                                              \
	const struct game_rules word##_rules = {                                       \
		.version = GAME_RULES_VERSION,                                         \
		.id = (rules_id),                                                      \
		.name = (rules_name),                                                  \
		.seat_names = colours,                                                 \
		.seats_min = 2,                                                        \
		.seats_max = 2,                                                        \
		.state_size = sizeof(struct variant_game),                             \
		.setup_size_max = VARIANT_FEN_MAX,                                     \
		.save_size_max = SAVE_SIZE_MAX,                                        \
		.init = word##_init,                                                   \
		.to_move = to_move,                                                    \
		.apply = apply,                                                        \
		.complete = complete,                                                  \
		.legal = legal,                                                        \
		.view = view,                                                          \
		.outcome = outcome,                                                    \
		.claim = claim,                                                        \
		.can_win = can_win,                                                    \
		.save = save,                                                          \
		.load = word##_load,                                                   \
		.hash = hash,                                                          \
		.record = word##_record,                                               \
		.record_file = (file),                                                 \
	}

/*
 * A file whose moves are all chess's is read by whatever reads chess (pgn-extract does); in one with the others
 * it would find moves that chess does not have, or two of what these rules have one of.
 */
#define LIKE_CHESS "games.pgn"
#define OWN        "variants.pgn"

VARIANT_RULES(crazyhouse, VARIANT_CRAZYHOUSE, "crazyhouse", "Crazyhouse", OWN);
VARIANT_RULES(atomic, VARIANT_ATOMIC, "atomic", "Atomic chess", OWN);
VARIANT_RULES(antichess, VARIANT_ANTICHESS, "antichess", "Antichess", OWN);
VARIANT_RULES(horde, VARIANT_HORDE, "horde", "Horde", OWN);
VARIANT_RULES(king_of_the_hill, VARIANT_KING_OF_THE_HILL, "king-of-the-hill", "King of the hill",
	LIKE_CHESS);
VARIANT_RULES(racing_kings, VARIANT_RACING_KINGS, "racing-kings", "Racing kings", OWN);
VARIANT_RULES(three_check, VARIANT_THREE_CHECK, "three-check", "Three-check", LIKE_CHESS);
