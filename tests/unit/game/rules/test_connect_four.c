/*
 * Connect four: numbers of lines and of positions as they are published, rows of four in each
 * direction, a full board, and saved boards that no game can bring about.
 */
#include "rules/connect_four.h"

#include "game_test.h"

static const struct game_rules *const rules = &connect_four_rules;

START_TEST(lines)
{
	static const uint64_t known[] = { 7, 49, 343, 2401, 16807, 117649, 823536, 0 };

	game_lines_are(rules, "", known);
}
END_TEST

#define POSITIONS_MAX 20000

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static size_t collect(const void *state, unsigned depth, uint64_t *out, size_t n)
{
	unsigned seat = (unsigned)__builtin_ctzll(rules->to_move(state));
	void *next = mem_alloc(rules->state_size);
	const char *why;

	for (char column = '1'; column <= '7'; column++) {
		memcpy(next, state, rules->state_size);
		ck_assert_int_eq(rules->apply(next, seat, slice_of(&column, 1), NULL, &why), 0);
		if (depth > 1)
			n = collect(next, depth - 1, out, n);
		else
			out[n++] = rules->hash(next);
	}
	free(next);
	return n;
}

/* Different positions after so many moves (OEIS A212693). */
START_TEST(positions)
{
	static const size_t known[] = { 7, 49, 238, 1120, 4263 };
	uint64_t *all = mem_alloc(POSITIONS_MAX * sizeof(*all));
	void *state = game_begin(rules, "");

	for (unsigned depth = 1; depth <= sizeof(known) / sizeof(known[0]); depth++) {
		size_t n = collect(state, depth, all, 0), different = 1;

		qsort(all, n, sizeof(*all), by_number);
		for (size_t i = 1; i < n; i++)
			different += all[i] != all[i - 1];
		ck_assert_uint_eq(different, known[depth - 1]);
	}
	free(state);
	free(all);
}
END_TEST

START_TEST(four_in_a_row)
{
	static const struct {
		const char *moves, *last;
		int winner;
	} cases[] = {
		{ "121212", "1", 0 },     /* up */
		{ "112233", "4", 0 },     /* along */
		{ "1223343454", "4", 0 }, /* rising */
		{ "7665545434", "4", 0 }, /* falling */
		{ "1212323", "2", 1 },    /* yellow's */
		{ "121212", "3", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		void *state = game_begin(rules, cases[i].moves);

		ck_assert(!game_outcome(rules, state).over);
		game_play(rules, state, cases[i].last);
		ck_assert_msg(game_won_by(rules, state) == cases[i].winner, "%s", cases[i].moves);
		free(state);
	}
}
END_TEST

/* Columns are seven bits, of which one separates: no row leads around an edge. */
START_TEST(no_row_around_the_edge)
{
	void *state = game_begin(rules, "");

	/* Red has the three top squares of column 1 and the lowest of column 2. */
	ck_assert_int_eq(rules->load(state, SLICE("connect-four 1\nr....../r....../r....../y......"
						  "/y....../yr.....")),
		0);
	ck_assert(!game_outcome(rules, state).over);
	free(state);
}
END_TEST

START_TEST(a_full_board)
{
	void *state = game_begin(rules, "121212212121"
					"343434434343"
					"565656656565"
					"77777");

	ck_assert(!game_outcome(rules, state).over);
	ck_assert_int_eq(game_try(rules, state, "1"), HEARTH_EDENIED);
	ck_assert_int_eq(game_try(rules, state, "8"), HEARTH_EINVAL);
	game_play(rules, state, "7");
	game_ended(rules, state, GAME_NOBODY, "the board is full");
	free(state);
}
END_TEST

START_TEST(setups_and_saves_that_are_broken)
{
	static const char *const empty = "......./......./......./......./......./";
	char text[100];

	game_refused(rules, "8");
	game_refused(rules, "1111111");
	game_refused(rules, "1212121"
			    "2");
	snprintf(text, sizeof(text), "connect-four 1\n%s.......", empty);
	game_loads(rules, text);
	snprintf(text, sizeof(text), "connect-four 2\n%s.......", empty);
	game_corrupt(rules, text);
	snprintf(text, sizeof(text), "connect-four 1\n%sy......", empty); /* yellow began */
	game_corrupt(rules, text);
	snprintf(text, sizeof(text), "connect-four 1\n%srrr.yyy", empty);
	game_loads(rules, text);
	game_corrupt(rules,
		"connect-four 1\n......./......./......./......./......r/......."); /* floats */
	game_corrupt(rules,
		"connect-four 1\n......./......./......./......./rrrr.../yyyy..."); /* both */
	game_corrupt(rules, "connect-four 1\n......./......./......./......./....../.......");
}
END_TEST

START_TEST(who_can_still_win)
{
	void *state = game_begin(rules, "");

	ck_assert(rules->can_win(state, 0) && rules->can_win(state, 1));
	free(state);
	state = game_begin(rules, "121212212121"
				  "343434434343"
				  "565656656565"
				  "77777");
	ck_assert(!rules->can_win(state, 0) || !rules->can_win(state, 1));
	free(state);
}
END_TEST

TEST_MAIN("connect four", lines, positions, four_in_a_row, no_row_around_the_edge, a_full_board,
	setups_and_saves_that_are_broken, who_can_still_win)
