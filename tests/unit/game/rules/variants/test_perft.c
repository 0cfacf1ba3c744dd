/*
 * The published numbers of legal lines of each variant, to the depth where they stay below half a million;
 * with PERFT_DEEP=1 in the environment all of them.
 */
#include "rules/variants/moves.h"

#include "harness.h"

#include "rules/variants/fen.h"

#define SHALLOW 500000

static const struct known {
	enum variant variant;
	const char *fen; /* NULL: the start */
	uint64_t lines[7];
} all[] = {
	{ VARIANT_ATOMIC, NULL, { 1, 20, 400, 8902, 197326 } },
	/* Counted by another program: Debian's Fairy-Stockfish does not know this variant. */
	{ VARIANT_ATOMIC, "1n1r4/2rb4/2p2k2/2P1pPp1/pp5P/P2P4/R1QK1R2/1N4N1 w - - 0 42",
		{ 0, 0, 0, 15828 } },
	{ VARIANT_ATOMIC, "1n1k1b1r/3b3p/r3p3/pp1p4/1P1PP1N1/P1P4P/R2QR3/4K3 b - - 11 26",
		{ 0, 0, 0, 20554 } },
	{ VARIANT_ATOMIC, "r6k/6r1/8/pP3ppp/P1p1pP1P/2P1P3/K1R5/5B2 b - - 3 42",
		{ 0, 0, 0, 9456 } },
	{ VARIANT_ATOMIC, "1rb2bkr/4p1pp/pp3p2/1P6/2p2P2/2P4P/P1N1P3/R2K1BR1 b - - 0 17",
		{ 0, 0, 0, 8257 } },
	{ VARIANT_ATOMIC, "1k6/2K2R2/8/8/4p2p/5n1P/8/8 b - - 18 69", { 0, 0, 0, 2149 } },
	{ VARIANT_ATOMIC, "2b1qbnr/2pk2p1/rp1pp3/p6p/8/1P2P2B/PRP2P1P/2BQ1KNR b - - 0 15",
		{ 0, 0, 0, 17077 } },
	{ VARIANT_ATOMIC, "r1b2b2/ppppkp2/n4n2/4pPpr/6Pp/P3P2B/1PPP1K1P/RNBQ1R2 w - - 3 13",
		{ 0, 0, 0, 13759 } },
	{ VARIANT_ATOMIC, "r6k/4Nbpr/1p3b1R/pP3p1p/P1p1pP1P/2P1P3/1KR5/5B2 b - - 10 36",
		{ 0, 0, 0, 11357 } },
	{ VARIANT_ATOMIC, "5k2/3r4/1ppb4/1P1p1p1r/4P1pp/P4P1P/q7/2RK4 w - - 1 45",
		{ 0, 0, 0, 8618 } },
	{ VARIANT_ATOMIC, "2b1k1nr/pr1p2b1/n3pp2/1p3P1p/7P/P3R1P1/2PNP3/3QKB1R b - - 1 22",
		{ 0, 0, 0, 12044 } },
	{ VARIANT_ATOMIC, "r1b1kbnr/n4p1p/1p2p2q/p2pP1pP/2P3P1/2N2N2/PP1PKP2/R1BQ3R w kq - 5 14",
		{ 0, 0, 0, 32456 } },
	{ VARIANT_ATOMIC, "r1b1kbnr/2p2pp1/1p1pp3/pq5p/6P1/1PN4B/P1PQPP1P/1RB2KNR b kq - 1 10",
		{ 0, 0, 0, 45416 } },
	{ VARIANT_ANTICHESS, NULL, { 1, 20, 400, 8067, 153299 } },
	{ VARIANT_HORDE, NULL, { 1, 8, 128, 1274, 23310 } },
	{ VARIANT_RACING_KINGS, NULL, { 1, 21, 421, 11264, 296242, 9472927 } },
	{ VARIANT_CRAZYHOUSE, NULL, { 1, 20, 400, 8902, 197281 } },
	{ VARIANT_CRAZYHOUSE, "2k5/8/8/8/8/8/8/4K3[QRBNPqrbnp] w - - 0 1", { 1, 301, 75353 } },
	{ VARIANT_KING_OF_THE_HILL, NULL, { 1, 20, 400, 8902, 197281 } },
	{ VARIANT_THREE_CHECK,
		"r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 1+1 0 1",
		{ 1, 48, 2039, 97848 } },
};

START_TEST(known_lines)
{
	const char *deep = getenv("PERFT_DEEP");

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const char *fen = all[i].fen ? all[i].fen : variant_start(all[i].variant);
		const char *why = NULL;
		struct variant_board b;

		ck_assert_msg(variant_fen_read(all[i].variant, slice_str(fen), &b, &why) == 0,
			"%s: %s", fen, why);
		for (unsigned depth = 0; depth < 7; depth++) {
			uint64_t lines = all[i].lines[depth];

			if (lines == 0 || (lines > SHALLOW && !deep))
				continue;
			ck_assert_msg(variant_perft(&b, depth) == lines,
				"variant %d, %s to depth %u: %llu", all[i].variant, fen, depth,
				(unsigned long long)variant_perft(&b, depth));
		}
	}
}
END_TEST

TEST_MAIN("variants' perft", known_lines)
