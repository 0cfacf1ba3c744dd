/*
 * store/count.c: what is counted in a mailbox, and the few things SELECT asks for (store.h).
 *
 * On a database thread. A count looks at the index of the mailbox, MAIL_COUNT_SIZE at its rows.
 */
#include "store/internal.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "store/keywords.h"

int mail_store_count(struct db_tx *tx, struct mailbox *box, unsigned what)
{
	int64_t n = 0;
	int rc = 0;

	INVARIANT(box->id > 0);
	if (what & MAIL_COUNT_MESSAGES)
		rc = db_get_int(
			tx, &n, "SELECT count(*) FROM message WHERE mailbox = $1", db_int(box->id));
	box->messages = (uint32_t)n;
	n = 0;
	if (rc == 0 && (what & MAIL_COUNT_UNSEEN))
		rc = db_get_int(tx, &n,
			"SELECT count(*) FROM message WHERE mailbox = $1 AND flags & 1 = 0",
			db_int(box->id));
	box->unseen = (uint32_t)n;
	n = 0;
	if (rc == 0 && (what & MAIL_COUNT_RECENT))
		rc = db_get_int(tx, &n,
			"SELECT count(*) FROM message WHERE mailbox = $1 AND uid >= $2",
			db_int(box->id), db_int(box->recent_uid));
	box->recent = (uint32_t)n;
	n = 0;
	if (rc == 0 && (what & MAIL_COUNT_SIZE))
		rc = db_get_int(tx, &n,
			"SELECT coalesce(sum(size), 0) FROM message WHERE mailbox = $1",
			db_int(box->id));
	box->size = (uint64_t)n;
	return rc;
}

int mail_store_first_unseen(struct db_tx *tx, int64_t mailbox, uint32_t *uid)
{
	int64_t first = 0;
	int rc = db_get_int(tx, &first,
		"SELECT min(uid) FROM message WHERE mailbox = $1 AND flags & 1 = 0",
		db_int(mailbox));

	*uid = (uint32_t)first;
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

int mail_store_keywords(struct db_tx *tx, int64_t mailbox, size_t max, struct strbuf *out)
{
	struct strbuf all = { 0 }, grown = { 0 };
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT DISTINCT keywords FROM message WHERE mailbox = $1 AND keywords <> ''",
		db_int(mailbox));

	if (rc < 0)
		return rc;
	while (all.n < max && db_next(&rows) > 0) {
		mail_keywords_change(
			&grown, strbuf_slice(&all), db_col_text(&rows, 0), (struct slice){ 0 });
		strbuf_free(&all);
		all = grown;
		grown = (struct strbuf){ 0 };
	}
	strbuf_add(out, strbuf_slice(&all));
	strbuf_free(&all);
	return db_end(&rows);
}

int mail_store_recent(struct db_tx *tx, int64_t mailbox, uint32_t *first)
{
	int64_t uid = 0;
	int rc = db_get_int(
		tx, &uid, "SELECT recent_uid FROM mailbox WHERE id = $1", db_int(mailbox));

	*first = (uint32_t)uid;
	return rc;
}

int mail_store_take_recent(struct db_tx *tx, int64_t mailbox, uint32_t uid, uint32_t *first)
{
	INVARIANT(db_tx_writes(tx));
	int rc = mail_store_recent(tx, mailbox, first);

	if (rc == 0)
		rc = db_run(tx,
			"UPDATE mailbox SET recent_uid = $2 WHERE id = $1 AND recent_uid < $2",
			db_int(mailbox), db_int(uid));
	return rc < 0 ? rc : 0;
}
