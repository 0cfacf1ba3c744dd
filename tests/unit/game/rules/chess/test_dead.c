/*
 * Who can still mate: material, blocked pawns, forced lines. That "cannot" is never wrong is shown
 * on closed positions by playing everything out.
 */
#include "rules/chess/dead.h"

#include <pthread.h>

#include "chess_test.h"

#include "rules/chess/dead_search.h"

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
#define PLAYED_MAX 12000 /* of one random position */

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

/* Whether `colour` mates in any line from a board, as far as STATES_MAX positions show. */
static bool mates_somewhere(struct states *s, const struct chess_board *b, unsigned colour)
{
	memset(s, 0, sizeof(*s));
	add_state(s, *b);
	for (size_t k = 0; k < s->n; k++) {
		struct chess_move moves[CHESS_MOVES_MAX];
		size_t n = chess_moves_legal(&s->board[k], moves);

		if (n == 0 && s->board[k].turn != colour && chess_checkers(&s->board[k]))
			return true;
		for (size_t m = 0; m < n && s->n < PLAYED_MAX; m++) {
			struct chess_board next = s->board[k];

			chess_board_play(&next, moves[m]);
			add_state(s, next);
		}
	}
	return false;
}

/*
 * A wall: on every other file two pawns that block each other, and between them nothing, two more, or two
 * that face each other from afar. Two kings, mostly on their own sides of it; perhaps a bishop.
 */
static bool random_wall(uint64_t *seed, struct chess_board *b)
{
	static const char *const men[4] = { "..", "..", "B.", ".b" };
	const char *bishop = men[random_below(seed, 4)];
	unsigned base = 2 + random_below(seed, 3), parity = random_below(seed, 2);

	chess_ready();
	*b = (struct chess_board){
		.fullmove = 1, .ep = CHESS_NO_SQUARE, .turn = (uint8_t)random_below(seed, 2)
	};
	for (unsigned file = 0; file < 8; file++) {
		unsigned kind = file % 2 == parity ? 0 : random_below(seed, 6);
		unsigned low = base, high = base + 1;

		if (kind > 2 || random_below(seed, 30) == 0)
			continue;
		if (kind == 1) {
			low = 1 + random_below(seed, base - 1);
			high = low + 1 + random_below(seed, base + 1 - low);
		} else if (kind == 2) {
			low = base - 1;
			high = base + 1 + random_below(seed, 2);
		}
		chess_board_put(b, CHESS_WHITE, CHESS_PAWN, chess_square(file, low));
		chess_board_put(b, CHESS_BLACK, CHESS_PAWN, chess_square(file, high));
	}
	for (unsigned i = 0; i < 4; i++) {
		unsigned colour = i & 1;
		unsigned square = random_below(seed, 8 * base) + (colour ? 64 - 8 * base : 0);

		if (i >= 2 && bishop[colour] == '.')
			continue;
		if (chess_occupied(b) & chess_bit(square))
			return false;
		chess_board_put(b, colour, i < 2 ? CHESS_KING : CHESS_BISHOP, square);
	}
	b->key = chess_board_key(b);
	return !chess_board_fault(b);
}

START_TEST(what_cannot_mate_is_never_seen_to)
{
	static struct states s;
	uint64_t seed = 1973;
	unsigned dead = 0;

	for (unsigned i = 0; i < 1500; i++) {
		struct chess_board b;
		char fen[CHESS_FEN_MAX];

		if (!random_wall(&seed, &b))
			continue;
		chess_fen_write(&b, fen);
		for (unsigned colour = 0; colour < 2; colour++) {
			if (chess_can_ever_mate(&b, colour))
				continue;
			dead++;
			ck_assert_msg(
				!mates_somewhere(&s, &b, colour), "%u mates in %s", colour, fen);
		}
	}
	ck_assert_uint_gt(dead, 30);
}
END_TEST

/* What a look at all that can come about shows, and the quick tests do not. */
START_TEST(closer_looks)
{
	static const char *const dead[] = {
		/* The far pawns never pass: at most one of them is taken by a king. */
		"1k6/p1p1p1p1/P1P1P1P1/8/2p5/8/2P5/6K1 w - - 0 1",
		/* White's king can only be let out by his own undoing. */
		"7k/4b1p1/6P1/6PK/6PR/6PP/8/8 w - - 0 1",
	};
	struct chess_board b;

	for (size_t i = 0; i < sizeof(dead) / sizeof(dead[0]); i++) {
		b = board_of(dead[i]);
		ck_assert_msg(!chess_can_ever_mate(&b, CHESS_WHITE), "white in %s", dead[i]);
		ck_assert_msg(!chess_can_ever_mate(&b, CHESS_BLACK), "black in %s", dead[i]);
	}
	b = board_of(KIWIPETE_FEN);
	ck_assert(chess_can_ever_mate(&b, CHESS_WHITE) && chess_can_ever_mate(&b, CHESS_BLACK));
}
END_TEST

/* More threads than there are rooms look at once, at different games: each sees its own. */
static void *look(void *argument)
{
	static const char *const fens[] = { "1k6/p1p1p1p1/P1P1P1P1/8/2p5/8/2P5/6K1 w - - 0 1",
		KIWIPETE_FEN };
	unsigned alive = *(unsigned *)argument % 2;
	struct chess_board b = board_of(fens[alive]);

	for (unsigned i = 0; i < 20; i++)
		if (chess_search_mates(&b, CHESS_WHITE) != alive)
			return argument;
	return NULL;
}

START_TEST(many_look_at_once)
{
	enum { THREADS = 20 };
	pthread_t threads[THREADS];
	unsigned numbers[THREADS];
	void *wrong;

	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, look, &numbers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
		ck_assert_ptr_null(wrong);
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
	forced_lines, mated_is_mated, played_out_to_the_end, what_cannot_mate_is_never_seen_to,
	closer_looks, many_look_at_once, ordinary_positions_are_alive)
