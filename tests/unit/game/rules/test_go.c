/*
 * Go: captures, ko and superko, suicide, how dead stones are agreed on, the count, handicap, setups.
 */
#include "rules/go.h"

#include "game_test.h"

static const struct game_rules *const rules = &go_rules;

static void *nine(const char *moves)
{
	void *state = game_begin(rules, "boardsize 9");

	game_play(rules, state, moves);
	return state;
}

/* On an empty board every point, and passing. */
START_TEST(lines)
{
	static const uint64_t nine_lines[] = { 82, 6643, 0 }, nineteen[] = { 362, 0 };

	game_lines_are(rules, "boardsize 9", nine_lines);
	game_lines_are(rules, "", nineteen);
}
END_TEST

START_TEST(strings_without_liberties_are_taken)
{
	void *state = nine("A2 A1 B1");

	game_shows(rules, state, "\"captured\":[1,0]");
	free(state);
	/* Two strings at once, around a white stone in the middle. */
	state = nine("C1 B1 A2 D1 B2 pass D2 pass E1");
	game_shows(rules, state, "\"captured\":[1,0]");
	ck_assert_int_eq(game_try(rules, state, "A1"), HEARTH_EDENIED);
	free(state);
}
END_TEST

START_TEST(a_stone_without_liberty_is_refused_unless_it_captures)
{
	void *state = nine("A2 pass B1");

	ck_assert_int_eq(game_try(rules, state, "A1"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "A2"), HEARTH_EDENIED);
	game_play(rules, state, "pass");
	ck_assert_int_eq(game_try(rules, state, "A1"), 0); /* black's own: it joins others */
	free(state);
	/* Two stones that fill their last liberty. */
	state = nine("A1 A2 pass B2 pass C1");
	ck_assert_int_eq(game_try(rules, state, "B1"), HEARTH_EDENIED);
	free(state);
	state = nine("B1 A2 A3 C1 pass B2 pass");
	ck_assert_int_eq(game_try(rules, state, "A1"), 0); /* takes B1 */
	free(state);
}
END_TEST

START_TEST(ko)
{
	/* Black takes at D5, white may not take back at once, but after two moves elsewhere. */
	void *state = nine("C5 D5 D6 E6 D4 E4 A1 F5 E5");

	game_shows(rules, state, "\"captured\":[1,0]");
	ck_assert_int_eq(game_try(rules, state, "D5"), HEARTH_EDENIED);
	game_play(rules, state, "A9 J9");
	ck_assert_int_eq(game_try(rules, state, "D5"), 0);
	free(state);
}
END_TEST

START_TEST(dead_stones_are_agreed_on)
{
	void *state = nine("C1 G1 C2 G2 C3 G3 C4 G4 C5 G5 C6 G6 C7 G7 C8 G8 C9 G9 H5 B5 pass pass");

	game_shows(rules, state, "\"phase\":\"marking\"");
	ck_assert_int_eq(game_try(rules, state, "D4"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "pass"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "dead:A1"), HEARTH_EDENIED);
	ck_assert_uint_eq(rules->to_move(state), 1);
	game_play(rules, state, "dead:B5 done");
	ck_assert_uint_eq(rules->to_move(state), 2);
	game_play(rules, state, "dead:H5 done");
	/* White changed something: black sees it once more. */
	ck_assert(!game_outcome(rules, state).over);
	ck_assert_uint_eq(rules->to_move(state), 1);
	game_play(rules, state, "done");
	game_ended(rules, state, 1, "more area");
	/* 27 points each, 27 of nobody's; komi 7.5. */
	game_shows(rules, state, "\"half_points\":[54,69]");
	free(state);
}
END_TEST

START_TEST(who_does_not_agree_goes_on_playing)
{
	void *state = nine("E5 pass pass");

	ck_assert_uint_eq(rules->to_move(state), 2);
	game_play(rules, state, "dead:E5 resume");
	game_shows(rules, state, "\"phase\":\"play\"");
	ck_assert_uint_eq(rules->to_move(state), 1);
	ck_assert_int_eq(game_try(rules, state, "dead:E5"), HEARTH_EDENIED);
	game_play(rules, state, "pass pass");
	game_ended(rules, state, 0, "more area");
	game_shows(rules, state, "\"half_points\":[162,15]");
	free(state);
}
END_TEST

/* Marks of whose turn it is until no more is taken; returns how many. */
static unsigned mark_on(void *state, unsigned seat, const char *move)
{
	const char *why = "";
	unsigned n = 0;

	ck_assert_uint_eq(rules->to_move(state), UINT64_C(1) << seat);
	while (rules->apply(state, seat, slice_str(move), NULL, &why) == 0) {
		ck_assert_uint_lt(++n, 200);
		ck_assert_uint_eq(rules->to_move(state), UINT64_C(1) << seat);
	}
	ck_assert_str_eq(why, "that was marked often: done, or resume");
	return n;
}

static void game_play_first(void *state, struct slice list)
{
	const char *why;

	ck_assert_int_eq(rules->apply(state, rules->to_move(state) == 2, slice_split(&list, ' '),
				 NULL, &why),
		0);
}

static void reloads(const void *state)
{
	struct trial t = { .rules = rules, .seats = 2, .state = (void *)state };

	t.copy = mem_alloc(rules->state_size);
	trial_reload(&t);
	free(t.copy);
}

/*
 * Who has lost marks the winner's stones dead, without end: that ends nothing and says nothing. The other
 * plays on, and all stones live.
 */
START_TEST(nobody_wins_by_marking_alone)
{
	static const char theirs[] = "dead:G5";
	void *state = nine("C1 G1 C2 G2 C3 G3 C4 G4 C5 G5 C6 G6 C7 G7 C8 G8 C9 G9 pass pass");
	struct strbuf list = { 0 };
	unsigned n;

	game_play(rules, state, theirs);
	game_shows(rules, state, "\"half_points\":[162,15]");
	n = 1 + mark_on(state, 0, theirs);
	ck_assert_uint_eq(n % 2, 0);
	rules->legal(state, 0, &list);
	ck_assert_str_eq(list.p, "done resume");
	strbuf_free(&list);
	game_play(rules, state, "done");
	ck_assert_uint_eq(mark_on(state, 1, theirs), n);
	reloads(state);
	game_play(rules, state, "resume pass pass");
	game_ended(rules, state, 1, "more area");
	game_shows(rules, state, "\"half_points\":[54,69]");
	free(state);
}
END_TEST

/* The longest game there is: handed to and fro by both, and then played to the last move. */
START_TEST(the_longest_game)
{
	void *state = nine("A1 pass pass");
	unsigned moves = 3;

	for (unsigned i = 0; i < 2 * 40; i++, moves += 2)
		game_play(rules, state, "dead:A1 done");
	ck_assert_int_eq(game_try(rules, state, "dead:A1"), HEARTH_EDENIED);
	game_play(rules, state, "resume");
	for (moves++; rules->to_move(state); moves++) {
		struct strbuf list = { 0 };

		rules->legal(state, rules->to_move(state) == 2, &list);
		ck_assert(list.n > 0);
		/* The first point that is not refused; passing only where there is none. */
		game_play_first(state, strbuf_slice(&list));
		strbuf_free(&list);
		if (moves % 100 == 0)
			reloads(state);
	}
	ck_assert_uint_eq(moves, 1161); /* a match may have 1,200 */
	reloads(state);
	free(state);
}
END_TEST

START_TEST(handicap_and_komi)
{
	void *state = game_begin(rules, "boardsize 9 handicap 2");

	ck_assert_uint_eq(rules->to_move(state), 2);
	ck_assert_int_eq(game_try(rules, state, "C3"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "G7"), HEARTH_EDENIED);
	game_play(rules, state, "pass pass done done");
	game_shows(rules, state, "\"half_points\":[162,5]"); /* 0.5 and a point for each stone */
	free(state);
	state = game_begin(rules, "komi 0 handicap 9");
	ck_assert_int_eq(game_try(rules, state, "K10"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "Q16"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "D10"), HEARTH_EDENIED);
	free(state);
	state = game_begin(rules, "boardsize 13 komi 0");
	game_play(rules, state, "pass pass done done");
	game_ended(rules, state, GAME_NOBODY, "as much area each");
	free(state);
}
END_TEST

START_TEST(setups_moves_and_saves_that_are_broken)
{
	static const char *const moves[] = { "", "I1", "A0", "A10", "K1", "a1", "A01",
		"dead:", "dead:pass", "D4 ", "Pass" };
	void *state = game_begin(rules, "boardsize 9");

	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
		ck_assert_msg(game_try(rules, state, moves[i]) == HEARTH_EINVAL, "%s", moves[i]);
	game_refused(rules, "boardsize 10");
	game_refused(rules, "boardsize");
	game_refused(rules, "komi 7.25");
	game_refused(rules, "komi 1000");
	game_refused(rules, "handicap 1");
	game_refused(rules, "handicap 10");
	game_refused(rules, "komi 1 boardsize 9");
	game_corrupt(rules, "go 1\nboardsize 9\n");
	game_corrupt(rules, "go 1\nboardsize 9\nA1 A1\n");
	game_corrupt(rules, "go 1\nboardsize 9\nA1 \n");
	game_corrupt(rules, "go 1\nboardsize 9\nA1\n\n");
	ck_assert_int_eq(rules->load(state, SLICE("go 1\nboardsize 9\nA1 pass\n")), 0);
	free(state);
}
END_TEST

/* A game has a last move: then it is counted as it stands. */
START_TEST(no_game_is_endless)
{
	void *state = nine("pass pass");
	unsigned moves = 2;
	const char *why;

	for (; rules->to_move(state); moves++)
		ck_assert_int_eq(
			rules->apply(state, rules->to_move(state) == 2,
				moves % 3 ? SLICE("resume") : SLICE("A1"), NULL, &why) &&
				rules->apply(state, rules->to_move(state) == 2,
					moves % 2 ? SLICE("A2") : SLICE("pass"), NULL, &why) &&
				rules->apply(state, rules->to_move(state) == 2, SLICE("pass"), NULL,
					&why),
			0);
	ck_assert(game_outcome(rules, state).over);
	free(state);
}
END_TEST

START_TEST(written_down_as_sgf)
{
	struct game_record match = { .names = { "a]", "b" },
		.seats = 2,
		.scored = true,
		.scores = { 0, 2 },
		.status = SLICE("resign"),
		.setup = SLICE("boardsize 9 handicap 2"),
		.moves = SLICE("A1 pass J9") };
	struct strbuf out = { 0 };

	rules->record(&match, &out);
	ck_assert_str_eq(out.p,
		"(;GM[1]FF[4]CA[UTF-8]RU[Chinese]SZ[9]KM[0.5]PC[]PB[a\\]]PW[b]RE[W+R]"
		"HA[2]AB[cg][gc]\n;W[ai]\n;B[]\n;W[ia])\n\n");
	strbuf_free(&out);
}
END_TEST

/* Each board has a rating of its own; no setup that helps one side has one. */
START_TEST(fair_setups_are_rated)
{
	static const char *const unfair[] = { "komi 0", "komi 8", "boardsize 9 komi -7.5",
		"handicap 2", "boardsize 13 handicap 2 ", "boardsize 9 komi 7.5 handicap 2",
		"boardsize 11", "chess960" };

	ck_assert_str_eq(game_rules_rating(rules, SLICE("")), "go");
	ck_assert_str_eq(game_rules_rating(rules, SLICE("boardsize 19")), "go");
	ck_assert_str_eq(game_rules_rating(rules, SLICE("komi 7.5")), "go");
	ck_assert_str_eq(game_rules_rating(rules, SLICE("boardsize 13")), "go:13");
	ck_assert_str_eq(game_rules_rating(rules, SLICE("boardsize 9 komi 7.5")), "go:9");
	for (size_t i = 0; i < sizeof(unfair) / sizeof(unfair[0]); i++)
		ck_assert_msg(!game_rules_rating(rules, slice_str(unfair[i])), "%s", unfair[i]);
}
END_TEST

TEST_MAIN("go", fair_setups_are_rated, lines, strings_without_liberties_are_taken,
	a_stone_without_liberty_is_refused_unless_it_captures, ko, dead_stones_are_agreed_on,
	who_does_not_agree_goes_on_playing, nobody_wins_by_marking_alone, the_longest_game,
	handicap_and_komi, setups_moves_and_saves_that_are_broken, no_game_is_endless,
	written_down_as_sgf)
