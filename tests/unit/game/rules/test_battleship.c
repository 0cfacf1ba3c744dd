/*
 * Battleship: placing at the same time, shots, the end, and that what a viewer gets does not depend on
 * what is hidden from them.
 */
#include "rules/battleship.h"

#include "game_test.h"

static const struct game_rules *const rules = &battleship_rules;

/* Ships in the first five columns, from the top. */
#define FLEET "A1-A5 B1-B4 C1-C3 D1-D3 E1-E2"

static int seat_move(void *state, unsigned seat, const char *move, struct game_move *made)
{
	const char *why = NULL;
	int rc = rules->apply(state, seat, slice_str(move), made, &why);

	ck_assert(rc == 0 || why);
	return rc;
}

static void seat_moves(void *state, unsigned seat, const char *line)
{
	struct slice rest = slice_str(line);

	while (rest.p && rest.n) {
		struct slice move = slice_split(&rest, ' ');
		const char *why = "";

		ck_assert_msg(rules->apply(state, seat, move, NULL, &why) == 0, "%.*s: %s",
			SLICE_ARG(move), why);
	}
}

START_TEST(both_place_when_they_like)
{
	void *state = game_begin(rules, "");

	ck_assert_uint_eq(rules->to_move(state), 3);
	seat_moves(state, 1, "A1-E1 A2-D2");
	ck_assert_int_eq(seat_move(state, 1, "B2-D2", NULL), HEARTH_EDENIED); /* taken */
	ck_assert_int_eq(seat_move(state, 1, "A3-D3", NULL), HEARTH_EDENIED); /* too long */
	ck_assert_int_eq(seat_move(state, 1, "A3-C5", NULL), HEARTH_EINVAL);
	ck_assert_int_eq(seat_move(state, 1, "C3-A3", NULL), HEARTH_EINVAL);
	ck_assert_int_eq(seat_move(state, 1, "A11-A13", NULL), HEARTH_EINVAL);
	ck_assert_int_eq(seat_move(state, 1, "J1", NULL), HEARTH_EINVAL);
	seat_moves(state, 1, "J8-J10 A3-C3 A4-B4");
	ck_assert_uint_eq(rules->to_move(state), 1);
	ck_assert_int_eq(seat_move(state, 1, "A1", NULL), HEARTH_EDENIED);
	seat_moves(state, 0, FLEET);
	ck_assert_uint_eq(rules->to_move(state), 1);
	free(state);
}
END_TEST

/* Seat 0 hits with every shot; seat 1 shoots along the last rows, in vain. */
START_TEST(shots_until_all_is_sunk)
{
	static const char *const hits[] = { "A1", "A2", "A3", "A4", "A5", "B1", "B2", "B3", "B4",
		"C1", "C2", "C3", "D1", "D2", "D3", "E1", "E2" };
	static const size_t n = sizeof(hits) / sizeof(hits[0]);
	void *state = game_begin(rules, "");
	struct game_move made;
	char miss[4];

	seat_moves(state, 0, FLEET);
	seat_moves(state, 1, FLEET);
	for (size_t i = 0; i < n; i++) {
		ck_assert(!game_outcome(rules, state).over);
		ck_assert_int_eq(seat_move(state, 0, hits[i], &made), 0);
		ck_assert_ptr_nonnull(strstr(made.notation, i == 4 || i == n - 1 ? ":sunk"
							    : i == 0             ? ":hit"
										 : ":"));
		if (i == n - 1)
			break;
		ck_assert_int_eq(seat_move(state, 0, "J1", NULL), HEARTH_EDENIED);
		snprintf(miss, sizeof(miss), "%c%u", 'A' + (int)(i % 10), 9 + (unsigned)(i / 10));
		ck_assert_int_eq(seat_move(state, 1, miss, &made), 0);
		ck_assert_ptr_nonnull(strstr(made.notation, ":miss"));
		ck_assert_int_eq(seat_move(state, 0, hits[i], NULL), HEARTH_EDENIED);
	}
	game_ended(rules, state, 0, "all ships are sunk");
	game_shows(rules, state, "\"phase\":\"over\"");
	game_shows(rules, state, "ssss"); /* nothing is hidden any more */
	free(state);
}
END_TEST

/* All that a viewer gets of a match: its view after each move, and what they are told of it. */
static void watch(const char *fleet, int viewer, struct strbuf *out)
{
	static const char *const shots[][2] = { { "J10", "A1" }, { "J9", "A2" }, { "I10", "A3" } };
	void *state = game_begin(rules, ""), *before = mem_alloc(rules->state_size);
	struct slice rest = slice_str(fleet);
	struct game_move told;

	seat_moves(state, 0, FLEET);
	while (rest.p && rest.n) {
		struct slice move = slice_split(&rest, ' ');
		const char *why;

		memcpy(before, state, rules->state_size);
		ck_assert_int_eq(rules->apply(state, 1, move, NULL, &why), 0);
		rules->told(before, 1, move, viewer, &told);
		strbuf_printf(out, "%s %s\n", told.text, told.notation);
		rules->view(state, viewer, out);
	}
	for (size_t i = 0; i < sizeof(shots) / sizeof(shots[0]); i++) {
		for (unsigned seat = 0; seat < 2; seat++) {
			memcpy(before, state, rules->state_size);
			ck_assert_int_eq(seat_move(state, seat, shots[i][seat], NULL), 0);
			rules->told(before, seat, slice_str(shots[i][seat]), viewer, &told);
			strbuf_printf(out, "%s %s\n", told.text, told.notation);
			rules->view(state, viewer, out);
			rules->legal(state, 0, out);
		}
	}
	free(state);
	free(before);
}

START_TEST(what_is_hidden_changes_no_byte)
{
	static const char *const fleets[] = { "A1-E1 A2-D2 A3-C3 A4-C4 A5-B5",
		"A6-E6 F1-F4 H2-H4 C8-E8 A1-A2" };

	for (int viewer = GAME_VIEWER_PUBLIC; viewer < 2; viewer++) {
		struct strbuf one = { 0 }, other = { 0 };

		watch(fleets[0], viewer, &one);
		watch(fleets[1], viewer, &other);
		/* Who placed the ships sees where they are. */
		ck_assert_int_eq(slice_eq(strbuf_slice(&one), strbuf_slice(&other)), viewer != 1);
		ck_assert_int_eq(strstr(one.p, "A1-E1") != NULL, viewer == 1);
		strbuf_free(&one);
		strbuf_free(&other);
	}
}
END_TEST

START_TEST(saves_that_are_broken)
{
	static const char none[] =
		"....................................................................."
		"...............................";
	char text[400];

	snprintf(text, sizeof(text), "battleship 1\n\n%s\n\n%s\n", none, none);
	game_loads(rules, text);
	snprintf(text, sizeof(text), "battleship 1\n%s\n%s\n%s\n%s\n", FLEET, none, FLEET, none);
	game_loads(rules, text);
	snprintf(text, sizeof(text), "battleship 1\n%s A9-B9\n%s\n\n%s\n", FLEET, none, none);
	game_corrupt(rules, text);
	snprintf(text, sizeof(text), "battleship 1\nA1-A4\n%s\n\n%s\n", none, none);
	game_corrupt(rules, text);
	snprintf(text, sizeof(text), "battleship 1\n%s\n%s\n\nx%s\n", FLEET, none, none + 1);
	game_corrupt(rules, text); /* shot at before it was placed */
	snprintf(text, sizeof(text), "battleship 1\n%s\nx%s\n%s\n%s\n", FLEET, none + 1, FLEET,
		none);
	game_corrupt(rules, text); /* seat 1 has shot first */
	game_refused(rules, "A1-A5");
}
END_TEST

TEST_MAIN("battleship", both_place_when_they_like, shots_until_all_is_sunk,
	what_is_hidden_changes_no_byte, saves_that_are_broken)
