/*
 * search/envelope.c: see search/envelope.h. On the threads of the database, but for what is pure.
 */
#include "search/envelope.h"

#include "hearth/error.h"
#include "hearth/fts.h"
#include "hearth/text.h"
#include "message.h"
#include "search/index.h"
#include "search/text.h"

#define ROWS_A_LOOK   64 /* between two looks at the clock */
#define SUBJECT_FIELD "\x01subject: "

enum mail_envelope_kind mail_envelope_kind_of(const struct mail_search_for *key)
{
	if (key->where == MAIL_SEARCH_FIELD && slice_ieq(key->field, SLICE("Subject")))
		return MAIL_ENVELOPE_SUBJECT;
	if (key->where != MAIL_SEARCH_ENVELOPE)
		return MAIL_ENVELOPE_NONE;
	return slice_ieq(key->field, SLICE("From")) ? MAIL_ENVELOPE_SENDER
						    : MAIL_ENVELOPE_RECIPIENTS;
}

/* ---- the text of a row: fields that are subjects, then the addresses ---- */

static struct slice next_field(struct slice *text)
{
	ptrdiff_t end = slice_chr(slice_skip(*text, 1), text->p[0]);
	struct slice field = end < 0 ? *text : slice_head(*text, (size_t)end + 1);

	*text = slice_skip(*text, field.n);
	return field;
}

static struct slice addresses_of(struct slice head)
{
	ptrdiff_t mark = slice_chr(head, MAIL_ENVELOPE_MARK);

	return mark < 0 ? (struct slice){ 0 } : slice_skip(head, (size_t)mark);
}

static void add_subjects(struct strbuf *out, struct slice head)
{
	struct slice fields = slice_head(head, head.n - addresses_of(head).n);

	while (fields.n) {
		struct slice field = next_field(&fields);

		if (slice_starts(field, slice_str(SUBJECT_FIELD)))
			strbuf_add(out, field);
	}
}

static void add_addresses(struct strbuf *out, struct slice head, bool sender)
{
	struct slice fields = addresses_of(head);

	while (fields.n) {
		struct slice field = next_field(&fields);

		if (slice_starts(field, SLICE("\x02"
					      "from: ")) == sender)
			strbuf_add(out, field);
	}
}

struct slice mail_envelope_part(struct arena *a, struct slice text, enum mail_envelope_kind kind)
{
	struct strbuf out = { 0 };
	struct slice part;

	if (kind == MAIL_ENVELOPE_SUBJECT)
		add_subjects(&out, text);
	else
		add_addresses(&out, text, kind == MAIL_ENVELOPE_SENDER);
	part = arena_slice(a, strbuf_slice(&out));
	strbuf_free(&out);
	return part;
}

/* ---- rows ---- */

static int64_t document_of(int64_t content, int kind)
{
	return content * MAIL_ENVELOPE_KINDS + kind;
}

static int index_parts(struct db_tx *tx, int64_t content, struct slice text, bool put)
{
	struct arena *a = arena_new();
	int rc = 0;

	for (int kind = 0; kind < MAIL_ENVELOPE_KINDS && rc == 0; kind++) {
		struct slice part = mail_envelope_part(a, text, kind);

		if (part.n == 0)
			continue;
		rc = put ? fts_put(tx, MAIL_ENVELOPE_INDEX, document_of(content, kind), part)
			 : fts_remove(tx, MAIL_ENVELOPE_INDEX, document_of(content, kind), part);
	}
	arena_free(&a);
	return rc;
}

int mail_envelope_put(struct db_tx *tx, int64_t content, const struct mail_document *d)
{
	struct slice head = slice_head(d->text, d->head_size);
	struct strbuf text = { 0 };
	int rc;

	add_subjects(&text, head);
	strbuf_add(&text, addresses_of(head));
	rc = db_run(tx, "INSERT INTO envelope (id, text) VALUES ($1, $2)", db_int(content),
		db_bytes(strbuf_slice(&text)));
	if (rc >= 0)
		rc = index_parts(tx, content, strbuf_slice(&text), true);
	strbuf_free(&text);
	return rc < 0 ? rc : 0;
}

int mail_envelope_load(
	struct db_tx *tx, int64_t content, struct arena *a, struct mail_document *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows, "SELECT text FROM envelope WHERE id = $1", db_int(content));

	if (rc < 0)
		return rc;
	out->text = arena_slice(a, db_col_bytes(&rows, 0));
	out->head_size = out->text.n;
	return db_end(&rows);
}

int mail_envelope_remove(struct db_tx *tx, int64_t content)
{
	struct arena *a = arena_new();
	struct mail_document d = { 0 };
	int rc = mail_envelope_load(tx, content, a, &d);

	if (rc == 0)
		rc = index_parts(tx, content, d.text, false);
	if (rc == 0)
		rc = db_run(tx, "DELETE FROM envelope WHERE id = $1", db_int(content));
	arena_free(&a);
	return rc < 0 && rc != HEARTH_ENOTFOUND ? rc : 0;
}

/* ---- candidates ---- */

struct finding {
	struct db_tx *tx;
	size_t seen;
	int64_t *contents;
	size_t n, max;
	enum mail_envelope_kind kind;
};

static int note(void *arg, int64_t document)
{
	struct finding *f = arg;

	if (++f->seen % ROWS_A_LOOK == 0 && db_slice_over(f->tx))
		return 1;
	if (document % MAIL_ENVELOPE_KINDS != f->kind)
		return 0;
	if (f->n == f->max)
		return 1;
	f->contents[f->n++] = document / MAIL_ENVELOPE_KINDS;
	return 0;
}

int mail_envelope_candidates(struct db_tx *tx, const struct mail_search_for *key, struct arena *a,
	int64_t **contents, size_t *n, size_t max)
{
	struct finding f = { .tx = tx, .max = max, .kind = mail_envelope_kind_of(key) };
	int64_t built_to, generation;
	struct strbuf needle = { 0 };
	int rc = mail_index_state(tx, &built_to, &generation);

	if (rc < 0 || built_to != INT64_MAX || f.kind == MAIL_ENVELOPE_NONE)
		return rc < 0 ? rc : HEARTH_EUNSUPPORTED;
	f.contents = arena_alloc(a, (max + 1) * sizeof(*f.contents));
	text_fold(&needle, key->needle);
	rc = fts_find(tx, MAIL_ENVELOPE_INDEX, strbuf_slice(&needle), 0, note, &f);
	strbuf_free(&needle);
	*contents = f.contents;
	*n = f.n;
	return rc == 1 || rc == HEARTH_ECORRUPT ? HEARTH_EUNSUPPORTED : rc;
}
