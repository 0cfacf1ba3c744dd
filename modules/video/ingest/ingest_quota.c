/*
 * ingest_quota.c: what a channel holds while a stream goes on. The database is asked every few
 * seconds; in between, what passed is added to what it said. On the loop; one question at a time.
 */
#include "hearth/error.h"
#include "hearth/log.h"
#include "ingest/ingest_internal.h"

#define COUNT_MS 3000

static void count(void *arg);

static int count_used(struct db_tx *tx, void *arg)
{
	struct ingest *in = arg;

	return video_store_used(tx, in->channel.id, &in->used);
}

static void on_counted(void *arg, int status)
{
	struct ingest *in = arg;
	struct ingest_publisher p = in->publisher;

	in->counting = false;
	if (status == 0)
		in->passed = 0;
	hearth_release(in->v->h);
	if (in->state == ENDING || in->state == LEAVING) {
		ingest_end_when_stored(in);
		return;
	}
	if (status < 0 || in->state != LIVE || in->used < in->quota) {
		timer_start(&in->count, COUNT_MS, 0, count, in);
		return;
	}
	log_warn("video", "a stream ends: the quota is used up", "channel", "%s", in->channel.name,
		"bytes", "%lld", (long long)in->used, NULL);
	in->publisher = (struct ingest_publisher){ 0 };
	ingest_finish(in, ENDING);
	if (p.arg)
		p.ended(p.arg, QUOTA_USED_UP);
}

static void count(void *arg)
{
	struct ingest *in = arg;

	if (in->quota == 0 || (in->state != LIVE && in->state != AWAY)) {
		timer_start(&in->count, COUNT_MS, 0, count, in);
		return;
	}
	in->counting = true;
	hearth_hold(in->v->h);
	if (db_read(in->v->db, count_used, on_counted, in) < 0)
		on_counted(in, HEARTH_EBUSY);
}

void ingest_count(struct ingest *in)
{
	timer_start(&in->count, COUNT_MS, 0, count, in);
}
