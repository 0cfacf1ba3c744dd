/*
 * Skeleton: what the host relies on, by random play; and the game's own rules.
 */
#include "rules/skeleton.h"

#include "game_test.h"

static const struct game_rules *const rules = &skeleton_rules;

START_TEST(properties)
{
	static const char *const setups[] = { "", "1", "99", NULL };

	properties_hold(rules, setups, 8);
}
END_TEST

START_TEST(lines)
{
	static const uint64_t known[] = { 3, 9, 27, 0 }, few[] = { 2, 1, 0 };

	game_lines_are(rules, "", known);
	game_lines_are(rules, "2", few);
}
END_TEST

START_TEST(who_takes_the_last_has_won)
{
	void *state = game_begin(rules, "5");

	ck_assert_int_eq(game_try(rules, state, "4"), HEARTH_EINVAL);
	ck_assert_int_eq(game_try(rules, state, ""), HEARTH_EINVAL);
	game_play(rules, state, "1 3");
	ck_assert_int_eq(game_try(rules, state, "2"), HEARTH_EDENIED);
	game_play(rules, state, "1");
	game_ended(rules, state, 0, "the last one is taken");
	free(state);
}
END_TEST

START_TEST(setups_and_saves_that_are_broken)
{
	game_refused(rules, "0");
	game_refused(rules, "100");
	game_refused(rules, "many");
	game_corrupt(rules, "skeleton 1\n");
	game_corrupt(rules, "skeleton 1\n100 0");
	game_corrupt(rules, "skeleton 1\n5 2");
	game_corrupt(rules, "skeleton 2\n5 0");
}
END_TEST

TEST_MAIN(
	"skeleton", properties, lines, who_takes_the_last_has_won, setups_and_saves_that_are_broken)
