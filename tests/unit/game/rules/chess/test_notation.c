/*
 * UCI and SAN: known vectors, and that every legal move of random positions has its own SAN.
 */
#include "chess_test.h"

#include "hearth/error.h"

static void san(const char *fen, const char *uci, const char *want)
{
	struct chess_board b = board_of(fen);
	char text[CHESS_SAN_MAX];
	size_t n = chess_san_write(&b, move_of(&b, uci), text);

	ck_assert_str_eq(text, want);
	ck_assert_uint_eq(n, strlen(want));
}

static int uci(const char *fen, const char *text)
{
	struct chess_board b = board_of(fen);
	struct chess_move m;

	return chess_uci_read(&b, slice_str(text), &m);
}

START_TEST(plain_moves)
{
	san(START_FEN, "e2e4", "e4");
	san(START_FEN, "g1f3", "Nf3");
	san(KIWIPETE_FEN, "e5g6", "Nxg6");
	san(KIWIPETE_FEN, "d5e6", "dxe6");
	san(KIWIPETE_FEN, "e1g1", "O-O");
	san(KIWIPETE_FEN, "e1a1", "O-O-O");
	san("4k3/8/8/8/3pP3/8/8/4K3 b - e3 0 1", "d4e3", "dxe3");
	san("7k/P7/8/8/8/8/8/K7 w - - 0 1", "a7a8q", "a8=Q+");
	san("1n5k/P7/8/8/8/8/8/K7 w - - 0 1", "a7b8n", "axb8=N");
}
END_TEST

START_TEST(check_and_mate)
{
	san("rnbqkbnr/pppp1ppp/8/4p3/6P1/5P2/PPPPP2P/RNBQKBNR b KQkq - 0 2", "d8h4", "Qh4#");
	san("4k3/8/8/8/8/8/8/R3K3 w - - 0 1", "a1a8", "Ra8+");
	san("7k/5Q2/6K1/8/8/8/8/8 w - - 0 1", "f7f8", "Qf8#");
	san("7k/8/6K1/8/8/8/8/5Q2 w - - 0 1", "f1f7", "Qf7"); /* stalemate has no sign */
	san("5k2/8/8/8/8/8/8/4K2R w K - 0 1", "e1g1", "O-O+");
	san("7k/6pp/8/8/8/8/8/R3K3 w Q - 0 1", "e1c1", "O-O-O");
	san("3k4/1R6/8/8/8/8/8/R3K3 w Q - 0 1", "a1a8", "Ra8#");
}
END_TEST

START_TEST(which_of_them)
{
	/* File, rank, both; in that order. */
	san("1k6/8/8/8/8/8/4K3/R6R w - - 0 1", "a1d1", "Rad1");
	san("R6k/8/8/8/8/8/8/R3K3 b - - 0 1", "h8h7", "Kh7");
	san("7k/R7/8/8/8/8/8/R3K3 w - - 0 1", "a1a4", "R1a4");
	san("8/8/k7/8/4Q2Q/8/8/K6Q w - - 0 1", "h4e1", "Qh4e1");
	san("8/8/k7/8/4Q2Q/8/8/K6Q w - - 0 1", "e4e1", "Qee1");
	san("8/8/k7/8/4Q2Q/8/8/K6Q w - - 0 1", "h1e1", "Q1e1");
	san("k7/8/8/1N3N2/8/3r4/8/K2N4 w - - 0 1", "b5d4", "Nbd4");
	/* Only legal candidates count: the other knight is pinned. */
	san("4k3/8/8/8/1b6/2N5/8/4K1N1 w - - 0 1", "g1e2", "Ne2");
	san("4k3/8/8/b7/8/2N5/8/4K1N1 w - - 0 1", "g1e2", "Ne2");
	san("4k3/8/8/8/8/2N5/8/4K1N1 w - - 0 1", "g1e2", "Nge2");
	/* Pawns name their file by capturing alone; the king is one. */
	san("4k3/8/8/3p4/2P1P3/8/8/4K3 w - - 0 1", "c4d5", "cxd5");
}
END_TEST

START_TEST(reading_uci)
{
	ck_assert_int_eq(uci(START_FEN, "e2e4"), 0);
	ck_assert_int_eq(uci(START_FEN, "e2e5"), HEARTH_EDENIED);
	ck_assert_int_eq(uci(START_FEN, "e7e5"), HEARTH_EDENIED);
	ck_assert_int_eq(uci(START_FEN, "e4e5"), HEARTH_EDENIED);
	ck_assert_int_eq(uci(START_FEN, "e2e4q"), HEARTH_EDENIED);
	ck_assert_int_eq(uci(START_FEN, "e2e2"), HEARTH_EDENIED);
	ck_assert_int_eq(uci(START_FEN, ""), HEARTH_EINVAL);
	ck_assert_int_eq(uci(START_FEN, "0000"), HEARTH_EINVAL);
	ck_assert_int_eq(uci(START_FEN, "e2e"), HEARTH_EINVAL);
	ck_assert_int_eq(uci(START_FEN, "e2e4 "), HEARTH_EINVAL);
	ck_assert_int_eq(uci(START_FEN, "E2E4"), HEARTH_EINVAL);
	ck_assert_int_eq(uci(START_FEN, "e2e9"), HEARTH_EINVAL);
	ck_assert_int_eq(uci(START_FEN, "i2e4"), HEARTH_EINVAL);
	ck_assert_int_eq(uci(START_FEN, "e2e4qq"), HEARTH_EINVAL);
}
END_TEST

START_TEST(writing_castling)
{
	struct chess_board b = board_of(KIWIPETE_FEN);
	char text[CHESS_UCI_MAX];

	chess_uci_write(&b, move_of(&b, "e1h1"), text);
	ck_assert_str_eq(text, "e1g1");
	chess_uci_write(&b, move_of(&b, "e1c1"), text);
	ck_assert_str_eq(text, "e1c1");
	b = board_of("r3k2r/8/8/8/8/8/8/R3K2R w HAha - 0 1");
	chess_uci_write(&b, move_of(&b, "e1g1"), text);
	ck_assert_str_eq(text, "e1h1");
}
END_TEST

START_TEST(every_san_means_one_move)
{
	uint64_t seed = 77;

	for (unsigned game = 0; game < 20; game++) {
		struct chess_board b = board_of(game % 2 ? KIWIPETE_FEN : START_FEN);

		for (unsigned ply = 0; ply < 80; ply++) {
			struct chess_move moves[CHESS_MOVES_MAX];
			char sans[CHESS_MOVES_MAX][CHESS_SAN_MAX];
			size_t n = chess_moves_legal(&b, moves);
			unsigned twice = 0;

			for (size_t i = 0; i < n; i++) {
				chess_san_write(&b, moves[i], sans[i]);
				for (size_t k = 0; k < i; k++)
					twice += strcmp(sans[k], sans[i]) == 0;
			}
			ck_assert_uint_eq(twice, 0);
			if (n == 0)
				break;
			chess_board_play(&b, moves[random_below(&seed, (unsigned)n)]);
		}
	}
}
END_TEST

TEST_MAIN("notation", plain_moves, check_and_mate, which_of_them, reading_uci, writing_castling,
	every_san_means_one_move)
