/*
 * search.c: see search.h.
 *
 * The index keeps of each content its folded text (zstd) beside the trigram index, so that
 * candidates are checked without reading and parsing the message again, and so that a content can
 * be taken out of the index by the very text it was put in with.
 */
#include "search.h"

#include <stdlib.h>
#include <zstd.h>

#include "hearth/error.h"
#include "hearth/fts.h"
#include "hearth/log.h"
#include "hearth/text.h"
#include "message.h"

#define INDEX      "mail_text"
#define ZSTD_LEVEL 3

const char *const mail_search_migrations[] = {
	"CREATE TABLE document ("
	" id BIGINT NOT NULL PRIMARY KEY," /* of the content */
	" head_size BIGINT NOT NULL,"      /* the text is head, then body */
	" text_size BIGINT NOT NULL,"
	" packed {bytes} NOT NULL);",
	NULL,
};

int mail_search_create(struct db_tx *tx)
{
	return fts_create(tx, INDEX);
}

/* The folded text of a content: head and body in one run. */
struct document {
	struct slice text;
	size_t head_size;
	struct slice packed;
};

/* ---- feeding the index ---- */

struct content_query {
	int64_t id;
	struct arena *a;
	struct mail_content content;
};

static int load_content(struct db_tx *tx, void *arg)
{
	struct content_query *q = arg;

	return mail_store_content(tx, q->id, q->a, &q->content);
}

/* Reads a content's message and extracts its text into the arena. On a worker. */
static int read_document(struct mail *m, int64_t content, struct arena *a, struct document *out)
{
	struct content_query q = { .id = content, .a = a };
	struct strbuf head = { 0 }, body = { 0 };
	struct buf *message = NULL;
	int rc = db_read_wait(m->db, load_content, &q);

	if (rc == 0)
		rc = mail_message_bytes(m, &q.content, &message);
	if (rc < 0)
		return rc;
	mail_message_text(buf_slice(message), &head, &body);
	buf_unref(&message);
	out->head_size = head.n;
	strbuf_add(&head, strbuf_slice(&body));
	out->text = arena_slice(a, strbuf_slice(&head));
	strbuf_free(&head);
	strbuf_free(&body);
	return 0;
}

static void pack(struct arena *a, struct document *d)
{
	size_t room = ZSTD_compressBound(d->text.n);
	char *p = arena_alloc(a, room);
	size_t n = ZSTD_compress(p, room, d->text.p, d->text.n, ZSTD_LEVEL);

	INVARIANT(!ZSTD_isError(n));
	d->packed = slice_of(p, n);
}

/* What an event says; the content's id, and whether it was stored. */
static int read_event(const struct bus_event *ev, struct arena *a, int64_t *content, bool *stored)
{
	struct slice change = { 0 };
	struct json *doc;
	int rc = json_read(a, ev->payload, &doc, NULL);

	if (rc == 0)
		rc = json_get_i64(doc, "content", 1, INT64_MAX, content);
	if (rc == 0)
		rc = json_get_text(doc, "change", &change);
	*stored = slice_eq(change, SLICE("stored"));
	return rc;
}

int mail_search_prepare(void *module, const struct bus_event *ev, struct arena *a, void **prepared)
{
	struct document *d;
	int64_t content = 0;
	bool stored = false;
	int rc = read_event(ev, a, &content, &stored);

	if (rc < 0 || !stored)
		return rc;
	d = ARENA_NEW(a, struct document);
	rc = read_document(module, content, a, d);
	/* Expunged before it was indexed: there is nothing to find. */
	if (rc == HEARTH_ENOTFOUND)
		return 0;
	if (rc == 0) {
		pack(a, d);
		*prepared = d;
	}
	return rc;
}

static int add_document(struct db_tx *tx, int64_t content, const struct document *d)
{
	int rc = db_run(tx,
		"INSERT INTO document (id, head_size, text_size, packed) VALUES ($1, $2, $3, $4) "
		"ON CONFLICT (id) DO NOTHING",
		db_int(content), db_int((int64_t)d->head_size), db_int((int64_t)d->text.n),
		db_bytes(d->packed));

	return rc > 0 ? fts_put(tx, INDEX, content, d->text) : rc;
}

/* The stored text of a document, unpacked into the arena; HEARTH_ENOTFOUND. */
static int load_document(struct db_tx *tx, int64_t content, struct arena *a, struct document *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT head_size, text_size, packed FROM document WHERE id = $1", db_int(content));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0) {
		size_t size = (size_t)db_col_int(&rows, 1), n;
		struct slice packed = db_col_bytes(&rows, 2);
		char *p = arena_alloc(a, size + 1);

		out->head_size = (size_t)db_col_int(&rows, 0);
		n = ZSTD_decompress(p, size, packed.p, packed.n);
		out->text = slice_of(p, size);
		if (ZSTD_isError(n) || n != size || out->head_size > size)
			rc = HEARTH_ECORRUPT;
	}
	db_end(&rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

static int remove_document(struct db_tx *tx, int64_t content)
{
	struct arena *a = arena_new();
	struct document d = { 0 };
	int rc = load_document(tx, content, a, &d);

	if (rc == 0)
		rc = fts_remove(tx, INDEX, content, d.text);
	if (rc == 0)
		rc = db_run(tx, "DELETE FROM document WHERE id = $1", db_int(content));
	arena_free(&a);
	return rc == HEARTH_ENOTFOUND ? 0 : rc < 0 ? rc : 0;
}

int mail_search_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	struct arena *a = arena_new();
	int64_t content = 0;
	bool stored = false;
	int rc = read_event(ev, a, &content, &stored);

	(void)module;
	arena_free(&a);
	if (rc < 0)
		return rc;
	if (!stored)
		return remove_document(tx, content);
	return prepared ? add_document(tx, content, prepared) : 0;
}

/* ---- searching ---- */

struct search {
	struct mail *m;
	enum mail_search_where where;
	struct slice field;  /* folded: the mark, its name and ": " */
	struct slice needle; /* folded */
	const int64_t *contents;
	size_t n;
	bool *hits;
	bool *indexed;
	size_t at; /* while walking candidates: they come in ascending order, as the contents do */
	struct arena *a;
	struct db_tx *tx;
};

/* Whether some field of that name has the needle in its value. */
static bool field_contains(const struct search *s, struct slice head)
{
	while (head.n) {
		/* Behind the mark in front, up to the next one. */
		ptrdiff_t end = slice_chr(slice_skip(head, 1), MAIL_FIELD_MARK);
		struct slice field = end < 0 ? head : slice_head(head, (size_t)end + 1);

		if (slice_starts(field, s->field) &&
			slice_find(slice_skip(field, s->field.n), s->needle) >= 0)
			return true;
		head = slice_skip(head, field.n);
	}
	return false;
}

static bool contains(const struct search *s, const struct document *d)
{
	struct slice head = slice_head(d->text, d->head_size),
		     body = slice_skip(d->text, d->head_size);

	switch (s->where) {
	case MAIL_SEARCH_FIELD: return field_contains(s, head);
	case MAIL_SEARCH_TEXT:
		if (slice_find(head, s->needle) >= 0)
			return true;
		break;
	case MAIL_SEARCH_BODY: break;
	}
	return slice_find(body, s->needle) >= 0;
}

/* Looks at a candidate that is among the contents asked for. */
static int check_candidate(void *arg, int64_t id)
{
	struct search *s = arg;
	struct document d = { 0 };
	int rc;

	while (s->at < s->n && s->contents[s->at] < id)
		s->at++;
	if (s->at == s->n)
		return 1;
	if (s->contents[s->at] != id)
		return 0;
	rc = load_document(s->tx, id, s->a, &d);
	/* A content can be there more than once: as copies in one mailbox. */
	for (bool hit = rc == 0 && contains(s, &d); s->at < s->n && s->contents[s->at] == id;
		s->at++)
		s->hits[s->at] = hit;
	arena_reset(s->a);
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

/* Marks which of the contents the index has. */
static int mark_indexed(struct db_tx *tx, struct search *s)
{
	struct db_rows rows;
	size_t at = 0;
	int rc = db_query(tx, &rows,
		"SELECT id FROM document WHERE id BETWEEN $1 AND $2 ORDER BY id",
		db_int(s->contents[0]), db_int(s->contents[s->n - 1]));

	if (rc < 0)
		return rc;
	while (at < s->n && db_next(&rows) > 0) {
		int64_t id = db_col_int(&rows, 0);

		while (at < s->n && s->contents[at] < id)
			at++;
		while (at < s->n && s->contents[at] == id)
			s->indexed[at++] = true;
	}
	return db_end(&rows);
}

static int search_index(struct db_tx *tx, void *arg)
{
	struct search *s = arg;
	int rc;

	s->tx = tx;
	s->at = 0;
	memset(s->hits, 0, s->n * sizeof(*s->hits));
	memset(s->indexed, 0, s->n * sizeof(*s->indexed));
	rc = mark_indexed(tx, s);
	if (rc == 0)
		rc = fts_find(tx, INDEX, s->needle.n ? s->needle : s->field, s->contents[0] - 1,
			check_candidate, s);
	/* Too short for the index: every document is a candidate. */
	if (rc == HEARTH_EUNSUPPORTED) {
		rc = 0;
		for (size_t i = 0; i < s->n && rc == 0; i++)
			if (s->indexed[i] && i >= s->at)
				rc = check_candidate(s, s->contents[i]);
	}
	return rc < 0 ? rc : 0;
}

/* What the index does not have yet is read. */
static int search_unindexed(struct search *s)
{
	struct document d = { 0 };
	int rc = 0;

	for (size_t i = 0; i < s->n && rc == 0; i++) {
		if (s->indexed[i])
			continue;
		rc = read_document(s->m, s->contents[i], s->a, &d);
		if (rc == 0)
			s->hits[i] = contains(s, &d);
		else if (rc == HEARTH_ENOTFOUND)
			rc = 0;
		arena_reset(s->a);
	}
	return rc;
}

int mail_search(struct mail *m, const struct mail_search_for *what, const int64_t *contents,
	size_t n, bool *hits)
{
	struct strbuf needle = { 0 }, name = { 0 }, field = { 0 };
	struct search s = {
		.m = m, .where = what->where, .contents = contents, .n = n, .hits = hits
	};
	int rc;

	if (n == 0)
		return 0;
	text_fold(&needle, what->needle);
	s.needle = strbuf_slice(&needle);
	if (what->where == MAIL_SEARCH_FIELD) {
		strbuf_printf(&name, "%c%.*s: ", MAIL_FIELD_MARK, SLICE_ARG(what->field));
		text_fold(&field, strbuf_slice(&name));
		s.field = strbuf_slice(&field);
	}
	s.indexed = mem_zalloc(n * sizeof(*s.indexed));
	s.a = arena_new();
	rc = db_read_wait(m->search_db, search_index, &s);
	if (rc == 0)
		rc = search_unindexed(&s);
	arena_free(&s.a);
	free(s.indexed);
	strbuf_free(&needle);
	strbuf_free(&name);
	strbuf_free(&field);
	return rc;
}
