/*
 * Ends of a game that look back: repetition, counted moves, claims, and what comes first.
 */
#include "rules/chess/game.h"

#include "chess_test.h"

static struct chess_game game_of(const char *fen)
{
	struct chess_board b = board_of(fen);
	struct chess_game g;

	chess_game_start(&g, &b);
	return g;
}

static void play(struct chess_game *g, const char *line)
{
	struct slice rest = slice_str(line);

	while (rest.p && rest.n > 0) {
		struct slice text = slice_split(&rest, ' ');
		struct chess_move m;

		ck_assert_int_eq(g->end, CHESS_GOES_ON);
		ck_assert_msg(chess_uci_read(&g->board, text, &m) == 0, "%.*s", SLICE_ARG(text));
		chess_game_play(g, m);
	}
}

static enum chess_end claim_with(const struct chess_game *g, unsigned colour, const char *uci)
{
	struct chess_move m = move_of(&g->board, uci);

	return chess_game_claim(g, colour, &m);
}

static enum chess_end claim(const struct chess_game *g, unsigned colour)
{
	return chess_game_claim(g, colour, NULL);
}

START_TEST(mate_and_stalemate)
{
	struct chess_game g = game_of(START_FEN);

	play(&g, "f2f3 e7e5 g2g4 d8h4");
	ck_assert_int_eq(g.end, CHESS_CHECKMATE);
	g = game_of("7k/8/6K1/8/8/8/8/5Q2 w - - 0 1");
	play(&g, "f1f7");
	ck_assert_int_eq(g.end, CHESS_STALEMATE);
	g = game_of("7k/5Q2/6K1/8/8/8/8/8 b - - 0 1");
	ck_assert_int_eq(g.end, CHESS_STALEMATE);
}
END_TEST

#define SHUFFLE "g1f3 g8f6 f3g1 f6g8"

START_TEST(threefold)
{
	struct chess_game g = game_of(START_FEN);

	play(&g, SHUFFLE);
	ck_assert_uint_eq(chess_game_repeated(&g), 2);
	ck_assert_int_eq(claim(&g, CHESS_WHITE), CHESS_GOES_ON);
	play(&g, "g1f3 g8f6 f3g1");
	/* Black writes down the move that brings the start for the third time. */
	ck_assert_int_eq(claim(&g, CHESS_BLACK), CHESS_GOES_ON);
	ck_assert_int_eq(claim_with(&g, CHESS_BLACK, "f6g8"), CHESS_THREEFOLD_REPETITION);
	ck_assert_int_eq(claim_with(&g, CHESS_BLACK, "f6g4"), CHESS_GOES_ON);
	ck_assert_int_eq(claim_with(&g, CHESS_BLACK, "e7e5"), CHESS_GOES_ON);
	/* Once it is made, the claim is the other side's. */
	play(&g, "f6g8");
	ck_assert_uint_eq(chess_game_repeated(&g), 3);
	ck_assert_int_eq(claim(&g, CHESS_WHITE), CHESS_THREEFOLD_REPETITION);
	ck_assert_int_eq(claim(&g, CHESS_BLACK), CHESS_GOES_ON);
	ck_assert_int_eq(g.end, CHESS_GOES_ON);
	/* And lapses with the next move to a new position. */
	play(&g, "e2e4");
	ck_assert_uint_eq(chess_game_repeated(&g), 1);
	ck_assert_int_eq(claim(&g, CHESS_BLACK), CHESS_GOES_ON);
}
END_TEST

START_TEST(fivefold_ends_the_game)
{
	struct chess_game g = game_of(START_FEN);

	play(&g, SHUFFLE " " SHUFFLE " " SHUFFLE);
	ck_assert_int_eq(g.end, CHESS_GOES_ON);
	play(&g, SHUFFLE);
	ck_assert_int_eq(g.end, CHESS_FIVEFOLD_REPETITION);
	ck_assert_int_eq(claim(&g, CHESS_WHITE), CHESS_GOES_ON);
}
END_TEST

START_TEST(what_makes_a_position_the_same)
{
	struct chess_game g;

	/* Castling rights: the rook comes back, the right does not. */
	g = game_of("r3k3/8/8/8/8/8/8/4K2R w Kq - 0 1");
	play(&g, "h1h2 a8a7 h2h1 a7a8");
	ck_assert_uint_eq(chess_game_repeated(&g), 1);
	play(&g, "h1h2 a8a7 h2h1 a7a8");
	ck_assert_uint_eq(chess_game_repeated(&g), 2);
	/* En passant: the capture was possible the first time only. */
	g = game_of("rnbqkbnr/ppp1pppp/8/8/3p4/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1");
	play(&g, "e2e4 g8f6 g1f3 f6g8 f3g1");
	ck_assert_uint_eq(chess_game_repeated(&g), 1);
	play(&g, "g8f6 g1f3 f6g8 f3g1");
	ck_assert_uint_eq(chess_game_repeated(&g), 2);
	/* A double step that cannot be captured changes nothing. */
	g = game_of(START_FEN);
	play(&g, "e2e4 g8f6 g1f3 f6g8 f3g1");
	ck_assert_uint_eq(chess_game_repeated(&g), 2);
	/* The same pieces with the other side to move are another position. */
	g = game_of("6k1/8/8/8/8/8/8/K6R w - - 0 1");
	play(&g, "h1h2 g8f8 h2h3 f8f7 h3h2 f7f8 h2h1 f8g8");
	ck_assert_uint_eq(chess_game_repeated(&g), 2);
	play(&g, "h1h2 g8f8 h2h1 f8g8 a1b1 g8f8 b1b2 f8g8 b2a1");
	ck_assert_uint_eq(chess_game_repeated(&g), 1);
}
END_TEST

START_TEST(fifty_moves)
{
	struct chess_game g = game_of("6k1/4p3/8/8/8/8/4P3/K6R w - - 98 80");

	ck_assert_int_eq(claim(&g, CHESS_WHITE), CHESS_GOES_ON);
	ck_assert_int_eq(claim_with(&g, CHESS_WHITE, "a1a2"), CHESS_GOES_ON);
	play(&g, "h1g1");
	ck_assert_int_eq(claim(&g, CHESS_BLACK), CHESS_GOES_ON);
	ck_assert_int_eq(claim_with(&g, CHESS_BLACK, "g8f8"), CHESS_FIFTY_MOVES);
	play(&g, "g8f8");
	ck_assert_int_eq(claim(&g, CHESS_WHITE), CHESS_FIFTY_MOVES);
	/* But not by a pawn move. */
	ck_assert_int_eq(claim_with(&g, CHESS_WHITE, "a1b1"), CHESS_FIFTY_MOVES);
	ck_assert_int_eq(claim_with(&g, CHESS_WHITE, "e2e4"), CHESS_GOES_ON);
	ck_assert_int_eq(g.end, CHESS_GOES_ON);
	play(&g, "e2e4");
	ck_assert_int_eq(claim(&g, CHESS_BLACK), CHESS_GOES_ON);
}
END_TEST

START_TEST(seventy_five_moves)
{
	struct chess_game g = game_of("6k1/8/8/8/8/8/4P3/K6R w - - 149 120");

	play(&g, "h1g1");
	ck_assert_int_eq(g.end, CHESS_SEVENTY_FIVE_MOVES);
	/* The last move may still mate, capture or move a pawn. */
	g = game_of("k7/8/1K6/8/8/8/8/7R w - - 149 120");
	play(&g, "h1h8");
	ck_assert_int_eq(g.end, CHESS_CHECKMATE);
	g = game_of("6k1/8/8/8/8/8/4P3/K6R w - - 149 120");
	play(&g, "e2e3");
	ck_assert_int_eq(g.end, CHESS_GOES_ON);
	g = game_of("k6R/8/1K6/8/8/8/8/8 b - - 150 120");
	ck_assert_int_eq(g.end, CHESS_CHECKMATE);
}
END_TEST

/* Walks two rooks so that no position comes five times: a whole window is kept. */
START_TEST(the_longest_past)
{
	struct chess_game g = game_of("7k/8/8/8/8/7r/R7/K7 w - - 0 1");
	uint64_t seed = 5;
	unsigned ply = 0;

	while (g.end == CHESS_GOES_ON) {
		struct chess_move moves[CHESS_MOVES_MAX], m;
		size_t n = chess_moves_legal(&g.board, moves);

		do
			m = moves[random_below(&seed, (unsigned)n)];
		while (chess_occupied(&g.board) & chess_bit(m.to) && n > 1);
		chess_game_play(&g, m);
		ck_assert_uint_eq(g.past_n, g.board.halfmove + 1u);
		ply++;
	}
	ck_assert_uint_eq(ply, CHESS_HALFMOVES_MAX);
	ck_assert_int_eq(g.end, CHESS_SEVENTY_FIVE_MOVES);
}
END_TEST

START_TEST(who_cannot_lose_may_claim)
{
	struct chess_game g = game_of("7k/8/8/8/8/8/4P3/K7 b - - 0 1");

	ck_assert_int_eq(claim(&g, CHESS_WHITE), CHESS_CANNOT_LOSE);
	ck_assert_int_eq(claim(&g, CHESS_BLACK), CHESS_GOES_ON);
}
END_TEST

START_TEST(dead_positions_end_the_game)
{
	struct chess_game g = game_of("7k/8/8/8/8/8/4pK2/8 w - - 0 1");

	play(&g, "f2e2");
	ck_assert_int_eq(g.end, CHESS_DEAD_POSITION);
	g = game_of("8/8/4k3/p1p1p1p1/P1P1P1P1/4K3/8/8 w - - 0 1");
	ck_assert_int_eq(g.end, CHESS_DEAD_POSITION);
}
END_TEST

START_TEST(equal_pasts_are_equal_bytes)
{
	struct chess_game a = game_of(START_FEN), b = game_of(START_FEN);
	uint64_t hash = chess_game_hash(&a);

	play(&a, "g1f3 g8f6 e2e4");
	play(&b, "g1f3 g8f6");
	ck_assert(chess_game_hash(&a) != chess_game_hash(&b));
	play(&b, "e2e4");
	ck_assert_mem_eq(&a, &b, sizeof(a));
	ck_assert(chess_game_hash(&a) == chess_game_hash(&b) && chess_game_hash(&a) != hash);
	/* The same board after another past is another state. */
	a = b = game_of(START_FEN);
	play(&a, SHUFFLE);
	ck_assert_uint_eq(a.board.key, b.board.key);
	ck_assert(chess_game_hash(&a) != chess_game_hash(&b));
}
END_TEST

TEST_MAIN("game", mate_and_stalemate, threefold, fivefold_ends_the_game,
	what_makes_a_position_the_same, fifty_moves, seventy_five_moves, the_longest_past,
	who_cannot_lose_may_claim, dead_positions_end_the_game, equal_pasts_are_equal_bytes)
