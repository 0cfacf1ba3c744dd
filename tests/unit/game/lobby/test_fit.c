/*
 * test_fit.c: who of those that wait play together, and who sits where.
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "lobby/lobby_private.h"

static struct game_rules rules = { .id = "chess", .seats_min = 2, .seats_max = 4 };
static struct lobby_kind kind;
static struct lobby_waiting waiting[16], *places[16];
static struct lobby_seeker seekers[16]; /* by account */
static int count;

static void begin(unsigned seats)
{
	rules.seats_min = seats;
	kind = (struct lobby_kind){ .seeks = places, .cap = 16 };
	memset(waiting, 0, sizeof(waiting));
	for (int i = 0; i < 16; i++)
		list_init(&seekers[i].seeks);
	count = 0;
}

static struct game_seek seek_of(int64_t account, uint64_t client, int seat)
{
	return (struct game_seek){ .account = account,
		.client = client,
		.seat = seat,
		.rules = &rules,
		.seats = rules.seats_min,
		.control = game_control_fischer(60000, 0),
		.rating = 1500,
		.rating_max = INT32_MAX };
}

static void waits(int64_t account, uint64_t client, int seat)
{
	struct lobby_waiting *w = &waiting[count];

	w->seek = seek_of(account, client, seat);
	w->seek.id = ++count;
	w->kind = &kind;
	w->seeker = &seekers[account];
	list_push(&w->seeker->seeks, &w->own);
	places[kind.count++] = w;
}

/* How many play with one, itself first; it has all the time there is. */
static unsigned find_players(const struct game_seek *seek, const struct game_seek *out[])
{
	static struct lobby_waiting own;
	int steps = 1000;
	enum lobby_sight sight;

	own = (struct lobby_waiting){ .seek = *seek, .kind = &kind };
	sight = lobby_look_on(&own, &steps, out);
	ck_assert_int_ne(sight, LOBBY_MORE);
	ck_assert_int_eq(sight == LOBBY_FOUND, own.found_count + 1 == seek->seats);
	return own.found_count + 1;
}

/* The connections that play with one, as digits behind its own; empty: too few are there. */
static const char *players_of(int64_t account, uint64_t client, int seat)
{
	static char found[GAME_SEATS_MAX + 1];
	struct game_seek own = seek_of(account, client, seat);
	const struct game_seek *out[GAME_SEATS_MAX];
	unsigned n = find_players(&own, out);

	for (unsigned i = 0; i < n; i++)
		found[i] = (char)('0' + out[i]->client);
	found[n == rules.seats_min ? n : 0] = 0;
	return found;
}

START_TEST(who_waits_longest_by_their_newest_connection)
{
	begin(2);
	ck_assert_str_eq(players_of(1, 1, -1), "");
	waits(1, 2, -1);
	ck_assert_str_eq(players_of(1, 1, -1), ""); /* nobody plays themselves */
	waits(2, 3, -1);
	waits(3, 4, -1);
	waits(2, 5, -1);
	ck_assert_str_eq(players_of(1, 1, -1), "15");
	/* One whose connection is gone plays nothing; the account's other one does. */
	waiting[3].seek.client = 0;
	ck_assert_str_eq(players_of(1, 1, -1), "13");
	waiting[1].seek.client = 0;
	ck_assert_str_eq(players_of(1, 1, -1), "14");
}
END_TEST

START_TEST(no_two_wish_for_one_seat)
{
	begin(2);
	waits(2, 3, 0);
	waits(3, 4, 0);
	waits(4, 5, 1);
	ck_assert_str_eq(players_of(1, 1, 0), "15");
	ck_assert_str_eq(players_of(1, 1, 1), "13");
	ck_assert_str_eq(players_of(1, 1, -1), "13");
	/* Another wish of the same account may fit better than its first. */
	begin(2);
	waits(2, 3, 0);
	waits(2, 4, 1);
	ck_assert_str_eq(players_of(1, 1, 0), "14");
}
END_TEST

START_TEST(as_many_as_the_game_needs)
{
	begin(3);
	waits(2, 3, -1);
	ck_assert_str_eq(players_of(1, 1, -1), "");
	waits(3, 4, 2);
	waits(4, 5, -1);
	ck_assert_str_eq(players_of(1, 1, -1), "134");
	ck_assert_str_eq(players_of(1, 1, 2), "135");
}
END_TEST

/* A few steps at a time: the same ones are found, and who went meanwhile is not among them. */
START_TEST(a_long_walk_is_made_in_pieces)
{
	struct lobby_waiting own;
	const struct game_seek *out[GAME_SEATS_MAX];
	int steps, pieces = 1;

	begin(3);
	for (int i = 0; i < 12; i++)
		waits(2 + i % 2, 2, 0);
	waits(4, 3, -1);
	waits(5, 4, 1);
	own = (struct lobby_waiting){ .seek = seek_of(1, 1, 0), .kind = &kind };
	for (steps = 3; lobby_look_on(&own, &steps, out) == LOBBY_MORE; steps = 3, pieces++)
		ck_assert_int_eq(steps, 0);
	ck_assert_int_eq(pieces, 5);
	ck_assert(out[1] == &waiting[12].seek && out[2] == &waiting[13].seek);
	/* The first that was found is gone when it looks on: it begins again, and misses nobody. */
	lobby_look_anew(&own);
	steps = 13;
	ck_assert_int_eq(lobby_look_on(&own, &steps, out), LOBBY_MORE);
	ck_assert_int_eq(own.found_count, 1);
	waiting[12].seek.client = 0;
	waits(4, 5, 2);
	steps = 100;
	ck_assert_int_eq(lobby_look_on(&own, &steps, out), LOBBY_FOUND);
	ck_assert_int_eq(steps, 100 - 15);
	ck_assert(out[1] == &waiting[13].seek && out[2] == &waiting[14].seek);
}
END_TEST

START_TEST(each_gets_a_seat_and_who_wished_for_one_gets_that)
{
	int first[4] = { 0 };

	for (int round = 0; round < 400; round++) {
		struct game_seek seeks[4];
		const struct game_seek *all[4];
		unsigned seats[GAME_SEATS_MAX], taken = 0;

		for (int i = 0; i < 4; i++) {
			seeks[i] = seek_of(i + 1, 1, i == 2 ? 1 : -1);
			all[i] = &seeks[i];
		}
		lobby_draw_seats(all, 4, seats);
		for (int i = 0; i < 4; i++)
			taken |= 1u << seats[i];
		ck_assert_uint_eq(taken, 15);
		ck_assert_uint_eq(seats[2], 1);
		first[seats[0]]++;
	}
	/* By lot: of 400 each of the three has some. */
	ck_assert(first[0] > 50 && first[2] > 50 && first[3] > 50 && first[1] == 0);
}
END_TEST

START_TEST(who_wants_something_else_wants_another_kind)
{
	struct game_seek a = seek_of(1, 1, 0), b = seek_of(2, 2, 1);
	char x[LOBBY_KEY_MAX], y[LOBBY_KEY_MAX];

	lobby_key(x, &a);
	lobby_key(y, &b);
	ck_assert_str_eq(x, y);
	snprintf(b.setup, sizeof(b.setup), "chess960");
	lobby_key(y, &b);
	ck_assert_str_ne(x, y);
	memset(b.setup, 'x', sizeof(b.setup) - 1);
	b.control = (struct game_control){ .kind = GAME_FISCHER, .stage_count = 4 };
	for (int i = 0; i < 4; i++)
		b.control.stages[i] = (struct game_stage){ 1000, GAME_TIME_MAX_MS - 1, 3599999 };
	lobby_key(y, &b); /* whole, however long */
	ck_assert_int_eq(y[strlen(y) - 1], 'x');
	ck_assert_int_gt(strlen(y), sizeof(b.setup));
	b.setup[sizeof(b.setup) - 2] = 'y';
	lobby_key(x, &b);
	ck_assert_str_ne(x, y);
}
END_TEST

START_TEST(rated_and_casual_or_another_clock_are_another_kind)
{
	struct game_seek a = seek_of(1, 1, -1), b = a;
	char x[LOBBY_KEY_MAX], y[LOBBY_KEY_MAX];

	lobby_key(x, &a);
	b.rated = true;
	lobby_key(y, &b);
	ck_assert_str_ne(x, y);
	b = a;
	b.control.kind = GAME_DELAY;
	lobby_key(y, &b);
	ck_assert_str_ne(x, y);
}
END_TEST

/* Never outside the range that either has asked for. */
START_TEST(ratings_are_within_what_both_want)
{
	static const struct {
		int rating, min, max;
		bool pair;
	} rows[] = { { 1500, 0, 3000, true }, { 1299, 0, 3000, false }, { 1300, 0, 3000, true },
		{ 1701, 0, 3000, false }, { 1500, 1451, 3000, false }, { 1500, 0, 1449, false },
		{ 1500, 1450, 1450, true } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct game_seek seek = seek_of(1, 1, -1);
		const struct game_seek *out[GAME_SEATS_MAX];

		begin(2);
		waits(2, 2, -1);
		waiting[0].seek.rating = 1450;
		waiting[0].seek.rating_min = 1300;
		waiting[0].seek.rating_max = 1700;
		seek.rating = rows[i].rating;
		seek.rating_min = rows[i].min;
		seek.rating_max = rows[i].max;
		ck_assert_uint_eq(find_players(&seek, out), rows[i].pair ? 2 : 1);
	}
}
END_TEST

TEST_MAIN("fit", who_waits_longest_by_their_newest_connection, no_two_wish_for_one_seat,
	as_many_as_the_game_needs, a_long_walk_is_made_in_pieces,
	each_gets_a_seat_and_who_wished_for_one_gets_that,
	who_wants_something_else_wants_another_kind,
	rated_and_casual_or_another_clock_are_another_kind, ratings_are_within_what_both_want)
