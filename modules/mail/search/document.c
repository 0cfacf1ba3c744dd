/*
 * search/document.c: takes the text for search out of a message, and looks for a key in it. On
 * workers; a text has at most MAIL_TEXT_MAX bytes.
 */
#include "search/document.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "hearth/text.h"
#include "message.h"
#include "search/text.h"
#include "search/text_cache.h"

/* ---- from the message ---- */

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

static int load_header(struct db_tx *tx, void *arg)
{
	struct content_query *q = arg;

	return mail_store_header(tx, q->id, q->a, &q->content.header);
}

/* What the row knows of a message whose bytes are not to be had. */
static int read_header(struct mail *m, struct content_query *q, int why, struct buf **out)
{
	int rc = db_read_wait(m->db, load_header, q);

	if (rc < 0)
		return rc;
	metric_add(m->unreadable, 1);
	log_warn("mail", "a message cannot be read: only its header is searched", "content", "%lld",
		(long long)q->id, "blob", "%.*s", SLICE_ARG(q->content.blob_key), "why", "%s",
		error_name(why), NULL);
	*out = buf_alloc(q->content.header.n);
	if (q->content.header.n)
		memcpy(buf_data(*out), q->content.header.p, q->content.header.n);
	return 0;
}

/* The text of what was sent, which others may have got as well. */
static int read_sent(
	struct mail *m, struct content_query *q, struct strbuf *head, struct strbuf *body)
{
	struct mail_content sent = q->content;
	struct buf *message = NULL;
	int rc;

	if (mail_text_cache_get(m->texts, sent.blob_key, head, body))
		return 0;
	sent.trace = (struct slice){ 0 };
	rc = mail_message_bytes(m, &sent, &message);
	if (rc == 0) {
		mail_message_text(buf_slice(message), head, body);
		metric_add(m->extracted, 1);
		mail_text_cache_put(
			m->texts, sent.blob_key, strbuf_slice(head), strbuf_slice(body));
	} else {
		mail_text_cache_give_up(m->texts, sent.blob_key);
	}
	/* Such an error does not go away by trying again; any other one may. */
	if (rc == HEARTH_ECORRUPT || rc == HEARTH_ETOOBIG || rc == HEARTH_ENOTFOUND) {
		rc = read_header(m, q, rc, &message);
		if (rc == 0)
			mail_message_text(buf_slice(message), head, body);
	}
	buf_unref(&message);
	return rc;
}

static int document_of(
	struct mail *m, struct content_query *q, struct arena *a, struct mail_document *out)
{
	struct strbuf text = { 0 }, head = { 0 }, body = { 0 };
	int rc = read_sent(m, q, &head, &body);

	if (rc == 0) {
		mail_trace_text(q->content.trace, &text);
		strbuf_add(&text, strbuf_slice(&head));
		out->head_size = text.n;
		strbuf_add(&text, strbuf_slice(&body));
		out->text = arena_slice(a, strbuf_slice(&text));
	}
	strbuf_free(&text);
	strbuf_free(&head);
	strbuf_free(&body);
	return rc;
}

int mail_document_read(struct mail *m, int64_t content, struct arena *a, struct mail_document *out)
{
	struct content_query q = { .id = content, .a = a };
	int rc = db_read_wait(m->db, load_content, &q);

	return rc < 0 ? rc : document_of(m, &q, a, out);
}

int mail_document_of(struct mail *m, int64_t id, const struct mail_content *content,
	struct arena *a, struct mail_document *out)
{
	struct content_query q = { .id = id, .a = a, .content = *content };

	return document_of(m, &q, a, out);
}

/* ---- keys ---- */

struct mail_folded_key mail_key_fold(struct arena *a, const struct mail_search_for *key)
{
	struct mail_folded_key folded = { .where = key->where };
	char mark = key->where == MAIL_SEARCH_ENVELOPE ? MAIL_ENVELOPE_MARK : MAIL_FIELD_MARK;
	struct strbuf name = { 0 }, out = { 0 };

	text_fold(&out, key->needle);
	folded.needle = arena_slice(a, strbuf_slice(&out));
	if (key->where == MAIL_SEARCH_FIELD || key->where == MAIL_SEARCH_ENVELOPE) {
		strbuf_reset(&out);
		strbuf_printf(&name, "%c%.*s: ", mark, SLICE_ARG(key->field));
		text_fold(&out, strbuf_slice(&name));
		folded.field = arena_slice(a, strbuf_slice(&out));
	}
	strbuf_free(&name);
	strbuf_free(&out);
	return folded;
}

/* Whether some field of that name has the needle in its value; fields begin with their mark. */
static bool field_contains(const struct mail_folded_key *key, struct slice fields)
{
	while (fields.n) {
		/* Behind the mark in front, up to the next one. */
		ptrdiff_t end = slice_chr(slice_skip(fields, 1), fields.p[0]);
		struct slice field = end < 0 ? fields : slice_head(fields, (size_t)end + 1);

		if (slice_starts(field, key->field) &&
			slice_find(slice_skip(field, key->field.n), key->needle) >= 0)
			return true;
		fields = slice_skip(fields, field.n);
	}
	return false;
}

bool mail_document_contains(const struct mail_document *d, const struct mail_folded_key *key)
{
	struct slice head = slice_head(d->text, d->head_size),
		     body = slice_skip(d->text, d->head_size), envelope;
	ptrdiff_t mark = slice_chr(head, MAIL_ENVELOPE_MARK);

	envelope = mark < 0 ? (struct slice){ 0 } : slice_skip(head, (size_t)mark);
	head = slice_head(head, head.n - envelope.n);
	switch (key->where) {
	case MAIL_SEARCH_FIELD: return field_contains(key, head);
	case MAIL_SEARCH_ENVELOPE: return field_contains(key, envelope);
	case MAIL_SEARCH_TEXT:
		if (slice_find(head, key->needle) >= 0)
			return true;
		break;
	case MAIL_SEARCH_BODY: break;
	}
	return slice_find(body, key->needle) >= 0;
}
