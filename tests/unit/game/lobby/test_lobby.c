/*
 * test_lobby.c: a pair whose match cannot be stored, and lobbies full of seeks that do not fit. The
 * lobby, its database and nobody behind it: a match that is stored is another node's.
 */
#include "lobby_test.h"

#include "hearth/clock.h"
#include "hearth/error.h"
#include "lobby/lobby_private.h"
#include "store/store.h"

static void seek(struct game_seek wanted)
{
	ck_assert_int_eq(game_lobby_seek(g.lobby, &wanted), 0);
}

/* The database refuses rows of `match` from now on, or takes them again. */
static void break_database(bool broken)
{
	const char *sql = broken ? "ALTER TABLE match RENAME TO elsewhere"
				 : "ALTER TABLE elsewhere RENAME TO match";

	ck_assert_int_eq(db_write_wait(g.db, run_sql, &sql), 0);
}

/* Of an account, which has begun all it may within this minute. */
static int begin_many(struct db_tx *tx, void *arg)
{
	int64_t now_ms = clock_wall_ms();
	int rc = 0;

	for (int i = 0; i < GAME_STORE_BEGUN_MAX && rc == 0; i++) {
		struct game_match_row row = { .rules = game_rules_find(SLICE("chess")),
			.seats = 2,
			.accounts = { *(int64_t *)arg, 1000000 + i },
			.control = game_control_fischer(60000, 0),
			.started_at = now_ms };

		rc = game_store_add(tx, &row, INT64_MAX);
	}
	return rc;
}

static void flood(int64_t account)
{
	const char *sql = "UPDATE seat SET live = 0";

	ck_assert_int_eq(db_write_wait(g.db, begin_many, &account), 0);
	ck_assert_int_eq(db_write_wait(g.db, run_sql, &sql), 0);
}

START_TEST(who_is_not_to_blame_seeks_on)
{
	struct game_seek other = seek_by(1, 300);

	lobby_open();
	seek(seek_by(1, 60));
	other.beside = true;
	seek(other);
	flood(200);
	told_count = 0;
	seek(seek_by(2, 60)); /* came through before it had begun so many */
	ck_assert(game_lobby_is_pairing(g.lobby, 100) && game_lobby_is_pairing(g.lobby, 200));
	want("#200", "\"too-many-matches\"", NULL);
	ck_assert(!game_lobby_is_pairing(g.lobby, 100) && !game_lobby_is_pairing(g.lobby, 200));
	ck_assert_int_eq(told_times("#100", NULL, NULL), 0);
	/* Both stand, with their numbers, and find whoever comes. */
	ck_assert_int_eq(told_times("1", "\"seeking\"", NULL), 2);
	ck_assert_int_eq(told_count, 3);
	seek(seek_by(3, 300));
	want("#100", "\"started\"", NULL);
	want("#300", "\"started\"", NULL);
	ck_assert_int_eq(g.lobby->count, 0); /* one pair ends all of both */
	lobby_close();
}
END_TEST

START_TEST(who_began_too_many_does_not_come_to_seek)
{
	struct game_seek wanted = seek_by(2, 60);

	lobby_open();
	flood(200);
	game_seek_begin(&g, &wanted);
	want("2", "\"too-many-matches\"", NULL);
	ck_assert_int_eq(g.lobby->count, 0);
	lobby_close();
}
END_TEST

START_TEST(nobody_is_to_blame_for_the_disk)
{
	lobby_open();
	seek(seek_by(1, 60));
	break_database(true);
	seek(seek_by(2, 60));
	want("2", "\"seeking\"", NULL);
	ck_assert_int_eq(told_times("1", "\"seeking\"", NULL), 2);
	ck_assert_int_eq(told_times("#100", NULL, NULL) + told_times("#200", NULL, NULL), 0);
	break_database(false);
	want("#100", "\"started\"", NULL); /* by themselves */
	lobby_close();
}
END_TEST

START_TEST(what_ends_while_a_pair_is_stored_stays_ended)
{
	struct game_seek brief = seek_by(2, 300), late = seek_by(1, 900), own = seek_by(2, 60);
	int64_t since_ms;

	lobby_open();
	seek(seek_by(1, 60));
	brief.ttl_ms = 2;
	seek(brief);
	break_database(true);
	own.beside = true;
	seek(own);
	ck_assert(game_lobby_is_pairing(g.lobby, 100));
	ck_assert_int_eq(game_lobby_seek(g.lobby, &late), HEARTH_ECONFLICT);
	ck_assert_int_eq(game_lobby_cancel(g.lobby, 100, 0, 1), 0);
	ck_assert(game_lobby_is_pairing(g.lobby, 100));
	game_lobby_close(g.lobby, 2);
	told_count = 0;
	for (since_ms = clock_mono_ms(); clock_mono_ms() < since_ms + 4;)
		continue;
	want("#100", "\"try-again\"", NULL);
	want("#200", "\"seek-expired\"", "\"time\"");
	/* One is left, without a connection until another takes it up. */
	ck_assert_int_eq(told_count, 2);
	ck_assert_int_eq(g.lobby->count, 1);
	break_database(false);
	seek(seek_by(3, 60));
	ck_assert(!game_lobby_is_pairing(g.lobby, 300));
	game_lobby_list(g.lobby, 200, 22, false);
	want("#200", "\"started\"", NULL);
	want("#300", "\"started\"", NULL);
	lobby_close();
}
END_TEST

/* ---- many that do not fit ---- */

#define CROWD (4 * LOBBY_STEPS)

static int nobody_looks(void *arg)
{
	(void)arg;
	return list_empty(&g.lobby->looking);
}

START_TEST(a_crowd_is_looked_at_in_waves)
{
	struct game_seek wanted = seek_by(1, 60);

	lobby_open();
	wanted.seat = 0;
	for (uint64_t client = 10; client < 10 + CROWD; client++) {
		struct game_seek one = seek_by(client, 60);

		one.seat = 0;
		seek(one);
	}
	ck_assert(loop_run_until(nobody_looks, NULL, 30000));
	told_count = 0;
	wanted.seat = 1;
	for (uint64_t client = 10; client < 10 + CROWD - 1; client++)
		game_lobby_close(g.lobby, client); /* away: all but the latest */
	seek(wanted);
	/* Not at once, since there is much to see; but found in the end. */
	ck_assert(!game_lobby_is_pairing(g.lobby, 100));
	want("#100", "\"started\"", NULL);
	ck_assert_int_eq(told_times("1", "\"seeking\"", NULL), 1);
	lobby_close();
}
END_TEST

TEST_MAIN("lobby", who_is_not_to_blame_seeks_on, who_began_too_many_does_not_come_to_seek,
	nobody_is_to_blame_for_the_disk, what_ends_while_a_pair_is_stored_stays_ended,
	a_crowd_is_looked_at_in_waves)
