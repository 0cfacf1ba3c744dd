/*
 * plugin.c: struct game_rules over a struct chess_game.
 *
 * A game is saved as the position after its last capture or pawn move, and the moves since:
 *
 *	chess 1			or "chess960 1"
 *	FEN
 *	UCI move, UCI move …	separated by spaces; an empty line when there are none
 *
 * Reading plays the moves again, so no stored text can bring about a state the rules forbid.
 *
 * Pure; a state is of one size, and a saved one SAVE_SIZE_MAX bytes at most.
 */
#include "rules/chess/plugin.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/json.h"

#include "rules/chess/dead.h"
#include "rules/chess/fen.h"
#include "rules/chess/game.h"
#include "rules/chess/moves.h"
#include "rules/chess/notation.h"
#include "rules/chess/pgn.h"

/* Two lines of head, and every move with what separates it. */
#define SAVE_SIZE_MAX (16 + CHESS_FEN_MAX + CHESS_HALFMOVES_MAX * CHESS_UCI_MAX)

static const char *const colours[2] = { "white", "black" };

/* By enum chess_end. */
static const struct {
	const char *status, *reason;
} ends[] = {
	[CHESS_GOES_ON] = { "started", "" },
	[CHESS_CHECKMATE] = { "mate", "checkmate" },
	[CHESS_STALEMATE] = { "stalemate", "stalemate" },
	[CHESS_DEAD_POSITION] = { "draw", "dead position" },
	[CHESS_FIVEFOLD_REPETITION] = { "draw", "fivefold repetition" },
	[CHESS_SEVENTY_FIVE_MOVES] = { "draw", "75-move rule" },
	[CHESS_THREEFOLD_REPETITION] = { "draw", "threefold repetition" },
	[CHESS_FIFTY_MOVES] = { "draw", "50-move rule" },
	[CHESS_CANNOT_LOSE] = { "insufficientMaterialClaim", "the opponent cannot checkmate" },
};

static struct game_result result_of(const struct chess_game *g, enum chess_end end)
{
	struct game_result result = {
		.over = end != CHESS_GOES_ON,
		.status = ends[end].status,
		.reason = ends[end].reason,
	};

	if (result.over)
		game_score(
			result.scores, 2, end == CHESS_CHECKMATE ? g->board.turn ^ 1 : GAME_NOBODY);
	return result;
}

#define DRAWN SLICE("chess960") /* the setup that leaves the start to the seed */

/* Where a match begins, by lot too: each of the 960 starts as likely as any other. */
static int begin(struct slice setup, const uint8_t seed[GAME_SEED_SIZE], struct chess_board *board,
	const char **why)
{
	char drawn[CHESS_FEN_MAX];
	uint64_t lot = 0;

	if (setup.n == 0) {
		chess_board_start(board);
		return 0;
	}
	if (!slice_eq(setup, DRAWN))
		return chess_fen_read(setup, board, why) ? HEARTH_EINVAL : 0;
	for (size_t i = 0; i < sizeof(lot); i++)
		lot = lot << 8 | seed[i];
	chess_fen_960((unsigned)(lot % CHESS960_STARTS), drawn);
	if (chess_fen_read(slice_str(drawn), board, why))
		return HEARTH_EINVAL;
	board->chess960 = true;
	return 0;
}

static int init(void *state, unsigned seats, struct slice setup, const uint8_t seed[GAME_SEED_SIZE],
	const char **why)
{
	struct chess_board board;

	(void)seats;
	if (begin(setup, seed, &board, why) < 0)
		return HEARTH_EINVAL;
	chess_game_start(state, &board);
	return 0;
}

/* A start by lot is nobody's choice; a position is. */
static const char *rating(struct slice setup)
{
	if (setup.n == 0)
		return "chess";
	return slice_eq(setup, DRAWN) ? "chess960" : NULL;
}

static uint64_t to_move(const void *state)
{
	const struct chess_game *g = state;

	return g->end == CHESS_GOES_ON ? UINT64_C(1) << g->board.turn : 0;
}

static int read_move(
	const struct chess_game *g, struct slice text, struct chess_move *m, const char **why)
{
	int rc = chess_uci_read(&g->board, text, m);

	if (rc == HEARTH_EINVAL)
		*why = "a move is written as in e2e4 or e7e8q";
	else if (rc)
		*why = "the move is not legal";
	return rc;
}

static int apply(
	void *state, unsigned seat, struct slice text, struct game_move *made, const char **why)
{
	struct chess_game *g = state;
	struct chess_move m;
	int rc;

	if (g->end != CHESS_GOES_ON) {
		*why = "the game is over";
		return HEARTH_EDENIED;
	}
	if (seat != g->board.turn) {
		*why = "it is the opponent's turn";
		return HEARTH_EDENIED;
	}
	rc = read_move(g, text, &m, why);
	if (rc)
		return rc;
	if (made) {
		chess_uci_write(&g->board, m, made->text);
		chess_san_write(&g->board, m, made->notation);
	}
	chess_game_play(g, m);
	return 0;
}

/* A pawn on the last rank, without a piece: a queen, as nearly always. */
static int complete(const void *state, struct slice text, char out[GAME_MOVE_MAX])
{
	const struct chess_game *g = state;
	struct chess_move m;

	if (text.n != 4)
		return HEARTH_EINVAL;
	snprintf(out, GAME_MOVE_MAX, "%.*sq", SLICE_ARG(text));
	return chess_uci_read(&g->board, slice_str(out), &m) == 0 ? 0 : HEARTH_EINVAL;
}

static void legal(const void *state, unsigned seat, struct strbuf *out)
{
	const struct chess_game *g = state;
	struct chess_move moves[CHESS_MOVES_MAX];
	char text[CHESS_UCI_MAX];
	size_t n;

	if (g->end != CHESS_GOES_ON || seat != g->board.turn)
		return;
	n = chess_moves_legal(&g->board, moves);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			strbuf_addc(out, ' ');
		strbuf_add(out, slice_of(text, chess_uci_write(&g->board, moves[i], text)));
	}
}

#define VIEW_USUAL 240 /* bytes: no longer without a reason of the end */

static void view(const void *state, int viewer, struct strbuf *out)
{
	const struct chess_game *g = state;
	char fen[CHESS_FEN_MAX];
	struct json_writer w;

	(void)viewer; /* nothing is hidden in chess */
	chess_fen_write(&g->board, fen);
	strbuf_reserve(out, VIEW_USUAL);
	json_writer_init(&w, out);
	json_open_object(&w);
	json_put_str(&w, "fen", fen);
	json_put_str(&w, "turn", colours[g->board.turn]);
	json_put_bool(&w, "check", chess_checkers(&g->board) != 0);
	json_put_i64(&w, "repeated", chess_game_repeated(g));
	json_put_str(&w, "status", ends[g->end].status);
	json_put_str(&w, "reason", ends[g->end].reason);
	json_close_object(&w);
}

static void outcome(const void *state, struct game_result *out)
{
	const struct chess_game *g = state;

	*out = result_of(g, g->end);
}

static int claim(const void *state, unsigned seat, struct slice text, struct game_result *out,
	const char **why)
{
	const struct chess_game *g = state;
	struct chess_move m;
	enum chess_end end;

	if (text.n > 0) {
		int rc = read_move(g, text, &m, why);

		if (rc)
			return rc;
	}
	end = chess_game_claim(g, seat, text.n > 0 ? &m : NULL);
	if (end == CHESS_GOES_ON) {
		*why = "neither the threefold repetition nor the 50-move rule applies";
		return HEARTH_EDENIED;
	}
	*out = result_of(g, end);
	return 0;
}

static bool can_win(const void *state, unsigned seat)
{
	const struct chess_game *g = state;

	return chess_can_ever_mate(&g->board, seat);
}

static void save(const void *state, struct strbuf *out)
{
	const struct chess_game *g = state;
	struct chess_board b = g->start;
	char text[CHESS_FEN_MAX];

	strbuf_adds(out, b.chess960 ? "chess960 1\n" : "chess 1\n");
	strbuf_add(out, slice_of(text, chess_fen_write(&b, text)));
	strbuf_addc(out, '\n');
	for (unsigned i = 0; i + 1 < g->past_n; i++) {
		if (i > 0)
			strbuf_addc(out, ' ');
		strbuf_add(out, slice_of(text, chess_uci_write(&b, g->moves[i], text)));
		chess_board_play(&b, g->moves[i]);
	}
	strbuf_addc(out, '\n');
}

static int load(void *state, struct slice saved)
{
	struct chess_game *g = state;
	bool fits = saved.n <= SAVE_SIZE_MAX;
	struct slice head = slice_split(&saved, '\n'), fen = slice_split(&saved, '\n');
	struct slice moves = slice_split(&saved, '\n');
	bool chess960 = slice_eq(head, SLICE("chess960 1"));
	struct chess_board board;
	struct chess_move m;
	const char *why;

	if (!fits || (!chess960 && !slice_eq(head, SLICE("chess 1"))))
		return HEARTH_ECORRUPT;
	if (!saved.p || saved.n > 0 || chess_fen_read(fen, &board, &why))
		return HEARTH_ECORRUPT;
	board.chess960 = chess960;
	chess_game_start(g, &board);
	if (moves.n == 0)
		return 0;
	while (moves.p) {
		if (g->end != CHESS_GOES_ON ||
			chess_uci_read(&g->board, slice_split(&moves, ' '), &m))
			return HEARTH_ECORRUPT;
		chess_game_play(g, m);
	}
	return 0;
}

static uint64_t hash(const void *state)
{
	return chess_game_hash(state);
}

static void record(const struct game_record *match, struct strbuf *out)
{
	const struct chess_game *start = match->start;
	struct slice setup = match->setup;
	char drawn[CHESS_FEN_MAX];

	if (start && slice_eq(setup, DRAWN))
		setup = slice_of(drawn, chess_fen_write(&start->board, drawn));
	pgn_record(
		match, setup, start && start->board.chess960 ? SLICE("Chess960") : SLICE(""), out);
}

const struct game_rules chess_rules = {
	.version = GAME_RULES_VERSION,
	.id = "chess",
	.name = "Chess",
	.seat_names = colours,
	.seats_min = 2,
	.seats_max = 2,
	.state_size = sizeof(struct chess_game),
	.setup_size_max = CHESS_FEN_MAX,
	.save_size_max = SAVE_SIZE_MAX,
	.init = init,
	.rating = rating,
	.to_move = to_move,
	.apply = apply,
	.complete = complete,
	.legal = legal,
	.view = view,
	.outcome = outcome,
	.claim = claim,
	.can_win = can_win,
	.save = save,
	.load = load,
	.hash = hash,
	.record = record,
	.record_file = "games.pgn",
};
