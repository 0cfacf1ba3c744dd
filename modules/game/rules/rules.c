/*
 * rules.c: the one table of the games that are played here (rules.h). Pure.
 */
#include "rules/rules.h"

#include "rules/battleship.h"
#include "rules/chess/plugin.h"
#include "rules/connect_four.h"
#include "rules/go.h"
#include "rules/morris.h"
#include "rules/reversi.h"
#include "rules/variants/plugin.h"

static const struct game_rules *const all_rules[] = {
	&chess_rules,
	&crazyhouse_rules,
	&atomic_rules,
	&antichess_rules,
	&horde_rules,
	&king_of_the_hill_rules,
	&racing_kings_rules,
	&three_check_rules,
	&connect_four_rules,
	&reversi_rules,
	&morris_rules,
	&go_rules,
	&battleship_rules,
};

const struct game_rules *game_rules_at(size_t i)
{
	return i < sizeof(all_rules) / sizeof(all_rules[0]) ? all_rules[i] : NULL;
}

const struct game_rules *game_rules_find(struct slice id)
{
	for (size_t i = 0; i < sizeof(all_rules) / sizeof(all_rules[0]); i++)
		if (slice_eq(slice_str(all_rules[i]->id), id))
			return all_rules[i];
	return NULL;
}

const char *game_rules_rating(const struct game_rules *rules, struct slice setup)
{
	if (rules->rating)
		return rules->rating(setup);
	return setup.n == 0 ? rules->id : NULL;
}
