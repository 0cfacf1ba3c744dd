/*
 * Reversi: the published numbers of lines, passing, the end of a game, setups.
 */
#include "rules/reversi.h"

#include "game_test.h"

static const struct game_rules *const rules = &reversi_rules;

/* To depth 8 nobody has to pass, so that it does not matter that passing is no move here. */
START_TEST(lines)
{
	static const uint64_t known[] = { 4, 12, 56, 244, 1396, 8200, 55092, 390216, 0 };

	game_lines_are(rules, "", known);
}
END_TEST

START_TEST(discs_turn_in_all_directions)
{
	void *state = game_begin(rules, "X--X--X-"
					"-O-O-O--"
					"--OOO---"
					"XOO-OOOX"
					"--OOO---"
					"-O-O-O--"
					"X--O--X-"
					"---X---- X");

	game_play(rules, state, "d4");
	game_shows(rules, state, "\"white\":0");
	game_shows(rules, state, "\"black\":27");
	game_ended(rules, state, 0, "more discs");
	free(state);
}
END_TEST

/* White has no move behind black's: black goes on. */
START_TEST(who_has_no_move_is_passed_over)
{
	void *state = game_begin(rules, "-OX-----"
					"--------"
					"--------"
					"--------"
					"--------"
					"--------"
					"XO------"
					"-------- X");

	ck_assert_uint_eq(rules->to_move(state), 1);
	game_play(rules, state, "a1");
	ck_assert_uint_eq(rules->to_move(state), 1);
	game_play(rules, state, "c7");
	game_ended(rules, state, 0, "more discs");
	ck_assert_uint_eq(rules->to_move(state), 0);
	free(state);
}
END_TEST

/* The side that the setup names has no move: it is the other's turn, or over. */
START_TEST(a_setup_without_a_move)
{
	static const char white[] =
		"XO-------------------------------------------------------------- O";
	void *state = game_begin(rules, white);

	ck_assert_uint_eq(rules->to_move(state), 1);
	free(state);
	state = game_begin(
		rules, "XO-------------------------------------------------------------- X");
	ck_assert(!game_outcome(rules, state).over);
	free(state);
	state = game_begin(
		rules, "---------------------------------------------------------------- X");
	game_ended(rules, state, GAME_NOBODY, "as many discs each");
	free(state);
}
END_TEST

START_TEST(moves_that_turn_nothing)
{
	void *state = game_begin(rules, "");

	ck_assert_int_eq(game_try(rules, state, "d3"), 0);
	ck_assert_int_eq(game_try(rules, state, "d4"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "a1"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "e3"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "i1"), HEARTH_EINVAL);
	ck_assert_int_eq(game_try(rules, state, "D3"), HEARTH_EINVAL);
	ck_assert_int_eq(game_try(rules, state, "pass"), HEARTH_EINVAL);
	free(state);
}
END_TEST

START_TEST(setups_and_saves_that_are_broken)
{
	game_refused(rules, "---- X");
	game_refused(rules, "---------------------------------------------------------------- W");
	game_refused(rules, "----------------------------------------------------------------xX");
	game_refused(rules, "-----------------------------------------x---------------------- X");
	game_corrupt(rules, "reversi 1\n");
	game_corrupt(rules, "---------------------------------------------------------------- X");
}
END_TEST

TEST_MAIN("reversi", lines, discs_turn_in_all_directions, who_has_no_move_is_passed_over,
	a_setup_without_a_move, moves_that_turn_nothing, setups_and_saves_that_are_broken)
