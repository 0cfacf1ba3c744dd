/*
 * test_seats.c: a match of three in the database: who sits there, what happened, what each has scored.
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "../rounds.h"
#include "database.h"
#include "engine/match.h"
#include "hearth/error.h"
#include "store/store.h"

/* In place of the table of games (rules.c), which is in no program of this test. */
const struct game_rules *game_rules_find(struct slice id)
{
	return slice_eq(id, SLICE("rounds")) ? &rounds_rules : NULL;
}

const struct game_rules *game_rules_at(size_t i)
{
	return i == 0 ? &rounds_rules : NULL;
}

const char *game_rules_rating(const struct game_rules *of, struct slice setup)
{
	return setup.n == 0 ? of->id : NULL;
}

/* ---- the match ---- */

struct table {
	struct match *m;
	struct match_step step;
	int64_t id, now_us;
};

static int add_row(struct db_tx *tx, void *arg)
{
	struct game_match_row row = { .rules = &rounds_rules,
		.seats = 3,
		.accounts = { 11, 12, 13 },
		.names = { "A", "B", "" },
		.control = game_control_fischer(60000, 0),
		.started_at = 5 };
	struct table *t = arg;
	int rc = game_store_add(tx, &row, 10);

	t->id = row.id;
	return rc < 0 ? rc : game_store_begin(tx, row.id, 0, 60000000);
}

static int load_it(struct db_tx *tx, void *arg)
{
	struct table *t = arg;

	match_free(&t->m);
	return game_store_load(tx, t->id, &t->m);
}

static int write_step(struct db_tx *tx, void *arg)
{
	struct table *t = arg;

	return game_store_step(tx, t->m, &t->step,
		&(struct game_store_times){ .wall_ms = 1000, .now_us = t->now_us, .due_us = 7 });
}

/* A move, stored; then all is read again. */
static void play(struct db *db, struct table *t, int seat, const char *move)
{
	const char *why;

	t->now_us += 1000000;
	ck_assert_int_eq(
		match_try_move(t->m, seat, slice_str(move), false, t->now_us, 0, &t->step, &why),
		0);
	ck_assert_int_eq(db_write_wait(db, write_step, t), 0);
	match_step_clear(&t->step);
	ck_assert_int_eq(db_read_wait(db, load_it, t), 0);
}

struct lists {
	int64_t account, live, all;
};

static int count_one(void *arg, int64_t id)
{
	(void)id;
	++*(int64_t *)arg;
	return 0;
}

static int list(struct db_tx *tx, void *arg)
{
	struct lists *l = arg;
	int rc;

	l->live = l->all = 0;
	rc = game_store_live_of_account(tx, l->account, 10, count_one, &l->live);
	return rc < 0 ? rc : game_store_of_account(tx, l->account, 10, count_one, &l->all);
}

static int forget(struct db_tx *tx, void *arg)
{
	(void)arg;
	return game_store_forget(tx, 12);
}

START_TEST(three_sit_at_a_match)
{
	struct db *db = database_new(&(struct db_schema){ "game", game_migrations });
	struct table t = { 0 };
	struct lists l = { .account = 13 };

	ck_assert_int_eq(db_write_wait(db, add_row, &t), 0);
	ck_assert_int_eq(db_read_wait(db, load_it, &t), 0);
	ck_assert_uint_eq(t.m->seats, 3);
	ck_assert_int_eq(match_seat(t.m, 13), 2);
	ck_assert_str_eq(t.m->names[1], "B");
	for (int seat = 0; seat < 3; seat++) {
		ck_assert(!match_begun(t.m));
		play(db, &t, seat, "a");
	}
	ck_assert(match_begun(t.m) && t.m->clock.side == 0);
	play(db, &t, 0, "b");
	ck_assert_int_eq(t.m->clock.left_us[0], 59000000);
	ck_assert_int_eq(t.m->clock.side, 1);
	ck_assert_int_eq(db_read_wait(db, list, &l), 0);
	ck_assert(l.live == 1 && l.all == 1);

	play(db, &t, 1, "last");
	ck_assert(t.m->over && match_winner(t.m) == 1 && t.m->seq == 6);
	ck_assert(t.m->scores[0] == GAME_LOST && t.m->scores[1] == GAME_WON);
	ck_assert_int_eq(db_read_wait(db, list, &l), 0);
	ck_assert(l.live == 0 && l.all == 1);

	/* The one seat is empty, and nothing else is changed. */
	ck_assert_int_eq(db_write_wait(db, forget, NULL), 0);
	ck_assert_int_eq(db_read_wait(db, load_it, &t), 0);
	ck_assert(match_empty_seat(t.m) == 1 && t.m->accounts[2] == 13);
	ck_assert_str_eq(t.m->names[1], "");
	ck_assert_int_eq(match_winner(t.m), 1);
	match_free(&t.m);
	db_close(&db);
}
END_TEST

TEST_MAIN("seats", three_sit_at_a_match)
