/*
 * Legal moves: the rules that go wrong most often, each with its position; and that playing keeps
 * board, key and rights in order.
 */
#include "chess_test.h"

static void can(const char *fen, const char *uci)
{
	struct chess_board b = board_of(fen);

	ck_assert_msg(is_legal(&b, uci), "%s in %s", uci, fen);
}

static void cannot(const char *fen, const char *uci)
{
	struct chess_board b = board_of(fen);

	ck_assert_msg(!is_legal(&b, uci), "%s in %s", uci, fen);
}

static void becomes(const char *fen, const char *line, const char *want)
{
	struct chess_board b = board_of(fen);
	char text[CHESS_FEN_MAX];

	play_all(&b, line);
	chess_fen_write(&b, text);
	ck_assert_str_eq(text, want);
	ck_assert_uint_eq(b.key, chess_board_key(&b));
}

START_TEST(pins)
{
	cannot("4r2k/8/8/8/8/8/4N3/4K3 w - - 0 1", "e2c3");
	can("4r2k/8/8/8/8/8/4R3/4K3 w - - 0 1", "e2e8");
	cannot("4r2k/8/8/8/8/8/4R3/4K3 w - - 0 1", "e2d2");
	cannot("7k/8/8/8/7b/8/5P2/4K3 w - - 0 1", "f2f4");
	can("7k/8/8/8/8/6b1/5P2/4K3 w - - 0 1", "f2g3");
	can("4r2k/8/8/8/8/8/4P3/4K3 w - - 0 1", "e2e4");
	/* Two shields are no pin. */
	can("4r2k/8/8/8/8/4P3/4N3/4K3 w - - 0 1", "e2c3");
}
END_TEST

START_TEST(checks)
{
	/* Block, capture or step aside; nothing else. */
	struct chess_board b = board_of("4r2k/8/8/8/8/8/3P3N/R3K3 w Q - 0 1");

	ck_assert_uint_eq(chess_moves_count(&b), 3);
	ck_assert(is_legal(&b, "e1d1") && is_legal(&b, "e1f1") && is_legal(&b, "e1f2"));
	ck_assert(!is_legal(&b, "e1c1") && !is_legal(&b, "e1e2") && !is_legal(&b, "h2g4"));
	/* Out of a slider's line means also not backwards along it. */
	cannot("8/8/8/8/r3K3/8/8/7k w - - 0 1", "e4f4");
	/* Double check: only the king moves. */
	b = board_of("4k3/8/5N2/8/8/8/8/4RK2 b - - 0 1");
	ck_assert_uint_eq(chess_count(chess_checkers(&b)), 2);
	ck_assert(!is_legal(&b, "e8e7") && is_legal(&b, "e8f8"));
}
END_TEST

START_TEST(en_passant)
{
	becomes("4k3/8/8/8/3p4/8/4P3/4K3 w - - 5 7", "e2e4 d4e3",
		"4k3/8/8/8/8/4p3/8/4K3 w - - 0 8");
	/* Only at once. */
	becomes("4k3/8/8/8/3p4/8/4P3/4K3 w - - 0 1", "e2e4 e8e7",
		"8/4k3/8/8/3pP3/8/8/4K3 w - - 1 2");
	cannot("8/8/8/8/3pP2k/8/8/4K3 b - - 0 1", "d4e3");
	/*
	 * Both pawns leave the rank and open it; the diagonal behind the captured pawn; the file.
	 */
	cannot("8/8/8/8/R2pP2k/8/8/4K3 b - e3 0 1", "d4e3");
	cannot("b6k/8/8/3pP3/8/8/8/7K w - d6 0 1", "e5d6");
	cannot("4r2k/8/8/3pP3/8/8/8/4K3 w - d6 0 1", "e5d6");
	can("8/8/8/2k5/3pP3/8/8/4K3 b - e3 0 1", "d4e3");
	/* The one way out of check is to take the pawn that gives it. */
	can("8/8/8/5k2/3pP3/8/8/4K3 b - e3 0 1", "d4e3");
	/* Two pawns may take, one of them is pinned. */
	can("3r3k/8/8/1PpP4/8/8/8/3K4 w - c6 0 1", "b5c6");
	cannot("3r3k/8/8/1PpP4/8/8/8/3K4 w - c6 0 1", "d5c6");
	/* On one rank with king and rook, but the other pawn stays as a shield. */
	can("8/8/8/1KPpP2r/8/8/8/k7 w - d6 0 1", "c5d6");
	can("8/8/8/1KPpP2r/8/8/8/k7 w - d6 0 1", "e5d6");
}
END_TEST

START_TEST(castling)
{
	becomes("r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1", "e1g1 e8c8",
		"2kr3r/8/8/8/8/8/8/R4RK1 w - - 2 2");
	becomes("r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1", "e1a1 e8h8",
		"r4rk1/8/8/8/8/8/8/2KR3R w - - 2 2");
	/* Through, out of and into check; past pieces; without the right. */
	cannot("4kr2/8/8/8/8/8/8/R3K2R w KQ - 0 1", "e1g1");
	cannot("4k1r1/8/8/8/8/8/8/R3K2R w KQ - 0 1", "e1g1");
	cannot("1k2r3/8/8/8/8/8/8/R3K2R w KQ - 0 1", "e1c1");
	cannot("4k3/8/8/8/8/8/8/RN2K2R w KQ - 0 1", "e1c1");
	cannot("4k3/8/8/8/8/8/8/R3K2R w Q - 0 1", "e1g1");
	/* The rook may pass an attacked square. */
	can("1r4k1/8/8/8/8/8/8/R3K2R w KQ - 0 1", "e1c1");
	can("4k2r/8/8/8/8/8/8/R3K2R w KQ - 0 1", "e1g1");
}
END_TEST

START_TEST(castling_rights_end)
{
	const char *both = "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1";

	becomes(both, "e1e2", "r3k2r/8/8/8/8/8/4K3/R6R b kq - 1 1");
	becomes(both, "a1b1", "r3k2r/8/8/8/8/8/8/1R2K2R b Kkq - 1 1");
	becomes(both, "h1h8", "r3k2R/8/8/8/8/8/8/R3K3 b Qq - 0 1");
	/* A rook that comes back has lost it all the same. */
	becomes(both, "a1b1 a8b8 b1a1 b8a8", "r3k2r/8/8/8/8/8/8/R3K2R w Kk - 4 3");
}
END_TEST

START_TEST(castling_of_chess960)
{
	becomes("7k/8/8/8/8/8/8/1RK3R1 w GB - 0 1", "c1b1", "7k/8/8/8/8/8/8/2KR2R1 b - - 1 1");
	becomes("7k/8/8/8/8/8/8/1RK3R1 w GB - 0 1", "c1g1", "7k/8/8/8/8/8/8/1R3RK1 b - - 1 1");
	becomes("7k/8/8/8/8/8/8/5KR1 w G - 0 1", "f1g1", "7k/8/8/8/8/8/8/5RK1 b - - 1 1");
	/* A plain step of the king stays one. */
	becomes("k7/8/8/8/8/8/8/5K1R w H - 0 1", "f1g1", "k7/8/8/8/8/8/8/6KR b - - 1 1");
	becomes("k7/8/8/8/8/8/8/5K1R w H - 0 1", "f1h1", "k7/8/8/8/8/8/8/5RK1 b - - 1 1");
	becomes("7k/8/8/8/8/8/8/R5K1 w A - 0 1", "g1c1", "7k/8/8/8/8/8/8/2KR4 b - - 1 1");
	/* The rook that leaves was a shield. */
	cannot("7k/8/8/8/8/8/8/rR1K4 w B - 0 1", "d1b1");
	cannot("7k/8/8/8/8/8/8/rRK5 w B - 0 1", "c1b1");
	/* A piece where the rook must go. */
	cannot("7k/8/8/8/8/8/8/1RKN4 w B - 0 1", "c1b1");
}
END_TEST

START_TEST(promotion)
{
	becomes("8/P6k/8/8/8/8/8/K7 w - - 9 1", "a7a8n", "N7/7k/8/8/8/8/8/K7 b - - 0 1");
	becomes("1r5k/P7/8/8/8/8/8/K7 w - - 9 1", "a7b8q", "1Q5k/8/8/8/8/8/8/K7 b - - 0 1");
	cannot("8/P6k/8/8/8/8/8/K7 w - - 0 1", "a7a8");
	cannot("8/P6k/8/8/8/8/8/K7 w - - 0 1", "a7a8k");
	cannot("8/P6k/8/8/8/8/8/K7 w - - 0 1", "a7a8p");
	cannot("8/P6k/8/8/8/8/8/K7 w - - 0 1", "a7a8Q");
	cannot("8/8/P6k/8/8/8/8/K7 w - - 0 1", "a6a7q");
	cannot("8/7k/8/8/8/8/8/K7 w - - 0 1", "a1a2q");
}
END_TEST

START_TEST(many_moves)
{
	struct chess_move moves[CHESS_MOVES_MAX];
	struct chess_board b = board_of("R6R/3Q4/1Q4Q1/4Q3/2Q4Q/Q4Q2/pp1Q4/kBNN1KB1 w - - 0 1");

	ck_assert_uint_eq(chess_moves_legal(&b, moves), 218);
	ck_assert_uint_eq(chess_moves_count(&b), 218);
}
END_TEST

/* Everything that must hold for any board in a game, and for each of its moves. */
static void check_board(const struct chess_board *b)
{
	struct chess_move moves[CHESS_MOVES_MAX], found;
	char fen[CHESS_FEN_MAX], uci[CHESS_UCI_MAX];
	size_t n = chess_moves_legal(b, moves);
	unsigned odd = 0;

	ck_assert_ptr_null(chess_board_fault(b));
	ck_assert_uint_eq(b->key, chess_board_key(b));
	ck_assert_uint_eq(n, chess_moves_count(b));
	chess_fen_write(b, fen);
	for (size_t i = 0; i < n; i++) {
		chess_uci_write(b, moves[i], uci);
		odd += chess_uci_read(b, slice_str(uci), &found) != 0;
		odd += memcmp(&found, &moves[i], sizeof(found)) != 0;
		for (size_t k = 0; k < i; k++)
			odd += memcmp(&moves[k], &moves[i], sizeof(moves[k])) == 0;
	}
	ck_assert_msg(odd == 0, "%u moves have no text of their own: %s", odd, fen);
	if (b->halfmove <= CHESS_HALFMOVES_MAX) {
		struct chess_board again = board_of(fen);

		again.chess960 = b->chess960;
		ck_assert_mem_eq(&again, b, sizeof(again));
	}
}

START_TEST(random_games_stay_legal)
{
	uint64_t seed = 0x1d872b41;
	char fen[CHESS_FEN_MAX];

	for (unsigned game = 0; game < 60; game++) {
		struct chess_board b;

		chess_fen_960(game % 2 ? 518 : random_below(&seed, CHESS960_STARTS), fen);
		b = board_of(game % 2 ? START_FEN : fen);
		for (unsigned ply = 0; ply < 150; ply++) {
			struct chess_move moves[CHESS_MOVES_MAX];
			size_t n = chess_moves_legal(&b, moves);

			check_board(&b);
			if (n == 0)
				break;
			chess_board_play(&b, moves[random_below(&seed, (unsigned)n)]);
		}
	}
}
END_TEST

TEST_MAIN("moves", pins, checks, en_passant, castling, castling_rights_end, castling_of_chess960,
	promotion, many_moves, random_games_stay_legal)
