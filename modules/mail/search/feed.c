/*
 * search/feed.c: follows "mail.content": the text of what is stored or removed is taken out of the
 * message by a bus worker, and put into the index, or taken out of it, in the event's transaction; see
 * search/index.h. A content that is removed stays in `mail` until then: "mail.forgotten" lets it go.
 *
 * Bounds: a content an event, of MAIL_TEXT_MAX bytes.
 */
#include <stdio.h>

#include "hearth/bus.h"
#include "hearth/error.h"
#include "hearth/fts.h"
#include "hearth/log.h"
#include "search/envelope.h"
#include "search/index.h"

/* ---- one content ---- */

int mail_index_put(struct db_tx *tx, int64_t content, const struct mail_indexed *d)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"INSERT INTO indexed (id, digest) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
		db_int(content), db_int(d->digest));

	/* It is there already: the builder was faster, or the feed. */
	if (rc <= 0)
		return rc;
	rc = mail_envelope_put(tx, content, &d->document);
	return rc < 0 ? rc : fts_put(tx, MAIL_INDEX, content, d->document.text);
}

/* The index keeps the words of a content that cannot be shown to it any more: it is built anew. */
static int leave_words(struct db_tx *tx, int64_t content)
{
	int rc = db_run(tx, "UPDATE index_state SET version = 0 WHERE one = 1");

	log_warn("mail", "a damaged message was removed: the search index is built anew", "content",
		"%lld", (long long)content, NULL);
	return rc < 0 ? rc : 1;
}

int mail_index_forget(struct db_tx *tx, int64_t content, const struct mail_indexed *d)
{
	INVARIANT(db_tx_writes(tx));
	int64_t digest;
	int rc = db_get_int(
		tx, &digest, "DELETE FROM indexed WHERE id = $1 RETURNING digest", db_int(content));

	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	rc = mail_envelope_remove(tx, content);
	if (rc < 0)
		return rc;
	return d && d->digest == digest ? fts_remove(tx, MAIL_INDEX, content, d->document.text)
					: leave_words(tx, content);
}

/* ---- events ---- */

struct change {
	int64_t account, content;
	bool stored; /* else it was removed */
};

static int read_event(const struct bus_event *ev, struct arena *a, struct change *c)
{
	struct slice change = { 0 };
	struct json *doc;
	int rc = json_read(a, ev->payload, &doc, NULL);

	*c = (struct change){ 0 };
	if (rc == 0)
		rc = json_get_i64(doc, "content", 1, INT64_MAX, &c->content);
	if (rc == 0)
		rc = json_get_i64(doc, "account", 1, INT64_MAX, &c->account);
	if (rc == 0)
		rc = json_get_text(doc, "change", &change);
	c->stored = slice_eq(change, SLICE("stored"));
	return rc;
}

int mail_search_prepare(void *module, const struct bus_event *ev, struct arena *a, void **prepared)
{
	struct mail_indexed *d = ARENA_NEW(a, struct mail_indexed);
	struct change c;
	int rc = read_event(ev, a, &c);

	if (rc == 0)
		rc = mail_document_read(module, c.content, a, &d->document);
	/* There is nothing to find any more; or a program before this one has removed it. */
	if (rc == HEARTH_ENOTFOUND)
		return 0;
	if (rc == 0) {
		d->digest = fts_digest(d->document.text);
		*prepared = d;
	}
	return rc;
}

static int publish_forgotten(struct db_tx *tx, const struct change *c)
{
	struct strbuf out = { 0 };
	struct json_writer w;
	char key[24];
	int rc;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_i64(&w, "account", c->account);
	json_put_i64(&w, "content", c->content);
	json_close_object(&w);
	snprintf(key, sizeof(key), "%lld", (long long)c->account);
	rc = bus_publish(tx, "mail.forgotten", slice_str(key), strbuf_slice(&out));
	strbuf_free(&out);
	return rc;
}

int mail_search_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	struct arena *a = arena_new();
	int64_t built_to, generation = 0;
	struct change c;
	int rc = read_event(ev, a, &c);

	INVARIANT(db_tx_writes(tx));
	arena_free(&a);
	if (rc == 0)
		rc = mail_index_state(tx, &built_to, &generation);
	if (rc < 0)
		return rc;
	if (!c.stored) {
		rc = mail_index_forget(tx, c.content, prepared);
		if (rc > 0)
			mail_index_doubt(module);
		return rc < 0 ? rc : publish_forgotten(tx, &c);
	}
	/* Before the index is begun it is left to the builder, who comes to all there is. */
	return prepared && generation > 0 ? mail_index_put(tx, c.content, prepared) : 0;
}
