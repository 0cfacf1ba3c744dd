/*
 * test_seek.c: seeks on their way to the lobby: of one connection the latest is what counts, and it is
 * looked into itself, however far the one before it has come.
 */
#include "lobby_test.h"

#define BULLET    60
#define CLASSICAL 1800

static int nothing(struct db_tx *tx, void *arg)
{
	(void)tx;
	(void)arg;
	return 0;
}

/* The database has done what was asked of it; the loop has not heard yet. */
static void let_database_work(void)
{
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(db_read_wait(g.db, nothing, NULL), 0);
}

static void begin(void)
{
	static const char *rows[] = {
		"INSERT INTO rating (account, game, speed, rating, deviation, volatility, games,"
		" latest_ms) VALUES (100, 'chess', 'bullet', 11000000, 500000, 60000000, 50, 1),"
		" (100, 'chess', 'classical', 18000000, 500000, 60000000, 50, 1)",
		"INSERT INTO preference (account, version, base_s, increment_s, auto_queen)"
		" VALUES (100, 1, 420, 3, 0)",
	};

	lobby_open();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_int_eq(db_write_wait(g.db, run_sql, &rows[i]), 0);
}

static void seek(int64_t seconds)
{
	struct game_seek wanted = seek_by(1, seconds);

	game_seek_begin(&g, &wanted);
}

/* The first is looked into when the second comes; that alone comes to stand, as if it were alone. */
static void comes_to_stand(int64_t first, int64_t second, const char *clock, const char *rating)
{
	begin();
	seek(first);
	let_database_work();
	seek(second);
	want("1", "\"seeking\"", NULL);
	ck_assert(loop_run_until(nobody_seeks, NULL, 10000));
	ck_assert_int_eq(told_count, 1);
	ck_assert_msg(strstr(told[0], clock) && strstr(told[0], rating), "%s", told[0]);
	lobby_close();
}

START_TEST(a_later_seek_is_looked_into_itself)
{
	comes_to_stand(BULLET, CLASSICAL, "\"limit\":1800", "\"rating\":1800");
	comes_to_stand(CLASSICAL, BULLET, "\"limit\":60", "\"rating\":1100");
	comes_to_stand(0, BULLET, "\"limit\":60", "\"rating\":1100");
	comes_to_stand(0, 0, "\"limit\":420", "\"rating\":1500");
	comes_to_stand(CLASSICAL, 0, "\"limit\":420", "\"rating\":1500");
}
END_TEST

/* Whenever it comes: also while a thread of the database has the first in hand. */
START_TEST(seeks_that_meet_a_look)
{
	begin();
	for (int round = 0; round < 300; round++) {
		told_count = 0;
		seek(BULLET);
		for (int i = 0; i < round % 7; i++)
			seek(i % 2 ? CLASSICAL : 0);
		for (volatile int wait = 0; wait < round * 100; wait++)
			continue;
		seek(CLASSICAL);
		want("1", "\"limit\":1800", "\"rating\":1800");
		ck_assert_int_eq(told_count, 1);
	}
	lobby_close();
}
END_TEST

START_TEST(what_was_cancelled_comes_to_nothing_but_a_later_one_does)
{
	struct game_seek beside = seek_by(1, BULLET);

	begin();
	beside.beside = true;
	seek(BULLET);
	game_seek_begin(&g, &beside); /* the first stands, and is not through yet */
	ck_assert_int_eq(told_times("1", "\"busy\"", NULL), 1);
	game_seek_drop(&g, 100);
	ck_assert(loop_run_until(nobody_seeks, NULL, 10000));
	ck_assert_int_eq(told_count, 1);
	seek(BULLET);
	let_database_work();
	game_seek_drop(&g, 100);
	beside.control = game_control_fischer(CLASSICAL * 1000, 0);
	game_seek_begin(&g, &beside); /* nothing to be beside any more */
	game_seek_begin(&g, &beside);
	ck_assert_int_eq(told_times("1", "\"busy\"", NULL), 2);
	want("1", "\"limit\":1800", "\"rating\":1800");
	ck_assert_int_eq(told_count, 3);
	seek(BULLET);
	seek(CLASSICAL);
	game_seek_close(&g, 1);
	lobby_close(); /* and nobody hears */
	ck_assert_int_eq(told_count, 3);
}
END_TEST

TEST_MAIN("seek", a_later_seek_is_looked_into_itself, seeks_that_meet_a_look,
	what_was_cancelled_comes_to_nothing_but_a_later_one_does)
