/*
 * The number of legal lines from known positions. Each must match to the depth where it stays
 * below five million; with PERFT_DEEP=1 in the environment also the deeper ones are counted.
 */
#include "rules/chess/perft.h"

#include "chess_test.h"

#define SHALLOW 5000000

struct known {
	const char *fen;
	uint64_t lines[8]; /* by depth; 0 is not known */
};

static const struct known usual[] = {
	{ "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq -",
		{ 1, 20, 400, 8902, 197281, 4865609, 119060324, 3195901860 } },
	{ "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq -",
		{ 1, 48, 2039, 97862, 4085603, 193690690, 8031647685 } },
	{ "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - -",
		{ 1, 14, 191, 2812, 43238, 674624, 11030083, 178633661 } },
	{ "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq -",
		{ 1, 6, 264, 9467, 422333, 15833292, 706045033 } },
	{ "rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ -",
		{ 1, 44, 1486, 62379, 2103487, 89941194 } },
	{ "r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - -",
		{ 1, 46, 2079, 89890, 3894594, 164075551, 6923051137 } },
	{ "r7/4p3/5p1q/3P4/4pQ2/4pP2/6pp/R3K1kr w Q -", { 1, 0, 0, 0, 0, 11609488 } },
	{ "8/8/8/5k2/3p4/8/4P3/4K3 w - -", { 1, 6, 54, 343, 2810, 19228 } },
	{ "1b1k4/8/8/1rPpK3/8/8/8/8 w - d6", { 1, 5, 100, 555 } },
	{ "r2r3k/p7/3p4/8/8/P6P/8/R3K2R b KQq -", { 1, 14, 206, 3672, 64639, 1320962 } },
};

static const struct known chess960[] = {
	{ "r1k1r2q/p1ppp1pp/8/8/8/8/P1PPP1PP/R1K1R2Q w KQkq -",
		{ 1, 23, 522, 12333, 285754, 7096972, 172843489, 4557457200 } },
	{ "8/8/8/4B2b/6nN/8/5P2/2R1K2k w Q -",
		{ 1, 34, 318, 9002, 118388, 3223406, 44554839, 1205627532 } },
	{ "rr6/2kpp3/1ppn2p1/p2b1q1p/P4P1P/1PNN2P1/2PP4/1K2R2R b E -", { 1, 0, 1438 } },
	{ "4rrb1/1kp3b1/1p1p4/pP1Pn2p/5p2/1PR2P2/2P1NB1P/2KR1B2 w D -",
		{ 1, 0, 0, 0, 0, 0, 872323796 } },
};

static void compare(const struct known *known)
{
	struct chess_board b = board_of(known->fen);
	const char *deep = getenv("PERFT_DEEP");

	for (unsigned depth = 0; depth < 8; depth++) {
		uint64_t lines = known->lines[depth];

		if (lines == 0 || (lines > SHALLOW && !deep))
			continue;
		ck_assert_msg(chess_perft(&b, depth) == lines, "%s to depth %u", known->fen, depth);
	}
}

START_TEST(usual_positions)
{
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		compare(&usual[i]);
}
END_TEST

START_TEST(chess960_positions)
{
	for (size_t i = 0; i < sizeof(chess960) / sizeof(chess960[0]); i++)
		compare(&chess960[i]);
}
END_TEST

TEST_MAIN("perft", usual_positions, chess960_positions)
