/*
 * search/feed.c: follows "mail.content": the text of what is stored is read and packed by a bus
 * worker, and kept, indexed or taken out again in the event's transaction; see search/index.h.
 */
#include "hearth/error.h"
#include "hearth/fts.h"
#include "hearth/log.h"
#include "search/document.h"
#include "search/envelope.h"
#include "search/index.h"

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
	struct mail_document *d;
	int64_t content = 0;
	bool stored = false;
	int rc = read_event(ev, a, &content, &stored);

	if (rc < 0 || !stored)
		return rc;
	d = ARENA_NEW(a, struct mail_document);
	rc = mail_document_read(module, content, a, d);
	/* Expunged before it was indexed: there is nothing to find. */
	if (rc == HEARTH_ENOTFOUND)
		return 0;
	if (rc == 0) {
		mail_document_pack(a, d);
		*prepared = d;
	}
	return rc;
}

static int add_document(struct db_tx *tx, int64_t content, const struct mail_document *d)
{
	int64_t built_to, generation;
	int rc = mail_index_state(tx, &built_to, &generation), added = 0;

	if (rc == 0)
		rc = added = mail_document_add(tx, content, d);
	if (added > 0)
		rc = mail_envelope_put(tx, content, d, content <= built_to);
	return rc == 0 && added > 0 && content <= built_to
		       ? fts_put(tx, MAIL_INDEX, content, d->text)
		       : rc;
}

int mail_index_forget(struct db_tx *tx, int64_t content)
{
	struct arena *a = arena_new();
	struct mail_document d = { 0 };
	int64_t built_to, generation;
	int rc = mail_index_state(tx, &built_to, &generation);

	if (rc == 0 && content <= built_to) {
		rc = mail_document_load(tx, content, a, &d);
		if (rc == 0)
			rc = fts_remove(tx, MAIL_INDEX, content, d.text);
		/* Without its text it cannot be taken out: what stays is a candidate at most. */
		else if (rc == HEARTH_ENOTFOUND || rc == HEARTH_ECORRUPT)
			rc = 0;
	}
	if (rc == 0)
		rc = mail_envelope_remove(tx, content, content <= built_to);
	if (rc == 0)
		rc = mail_document_remove(tx, content);
	arena_free(&a);
	return rc;
}

int mail_search_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	struct arena *a = arena_new();
	int64_t content = 0;
	bool stored = false;
	int rc = read_event(ev, a, &content, &stored);

	(void)module;
	INVARIANT(db_tx_writes(tx));
	arena_free(&a);
	if (rc < 0)
		return rc;
	if (!stored)
		return mail_index_forget(tx, content);
	return prepared ? add_document(tx, content, prepared) : 0;
}
