/*
 * tx.c: what a db_fn calls: statements and their rows, which the engine of its transaction carries
 * out (engine.h), and the short forms made of them. On the thread of the transaction; nothing is
 * kept here.
 */
#include "db/engine.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

struct db *db_tx_db(struct db_tx *tx)
{
	return tx->db;
}

bool db_tx_writes(const struct db_tx *tx)
{
	return tx->writes;
}

bool db_slice_over(const struct db_tx *tx)
{
	return !tx->writes && clock_mono_ms() >= tx->slice_end_ms;
}

void db_tx_signal(struct db_tx *tx, uint64_t bits)
{
	INVARIANT(tx->writes);
	tx->signals |= bits;
}

/* ---- statements ---- */

int db_run_values(struct db_tx *tx, const char *sql, const struct db_value *values, size_t n)
{
	return tx->engine->run(tx, sql, values, n);
}

int db_query_values(struct db_tx *tx, struct db_rows *rows, const char *sql,
	const struct db_value *values, size_t n)
{
	*rows = (struct db_rows){ .tx = tx };
	rows->stmt = tx->engine->query(tx, sql, values, n, &rows->error);
	return rows->error;
}

int db_next(struct db_rows *rows)
{
	int rc;

	if (!rows->stmt)
		return rows->error;
	rc = rows->tx->engine->next(rows->tx, rows->stmt);
	if (rc > 0)
		return rc;
	rows->error = rc;
	db_end(rows);
	return rc;
}

int db_end(struct db_rows *rows)
{
	if (rows->stmt)
		rows->tx->engine->end(rows->tx, rows->stmt);
	rows->stmt = NULL;
	return rows->error;
}

int64_t db_col_int(struct db_rows *rows, int column)
{
	INVARIANT(rows->stmt);
	return rows->tx->engine->col_int(rows->stmt, column);
}

struct slice db_col_text(struct db_rows *rows, int column)
{
	INVARIANT(rows->stmt);
	return rows->tx->engine->col_text(rows->stmt, column);
}

struct slice db_col_bytes(struct db_rows *rows, int column)
{
	INVARIANT(rows->stmt);
	return rows->tx->engine->col_bytes(rows->stmt, column);
}

bool db_col_is_null(struct db_rows *rows, int column)
{
	INVARIANT(rows->stmt);
	return rows->tx->engine->col_is_null(rows->stmt, column);
}

/* ---- short forms ---- */

int db_one_values(struct db_tx *tx, struct db_rows *rows, const char *sql,
	const struct db_value *values, size_t n)
{
	int rc = db_query_values(tx, rows, sql, values, n);

	if (rc == 0)
		rc = db_next(rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

int db_each_values(struct db_tx *tx, db_row_fn *each, void *arg, const char *sql,
	const struct db_value *values, size_t n)
{
	struct db_rows rows;
	int stop = 0, rc = db_query_values(tx, &rows, sql, values, n);

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = each(&rows, arg);
	rc = db_end(&rows);
	return stop ? stop : rc;
}

int db_get_int_values(
	struct db_tx *tx, int64_t *out, const char *sql, const struct db_value *values, size_t n)
{
	struct db_rows rows;
	bool found = false;
	int rc;

	if (db_query_values(tx, &rows, sql, values, n) < 0)
		return rows.error;
	if ((rc = db_next(&rows)) > 0 && !db_col_is_null(&rows, 0)) {
		*out = db_col_int(&rows, 0);
		found = true;
	}
	while (rc > 0)
		rc = db_next(&rows);
	return rc < 0 ? rc : found ? 0 : HEARTH_ENOTFOUND;
}
