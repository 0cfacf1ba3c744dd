/*
 * retention.c: removes what is older than it is kept, and what its owner deleted.
 *
 *   RESTING ──timer──▶ WORKING (a job: rows, batch by batch) ──▶ RESTING
 *
 * With a row its blob is released, and goes some time later (blob.h). One pass is bounded, so that
 * no worker is taken for long.
 */
#include "store/retention.h"

#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "origin/playlist_cache.h"
#include "store/store.h"

#define BATCH       100
#define BATCHES_MAX 50 /* in a pass, of each kind */
#define PASS_MS     (INT64_C(5) * 60 * 1000)
#define PASS_MIN_MS 5000
#define SOON_MS     1000 /* when a pass did not get to the end */

struct retention {
	struct video *v;
	struct timer timer;
	bool busy;  /* the worker has it */
	bool again; /* and something was deleted meanwhile */
	/* The worker's, while busy: */
	int64_t before[3]; /* by enum video_blob_kind: what is older goes (wall, ms) */
	struct video_blob blobs[BATCH];
	enum video_blob_kind kind;
	int n, removed;
	bool more;
	int status;
};

static void pass(void *arg);

static int find_batch(struct db_tx *tx, void *arg)
{
	struct retention *r = arg;

	r->n = video_store_expired(tx, r->kind, r->before[r->kind], BATCH, r->blobs);
	return r->n < 0 ? r->n : 0;
}

static int forget_batch(struct db_tx *tx, void *arg)
{
	struct retention *r = arg;
	int rc = 0;

	INVARIANT(r->n > 0 && r->n <= BATCH);
	for (int i = 0; i < r->n && rc == 0; i++)
		rc = video_store_forget_blob(tx, &r->blobs[i]);
	return rc;
}

static int forget_streams(struct db_tx *tx, void *arg)
{
	struct retention *r = arg;

	return video_store_forget_streams(tx, r->before[VIDEO_BLOB_SEGMENT]);
}

/* One batch of a kind; *progress: there was something. */
static int do_batch(struct retention *r, bool *progress)
{
	int rc = db_read_wait(r->v->db, find_batch, r);

	*progress = rc == 0 && r->n > 0;
	if (*progress)
		rc = db_write_wait(r->v->db, forget_batch, r);
	r->removed += rc == 0 ? r->n : 0;
	return rc;
}

static void work(void *arg)
{
	static const enum video_blob_kind kinds[] = { VIDEO_BLOB_RAW, VIDEO_BLOB_SEGMENT };
	struct retention *r = arg;

	r->removed = r->status = 0;
	r->more = false;
	for (size_t k = 0; k < 2 && r->status == 0; k++) {
		bool progress = true;
		int batches = 0;

		r->kind = kinds[k];
		while (r->status == 0 && progress && batches++ < BATCHES_MAX)
			r->status = do_batch(r, &progress);
		r->more |= progress && batches > BATCHES_MAX;
	}
	if (r->status == 0)
		r->status = db_write_wait(r->v->db, forget_streams, r);
}

static int64_t rest_ms(const struct retention *r)
{
	int64_t ms = r->v->keep_ms / 4;

	if (r->more || r->again)
		return SOON_MS;
	if (ms < PASS_MIN_MS)
		ms = PASS_MIN_MS;
	return ms < PASS_MS ? ms : PASS_MS;
}

static void on_worked(void *arg, int status)
{
	struct retention *r = arg;

	(void)status;
	INVARIANT(r->busy && r->removed >= 0);
	r->busy = false;
	hearth_release(r->v->h);
	if (r->status < 0)
		log_warn("video", "old video cannot be removed now", "why", "%s",
			error_name(r->status), NULL);
	if (r->removed) {
		log_info("video", "old video removed", "pieces", "%d", r->removed, NULL);
		video_live_forget_ended(r->v->live);
	}
	timer_start(&r->timer, rest_ms(r), 0, pass, r);
}

static void pass(void *arg)
{
	struct retention *r = arg;
	int64_t now_ms = clock_wall_ms();

	INVARIANT(!r->busy);
	if (r->v->draining)
		return;
	if (!r->v->does_chores) {
		timer_start(&r->timer, PASS_MIN_MS, 0, pass, r);
		return;
	}
	r->again = false;
	r->before[VIDEO_BLOB_SEGMENT] = now_ms - r->v->keep_ms;
	r->before[VIDEO_BLOB_RAW] = now_ms - r->v->raw_keep_ms;
	r->busy = true;
	hearth_hold(r->v->h);
	if (job_run(hearth_pool(r->v->h, "io"), work, on_worked, r) < 0) {
		r->status = HEARTH_EBUSY;
		r->removed = 0;
		on_worked(r, 0);
	}
}

void retention_soon(struct retention *r)
{
	r->again = true;
	if (!r->busy)
		timer_start(&r->timer, 0, 0, pass, r);
}

struct retention *retention_new(struct video *v)
{
	struct retention *r = mem_zalloc(sizeof(*r));

	r->v = v;
	timer_start(&r->timer, PASS_MIN_MS, 0, pass, r);
	return r;
}

void retention_free(struct retention **r)
{
	timer_stop(&(*r)->timer);
	/* Where the drain was cut short, a worker still has it. */
	if (!(*r)->busy)
		free(*r);
	*r = NULL;
}
