/*
 * export_expire.c: an export that is over is removed: first nothing is handed out or in any more,
 * then its blobs go, then its rows. Whether an attempt to make a part ended well or died, its blobs
 * are numbered from 0 without a gap (hearth/export.h), so they are counted and deleted from behind.
 *
 *   task ─▶ not over yet? later ─▶ closed ─▶ a part may still be under way? later
 *                                        └─▶ blobs: too young? later ─▶ rows
 */
#include <stdio.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "personal/export.h"

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

/* The blobs of one attempt; HEARTH_EBUSY when one is too young. */
static int delete_attempt(const struct expiry *e, const struct part *p, int64_t attempt)
{
	struct blob_store *store = hearth_blob(e->a->h);
	struct blob_info info;
	char key[BLOB_KEY_MAX + 1];
	int64_t n = 0;
	int rc;

	do {
		blob_name(e, p, attempt, n, key);
		rc = blob_stat_wait(store, key, &info);
	} while (rc == 0 && ++n);
	if (rc != HEARTH_ENOTFOUND)
		return rc;
	rc = 0;
	while (n-- > 0 && rc == 0) {
		blob_name(e, p, attempt, n, key);
		rc = blob_delete_wait(store, key);
	}
	return rc;
}

static int delete_blobs(struct expiry *e)
{
	bool too_young = false;
	int rc = 0;

	for (const struct part *p = e->parts; p && rc == 0; p = p->next)
		for (int64_t attempt = 1; attempt <= p->attempts && rc == 0; attempt++) {
			rc = delete_attempt(e, p, attempt);
			too_young |= rc == HEARTH_EBUSY;
			rc = rc == HEARTH_EBUSY ? 0 : rc;
		}
	return rc < 0 ? rc : too_young ? HEARTH_EBUSY : 0;
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
	rc = delete_blobs(&e);
	if (rc == HEARTH_EBUSY) {
		e.again_ms = now_ms + blob_grace_ms(hearth_blob(e.a->h)) + 1000;
		return db_write_wait(e.a->db, come_again, &e);
	}
	return rc < 0 ? rc : db_write_wait(e.a->db, remove_rows, &e);
}
