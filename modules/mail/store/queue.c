/*
 * store/queue.c: recipients that wait: who is due, and what became of an attempt (outgoing.h). On a
 * database thread. What is due is found by index, domain by domain, so that a hundred thousand
 * recipients of one of them hold up nobody else's.
 */
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/outgoing.h"

/* ---- what is due ---- */

int mail_store_queue_next_due(struct db_tx *tx, int64_t now_ms, int64_t *due_ms)
{
	return db_get_int(tx, due_ms,
		"SELECT due_ms FROM queue WHERE held = 0 AND due_ms > $1 ORDER BY due_ms LIMIT 1",
		db_int(now_ms));
}

int mail_store_queue_domains(struct db_tx *tx, int64_t now_ms, struct slice after, size_t max,
	struct arena *a, struct slice *domains, size_t *n)
{
	/* Each step goes to the next domain by the index: as many steps as there are domains. */
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"WITH RECURSIVE d (name) AS (SELECT min(domain) FROM queue WHERE domain > $1"
		" UNION ALL SELECT (SELECT min(q.domain) FROM queue q WHERE q.domain > d.name)"
		" FROM d WHERE d.name IS NOT NULL)"
		" SELECT name FROM d WHERE name IS NOT NULL AND EXISTS (SELECT 1 FROM queue q WHERE"
		" q.held = 0 AND q.domain = d.name AND q.due_ms <= $2) LIMIT $3",
		db_text(after), db_int(now_ms), db_int((int64_t)max));

	*n = 0;
	if (rc < 0)
		return rc;
	while (*n < max && db_next(&rows) > 0)
		domains[(*n)++] = arena_slice(a, db_col_text(&rows, 0));
	return db_end(&rows);
}

#define QUEUED                                                                                   \
	"SELECT q.id, q.outgoing, q.recipient, q.domain, q.notify, q.orcpt, q.held, q.due_ms,"   \
	" q.attempts, q.warned, q.answer, o.mail_from, o.queued_ms, o.expires_ms, o.blob_size, " \
	"o.tls, o.account, q.account, q.list, q.list_name, q.filed, q.archive, q.member,"        \
	" q.counted"                                                                             \
	" FROM queue q JOIN outgoing o ON o.id = q.outgoing "

static void read_queued(struct db_rows *rows, struct arena *a, struct mail_queued *q)
{
	*q = (struct mail_queued){ .id = db_col_int(rows, 0),
		.outgoing = db_col_int(rows, 1),
		.recipient = arena_slice(a, db_col_text(rows, 2)),
		.domain = arena_slice(a, db_col_text(rows, 3)),
		.notify = (unsigned)db_col_int(rows, 4),
		.orcpt = arena_slice(a, db_col_text(rows, 5)),
		.held = db_col_int(rows, 6) != 0,
		.due_ms = db_col_int(rows, 7),
		.attempts = db_col_int(rows, 8),
		.warned = db_col_int(rows, 9) != 0,
		.answer = arena_slice(a, db_col_text(rows, 10)),
		.mail_from = arena_slice(a, db_col_text(rows, 11)),
		.queued_ms = db_col_int(rows, 12),
		.expires_ms = db_col_int(rows, 13),
		.size = db_col_int(rows, 14),
		.tls = (enum mail_tls_asked)db_col_int(rows, 15),
		.account = db_col_int(rows, 16),
		.here = db_col_int(rows, 17),
		.list = db_col_int(rows, 18),
		.list_name = arena_slice(a, db_col_text(rows, 19)),
		.filed = db_col_int(rows, 20) != 0,
		.archive = (enum mail_queued_archive)db_col_int(rows, 21),
		.moderated = db_col_int(rows, 6) == MAIL_MODERATED,
		.member = db_col_int(rows, 22),
		.counted = db_col_int(rows, 23) != 0 };
}

int mail_store_queue_due(struct db_tx *tx, struct slice domain, int64_t now_ms, int64_t after_ms,
	int64_t after_id, size_t max, struct arena *a, struct mail_queued *out, size_t *n)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		QUEUED "WHERE q.held = 0 AND q.domain = $1"
		       " AND q.due_ms <= $2 AND o.expires_ms > $2 AND (q.due_ms, q.id) > ($3, $4) "
		       "ORDER BY q.due_ms, q.id LIMIT "
		       "$5",
		db_text(domain), db_int(now_ms), db_int(after_ms), db_int(after_id),
		db_int((int64_t)max));

	*n = 0;
	if (rc < 0)
		return rc;
	while (*n < max && db_next(&rows) > 0)
		read_queued(&rows, a, &out[(*n)++]);
	return db_end(&rows);
}

int mail_store_queue_expired(struct db_tx *tx, int64_t now_ms, int64_t after_ms, int64_t after_id,
	size_t max, struct arena *a, struct mail_queued *out, size_t *n)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		QUEUED "WHERE o.expires_ms <= $1 AND o.expires_ms >= $2"
		       " AND (o.expires_ms > $2 OR q.id > $3) ORDER BY o.expires_ms, q.id LIMIT $4",
		db_int(now_ms), db_int(after_ms), db_int(after_id), db_int((int64_t)max));

	*n = 0;
	if (rc < 0)
		return rc;
	while (*n < max && db_next(&rows) > 0)
		read_queued(&rows, a, &out[(*n)++]);
	return db_end(&rows);
}

/* ---- what became of it ---- */

int mail_store_queue_defer(struct db_tx *tx, int64_t id, int64_t was_ms, int64_t due_ms,
	struct slice answer, struct slice history)
{
	int rc = db_run(tx,
		"UPDATE queue SET due_ms = CASE WHEN due_ms = $2 THEN $3 ELSE due_ms END,"
		" attempts = attempts + 1, answer = $4, history = $5 WHERE id = $1",
		db_int(id), db_int(was_ms), db_int(due_ms), db_text(answer), db_text(history));

	INVARIANT(db_tx_writes(tx));
	return rc < 0 ? rc : 0;
}

int mail_store_queue_history(struct db_tx *tx, int64_t id, struct arena *a, struct slice *history)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows, "SELECT history FROM queue WHERE id = $1", db_int(id));

	if (rc < 0)
		return rc;
	*history = arena_slice(a, db_col_text(&rows, 0));
	return db_end(&rows);
}

int mail_store_queue_filed(struct db_tx *tx, int64_t id)
{
	int rc = db_run(tx, "UPDATE queue SET filed = 1 WHERE id = $1", db_int(id));

	INVARIANT(db_tx_writes(tx));
	return rc < 0 ? rc : 0;
}

int mail_store_queue_archived(struct db_tx *tx, int64_t outgoing, int64_t list)
{
	int rc = db_run(tx,
		"UPDATE queue SET archive = $3 WHERE outgoing = $1 AND list = $2"
		" AND archive <> $3 AND archive <> $4",
		db_int(outgoing), db_int(list), db_int(MAIL_ARCHIVED), db_int(MAIL_NOT_ARCHIVED));

	INVARIANT(db_tx_writes(tx) && list > 0);
	return rc < 0 ? rc : 0;
}

int mail_store_queue_counted(struct db_tx *tx, int64_t outgoing, int64_t list)
{
	int rc = db_run(tx,
		"UPDATE queue SET counted = 1 WHERE outgoing = $1 AND list = $2 AND account < 0"
		" AND counted = 0",
		db_int(outgoing), db_int(list));

	INVARIANT(db_tx_writes(tx) && list > 0);
	return rc < 0 ? rc : 0;
}

int mail_store_queue_warned(struct db_tx *tx, int64_t id)
{
	int rc = db_run(tx, "UPDATE queue SET warned = 1 WHERE id = $1", db_int(id));

	return rc < 0 ? rc : 0;
}

int mail_store_queue_forget(struct db_tx *tx, int64_t account, size_t max, bool *any)
{
	int64_t id;
	int rc = 0;

	*any = false;
	for (size_t i = 0; i < max && rc == 0; i++) {
		rc = db_get_int(tx, &id,
			"SELECT q.id FROM outgoing o JOIN queue q ON q.outgoing = o.id"
			" WHERE o.account = $1 LIMIT 1",
			db_int(account));
		if (rc == 0)
			rc = mail_store_queue_remove(tx, id);
		*any |= rc == 0;
	}
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

/* ---- for people ---- */

int mail_store_queue_list(
	struct db_tx *tx, int64_t after, size_t max, mail_queued_fn *each, void *arg)
{
	struct arena *a = arena_new();
	struct mail_queued q;
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows, QUEUED "WHERE q.id > $1 ORDER BY q.id LIMIT $2", db_int(after),
		db_int((int64_t)max));

	if (rc == 0) {
		while (stop == 0 && db_next(&rows) > 0) {
			read_queued(&rows, a, &q);
			stop = each(arg, &q);
			arena_reset(a);
		}
		rc = db_end(&rows);
	}
	arena_free(&a);
	return stop ? stop : rc;
}

int mail_store_queue_get(struct db_tx *tx, int64_t id, struct arena *a, struct mail_queued *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows, QUEUED "WHERE q.id = $1", db_int(id));

	if (rc < 0)
		return rc;
	read_queued(&rows, a, out);
	return db_end(&rows);
}

int mail_store_queue_hold(struct db_tx *tx, int64_t id)
{
	int64_t found;

	return db_get_int(tx, &found,
		"UPDATE queue SET held = CASE WHEN held = 0 THEN 1 ELSE held END WHERE id = $1"
		" RETURNING id",
		db_int(id));
}

int mail_store_queue_hold_all(struct db_tx *tx, int64_t expires_ms, struct slice answer, int64_t *n)
{
	/* An owner's word is asked for anyway (moderated.h). */
	int rc = db_get_int(tx, n, "SELECT count(*) FROM queue WHERE held <> 2");

	INVARIANT(db_tx_writes(tx));
	if (rc >= 0)
		rc = db_run(tx, "UPDATE queue SET held = 1, answer = $1 WHERE held <> 2",
			db_text(answer));
	if (rc >= 0)
		rc = db_run(tx, "UPDATE outgoing SET expires_ms = $1 WHERE expires_ms < $1",
			db_int(expires_ms));
	return rc < 0 ? rc : 0;
}

int mail_store_queue_retry(struct db_tx *tx, int64_t id, int64_t now_ms)
{
	int64_t found;

	return db_get_int(tx, &found,
		/* What waits for an owner of a group (moderated.h) is theirs to let go. */
		"UPDATE queue SET held = 0, due_ms = $2 WHERE id = $1 AND held <> 2"
		" RETURNING id",
		db_int(id), db_int(now_ms));
}

int mail_store_queue_requeue(struct db_tx *tx, int64_t id, int64_t now_ms)
{
	int64_t outgoing;
	int rc = db_get_int(tx, &outgoing,
		"UPDATE queue SET held = 0, due_ms = $2, attempts = 0, warned = 0 WHERE id = $1 "
		"AND held <> 2 RETURNING outgoing",
		db_int(id), db_int(now_ms));

	if (rc < 0)
		return rc;
	rc = db_run(tx,
		"UPDATE outgoing SET expires_ms = $2 + expires_ms - queued_ms, queued_ms = $2"
		" WHERE id = $1",
		db_int(outgoing), db_int(now_ms));
	return rc < 0 ? rc : 0;
}
