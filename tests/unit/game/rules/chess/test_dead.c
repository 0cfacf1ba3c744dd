/*
 * Who can still mate: material, blocked pawns, forced lines. That "cannot" is never wrong is shown
 * on closed positions by playing everything out.
 */
#include "rules/chess/dead.h"

#include "chess_test.h"

static void expect(const char *fen, bool white, bool black)
{
	struct chess_board b = board_of(fen);

	ck_assert_msg(chess_can_mate(&b, CHESS_WHITE) == white, "white in %s", fen);
	ck_assert_msg(chess_can_mate(&b, CHESS_BLACK) == black, "black in %s", fen);
	ck_assert_msg(chess_is_dead(&b) == (!white && !black), "both in %s", fen);
}

START_TEST(bare_kings_and_single_pieces)
{
	expect("k7/8/8/8/8/8/8/7K w - - 0 1", false, false);
	expect("k7/8/8/8/8/8/8/6NK w - - 0 1", false, false);
	expect("k7/8/8/8/8/8/8/6BK w - - 0 1", false, false);
	expect("k7/8/8/8/8/8/8/5NNK w - - 0 1", true, false);
	expect("k7/8/8/8/8/8/8/5BNK w - - 0 1", true, false);
	expect("k7/8/8/8/8/8/8/6RK w - - 0 1", true, false);
	expect("k7/8/8/8/8/8/6P1/7K w - - 0 1", true, false);
	expect("kq6/8/8/8/8/8/8/7K b - - 0 1", false, true);
}
END_TEST

START_TEST(bishops_of_one_colour)
{
	expect("kb6/8/8/8/8/8/8/6BK w - - 0 1", false, false);
	expect("kb6/8/8/8/8/4B3/8/6BK w - - 0 1", false, false);
	expect("k1b5/8/8/8/8/8/8/6BK w - - 0 1", true, true);
	expect("k7/8/8/8/8/8/8/5BBK w - - 0 1", true, false);
	expect("kr6/8/8/8/8/8/8/6BK w - - 0 1", false, true);
	expect("kn6/8/8/8/8/8/8/6BK w - - 0 1", true, true);
	expect("k7/7p/8/8/8/8/8/6BK w - - 0 1", true, true);
}
END_TEST

START_TEST(one_knight)
{
	expect("kn6/8/8/8/8/8/8/6NK w - - 0 1", true, true);
	expect("kb6/8/8/8/8/8/8/6NK w - - 0 1", true, true);
	expect("kr6/8/8/8/8/8/8/6NK w - - 0 1", true, true);
	expect("kq6/8/8/8/8/8/8/6NK b - - 0 1", false, true);
	expect("k7/7p/8/8/8/8/8/6NK w - - 0 1", true, true);
}
END_TEST

static const char *const closed[] = {
	"8/8/4k3/p1p1p1p1/P1P1P1P1/4K3/8/8 w - - 0 1",
	"8/8/3k4/1p1p1p1p/1P1P1P1P/3K4/8/8 b - - 0 1",
	"8/2k5/1p1p2p1/1P1Pp1Pp/4P2P/2K5/8/8 w - - 0 1",
	"k7/8/2p5/p1Pp2p1/P2P1pP1/2K2P2/8/8 w - - 0 1",
	"8/4k3/p2p4/Pp1Pp1p1/1Pp1P1P1/2P5/7K/8 w - - 0 1",
};

START_TEST(closed_chains)
{
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
		expect(closed[i], false, false);
	/* A gap, a lever or a piece that can take a pawn opens them. */
	expect("8/8/4k3/p1p1p3/P1P1P3/4K3/8/8 w - - 0 1", true, true);
	expect("8/8/4k3/p1p1p1p1/P1P1P1P1/4K2P/8/8 w - - 0 1", true, true);
	expect("8/5p2/4k3/p1p1p1p1/P1P1P1P1/4K3/8/8 w - - 0 1", true, true);
	expect("8/8/4k3/p1p1p1p1/P1P1P1P1/4K3/8/4N3 w - - 0 1", true, true);
	/* A bishop on the squares of its own pawns takes none. */
	expect("8/2k5/3p1p1p/p1pPpPpP/P1P1P1P1/8/4K3/5B2 w - - 0 1", false, false);
	expect("8/2k5/3p1p1p/p1pPpPpP/P1P1P1P1/8/4K3/4B3 w - - 0 1", true, true);
	/* On the far side it gives check, but the king's own men cannot fill the other squares. */
	expect("4B3/2k5/3p1p1p/p1pPpPpP/P1P1P1P1/8/4K3/8 w - - 0 1", false, false);
	expect("4Bb2/2k5/3p1p1p/p1pPpPpP/P1P1P1P1/8/4K3/8 w - - 0 1", false, false);
	expect("4Bn2/2k5/3p1p1p/p1pPpPpP/P1P1P1P1/8/4K3/8 w - - 0 1", true, true);
}
END_TEST

START_TEST(forced_lines)
{
	/* The only move takes the last piece. */
	expect("k7/8/8/8/8/8/1q6/K7 w - - 0 1", false, false);
	expect("8/6P1/5k1K/7r/8/8/8/8 w - - 0 1", true, false);
	/* The only line ends in stalemate. */
	expect("k7/P7/8/1K6/8/8/8/8 b - - 0 1", true, false);
	expect("k7/P7/1K6/8/8/8/8/8 b - - 0 1", false, false);
}
END_TEST

START_TEST(mated_is_mated)
{
	expect("k6R/8/1K6/8/8/8/8/8 b - - 0 1", true, false);
	expect("7k/5Q2/6K1/8/8/8/8/8 b - - 0 1", false, false);
}
END_TEST

/* Plays out every line from a board and fails on any mate. */
#define STATES_MAX (1 << 16)

struct states {
	struct chess_board board[STATES_MAX];
	uint16_t slot[2 * STATES_MAX]; /* index + 1 by key */
	size_t n;
};

static void add_state(struct states *s, struct chess_board b)
{
	size_t at = b.key % (2 * STATES_MAX);

	b.halfmove = 0;
	b.fullmove = 1;
	for (; s->slot[at]; at = (at + 1) % (2 * STATES_MAX))
		if (memcmp(&s->board[s->slot[at] - 1], &b, sizeof(b)) == 0)
			return;
	ck_assert_uint_lt(s->n, STATES_MAX - 1);
	s->board[s->n++] = b;
	s->slot[at] = (uint16_t)s->n;
}

START_TEST(played_out_to_the_end)
{
	static struct states s;

	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		memset(&s, 0, sizeof(s));
		add_state(&s, board_of(closed[i]));
		for (size_t k = 0; k < s.n; k++) {
			struct chess_move moves[CHESS_MOVES_MAX];
			size_t n = chess_moves_legal(&s.board[k], moves);

			ck_assert(n > 0 || !chess_checkers(&s.board[k]));
			for (size_t m = 0; m < n; m++) {
				struct chess_board next = s.board[k];

				chess_board_play(&next, moves[m]);
				add_state(&s, next);
			}
		}
		ck_assert_uint_gt(s.n, 100);
	}
}
END_TEST

START_TEST(ordinary_positions_are_alive)
{
	uint64_t seed = 31;

	expect(START_FEN, true, true);
	expect(KIWIPETE_FEN, true, true);
	for (unsigned game = 0; game < 50; game++) {
		struct chess_board b = board_of(START_FEN);

		for (unsigned ply = 0; ply < 40; ply++) {
			struct chess_move moves[CHESS_MOVES_MAX];
			size_t n = chess_moves_legal(&b, moves);

			if (n == 0)
				break;
			ck_assert(
				chess_can_mate(&b, CHESS_WHITE) && chess_can_mate(&b, CHESS_BLACK));
			chess_board_play(&b, moves[random_below(&seed, (unsigned)n)]);
		}
	}
}
END_TEST

TEST_MAIN("dead", bare_kings_and_single_pieces, bishops_of_one_colour, one_knight, closed_chains,
	forced_lines, mated_is_mated, played_out_to_the_end, ordinary_positions_are_alive)
