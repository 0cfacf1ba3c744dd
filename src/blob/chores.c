/*
 * chores.c: what is removed: keys that no row of a module names any more, and files that no row of
 * ours names. They gather, and one job at a time takes them in batches: rows first, in one
 * transaction, then, when that is on disk, the files of those rows.
 *
 * What is lost here (too many wait, or a crash) is a blob nobody names: it takes room and does no
 * harm. A file without a row goes with the sweep of the next start. Keys are taken from any thread,
 * WAITING_MAX at most; the work is done by one job on a worker.
 */
#include "blob/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define WAITING_MAX 65536
#define BATCH       256
#define LATE        64 /* deletions that waited, in one batch */

struct chore {
	struct list_node node;
	bool is_key;                 /* else the name of a file */
	char file[BLOB_OBJECT_NAME]; /* to be removed; of a key, once its row is deleted */
	char key[];                  /* BLOB_KEY_MAX + 1 bytes, if it is one */
};

struct blob_chores {
	struct blob_store *store;
	struct metric *deleted, *dropped;
	pthread_mutex_t lock; /* for the rest */
	struct list waiting;
	size_t count;
	bool running; /* a job has them in hand */
};

struct blob_chores *blob_chores_new(struct blob_store *s)
{
	struct blob_chores *c = mem_zalloc(sizeof(*c));

	c->store = s;
	c->deleted = metric_counter("hearth_blob_deletes_total", NULL, "Blobs deleted");
	c->dropped = metric_counter(
		"hearth_blob_deletes_dropped_total", NULL, "Deletions forgotten: too many waited");
	pthread_mutex_init(&c->lock, NULL);
	list_init(&c->waiting);
	return c;
}

/* ---- the job ---- */

struct batch {
	struct list chores;
	int64_t before_ms; /* keys put later are too young to go */
	int deleted;
	bool held; /* somebody copies the blobs: nothing goes now */
	int late;  /* deletions that waited for the end of a hold, and their files */
	char late_keys[LATE][BLOB_KEY_MAX + 1];
	char late_files[LATE][BLOB_OBJECT_NAME];
};

/* Takes the oldest chores; when there are none, the job is over and true is returned. */
static bool take(struct blob_chores *c, struct batch *b)
{
	struct list_node *n;
	bool none;

	list_init(&b->chores);
	pthread_mutex_lock(&c->lock);
	none = list_empty(&c->waiting);
	INVARIANT(none == (c->count == 0));
	c->running = !none;
	for (int i = 0; i < BATCH && (n = list_pop(&c->waiting)); i++) {
		list_push(&b->chores, n);
		c->count--;
	}
	pthread_mutex_unlock(&c->lock);
	return none;
}

/* What waited while blobs were held. */
static int delete_late(struct db_tx *tx, struct batch *b)
{
	int64_t before_ms;
	int rc = 0;

	while (b->late < LATE &&
		(rc = blob_row_take_doomed(tx, b->late_keys[b->late], &before_ms)) > 0) {
		b->late_files[b->late][0] = 0;
		rc = blob_row_delete(tx, b->late_keys[b->late], before_ms, b->late_files[b->late]);
		if (rc < 0 && rc != HEARTH_ENOTFOUND)
			return rc;
		b->late++;
	}
	return rc < 0 && rc != HEARTH_ENOTFOUND ? rc : 0;
}

static int read_held(struct db_tx *tx, void *arg)
{
	struct batch *b = arg;
	int rc = blob_rows_held(tx, clock_wall_ms());

	b->held = rc != 0;
	return rc < 0 ? rc : 0;
}

/* On the writer of the database; may run again. */
static int delete_rows(struct db_tx *tx, void *arg)
{
	struct batch *b = arg;

	int held = blob_rows_held(tx, clock_wall_ms());

	b->deleted = b->late = 0;
	b->held = held != 0;
	if (held == 0)
		held = delete_late(tx, b);
	if (held < 0)
		return held;
	LIST_FOREACH (&b->chores, it) {
		struct chore *ch = LIST_ENTRY(it, struct chore, node);
		int rc;

		if (!ch->is_key)
			continue;
		ch->file[0] = 0;
		rc = b->held ? blob_row_doom(tx, ch->key, b->before_ms)
			     : blob_row_delete(tx, ch->key, b->before_ms, ch->file);
		if (rc < 0 && rc != HEARTH_ENOTFOUND)
			return rc;
		b->deleted += rc == 0 && !b->held;
	}
	return 0;
}

static void do_batch(struct blob_chores *c, struct batch *b)
{
	struct blob_store *s = c->store;
	bool keys = false;
	int rc = 0;

	LIST_FOREACH (&b->chores, it)
		keys |= LIST_ENTRY(it, struct chore, node)->is_key;
	b->before_ms = clock_wall_ms() - s->options.grace_ms;
	rc = keys ? db_write_wait(s->db, delete_rows, b) : db_read_wait(s->db, read_held, b);
	if (rc < 0)
		log_warn("blob", "cannot delete", "error", "%s", error_name(rc), NULL);
	else
		metric_add(c->deleted, b->deleted);
	LIST_FOREACH (&b->chores, it) {
		struct chore *ch = LIST_ENTRY(it, struct chore, node);

		list_remove(it);
		if (ch->is_key)
			blob_recent_drop(s->recent, ch->key);
		/* What stays now goes with the next sweep: no row names it. */
		if (ch->file[0] && !b->held && (rc == 0 || !ch->is_key))
			s->engine->remove(s->objects, ch->file);
		free(ch);
	}
	for (int i = 0; i < b->late && rc == 0; i++) {
		blob_recent_drop(s->recent, b->late_keys[i]);
		if (b->late_files[i][0])
			s->engine->remove(s->objects, b->late_files[i]);
	}
}

/* Blocks: on a worker, or while the store is closed. */
static void do_all(struct blob_chores *c)
{
	struct batch b = { .deleted = 0 };

	while (!take(c, &b))
		do_batch(c, &b);
}

static void chores_job(void *arg)
{
	struct blob_chores *c = arg;

	do_all(c);
	blob_job_over(c->store);
}

/* ---- the calls ---- */

/* Adds a chore, which it takes over; starts the job if none runs. */
static void add(struct blob_chores *c, struct chore *ch)
{
	bool start, full;

	pthread_mutex_lock(&c->lock);
	full = c->count >= WAITING_MAX;
	if (!full) {
		list_push(&c->waiting, &ch->node);
		c->count++;
	}
	start = !c->running;
	c->running = true;
	pthread_mutex_unlock(&c->lock);
	if (full) {
		metric_add(c->dropped, 1);
		free(ch);
	}
	if (!start || blob_job(c->store, chores_job, NULL, c) == 0)
		return;
	/* The pool is full: the next chore tries again. Or the store is closing, which does it. */
	pthread_mutex_lock(&c->lock);
	c->running = false;
	pthread_mutex_unlock(&c->lock);
}

void blob_chores_remove_file(struct blob_chores *c, const char *name)
{
	struct chore *ch;

	if (!name[0])
		return;
	ch = mem_zalloc(sizeof(*ch));
	snprintf(ch->file, sizeof(ch->file), "%s", name);
	add(c, ch);
}

void blob_delete(struct blob_store *s, const char *key)
{
	size_t n = strlen(key) + 1;
	struct chore *ch;

	if (!blob_key_valid(key))
		return;
	ch = mem_zalloc(sizeof(*ch) + n);
	ch->is_key = true;
	memcpy(ch->key, key, n);
	add(s->chores, ch);
}

/* One key, deleted by who waits for it. */
struct deletion {
	const char *key;
	int64_t before_ms;
	char file[BLOB_OBJECT_NAME];
	bool stays; /* it is too young */
};

static int delete_row(struct db_tx *tx, void *arg)
{
	struct deletion *d = arg;
	struct blob_row row;
	struct db_rows rows;
	int rc;

	d->file[0] = 0;
	rc = blob_rows_held(tx, clock_wall_ms());
	d->stays = rc > 0;
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = blob_row_delete(tx, d->key, d->before_ms, d->file);
	if (rc != HEARTH_ENOTFOUND)
		return rc;
	rc = blob_row_find(tx, &rows, d->key, &row);
	d->stays = rc == 0;
	if (rc == 0)
		db_end(&rows);
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

int blob_delete_wait(struct blob_store *s, const char *key)
{
	struct deletion d = { .key = key, .before_ms = clock_wall_ms() - s->options.grace_ms };
	int rc;

	if (!blob_key_valid(key))
		return HEARTH_EINVAL;
	rc = db_write_wait(s->db, delete_row, &d);
	if (rc < 0 || d.stays)
		return rc < 0 ? rc : HEARTH_EBUSY;
	blob_recent_drop(s->recent, key);
	if (d.file[0])
		s->engine->remove(s->objects, d.file);
	metric_add(s->chores->deleted, 1);
	return 0;
}

void blob_chores_free(struct blob_chores **cp)
{
	struct blob_chores *c = *cp;

	if (!c)
		return;
	do_all(c);
	INVARIANT(c->count == 0 && !c->running);
	pthread_mutex_destroy(&c->lock);
	free(c);
	*cp = NULL;
}
