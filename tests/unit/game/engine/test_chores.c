/*
 * test_chores.c: what nobody asks for is done though a part of it fails: the game clocks are noted where
 * the matches of a folder of before cannot be taken over.
 */
#include "harness.h"

#include <stdatomic.h>

#include "database.h"
#include "engine/chores.h"
#include "engine/tenure.h"
#include "hearth/metric.h"
#include "store/store.h"

/* Of src/, which a module's tests do not see: the loop, and whether the database has work. */
bool db_busy(struct db *db, int64_t *ended);
void loop_init(void);
int loop_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);

static struct game_tenure tenure = { .clock_base_us = 1000000 };
static struct game g;

/* One of before, whose moves nobody can read: the table is gone. */
static int add_odd(struct db_tx *tx, void *arg)
{
	static const uint8_t seed[GAME_SEED_SIZE];
	int rc = db_run(tx,
		"INSERT INTO match (rules, setup, seed, white, black, white_name, black_name,"
		" limit_ms, increment_ms, started_at, ended_at, status, winner, reason) VALUES"
		" ('chess', '', $1, 1, 2, '', '', 60000, 0, 1, 2, 'mate', 0, 'checkmate')",
		db_bytes(slice_of(seed, sizeof(seed))));

	(void)arg;
	return rc < 0 ? rc : db_run(tx, "DROP TABLE move");
}

static int count_noted(struct db_tx *tx, void *arg)
{
	return db_get_int(tx, arg, "SELECT count(*) FROM shard_clock WHERE us > 0");
}

static int are_noted(void *arg)
{
	int64_t n = 0;

	(void)arg;
	return db_read_wait(g.db, count_noted, &n) == 0 && n == GAME_SHARDS;
}

static int count_left(struct db_tx *tx, void *arg)
{
	return game_store_unadopted(tx, arg);
}

/* As the server does before it stops: nothing is under way, nor was any more of it asked for. */
static int is_quiet(void *arg)
{
	int64_t ended = 0, *last = arg;
	bool busy = db_busy(g.db, &ended);

	last[1] = busy || ended != last[0] ? 0 : last[1] + 1;
	last[0] = ended;
	return last[1] > 3;
}

START_TEST(clocks_are_noted_whatever_else_fails)
{
	int64_t left = 0, last[2] = { 0, 0 };

	loop_init();
	g = (struct game){ .owned = ~0u };
	for (int i = 0; i < GAME_OWNABLE; i++)
		atomic_store(&g.tenures[i], &tenure);
	g.live = metric_gauge("test_live", NULL, "");
	g.db = database_new(&(struct db_schema){ "game", game_migrations });
	ck_assert_int_ge(db_write_wait(g.db, add_odd, NULL), 0);
	g.chores = game_chores_new(&g);
	ck_assert(loop_run_until(are_noted, NULL, 20000));
	ck_assert_int_eq(db_read_wait(g.db, count_left, &left), 0);
	ck_assert_int_eq(left, 1);
	ck_assert(loop_run_until(is_quiet, last, 20000));
	game_chores_free(&g.chores);
	db_close(&g.db);
}
END_TEST

TEST_MAIN("chores", clocks_are_noted_whatever_else_fails)
