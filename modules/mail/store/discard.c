/*
 * store/discard.c: a content that is in no mailbox any more goes (store.h), with what was parsed of it
 * and the message, unless others share them. On the database's writer; one content a call.
 */
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/internal.h"

int mail_store_drop_parsed(struct db_tx *tx, int64_t parsed)
{
	struct db_rows rows;
	int64_t source = 0;
	bool gone;
	int rc = db_query(tx, &rows,
		"DELETE FROM parsed WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM content WHERE "
		"parsed = $1) AND NOT EXISTS (SELECT 1 FROM outgoing WHERE parsed = $1)"
		" RETURNING source",
		db_int(parsed));

	if (rc < 0)
		return rc;
	gone = db_next(&rows) > 0;
	if (gone)
		source = db_col_int(&rows, 0);
	rc = db_end(&rows);
	if (rc == 0 && gone)
		rc = db_run(tx, "DELETE FROM fields WHERE id = $1", db_int(parsed));
	return rc >= 0 && source ? db_run(tx, "DELETE FROM source WHERE id = $1", db_int(source))
				 : rc;
}

int mail_store_is_in_row(struct db_tx *tx, int64_t parsed, bool *in_row)
{
	int64_t n = 0;
	int rc = db_get_int(tx, &n,
		"SELECT count(*) FROM parsed WHERE id = $1 AND source IS NOT NULL", db_int(parsed));

	*in_row = n > 0;
	return rc;
}

int mail_store_discard(struct db_tx *tx, int64_t content, struct arena *a, struct slice *blob)
{
	INVARIANT(db_tx_writes(tx));
	struct db_rows rows;
	int64_t parsed = 0;
	bool gone, in_row = true;
	int rc = db_query(tx, &rows,
		"DELETE FROM content WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM message WHERE "
		"content = $1)"
		" RETURNING blob, parsed",
		db_int(content));

	*blob = (struct slice){ 0 };
	if (rc < 0)
		return rc;
	gone = (rc = db_next(&rows)) > 0;
	if (gone) {
		parsed = db_col_int(&rows, 1);
		*blob = arena_slice(a, db_col_text(&rows, 0));
	}
	db_end(&rows);
	if (rc >= 0 && gone)
		rc = db_run(tx, "DELETE FROM archived WHERE content = $1", db_int(content));
	if (rc >= 0 && gone)
		rc = mail_store_is_in_row(tx, parsed, &in_row);
	if (rc >= 0 && gone)
		rc = mail_store_drop_parsed(tx, parsed);
	if (in_row)
		*blob = (struct slice){ 0 };
	return rc < 0 ? rc : 0;
}
