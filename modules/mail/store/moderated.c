/*
 * store/moderated.c: SQL on mail that waits for a moderator (moderated.h). Inside a db_fn; of one group
 * MAIL_MODERATED_MAX mails, each found by a step in an index, however many members it goes to. `held` is
 * MAIL_MODERATED (2) of what waits for a moderator, and of nothing else.
 */
#include "store/moderated.h"

#include "hearth/error.h"
#include "hearth/log.h"

/* The mails that wait for list $1, from the oldest on, up to $2; behind the last there may be a NULL. */
#define WAITING                                                                              \
	"WITH RECURSIVE waiting (outgoing, n) AS (SELECT (SELECT outgoing FROM queue"        \
	" WHERE list = $1 AND held = 2 ORDER BY outgoing LIMIT 1), 1"                        \
	" UNION ALL SELECT (SELECT q.outgoing FROM queue q WHERE q.list = $1 AND q.held = 2" \
	" AND q.outgoing > w.outgoing ORDER BY q.outgoing LIMIT 1), w.n + 1"                 \
	" FROM waiting w WHERE w.outgoing IS NOT NULL AND w.n < $2) "

int mail_store_moderated_list(struct db_tx *tx, int64_t list, mail_moderated_fn *each, void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		WAITING "SELECT o.id, o.mail_from, o.subject, o.blob_size, o.queued_ms,"
			" o.expires_ms FROM waiting w JOIN outgoing o ON o.id = w.outgoing"
			" ORDER BY o.id",
		db_int(list), db_int(MAIL_MODERATED_MAX));

	if (rc < 0)
		return rc;
	while (rc == 0 && db_next(&rows) > 0)
		rc = each(arg, &(struct mail_moderated){ .id = db_col_int(&rows, 0),
				       .mail_from = db_col_text(&rows, 1),
				       .subject = db_col_text(&rows, 2),
				       .size = db_col_int(&rows, 3),
				       .queued_ms = db_col_int(&rows, 4),
				       .expires_ms = db_col_int(&rows, 5) });
	return rc < 0 ? db_end(&rows), rc : db_end(&rows);
}

int mail_store_moderated_message(
	struct db_tx *tx, int64_t list, int64_t id, struct arena *a, struct mail_message *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT o.subject, o.mail_from, o.queued_ms, o.blob, o.blob_size, o.trace,"
		" p.structure, s.message, COALESCE(f.bytes, p.fields) FROM outgoing o"
		" JOIN parsed p ON p.id = o.parsed LEFT JOIN fields f ON f.id = p.id"
		" LEFT JOIN source s ON s.id = p.source WHERE o.id = $1 AND EXISTS"
		" (SELECT 1 FROM queue q WHERE q.outgoing = o.id AND q.list = $2"
		" AND q.held = 2)",
		db_int(id), db_int(list));

	if (rc < 0)
		return rc;
	*out = (struct mail_message){ .id = id,
		.content_id = -id, /* it is none yet */
		.internal_date = db_col_int(&rows, 2) / 1000,
		.content = { .subject = arena_slice(a, db_col_text(&rows, 0)),
			.from = arena_slice(a, db_col_text(&rows, 1)),
			.blob_key = arena_slice(a, db_col_text(&rows, 3)),
			.blob_size = (uint64_t)db_col_int(&rows, 4),
			.trace = arena_slice(a, db_col_bytes(&rows, 5)),
			.structure = arena_slice(a, db_col_bytes(&rows, 6)),
			.message = arena_slice(a, db_col_bytes(&rows, 7)),
			.fields = arena_slice(a, db_col_bytes(&rows, 8)) } };
	out->size = out->content.blob_size + out->content.trace.n;
	return db_end(&rows);
}

int mail_store_moderated_room(struct db_tx *tx, int64_t list)
{
	int64_t n = 0;
	int rc = db_get_int(tx, &n, WAITING "SELECT count(outgoing) FROM waiting", db_int(list),
		db_int(MAIL_MODERATED_MAX));

	return rc < 0 ? rc : n >= MAIL_MODERATED_MAX ? HEARTH_EBUSY : 0;
}

int mail_store_moderated_release(struct db_tx *tx, int64_t list, int64_t id, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx) && list > 0);
	int64_t due = 0;
	int rc = db_get_int(
		tx, &due, "SELECT not_before_ms FROM outgoing WHERE id = $1", db_int(id));

	if (rc < 0)
		return rc;
	rc = db_run(tx,
		"UPDATE queue SET held = 0, due_ms = $3 WHERE outgoing = $1 AND list = $2"
		" AND held = 2",
		db_int(id), db_int(list), db_int(due > now_ms ? due : now_ms));
	return rc < 0 ? rc : rc == 0 ? HEARTH_ENOTFOUND : 0;
}

int mail_store_moderated_drop(struct db_tx *tx, int64_t list, int64_t id)
{
	INVARIANT(db_tx_writes(tx) && list > 0);
	int64_t row = 0;
	bool any = false;
	int rc = 0;

	while (rc == 0) {
		rc = db_get_int(tx, &row,
			"SELECT id FROM queue WHERE outgoing = $1 AND list = $2 AND held = 2"
			" LIMIT 1",
			db_int(id), db_int(list));
		if (rc == HEARTH_ENOTFOUND)
			return any ? 0 : rc;
		if (rc == 0)
			rc = mail_store_queue_remove(tx, row);
		any = true;
	}
	return rc;
}
