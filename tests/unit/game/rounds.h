/*
 * rounds.h: a game of the tests' own for two to four: each plays in turn, whatever they like; who plays "last"
 * has won.
 */
#ifndef HEARTH_TESTS_ROUNDS_H
#define HEARTH_TESTS_ROUNDS_H

#include <stdio.h>

#include "hearth/error.h"
#include "rules/rules.h"

struct rounds {
	int turn, seats, over;
};

static int rounds_init(void *state, unsigned seats, struct slice setup,
	const uint8_t seed[GAME_SEED_SIZE], const char **why)
{
	(void)setup, (void)seed, (void)why;
	*(struct rounds *)state = (struct rounds){ .seats = (int)seats };
	return 0;
}

static uint64_t rounds_to_move(const void *state)
{
	const struct rounds *r = state;

	return r->over ? 0 : UINT64_C(1) << r->turn;
}

static int rounds_apply(
	void *state, unsigned seat, struct slice move, struct game_move *made, const char **why)
{
	struct rounds *r = state;

	*why = "not now";
	if (r->over || (int)seat != r->turn)
		return HEARTH_EDENIED;
	if (made)
		snprintf(made->text, sizeof(made->text), "%.*s", SLICE_ARG(move));
	r->over = slice_eq(move, SLICE("last"));
	r->turn = (r->turn + 1) % r->seats;
	return 0;
}

static void rounds_view(const void *state, int viewer, struct strbuf *out)
{
	(void)viewer;
	strbuf_printf(out, "{\"turn\":%d}", ((const struct rounds *)state)->turn);
}

static void rounds_outcome(const void *state, struct game_result *out)
{
	const struct rounds *r = state;

	*out = (struct game_result){
		.over = r->over, .status = "variantEnd", .reason = "the last"
	};
	if (r->over)
		game_score(out->scores, (unsigned)r->seats, (r->turn + r->seats - 1) % r->seats);
}

static const struct game_rules rounds_rules = { .version = GAME_RULES_VERSION,
	.id = "rounds",
	.name = "Rounds",
	.seats_min = 2,
	.seats_max = 4,
	.seat_names = (const char *const[]){ "north", "east", "south", "west" },
	.state_size = sizeof(struct rounds),
	.init = rounds_init,
	.to_move = rounds_to_move,
	.apply = rounds_apply,
	.view = rounds_view,
	.outcome = rounds_outcome };

#endif
