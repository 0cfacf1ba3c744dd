/*
 * ingest_quota.c: what a channel holds while a stream goes on, and what other modules keep of the
 * same quota (accounts.h). Both are asked every few seconds; in between, what passed is added. On
 * the loop, but for what looks into the database; one question at a time.
 */
#include "hearth/error.h"
#include "hearth/log.h"
#include "ingest/ingest_internal.h"

#define COUNT_MS 3000

static void count(void *arg);

bool ingest_is_over(const struct ingest *in, int64_t more)
{
	return in->account.quota && in->used + in->account.elsewhere + more > in->account.quota;
}

bool ingest_ask_elsewhere(struct ingest *in, accounts_elsewhere_fn *done)
{
	const struct accounts *a = hearth_service(in->v->h, "accounts");

	INVARIANT(in->account.id == in->channel.account);
	return a->elsewhere(a->self, "video", &in->account, 1, done, in);
}

static int count_used(struct db_tx *tx, void *arg)
{
	struct ingest *in = arg;

	return video_store_used(tx, in->channel.id, &in->used);
}

static void on_counted(void *arg, int status)
{
	struct ingest *in = arg;
	struct ingest_publisher p = in->publisher;

	INVARIANT(in->counting && in->state != BEGINNING);
	in->counting = false;
	if (status == 0)
		in->passed = 0;
	hearth_release(in->v->h);
	if (in->state == ENDING || in->state == LEAVING) {
		ingest_end_when_stored(in);
		return;
	}
	if (status < 0 || in->state != LIVE || !ingest_is_over(in, 1)) {
		timer_start(&in->count, COUNT_MS, 0, count, in);
		return;
	}
	log_warn("video", "a stream ends: the quota is used up", "channel", "%s", in->channel.name,
		"bytes", "%lld", (long long)in->used, "elsewhere", "%lld",
		(long long)in->account.elsewhere, NULL);
	in->publisher = (struct ingest_publisher){ 0 };
	ingest_finish(in, ENDING);
	if (p.arg)
		p.ended(p.arg, QUOTA_USED_UP);
}

static void on_elsewhere(void *arg, int status)
{
	struct ingest *in = arg;

	if (status == 0)
		status = db_read(in->v->db, count_used, on_counted, in);
	if (status < 0)
		on_counted(in, status);
}

static void count(void *arg)
{
	struct ingest *in = arg;

	if (in->account.quota == 0 || (in->state != LIVE && in->state != AWAY)) {
		timer_start(&in->count, COUNT_MS, 0, count, in);
		return;
	}
	in->counting = true;
	hearth_hold(in->v->h);
	if (ingest_ask_elsewhere(in, on_elsewhere))
		on_elsewhere(in, 0);
}

void ingest_count(struct ingest *in)
{
	timer_start(&in->count, COUNT_MS, 0, count, in);
}
