/*
 * FEN: what is written is what was read, what no game contains is refused with a reason, what is
 * idle is dropped.
 */
#include "chess_test.h"

static void same(const char *in, const char *out)
{
	struct chess_board b = board_of(in);
	char text[CHESS_FEN_MAX];

	ck_assert_uint_eq(chess_fen_write(&b, text), strlen(out));
	ck_assert_str_eq(text, out);
}

static void refused(const char *fen, const char *reason)
{
	struct chess_board b;
	const char *why = NULL;

	ck_assert_msg(chess_fen_read(slice_str(fen), &b, &why) != 0, "%s is taken", fen);
	ck_assert_msg(strstr(why, reason) != NULL, "%s: %s", fen, why);
}

START_TEST(round_trips)
{
	static const char *const fens[] = {
		START_FEN,
		KIWIPETE_FEN,
		"8/8/8/8/8/8/8/K1k5 w - - 150 9999",
		"rnbqkbnr/pp1ppppp/8/2p5/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 2",
		"rnbqkbnr/ppp1pppp/8/8/3pP3/8/PPPP1PPP/RNBQKBNR b KQkq e3 0 3",
		"4k2r/8/8/8/8/8/8/R3K3 b Qk - 3 40",
		"r1k1r2q/p1ppp1pp/8/8/8/8/P1PPP1PP/R1K1R2Q w EAea - 0 1",
		"8/8/8/4B2b/6nN/8/5P2/2R1K2k w C - 0 1",
		"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w HAha - 0 1",
	};

	for (size_t i = 0; i < sizeof(fens) / sizeof(fens[0]); i++)
		same(fens[i], fens[i]);
}
END_TEST

START_TEST(the_start_is_the_start)
{
	struct chess_board read = board_of(START_FEN), made;

	chess_board_start(&made);
	ck_assert_mem_eq(&read, &made, sizeof(made));
}
END_TEST

START_TEST(shorter_and_other_forms)
{
	same("8/8/8/8/8/8/8/K1k5 b - -", "8/8/8/8/8/8/8/K1k5 b - - 0 1");
	same("8/8/8/8/8/8/8/K1k5 b - - 7 0", "8/8/8/8/8/8/8/K1k5 b - - 7 1");
	/* X-FEN: K and Q mean the outermost rook, a file letter an inner one. */
	same("r1k1r2q/p1ppp1pp/8/8/8/8/P1PPP1PP/R1K1R2Q w KQkq -",
		"r1k1r2q/p1ppp1pp/8/8/8/8/P1PPP1PP/R1K1R2Q w EAea - 0 1");
	same("4k3/8/8/8/8/8/8/1K1R2R1 w K - 0 1", "4k3/8/8/8/8/8/8/1K1R2R1 w G - 0 1");
	same("4k3/8/8/8/8/8/8/1K1R2R1 w D - 0 1", "4k3/8/8/8/8/8/8/1K1R2R1 w D - 0 1");
	same("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w qkQK - 0 1", START_FEN);
}
END_TEST

START_TEST(idle_parts_are_dropped)
{
	/* Rights without king or rook at home. */
	same("4k3/8/8/8/8/8/4K3/R6R w KQkq - 0 1", "4k3/8/8/8/8/8/4K3/R6R w - - 0 1");
	same("r3k3/8/8/8/8/8/8/4K2R w KQkq - 0 1", "r3k3/8/8/8/8/8/8/4K2R w Kq - 0 1");
	same("4k3/8/8/8/8/8/8/1N2K2R w Bb - 0 1", "4k3/8/8/8/8/8/8/1N2K2R w - - 0 1");
	/* En passant where nobody can capture, where a pin forbids it, where no pawn has passed. */
	same("rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq e3 0 1",
		"rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1");
	same("8/8/8/8/R2pP2k/8/8/4K3 b - e3 0 1", "8/8/8/8/R2pP2k/8/8/4K3 b - - 0 1");
	same("4k3/8/8/8/3p4/8/8/4K3 b - e3 0 1", "4k3/8/8/8/3p4/8/8/4K3 b - - 0 1");
	same("4k3/8/8/8/3pP3/4N3/8/4K3 b - e3 0 1", "4k3/8/8/8/3pP3/4N3/8/4K3 b - - 0 1");
	same("4k3/8/8/8/3pP3/8/4N3/4K3 b - e3 0 1", "4k3/8/8/8/3pP3/8/4N3/4K3 b - - 0 1");
}
END_TEST

START_TEST(malformed_text)
{
	refused("", "fewer than eight squares");
	refused("8/8/8/8/8/8/8 w - - 0 1", "fewer than eight ranks");
	refused("8/8/8/8/8/8/8/8/8 w - - 0 1", "more than eight ranks");
	refused("8/8/8/8/8/8/8/Kk7 w - - 0 1", "more than eight squares");
	refused("8/8/8/8/8/8/8/Kk5 w - - 0 1", "fewer than eight squares");
	refused("8/8/8/8/8/8/8/Kk33 w - - 0 1", "two numbers in a row");
	refused("8/8/8/8/8/8/8/Kk5x w - - 0 1", "no piece");
	refused("8/8/8/8/8/8/8/Kk6", "fewer than four fields");
	refused("8/8/8/8/8/8/8/Kk6 w", "fewer than four fields");
	refused("8/8/8/8/8/8/8/K1k5 w -", "fewer than four fields");
	refused("8/8/8/8/8/8/8/K1k5 W - - 0 1", "neither w nor b");
	refused("8/8/8/8/8/8/8/K1k5  w - - 0 1", "neither w nor b");
	refused("8/8/8/8/8/8/8/K1k5 w  - 0 1", "castling rights");
	refused("8/8/8/8/8/8/8/K1k5 w KQkqK - 0 1", "castling rights");
	refused("8/8/8/8/8/8/8/K1k5 w KK - 0 1", "twice");
	refused("8/8/8/8/8/8/8/K1k5 w x - 0 1", "unknown letter");
	refused("4k3/8/8/8/8/8/8/1K1R2R1 w KD - 0 1", "two rooks on the same side");
	refused("8/8/8/8/8/8/8/K1k5 w - e3 0 1", "en passant");
	refused("8/8/8/8/8/8/8/K1k5 w - i6 0 1", "en passant");
	refused("8/8/8/8/8/8/8/K1k5 w - e 0 1", "en passant");
	refused("8/8/8/8/8/8/8/K1k5 w - - 0", "move number");
	refused("8/8/8/8/8/8/8/K1k5 w - - x 1", "half-move clock");
	refused("8/8/8/8/8/8/8/K1k5 w - - -1 1", "half-move clock");
	refused("8/8/8/8/8/8/8/K1k5 w - - 151 1", "half-move clock");
	refused("8/8/8/8/8/8/8/K1k5 w - - 0 10000", "move number");
	refused("8/8/8/8/8/8/8/K1k5 w - - 0 1 ", "move number");
	refused("8/8/8/8/8/8/8/K1k5 w - - 0 "
		"00000000000000000000000000000000000000000000000000000000"
		"0000000000001",
		"longer than");
}
END_TEST

START_TEST(a_zero_byte_is_no_piece)
{
	static const char fen[] = "8/8/8/8/8/8/8/K1k4\0 w - - 0 1";
	struct chess_board b;
	const char *why;

	ck_assert_int_ne(chess_fen_read(slice_of(fen, sizeof(fen) - 1), &b, &why), 0);
	ck_assert_int_ne(chess_fen_read(slice_of(NULL, 0), &b, &why), 0);
}
END_TEST

START_TEST(impossible_positions)
{
	refused("8/8/8/8/8/8/8/8 w - - 0 1", "no king");
	refused("8/8/8/8/8/8/8/K7 w - - 0 1", "no king");
	refused("8/8/8/8/8/8/8/K1K2k2 w - - 0 1", "more than one king");
	refused("8/8/8/8/8/8/8/K1k4P w - - 0 1", "first or last rank");
	refused("p7/8/8/8/8/8/8/K1k5 w - - 0 1", "first or last rank");
	refused("8/8/8/8/8/8/8/Kk6 w - - 0 1", "not to move is in check");
	refused("4k3/8/8/8/8/8/8/4R1K1 w - - 0 1", "not to move is in check");
	refused("4k3/8/8/8/8/P7/PPPPPPPP/4K3 w - - 0 1", "more than eight pawns");
	refused("4k3/8/8/8/8/NNNNNNNN/NNNNNNNN/4K3 w - - 0 1", "more than sixteen");
	refused("4k3/8/3N1N2/1B6/4R3/8/8/4K3 b - - 0 1", "more than two");
}
END_TEST

START_TEST(chess960_starts)
{
	char seen[CHESS960_STARTS][9], text[CHESS_FEN_MAX], again[CHESS_FEN_MAX];
	unsigned twice = 0;

	for (unsigned n = 0; n < CHESS960_STARTS; n++) {
		struct chess_board b;
		uint64_t king, rooks, bishops;

		chess_fen_960(n, text);
		b = board_of(text);
		chess_fen_write(&b, again);
		ck_assert_str_eq(text, again);
		king = chess_pieces(&b, CHESS_WHITE, CHESS_KING);
		rooks = chess_pieces(&b, CHESS_WHITE, CHESS_ROOK);
		bishops = chess_pieces(&b, CHESS_WHITE, CHESS_BISHOP);
		ck_assert(rooks & (king - 1) && rooks & ~(king - 1));
		ck_assert(bishops & CHESS_SET_LIGHT && bishops & ~CHESS_SET_LIGHT);
		ck_assert(b.chess960 && b.castling == b.piece[CHESS_ROOK]);
		memcpy(seen[n], text, 8);
		seen[n][8] = '\0';
		for (unsigned k = 0; k < n; k++)
			twice += strcmp(seen[k], seen[n]) == 0;
	}
	ck_assert_uint_eq(twice, 0);
	ck_assert_str_eq(seen[0], "bbqnnrkr");
	ck_assert_str_eq(seen[CHESS960_USUAL], "rnbqkbnr");
	ck_assert_str_eq(seen[959], "rkrnnqbb");
}
END_TEST

TEST_MAIN("fen", round_trips, the_start_is_the_start, shorter_and_other_forms,
	idle_parts_are_dropped, malformed_text, a_zero_byte_is_no_piece, impossible_positions,
	chess960_starts)
