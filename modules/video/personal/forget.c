/*
 * forget.c: a deleted account's channel goes.
 *
 *   event ─▶ nobody's, stream ends ─▶ task: still being made? later
 *                                          rows that name blobs, batch by batch, and with each
 *                                          row its blob is released (blob.h)
 *                                          then the rows that are left
 *
 * The event on the database's writer, what is in memory on the loop of every node, the task on a
 * worker of the pool `io`: BATCH rows in a transaction.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/export.h"
#include "hearth/log.h"
#include "ingest/ingest.h"
#include "origin/playlist_cache.h"
#include "personal/personal.h"
#include "store/store.h"

#define BATCH          100
#define ATTEMPTS_AWAIT 12 /* after so many, some hour, GOPs never finished go as well */

static int push_task(struct db_tx *tx, int64_t channel, int64_t not_before_ms)
{
	char key[24], payload[48];
	int rc;

	snprintf(key, sizeof(key), "%lld", (long long)channel);
	snprintf(payload, sizeof(payload), "{\"channel\":%lld}", (long long)channel);
	rc = queue_push(
		tx, VIDEO_QUEUE_FORGET, slice_str(key), slice_str(payload), 0, not_before_ms);
	return rc == HEARTH_EEXIST ? 0 : rc;
}

int video_on_deleted(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	int64_t account, channel;
	int rc = export_account_of(ev->payload, &account);

	(void)module;
	(void)prepared;
	if (rc == 0)
		rc = video_store_forget(tx, account, &channel);
	return rc == 0 && channel ? push_task(tx, channel, 0) : rc;
}

struct finding {
	struct video *v;
	int64_t account, channel;
};

static int find_channel(struct db_tx *tx, void *arg)
{
	struct finding *f = arg;
	struct video_channel channel;
	int rc = video_store_channel_by_account(tx, -f->account, &channel);

	f->channel = channel.id;
	return rc;
}

static void on_channel_found(void *arg, int status)
{
	struct finding *f = arg;

	if (status == 0) {
		ingest_forget(f->v, f->channel);
		video_live_forget(f->v->live, f->channel);
	}
	free(f);
}

/*
 * What is in memory, on every node; a crash ends that as well. Where some were missed, all lists are
 * looked at anew; a stream finds its rows gone.
 */
void video_account_gone(void *module, const struct bus_event *ev)
{
	struct video *v = module;
	struct finding *f;

	if (!ev) {
		video_live_refresh(v->live, 0);
		return;
	}
	f = mem_zalloc(sizeof(*f));
	f->v = module;
	if (export_account_of(ev->payload, &f->account) < 0 ||
		db_read(f->v->db, find_channel, on_channel_found, f) < 0)
		free(f);
}

/* ---- the task ---- */

struct forgetting {
	struct video *v;
	const struct queue_task *task;
	int64_t channel, unfinished;
	struct video_blob after, blobs[BATCH];
	int n;
};

static int read_task(struct forgetting *f, struct arena *a)
{
	struct json *doc;
	int rc = json_read(a, f->task->payload, &doc, NULL);

	return rc < 0 ? rc : json_get_i64(doc, "channel", 1, INT64_MAX, &f->channel);
}

static int count_unfinished(struct db_tx *tx, void *arg)
{
	struct forgetting *f = arg;

	return video_store_unfinished(tx, f->channel, &f->unfinished);
}

static int find_batch(struct db_tx *tx, void *arg)
{
	struct forgetting *f = arg;

	f->n = video_store_blobs(tx, f->channel, &f->after, BATCH, f->blobs);
	return f->n < 0 ? f->n : 0;
}

static int forget_batch(struct db_tx *tx, void *arg)
{
	struct forgetting *f = arg;
	int rc = 0;

	INVARIANT(f->n > 0 && f->n <= BATCH);
	for (int i = 0; i < f->n && rc == 0; i++)
		rc = video_store_forget_blob(tx, &f->blobs[i]);
	return rc;
}

static int do_batch(struct forgetting *f)
{
	int rc = db_write_wait(f->v->db, forget_batch, f);

	return rc == 0 ? queue_extend(f->v->db, f->task, VIDEO_FORGET_LEASE_MS) : rc;
}

static int do_blobs(struct forgetting *f)
{
	int rc = 0;

	for (int kind = VIDEO_BLOB_RAW; kind <= VIDEO_BLOB_SEGMENT && rc == 0; kind++) {
		f->after = (struct video_blob){ .kind = (enum video_blob_kind)kind, .number = -1 };
		while (rc == 0 && (rc = db_read_wait(f->v->db, find_batch, f)) == 0 && f->n > 0) {
			f->after = f->blobs[f->n - 1];
			rc = do_batch(f);
		}
	}
	return rc;
}

static int settle(struct db_tx *tx, void *arg)
{
	struct forgetting *f = arg;
	int rc = queue_complete(tx, f->task);

	INVARIANT(f->channel > 0 && f->n == 0); /* no blob is left */
	return rc < 0 ? rc : video_store_forget_channel(tx, f->channel);
}

int video_forget(void *module, const struct queue_task *task, struct arena *a)
{
	struct forgetting *f = ARENA_NEW(a, struct forgetting);
	int rc;

	f->v = module;
	f->task = task;
	rc = read_task(f, a);
	if (rc == 0)
		rc = db_read_wait(f->v->db, count_unfinished, f);
	if (rc == 0 && f->unfinished && task->attempt < ATTEMPTS_AWAIT)
		return HEARTH_EBUSY;
	if (rc == 0)
		rc = do_blobs(f);
	return rc < 0 ? rc : db_write_wait(f->v->db, settle, f);
}
