/*
 * store/expunge.c: a message is removed (store.h); a content that no other has is left to the index. On
 * the writer; what looks for \Deleted, on any database thread. Some six statements a message; how many
 * a transaction removes is the caller's bound (MAIL_BULK_MAX).
 */
#include "store/internal.h"

#include "hearth/bus.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

static int publish_removed(struct db_tx *tx, int64_t account, int64_t content)
{
	struct strbuf out = { 0 };
	struct json_writer w;
	char key[24];
	int rc;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "change", "removed");
	json_put_i64(&w, "account", account);
	json_put_i64(&w, "content", content);
	json_close_object(&w);
	mail_store_event_key(key, account);
	rc = bus_publish(tx, "mail.content", slice_str(key), strbuf_slice(&out));
	strbuf_free(&out);
	return rc;
}

/* A content that no message has any more says so; it stays until it is discarded (store/discard.c). */
static int leave_content(struct db_tx *tx, int64_t content)
{
	int64_t account;
	int rc = db_get_int(tx, &account,
		"SELECT account FROM content WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM message "
		"WHERE content = $1)",
		db_int(content));

	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	return publish_removed(tx, account, content);
}

int mail_store_note_expunged(struct db_tx *tx, int64_t mailbox, uint32_t uid, int64_t *modseq)
{
	int rc = mail_store_share_modseq(tx, mailbox, modseq);

	INVARIANT(uid > 0);
	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO expunged (mailbox, modseq, uid, expunged_at) VALUES ($1, $2, "
			"$3, $4)",
			db_int(mailbox), db_int(*modseq), db_int(uid), db_int(clock_wall_s()));
	return rc < 0 ? rc : 0;
}

/* Removes the row; *content is what it had, *size what it counted for. HEARTH_ENOTFOUND. */
static int delete_message(
	struct db_tx *tx, int64_t mailbox, uint32_t uid, int64_t *content, int64_t *size)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"DELETE FROM message WHERE mailbox = $1 AND uid = $2 RETURNING content, size + "
		"extra",
		db_int(mailbox), db_int(uid));

	if (rc < 0)
		return rc;
	*content = db_col_int(&rows, 0);
	*size = db_col_int(&rows, 1);
	return db_end(&rows);
}

int mail_store_expunge(struct db_tx *tx, int64_t mailbox, uint32_t uid, int64_t *modseq)
{
	INVARIANT(db_tx_writes(tx));
	INVARIANT(uid > 0);
	int64_t content, size;
	int rc = delete_message(tx, mailbox, uid, &content, &size);

	if (rc == 0)
		rc = mail_store_count_size(tx, mailbox, -size);
	if (rc == 0)
		rc = mail_store_note_expunged(tx, mailbox, uid, modseq);
	return rc < 0 ? rc : leave_content(tx, content);
}

int mail_store_deleted(struct db_tx *tx, int64_t mailbox, uint32_t above, size_t limit,
	struct arena *a, uint32_t **uids, size_t *n)
{
	INVARIANT(limit > 0);
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT uid FROM message WHERE mailbox = $1 AND flags & 8 <> 0 AND uid > $2 ORDER "
		"BY uid LIMIT $3",
		db_int(mailbox), db_int(above), db_int((int64_t)limit));

	if (rc < 0)
		return rc;
	*uids = arena_alloc(a, limit * sizeof(**uids));
	*n = 0;
	while (*n < limit && db_next(&rows) > 0)
		(*uids)[(*n)++] = (uint32_t)db_col_int(&rows, 0);
	return db_end(&rows);
}
