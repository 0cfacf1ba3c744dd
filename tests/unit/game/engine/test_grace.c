/*
 * test_grace.c: time to come back in after a start: for the turn that was under way, once each
 * start, and never more time than there was.
 */
#include "harness.h"

#include "database.h"
#include "engine/grace.h"
#include "game.h"
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

/* ---- where several are to move at once, a step can leave the turn that is under way ---- */

struct placing {
	struct match *m;
	struct match_step step;
	int64_t id, now_us;
};

static int begin_placing(struct db_tx *tx, void *arg)
{
	struct game_match_row row = { .rules = game_rules_find(SLICE("battleship")),
		.seats = 2,
		.accounts = { 1, 2 },
		.control = game_control_fischer(300000, 0),
		.started_at = 1 };
	struct placing *p = arg;
	int rc = game_store_add(tx, &row, 10);

	p->id = row.id;
	return rc < 0 ? rc : game_store_begin(tx, row.id, p->now_us, p->now_us + SECOND);
}

static int read_placing(struct db_tx *tx, void *arg)
{
	struct placing *p = arg;

	match_free(&p->m);
	return game_store_load(tx, p->id, &p->m);
}

static int write_placing(struct db_tx *tx, void *arg)
{
	struct placing *p = arg;
	const struct game_store_times at = { 1, p->now_us, p->now_us };

	return game_store_step(tx, p->m, &p->step, &at);
}

/* Put away and taken up again, as it is stored, by these starts. */
static void take_up(struct db *db, struct placing *p, const struct game_starts *starts)
{
	ck_assert_int_eq(db_read_wait(db, read_placing, p), 0);
	game_starts_apply(starts, p->m);
}

static void place(struct db *db, struct placing *p, int64_t at_s, int seat, const char *ship)
{
	const char *why;

	p->now_us = at_s * SECOND;
	ck_assert_int_eq(
		match_try_move(p->m, seat, slice_str(ship), false, p->now_us, 0, &p->step, &why),
		0);
	ck_assert_int_eq(db_write_wait(db, write_placing, p), 0);
	match_take(p->m, &p->step, p->now_us);
}

static int64_t first_left_s(const struct placing *p, int64_t at_s)
{
	return game_clock_left_us(&p->m->clock, 0, at_s * SECOND) / SECOND;
}

static int read_clocks(struct db_tx *tx, void *arg)
{
	return game_store_clocks(tx, arg);
}

START_TEST(what_a_turn_has_used_is_charged_once_though_another_moves_in_it)
{
	struct db *db = database_new(game_module.schemas);
	struct placing p = { .now_us = 100 * SECOND };
	struct game_shard_clock clocks[GAME_SHARDS];
	struct game_starts starts = { .n = 0 };

	ck_assert_int_eq(db_write_wait(db, begin_placing, &p), 0);
	take_up(db, &p, &starts);
	place(db, &p, 105, 0, "A1-A5");
	place(db, &p, 110, 1, "A1-A5"); /* both have moved: the first's clock runs */
	game_starts_add(&starts, 150 * SECOND, 30 * SECOND);
	take_up(db, &p, &starts);
	ck_assert_int_eq(first_left_s(&p, 180), 260);
	place(db, &p, 155, 1, "B1-B4");
	/* No clock is ahead of itself by what stands until then. */
	ck_assert_int_eq(db_read_wait(db, read_clocks, clocks), 0);
	ck_assert_int_le(clocks[game_shard_number(p.id)].us, 155 * SECOND);
	for (int i = 0; i < 2; i++) {
		take_up(db, &p, &starts);
		ck_assert_int_eq(first_left_s(&p, 180), 260);
		ck_assert_int_eq(first_left_s(&p, 200), 240);
	}
	/* A start while it stands, and one behind it. */
	game_starts_add(&starts, 160 * SECOND, 30 * SECOND);
	take_up(db, &p, &starts);
	ck_assert_int_eq(first_left_s(&p, 190), 260);
	place(db, &p, 200, 1, "C1-C3");
	ck_assert_int_eq(first_left_s(&p, 200), 250);
	game_starts_add(&starts, 210 * SECOND, 30 * SECOND);
	take_up(db, &p, &starts);
	ck_assert_int_eq(first_left_s(&p, 240), 240);
	place(db, &p, 240, 0, "B1-B4");
	ck_assert_int_eq(p.m->clock.left_us[0], 240 * SECOND);
	take_up(db, &p, &starts);
	ck_assert_int_eq(first_left_s(&p, 240), 240);
	match_free(&p.m);
	db_close(&db);
}
END_TEST

START_TEST(a_first_move_is_waited_for_no_longer_though_another_moves_on)
{
	struct db *db = database_new(game_module.schemas);
	struct placing p = { .now_us = 100 * SECOND };
	struct game_starts starts = { .n = 0 };

	ck_assert_int_eq(db_write_wait(db, begin_placing, &p), 0);
	take_up(db, &p, &starts);
	place(db, &p, 110, 0, "A1-A5");
	ck_assert_int_eq(match_time_left_us(p.m, 60 * SECOND, 110 * SECOND), 50 * SECOND);
	place(db, &p, 120, 0, "B1-B4");
	take_up(db, &p, &starts);
	ck_assert_int_eq(match_time_left_us(p.m, 60 * SECOND, 120 * SECOND), 40 * SECOND);
	game_starts_add(&starts, 130 * SECOND, 15 * SECOND);
	take_up(db, &p, &starts);
	place(db, &p, 140, 0, "C1-C3");
	for (int i = 0; i < 2; i++) {
		take_up(db, &p, &starts);
		ck_assert_int_eq(match_time_left_us(p.m, 60 * SECOND, 145 * SECOND), 30 * SECOND);
	}
	/* The first is done: it was the other's turn before. */
	place(db, &p, 150, 0, "D1-D3");
	place(db, &p, 155, 0, "E1-E2");
	ck_assert_int_eq(match_time_left_us(p.m, 60 * SECOND, 155 * SECOND), 20 * SECOND);
	match_free(&p.m);
	db_close(&db);
}
END_TEST

/* ---- what is kept of starts ---- */

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
	what_a_turn_has_used_is_charged_once_though_another_moves_in_it,
	a_first_move_is_waited_for_no_longer_though_another_moves_on, the_latest_starts_are_kept)
