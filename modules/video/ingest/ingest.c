/*
 * ingest.c: the life of a channel that is published to, and of the stream on it.
 *
 *   BEGINNING ──row on disk──▶ LIVE ──broke off──▶ AWAY ──came back──▶ LIVE
 *       ▲                       │                   │ ▲
 *       │                       └──finished──┐ ┌────┘ └── a stream found at the start
 *       │                                    ▼ ▼ too long away
 *       └────── somebody waits ────────── ENDING ──all stored──▶ freed
 *
 *   any ──the server stops──▶ LEAVING ──all stored──▶ freed, the stream is left as it is
 *
 * How a stream begins is ingest_begin.c's. A publisher that comes in BEGINNING or ENDING waits. Who has gone meanwhile is `publisher.arg`
 * NULL. On the loop; rows are written by the database's writer, one write in flight. At most
 * [video] publishers streams go on in this process (publishers_max), and each has at most
 * WAITING_BYTES_MAX on the way to disk before its publisher waits.
 */
#include "ingest/ingest_internal.h"

#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "hearth/room.h"
#include "origin/playlist_cache.h"

#define RETRY_MS 1000

struct ingest *ingest_new(struct video *v, const struct video_channel *channel)
{
	struct ingest *in = mem_zalloc(sizeof(*in));

	INVARIANT(channel->id > 0 && !map_get_u64(v->ingests, (uint64_t)channel->id));
	in->v = v;
	in->channel = *channel;
	in->account.id = channel->account;
	map_set_u64(v->ingests, (uint64_t)channel->id, in);
	return in;
}

/* Ends what belongs to the stream. */
static void stream_clear(struct ingest *in)
{
	if (in->upload)
		metric_add(in->v->publishers, -1);
	timer_stop(&in->away);
	timer_stop(&in->turn);
	timer_stop(&in->again);
	timer_stop(&in->count);
	lease_unkeep(&in->keeper);
	demuxer_free(&in->demuxer);
	upload_free(&in->upload);
	in->told_to_wait = false;
}

void ingest_free(struct ingest *in)
{
	stream_clear(in);
	map_remove_u64(in->v->ingests, (uint64_t)in->channel.id);
	free(in);
}

void ingest_log(const struct ingest *in, const char *what)
{
	log_info("video", what, "channel", "%s", in->channel.name, "stream", "%lld",
		(long long)in->stream.id, NULL);
}

/* ---- ending ---- */

static int end_stream(struct db_tx *tx, void *arg)
{
	struct ingest *in = arg;
	int rc = lease_end(tx, &in->lease);

	return rc < 0 ? rc : video_store_end(tx, in->stream.id, clock_wall_ms());
}

static void end_again(void *arg)
{
	ingest_end_when_stored(arg);
}

/* A stream whose end is not stored would be live for ever, to all but this process. */
static void on_ended(void *arg, int status)
{
	struct ingest *in = arg;

	in->writing = false;
	if (status < 0)
		log_error("video", "the end of a stream could not be stored", "channel", "%s",
			in->channel.name, "why", "%s", error_name(status), NULL);
	if (status == HEARTH_EBUSY || status == HEARTH_EIO) {
		hearth_release(in->v->h);
		timer_start(&in->again, RETRY_MS, 0, end_again, in);
		return;
	}
	ingest_log(in, "stream ended");
	video_live_refresh(in->v->live, in->channel.id);
	hearth_release(in->v->h);
	stream_clear(in);
	if (!in->publisher.arg)
		ingest_free(in);
	else if ((status = ingest_begin(in)) < 0)
		ingest_cannot_begin(in, status);
}

void ingest_end_when_stored(struct ingest *in)
{
	INVARIANT(in->upload && (in->state == ENDING || in->state == LEAVING));
	if (in->writing || in->counting || !upload_idle(in->upload))
		return;
	if (in->state == LEAVING) {
		ingest_log(in, "stream left as it is");
		ingest_free(in);
		return;
	}
	in->writing = true;
	hearth_hold(in->v->h);
	if (db_write(in->v->db, end_stream, on_ended, in) < 0)
		on_ended(in, HEARTH_EBUSY);
}

void ingest_finish(struct ingest *in, enum ingest_state state)
{
	INVARIANT(in->demuxer && (state == ENDING || state == LEAVING));
	timer_stop(&in->away);
	timer_stop(&in->turn);
	in->state = state;
	demuxer_break(in->demuxer);
	ingest_end_when_stored(in);
}

static void on_away_too_long(void *arg)
{
	ingest_finish(arg, ENDING);
}

void ingest_go_away(struct ingest *in)
{
	INVARIANT(in->upload && !in->publisher.arg);
	in->state = AWAY;
	timer_start(&in->away, in->v->reconnect_ms, 0, on_away_too_long, in);
}

/* ---- who publishes ---- */

static void tell_ready(void *arg)
{
	struct ingest *in = arg;

	INVARIANT(in->state == LIVE && in->publisher.arg);
	in->publisher.ready(in->publisher.arg, 0);
}

/* The one that was there is sent away, and what it sent is cut off. */
static void take_over(struct ingest *in, const struct ingest_publisher *p)
{
	struct ingest_publisher old = in->publisher;

	in->publisher = *p;
	in->told_to_wait = false;
	if (in->state == LIVE || in->state == AWAY) {
		timer_stop(&in->away);
		in->state = LIVE;
		demuxer_break(in->demuxer);
		timer_start(&in->turn, 0, 0, tell_ready, in);
		ingest_log(in, old.arg ? "another publisher takes over" : "the publisher is back");
	}
	if (old.arg)
		old.replaced(old.arg, false);
}

struct ingest *ingest_open(struct video *v, const struct video_channel *channel, int64_t quota,
	const struct ingest_publisher *p)
{
	struct ingest *in = map_get_u64(v->ingests, (uint64_t)channel->id);

	if (in) {
		in->account.quota = quota;
		take_over(in, p);
		return in;
	}
	if (map_count(v->ingests) >= (size_t)v->publishers_max)
		return NULL;
	in = ingest_new(v, channel);
	in->account.quota = quota;
	in->publisher = *p;
	if (ingest_begin(in) == 0)
		return in;
	ingest_free(in);
	return NULL;
}

/* ---- while it goes on ---- */

int ingest_tag(
	struct ingest *in, uint8_t type, int64_t timestamp_ms, struct slice body, const char **why)
{
	int rc;

	INVARIANT(in->state == LIVE && in->publisher.arg);
	/* What comes is kept twice: as it came, and as segments. */
	in->passed += 2 * (int64_t)body.n;
	if (ingest_is_over(in, in->passed)) {
		*why = QUOTA_USED_UP;
		return HEARTH_EDENIED;
	}
	if (!room_left()) {
		*why = "the server's disk is full";
		return HEARTH_EDENIED;
	}
	rc = demuxer_tag(in->demuxer, type, timestamp_ms, body, why);
	if (rc == 0 && upload_bytes(in->upload) >= WAITING_BYTES_MAX) {
		in->told_to_wait = true;
		rc = HEARTH_EBUSY;
	}
	return rc;
}

void ingest_close(struct ingest *in, bool finished)
{
	in->publisher = (struct ingest_publisher){ 0 };
	if (in->state != LIVE)
		return;
	timer_stop(&in->turn);
	if (finished) {
		ingest_finish(in, ENDING);
		return;
	}
	demuxer_break(in->demuxer);
	ingest_go_away(in);
}

void ingest_warn(struct video *v, int64_t channel, const char *why)
{
	struct ingest *in = map_get_u64(v->ingests, (uint64_t)channel);

	if (in && in->state == LIVE && in->publisher.arg)
		in->publisher.warned(in->publisher.arg, why);
}

bool ingest_has_publisher(const struct video *v, int64_t channel)
{
	const struct ingest *in = map_get_u64(v->ingests, (uint64_t)channel);

	return in && in->publisher.arg;
}

void ingest_forget(struct video *v, int64_t channel)
{
	struct ingest *in = map_get_u64(v->ingests, (uint64_t)channel);
	struct ingest_publisher old;

	if (!in)
		return;
	old = in->publisher;
	in->publisher = (struct ingest_publisher){ 0 };
	if (in->state == LIVE || in->state == AWAY)
		ingest_finish(in, ENDING);
	if (old.arg)
		old.replaced(old.arg, true);
}

/* ---- the server's own beginning and end ---- */

void ingest_drain(struct video *v)
{
	size_t it = 0;
	void *value;

	while (map_next(v->ingests, &it, NULL, &value)) {
		struct ingest *in = value;
		struct ingest_publisher old = in->publisher;

		in->publisher = (struct ingest_publisher){ 0 };
		if (in->state == LIVE || in->state == AWAY)
			ingest_finish(in, LEAVING);
		if (old.arg)
			old.replaced(old.arg, true);
	}
}

void ingest_free_all(struct video *v)
{
	size_t it = 0;
	void *value;

	/*
	 * Where the drain was cut short, database and blob store still hold what is theirs. The
	 * lease is let go in any case: nobody renews it any more.
	 */
	while (map_next(v->ingests, &it, NULL, &value)) {
		struct ingest *in = value;

		lease_unkeep(&in->keeper);
		if (!in->writing && !in->counting && (!in->upload || upload_idle(in->upload)))
			ingest_free(in);
	}
}
