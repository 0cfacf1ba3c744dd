/*
 * Nine men's morris: numbers of lines as an independent program counts them, mills and what they take,
 * flying, and each way a game ends.
 */
#include "rules/morris.h"

#include "game_test.h"

static const struct game_rules *const rules = &morris_rules;

START_TEST(lines)
{
	static const struct {
		const char *setup;
		uint64_t known[5];
	} cases[] = {
		{ "", { 24, 552, 12144, 255024, 0 } },
		{ "w..b.w..b.w.b..w..b...b. w 3 3", { 15, 266, 4318, 73906, 0 } },
		{ "wbw.wb..b.wwb...bb..w..w w 0 0", { 15, 75, 1034, 8641, 0 } },
		{ "w..w..w......b.b.b..b... b 0 0", { 8, 408, 3233, 161301, 0 } },
		{ "w..w..w......b.b.b..b... w 0 0", { 51, 384, 20058, 184333, 0 } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		game_lines_are(rules, cases[i].setup, cases[i].known);
}
END_TEST

START_TEST(a_mill_takes_who_is_in_none)
{
	void *state = game_begin(rules, "");

	game_play(rules, state, "a1 b2 a4 b4 d5 b6xd5 c3 g1");
	/* White fills a1 a4 a7: black's b2 b4 b6 are a mill, g1 is not. */
	ck_assert_int_eq(game_try(rules, state, "a7"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "a7xb4"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "a7xc3"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "d6xg1"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "a7xg1"), 0);
	/* Once all of them are in mills, any may be taken. */
	ck_assert_int_eq(game_try(rules, state, "a7xd1"), HEARTH_EDENIED);
	free(state);
	state = game_begin(rules, "ww.bbb.................. w 7 6");
	ck_assert_int_eq(game_try(rules, state, "a7xb4"), 0);
	free(state);
}
END_TEST

START_TEST(men_are_placed_then_moved_then_fly)
{
	void *state = game_begin(rules, "");

	ck_assert_int_eq(game_try(rules, state, "a1-a4"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "a1-"), HEARTH_EINVAL);
	ck_assert_int_eq(game_try(rules, state, "b1"), HEARTH_EINVAL);
	ck_assert_int_eq(game_try(rules, state, "a1xx"), HEARTH_EINVAL);
	free(state);
	state = game_begin(rules, "w..w..w.....w..b.b..b... w 0 0");
	ck_assert_int_eq(game_try(rules, state, "a7"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "a1-a4"), 0);
	ck_assert_int_eq(game_try(rules, state, "a1-a7"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "a7-a4"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "e3-e4"), HEARTH_EDENIED);
	game_play(rules, state, "a1-a4");
	ck_assert_int_eq(game_try(rules, state, "e3-a7"), 0); /* black has three */
	free(state);
}
END_TEST

START_TEST(who_has_too_few_or_no_move_has_lost)
{
	void *state = game_begin(rules, "ww......b............bbw w 0 0");

	ck_assert_int_eq(game_try(rules, state, "g7-d7"), 0);
	game_play(rules, state, "g7-a7xc5");
	ck_assert(!game_outcome(rules, state).over || game_won_by(rules, state) == 0);
	free(state);
	state = game_begin(rules, "ww......b............bb. w 1 0");
	game_play(rules, state, "a7xc5");
	game_ended(rules, state, 0, "fewer than three men");
	free(state);
	game_refused(rules, "ww......b............bb. w 1 5");
}
END_TEST

START_TEST(a_side_that_is_blocked_has_lost)
{
	/* a1 d1 g1 a4: their neighbours a7 b4 d2 g4 are black's. */
	void *state = game_begin(rules, "wwb.b....wb.w........wb. b 0 0");

	ck_assert(!game_outcome(rules, state).over);
	game_play(rules, state, "b4-c4");
	ck_assert(!game_outcome(rules, state).over);
	free(state);
	state = game_begin(rules, "wwb....b.wb..........wb. b 0 0");
	game_play(rules, state, "c4-b4");
	game_ended(rules, state, 1, "no move is left");
	free(state);
}
END_TEST

START_TEST(draws)
{
	static const char there_and_back[] = "a1-a4 e3-d3 a4-a1 d3-e3";
	void *state = game_begin(rules, "w..w..w.....w..b.b..b..b w 0 0");
	void *again = mem_alloc(rules->state_size);

	game_play(rules, state, there_and_back);
	ck_assert(!game_outcome(rules, state).over);
	game_play(rules, state, there_and_back);
	game_ended(rules, state, GAME_NOBODY, "threefold repetition");
	free(state);
	free(again);
}
END_TEST

/* Three men each that fly about: random moves that take nothing until it is drawn by their number. */
START_TEST(a_hundred_quiet_moves)
{
	bool seen = false;

	for (uint64_t game = 1; game < 40 && !seen; game++) {
		struct trial t = { .random = game * 7919 };
		void *state = game_begin(rules, "wwb.bw..bw.b.w..wb.wbb.. w 0 0");
		struct strbuf list = { 0 };
		const char *why;

		for (unsigned ply = 0; ply < 400 && rules->to_move(state); ply++) {
			unsigned seat = rules->to_move(state) == 2;
			struct slice move = { 0 };

			strbuf_reset(&list);
			rules->legal(state, seat, &list);
			for (unsigned i = 0; i < 20; i++) {
				struct slice all = strbuf_slice(&list);

				move = trial_word(all, trial_below(&t, (unsigned)trial_words(all)));
				if (slice_chr(move, 'x') < 0)
					break;
			}
			ck_assert_int_eq(rules->apply(state, seat, move, NULL, &why), 0);
		}
		seen = strcmp(game_outcome(rules, state).reason, "100 moves without a man taken") ==
		       0;
		strbuf_free(&list);
		free(state);
	}
	ck_assert(seen);
}
END_TEST

START_TEST(setups_and_saves_that_are_broken)
{
	game_refused(rules, "........................ w 9");
	game_refused(rules, "........................ x 9 9");
	game_refused(rules, "........................ w 9 8x");
	game_refused(rules, ".......................z w 9 9");
	game_refused(rules, "....................... w 9 9");
	game_refused(rules, "w....................... w 9 9");
	game_refused(rules, "........................ w 3 9");
	game_corrupt(rules, "nine-mens-morris 1\n........................ w 9 9\n");
	game_corrupt(rules, "nine-mens-morris 1\n........................ w 9 9\na1\n");
	game_corrupt(rules, "nine-mens-morris 1\nw..w..w.....w..b.b..b... w 0 0\na1-a7\n");
	game_corrupt(rules, "nine-mens-morris 1\nw..w..w.....w..b.b..b... w 0 0\na1-a4 \n");
	game_loads(rules, "nine-mens-morris 1\nw..w..w.....w..b.b..b... w 0 0\na1-a4\n");
}
END_TEST

TEST_MAIN("nine men's morris", lines, a_mill_takes_who_is_in_none,
	men_are_placed_then_moved_then_fly, who_has_too_few_or_no_move_has_lost,
	a_side_that_is_blocked_has_lost, draws, a_hundred_quiet_moves,
	setups_and_saves_that_are_broken)
