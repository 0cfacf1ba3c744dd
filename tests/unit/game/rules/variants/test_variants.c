/*
 * What each variant does otherwise than chess: its moves, its ends, its text.
 */
#include "rules/variants/plugin.h"

#include "game/rules/game_test.h"
#include "variant_test.h"

static char *fen_after(enum variant variant, const char *fen, const char *line)
{
	static char out[VARIANT_FEN_MAX];
	struct variant_board b = variant_of(variant, fen);

	variant_line(&b, line);
	variant_fen_write(&b, out);
	return out;
}

static const char *san_of(enum variant variant, const char *fen, const char *uci)
{
	static char san[VARIANT_SAN_MAX];
	struct variant_board b = variant_of(variant, fen);
	struct chess_move m;

	ck_assert_int_eq(variant_uci_read(&b, slice_str(uci), &m), 0);
	variant_san_write(&b, m, san);
	return san;
}

/* A game from a setup, all of its moves, and how it ends. */
static void ends(const struct game_rules *rules, const char *fen, const char *line, int winner,
	const char *status, const char *reason)
{
	void *state = game_begin(rules, fen);

	ck_assert_msg(!game_outcome(rules, state).over, "%s has ended before", fen);
	game_play(rules, state, line);
	game_ended(rules, state, winner, reason);
	ck_assert_str_eq(game_outcome(rules, state).status, status);
	free(state);
}

START_TEST(captured_men_go_to_the_pocket)
{
	ck_assert_str_eq(fen_after(VARIANT_CRAZYHOUSE, "", "e2e4 d7d5 e4d5 d8d5"),
		"rnb1kbnr/ppp1pppp/8/3q4/8/8/PPPP1PPP/RNBQKBNR[Pp] w KQkq - 0 3");
	ck_assert_str_eq(fen_after(VARIANT_CRAZYHOUSE, "", "e2e4 d7d5 e4d5 d8d5 P@e4"),
		"rnb1kbnr/ppp1pppp/8/3q4/4P3/8/PPPP1PPP/RNBQKBNR[p] b KQkq - 0 3");
	/* What was promoted is a pawn again when captured. */
	ck_assert_str_eq(
		fen_after(VARIANT_CRAZYHOUSE, "7k/P7/8/8/8/8/8/r6K[] w - - 0 1", "h1g2 a1b1"),
		"7k/P7/8/8/8/8/6K1/1r6[] w - - 2 2");
	ck_assert_str_eq(fen_after(VARIANT_CRAZYHOUSE, "7k/P7/8/8/8/8/r7/6K1[] w - - 0 1", "a7a8q"),
		"Q~6k/8/8/8/8/8/r7/6K1[] b - - 0 1");
	ck_assert_str_eq(fen_after(VARIANT_CRAZYHOUSE, "7k/P7/1n6/8/8/8/r7/6K1[] w - - 0 1",
				 "a7a8r h8g7 a8a7 g7f6 a7a2 b6c4 a2a1"),
		"8/8/5k2/8/2n5/8/8/R~5K1[R] b - - 2 4");
	ck_assert_str_eq(
		fen_after(VARIANT_CRAZYHOUSE, "7k/P7/1n6/8/8/8/8/6K1[] w - - 0 1", "a7a8r b6a8"),
		"n6k/8/8/8/8/8/8/6K1[p] w - - 0 2");
}
END_TEST

START_TEST(drops)
{
	struct variant_board b =
		variant_of(VARIANT_CRAZYHOUSE, "4k3/8/8/8/8/8/4r3/K7[PN] w - - 0 1");

	ck_assert(variant_legal(&b, "P@a2") && variant_legal(&b, "N@h8"));
	ck_assert(!variant_legal(&b, "P@a1") && !variant_legal(&b, "P@a8"));
	ck_assert(!variant_legal(&b, "N@e2") && !variant_legal(&b, "Q@a2"));
	ck_assert(!variant_legal(&b, "n@a2") && !variant_legal(&b, "N@a9"));
	/* In check a man may be put between, and nowhere else. */
	b = variant_of(VARIANT_CRAZYHOUSE, "4k3/8/8/8/8/8/8/K6r[PN] w - - 0 1");
	ck_assert(variant_legal(&b, "N@d1") && !variant_legal(&b, "N@d2"));
	ck_assert(!variant_legal(&b, "P@d1"));
	ck_assert_str_eq(
		san_of(VARIANT_CRAZYHOUSE, "k7/8/8/8/8/8/8/K6r[PN] w - - 0 1", "N@d1"), "N@d1");
	ck_assert_str_eq(
		san_of(VARIANT_CRAZYHOUSE, "k7/2K5/8/8/8/8/8/8[PR] w - - 0 1", "R@a1"), "R@a1#");
	ck_assert_str_eq(
		san_of(VARIANT_CRAZYHOUSE, "k7/8/8/8/8/8/8/K7[PR] w - - 0 1", "P@b7"), "P@b7+");
	/* A knight of the pocket is no other knight that a text must tell apart. */
	ck_assert_str_eq(
		san_of(VARIANT_CRAZYHOUSE, "k7/8/8/8/8/8/8/K5N1[N] w - - 0 1", "g1f3"), "Nf3");
	ends(&crazyhouse_rules, "k7/2K5/8/8/8/8/8/8[PR] w - - 0 1", "R@a1", 0, "mate", "checkmate");
}
END_TEST

START_TEST(captures_explode)
{
	struct variant_board b;

	/* All around but pawns, and the rights of the rook that is gone. */
	ck_assert_str_eq(fen_after(VARIANT_ATOMIC, "r3k3/1n6/8/8/4B3/8/P7/4K3 w q - 0 1", "e4b7"),
		"4k3/8/8/8/8/8/P7/4K3 b - - 0 1");
	ck_assert_str_eq(fen_after(VARIANT_ATOMIC, "4k3/1pp5/n7/1P6/8/8/8/4K3 w - - 0 1", "b5a6"),
		"4k3/1pp5/8/8/8/8/8/4K3 b - - 0 1");
	ends(&atomic_rules, "4k3/4p3/8/8/8/8/8/4RK2 w - - 0 1", "e1e7", 0, "variantEnd",
		"the king has exploded");
	ends(&atomic_rules, "rnbqkbnr/ppp1pppp/8/3p4/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
		"g1f3 d5d4 f3g5 d4d3 g5f7", 0, "variantEnd", "the king has exploded");
	/* A king does not capture, nor may his own explode; touching kings are in no check. */
	b = variant_of(VARIANT_ATOMIC, "4k3/8/8/8/8/8/4p3/3RK3 w - - 0 1");
	ck_assert(!variant_legal(&b, "e1e2"));
	b = variant_of(VARIANT_ATOMIC, "4k3/8/8/8/8/8/2p5/3NK2R w - - 0 1");
	ck_assert(variant_legal(&b, "h1h8") && !variant_in_check(&b, CHESS_WHITE));
	b = variant_of(VARIANT_ATOMIC, "8/8/8/8/8/3k4/3K4/r6r w - - 0 1");
	ck_assert(variant_legal(&b, "d2e2") && variant_legal(&b, "d2c2"));
	ck_assert_str_eq(
		san_of(VARIANT_ATOMIC, "4k3/4p3/8/8/8/8/8/4RK2 w - - 0 1", "e1e7"), "Rxe7#");
	ends(&atomic_rules, "4k3/8/8/8/8/8/4p3/R6K b - - 0 1", "e8d7 a1a2 d7e6 a2e2", GAME_NOBODY,
		"draw", "dead position");
}
END_TEST

START_TEST(captures_are_a_duty)
{
	struct variant_board b = variant_of(VARIANT_ANTICHESS, "8/2p5/8/8/8/1p6/P7/K7 w - - 0 1");

	ck_assert(variant_legal(&b, "a2b3") && !variant_legal(&b, "a2a3"));
	ck_assert(!variant_legal(&b, "a1b1"));
	b = variant_of(VARIANT_ANTICHESS, "8/P7/8/8/8/8/8/7k w - - 0 1");
	ck_assert(variant_legal(&b, "a7a8k") && variant_legal(&b, "a7a8q"));
	ck_assert_str_eq(san_of(VARIANT_ANTICHESS, "8/P7/8/8/8/8/8/7k w - - 0 1", "a7a8k"), "a8=K");
	ck_assert_str_eq(
		san_of(VARIANT_ANTICHESS, "8/8/8/8/8/8/1p6/K7 w - - 0 1", "a1b2"), "Kxb2#");
	/* Who has no men, or no move, has won. */
	ends(&antichess_rules, "8/8/8/8/8/8/1p6/K7 w - - 0 1", "a1b2", 1, "variantEnd",
		"no move is left");
	ends(&antichess_rules, "8/8/8/7p/p7/8/P6P/8 w - - 0 1", "a2a3 h5h4 h2h3", 1, "variantEnd",
		"no move is left");
}
END_TEST

START_TEST(the_horde)
{
	struct variant_board b = variant_of(VARIANT_HORDE, "k7/8/8/8/8/8/8/P6P w - - 0 1");

	ck_assert(variant_legal(&b, "a1a3") && variant_legal(&b, "h1h2"));
	/* Two squares from the first rank pass nothing by; from the second they do. */
	ck_assert_str_eq(fen_after(VARIANT_HORDE, "k7/8/8/8/8/8/1p6/P6P w - - 0 1", "h1h3"),
		"k7/8/8/8/8/7P/1p6/P7 b - - 0 1");
	ck_assert_str_eq(fen_after(VARIANT_HORDE, "k7/8/8/8/1p6/8/P7/8 w - - 0 1", "a2a4"),
		"k7/8/8/8/Pp6/8/8/8 b - a3 0 1");
	ends(&horde_rules, "k7/8/8/8/8/1p6/P7/8 b - - 0 1", "b3a2", 1, "variantEnd",
		"the horde is gone");
	ends(&horde_rules, "k7/2Q5/P7/8/8/8/8/8 w - - 0 1", "c7b7", 0, "mate", "checkmate");
	ends(&horde_rules, "k7/8/8/8/p7/8/P7/8 b - - 0 1", "a4a3", GAME_NOBODY, "stalemate",
		"stalemate");
}
END_TEST

START_TEST(the_hill_the_race_and_the_third_check)
{
	struct variant_board b;

	ends(&king_of_the_hill_rules, "k7/8/8/8/8/4K3/8/8 w - - 0 1", "e3e4", 0, "variantEnd",
		"the king is on the hill");
	ck_assert_str_eq(
		san_of(VARIANT_KING_OF_THE_HILL, "k7/8/8/8/8/4K3/8/8 w - - 0 1", "e3d4"), "Kd4#");
	ends(&three_check_rules, "4k3/8/8/8/8/8/8/4K2R w - - 0 1 +2+0", "h1h8", 0, "variantEnd",
		"the third check");
	ck_assert_str_eq(
		fen_after(VARIANT_THREE_CHECK, "4k3/8/8/8/8/8/8/4K2R w - - 2+3 0 1", "e1d1"),
		"4k3/8/8/8/8/8/8/3K3R b - - 1 1 +1+0");
	ends(&three_check_rules, "4k3/8/8/8/8/8/8/3rK3 w - - 0 1", "e1d1", GAME_NOBODY, "draw",
		"dead position");

	b = variant_of(VARIANT_RACING_KINGS, "8/8/8/8/8/8/k6K/1R6 w - - 0 1");
	ck_assert(!variant_legal(&b, "b1a1") && !variant_legal(&b, "b1b2"));
	ck_assert(variant_legal(&b, "b1c1"));
	/* Black, who moves second, may still follow. */
	ends(&racing_kings_rules, "8/k6K/8/8/8/8/8/8 w - - 0 1", "h7h8 a7a8", GAME_NOBODY, "draw",
		"both kings are on the last rank");
	ends(&racing_kings_rules, "8/k6K/8/8/8/8/8/8 w - - 0 1", "h7h8 a7a6", 0, "variantEnd",
		"the king is on the last rank");
	ends(&racing_kings_rules, "8/7K/k7/8/8/8/8/8 w - - 0 1", "h7h8", 0, "variantEnd",
		"the king is on the last rank");
	ends(&racing_kings_rules, "8/k7/7K/8/8/8/8/8 b - - 0 1", "a7a8", 1, "variantEnd",
		"the king is on the last rank");
}
END_TEST

START_TEST(texts_that_no_game_has)
{
	static const struct {
		enum variant variant;
		const char *fen;
	} wrong[] = {
		{ VARIANT_CRAZYHOUSE, "4k3/8/8/8/8/8/8/4K3[K] w - - 0 1" },
		{ VARIANT_CRAZYHOUSE, "4k3/8/8/8/8/8/8/4K3[Q w - - 0 1" },
		{ VARIANT_CRAZYHOUSE, "4k3/8/8/8/8/8/8/~4K3[] w - - 0 1" },
		{ VARIANT_CRAZYHOUSE, "4k~3/8/8/8/8/8/8/4K3[] w - - 0 1" },
		{ VARIANT_CRAZYHOUSE, "4k3/8/8/8/8/8/8/4K3[QQQQQQQQQQQQQQQQQQQQQQ] w - - 0 1" },
		{ VARIANT_CRAZYHOUSE,
			"4k3/8/8/8/8/8/8/4K3[QQQQQQQQRRRRRRRRBBBBBBBBNNNNNNNN] w - - 0 1" },
		{ VARIANT_ATOMIC, "8/8/8/8/8/8/8/8 w - - 0 1" },
		{ VARIANT_ATOMIC, "4k3/8/8/8/8/8/8/4K3[] w - - 0 1" },
		{ VARIANT_HORDE, "4k3/8/8/8/8/8/8/4K3 w - - 0 1" },
		{ VARIANT_HORDE, "8/8/8/8/8/8/8/4P3 w - - 0 1" },
		{ VARIANT_HORDE, "4k3/8/8/8/8/8/8/4p3 w - - 0 1" },
		{ VARIANT_RACING_KINGS, "8/8/8/8/8/8/k6K/R7 w - - 0 1" },
		{ VARIANT_THREE_CHECK, "4k3/8/8/8/8/8/8/4K3 w - - 0 1 +4+0" },
		{ VARIANT_THREE_CHECK, "4k3/8/8/8/8/8/8/4K3 w - - 0 1 +1+0 x" },
		{ VARIANT_KING_OF_THE_HILL,
			"r1k1r2q/p1ppp1pp/8/8/8/8/P1PPP1PP/R1K1R2Q w EAea - 0 1" },
		{ VARIANT_KING_OF_THE_HILL, "4k2R/8/8/8/8/8/8/4K3 w - - 0 1" },
	};
	struct variant_board b;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *why = NULL;

		ck_assert_msg(variant_fen_read(wrong[i].variant, slice_str(wrong[i].fen), &b,
				      &why) == HEARTH_EINVAL,
			"%s", wrong[i].fen);
		ck_assert(why && why[0]);
	}
	/* Pockets are read as a ninth rank as well. */
	ck_assert_str_eq(fen_after(VARIANT_CRAZYHOUSE, "4k3/8/8/8/8/8/8/4K3/NNp w - - 0 1", "N@a1"),
		"4k3/8/8/8/8/8/8/N3K3[Np] b - - 1 1");
}
END_TEST

/* In crazyhouse all positions are looked through. */
START_TEST(repetition)
{
	void *state = game_begin(&crazyhouse_rules, "7k/8/8/8/8/8/8/K7[Rr] w - - 0 1");

	game_play(&crazyhouse_rules, state, "a1a2 h8h7 a2a1 h7h8 a1a2 h8h7 a2a1 h7h8");
	ck_assert(!game_outcome(&crazyhouse_rules, state).over);
	game_play(&crazyhouse_rules, state, "a1a2 h8h7 a2a1 h7h8 a1a2 h8h7 a2a1 h7h8");
	game_ended(&crazyhouse_rules, state, GAME_NOBODY, "fivefold repetition");
	free(state);
}
END_TEST

/* More moves than positions are kept: the oldest goes, and what is left is saved and read the same. */
START_TEST(a_long_game_of_crazyhouse)
{
	const struct game_rules *rules = &crazyhouse_rules;
	struct trial t = { .rules = rules, .seats = 2, .setup = SLICE("") };
	unsigned longest = 0;

	for (uint64_t game = 1; game < 30 && longest < 200; game++) {
		unsigned ply = 0;

		t.random = game * 0x9e3779b97f4a7c15u;
		t.state = game_begin(rules, "");
		t.copy = mem_alloc(rules->state_size);
		for (; ply < 260 && rules->to_move(t.state); ply++) {
			struct strbuf list = { 0 };
			struct slice all;
			const char *why;
			unsigned seat = rules->to_move(t.state) == 2;

			rules->legal(t.state, seat, &list);
			all = strbuf_slice(&list);
			ck_assert_int_eq(
				rules->apply(t.state, seat,
					trial_word(
						all, trial_below(&t, (unsigned)trial_words(all))),
					NULL, &why),
				0);
			strbuf_free(&list);
			if (ply > 140 && ply % 8 == 0)
				trial_reload(&t);
		}
		longest = ply > longest ? ply : longest;
		free(t.state);
		free(t.copy);
	}
	ck_assert_uint_ge(longest, 200);
}
END_TEST

START_TEST(written_down_as_lichess_does)
{
	struct game_record match = { .names = { "a", "b" },
		.seats = 2,
		.moves = SLICE("e4 e5"),
		.status = SLICE("started") };
	struct strbuf out = { 0 };

	crazyhouse_rules.record(&match, &out);
	ck_assert_ptr_nonnull(strstr(out.p, "[Variant \"Crazyhouse\"]"));
	ck_assert_ptr_null(strstr(out.p, "[FEN"));
	strbuf_reset(&out);
	racing_kings_rules.record(&match, &out);
	ck_assert_ptr_nonnull(strstr(out.p, "[Variant \"Racing Kings\"]\n[SetUp \"1\"]\n"
					    "[FEN \"8/8/8/8/8/8/krbnNBRK/qrbnNBRQ w - - 0 1\"]"));
	strbuf_free(&out);
}
END_TEST

TEST_MAIN("variants", captured_men_go_to_the_pocket, drops, captures_explode, captures_are_a_duty,
	the_horde, the_hill_the_race_and_the_third_check, texts_that_no_game_has, repetition,
	a_long_game_of_crazyhouse, written_down_as_lichess_does)
