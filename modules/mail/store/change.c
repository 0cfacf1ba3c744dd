/*
 * store/change.c: flags, expunging, copying and moving, and what changed since (store.h).
 */
#include "store/internal.h"

#include "hearth/bus.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/keywords.h"

/* The modseq that the changes of one transaction share: taken for the first of them. */
static int take_modseq(struct db_tx *tx, int64_t mailbox, int64_t *modseq)
{
	return *modseq ? 0 : mail_store_next_modseq(tx, mailbox, modseq);
}

/* ---- flags ---- */

static int read_flags(
	struct db_tx *tx, int64_t mailbox, uint32_t uid, struct arena *a, struct mail_flags *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT flags, keywords FROM message WHERE mailbox = $1 AND uid = $2",
		db_int(mailbox), db_int(uid));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0)
		*out = (struct mail_flags){ (unsigned)db_col_int(&rows, 0),
			arena_slice(a, db_col_text(&rows, 1)) };
	db_end(&rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

static int write_flags(struct db_tx *tx, int64_t mailbox, uint32_t uid, const struct mail_flags *f,
	int64_t *modseq)
{
	int rc = take_modseq(tx, mailbox, modseq);

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

/* ---- removing ---- */

static int publish_removed(struct db_tx *tx, int64_t account, int64_t content, struct slice blob)
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
	json_put_text(&w, "blob", blob);
	json_close_object(&w);
	mail_store_event_key(key, account);
	rc = bus_publish(tx, "mail.content", slice_str(key), strbuf_slice(&out));
	strbuf_free(&out);
	return rc;
}

/* What was parsed goes with the last content that shares it, and with it the message. */
static int drop_parsed(struct db_tx *tx, int64_t parsed)
{
	struct db_rows rows;
	int64_t source = 0;
	int rc = db_query(tx, &rows,
		"DELETE FROM parsed WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM content WHERE "
		"parsed = $1) RETURNING source",
		db_int(parsed));

	if (rc < 0)
		return rc;
	if (db_next(&rows) > 0)
		source = db_col_int(&rows, 0);
	rc = db_end(&rows);
	return rc == 0 && source ? db_run(tx, "DELETE FROM source WHERE id = $1", db_int(source))
				 : rc;
}

/* Whether the message lies beside what was parsed, and is no blob. */
static int is_in_row(struct db_tx *tx, int64_t parsed, bool *in_row)
{
	int64_t n = 0;
	int rc = db_get_int(tx, &n,
		"SELECT count(*) FROM parsed WHERE id = $1 AND source IS NOT NULL", db_int(parsed));

	*in_row = n > 0;
	return rc;
}

/* A content that no message has any more goes, and says so. */
static int drop_content(struct db_tx *tx, int64_t content)
{
	struct db_rows rows;
	int64_t parsed = 0;
	bool gone, in_row;
	int rc = db_query(tx, &rows,
		"DELETE FROM content WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM message WHERE "
		"content = $1)"
		" RETURNING account, blob, parsed",
		db_int(content));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	gone = rc > 0;
	if (gone) {
		parsed = db_col_int(&rows, 2);
		rc = is_in_row(tx, parsed, &in_row);
		if (rc == 0)
			rc = publish_removed(tx, db_col_int(&rows, 0), content,
				in_row ? (struct slice){ 0 } : db_col_text(&rows, 1));
	}
	db_end(&rows);
	if (rc >= 0 && gone)
		rc = drop_parsed(tx, parsed);
	return rc < 0 ? rc : 0;
}

/* Remembers for other sessions that the UID is gone. */
static int note_expunged(struct db_tx *tx, int64_t mailbox, uint32_t uid, int64_t *modseq)
{
	int rc = take_modseq(tx, mailbox, modseq);

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
	int rc = db_query(tx, &rows,
		"DELETE FROM message WHERE mailbox = $1 AND uid = $2 RETURNING content, size + "
		"extra",
		db_int(mailbox), db_int(uid));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0) {
		*content = db_col_int(&rows, 0);
		*size = db_col_int(&rows, 1);
	}
	db_end(&rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
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
		rc = note_expunged(tx, mailbox, uid, modseq);
	return rc < 0 ? rc : drop_content(tx, content);
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

/* ---- copying and moving ---- */

int mail_store_copy(
	struct db_tx *tx, int64_t mailbox, uint32_t uid, struct mailbox *to, uint32_t *new_uid)
{
	INVARIANT(db_tx_writes(tx));
	INVARIANT(uid > 0 && to->id > 0);
	struct mail_message m = { 0 };
	struct arena *a = arena_new();
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT content, flags, keywords, internal_date, size, extra FROM message"
		" WHERE mailbox = $1 AND uid = $2",
		db_int(mailbox), db_int(uid));

	if (rc == 0) {
		rc = db_next(&rows);
		rc = rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
	}
	if (rc == 0)
		m = (struct mail_message){ .content_id = db_col_int(&rows, 0),
			.flags = (unsigned)db_col_int(&rows, 1),
			.keywords = arena_slice(a, db_col_text(&rows, 2)),
			.internal_date = db_col_int(&rows, 3),
			.size = (uint64_t)db_col_int(&rows, 4),
			.extra = (uint64_t)db_col_int(&rows, 5) };
	db_end(&rows);
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
	return rc < 0 ? rc : note_expunged(tx, mailbox, uid, modseq);
}

/* ---- what happened since ---- */

static int each_expunged(struct db_tx *tx, int64_t mailbox, int64_t modseq, int64_t up_to,
	mail_uid_fn *expunged, void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT uid FROM expunged WHERE mailbox = $1 AND modseq > $2 AND modseq <= $3 "
		"ORDER BY uid",
		db_int(mailbox), db_int(modseq), db_int(up_to));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = expunged(arg, (uint32_t)db_col_int(&rows, 0));
	rc = db_end(&rows);
	return stop ? stop : rc;
}

static int each_changed(struct db_tx *tx, int64_t mailbox, int64_t modseq, int64_t up_to,
	mail_flags_fn *changed, void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT uid, flags, keywords FROM message WHERE mailbox = $1 AND modseq > $2 AND "
		"modseq <= $3 ORDER BY uid",
		db_int(mailbox), db_int(modseq), db_int(up_to));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = changed(arg, (uint32_t)db_col_int(&rows, 0),
			&(struct mail_flags){
				(unsigned)db_col_int(&rows, 1), db_col_text(&rows, 2) });
	rc = db_end(&rows);
	return stop ? stop : rc;
}

int mail_store_modseq(struct db_tx *tx, int64_t mailbox, int64_t *now)
{
	return db_get_int(tx, now, "SELECT modseq FROM mailbox WHERE id = $1 AND deleted = 0",
		db_int(mailbox));
}

int mail_store_changes(struct db_tx *tx, int64_t mailbox, int64_t modseq, int64_t *up_to,
	bool *more, mail_uid_fn *expunged, mail_flags_fn *changed, void *arg)
{
	int64_t now, last = 0;
	int rc = mail_store_modseq(tx, mailbox, &now);

	*more = false;
	*up_to = now;
	if (rc < 0 || now == modseq)
		return rc;
	rc = db_get_int(tx, &last,
		"SELECT modseq FROM message WHERE mailbox = $1 AND modseq > $2 ORDER BY modseq "
		"LIMIT 1 OFFSET $3",
		db_int(mailbox), db_int(modseq), db_int(MAIL_BULK_MAX));
	if (rc == 0) {
		*more = last < now;
		*up_to = last;
	} else if (rc != HEARTH_ENOTFOUND) {
		return rc;
	}
	rc = each_expunged(tx, mailbox, modseq, *up_to, expunged, arg);
	return rc ? rc : each_changed(tx, mailbox, modseq, *up_to, changed, arg);
}

int mail_store_arrived(
	struct db_tx *tx, int64_t mailbox, uint32_t uid, mail_uid_fn *arrived, void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT uid FROM message WHERE mailbox = $1 AND uid > $2 ORDER BY uid",
		db_int(mailbox), db_int(uid));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = arrived(arg, (uint32_t)db_col_int(&rows, 0));
	rc = db_end(&rows);
	return stop ? stop : rc;
}

int mail_store_prune_expunged(struct db_tx *tx)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM expunged WHERE expunged_at < $1",
		db_int(clock_wall_s() - MAIL_EXPUNGED_KEPT_S));

	return rc < 0 ? rc : 0;
}
