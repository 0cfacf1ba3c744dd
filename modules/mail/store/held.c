/*
 * store/held.c: see store/held.h. On database threads; by the account's index.
 */
#include "store/held.h"

#include "hearth/error.h"
#include "hearth/log.h"

int mail_store_held_list(struct db_tx *tx, int64_t account, mail_held_fn *each, void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT o.id, o.subject, o.blob_size, min(q.due_ms), count(*), max(q.attempts), "
		"o.copy"
		" FROM outgoing o JOIN queue q ON q.outgoing = o.id JOIN parsed p ON p.id = "
		"o.parsed"
		" WHERE o.account = $1 GROUP BY o.id, o.subject, o.blob_size, o.copy ORDER BY o.id "
		"DESC"
		" LIMIT $2",
		db_int(account), db_int(MAIL_HELD_MAX));

	if (rc < 0)
		return rc;
	while (rc == 0 && db_next(&rows) > 0)
		rc = each(arg, &(struct mail_held){ .id = db_col_int(&rows, 0),
				       .subject = db_col_text(&rows, 1),
				       .size = db_col_int(&rows, 2),
				       .due_ms = db_col_int(&rows, 3),
				       .waiting = db_col_int(&rows, 4),
				       .attempts = db_col_int(&rows, 5),
				       .copy = db_col_int(&rows, 6) });
	return db_end(&rows) < 0 ? HEARTH_EIO : rc;
}

int mail_store_held_recipients(
	struct db_tx *tx, int64_t outgoing, mail_held_recipient_fn *each, void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT DISTINCT recipient FROM queue WHERE outgoing = $1 ORDER BY recipient LIMIT "
		"$2",
		db_int(outgoing), db_int(MAIL_HELD_RECIPIENTS_MAX));

	if (rc < 0)
		return rc;
	while (rc == 0 && db_next(&rows) > 0)
		rc = each(arg, db_col_text(&rows, 0));
	return db_end(&rows) < 0 ? HEARTH_EIO : rc;
}

int mail_store_held_take_back(
	struct db_tx *tx, int64_t account, int64_t id, int64_t now_ms, int64_t *copy)
{
	int64_t due = 0, row = 0;
	int rc = db_get_int(tx, copy,
		"SELECT CASE WHEN reached = 0 THEN copy ELSE 0 END FROM outgoing WHERE id = $1 AND "
		"account = $2",
		db_int(id), db_int(account));

	INVARIANT(db_tx_writes(tx) && account > 0);
	if (rc == 0)
		rc = db_get_int(tx, &due,
			"SELECT count(*) FROM queue WHERE outgoing = $1 AND due_ms <= $2 AND "
			"held <> 2",
			db_int(id), db_int(now_ms));
	if (rc == 0 && due > 0)
		return HEARTH_ECONFLICT;
	while (rc == 0) {
		rc = db_get_int(
			tx, &row, "SELECT id FROM queue WHERE outgoing = $1 LIMIT 1", db_int(id));
		if (rc == HEARTH_ENOTFOUND)
			return 0;
		if (rc == 0)
			rc = mail_store_queue_remove(tx, row);
	}
	return rc;
}

int mail_store_held_release(struct db_tx *tx, int64_t account, int64_t id, int64_t now_ms)
{
	int64_t found;
	int rc = db_get_int(tx, &found, "SELECT id FROM outgoing WHERE id = $1 AND account = $2",
		db_int(id), db_int(account));

	INVARIANT(db_tx_writes(tx) && account > 0);
	if (rc == 0)
		rc = db_run(tx, "UPDATE queue SET due_ms = $2 WHERE outgoing = $1 AND due_ms > $2",
			db_int(id), db_int(now_ms));
	if (rc >= 0)
		rc = db_run(tx,
			"UPDATE outgoing SET not_before_ms = 0, queued_ms = CASE WHEN queued_ms > "
			"$2 "
			"THEN $2 ELSE queued_ms END WHERE id = $1",
			db_int(id), db_int(now_ms));
	return rc < 0 ? rc : 0;
}
