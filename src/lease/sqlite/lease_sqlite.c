/*
 * lease_sqlite.c: leases in SQLite: the table lease, which every database has. A row is a name that
 * is held; its generated number is the epoch, since such numbers grow and are never given out
 * twice, also when rows were deleted. So ending a lease leaves nothing behind.
 *
 * All nodes of a SQLite database are on one machine, so the clock is this process's. It can be set.
 * Forward: leases seem to be over, and if somebody takes one its holder is fenced off. Back: one
 * whose end lies further away than it could ever be asked for is over, too.
 *
 * Inside a db_fn, all of it.
 */
#include "hearth/clock.h"
#include "hearth/error.h"
#include "lease/lease_internal.h"

#include <stdio.h>

const char *const lease_migrations[] = {
	"CREATE TABLE lease (epoch {id}, name TEXT NOT NULL UNIQUE, node TEXT NOT NULL,"
	" until_ms BIGINT NOT NULL, ttl_ms BIGINT NOT NULL);",
	NULL,
};

static int64_t end_of(int64_t now_ms, int64_t ttl_ms)
{
	return ttl_ms == LEASE_FOREVER ? LEASE_FOREVER : now_ms + ttl_ms;
}

static int take(
	struct db_tx *tx, const char *name, const char *node, int64_t ttl_ms, int64_t *epoch)
{
	int64_t now_ms = clock_wall_ms();
	int rc = db_run(tx,
		"DELETE FROM lease WHERE name = $1 AND (until_ms <= $2 OR until_ms - 2 * ttl_ms > "
		"$2)",
		db_str(name), db_int(now_ms));

	if (rc < 0)
		return rc;
	rc = db_get_int(tx, epoch,
		"INSERT INTO lease (name, node, until_ms, ttl_ms) VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (name) DO NOTHING RETURNING epoch",
		db_str(name), db_str(node), db_int(end_of(now_ms, ttl_ms)), db_int(ttl_ms));
	return rc == HEARTH_ENOTFOUND ? HEARTH_EBUSY : rc;
}

/* What a statement returned that must change one row, or none when the lease was lost. */
static int owned(int changed)
{
	return changed < 0 ? changed : changed == 0 ? HEARTH_ECONFLICT : 0;
}

static int renew(struct db_tx *tx, const struct lease *l, int64_t ttl_ms)
{
	return owned(db_run(tx,
		"UPDATE lease SET until_ms = $3, ttl_ms = $4 WHERE epoch = $1 AND name = $2",
		db_int(l->epoch), db_str(l->name), db_int(end_of(clock_wall_ms(), ttl_ms)),
		db_int(ttl_ms)));
}

static int check(struct db_tx *tx, const struct lease *l)
{
	int64_t one;
	int rc = db_get_int(tx, &one, "SELECT 1 FROM lease WHERE epoch = $1 AND name = $2",
		db_int(l->epoch), db_str(l->name));

	return rc == HEARTH_ENOTFOUND ? HEARTH_ECONFLICT : rc;
}

static int end(struct db_tx *tx, const struct lease *l)
{
	return owned(db_run(tx, "DELETE FROM lease WHERE epoch = $1 AND name = $2",
		db_int(l->epoch), db_str(l->name)));
}

static int holder(struct db_tx *tx, const char *name, struct lease_holder *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT node, epoch FROM lease"
		" WHERE name = $1 AND until_ms > $2 AND until_ms - 2 * ttl_ms <= $2",
		db_str(name), db_int(clock_wall_ms()));

	if (rc < 0)
		return rc;
	snprintf(out->node, sizeof(out->node), "%.*s", SLICE_ARG(db_col_text(&rows, 0)));
	out->epoch = db_col_int(&rows, 1);
	return db_end(&rows);
}

static int each(struct db_tx *tx, const char *prefix, lease_each_fn *fn, void *arg)
{
	char behind[LEASE_NAME_MAX + 1];
	struct db_rows rows;
	int rc;

	/* The first name behind all that begin so: the last letter is the next one. */
	snprintf(behind, sizeof(behind), "%s", prefix);
	behind[strlen(behind) - 1]++;
	rc = db_query(tx, &rows,
		"SELECT name, node, epoch FROM lease WHERE name >= $1 AND name < $2"
		" AND until_ms > $3 AND until_ms - 2 * ttl_ms <= $3 ORDER BY name",
		db_str(prefix), db_str(behind), db_int(clock_wall_ms()));
	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0) {
		struct lease_holder holder = { .epoch = db_col_int(&rows, 2) };
		char name[LEASE_NAME_MAX + 1];

		snprintf(name, sizeof(name), "%.*s", SLICE_ARG(db_col_text(&rows, 0)));
		snprintf(
			holder.node, sizeof(holder.node), "%.*s", SLICE_ARG(db_col_text(&rows, 1)));
		fn(arg, name, &holder);
	}
	return db_end(&rows);
}

static int end_all(struct db_tx *tx, const char *node)
{
	int rc = node ? db_run(tx, "DELETE FROM lease WHERE node = $1", db_str(node))
		      : db_run(tx, "DELETE FROM lease");

	return rc < 0 ? rc : 0;
}

const struct lease_engine lease_sqlite = { take, renew, check, end, holder, each, end_all };
