/*
 * store_message.c: messages and their contents (store.h).
 */
#include "store_internal.h"

#include <stdio.h>

#include "hearth/bus.h"
#include "hearth/error.h"

int mail_store_next_modseq(struct db_tx *tx, int64_t mailbox, int64_t *modseq)
{
	return db_get_int(tx, modseq, "UPDATE mailbox SET modseq = modseq + 1 WHERE id = $1 RETURNING modseq",
		db_int(mailbox));
}

/* Takes the next UID and modseq of a mailbox in one. */
static int next_uid(struct db_tx *tx, int64_t mailbox, uint32_t *uid, int64_t *modseq)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"UPDATE mailbox SET uidnext = uidnext + 1, modseq = modseq + 1 WHERE id = $1 RETURNING uidnext, modseq",
		db_int(mailbox));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0) {
		*uid = (uint32_t)(db_col_int(&rows, 0) - 1);
		*modseq = db_col_int(&rows, 1);
	}
	db_end(&rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

static void key_of(char out[24], int64_t account)
{
	snprintf(out, 24, "%lld", (long long)account);
}

/* ---- adding ---- */

static int insert_content(struct db_tx *tx, int64_t account, const struct mail_content *c, int64_t *id)
{
	int rc = db_get_int(tx, id,
		"INSERT INTO content (account, blob, blob_size, trace, envelope, body, bodystructure, structure, subject,"
		" sender, recipients, message_id, preview, sent_at, has_attachment)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', '', '', 0, 0) RETURNING id",
		db_int(account), db_text(c->blob_key), db_int((int64_t)c->blob_size), db_bytes(c->trace),
		db_bytes(c->envelope), db_bytes(c->body), db_bytes(c->bodystructure), db_bytes(c->structure),
		db_text(c->subject));

	if (rc == 0)
		rc = db_run(tx,
			"UPDATE content SET sender = $2, recipients = $3, message_id = $4, preview = $5, sent_at = $6,"
			" has_attachment = $7 WHERE id = $1",
			db_int(*id), db_text(c->from), db_text(c->to), db_text(c->message_id), db_text(c->preview),
			db_int(c->date), db_int(c->has_attachment));
	return rc < 0 ? rc : 0;
}

static int insert_message(struct db_tx *tx, int64_t mailbox, const struct mail_message *m, int64_t *id)
{
	return db_get_int(tx, id,
		"INSERT INTO message (mailbox, uid, content, flags, keywords, internal_date, modseq, size)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
		db_int(mailbox), db_int(m->uid), db_int(m->content_id), db_int(m->flags), db_text(m->keywords),
		db_int(m->internal_date), db_int(m->modseq), db_int((int64_t)m->size));
}

static int publish_stored(struct db_tx *tx, const struct mailbox *box, const struct mail_message *m)
{
	struct strbuf out = { 0 };
	struct json_writer w;
	char key[24];
	int rc;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "change", "stored");
	json_put_i64(&w, "account", box->account);
	json_put_i64(&w, "mailbox", box->id);
	json_put_i64(&w, "message", m->id);
	json_put_i64(&w, "content", m->content_id);
	json_put_i64(&w, "uid", m->uid);
	json_close_object(&w);
	key_of(key, box->account);
	rc = bus_publish(tx, "mail.content", slice_str(key), strbuf_slice(&out));
	strbuf_free(&out);
	return rc;
}

int mail_store_add(struct db_tx *tx, struct mailbox *box, const struct mail_content *content, unsigned flags,
	struct slice keywords, int64_t internal_date, uint32_t *uid, int64_t *message_id)
{
	struct mail_message m = { .flags = flags,
		.keywords = keywords,
		.internal_date = internal_date,
		.size = content->blob_size + content->trace.n };
	int rc = next_uid(tx, box->id, &m.uid, &m.modseq);

	if (rc == 0)
		rc = insert_content(tx, box->account, content, &m.content_id);
	if (rc == 0)
		rc = insert_message(tx, box->id, &m, &m.id);
	if (rc == 0)
		rc = publish_stored(tx, box, &m);
	if (rc == 0) {
		box->uidnext = m.uid + 1;
		box->modseq = m.modseq;
		*uid = m.uid;
		*message_id = m.id;
	}
	return rc;
}

/* ---- reading ---- */

int mail_store_uids(struct db_tx *tx, int64_t mailbox, struct arena *a, uint32_t **uids, size_t *n)
{
	struct db_rows rows;
	int64_t count = 0;
	int rc = db_get_int(tx, &count, "SELECT count(*) FROM message WHERE mailbox = $1", db_int(mailbox));

	if (rc == 0)
		rc = db_query(tx, &rows, "SELECT uid FROM message WHERE mailbox = $1 ORDER BY uid", db_int(mailbox));
	if (rc < 0)
		return rc;
	*uids = arena_alloc(a, (size_t)count * sizeof(**uids));
	*n = 0;
	while (*n < (size_t)count && db_next(&rows) > 0)
		(*uids)[(*n)++] = (uint32_t)db_col_int(&rows, 0);
	return db_end(&rows);
}

/* The columns of a message; what was not wanted comes as empty. $9 is the wish's bits (enum mail_want). */
#define MESSAGE_COLUMNS                                                                            \
	"SELECT m.id, m.content, m.mailbox, m.uid, m.flags, m.keywords, m.internal_date, m.modseq, m.size,"   \
	" c.blob, c.blob_size, c.trace,"                                                           \
	" CASE WHEN $9 & 1 <> 0 THEN c.envelope END,"                                              \
	" CASE WHEN $9 & 2 <> 0 THEN c.body END,"                                                  \
	" CASE WHEN $9 & 4 <> 0 THEN c.bodystructure END,"                                         \
	" CASE WHEN $9 & 8 <> 0 THEN c.structure END,"                                             \
	" CASE WHEN $9 & 16 <> 0 THEN c.subject END,"                                              \
	" CASE WHEN $9 & 16 <> 0 THEN c.sender END,"                                               \
	" CASE WHEN $9 & 16 <> 0 THEN c.recipients END,"                                           \
	" CASE WHEN $9 & 16 <> 0 THEN c.message_id END,"                                           \
	" CASE WHEN $9 & 16 <> 0 THEN c.preview END,"                                              \
	" c.sent_at, c.has_attachment"                                                             \
	" FROM message m JOIN content c ON c.id = m.content "

#define WANT(bits) db_null(), db_null(), db_null(), db_null(), db_null(), db_int(bits)

static void read_message(struct db_rows *rows, struct mail_message *out)
{
	*out = (struct mail_message){ .id = db_col_int(rows, 0),
		.content_id = db_col_int(rows, 1),
		.mailbox = db_col_int(rows, 2),
		.uid = (uint32_t)db_col_int(rows, 3),
		.flags = (unsigned)db_col_int(rows, 4),
		.keywords = db_col_text(rows, 5),
		.internal_date = db_col_int(rows, 6),
		.modseq = db_col_int(rows, 7),
		.size = (uint64_t)db_col_int(rows, 8),
		.content = { .blob_key = db_col_text(rows, 9),
			.blob_size = (uint64_t)db_col_int(rows, 10),
			.trace = db_col_bytes(rows, 11),
			.envelope = db_col_bytes(rows, 12),
			.body = db_col_bytes(rows, 13),
			.bodystructure = db_col_bytes(rows, 14),
			.structure = db_col_bytes(rows, 15),
			.subject = db_col_text(rows, 16),
			.from = db_col_text(rows, 17),
			.to = db_col_text(rows, 18),
			.message_id = db_col_text(rows, 19),
			.preview = db_col_text(rows, 20),
			.date = db_col_int(rows, 21),
			.has_attachment = db_col_int(rows, 22) != 0 } };
}

static int each_message(struct db_rows *rows, mail_message_fn *each, void *arg)
{
	struct mail_message m;
	int stop = 0, rc;

	while (stop == 0 && db_next(rows) > 0) {
		read_message(rows, &m);
		stop = each(arg, &m);
	}
	rc = db_end(rows);
	return stop ? stop : rc;
}

int mail_store_messages(struct db_tx *tx, int64_t mailbox, uint32_t first, uint32_t last, unsigned want,
	mail_message_fn *each, void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows, MESSAGE_COLUMNS "WHERE m.mailbox = $1 AND m.uid BETWEEN $2 AND $3 ORDER BY m.uid",
		db_int(mailbox), db_int(first), db_int(last), WANT(want));

	return rc < 0 ? rc : each_message(&rows, each, arg);
}

int mail_store_latest(struct db_tx *tx, int64_t mailbox, uint32_t before, size_t limit, unsigned want,
	mail_message_fn *each, void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		MESSAGE_COLUMNS "WHERE m.mailbox = $1 AND m.uid < $2 ORDER BY m.uid DESC LIMIT $3", db_int(mailbox),
		db_int(before ? before : INT64_MAX), db_int((int64_t)limit), WANT(want));

	return rc < 0 ? rc : each_message(&rows, each, arg);
}

/* Copies what a message's slices point to. */
static void keep_content(struct arena *a, struct mail_content *c)
{
	struct slice *const slices[] = { &c->blob_key, &c->trace, &c->envelope, &c->body, &c->bodystructure,
		&c->structure, &c->subject, &c->from, &c->to, &c->message_id, &c->preview };

	for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++)
		*slices[i] = arena_slice(a, *slices[i]);
}

int mail_store_message(struct db_tx *tx, int64_t account, int64_t id, unsigned want, struct arena *a,
	struct mail_message *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows, MESSAGE_COLUMNS "WHERE m.id = $1 AND c.account = $2", db_int(id), db_int(account),
		db_null(), WANT(want));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0) {
		read_message(&rows, out);
		out->keywords = arena_slice(a, out->keywords);
		keep_content(a, &out->content);
	}
	db_end(&rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

int mail_store_content(struct db_tx *tx, int64_t id, struct arena *a, struct mail_content *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows, "SELECT blob, blob_size, trace FROM content WHERE id = $1", db_int(id));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0) {
		*out = (struct mail_content){ .blob_key = db_col_text(&rows, 0),
			.blob_size = (uint64_t)db_col_int(&rows, 1),
			.trace = db_col_bytes(&rows, 2) };
		keep_content(a, out);
	}
	db_end(&rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

int mail_store_blob_used(struct db_tx *tx, struct slice blob_key, bool *used)
{
	int64_t n = 0;
	int rc = db_get_int(tx, &n, "SELECT count(*) FROM content WHERE blob = $1", db_text(blob_key));

	*used = n > 0;
	return rc;
}

/* ---- changing ---- */

int mail_store_flag(struct db_tx *tx, int64_t mailbox, uint32_t uid, unsigned set, unsigned clear,
	struct slice add_keywords, struct slice remove_keywords, bool replace_keywords, bool *changed)
{
	struct strbuf keywords = { 0 };
	struct db_rows rows;
	unsigned old, flags;
	int64_t modseq;
	bool differs;
	int rc = db_query(tx, &rows, "SELECT flags, keywords FROM message WHERE mailbox = $1 AND uid = $2",
		db_int(mailbox), db_int(uid));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc <= 0) {
		db_end(&rows);
		return rc == 0 ? HEARTH_ENOTFOUND : rc;
	}
	old = (unsigned)db_col_int(&rows, 0);
	flags = (old & ~clear) | set;
	mail_keywords_change(&keywords, replace_keywords ? (struct slice){ 0 } : db_col_text(&rows, 1), add_keywords,
		remove_keywords);
	differs = flags != old || !slice_eq(strbuf_slice(&keywords), db_col_text(&rows, 1));
	rc = db_end(&rows);
	if (rc == 0 && differs)
		rc = mail_store_next_modseq(tx, mailbox, &modseq);
	if (rc == 0 && differs)
		rc = db_run(tx, "UPDATE message SET flags = $3, keywords = $4, modseq = $5 WHERE mailbox = $1 AND uid = $2",
			db_int(mailbox), db_int(uid), db_int(flags), db_text(strbuf_slice(&keywords)), db_int(modseq));
	strbuf_free(&keywords);
	if (changed)
		*changed = differs;
	return rc < 0 ? rc : 0;
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
	key_of(key, account);
	rc = bus_publish(tx, "mail.content", slice_str(key), strbuf_slice(&out));
	strbuf_free(&out);
	return rc;
}

/* A content that no message has any more goes, and says so. */
static int drop_content(struct db_tx *tx, int64_t content)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"DELETE FROM content WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM message WHERE content = $1)"
		" RETURNING account, blob",
		db_int(content));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0)
		rc = publish_removed(tx, db_col_int(&rows, 0), content, db_col_text(&rows, 1));
	db_end(&rows);
	return rc < 0 ? rc : 0;
}

int mail_store_expunge(struct db_tx *tx, int64_t mailbox, uint32_t uid)
{
	int64_t content, modseq;
	int rc = db_get_int(tx, &content, "DELETE FROM message WHERE mailbox = $1 AND uid = $2 RETURNING content",
		db_int(mailbox), db_int(uid));

	if (rc == 0)
		rc = mail_store_next_modseq(tx, mailbox, &modseq);
	if (rc == 0)
		rc = db_run(tx, "INSERT INTO expunged (mailbox, modseq, uid) VALUES ($1, $2, $3)", db_int(mailbox),
			db_int(modseq), db_int(uid));
	return rc < 0 ? rc : drop_content(tx, content);
}

int mail_store_expunge_all(struct db_tx *tx, int64_t mailbox)
{
	struct arena *a = arena_new();
	uint32_t *uids;
	size_t n = 0;
	int rc = mail_store_uids(tx, mailbox, a, &uids, &n);

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = mail_store_expunge(tx, mailbox, uids[i]);
	arena_free(&a);
	return rc;
}

int mail_store_copy(struct db_tx *tx, int64_t mailbox, uint32_t uid, struct mailbox *to, uint32_t *new_uid)
{
	struct mail_message m = { 0 };
	struct arena *a = arena_new();
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT content, flags, keywords, internal_date, size FROM message WHERE mailbox = $1 AND uid = $2",
		db_int(mailbox), db_int(uid));

	if (rc == 0)
		rc = db_next(&rows) > 0 ? 0 : HEARTH_ENOTFOUND;
	if (rc == 0)
		m = (struct mail_message){ .content_id = db_col_int(&rows, 0),
			.flags = (unsigned)db_col_int(&rows, 1),
			.keywords = arena_slice(a, db_col_text(&rows, 2)),
			.internal_date = db_col_int(&rows, 3),
			.size = (uint64_t)db_col_int(&rows, 4) };
	db_end(&rows);
	if (rc == 0)
		rc = next_uid(tx, to->id, &m.uid, &m.modseq);
	if (rc == 0)
		rc = insert_message(tx, to->id, &m, &m.id);
	if (rc == 0) {
		*new_uid = m.uid;
		to->uidnext = m.uid + 1;
		to->modseq = m.modseq;
	}
	arena_free(&a);
	return rc;
}

/* ---- what happened since ---- */

static int each_expunged(struct db_tx *tx, int64_t mailbox, int64_t modseq, int (*expunged)(void *arg, uint32_t uid),
	void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows, "SELECT uid FROM expunged WHERE mailbox = $1 AND modseq > $2 ORDER BY uid",
		db_int(mailbox), db_int(modseq));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = expunged(arg, (uint32_t)db_col_int(&rows, 0));
	rc = db_end(&rows);
	return stop ? stop : rc;
}

int mail_store_changes(struct db_tx *tx, int64_t mailbox, int64_t modseq, int64_t *now,
	int (*expunged)(void *arg, uint32_t uid), mail_message_fn *changed, void *arg)
{
	struct db_rows rows;
	int rc = db_get_int(tx, now, "SELECT modseq FROM mailbox WHERE id = $1", db_int(mailbox));

	if (rc == 0)
		rc = each_expunged(tx, mailbox, modseq, expunged, arg);
	if (rc == 0)
		rc = db_query(tx, &rows, MESSAGE_COLUMNS "WHERE m.mailbox = $1 AND m.modseq > $2 ORDER BY m.uid",
			db_int(mailbox), db_int(modseq), db_null(), WANT(MAIL_WANT_META));
	return rc < 0 ? rc : each_message(&rows, changed, arg);
}
