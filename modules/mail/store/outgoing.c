/*
 * store/outgoing.c: mail on its way, added, read, and gone with its last recipient (outgoing.h). On a
 * database thread; each function is a few statements by key.
 */
#include "store/outgoing.h"

#include "hearth/blob.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/internal.h"

/* Of an account's, beside the statement that adds or removes one. */
static int count_bytes(struct db_tx *tx, int64_t account, int64_t more)
{
	int rc = 0;

	if (account > 0)
		rc = db_run(tx,
			"INSERT INTO on_its_way (account, bytes) VALUES ($1, $2)"
			" ON CONFLICT (account) DO UPDATE SET bytes = on_its_way.bytes + $2",
			db_int(account), db_int(more));
	return rc < 0 ? rc : 0;
}

int mail_store_outgoing_add(struct db_tx *tx, const struct mail_outgoing *o, int64_t *id)
{
	INVARIANT(db_tx_writes(tx));
	INVARIANT(o->expires_ms > o->queued_ms);
	int64_t parsed;
	int rc = mail_store_insert_parsed(tx, &o->content, &parsed);

	if (rc == 0)
		rc = count_bytes(tx, o->account, (int64_t)o->content.blob_size);
	if (rc < 0)
		return rc;
	return db_get_int(tx, id,
		"INSERT INTO outgoing (account, mail_from, blob, blob_size, trace, parsed, utf8, "
		"ret,"
		" envid, queued_ms, expires_ms, tls, not_before_ms, copy, subject, reached, author)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, "
		"$17) "
		"RETURNING "
		"id",
		db_int(o->account), db_text(o->mail_from), db_text(o->content.blob_key),
		db_int((int64_t)o->content.blob_size), db_bytes(o->content.trace), db_int(parsed),
		db_int(o->utf8), db_int(o->ret), db_text(o->envid), db_int(o->queued_ms),
		db_int(o->expires_ms), db_int(o->tls), db_int(o->not_before_ms), db_int(o->copy),
		db_text(o->content.subject), db_int(o->reached), db_int(o->author));
}

int mail_store_outgoing_reached(struct db_tx *tx, int64_t id)
{
	int rc = db_run(
		tx, "UPDATE outgoing SET reached = 1 WHERE id = $1 AND reached = 0", db_int(id));

	INVARIANT(db_tx_writes(tx));
	return rc < 0 ? rc : 0;
}

int mail_store_queue_add(struct db_tx *tx, int64_t outgoing, const struct mail_queued *q)
{
	int rc = db_run(tx,
		"INSERT INTO queue (outgoing, recipient, domain, notify, orcpt, held, due_ms, "
		"attempts,"
		" warned, answer, account, list, list_name, archive, member)"
		" VALUES ($1, $2, $3, $4, $5, $8, $6, 0, 0, '', $7, $9, $10, $11, $12)",
		db_int(outgoing), db_text(q->recipient), db_text(q->domain), db_int(q->notify),
		db_text(q->orcpt), db_int(q->due_ms), db_int(q->here),
		db_int(q->moderated ? MAIL_MODERATED
			: q->held   ? MAIL_HELD
				    : 0),
		db_int(q->list), db_text(q->list_name), db_int(q->archive), db_int(q->member));

	INVARIANT(db_tx_writes(tx) && q->domain.n > 0);
	return rc < 0 ? rc : 0;
}

int mail_store_outgoing(struct db_tx *tx, int64_t id, struct arena *a, struct mail_outgoing *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT o.account, o.mail_from, o.utf8, o.ret, o.envid, o.queued_ms, o.expires_ms,"
		" o.blob, o.blob_size, o.trace, s.message, COALESCE(f.bytes, p.fields), o.tls, "
		"o.author FROM "
		"outgoing o"
		" JOIN parsed p ON p.id = o.parsed LEFT JOIN fields f ON f.id = p.id LEFT JOIN "
		"source s ON s.id = p.source"
		" WHERE o.id = $1",
		db_int(id));

	if (rc < 0)
		return rc;
	*out = (struct mail_outgoing){ .id = id,
		.account = db_col_int(&rows, 0),
		.mail_from = arena_slice(a, db_col_text(&rows, 1)),
		.utf8 = db_col_int(&rows, 2) != 0,
		.ret = (enum mail_ret)db_col_int(&rows, 3),
		.envid = arena_slice(a, db_col_text(&rows, 4)),
		.queued_ms = db_col_int(&rows, 5),
		.expires_ms = db_col_int(&rows, 6),
		.tls = (enum mail_tls_asked)db_col_int(&rows, 12),
		.author = (int)db_col_int(&rows, 13),
		.content = { .blob_key = arena_slice(a, db_col_text(&rows, 7)),
			.blob_size = (uint64_t)db_col_int(&rows, 8),
			.trace = arena_slice(a, db_col_bytes(&rows, 9)),
			.message = arena_slice(a, db_col_bytes(&rows, 10)),
			.fields = arena_slice(a, db_col_bytes(&rows, 11)) } };
	return db_end(&rows);
}

int mail_store_outgoing_size(struct db_tx *tx, int64_t account, int64_t *bytes)
{
	int rc = db_get_int(
		tx, bytes, "SELECT bytes FROM on_its_way WHERE account = $1", db_int(account));

	if (rc == HEARTH_ENOTFOUND)
		*bytes = 0;
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

#define HOUR_MS INT64_C(3600000)

int mail_store_sending(struct db_tx *tx, int64_t account, int64_t now_ms, size_t n, int64_t max)
{
	int64_t sum = 0;
	int rc = db_get_int(tx, &sum,
		"INSERT INTO sending (account, hour, recipients) VALUES ($1, $2, $3)"
		" ON CONFLICT (account, hour) DO UPDATE SET recipients = sending.recipients + $3"
		" RETURNING recipients",
		db_int(account), db_int(now_ms / HOUR_MS), db_int((int64_t)n));

	INVARIANT(db_tx_writes(tx) && account > 0);
	return rc < 0 ? rc : max > 0 && sum > max ? HEARTH_EDENIED : 0;
}

int mail_store_sending_told(struct db_tx *tx, int64_t account, int64_t now_ms, bool *first)
{
	int rc = db_run(tx,
		"INSERT INTO sending (account, hour, recipients, told) VALUES ($1, $2, 0, 1)"
		" ON CONFLICT (account, hour) DO UPDATE SET told = 1 WHERE sending.told = 0",
		db_int(account), db_int(now_ms / HOUR_MS));

	INVARIANT(db_tx_writes(tx) && account > 0);
	*first = rc > 0;
	return rc < 0 ? rc : 0;
}

int mail_store_sending_prune(struct db_tx *tx, int64_t now_ms)
{
	int rc = db_run(tx, "DELETE FROM sending WHERE hour < $1", db_int(now_ms / HOUR_MS - 24));

	return rc < 0 ? rc : 0;
}

/* With the last one there is nothing to sum up, whatever a program that does not count has added or removed. */
static int end_count(struct db_tx *tx, int64_t account)
{
	int rc = db_run(tx,
		"DELETE FROM on_its_way WHERE account = $1"
		" AND NOT EXISTS (SELECT 1 FROM outgoing WHERE account = $1)",
		db_int(account));

	return rc < 0 ? rc : 0;
}

/* With its last recipient: what was parsed of it and its bytes go as well, unless others have them. */
static int drop_outgoing(struct db_tx *tx, int64_t id)
{
	struct arena *a = arena_new();
	const char *blob = NULL;
	struct db_rows rows;
	int64_t parsed = 0, account = 0, size = 0;
	bool in_row = true;
	int rc = db_query(tx, &rows,
		"DELETE FROM outgoing WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM queue WHERE "
		"outgoing = $1) RETURNING parsed, blob, account, blob_size",
		db_int(id));

	if (rc == 0 && db_next(&rows) > 0) {
		parsed = db_col_int(&rows, 0);
		blob = arena_strdup(a, db_col_text(&rows, 1));
		account = db_col_int(&rows, 2);
		size = db_col_int(&rows, 3);
	}
	if (rc == 0)
		rc = db_end(&rows);
	if (rc == 0)
		rc = count_bytes(tx, account, -size);
	if (rc == 0 && blob)
		rc = end_count(tx, account);
	if (rc == 0 && blob)
		rc = mail_store_is_in_row(tx, parsed, &in_row);
	if (rc == 0 && blob)
		rc = mail_store_drop_parsed(tx, parsed);
	if (rc >= 0 && !in_row)
		rc = blob_release(tx, blob, 0);
	arena_free(&a);
	return rc < 0 ? rc : 0;
}

int mail_store_queue_take(struct db_tx *tx, int64_t id)
{
	int64_t outgoing = 0;
	int rc = db_get_int(
		tx, &outgoing, "DELETE FROM queue WHERE id = $1 RETURNING outgoing", db_int(id));

	INVARIANT(db_tx_writes(tx));
	return rc < 0 ? rc : drop_outgoing(tx, outgoing);
}

int mail_store_queue_remove(struct db_tx *tx, int64_t id)
{
	int rc = mail_store_queue_take(tx, id);

	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}
