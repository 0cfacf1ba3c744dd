/*
 * sweep.c: moves aside what processes left behind that died: files without a row (folder.h says how
 * they are told from files being put). It runs in the background after the store was opened, one
 * sub-folder a job, so that other work gets its turn; nothing waits for it.
 *
 *   begin (bury dead runs, remove old litter) ─▶ counting: sub-folder 0 ─▶ … ─▶ 255
 *      ─▶ none is litter, or too many are: over
 *      ─▶ moving: sub-folder 0 ─▶ … ─▶ 255 ─▶ over
 *      └──── the store closes, the pool is full, or an error: over; the next start goes on ────┘
 *
 * A crash leaves a few such files. Where they are a good part of all, rather the table is wrong:
 * then none is moved, and health says so. What is moved lies in blob/litter for [store]
 * litter_keep, and comes back by itself when it is asked for. On a worker, one job at a time.
 */
#include "blob/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/health.h"
#include "hearth/log.h"

#define BATCH     256 /* files asked about in one transaction */
#define FEW       16  /* as many are never suspicious */
#define CONDITION "blob-sweep"

struct blob_sweep {
	struct blob_store *store;
	int index;      /* the next sub-folder; one job at a time has it */
	bool moving;    /* else counting; as `index` */
	int64_t files;  /* seen so far; as `index` */
	int64_t litter; /* of these; as `index` */
	atomic_int moved;
	atomic_bool running;
	size_t count; /* names in the batch; as `index` */
	char names[BATCH][BLOB_OBJECT_NAME];
	bool named[BATCH]; /* by a row */
};

/* In a db_fn. */
static int ask(struct db_tx *tx, void *arg)
{
	struct blob_sweep *w = arg;

	for (size_t i = 0; i < w->count; i++) {
		int rc = blob_row_names(tx, w->names[i]);

		if (rc < 0)
			return rc;
		w->named[i] = rc;
	}
	return 0;
}

static int judge_batch(struct blob_sweep *w)
{
	int rc = w->count > 0 ? db_read_wait(w->store->db, ask, w) : 0;

	for (size_t i = 0; i < w->count && rc == 0; i++) {
		if (w->named[i])
			continue;
		if (!w->moving) {
			w->litter++;
			continue;
		}
		rc = w->store->engine->set_aside(w->store->objects, w->names[i]);
		if (rc == 0)
			atomic_fetch_add(&w->moved, 1);
	}
	if (!w->moving)
		w->files += (int64_t)w->count;
	w->count = 0;
	return rc;
}

static int leftover(void *arg, const char *name)
{
	struct blob_sweep *w = arg;

	snprintf(w->names[w->count++], BLOB_OBJECT_NAME, "%s", name);
	return w->count == BATCH ? judge_batch(w) : 0;
}

static void over(struct blob_sweep *w)
{
	int moved = atomic_load(&w->moved);

	if (moved > 0)
		log_info("blob", "orphaned blob files of an earlier run moved to blob/litter",
			"files", "%d", moved, "of", "%lld", (long long)w->files, "to",
			"blob/litter", NULL);
	atomic_store(&w->running, false);
}

static void begin(struct blob_sweep *w)
{
	struct metric *lying = metric_gauge(
		"hearth_blob_litter_files", NULL, "Files in blob/litter when the store was opened");
	int removed;

	w->store->engine->bury(w->store->objects);
	metric_set(lying, w->store->engine->clear_aside(
				  w->store->objects, w->store->options.litter_keep_ms, &removed));
	if (removed > 0)
		log_info("blob", "old orphaned blob files removed from blob/litter", "files", "%d",
			removed, NULL);
}

/* Whether so much litter is rather a mistake; says so. */
static bool is_suspicious(const struct blob_sweep *w)
{
	int max = w->store->options.sweep_max;

	if (w->litter <= FEW || w->litter * 100 <= w->files * max) {
		health_clear(CONDITION);
		return false;
	}
	health_set(CONDITION,
		"%lld of %lld files of blobs have no row, more than [store] sweep_max = %d %%: "
		"none "
		"was moved. Run `hearth verify`; if they are litter, start once with a higher "
		"sweep_max",
		(long long)w->litter, (long long)w->files, max);
	return true;
}

/* The next sub-folder; true when there is none left to look at. */
static bool is_through(struct blob_sweep *w)
{
	if (++w->index < BLOB_SHELVES)
		return false;
	if (w->moving || w->litter == 0 || is_suspicious(w))
		return true;
	w->moving = true;
	w->index = 0;
	return false;
}

static void sweep_job(void *arg)
{
	struct blob_sweep *w = arg;
	struct blob_store *s = w->store;
	int rc;

	if (w->index == 0 && !w->moving)
		begin(w);
	rc = s->engine->leftovers(s->objects, w->index, leftover, w);
	if (rc == 0)
		rc = judge_batch(w);
	if (rc < 0 || is_through(w) || blob_job(s, sweep_job, NULL, w) < 0)
		over(w);
	blob_job_over(s);
}

struct blob_sweep *blob_sweep_start(struct blob_store *s)
{
	struct blob_sweep *w = mem_zalloc(sizeof(*w));

	w->store = s;
	atomic_store(&w->running, true);
	if (blob_job(s, sweep_job, NULL, w) < 0)
		over(w);
	return w;
}

void blob_sweep_free(struct blob_sweep **w)
{
	free(*w);
	*w = NULL;
}

bool blob_sweep_running(struct blob_sweep *w)
{
	return atomic_load(&w->running);
}

int blob_sweep_count(struct blob_sweep *w)
{
	return atomic_load(&w->moved);
}
