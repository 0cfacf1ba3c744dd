/*
 * game_test.h: what the tests of games share: states from setups, rows of moves, results, and the number
 * of lines from a state by the moves that the game itself lists.
 */
#ifndef GAME_TEST_H
#define GAME_TEST_H

#include "properties.h"

static inline void *game_begin(const struct game_rules *rules, const char *setup)
{
	static const uint8_t seed[GAME_SEED_SIZE];
	void *state = mem_alloc(rules->state_size);
	const char *why = "";

	ck_assert_msg(rules->init(state, rules->seats_min, slice_str(setup), seed, &why) == 0,
		"%s: %s", setup, why);
	return state;
}

static inline void game_refused(const struct game_rules *rules, const char *setup)
{
	static const uint8_t seed[GAME_SEED_SIZE];
	void *state = mem_alloc(rules->state_size);
	const char *why = NULL;

	ck_assert_msg(
		rules->init(state, rules->seats_min, slice_str(setup), seed, &why) == HEARTH_EINVAL,
		"%s", setup);
	ck_assert(why && why[0]);
	free(state);
}

/* Moves separated by spaces, each by the lowest seat whose turn it is. */
static inline void game_play(const struct game_rules *rules, void *state, const char *line)
{
	struct slice rest = slice_str(line);
	const char *why = "";

	while (rest.p && rest.n) {
		struct slice move = slice_split(&rest, ' ');
		uint64_t turn = rules->to_move(state);

		ck_assert_msg(turn != 0, "%.*s: the game is over", SLICE_ARG(move));
		ck_assert_msg(
			rules->apply(state, (unsigned)__builtin_ctzll(turn), move, NULL, &why) == 0,
			"%.*s: %s", SLICE_ARG(move), why);
	}
}

/* What a move of whose turn it is is answered with: 0 or an error, and the state stays as it is. */
static inline int game_try(const struct game_rules *rules, const void *state, const char *move)
{
	void *copy = mem_alloc(rules->state_size);
	const char *why = NULL;
	int rc;

	memcpy(copy, state, rules->state_size);
	rc = rules->apply(copy, (unsigned)__builtin_ctzll(rules->to_move(state)), slice_str(move),
		NULL, &why);
	ck_assert(rc == 0 || why);
	free(copy);
	return rc;
}

static inline struct game_result game_outcome(const struct game_rules *rules, const void *state)
{
	struct game_result r;

	rules->outcome(state, &r);
	return r;
}

/* Who has won so far: nobody while it goes on. */
static inline int game_won_by(const struct game_rules *rules, const void *state)
{
	struct game_result r = game_outcome(rules, state);

	return game_winner(r.scores, rules->seats_min);
}

/* The game is over with this winner, for this reason. */
static inline void game_ended(
	const struct game_rules *rules, const void *state, int winner, const char *reason)
{
	struct game_result r = game_outcome(rules, state);

	ck_assert(r.over);
	ck_assert_int_eq(game_winner(r.scores, rules->seats_min), winner);
	ck_assert_str_eq(r.reason, reason);
}

/* The public view has this in it. */
static inline void game_shows(const struct game_rules *rules, const void *state, const char *part)
{
	struct strbuf text = { 0 };

	rules->view(state, GAME_VIEWER_PUBLIC, &text);
	ck_assert_msg(strstr(text.p, part) != NULL, "no %s in %s", part, text.p);
	strbuf_free(&text);
}

/* Lines of exactly `depth` moves. */
static inline uint64_t game_lines(const struct game_rules *rules, const void *state, unsigned depth)
{
	uint64_t turn = rules->to_move(state), sum = 0;
	struct strbuf list = { 0 };
	struct slice rest;
	const char *why;
	void *next;

	if (depth == 0)
		return 1;
	if (turn == 0)
		return 0;
	rules->legal(state, (unsigned)__builtin_ctzll(turn), &list);
	rest = strbuf_slice(&list);
	sum = depth == 1 ? trial_words(rest) : 0;
	next = mem_alloc(rules->state_size);
	while (depth > 1 && rest.p && rest.n) {
		struct slice move = slice_split(&rest, ' ');

		memcpy(next, state, rules->state_size);
		ck_assert_int_eq(
			rules->apply(next, (unsigned)__builtin_ctzll(turn), move, NULL, &why), 0);
		sum += game_lines(rules, next, depth - 1);
	}
	free(next);
	strbuf_free(&list);
	return sum;
}

/* The numbers of lines to depth 1, 2, … are known; 0 ends them. */
static inline void game_lines_are(
	const struct game_rules *rules, const char *setup, const uint64_t *known)
{
	void *state = game_begin(rules, setup);

	for (unsigned depth = 1; *known; depth++, known++) {
		uint64_t lines = game_lines(rules, state, depth);

		ck_assert_msg(lines == *known, "%s, \"%s\", depth %u: %llu lines, not %llu",
			rules->id, setup, depth, (unsigned long long)lines,
			(unsigned long long)*known);
	}
	free(state);
}

/* A saved text that is read. */
static inline void game_loads(const struct game_rules *rules, const char *saved)
{
	void *state = mem_alloc(rules->state_size);

	ck_assert_msg(rules->load(state, slice_str(saved)) == 0, "%s", saved);
	free(state);
}

/* A saved text that must be refused. */
static inline void game_corrupt(const struct game_rules *rules, const char *saved)
{
	void *state = mem_alloc(rules->state_size);

	ck_assert_msg(rules->load(state, slice_str(saved)) == HEARTH_ECORRUPT, "%s", saved);
	free(state);
}

#endif
