/*
 * store/message_read.c: reading messages and their contents (store.h). On a database thread; rows go
 * to the caller one at a time.
 */
#include "store/internal.h"

#include "hearth/error.h"
#include "hearth/log.h"

int mail_store_uids(struct db_tx *tx, int64_t mailbox, struct arena *a, uint32_t **uids, size_t *n)
{
	struct db_rows rows;
	int64_t count = 0;
	int rc = db_get_int(
		tx, &count, "SELECT count(*) FROM message WHERE mailbox = $1", db_int(mailbox));

	if (rc == 0)
		rc = db_query(tx, &rows, "SELECT uid FROM message WHERE mailbox = $1 ORDER BY uid",
			db_int(mailbox));
	if (rc < 0)
		return rc;
	*uids = arena_alloc(a, (size_t)count * sizeof(**uids));
	*n = 0;
	while (*n < (size_t)count && db_next(&rows) > 0)
		(*uids)[(*n)++] = (uint32_t)db_col_int(&rows, 0);
	return db_end(&rows);
}

int mail_store_first_uids(
	struct db_tx *tx, int64_t mailbox, size_t max, struct arena *a, uint32_t **uids, size_t *n)
{
	INVARIANT(max > 0);
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT uid FROM message WHERE mailbox = $1 ORDER BY uid LIMIT $2", db_int(mailbox),
		db_int((int64_t)max));

	if (rc < 0)
		return rc;
	*uids = arena_alloc(a, max * sizeof(**uids));
	*n = 0;
	while (*n < max && db_next(&rows) > 0)
		(*uids)[(*n)++] = (uint32_t)db_col_int(&rows, 0);
	return db_end(&rows);
}

/*
 * The columns of a message; what was not wanted comes as empty, and is not looked for. $1 is the
 * wish's bits (enum mail_want).
 */
#define MESSAGE_COLUMNS                                                                      \
	"SELECT m.id, m.content, m.mailbox, m.uid, m.flags, m.keywords, m.internal_date, "   \
	"m.modseq, m.size,"                                                                  \
	" c.blob, c.blob_size, c.trace,"                                                     \
	" CASE WHEN $1 & 1 <> 0 THEN p.envelope END,"                                        \
	" CASE WHEN $1 & 2 <> 0 THEN p.body END,"                                            \
	" CASE WHEN $1 & 4 <> 0 THEN p.bodystructure END,"                                   \
	" CASE WHEN $1 & 8 <> 0 OR ($1 & 128 <> 0 AND COALESCE(f.bytes, p.fields) IS NULL)"  \
	" THEN p.structure END,"                                                             \
	" CASE WHEN $1 & 16 <> 0 THEN c.subject END,"                                        \
	" CASE WHEN $1 & 16 <> 0 THEN c.sender END,"                                         \
	" CASE WHEN $1 & 16 <> 0 THEN c.recipients END,"                                     \
	" CASE WHEN $1 & 16 <> 0 THEN c.message_id END,"                                     \
	" CASE WHEN $1 & 16 <> 0 THEN c.preview END,"                                        \
	" c.sent_at, c.sent_zone, c.has_attachment,"                                         \
	" CASE WHEN $1 & 32 <> 0 OR ($1 & 128 <> 0 AND COALESCE(f.bytes, p.fields) IS NULL)" \
	" THEN p.header END,"                                                                \
	" CASE WHEN $1 & 192 <> 0 THEN COALESCE(f.bytes, p.fields) END,"                     \
	" s.message, c.mail_from"                                                            \
	" FROM message m JOIN content c ON c.id = m.content"                                 \
	" LEFT JOIN parsed p ON p.id = CASE WHEN $1 & 239 <> 0 THEN c.parsed END "           \
	" LEFT JOIN fields f ON f.id = CASE WHEN $1 & 192 <> 0 THEN c.parsed END "           \
	" LEFT JOIN source s ON s.id = CASE WHEN $1 & 64 <> 0"                               \
	" OR ($1 & 128 <> 0 AND COALESCE(f.bytes, p.fields) IS NULL) THEN p.source END "

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
			.msgid = db_col_text(rows, 19),
			.preview = db_col_text(rows, 20),
			.date = db_col_int(rows, 21),
			.date_zone = (int)db_col_int(rows, 22),
			.has_attachment = db_col_int(rows, 23) != 0,
			.header = db_col_bytes(rows, 24),
			.fields = db_col_bytes(rows, 25),
			.has_fields = !db_col_is_null(rows, 25),
			.message = db_col_bytes(rows, 26) } };
	if (!db_col_is_null(rows, 27))
		out->content.mail_from = db_col_text(rows, 27);
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

/*
 * The listed fields alone: few columns, of two tables whose rows are short. Up to the first message
 * whose fields are elsewhere: then *first is its UID, and *elsewhere true.
 */
static int each_with_fields(struct db_tx *tx, int64_t mailbox, uint32_t *first, uint32_t last,
	mail_message_fn *each, void *arg, bool *elsewhere)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT m.uid, m.content, m.flags, m.keywords, m.internal_date, m.size, f.bytes"
		" FROM message m LEFT JOIN fields f ON f.id = m.parsed"
		" WHERE m.mailbox = $1 AND m.uid BETWEEN $2 AND $3 ORDER BY m.uid",
		db_int(mailbox), db_int(*first), db_int(last));

	*elsewhere = false;
	while (rc == 0 && stop == 0 && db_next(&rows) > 0) {
		struct mail_message m = { .uid = (uint32_t)db_col_int(&rows, 0),
			.content_id = db_col_int(&rows, 1),
			.flags = (unsigned)db_col_int(&rows, 2),
			.keywords = db_col_text(&rows, 3),
			.internal_date = db_col_int(&rows, 4),
			.size = (uint64_t)db_col_int(&rows, 5),
			.content = { .fields = db_col_bytes(&rows, 6), .has_fields = true } };

		*elsewhere = db_col_is_null(&rows, 6);
		if (*elsewhere) {
			*first = m.uid;
			break;
		}
		stop = each(arg, &m);
	}
	if (rc == 0)
		rc = db_end(&rows);
	return stop ? stop : rc;
}

int mail_store_messages(struct db_tx *tx, int64_t mailbox, uint32_t first, uint32_t last,
	unsigned want, mail_message_fn *each, void *arg)
{
	struct db_rows rows;
	bool elsewhere = true;
	int rc = 0;

	if (want == MAIL_WANT_FIELDS)
		rc = each_with_fields(tx, mailbox, &first, last, each, arg, &elsewhere);
	if (rc != 0 || !elsewhere)
		return rc;
	rc = db_query(tx, &rows,
		MESSAGE_COLUMNS "WHERE m.mailbox = $2 AND m.uid BETWEEN $3 AND $4 ORDER BY m.uid",
		db_int(want), db_int(mailbox), db_int(first), db_int(last));

	return rc < 0 ? rc : each_message(&rows, each, arg);
}

int mail_store_latest(struct db_tx *tx, int64_t mailbox, uint32_t before, size_t limit,
	unsigned want, mail_message_fn *each, void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		MESSAGE_COLUMNS "WHERE m.mailbox = $2 AND m.uid < $3 ORDER BY m.uid DESC LIMIT $4",
		db_int(want), db_int(mailbox), db_int(before ? before : INT64_MAX),
		db_int((int64_t)limit));

	return rc < 0 ? rc : each_message(&rows, each, arg);
}

int mail_store_newest(
	struct db_tx *tx, int64_t mailbox, uint32_t before, mail_newest_fn *each, void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT uid, content FROM message WHERE mailbox = $1 AND uid < $2 ORDER BY uid "
		"DESC",
		db_int(mailbox), db_int(before ? before : INT64_MAX));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = each(arg, (uint32_t)db_col_int(&rows, 0), db_col_int(&rows, 1));
	rc = db_end(&rows);
	return stop ? stop : rc;
}

static int each_scanned(struct db_rows *rows, bool dates, mail_message_fn *each, void *arg)
{
	int stop = 0, rc;

	while (stop == 0 && db_next(rows) > 0) {
		struct mail_message m = { .uid = (uint32_t)db_col_int(rows, 0),
			.content_id = db_col_int(rows, 1),
			.flags = (unsigned)db_col_int(rows, 2),
			.keywords = db_col_text(rows, 3),
			.internal_date = db_col_int(rows, 4),
			.size = (uint64_t)db_col_int(rows, 5) };

		if (dates) {
			m.content.date = db_col_int(rows, 6);
			m.content.date_zone = (int)db_col_int(rows, 7);
		}
		stop = each(arg, &m);
	}
	rc = db_end(rows);
	return stop ? stop : rc;
}

int mail_store_scan(struct db_tx *tx, int64_t mailbox, uint32_t first, uint32_t last, bool dates,
	mail_message_fn *each, void *arg)
{
	struct db_rows rows;
	int rc;

	if (dates)
		rc = db_query(tx, &rows,
			"SELECT m.uid, m.content, m.flags, m.keywords, m.internal_date, m.size, "
			"c.sent_at, c.sent_zone"
			" FROM message m JOIN content c ON c.id = m.content"
			" WHERE m.mailbox = $1 AND m.uid BETWEEN $2 AND $3 ORDER BY m.uid",
			db_int(mailbox), db_int(first), db_int(last));
	else
		rc = db_query(tx, &rows,
			"SELECT uid, content, flags, keywords, internal_date, size FROM message"
			" WHERE mailbox = $1 AND uid BETWEEN $2 AND $3 ORDER BY uid",
			db_int(mailbox), db_int(first), db_int(last));
	return rc < 0 ? rc : each_scanned(&rows, dates, each, arg);
}

int mail_store_scan_content(struct db_tx *tx, int64_t mailbox, int64_t content, bool dates,
	mail_message_fn *each, void *arg)
{
	struct db_rows rows;
	/* By the content, of which there are few: "+ 0" keeps the mailbox's index out of it. */
	int rc = db_query(tx, &rows,
		"SELECT m.uid, m.content, m.flags, m.keywords, m.internal_date, m.size, "
		"c.sent_at, c.sent_zone FROM message m JOIN content c ON c.id = m.content"
		" WHERE m.content = $1 AND m.mailbox + 0 = $2 ORDER BY m.uid",
		db_int(content), db_int(mailbox));

	return rc < 0 ? rc : each_scanned(&rows, dates, each, arg);
}

/* Copies what a message's slices point to; nothing stays nothing. */
static void keep_content(struct arena *a, struct mail_content *c)
{
	struct slice *const slices[] = { &c->blob_key, &c->trace, &c->envelope, &c->body,
		&c->bodystructure, &c->structure, &c->header, &c->fields, &c->message, &c->subject,
		&c->from, &c->to, &c->msgid, &c->mail_from, &c->preview };

	for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++)
		if (slices[i]->p)
			*slices[i] = arena_slice(a, *slices[i]);
}

int mail_store_message(struct db_tx *tx, int64_t account, int64_t id, unsigned want,
	struct arena *a, struct mail_message *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows, MESSAGE_COLUMNS "WHERE m.id = $2 AND c.account = $3",
		db_int(want), db_int(id), db_int(account));

	if (rc < 0)
		return rc;
	read_message(&rows, out);
	out->keywords = arena_slice(a, out->keywords);
	keep_content(a, &out->content);
	return db_end(&rows);
}

int mail_store_content(struct db_tx *tx, int64_t id, struct arena *a, struct mail_content *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT c.blob, c.blob_size, c.trace, s.message, COALESCE(f.bytes, p.fields)"
		" FROM content c JOIN parsed p ON p.id = c.parsed LEFT JOIN source s ON s.id = "
		"p.source LEFT JOIN fields f ON f.id = p.id"
		" WHERE c.id = $1",
		db_int(id));

	if (rc < 0)
		return rc;
	*out = (struct mail_content){ .blob_key = db_col_text(&rows, 0),
		.blob_size = (uint64_t)db_col_int(&rows, 1),
		.trace = db_col_bytes(&rows, 2),
		.message = db_col_bytes(&rows, 3),
		.fields = db_col_bytes(&rows, 4) };
	keep_content(a, out);
	return db_end(&rows);
}

int mail_store_header(struct db_tx *tx, int64_t id, struct arena *a, struct slice *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT CASE WHEN length(p.header) > 0 THEN p.header"
		" ELSE COALESCE(f.bytes, p.fields, p.header) END FROM content c JOIN parsed p"
		" ON p.id = c.parsed LEFT JOIN fields f ON f.id = p.id WHERE c.id = $1",
		db_int(id));

	*out = (struct slice){ 0 };
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	*out = arena_slice(a, db_col_bytes(&rows, 0));
	return db_end(&rows);
}

int mail_store_contents(struct db_tx *tx, int64_t above, int64_t *ids, size_t max, size_t *n)
{
	INVARIANT(max > 0);
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT c.id FROM content c WHERE c.id > $1 AND EXISTS"
		" (SELECT 1 FROM message m WHERE m.content = c.id) ORDER BY c.id LIMIT $2",
		db_int(above), db_int((int64_t)max));

	*n = 0;
	if (rc < 0)
		return rc;
	while ((rc = db_next(&rows)) > 0)
		ids[(*n)++] = db_col_int(&rows, 0);
	return rc;
}

int mail_store_content_lives(struct db_tx *tx, int64_t id, bool *lives)
{
	int64_t n = 0;
	int rc = db_get_int(tx, &n,
		"SELECT count(*) FROM (SELECT 1 FROM message WHERE content = $1 LIMIT 1) AS one",
		db_int(id));

	*lives = n > 0;
	return rc;
}

int mail_store_blob_used(struct db_tx *tx, struct slice blob_key, bool *used)
{
	int64_t n = 0;
	int rc = db_get_int(tx, &n,
		"SELECT (SELECT count(*) FROM content WHERE blob = $1)"
		" + (SELECT count(*) FROM outgoing WHERE blob = $1)",
		db_text(blob_key));

	*used = n > 0;
	return rc;
}
