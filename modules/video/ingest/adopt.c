/*
 * adopt.c: streams that have not ended and that nobody looks after: their server stopped, or died.
 *
 *   open, its channel's lease held by another ──▶ left alone
 *   open, the lease is free ──take──▶ a GOP came a moment ago: ours, and waits for its publisher
 *                              └────▶ else it ends where its last GOP did
 *
 * Looked for once at the start, before the loop runs; where several servers share a database, also
 * once a lease's time to live: one that dies then leaves no stream behind that goes on for ever. In
 * one transaction on the database's writer; what it took is made ours on the loop.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "ingest/ingest_internal.h"

struct found {
	struct found *next;
	struct video_channel channel;
	struct video_stream stream;
	struct lease lease;
	int64_t raws;
};

struct adoption {
	struct video *v;
	struct leases *leases;
	struct db_tx *tx;
	struct arena *arena;
	struct found *found;
};

void ingest_lease_name(int64_t channel, char out[LEASE_NAME_MAX + 1])
{
	snprintf(out, LEASE_NAME_MAX + 1, "video.channel.%lld", (long long)channel);
}

static bool is_found(const struct adoption *a, int64_t channel)
{
	for (const struct found *f = a->found; f; f = f->next)
		if (f->stream.channel == channel)
			return true;
	return false;
}

static bool may_go_on(const struct adoption *a, const struct video_stream *stream)
{
	return video_stream_has_gop(stream) &&
	       clock_wall_ms() - stream->last_at <= a->v->reconnect_ms;
}

static int adopt(struct adoption *a, const struct video_stream *stream, const struct lease *lease)
{
	struct found *f = ARENA_NEW(a->arena, struct found);
	int rc;

	INVARIANT(!stream->ended_at && !is_found(a, stream->channel));
	f->stream = *stream;
	f->lease = *lease;
	rc = video_store_channel(a->tx, stream->channel, &f->channel);
	if (rc == 0)
		rc = video_store_raw_count(a->tx, stream->id, &f->raws);
	if (rc == 0)
		rc = video_store_promises(a->tx, &f->stream);
	f->next = a->found;
	a->found = f;
	return rc;
}

/* The latest of a channel comes first: no other one of it goes on. */
static int look_at(void *arg, const struct video_stream *stream)
{
	struct adoption *a = arg;
	char name[LEASE_NAME_MAX + 1];
	struct lease lease;
	int rc;

	if (is_found(a, stream->channel))
		return video_store_end(a->tx, stream->id, stream->last_at);
	ingest_lease_name(stream->channel, name);
	rc = lease_take(a->leases, a->tx, name, &lease);
	if (rc < 0)
		return rc == HEARTH_EBUSY ? 0 : rc;
	if (may_go_on(a, stream))
		return adopt(a, stream, &lease);
	rc = lease_end(a->tx, &lease);
	return rc < 0 ? rc : video_store_end(a->tx, stream->id, stream->last_at);
}

static int look_for_open(struct db_tx *tx, void *arg)
{
	struct adoption *a = arg;

	a->tx = tx;
	a->found = NULL;
	return video_store_open_streams(tx, look_at, a);
}

static void take_in(struct adoption *a)
{
	for (struct found *f = a->found; f; f = f->next) {
		struct ingest *in;

		/* Somebody came to publish meanwhile: told to try again, and then lets go. */
		if (map_get_u64(a->v->ingests, (uint64_t)f->channel.id))
			continue;
		in = ingest_new(a->v, &f->channel);
		in->stream = f->stream;
		in->lease = f->lease;
		ingest_begin_stream(in, true, f->raws);
		ingest_go_away(in);
	}
}

int ingest_recover(struct video *v)
{
	struct adoption a = { .v = v, .leases = hearth_leases(v->h), .arena = arena_new() };
	int rc = db_write_wait(v->db, look_for_open, &a);

	if (rc == 0)
		take_in(&a);
	arena_free(&a.arena);
	return rc;
}

/* ---- where several servers share the database ---- */

static void on_looked(void *arg, int status)
{
	struct adoption *a = arg;

	INVARIANT(a->v->adopting);
	if (status == 0 && !a->v->draining)
		take_in(a);
	a->v->adopting = false;
	hearth_release(a->v->h);
	arena_free(&a->arena);
	free(a);
}

static void look_again(void *arg)
{
	struct video *v = arg;
	struct adoption *a;

	if (v->adopting || v->draining)
		return;
	a = mem_zalloc(sizeof(*a));
	*a = (struct adoption){ .v = v, .leases = hearth_leases(v->h), .arena = arena_new() };
	v->adopting = true;
	hearth_hold(v->h);
	if (db_write(v->db, look_for_open, on_looked, a) < 0)
		on_looked(a, HEARTH_EBUSY);
}

void ingest_watch_others(struct video *v)
{
	int64_t ms = leases_ttl_ms(hearth_leases(v->h));

	timer_start(&v->adopt, ms, ms, look_again, v);
}
