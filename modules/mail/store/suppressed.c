/*
 * store/suppressed.c: addresses that nothing is sent to for some time (suppressed.h). On a database thread;
 * statements by key, but for the pruning, which goes by the index of times, some at a time. How many there are
 * is counted beside (suppressed_count).
 */
#include "store/suppressed.h"

#include "hearth/error.h"
#include "hearth/log.h"

#define DAY_MS      INT64_C(86400000)
#define LONGEST_MS  (30 * DAY_MS)
#define REMEMBER_MS (30 * DAY_MS) /* longer than it counts, so that the next time counts for more */
#define PRUNE_MAX   100           /* at a time; one is added meanwhile */

static int forget_old(struct db_tx *tx, int64_t now_ms)
{
	int rc = db_run(tx,
		"DELETE FROM suppressed WHERE address IN (SELECT address FROM suppressed"
		" WHERE until_ms < $1 ORDER BY until_ms LIMIT $2)",
		db_int(now_ms - REMEMBER_MS), db_int(PRUNE_MAX));

	if (rc > 0)
		rc = db_run(tx, "UPDATE suppressed_count SET entries = entries - $1", db_int(rc));
	return rc < 0 ? rc : 0;
}

/* For one more; *room: whether there is. */
static int make_room(struct db_tx *tx, bool *room)
{
	int rc = db_run(tx, "UPDATE suppressed_count SET entries = entries + 1 WHERE entries < $1",
		db_int(SUPPRESSED_MAX));

	*room = rc > 0;
	return rc < 0 ? rc : 0;
}

int mail_store_suppress(struct db_tx *tx, struct slice address, struct slice answer, int64_t now_ms)
{
	int64_t times = 0, wait = DAY_MS;
	bool room = true;
	int rc = forget_old(tx, now_ms);

	INVARIANT(db_tx_writes(tx) && address.n > 0);
	if (rc == 0)
		rc = db_get_int(tx, &times, "SELECT times FROM suppressed WHERE address = $1",
			db_text(address));
	if (rc == HEARTH_ENOTFOUND)
		rc = make_room(tx, &room);
	if (rc < 0 || !room)
		return rc;
	for (int64_t i = 0; i < times && wait < LONGEST_MS; i++)
		wait *= 4;
	if (wait > LONGEST_MS)
		wait = LONGEST_MS;
	rc = db_run(tx,
		"INSERT INTO suppressed (address, answer, times, since_ms, until_ms)"
		" VALUES ($1, $2, 1, $3, $4) ON CONFLICT (address) DO UPDATE SET answer = $2,"
		" times = suppressed.times + 1, since_ms = $3, until_ms = $4",
		db_text(address), db_text(answer), db_int(now_ms), db_int(now_ms + wait));
	return rc < 0 ? rc : 0;
}

static struct mail_suppressed read_row(struct db_rows *rows)
{
	return (struct mail_suppressed){ .address = db_col_text(rows, 0),
		.answer = db_col_text(rows, 1),
		.times = db_col_int(rows, 2),
		.since_ms = db_col_int(rows, 3),
		.until_ms = db_col_int(rows, 4) };
}

int mail_store_suppressed(struct db_tx *tx, struct slice address, int64_t now_ms, struct arena *a,
	struct mail_suppressed *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT address, answer, times, since_ms, until_ms FROM suppressed"
		" WHERE address = $1 AND until_ms > $2",
		db_text(address), db_int(now_ms));

	if (rc < 0)
		return rc;
	*out = read_row(&rows);
	out->address = arena_slice(a, out->address);
	out->answer = arena_slice(a, out->answer);
	return db_end(&rows);
}

int mail_store_unsuppress(struct db_tx *tx, struct slice address)
{
	int rc = db_run(tx, "DELETE FROM suppressed WHERE address = $1", db_text(address));

	INVARIANT(db_tx_writes(tx));
	if (rc == 0)
		return HEARTH_ENOTFOUND;
	if (rc > 0)
		rc = db_run(tx, "UPDATE suppressed_count SET entries = entries - 1");
	return rc < 0 ? rc : 0;
}

int mail_store_suppressed_list(struct db_tx *tx, struct slice after, int64_t now_ms, size_t max,
	mail_suppressed_fn *each, void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT address, answer, times, since_ms, until_ms FROM suppressed"
		" WHERE address > $1 AND until_ms > $2 ORDER BY address LIMIT $3",
		db_text(after), db_int(now_ms), db_int((int64_t)max));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0) {
		struct mail_suppressed s = read_row(&rows);

		stop = each(arg, &s);
	}
	rc = db_end(&rows);
	return stop ? stop : rc;
}
