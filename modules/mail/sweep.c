/*
 * sweep.c: see sweep.h. A crash between the event and the deletion leaves litter, never a hole; and
 * the store keeps what was put again within its grace.
 */
#include "sweep.h"

#include <stdio.h>
#include <stdlib.h>

#include "store.h"

struct sweep {
	struct mail *m;
	char key[BLOB_KEY_MAX + 1];
	bool used;
};

int mail_sweep_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	(void)module;
	(void)tx;
	(void)ev;
	(void)prepared;
	return 0;
}

static int ask_used(struct db_tx *tx, void *arg)
{
	struct sweep *s = arg;

	return mail_store_blob_used(tx, slice_str(s->key), &s->used);
}

static void on_asked(void *arg, int status)
{
	struct sweep *s = arg;

	if (status == 0 && !s->used)
		blob_delete(s->m->blob, s->key);
	free(s);
}

void mail_sweep_after(void *module, const struct bus_event *ev)
{
	struct arena *a = arena_new();
	struct slice change = { 0 }, blob = { 0 };
	struct json *doc;
	struct sweep *s;

	if (json_read(a, ev->payload, &doc, NULL) == 0 &&
		json_get_text(doc, "change", &change) == 0 && slice_eq(change, SLICE("removed")) &&
		json_get_text(doc, "blob", &blob) == 0) {
		s = mem_zalloc(sizeof(*s));
		s->m = module;
		snprintf(s->key, sizeof(s->key), "%.*s", SLICE_ARG(blob));
		if (db_read(s->m->db, ask_used, on_asked, s) < 0)
			free(s);
	}
	arena_free(&a);
}
