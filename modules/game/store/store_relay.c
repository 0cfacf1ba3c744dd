/*
 * store_relay.c: rows on their way between nodes (store_relay.h). On a database thread; a row lives
 * for some 50 ms, and RELAY_OLD_MS at most.
 */
#include "store/store_relay.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/log.h"

int game_store_relay_add(struct db_tx *tx, const struct relay_row *row)
{
	int rc;

	INVARIANT(row->to[0] && row->at_ms > 0);
	rc = db_run(tx,
		"INSERT INTO relay (to_node, from_node, kind, client, account, ping_us, age_us,"
		" at_ms, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		db_str(row->to), db_str(row->from), db_int(row->kind), db_int((int64_t)row->client),
		db_int(row->account), db_int(row->ping_us), db_int(row->age_us), db_int(row->at_ms),
		db_text(row->body));

	return rc < 0 ? rc : 0;
}

int game_store_relay_waiting(struct db_tx *tx, void (*each)(void *arg, const char *to), void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows, "SELECT DISTINCT to_node FROM relay");

	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0) {
		char to[LEASE_NAME_MAX + 1];

		snprintf(to, sizeof(to), "%.*s", SLICE_ARG(db_col_text(&rows, 0)));
		each(arg, to);
	}
	return db_end(&rows);
}

static void read_row(struct db_rows *rows, struct relay_row *out)
{
	*out = (struct relay_row){ .id = db_col_int(rows, 0),
		.kind = (enum relay_kind)db_col_int(rows, 3),
		.client = (uint64_t)db_col_int(rows, 4),
		.account = db_col_int(rows, 5),
		.ping_us = db_col_int(rows, 6),
		.age_us = db_col_int(rows, 7),
		.at_ms = db_col_int(rows, 8),
		.body = db_col_text(rows, 9) };
	snprintf(out->to, sizeof(out->to), "%.*s", SLICE_ARG(db_col_text(rows, 1)));
	snprintf(out->from, sizeof(out->from), "%.*s", SLICE_ARG(db_col_text(rows, 2)));
}

int game_store_relay_take(struct db_tx *tx, const char *to,
	void (*each)(void *arg, const struct relay_row *row), void *arg)
{
	struct db_rows rows;
	int64_t last = 0;
	int rc = db_query(tx, &rows,
		"SELECT id, to_node, from_node, kind, client, account, ping_us, age_us, at_ms, body"
		" FROM relay WHERE to_node = $1 ORDER BY id LIMIT $2",
		db_str(to), db_int(RELAY_TAKEN_MAX));

	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0) {
		struct relay_row row;

		read_row(&rows, &row);
		INVARIANT(row.id > last);
		last = row.id;
		each(arg, &row);
	}
	rc = db_end(&rows);
	if (rc == 0)
		rc = db_run(tx, "DELETE FROM relay WHERE to_node = $1 AND id <= $2", db_str(to),
			db_int(last));
	return rc < 0 ? rc : 0;
}

int game_store_relay_purge(struct db_tx *tx, int64_t now_ms, const char *node)
{
	int rc = db_run(tx, "DELETE FROM relay WHERE at_ms < $1 OR ($2 <> '' AND to_node = $2)",
		db_int(now_ms - RELAY_OLD_MS), db_str(node));

	return rc < 0 ? rc : 0;
}
