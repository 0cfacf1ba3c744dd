/*
 * test_grace.c: time to come back in after a start: for the turn that was under way, once each
 * start, and never more time than there was.
 */
#include "harness.h"

#include "database.h"
#include "engine/grace.h"
#include "hearth/module.h"
#include "store/store.h"

#define SECOND INT64_C(1000000)

extern const struct hearth_module game_module;

/* A match of 300 s whose seat 0 is to move since `since_s`, as it is read from its row. */
static struct match *stored(int64_t since_s)
{
	const struct game_control control = game_control_fischer(300000, 2000);
	struct match *m = match_shell(7, game_rules_find(SLICE("chess")), 2);

	game_clock_init(&m->clock, &control, 2);
	game_clock_start(&m->clock, 0, since_s * SECOND);
	m->waiting_since_us = since_s * SECOND;
	return m;
}

/* What the mover has left when the match is read now, in seconds. */
static int64_t left_s(const struct game_starts *starts, int64_t since_s, int64_t now_s)
{
	struct match *m = stored(since_s);
	int64_t left_us;

	game_starts_apply(starts, m);
	left_us = game_clock_left_us(&m->clock, 0, now_s * SECOND);
	match_free(&m);
	return left_us / SECOND;
}

START_TEST(the_turn_that_was_under_way_stands_and_nothing_is_given)
{
	struct game_starts starts = { .n = 0 };

	ck_assert_int_eq(left_s(&starts, 1000, 1123), 177);
	game_starts_add(&starts, 1123 * SECOND, 30 * SECOND);
	ck_assert_int_eq(left_s(&starts, 1000, 1123), 177);
	ck_assert_int_eq(left_s(&starts, 1000, 1153), 177);
	ck_assert_int_eq(left_s(&starts, 1000, 1160), 170);
	/* Again, while that goes on; and again, behind it. */
	game_starts_add(&starts, 1133 * SECOND, 30 * SECOND);
	ck_assert_int_eq(left_s(&starts, 1000, 1133), 177);
	ck_assert_int_eq(left_s(&starts, 1000, 1163), 177);
	ck_assert_int_eq(left_s(&starts, 1000, 1170), 170);
	game_starts_add(&starts, 1170 * SECOND, 30 * SECOND);
	ck_assert_int_eq(left_s(&starts, 1000, 1170), 170);
	ck_assert_int_eq(left_s(&starts, 1000, 1200), 170);
	ck_assert_int_eq(left_s(&starts, 1000, 1400), 0);
}
END_TEST

START_TEST(a_turn_that_began_after_the_start_has_no_grace)
{
	struct game_starts starts = { .n = 0 };

	game_starts_add(&starts, 1000 * SECOND, 30 * SECOND);
	ck_assert_int_eq(left_s(&starts, 1005, 1020), 285);
	game_starts_add(&starts, 1020 * SECOND, 30 * SECOND);
	ck_assert_int_eq(left_s(&starts, 1005, 1060), 275);
}
END_TEST

START_TEST(what_a_move_has_used_counts_what_came_before_the_start)
{
	struct game_starts starts = { .n = 0 };
	struct match *m = stored(1000);

	game_starts_add(&starts, 1100 * SECOND, 30 * SECOND);
	game_starts_apply(&starts, m);
	ck_assert_int_eq(game_clock_press(&m->clock, 1, 1140 * SECOND, 0).used_us, 110 * SECOND);
	ck_assert_int_eq(m->clock.left_us[0], 192 * SECOND);
	ck_assert_int_eq(game_clock_press(&m->clock, 0, 1145 * SECOND, 0).used_us, 5 * SECOND);
	match_free(&m);
}
END_TEST

START_TEST(a_first_move_is_waited_for_as_long)
{
	struct game_starts starts = { .n = 0 };
	struct match *m = stored(1000);

	m->clock.side = -1;
	game_starts_add(&starts, 1050 * SECOND, 30 * SECOND);
	game_starts_apply(&starts, m);
	ck_assert_int_eq(match_time_left_us(m, 60 * SECOND, 1050 * SECOND), 40 * SECOND);
	ck_assert_int_eq(match_time_left_us(m, 60 * SECOND, 1080 * SECOND), 10 * SECOND);
	ck_assert_int_eq(match_time_left_us(m, 60 * SECOND, 1090 * SECOND), 0);
	match_free(&m);
}
END_TEST

static int start_often(struct db_tx *tx, void *arg)
{
	struct game_starts *last = arg;
	int rc = 0;

	for (int i = 1; i <= GAME_STARTS_MAX + 3 && rc == 0; i++)
		rc = game_store_start(tx, 3, i * SECOND, 0, i, last);
	/* Another shard has its own. */
	if (rc == 0)
		rc = game_store_start(tx, 4, 7 * SECOND, 0, 1, &(struct game_starts){ 0 });
	return rc < 0 ? rc : game_store_starts(tx, 3, last);
}

START_TEST(the_latest_starts_are_kept)
{
	struct db *db = database_new(game_module.schemas);
	struct game_starts starts;

	ck_assert_int_eq(db_write_wait(db, start_often, &starts), 0);
	ck_assert_int_eq(starts.n, GAME_STARTS_MAX);
	ck_assert_int_eq(starts.starts[0].at_us, 4 * SECOND);
	ck_assert_int_eq(starts.starts[GAME_STARTS_MAX - 1].grace_us, GAME_STARTS_MAX + 3);
	ck_assert_int_eq(game_starts_grace_until_us(&starts),
		(GAME_STARTS_MAX + 3) * SECOND + GAME_STARTS_MAX + 3);
	db_close(&db);
}
END_TEST

TEST_MAIN("grace", the_turn_that_was_under_way_stands_and_nothing_is_given,
	a_turn_that_began_after_the_start_has_no_grace,
	what_a_move_has_used_counts_what_came_before_the_start, a_first_move_is_waited_for_as_long,
	the_latest_starts_are_kept)
