/*
 * export.c: the video module's part of an export: streams.json, and each raw backup in one file. On
 * a worker of the pool `io`, for one export at a time; of a channel all streams are in memory (a
 * hundred bytes each), of a stream its pieces, of a piece what the export copies at once.
 */
#include "hearth/export.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "personal/personal.h"
#include "store/store.h"

int video_on_export(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	(void)module;
	(void)prepared;
	return export_push(tx, ev, VIDEO_QUEUE_EXPORT);
}

/* A piece of a raw backup, as its row says. */
struct piece {
	struct piece *next;
	const char *key;
	int64_t size;
};

struct reading {
	struct video *v;
	struct export_part *part;
	struct arena *arena;
	struct video_channel channel;
	struct video_stream *streams; /* owned; the latest first */
	size_t n, cap;
	int64_t stream;
	struct piece *pieces, **last;
};

static int collect_stream(void *arg, const struct video_stream *s)
{
	struct reading *r = arg;

	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 16;
		r->streams = mem_realloc(r->streams, r->cap * sizeof(*r->streams));
	}
	r->streams[r->n++] = *s;
	return 0;
}

static int read_streams(struct db_tx *tx, void *arg)
{
	struct reading *r = arg;
	int rc = video_store_channel_by_account(tx, export_part_account(r->part), &r->channel);

	r->n = 0;
	return rc < 0 ? rc : video_store_streams(tx, r->channel.id, collect_stream, r);
}

static int collect_piece(void *arg, struct slice blob, int64_t size)
{
	struct reading *r = arg;
	struct piece *p = ARENA_NEW(r->arena, struct piece);

	p->key = arena_strdup(r->arena, blob);
	p->size = size;
	*r->last = p;
	r->last = &p->next;
	return 0;
}

static int read_pieces(struct db_tx *tx, void *arg)
{
	struct reading *r = arg;

	r->pieces = NULL;
	r->last = &r->pieces;
	return video_store_raw_blobs(tx, r->stream, collect_piece, r);
}

static int64_t changed_at_s(const struct video_stream *s)
{
	return (s->ended_at ? s->ended_at : s->last_at) / 1000;
}

static void write_stream(struct json_writer *w, const struct video_stream *s, uint64_t size)
{
	char file[48];

	snprintf(file, sizeof(file), "stream-%lld.flv", (long long)s->id);
	json_open_object(w);
	json_put_i64(w, "id", s->id);
	json_put_i64(w, "started_at", s->started_at);
	json_name(w, "ended_at");
	if (s->ended_at)
		json_i64(w, s->ended_at);
	else
		json_null(w);
	json_put_str(w, "file", size ? file : NULL);
	json_put_i64(w, "size", (int64_t)size);
	json_close_object(w);
}

/* The raw backup in one file; its size, 0 when there is none. */
static uint64_t add_backup(struct reading *r, const struct video_stream *s)
{
	uint64_t size;
	char path[48];
	int rc;

	r->stream = s->id;
	rc = db_read_wait(r->v->db, read_pieces, r);
	if (rc < 0)
		export_part_fail(r->part, rc);
	if (rc < 0 || !r->pieces)
		return 0;
	snprintf(path, sizeof(path), "stream-%lld.flv", (long long)s->id);
	export_file_open(r->part, slice_str(path), changed_at_s(s));
	for (const struct piece *p = r->pieces; p; p = p->next)
		export_file_blob(r->part, p->key, (uint64_t)p->size);
	size = export_file_size(r->part);
	export_file_close(r->part);
	arena_reset(r->arena);
	return size;
}

static void add_all(struct reading *r)
{
	struct strbuf text = { 0 };
	struct json_writer w;

	json_writer_init(&w, &text);
	json_open_object(&w);
	json_put_str(&w, "channel", r->channel.id ? r->channel.name : NULL);
	json_name(&w, "streams");
	json_open_array(&w);
	for (size_t i = r->n; i > 0; i--)
		write_stream(&w, &r->streams[i - 1], add_backup(r, &r->streams[i - 1]));
	json_close_array(&w);
	json_close_object(&w);
	export_file_open(r->part, SLICE("streams.json"), clock_wall_s());
	export_file_add(r->part, strbuf_slice(&text));
	export_file_close(r->part);
	strbuf_free(&text);
}

int video_export(void *module, const struct queue_task *task, struct arena *a)
{
	struct reading r = { .v = module, .arena = a };
	int rc = export_part_open(r.v->h, "video", r.v->db, task, &r.part);

	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	rc = db_read_wait(r.v->db, read_streams, &r);
	if (rc < 0 && rc != HEARTH_ENOTFOUND)
		export_part_fail(r.part, rc);
	else
		add_all(&r);
	free(r.streams);
	return export_part_finish(&r.part);
}
