/*
 * sweep.c: removes what processes left behind that died: files without a row (folder.h says how
 * they are told from files being put). It runs in the background after the store was opened, one
 * sub-folder a job, so that other work gets its turn; nothing waits for it.
 *
 *   begin (bury dead runs) ─▶ sub-folder 0 ─▶ … ─▶ sub-folder 255 ─▶ over
 *      └──── the store closes, the pool is full, or an error: over; the next start goes on ────┘
 */
#include "blob/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/log.h"

#define BATCH 256 /* files asked about in one transaction */

struct blob_sweep {
	struct blob_store *store;
	int index;     /* the next sub-folder; one job at a time has it */
	int64_t files; /* seen so far; as `index` */
	atomic_int removed;
	atomic_bool running;
	size_t count; /* names in the batch; as `index` */
	char names[BATCH][BLOB_FILE_NAME];
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

	if (rc == 0)
		for (size_t i = 0; i < w->count; i++)
			if (!w->named[i]) {
				blob_folder_remove(w->store->folder, w->names[i]);
				atomic_fetch_add(&w->removed, 1);
			}
	w->files += (int64_t)w->count;
	w->count = 0;
	return rc;
}

static int leftover(void *arg, const char *name)
{
	struct blob_sweep *w = arg;

	snprintf(w->names[w->count++], BLOB_FILE_NAME, "%s", name);
	return w->count == BATCH ? judge_batch(w) : 0;
}

static void over(struct blob_sweep *w)
{
	int removed = atomic_load(&w->removed);

	if (removed > 0)
		log_info("blob", "removed what an earlier run left behind", "files", "%d", removed,
			"seen", "%lld", (long long)w->files, NULL);
	atomic_store(&w->running, false);
}

static void sweep_job(void *arg)
{
	struct blob_sweep *w = arg;
	struct blob_store *s = w->store;
	int rc;

	if (w->index == 0)
		blob_folder_bury(s->folder);
	rc = blob_folder_leftovers(s->folder, w->index, leftover, w);
	if (rc == 0)
		rc = judge_batch(w);
	w->index++;
	if (rc < 0 || w->index == BLOB_SUBFOLDERS || blob_job(s, sweep_job, NULL, w) < 0)
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
	return atomic_load(&w->removed);
}
