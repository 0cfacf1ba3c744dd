/*
 * store/blob_gc.c: see store/blob_gc.h. Subscriptions apply on the writer; the rest is on the
 * loop.
 *
 * One key at a time.
 */
#include "store/blob_gc.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "store/store.h"

int mail_blob_named(struct db_tx *tx, const char *key)
{
	bool named = false;
	int rc = mail_store_blob_used(tx, slice_str(key), &named);

	return rc < 0 ? rc : named;
}

int mail_discard_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	struct arena *a = arena_new();
	struct slice blob = { 0 };
	int64_t content = 0;
	struct json *doc;
	int rc = json_read(a, ev->payload, &doc, NULL);

	(void)module;
	(void)prepared;
	if (rc == 0)
		rc = json_get_i64(doc, "content", 1, INT64_MAX, &content);
	if (rc == 0)
		rc = mail_store_discard(tx, content, a, &blob);
	if (rc == 0 && blob.n > 0)
		rc = blob_release(tx, arena_strdup(a, blob), 0);
	arena_free(&a);
	return rc;
}

int mail_blob_gc_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	struct arena *a = arena_new();
	struct slice change = { 0 }, blob = { 0 };
	struct json *doc;
	int rc = json_read(a, ev->payload, &doc, NULL);

	(void)module;
	(void)prepared;
	INVARIANT(db_tx_writes(tx));
	if (rc == 0 && json_get_text(doc, "change", &change) == 0 &&
		slice_eq(change, SLICE("removed")) && json_get_text(doc, "blob", &blob) == 0 &&
		blob.n > 0)
		rc = blob_release(tx, arena_strdup(a, blob), 0);
	arena_free(&a);
	return rc;
}

/* A blob that nothing names, on its way to be released. */
struct orphan {
	struct mail *m;
	char key[BLOB_KEY_MAX + 1];
};

static int release_orphan(struct db_tx *tx, void *arg)
{
	const struct orphan *o = arg;

	return blob_release(tx, o->key, 0);
}

static void on_released(void *arg, int status)
{
	struct orphan *o = arg;

	if (status < 0)
		log_warn("mail", "a blob that nothing names stays", "key", "%s", o->key, "why",
			"%s", error_name(status), NULL);
	hearth_release(o->m->h);
	free(o);
}

void mail_blob_gc_one(struct mail *m, const char *key)
{
	struct orphan *o = mem_zalloc(sizeof(*o));

	INVARIANT(key[0] != '\0');
	o->m = m;
	snprintf(o->key, sizeof(o->key), "%s", key);
	hearth_hold(m->h);
	if (db_write(m->db, release_orphan, on_released, o) < 0)
		on_released(o, HEARTH_EBUSY);
}
