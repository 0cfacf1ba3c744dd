/*
 * store/blob_gc.c: see store/blob_gc.h. The task's key is the content's number, or where there is
 * none the blob's key; its payload is the blob's key.
 *
 *   task ──still used?──▶ done
 *        ──too young?──▶ another task, once it is not
 *        ──else──▶ deleted
 */
#include "store/blob_gc.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/store.h"

static int push(struct db_tx *tx, struct slice key, struct slice blob, int64_t not_before_ms)
{
	int rc = queue_push(tx, MAIL_QUEUE_BLOB_GC, key, blob, 0, not_before_ms);

	return rc == HEARTH_EEXIST ? 0 : rc;
}

int mail_blob_gc_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	struct arena *a = arena_new();
	struct slice change = { 0 }, blob = { 0 };
	int64_t content = 0;
	struct json *doc;
	char key[24];
	int rc = json_read(a, ev->payload, &doc, NULL);

	(void)module;
	(void)prepared;
	if (rc == 0 && json_get_text(doc, "change", &change) == 0 &&
		slice_eq(change, SLICE("removed")) && json_get_text(doc, "blob", &blob) == 0 &&
		blob.n > 0 && json_get_i64(doc, "content", 1, INT64_MAX, &content) == 0) {
		snprintf(key, sizeof(key), "%lld", (long long)content);
		rc = push(tx, slice_str(key), blob, 0);
	}
	arena_free(&a);
	return rc;
}

/* A blob that nothing names, on its way into a task. */
struct orphan {
	struct mail *m;
	char key[BLOB_KEY_MAX + 1];
};

static int push_orphan(struct db_tx *tx, void *arg)
{
	const struct orphan *o = arg;

	return push(tx, slice_str(o->key), slice_str(o->key), 0);
}

static void on_pushed(void *arg, int status)
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

	o->m = m;
	snprintf(o->key, sizeof(o->key), "%s", key);
	hearth_hold(m->h);
	if (db_write(m->db, push_orphan, on_pushed, o) < 0)
		on_pushed(o, HEARTH_EBUSY);
}

struct sweeping {
	const struct queue_task *task;
	bool used;
	int64_t again_ms;
};

static int ask_used(struct db_tx *tx, void *arg)
{
	struct sweeping *s = arg;

	return mail_store_blob_used(tx, s->task->payload, &s->used);
}

static int come_again(struct db_tx *tx, void *arg)
{
	const struct sweeping *s = arg;
	int rc = queue_complete(tx, s->task);

	return rc < 0 ? rc : push(tx, s->task->key, s->task->payload, s->again_ms);
}

/* A put between the question and the deletion makes the blob young again: it stays. */
int mail_blob_gc(void *module, const struct queue_task *task, struct arena *a)
{
	struct mail *m = module;
	struct sweeping s = { .task = task };
	int rc = db_read_wait(m->db, ask_used, &s);

	if (rc < 0 || s.used)
		return rc;
	rc = blob_delete_wait(m->blob, arena_strdup(a, task->payload));
	if (rc != HEARTH_EBUSY)
		return rc;
	s.again_ms = clock_wall_ms() + blob_grace_ms(m->blob) + 1000;
	return db_write_wait(m->db, come_again, &s);
}
