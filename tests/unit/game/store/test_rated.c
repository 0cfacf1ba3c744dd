/*
 * test_rated.c: a match that counts: what its players are rated before and behind it, in the
 * transaction of its end; any time control, through its row and back.
 */
#include "harness.h"

#include "database.h"
#include "hearth/error.h"
#include "hearth/module.h"
#include "store/store.h"
#include "store/store_rating.h"

extern const struct hearth_module game_module;

static struct db *db;

struct deed {
	const char *control, *setup; /* NULL: the usual start */
	int64_t accounts[2], id;
	bool rated;
	struct match *m;
	int scores[GAME_SEATS_MAX];
	int64_t at_ms;
	struct match_rating shown[GAME_SEATS_MAX];
	struct rating rating;
	int listed;
};

static int add(struct db_tx *tx, void *arg)
{
	struct deed *d = arg;
	struct game_match_row row = { .rules = game_rules_find(SLICE("chess")),
		.seats = 2,
		.setup = slice_str(d->setup ? d->setup : ""),
		.accounts = { d->accounts[0], d->accounts[1] },
		.rated = d->rated,
		.started_at = d->at_ms };
	const char *why;
	int rc;

	ck_assert_int_eq(game_control_parse(slice_str(d->control), &row.control, &why), 0);
	rc = game_store_add(tx, &row, 100);
	d->id = row.id;
	return rc;
}

static int load(struct db_tx *tx, void *arg)
{
	struct deed *d = arg;

	match_free(&d->m);
	return game_store_load(tx, d->id, &d->m);
}

static int rate(struct db_tx *tx, void *arg)
{
	struct deed *d = arg;

	return game_store_rate(tx, d->m, d->scores, d->at_ms, d->shown);
}

static int read_rating(struct db_tx *tx, void *arg)
{
	struct deed *d = arg;

	return game_store_rating(tx, d->accounts[0], game_rules_find(SLICE("chess")),
		slice_str(d->setup ? d->setup : ""), GAME_BLITZ, &d->rating);
}

static int forget(struct db_tx *tx, void *arg)
{
	const struct deed *d = arg;

	return game_store_forget(tx, d->accounts[0]);
}

static int count(void *arg, const struct game_rated *r)
{
	struct deed *d = arg;

	ck_assert(slice_eq(r->game, slice_str(d->setup ? d->setup : "chess")));
	d->listed++;
	return 0;
}

static int list(struct db_tx *tx, void *arg)
{
	struct deed *d = arg;

	d->listed = 0;
	return game_store_ratings(tx, d->accounts[0], count, d);
}

static void begin(struct deed *d)
{
	ck_assert_int_eq(db_write_wait(db, add, d), 0);
	ck_assert_int_eq(db_read_wait(db, load, d), 0);
}

static void end(struct deed *d, int score)
{
	d->scores[0] = score;
	d->scores[1] = 2 - score;
	ck_assert_int_eq(db_write_wait(db, rate, d), 0);
}

static double rating_of(struct deed *d)
{
	ck_assert_int_eq(db_read_wait(db, read_rating, d), 0);
	return d->rating.glicko.rating;
}

START_TEST(a_match_that_counts_changes_both)
{
	struct deed d = { .control = "300", .accounts = { 5, 6 }, .rated = true, .at_ms = 1000 };

	db = database_new(game_module.schemas);
	begin(&d);
	ck_assert(d.m->rated && d.m->ratings[0].rating == 1500 && d.m->ratings[1].provisional);
	ck_assert(!d.m->ratings[0].changed);
	end(&d, 2);
	ck_assert_int_eq(d.shown[0].rating, 1500);
	ck_assert(d.shown[0].changed && d.shown[1].changed);
	ck_assert_int_eq(d.shown[0].change, 241);
	ck_assert_int_eq(d.shown[1].change, -241);
	ck_assert_int_eq((int)rating_of(&d), 1741);
	ck_assert_int_eq(d.rating.games, 1);
	/* What is shown is stored with the match. */
	ck_assert_int_eq(db_read_wait(db, load, &d), 0);
	for (int seat = 0; seat < 2; seat++)
		ck_assert(d.m->ratings[seat].rating == d.shown[seat].rating &&
			  d.m->ratings[seat].changed &&
			  d.m->ratings[seat].change == d.shown[seat].change);
	/* The next one begins with it, as well at another speed with none. */
	begin(&d);
	ck_assert_int_eq(d.m->ratings[0].rating, 1741);
	d.control = "30";
	begin(&d);
	ck_assert_int_eq(d.m->ratings[0].rating, 1500);
	end(&d, 1);
	ck_assert_int_eq((int)rating_of(&d), 1741);
	ck_assert_int_eq(db_read_wait(db, list, &d), 0);
	ck_assert_int_eq(d.listed, 2);
	match_free(&d.m);
	db_close(&db);
}
END_TEST

/* What is fair in another way is another skill: neither changes the other. */
START_TEST(a_setup_that_is_fair_has_a_rating_of_its_own)
{
	struct deed d = { .control = "300",
		.setup = "chess960",
		.accounts = { 5, 6 },
		.rated = true,
		.at_ms = 1000 };

	db = database_new(game_module.schemas);
	begin(&d);
	end(&d, 2);
	ck_assert_int_eq((int)rating_of(&d), 1741);
	ck_assert_int_eq(db_read_wait(db, list, &d), 0);
	ck_assert_int_eq(d.listed, 1);
	begin(&d);
	ck_assert_int_eq(d.m->ratings[0].rating, 1741);
	d.setup = NULL;
	ck_assert_int_eq((int)rating_of(&d), 1500);
	begin(&d);
	ck_assert_int_eq(d.m->ratings[0].rating, 1500);
	/* One that is not, and so never rated, is shown as the usual game. */
	end(&d, 0);
	d.setup = "8/8/8/4k3/8/8/4P3/4K3 w - - 0 1";
	ck_assert_int_eq((int)rating_of(&d), 1258);
	match_free(&d.m);
	db_close(&db);
}
END_TEST

START_TEST(two_at_once_both_count)
{
	struct deed a = { .control = "300", .accounts = { 5, 6 }, .rated = true, .at_ms = 1000 };
	struct deed b = { .control = "300", .accounts = { 5, 7 }, .rated = true, .at_ms = 1000 };
	double between;

	db = database_new(game_module.schemas);
	begin(&a);
	begin(&b);
	end(&a, 2);
	between = rating_of(&a);
	end(&b, 2);
	ck_assert(rating_of(&b) > between);
	ck_assert_int_eq(b.shown[0].rating, 1500);
	/* What this one has changed, not what both have. */
	ck_assert_int_lt(b.shown[0].change, 241);
	ck_assert_int_eq(b.rating.games, 2);
	match_free(&a.m);
	match_free(&b.m);
	db_close(&db);
}
END_TEST

START_TEST(who_is_gone_has_no_rating)
{
	struct deed d = { .control = "300", .accounts = { 5, 6 }, .rated = true, .at_ms = 1000 };

	db = database_new(game_module.schemas);
	begin(&d);
	end(&d, 2);
	begin(&d);
	ck_assert_int_eq(db_write_wait(db, forget, &d), 0);
	memset(d.shown, 0, sizeof(d.shown));
	end(&d, 0); /* the match in memory does not know yet */
	ck_assert(!d.shown[0].changed && !d.shown[1].changed);
	ck_assert_int_eq(db_read_wait(db, list, &d), 0);
	ck_assert_int_eq(d.listed, 0);
	match_free(&d.m);
	db_close(&db);
}
END_TEST

START_TEST(any_control_comes_back_from_its_row)
{
	static const char *const controls[] = { "300+2", "0.5", "300d5", "40/5400+30:1800+30",
		"1800+5x30", "*180", "1/259200", "-" };

	db = database_new(game_module.schemas);
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		struct deed d = {
			.control = controls[i], .accounts = { 10 + (int64_t)i, 40 }, .at_ms = 1000
		};
		char text[GAME_CONTROL_TEXT_MAX];
		struct game_clock fresh;

		begin(&d);
		ck_assert(!d.m->rated && d.m->ratings[0].rating == 0);
		game_control_print(&d.m->clock.control, text);
		ck_assert_str_eq(text, controls[i]);
		game_clock_init(&fresh, &d.m->clock.control, 2);
		ck_assert_mem_eq(fresh.left_us, d.m->clock.left_us, sizeof(fresh.left_us));
		ck_assert_mem_eq(fresh.periods, d.m->clock.periods, sizeof(fresh.periods));
		match_free(&d.m);
	}
	db_close(&db);
}
END_TEST

static int damage(struct db_tx *tx, void *arg)
{
	const struct deed *d = arg;

	return db_run(tx, "UPDATE match SET control = $2, limit_ms = $3 WHERE id = $1",
		       db_int(d->id), db_str(d->control), db_int(INT64_MAX)) < 0
		       ? HEARTH_EIO
		       : 0;
}

START_TEST(a_control_that_is_none_is_damage)
{
	struct deed d = { .control = "300", .accounts = { 5, 6 }, .at_ms = 1000 };

	db = database_new(game_module.schemas);
	begin(&d);
	d.control = "300+"; /* and by limit and increment, where there is no text */
	for (; d.control; d.control = d.control[0] ? "" : NULL) {
		ck_assert_int_eq(db_write_wait(db, damage, &d), 0);
		ck_assert_int_eq(db_read_wait(db, load, &d), HEARTH_ECORRUPT);
	}
	match_free(&d.m);
	db_close(&db);
}
END_TEST

TEST_MAIN("rated", a_match_that_counts_changes_both, a_setup_that_is_fair_has_a_rating_of_its_own,
	two_at_once_both_count, who_is_gone_has_no_rating, any_control_comes_back_from_its_row,
	a_control_that_is_none_is_damage)
