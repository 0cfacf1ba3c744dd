/*
 * Our legal moves against those of Stockfish (Debian's package), which knows nothing of our code:
 * move for move on random positions, and the number of lines to depth 3 on some. Skipped where
 * there is no /usr/games/stockfish.
 */
#include "rules/chess/perft.h"

#include "chess_test.h"
#include "game/rules/uci_engine.h"

#define ENGINE "/usr/games/stockfish"

static void compare(struct engine *e, const struct chess_board *b, unsigned depth)
{
	char theirs[ENGINE_MOVES_MAX][ENGINE_MOVE_MAX], ours[ENGINE_MOVES_MAX][ENGINE_MOVE_MAX];
	struct chess_move moves[CHESS_MOVES_MAX];
	char fen[CHESS_FEN_MAX];
	size_t n = chess_moves_legal(b, moves), n_theirs;
	uint64_t total;

	chess_fen_write(b, fen);
	fprintf(e->in, "setoption name UCI_Chess960 value %s\n", b->chess960 ? "true" : "false");
	total = engine_perft(e, fen, depth, theirs, &n_theirs);
	for (size_t i = 0; i < n; i++)
		chess_uci_write(b, moves[i], ours[i]);
	engine_same_moves(ours, n, theirs, n_theirs, fen);
	ck_assert_msg(chess_perft(b, depth) == total, "lines to depth %u: %s", depth, fen);
}

static void compare_games(const char *(*start)(uint64_t *seed), uint64_t seed)
{
	struct engine e;

	if (engine_missing(ENGINE))
		return;
	engine_start(&e, ENGINE);
	for (unsigned game = 0; game < 12; game++) {
		struct chess_board b = board_of(start(&seed));

		for (unsigned ply = 0; ply < 120; ply++) {
			struct chess_move moves[CHESS_MOVES_MAX];
			size_t n = chess_moves_legal(&b, moves);

			if (random_below(&seed, 3) == 0)
				compare(&e, &b, ply % 10 == 0 ? 3 : 1);
			if (n == 0)
				break;
			chess_board_play(&b, moves[random_below(&seed, (unsigned)n)]);
		}
	}
	engine_stop(&e);
}

static const char *usual_start(uint64_t *seed)
{
	static const char *const starts[] = { START_FEN, KIWIPETE_FEN,
		"r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1",
		"8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1" };

	return starts[random_below(seed, sizeof(starts) / sizeof(starts[0]))];
}

static const char *chess960_start(uint64_t *seed)
{
	static char fen[CHESS_FEN_MAX];

	chess_fen_960(random_below(seed, CHESS960_STARTS), fen);
	return fen;
}

START_TEST(usual_games)
{
	compare_games(usual_start, 2024);
}
END_TEST

START_TEST(chess960_games)
{
	compare_games(chess960_start, 960);
}
END_TEST

TEST_MAIN("stockfish", usual_games, chess960_games)
