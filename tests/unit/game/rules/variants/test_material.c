/*
 * Who can still win a variant by the men there are, held against all positions of few men: where one is a
 * win, the rule must not say "no", and where it says "no" of these very men, none may be.
 */
#include "rules/variants/material.h"

#include "rules/variants/plugin.h"

#include "game/rules/game_test.h"
#include "variant_test.h"

#define MEN_MAX 4

/* Men that are put on every square there is, and what was seen of them, by the colours of their squares. */
struct men {
	enum variant variant;
	const char *letters; /* as in a FEN */
	unsigned square[MEN_MAX];
	bool can[1 << MEN_MAX], won[1 << MEN_MAX], seen[1 << MEN_MAX];
};

static unsigned kind_of(char letter)
{
	static const char kinds[] = "pnbrqk"; /* as CHESS_PAWN and those after it */

	return (unsigned)(strchr(kinds, letter | 0x20) - kinds);
}

static struct variant_board board_of_men(const struct men *m)
{
	struct variant_board b = { .variant = (uint8_t)m->variant };

	b.chess.turn = CHESS_BLACK;
	b.chess.ep = CHESS_NO_SQUARE;
	b.chess.fullmove = 1;
	for (unsigned i = 0; m->letters[i]; i++)
		chess_board_put(&b.chess, m->letters[i] & 0x20 ? CHESS_BLACK : CHESS_WHITE,
			kind_of(m->letters[i]), m->square[i]);
	return b;
}

static bool is_mate(const struct variant_board *b)
{
	struct chess_move moves[VARIANT_MOVES_MAX];

	return variant_in_check(b, CHESS_BLACK) && variant_moves(b, moves) == 0;
}

/* Of knights the colour of the square says nothing, and of bishops all. */
static unsigned class_of(const struct men *m)
{
	unsigned class = 0;

	for (unsigned i = 0; m->letters[i]; i++)
		if (kind_of(m->letters[i]) == CHESS_BISHOP &&
			(CHESS_SET_LIGHT & chess_bit(m->square[i])))
			class |= 1u << i;
	return class;
}

static void place_from(struct men *m, unsigned i, uint64_t taken)
{
	bool pawn = m->letters[i] && kind_of(m->letters[i]) == CHESS_PAWN;
	struct variant_board b;
	unsigned class;

	for (unsigned square = 0; m->letters[i] && square < 64; square++) {
		if ((taken & chess_bit(square)) || (pawn && (square < 8 || square > 55)))
			continue;
		m->square[i] = square;
		place_from(m, i + 1, taken | chess_bit(square));
	}
	if (m->letters[i])
		return;
	b = board_of_men(m);
	class = class_of(m);
	m->seen[class] = true;
	m->can[class] = variant_can_win(&b, CHESS_WHITE);
	m->won[class] |= is_mate(&b);
}

/* White's men and black's. */
static void all_positions(enum variant variant, const char *letters)
{
	struct men m = { .variant = variant, .letters = letters };

	chess_ready();
	place_from(&m, 0, 0);
	for (unsigned class = 0; class < 1 << MEN_MAX; class ++)
		ck_assert_msg(!m.seen[class] || m.can[class] == m.won[class],
			"%s of class %u: can win %d, is seen to %d", letters, class, m.can[class],
			m.won[class]);
}

START_TEST(the_horde_against_few)
{
	static const char *const few[] = { "Qk", "Rk", "QQk", "QRk", "QNk", "QBk", "RRk", "RNk",
		"RBk", "NNk", "NBk", "BBk", "Qkp", "Qkn", "Qkb", "Qkr", "Qkq", "Rkp", "Nkp", "Bkb",
		"Nkr" };

	for (size_t i = 0; i < sizeof(few) / sizeof(few[0]); i++)
		all_positions(VARIANT_HORDE, few[i]);
}
END_TEST

/* Beside the king; what more men than can be tried square by square are enough for, and are not. */
START_TEST(the_horde_against_more)
{
	static const struct {
		const char *fen;
		bool can;
	} known[] = {
		{ "k7/ppP5/brp5/8/8/8/8/8 w - - 0 1", true },
		{ "kb6/n7/1Q6/8/8/b7/8/8 w - - 0 1", true },
		{ "k7/1n6/8/8/8/8/2N5/rb6 w - - 0 1", true },
		{ "8/2k5/3q4/8/8/8/1P6/8 w - - 0 1", false },
		{ "8/2k5/3q4/8/8/1Q6/8/8 w - - 0 1", false },
		{ "rnbqkbnr/8/8/8/8/8/8/N7 w - - 0 1", true },
		{ "k1q1q1q1/8/8/8/8/8/8/N7 w - - 0 1", false },
		{ "k1r1r1r1/8/8/8/8/8/8/N7 w - - 0 1", false },
		{ "k1r1q1q1/8/8/8/8/8/8/N7 w - - 0 1", false },
		{ "kb2q3/1b6/8/8/8/8/8/N7 w - - 0 1", false },
		{ "kb2r3/1b6/8/8/8/8/8/N7 w - - 0 1", true },
		{ "rnb1k2r/8/8/8/8/8/8/B7 w - - 0 1", false },
		{ "k7/pp6/8/8/8/8/8/B7 w - - 0 1", true },
		{ "k1q1q3/8/8/8/8/8/8/N1N5 w - - 0 1", false },
		{ "k1q1q1r1/8/8/8/8/8/8/N1N5 w - - 0 1", true },
		{ "k1q1q1r1/8/8/8/8/8/8/B1N5 w - - 0 1", true },
		{ "k1q5/8/8/8/8/8/8/B1N5 w - - 0 1", false },
		{ "k1q1q1q1/8/8/8/8/8/8/BB6 w - - 0 1", false },
		{ "k1q1n3/8/8/8/8/8/8/BB6 w - - 0 1", true },
		{ "k1q1q3/8/8/8/8/8/8/B1B5 w - - 0 1", false },
		{ "k1q1q1q1/8/8/8/8/8/8/B1B1B3 w - - 0 1", true },
		{ "k7/8/8/8/8/8/8/B1B1B1B1 w - - 0 1", false },
		{ "8/2k5/8/8/3B4/8/4NB2/8 w - - 0 1", true },
		{ "8/2k5/8/8/8/8/P7/P7 w - - 0 1", true },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct variant_board b = variant_of(VARIANT_HORDE, known[i].fen);

		ck_assert_msg(variant_can_win(&b, CHESS_WHITE) == known[i].can, "%s", known[i].fen);
		ck_assert(variant_can_win(&b, CHESS_BLACK));
	}
}
END_TEST

/* A bare king does not explode; whoever has a man beside him may. */
START_TEST(atomic_against_few)
{
	static const char *const few[] = { "Kk", "KNk", "KBk", "KRk", "KQk" };
	static const struct {
		const char *fen;
		bool can;
	} known[] = {
		{ "k7/8/8/8/8/8/8/NN5K w - - 0 1", false },
		{ "k7/8/8/8/8/8/8/NNN4K w - - 0 1", true },
		{ "k7/8/8/8/8/8/8/B1B1B2K w - - 0 1", false },
		{ "k7/8/8/8/8/8/8/BB5K w - - 0 1", true },
		{ "k7/8/8/8/8/8/8/BN5K w - - 0 1", true },
		{ "k7/8/8/8/8/8/8/1RN4K w - - 0 1", true },
		{ "k7/8/8/8/8/8/P7/7K w - - 0 1", true },
		{ "k6n/8/8/8/8/8/8/N6K w - - 0 1", true },
		{ "kb6/8/8/8/8/8/8/B6K w - - 0 1", true },
		{ "k1b5/8/8/8/8/8/8/B6K w - - 0 1", false },
		{ "8/8/8/8/8/8/b6B/kb5K w - - 0 1", true },
	};

	for (size_t i = 0; i < sizeof(few) / sizeof(few[0]); i++)
		all_positions(VARIANT_ATOMIC, few[i]);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct variant_board b = variant_of(VARIANT_ATOMIC, known[i].fen);

		ck_assert_msg(variant_can_win(&b, CHESS_WHITE) == known[i].can, "%s", known[i].fen);
	}
}
END_TEST

/* A knight or bishop that comes back is no mate either. */
START_TEST(crazyhouse_with_one_man)
{
	static const struct {
		const char *fen;
		bool can;
	} known[] = {
		{ "k7/8/8/8/8/8/8/K7[] w - - 0 1", false },
		{ "k7/8/8/8/8/8/8/K6N[] w - - 0 1", false },
		{ "k7/8/8/8/8/8/8/K7[b] w - - 0 1", false },
		{ "k7/8/8/8/8/8/8/K6N~[] w - - 0 1", true },
		{ "k7/8/8/8/8/8/8/K6N[n] w - - 0 1", true },
		{ "k7/8/8/8/8/8/8/K7[P] w - - 0 1", true },
		{ "k7/8/8/8/8/8/8/K6R[] w - - 0 1", true },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct variant_board b = variant_of(VARIANT_CRAZYHOUSE, known[i].fen);
		void *state = game_begin(&crazyhouse_rules, known[i].fen);

		for (unsigned colour = 0; colour < 2; colour++)
			ck_assert_msg(
				variant_can_win(&b, colour) == known[i].can, "%s", known[i].fen);
		ck_assert_int_eq(game_outcome(&crazyhouse_rules, state).over, !known[i].can);
		free(state);
	}
}
END_TEST

START_TEST(antichess_bishops_that_never_meet)
{
	void *state = game_begin(&antichess_rules, "8/8/8/8/8/8/3p4/B1B1b3 w - - 0 1");

	ck_assert(!game_outcome(&antichess_rules, state).over);
	ck_assert(antichess_rules.can_win(state, 0) && antichess_rules.can_win(state, 1));
	game_play(&antichess_rules, state, "c1d2 e1d2");
	ck_assert(!game_outcome(&antichess_rules, state).over);
	free(state);
	state = game_begin(&antichess_rules, "8/8/8/8/8/8/3b4/B1B5 b - - 0 1");
	ck_assert(!game_outcome(&antichess_rules, state).over);
	free(state);
	state = game_begin(&antichess_rules, "2b5/8/8/8/8/8/3p4/B1B5 w - - 0 1");
	game_play(&antichess_rules, state, "c1d2");
	game_ended(&antichess_rules, state, GAME_NOBODY, "dead position");
	free(state);
	state = game_begin(&antichess_rules, "2b5/8/8/8/8/8/8/B1K5 w - - 0 1");
	ck_assert(!game_outcome(&antichess_rules, state).over);
	free(state);
}
END_TEST

/* All places of two knights: whoever may capture at once never is captured, and so on for ever. */
START_TEST(antichess_with_a_knight_each)
{
	struct men m = { .variant = VARIANT_ANTICHESS, .letters = "Nn" };

	chess_ready();
	for (unsigned i = 0; i < 64 * 64; i++) {
		struct chess_move moves[VARIANT_MOVES_MAX];
		struct variant_board b;
		size_t n;

		m.square[0] = i / 64;
		m.square[1] = i % 64;
		if (m.square[0] == m.square[1])
			continue;
		b = board_of_men(&m);
		ck_assert(variant_can_win(&b, CHESS_WHITE) != variant_can_win(&b, CHESS_BLACK));
		n = variant_moves(&b, moves);
		for (size_t k = 0; k < n; k++) {
			struct variant_board next = b;

			variant_play(&next, moves[k]);
			if (variant_captures(&b, moves[k]))
				ck_assert(variant_can_win(&b, CHESS_WHITE));
			else
				ck_assert(variant_can_win(&next, CHESS_WHITE) ==
					  variant_can_win(&b, CHESS_WHITE));
		}
	}
}
END_TEST

TEST_MAIN("material", the_horde_against_few, the_horde_against_more, atomic_against_few,
	crazyhouse_with_one_man, antichess_bishops_that_never_meet, antichess_with_a_knight_each)
