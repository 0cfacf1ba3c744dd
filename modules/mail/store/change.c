/*
 * store/change.c: a message's flags change; it is copied, or moved (store.h). On the writer, a few
 * statements a message; how many a transaction changes is the caller's bound (MAIL_BULK_MAX).
 */
#include "store/internal.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "store/keywords.h"

int mail_store_share_modseq(struct db_tx *tx, int64_t mailbox, int64_t *modseq)
{
	INVARIANT(db_tx_writes(tx) && *modseq >= 0);
	return *modseq ? 0 : mail_store_next_modseq(tx, mailbox, modseq);
}

/* ---- flags ---- */

static int read_flags(
	struct db_tx *tx, int64_t mailbox, uint32_t uid, struct arena *a, struct mail_flags *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT flags, keywords FROM message WHERE mailbox = $1 AND uid = $2",
		db_int(mailbox), db_int(uid));

	if (rc < 0)
		return rc;
	*out = (struct mail_flags){ (unsigned)db_col_int(&rows, 0),
		arena_slice(a, db_col_text(&rows, 1)) };
	return db_end(&rows);
}

static int write_flags(struct db_tx *tx, int64_t mailbox, uint32_t uid, const struct mail_flags *f,
	int64_t *modseq)
{
	int rc = mail_store_share_modseq(tx, mailbox, modseq);

	if (rc == 0)
		rc = db_run(tx,
			"UPDATE message SET flags = $3, keywords = $4, modseq = $5 WHERE mailbox = "
			"$1 AND uid = $2",
			db_int(mailbox), db_int(uid), db_int(f->flags), db_text(f->keywords),
			db_int(*modseq));
	return rc < 0 ? rc : 0;
}

int mail_store_flag(struct db_tx *tx, int64_t mailbox, uint32_t uid,
	const struct mail_flag_change *change, int64_t *modseq, struct arena *a,
	struct mail_flags *after)
{
	INVARIANT(db_tx_writes(tx));
	INVARIANT(uid > 0);
	struct strbuf keywords = { 0 };
	struct mail_flags before;
	int rc = read_flags(tx, mailbox, uid, a, &before);

	if (rc < 0)
		return rc;
	mail_keywords_change(&keywords,
		change->replace_keywords ? (struct slice){ 0 } : before.keywords,
		change->add_keywords, change->remove_keywords);
	*after = (struct mail_flags){ (before.flags & ~change->clear) | change->set,
		arena_slice(a, strbuf_slice(&keywords)) };
	strbuf_free(&keywords);
	if (after->flags == before.flags && slice_eq(after->keywords, before.keywords))
		return 0;
	if (after->keywords.n > MAIL_KEYWORDS_MAX)
		return HEARTH_ETOOBIG;
	return write_flags(tx, mailbox, uid, after, modseq);
}

/* ---- copying and moving ---- */

int mail_store_copy(
	struct db_tx *tx, int64_t mailbox, uint32_t uid, struct mailbox *to, uint32_t *new_uid)
{
	INVARIANT(db_tx_writes(tx));
	INVARIANT(uid > 0 && to->id > 0);
	struct mail_message m = { 0 };
	struct arena *a = arena_new();
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT content, flags, keywords, internal_date, size, extra, parsed FROM message"
		" WHERE mailbox = $1 AND uid = $2",
		db_int(mailbox), db_int(uid));

	if (rc == 0) {
		m = (struct mail_message){ .content_id = db_col_int(&rows, 0),
			.flags = (unsigned)db_col_int(&rows, 1),
			.keywords = arena_slice(a, db_col_text(&rows, 2)),
			.internal_date = db_col_int(&rows, 3),
			.size = (uint64_t)db_col_int(&rows, 4),
			.extra = (uint64_t)db_col_int(&rows, 5),
			.parsed_id = db_col_int(&rows, 6) };
		rc = db_end(&rows);
	}
	if (rc == 0)
		rc = mail_store_next_uid(tx, to->id, &m.uid, &m.modseq);
	if (rc == 0)
		rc = mail_store_insert_message(tx, to->id, &m);
	if (rc == 0)
		*new_uid = m.uid;
	arena_free(&a);
	return rc;
}

int mail_store_move(struct db_tx *tx, int64_t mailbox, uint32_t uid, struct mailbox *to,
	int64_t *modseq, uint32_t *new_uid)
{
	INVARIANT(db_tx_writes(tx));
	INVARIANT(uid > 0 && to->id > 0);
	int64_t arrived, id;
	int rc = db_get_int(tx, &id, "SELECT id FROM message WHERE mailbox = $1 AND uid = $2",
		db_int(mailbox), db_int(uid));

	if (rc == 0)
		rc = mail_store_next_uid(tx, to->id, new_uid, &arrived);
	if (rc == 0)
		rc = db_run(tx,
			"UPDATE message SET mailbox = $2, uid = $3, modseq = $4 WHERE id = $1",
			db_int(id), db_int(to->id), db_int(*new_uid), db_int(arrived));
	return rc < 0 ? rc : mail_store_note_expunged(tx, mailbox, uid, modseq);
}
