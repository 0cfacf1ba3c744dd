/*
 * export_expire.c: an export that is over is removed: first nothing is handed out or in any more,
 * from when on none of its blobs counts as named; then its blobs are released (blob.h), then its
 * rows go. Whether an attempt to make a part ended well or died, its blobs are numbered from 0
 * without a gap (hearth/export.h), so they are counted. A task that dies in between releases some
 * twice, which does no harm.
 *
 *   task ─▶ not over yet? later ─▶ closed ─▶ a part may still be under way? later
 *                                        └─▶ blobs released, AT_ONCE in a transaction ─▶ rows
 *
 * On a worker of "io", one at a time (module.c).
 */
#include <stdio.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "personal/export.h"

#define AT_ONCE  256
#define LATER_MS (INT64_C(5) * 60 * 1000) /* for who makes a part that nobody wants any more */

struct part {
	struct part *next;
	const char *module;
	int64_t attempts;
};

struct expiry {
	struct auth *a;
	const struct queue_task *task;
	struct arena *arena;
	struct auth_export export;
	struct part *parts;
	bool unfinished; /* some part was not handed in */
	int64_t again_ms;
};

static void note_part(void *arg, struct slice module, int64_t attempts, bool done)
{
	struct expiry *e = arg;
	struct part *p = ARENA_NEW(e->arena, struct part);

	p->module = arena_strdup(e->arena, module);
	p->attempts = attempts;
	p->next = e->parts;
	e->parts = p;
	e->unfinished |= !done && attempts > 0;
}

/* What it is, and from now on it is closed, if it is over. */
static int begin(struct db_tx *tx, void *arg)
{
	struct expiry *e = arg;
	int64_t id = e->export.id;
	int rc = auth_export_get(tx, id, &e->export);

	e->parts = NULL;
	e->unfinished = false;
	if (rc == 0 && e->export.expires_at <= clock_wall_ms()) {
		rc = auth_export_close(tx, id, clock_wall_ms());
		if (rc == 0)
			rc = auth_export_get(tx, id, &e->export);
	}
	return rc < 0 ? rc : auth_export_waiting(tx, e->export.id, note_part, e);
}

static void blob_name(const struct expiry *e, const struct part *p, int64_t attempt, int64_t n,
	char out[BLOB_KEY_MAX + 1])
{
	snprintf(out, BLOB_KEY_MAX + 1, "export/%lld/%s/%lld-%lld", (long long)e->export.id,
		p->module, (long long)attempt, (long long)n);
}

/* Blobs of one attempt, from this number on. */
struct batch {
	const struct expiry *e;
	const struct part *part;
	int64_t attempt, from, to;
};

static int release_batch(struct db_tx *tx, void *arg)
{
	const struct batch *b = arg;
	char key[BLOB_KEY_MAX + 1];
	int rc = 0;

	INVARIANT(b->e->export.closed_at > 0);
	for (int64_t n = b->from; n < b->to && rc == 0; n++) {
		blob_name(b->e, b->part, b->attempt, n, key);
		rc = blob_release(tx, key, 0);
	}
	return rc;
}

static int release_attempt(const struct expiry *e, const struct part *p, int64_t attempt)
{
	struct blob_store *store = hearth_blob(e->a->h);
	struct batch b = { e, p, attempt, 0, 0 };
	struct blob_info info;
	char key[BLOB_KEY_MAX + 1];
	int found, rc = 0;

	do {
		blob_name(e, p, attempt, b.to, key);
		found = blob_stat_wait(store, key, &info);
		b.to += found == 0;
		if (b.to - b.from == AT_ONCE || (found != 0 && b.to > b.from)) {
			rc = db_write_wait(e->a->db, release_batch, &b);
			b.from = b.to;
		}
	} while (found == 0 && rc == 0);
	return rc < 0 || found == HEARTH_ENOTFOUND ? rc : found;
}

static int release_blobs(const struct expiry *e)
{
	int rc = 0;

	for (const struct part *p = e->parts; p && rc == 0; p = p->next)
		for (int64_t attempt = 1; attempt <= p->attempts && rc == 0; attempt++)
			rc = release_attempt(e, p, attempt);
	return rc;
}

static int come_again(struct db_tx *tx, void *arg)
{
	struct expiry *e = arg;
	int rc = queue_complete(tx, e->task);
	const char *text = arena_strdup(e->arena, e->task->key);

	/* Under the same key as before. */
	while (*text >= '0' && *text <= '9')
		text++;
	return rc < 0 ? rc : auth_export_push_expiry(tx, e->export.id, text, e->again_ms);
}

static int remove_rows(struct db_tx *tx, void *arg)
{
	struct expiry *e = arg;
	int rc = queue_complete(tx, e->task);

	return rc < 0 ? rc : auth_export_remove(tx, e->export.id);
}

static int read_task(struct expiry *e)
{
	struct json *doc;
	int rc = json_read(e->arena, e->task->payload, &doc, NULL);

	return rc < 0 ? rc : json_get_i64(doc, "export", 1, INT64_MAX, &e->export.id);
}

int auth_export_expire(void *module, const struct queue_task *task, struct arena *arena)
{
	struct expiry e = { .a = module, .task = task, .arena = arena };
	int64_t now_ms = clock_wall_ms();
	int rc = read_task(&e);

	if (rc == 0)
		rc = db_write_wait(e.a->db, begin, &e);
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	if (e.export.expires_at > now_ms) {
		e.again_ms = e.export.expires_at;
		return db_write_wait(e.a->db, come_again, &e);
	}
	/* Closed just now: a module may be about to put a last piece. */
	if (e.unfinished && now_ms < e.export.closed_at + LATER_MS) {
		e.again_ms = now_ms + LATER_MS;
		return db_write_wait(e.a->db, come_again, &e);
	}
	rc = release_blobs(&e);
	return rc < 0 ? rc : db_write_wait(e.a->db, remove_rows, &e);
}
