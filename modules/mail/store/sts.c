/*
 * store/sts.c: see sts.h. On a database thread; a statement by key each, but for the prune of a day.
 */
#include "store/sts.h"

#include <stdio.h>

#include "hearth/error.h"

int mail_store_sts(struct db_tx *tx, struct slice domain, int64_t now_ms, struct arena *a,
	struct mail_sts_row *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT sts_id, policy, fetched_ms, expires_ms, refresh_ms, used_ms FROM sts_policy"
		" WHERE domain = $1 AND expires_ms > $2",
		db_text(domain), db_int(now_ms));

	if (rc < 0)
		return rc;
	*out = (struct mail_sts_row){ .policy = arena_slice(a, db_col_text(&rows, 1)),
		.fetched_ms = db_col_int(&rows, 2),
		.expires_ms = db_col_int(&rows, 3),
		.refresh_ms = db_col_int(&rows, 4),
		.used_ms = db_col_int(&rows, 5) };
	snprintf(out->id, sizeof(out->id), "%.*s", SLICE_ARG(db_col_text(&rows, 0)));
	return db_end(&rows);
}

int mail_store_sts_put(struct db_tx *tx, struct slice domain, const struct mail_sts_row *row)
{
	int rc = db_run(tx,
		"INSERT INTO sts_policy (domain, sts_id, policy, fetched_ms, expires_ms, "
		"refresh_ms,"
		" used_ms) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (domain) DO UPDATE SET"
		" sts_id = $2, policy = $3, fetched_ms = $4, expires_ms = $5, refresh_ms = $6",
		db_text(domain), db_str(row->id), db_text(row->policy), db_int(row->fetched_ms),
		db_int(row->expires_ms), db_int(row->refresh_ms), db_int(row->used_ms));

	return rc < 0 ? rc : 0;
}

int mail_store_sts_used(struct db_tx *tx, struct slice domain, int64_t now_ms)
{
	int rc = db_run(tx, "UPDATE sts_policy SET used_ms = $2 WHERE domain = $1", db_text(domain),
		db_int(now_ms));

	return rc < 0 ? rc : 0;
}

int mail_store_sts_later(struct db_tx *tx, struct slice domain, int64_t refresh_ms)
{
	int rc = db_run(tx, "UPDATE sts_policy SET refresh_ms = $2 WHERE domain = $1",
		db_text(domain), db_int(refresh_ms));

	return rc < 0 ? rc : 0;
}

int mail_store_sts_due(struct db_tx *tx, int64_t now_ms, int64_t used_ms, size_t max,
	struct arena *a, struct slice *domains, size_t *n)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT domain FROM sts_policy WHERE refresh_ms <= $1 AND expires_ms > $1"
		" AND used_ms >= $2 ORDER BY refresh_ms LIMIT $3",
		db_int(now_ms), db_int(used_ms), db_int((int64_t)max));

	*n = 0;
	if (rc < 0)
		return rc;
	while (*n < max && db_next(&rows) > 0)
		domains[(*n)++] = arena_slice(a, db_col_text(&rows, 0));
	return db_end(&rows);
}

int mail_store_sts_prune(struct db_tx *tx, int64_t now_ms)
{
	int rc = db_run(tx, "DELETE FROM sts_policy WHERE expires_ms <= $1", db_int(now_ms));

	if (rc >= 0)
		rc = db_run(tx,
			"DELETE FROM sts_policy WHERE domain IN (SELECT domain FROM sts_policy"
			" ORDER BY used_ms DESC, domain LIMIT 1000000 OFFSET $1)",
			db_int(MAIL_STS_ROWS_MAX));
	return rc < 0 ? rc : 0;
}
