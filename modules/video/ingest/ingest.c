/*
 * ingest.c: see ingest.h.
 *
 *   BEGINNING ──row on disk──▶ LIVE ──broke off──▶ AWAY ──came back──▶ LIVE
 *       ▲                       │                   │ ▲
 *       │                       └──finished──┐ ┌────┘ └── a stream found at the start
 *       │                                    ▼ ▼ too long away
 *       └────── somebody waits ────────── ENDING ──all stored──▶ freed
 *
 *   any ──the server stops──▶ LEAVING ──all stored──▶ freed, the stream is left as it is
 *
 * A publisher that comes in BEGINNING or ENDING waits. Who has gone meanwhile is `publisher.arg`
 * NULL.
 */
#include "ingest/ingest.h"

#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "hearth/room.h"
#include "ingest/intake.h"
#include "origin/live.h"

#define RETRY_MS          1000
#define COUNT_MS          3000
#define QUOTA_USED_UP     "the account's quota is used up: older streams take its room"
#define WAITING_BYTES_MAX (48u << 20) /* on the way to disk; beyond, the publisher waits */

enum state { BEGINNING, LIVE, AWAY, ENDING, LEAVING };

struct ingest {
	struct video *v;
	struct video_channel channel;
	struct video_stream stream;
	enum state state;
	struct ingest_publisher publisher; /* arg NULL: nobody */
	int64_t quota, used; /* bytes the channel may hold, and does; quota 0: no bound */
	int64_t passed;      /* bytes that came since `used` was looked at */
	bool counting;       /* the database looks how much it is */
	struct timer count;  /* LIVE with a quota: until it looks again */
	bool told_to_wait;
	bool writing;          /* a row of the stream */
	struct timer away;     /* AWAY: until it is too long */
	struct timer turn;     /* LIVE: `ready` is to be called */
	struct timer again;    /* ENDING: the disk refused the end, which is tried again */
	struct upload *upload; /* NULL in BEGINNING */
	struct intake *intake;
};

static int begin(struct ingest *in);

static struct ingest *ingest_new(struct video *v, const struct video_channel *channel)
{
	struct ingest *in = mem_zalloc(sizeof(*in));

	in->v = v;
	in->channel = *channel;
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
	intake_free(&in->intake);
	upload_free(&in->upload);
	in->told_to_wait = false;
}

static void ingest_free(struct ingest *in)
{
	stream_clear(in);
	map_remove_u64(in->v->ingests, (uint64_t)in->channel.id);
	free(in);
}

static void log_stream(const struct ingest *in, const char *what)
{
	log_info("video", what, "channel", "%s", in->channel.name, "stream", "%lld",
		(long long)in->stream.id, NULL);
}

static void cannot_begin(struct ingest *in, int status)
{
	struct ingest_publisher p = in->publisher;

	ingest_free(in);
	if (p.arg)
		p.ready(p.arg, status);
}

/* ---- ending ---- */

static void end_when_stored(struct ingest *in);

static int end_stream(struct db_tx *tx, void *arg)
{
	struct ingest *in = arg;

	return video_store_end(tx, in->stream.id, clock_wall_ms());
}

static void end_again(void *arg)
{
	end_when_stored(arg);
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
	log_stream(in, "stream ended");
	video_live_refresh(in->v->live, in->channel.id);
	hearth_release(in->v->h);
	stream_clear(in);
	if (!in->publisher.arg)
		ingest_free(in);
	else if ((status = begin(in)) < 0)
		cannot_begin(in, status);
}

static void end_when_stored(struct ingest *in)
{
	if (in->writing || in->counting || !upload_idle(in->upload))
		return;
	if (in->state == LEAVING) {
		log_stream(in, "stream left as it is");
		ingest_free(in);
		return;
	}
	in->writing = true;
	hearth_hold(in->v->h);
	if (db_write(in->v->db, end_stream, on_ended, in) < 0)
		on_ended(in, HEARTH_EBUSY);
}

/* Cuts what came so far, and lets `state` (ENDING or LEAVING) take its course. */
static void finish(struct ingest *in, enum state state)
{
	timer_stop(&in->away);
	timer_stop(&in->turn);
	in->state = state;
	intake_break(in->intake);
	end_when_stored(in);
}

static void on_away_too_long(void *arg)
{
	finish(arg, ENDING);
}

static void go_away(struct ingest *in)
{
	in->state = AWAY;
	timer_start(&in->away, in->v->reconnect_ms, 0, on_away_too_long, in);
}

/* ---- the quota ---- */

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
		end_when_stored(in);
		return;
	}
	if (status < 0 || in->state != LIVE || in->used < in->quota) {
		timer_start(&in->count, COUNT_MS, 0, count, in);
		return;
	}
	log_warn("video", "a stream ends: the quota is used up", "channel", "%s", in->channel.name,
		"bytes", "%lld", (long long)in->used, NULL);
	in->publisher = (struct ingest_publisher){ 0 };
	finish(in, ENDING);
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

/* ---- beginning ---- */

static void on_progress(void *arg)
{
	struct ingest *in = arg;

	if (in->told_to_wait && upload_bytes(in->upload) < WAITING_BYTES_MAX / 2 &&
		in->publisher.arg) {
		in->told_to_wait = false;
		in->publisher.drained(in->publisher.arg);
	}
	if (in->state == ENDING || in->state == LEAVING)
		end_when_stored(in);
}

static void stream_begin(struct ingest *in, bool goes_on, int64_t raw_number)
{
	in->upload = upload_new(in->v, &in->stream, raw_number, on_progress, in);
	in->intake = intake_new(in->v, &in->stream, goes_on, in->upload);
	metric_add(in->v->publishers, 1);
	timer_start(&in->count, COUNT_MS, 0, count, in);
	log_stream(in, goes_on ? "stream waits for its publisher" : "stream begins");
}

static int begin_stream(struct db_tx *tx, void *arg)
{
	struct ingest *in = arg;
	int rc = video_store_used(tx, in->channel.id, &in->used);

	if (rc < 0)
		return rc;
	if (in->quota && in->used >= in->quota)
		return HEARTH_ETOOBIG;
	return video_store_begin(tx, in->channel.id, clock_wall_ms(), in->v->hold_ms, &in->stream);
}

static void on_begun(void *arg, int status)
{
	struct ingest *in = arg;

	in->writing = false;
	hearth_release(in->v->h);
	if (status < 0) {
		cannot_begin(in, status);
		return;
	}
	stream_begin(in, false, 0);
	in->state = LIVE;
	if (in->publisher.arg)
		in->publisher.ready(in->publisher.arg, 0);
	else
		finish(in, ENDING);
}

static int begin(struct ingest *in)
{
	int rc = db_write(in->v->db, begin_stream, on_begun, in);

	if (rc < 0)
		return rc;
	in->state = BEGINNING;
	in->writing = true;
	hearth_hold(in->v->h);
	return 0;
}

static void tell_ready(void *arg)
{
	struct ingest *in = arg;

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
		intake_break(in->intake);
		timer_start(&in->turn, 0, 0, tell_ready, in);
		log_stream(in, old.arg ? "another publisher takes over" : "the publisher is back");
	}
	if (old.arg)
		old.replaced(old.arg, false);
}

struct ingest *ingest_open(struct video *v, const struct video_channel *channel, int64_t quota,
	const struct ingest_publisher *p)
{
	struct ingest *in = map_get_u64(v->ingests, (uint64_t)channel->id);

	if (in) {
		in->quota = quota;
		take_over(in, p);
		return in;
	}
	if (map_count(v->ingests) >= (size_t)v->publishers_max)
		return NULL;
	in = ingest_new(v, channel);
	in->quota = quota;
	in->publisher = *p;
	if (begin(in) == 0)
		return in;
	ingest_free(in);
	return NULL;
}

/* ---- while it goes on ---- */

int ingest_tag(
	struct ingest *in, uint8_t type, int64_t timestamp_ms, struct slice body, const char **why)
{
	int rc;

	/* What comes is kept twice: as it came, and as segments. */
	in->passed += 2 * (int64_t)body.n;
	if (in->quota && in->used + in->passed > in->quota) {
		*why = QUOTA_USED_UP;
		return HEARTH_EDENIED;
	}
	if (!room_left()) {
		*why = "the server's disk is full";
		return HEARTH_EDENIED;
	}
	rc = intake_tag(in->intake, type, timestamp_ms, body, why);
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
		finish(in, ENDING);
		return;
	}
	intake_break(in->intake);
	go_away(in);
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
		finish(in, ENDING);
	if (old.arg)
		old.replaced(old.arg, true);
}

/* ---- the server's own beginning and end ---- */

/* A stream that was left open and whose publisher may still come back. */
struct found {
	struct found *next;
	struct video_channel channel;
	struct video_stream stream;
	int64_t raws;
};

struct recovery {
	struct video *v;
	struct db_tx *tx;
	struct arena *arena;
	struct found *found;
};

static bool may_go_on(const struct recovery *r, const struct video_stream *stream)
{
	for (const struct found *f = r->found; f; f = f->next)
		if (f->channel.id == stream->channel)
			return false; /* a later one of the channel does */
	return video_stream_has_chunk(stream) &&
	       clock_wall_ms() - stream->last_at <= r->v->reconnect_ms;
}

static int recover_stream(void *arg, const struct video_stream *stream)
{
	struct recovery *r = arg;
	struct found *f;
	int rc;

	if (!may_go_on(r, stream))
		return video_store_end(r->tx, stream->id, stream->last_at);
	f = ARENA_NEW(r->arena, struct found);
	f->stream = *stream;
	rc = video_store_channel(r->tx, stream->channel, &f->channel);
	if (rc == 0)
		rc = video_store_raw_count(r->tx, stream->id, &f->raws);
	if (rc == 0)
		rc = video_store_promises(r->tx, &f->stream);
	f->next = r->found;
	r->found = f;
	return rc;
}

static int recover(struct db_tx *tx, void *arg)
{
	struct recovery *r = arg;

	r->tx = tx;
	r->found = NULL;
	return video_store_open_streams(tx, recover_stream, r);
}

int ingest_recover(struct video *v)
{
	struct recovery r = { .v = v, .arena = arena_new() };
	int rc = db_write_wait(v->db, recover, &r);

	for (struct found *f = r.found; f && rc == 0; f = f->next) {
		struct ingest *in = ingest_new(v, &f->channel);

		in->stream = f->stream;
		stream_begin(in, true, f->raws);
		go_away(in);
	}
	arena_free(&r.arena);
	return rc;
}

void ingest_drain(struct video *v)
{
	size_t it = 0;
	void *value;

	while (map_next(v->ingests, &it, NULL, &value)) {
		struct ingest *in = value;
		struct ingest_publisher old = in->publisher;

		in->publisher = (struct ingest_publisher){ 0 };
		if (in->state == LIVE || in->state == AWAY)
			finish(in, LEAVING);
		if (old.arg)
			old.replaced(old.arg, true);
	}
}

void ingest_free_all(struct video *v)
{
	size_t it = 0;
	void *value;

	/* Where the drain was cut short, database and blob store still hold what is theirs. */
	while (map_next(v->ingests, &it, NULL, &value)) {
		struct ingest *in = value;

		if (!in->writing && !in->counting && (!in->upload || upload_idle(in->upload)))
			ingest_free(in);
	}
}
