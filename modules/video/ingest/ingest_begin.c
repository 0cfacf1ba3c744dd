/*
 * ingest_begin.c: how a stream begins on a channel (ingest.c): the channel's lease is taken and the stream's row
 * written, in one transaction and within the account's quota; then its tags can come, until another node has the
 * channel.
 *
 * On the loop; the transaction on the database's writer, one in flight. A publisher waits while more than
 * WAITING_BYTES_MAX are on the way to disk, and goes on at half of that.
 */
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "ingest/ingest_internal.h"

void ingest_cannot_begin(struct ingest *in, int status)
{
	struct ingest_publisher p = in->publisher;

	ingest_free(in);
	if (p.arg)
		p.ready(p.arg, status);
}

static void on_progress(void *arg)
{
	struct ingest *in = arg;

	if (in->told_to_wait && upload_bytes(in->upload) < WAITING_BYTES_MAX / 2 &&
		in->publisher.arg) {
		in->told_to_wait = false;
		in->publisher.drained(in->publisher.arg);
	}
	if (in->state == ENDING || in->state == LEAVING)
		ingest_end_when_stored(in);
}

/* Another node has the channel: what we have of the stream changes nothing any more. */
static void on_lost(void *arg)
{
	struct ingest *in = arg;
	struct ingest_publisher p = in->publisher;

	if (in->state != LIVE && in->state != AWAY)
		return;
	ingest_log(in, "another server goes on with this stream");
	in->publisher = (struct ingest_publisher){ 0 };
	ingest_finish(in, LEAVING);
	if (p.arg)
		p.ended(p.arg, "the server lost hold of this stream; please publish again");
}

void ingest_begin_stream(struct ingest *in, bool goes_on, int64_t raw_number)
{
	INVARIANT(!in->keeper && !in->upload && !in->demuxer);
	INVARIANT(in->stream.id > 0 && in->stream.channel == in->channel.id);
	in->keeper = lease_keep(hearth_leases(in->v->h), in->v->db, &in->lease, on_lost, in);
	in->upload = upload_new(in->v, &in->stream, &in->lease, raw_number, on_progress, in);
	in->demuxer = demuxer_new(in->v, &in->stream, goes_on, in->upload);
	metric_add(in->v->publishers, 1);
	ingest_count(in);
	ingest_log(in, goes_on ? "stream waits for its publisher" : "stream begins");
}

static int begin_stream(struct db_tx *tx, void *arg)
{
	struct ingest *in = arg;
	char name[LEASE_NAME_MAX + 1];
	int rc;

	ingest_lease_name(in->channel.id, name);
	rc = lease_take(hearth_leases(in->v->h), tx, name, &in->lease);
	if (rc == HEARTH_EBUSY)
		return HEARTH_ECONFLICT;
	if (rc == 0)
		rc = video_store_used(tx, in->channel.id, &in->used);
	if (rc < 0)
		return rc;
	if (ingest_is_over(in, 1))
		return HEARTH_ETOOBIG;
	/* Left by a server that is gone; this stream goes on with its playlist. */
	rc = video_store_end_open(tx, in->channel.id);
	if (rc < 0)
		return rc;
	return video_store_begin(tx, in->channel.id, clock_wall_ms(), in->v->hold_ms, &in->stream);
}

static void on_begun(void *arg, int status)
{
	struct ingest *in = arg;

	INVARIANT(in->state == BEGINNING && in->writing);
	in->writing = false;
	hearth_release(in->v->h);
	if (status < 0) {
		ingest_cannot_begin(in, status);
		return;
	}
	ingest_begin_stream(in, false, 0);
	in->state = LIVE;
	if (in->publisher.arg)
		in->publisher.ready(in->publisher.arg, 0);
	else
		ingest_finish(in, ENDING);
}

static void on_elsewhere(void *arg, int status)
{
	struct ingest *in = arg;

	if (status == 0)
		status = db_write(in->v->db, begin_stream, on_begun, in);
	if (status < 0)
		on_begun(in, status);
}

int ingest_begin(struct ingest *in)
{
	int rc = 0;

	in->state = BEGINNING;
	if (ingest_ask_elsewhere(in, on_elsewhere))
		rc = db_write(in->v->db, begin_stream, on_begun, in);
	if (rc < 0)
		return rc;
	in->writing = true;
	hearth_hold(in->v->h);
	return 0;
}
