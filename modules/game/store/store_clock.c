/*
 * store_clock.c: the game clock of each shard, and the latest starts of it (store.h). Inside a db_fn;
 * GAME_SHARDS rows of clocks, GAME_STARTS_MAX starts for each.
 */
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/store.h"

#define CLOCK_STALE_MS 10000 /* how long who owns a shard is believed to go on unheard */

static int add_noted(struct db_rows *rows, void *arg)
{
	struct game_shard_clock *clocks = arg;
	int64_t shard = db_col_int(rows, 0);

	if (shard >= 0 && shard < GAME_SHARDS)
		clocks[shard].us = db_col_int(rows, 1);
	return 0;
}

static int add_live(struct db_rows *rows, void *arg)
{
	struct game_shard_clock *clocks = arg;
	int64_t shard = db_col_int(rows, 0), turn_us = db_col_int(rows, 1);

	if (shard < 0 || shard >= GAME_SHARDS)
		return 0;
	if (turn_us > clocks[shard].us)
		clocks[shard].us = turn_us;
	clocks[shard].live = db_col_int(rows, 2);
	return 0;
}

int game_store_clocks(struct db_tx *tx, struct game_shard_clock out[GAME_SHARDS])
{
	int rc;

	memset(out, 0, GAME_SHARDS * sizeof(out[0]));
	rc = db_each(tx, add_noted, out, "SELECT shard, us FROM shard_clock");
	return rc < 0 ? rc
		      : db_each(tx, add_live, out,
				"SELECT id % $1, max(turn_us), sum(turn_us <> $2) FROM match"
				" WHERE status = 'started' AND seats >= 0 GROUP BY id % $1",
				db_int(GAME_SHARDS), db_int(GAME_NOT_BEGUN));
}

int game_store_clock_now(struct db_tx *tx, int shard, int64_t wall_ms, int64_t *us)
{
	struct game_shard_clock clocks[GAME_SHARDS];
	int64_t at_ms = 0, since_ms;
	int rc = game_store_clocks(tx, clocks);

	if (rc == 0)
		rc = db_get_int(tx, &at_ms, "SELECT at_ms FROM shard_clock WHERE shard = $1",
			db_int(shard));
	since_ms = rc == 0 && wall_ms > at_ms ? wall_ms - at_ms : 0;
	*us = clocks[shard].us + 1000 * (since_ms < CLOCK_STALE_MS ? since_ms : CLOCK_STALE_MS);
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

int game_store_set_clock(struct db_tx *tx, int shard, int64_t us, int64_t wall_ms)
{
	int rc;

	INVARIANT(shard >= 0 && shard < GAME_SHARDS && us > 0);
	rc = db_run(tx,
		"INSERT INTO shard_clock (shard, us, at_ms) VALUES ($1, $2, $3)"
		" ON CONFLICT (shard) DO UPDATE SET us = $2, at_ms = $3",
		db_int(shard), db_int(us), db_int(wall_ms));
	return rc < 0 ? rc : 0;
}

static int add_start(struct db_rows *rows, void *arg)
{
	game_starts_add(arg, db_col_int(rows, 0), db_col_int(rows, 1));
	return 0;
}

int game_store_starts(struct db_tx *tx, int shard, struct game_starts *out)
{
	*out = (struct game_starts){ 0 };
	return db_each(tx, add_start, out,
		"SELECT at_us, grace_us FROM (SELECT at_us, grace_us FROM shard_start"
		" WHERE shard = $1 ORDER BY at_us DESC LIMIT $2) latest ORDER BY at_us",
		db_int(shard), db_int(GAME_STARTS_MAX));
}

int game_store_start(struct db_tx *tx, int shard, int64_t now_us, int64_t wall_ms, int64_t grace_us,
	struct game_starts *out)
{
	int rc = db_run(tx, "INSERT INTO shard_start (shard, at_us, grace_us) VALUES ($1, $2, $3)",
		db_int(shard), db_int(now_us), db_int(grace_us));

	if (rc >= 0)
		rc = game_store_starts(tx, shard, out);
	if (rc >= 0) {
		INVARIANT(out->n > 0 && out->starts[out->n - 1].at_us == now_us);
		rc = db_run(tx, "DELETE FROM shard_start WHERE shard = $1 AND at_us < $2",
			db_int(shard), db_int(out->starts[0].at_us));
	}
	return rc < 0 ? rc : game_store_set_clock(tx, shard, now_us, wall_ms);
}
