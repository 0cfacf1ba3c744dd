/*
 * live.c: see live.h. And /live/…: playlists, initialisation and media segments.
 *
 *   /live/CHANNEL/index.m3u8                 the renditions
 *   /live/CHANNEL/RENDITION/index.m3u8       its segments
 *   /live/CHANNEL/RENDITION/N.m4s            segment N
 *   /live/CHANNEL/RENDITION/init-HASH.mp4    what stands before its segments
 *
 * A channel that was asked for is kept in memory: what is on disk of its latest stream, listed up
 * to the first number that is still being made, and the playlists' text. An event marks it stale;
 * the next request reads what is new. So many viewers cost one look at the disk a segment.
 */
#include "live.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "hls/playlist.h"
#include "store.h"

#define RENDITIONS_MAX 8
#define CHANNELS_MAX   256  /* kept; beyond, all are forgotten and read again */
#define TARGET_SLACK   2    /* a chunk is cut at the first key frame behind its wanted length */

/* One quality of the latest stream. */
struct line {
	struct video_rendition rendition;
	struct video_segment *segments; /* in order, without a hole */
	size_t n, cap;
	struct buf *playlist;           /* NULL: to be written */
};

struct channel {
	struct video_live *live;
	struct video_channel channel;
	struct video_stream stream;
	struct line lines[RENDITIONS_MAX];
	size_t line_count;
	struct buf *master;
	uint32_t target_s;              /* never changes within a stream */
	bool stale, reading, read_again;
	struct waiter *waiters;
	int status;                     /* of the last read */
};

/* A request that waits for the channel to be read. */
struct waiter {
	struct waiter *next;
	struct http_request *rq;
	void (*answer)(struct channel *c, struct http_request *rq);
};

struct video_live {
	struct video *v;
	struct map *by_name; /* → struct channel */
};

struct video_live *video_live_new(struct video *v)
{
	struct video_live *l = mem_zalloc(sizeof(*l));

	l->v = v;
	l->by_name = map_new();
	return l;
}

static void line_clear(struct line *line)
{
	free(line->segments);
	buf_unref(&line->playlist);
	*line = (struct line){ 0 };
}

static void channel_clear(struct channel *c)
{
	for (size_t i = 0; i < c->line_count; i++)
		line_clear(&c->lines[i]);
	c->line_count = 0;
	c->target_s = 0;
	buf_unref(&c->master);
}

static void forget_all(struct video_live *l)
{
	size_t it = 0;
	struct slice key;
	void *value;

	while (map_next(l->by_name, &it, &key, &value)) {
		struct channel *c = value;

		if (c->reading)
			continue;
		map_remove(l->by_name, key);
		channel_clear(c);
		free(c);
	}
}

void video_live_free(struct video_live **l)
{
	if (!*l)
		return;
	forget_all(*l);
	map_free(&(*l)->by_name);
	free(*l);
	*l = NULL;
}

void video_live_refresh(struct video_live *l, int64_t channel)
{
	size_t it = 0;
	void *value;

	while (map_next(l->by_name, &it, NULL, &value)) {
		struct channel *c = value;

		if (c->channel.id == channel)
			c->stale = c->read_again = true;
	}
}

int video_live_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	(void)module;
	(void)tx;
	(void)ev;
	(void)prepared;
	return 0;
}

void video_live_after(void *module, const struct bus_event *ev)
{
	struct video *v = module;
	struct arena *a = arena_new();
	struct json *doc;
	int64_t channel;

	if (json_read(a, ev->payload, &doc, NULL) == 0 && json_get_i64(doc, "channel", 1, INT64_MAX, &channel) == 0)
		video_live_refresh(v->live, channel);
	arena_free(&a);
}

/* ---- reading what is on disk (a database thread; the loop leaves the channel alone meanwhile) ---- */

static int add_line(void *arg, const struct video_rendition *r)
{
	struct channel *c = arg;

	for (size_t i = 0; i < c->line_count; i++)
		if (c->lines[i].rendition.id == r->id) {
			c->lines[i].rendition = *r;
			return 0;
		}
	if (c->line_count < RENDITIONS_MAX)
		c->lines[c->line_count++] = (struct line){ .rendition = *r };
	return 0;
}

static int add_segment(void *arg, const struct video_segment *s)
{
	struct line *line = arg;

	if (line->n == line->cap) {
		line->cap = line->cap ? 2 * line->cap : 32;
		line->segments = mem_realloc(line->segments, line->cap * sizeof(*line->segments));
	}
	line->segments[line->n++] = *s;
	return 0;
}

static int read_lines(struct db_tx *tx, struct channel *c)
{
	int rc = video_store_renditions(tx, c->stream.id, add_line, c);

	for (size_t i = 0; i < c->line_count && rc == 0; i++) {
		struct line *line = &c->lines[i];
		int64_t after = line->n ? line->segments[line->n - 1].sequence : 0;
		size_t before = line->n;

		rc = video_store_segments(tx, line->rendition.id, after, c->stream.first_sequence, add_segment, line);
		if (line->n != before)
			buf_unref(&line->playlist);
	}
	return rc;
}

static int read_channel(struct db_tx *tx, void *arg)
{
	struct channel *c = arg;
	struct video_stream latest;
	int rc = video_store_channel_by_name(tx, slice_str(c->channel.name), &c->channel);

	if (rc == 0)
		rc = video_store_latest(tx, c->channel.id, &latest);
	if (rc < 0)
		return rc;
	/* Another stream is another playlist. An end is told in the playlist as well. */
	if (latest.id != c->stream.id)
		channel_clear(c);
	else if (latest.ended_at != c->stream.ended_at)
		for (size_t i = 0; i < c->line_count; i++)
			buf_unref(&c->lines[i].playlist);
	c->stream = latest;
	buf_unref(&c->master);
	return read_lines(tx, c);
}

/* ---- playlists ---- */

/* Segments older than the window leave the front. */
static size_t window_start(const struct channel *c, const struct line *line)
{
	int64_t reach = c->live->v->window_ms * 90, sum = 0;
	size_t i = line->n;

	while (i > 0 && sum <= reach)
		sum += line->segments[--i].duration;
	return i;
}

/* The same for every rendition and for the whole stream: from the first segment, with some slack. */
static uint32_t target_of(struct channel *c, const struct line *line)
{
	uint32_t target = c->target_s;

	if (target == 0)
		target = (uint32_t)(c->live->v->segment_ms / 1000) + TARGET_SLACK;
	for (size_t i = 0; i < line->n; i++)
		if (hls_target_seconds((uint64_t)line->segments[i].duration) > target)
			target = hls_target_seconds((uint64_t)line->segments[i].duration);
	return c->target_s = target;
}

/* Where init-HASH.mp4 and N.m4s are kept while the playlist is written. */
static void describe(struct arena *a, const struct video_segment *s, struct hls_segment *out)
{
	*out = (struct hls_segment){ .uri = slice_str(arena_printf(a, "%lld.m4s", (long long)s->sequence)),
		.map = slice_str(arena_printf(a, "init-%.16s.mp4", s->init)),
		.duration = (uint64_t)s->duration,
		.date_ms = s->date_ms,
		.discontinuity = s->discontinuity,
		.gap = s->gap };
}

static void write_playlist(struct channel *c, struct line *line)
{
	size_t from = window_start(c, line), n = line->n - from;
	struct arena *a = arena_new();
	struct hls_segment *segments = arena_alloc(a, (n + 1) * sizeof(*segments));
	struct strbuf out = { 0 };
	struct hls_media media = { .type = HLS_LIVE,
		.target_s = target_of(c, line),
		.sequence = (uint64_t)(n ? line->segments[from].sequence : c->stream.first_sequence),
		.independent = true,
		.ended = c->stream.ended_at && n && line->segments[line->n - 1].sequence == c->stream.last_sequence,
		.segments = segments,
		.count = n };

	for (size_t i = 0; i < from; i++)
		media.discontinuity_sequence += line->segments[i].discontinuity;
	for (size_t i = 0; i < n; i++)
		describe(a, &line->segments[from + i], &segments[i]);
	hls_write_media(&out, &media);
	line->playlist = buf_from_strbuf(&out);
	arena_free(&a);
}

/* Bits a second of the largest segment, and on average. */
static void measure(const struct line *line, struct hls_variant *v)
{
	int64_t bytes = 0, ticks = 0;

	for (size_t i = 0; i < line->n; i++) {
		const struct video_segment *s = &line->segments[i];
		uint32_t rate = s->duration ? (uint32_t)(s->size * 8 * 90000 / s->duration) : 0;

		if (rate > v->bandwidth)
			v->bandwidth = rate;
		bytes += s->size;
		ticks += s->duration;
	}
	v->average_bandwidth = ticks ? (uint32_t)(bytes * 8 * 90000 / ticks) : 0;
}

/* The smaller rung has the shape of the source, and is `name`'s number high on its shorter side. */
static void set_resolution(const struct channel *c, const struct line *line, struct hls_variant *v)
{
	const struct video_rendition *source = &c->lines[0].rendition;
	uint32_t side = (uint32_t)strtoul(line->rendition.name, NULL, 10);
	uint32_t shorter = source->width < source->height ? source->width : source->height;

	v->width = source->width;
	v->height = source->height;
	if (line->rendition.bitrate && shorter > side) {
		v->width = (source->width * side / shorter + 1) & ~1u;
		v->height = (source->height * side / shorter + 1) & ~1u;
	}
	if (source->fps_den && source->width)
		v->fps_milli = (uint32_t)((uint64_t)source->fps_num * 1000 / source->fps_den);
}

static void write_master(struct channel *c)
{
	struct hls_variant variants[RENDITIONS_MAX];
	struct arena *a = arena_new();
	struct strbuf out = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < c->line_count; i++) {
		struct line *line = &c->lines[i];
		struct hls_variant *v = &variants[n];

		if (line->n == 0)
			continue;
		*v = (struct hls_variant){ .uri = slice_str(arena_printf(a, "%s/index.m3u8", line->rendition.name)),
			.codecs = slice_str(line->rendition.codecs) };
		measure(line, v);
		set_resolution(c, line, v);
		n++;
	}
	hls_write_multivariant(&out, variants, n, true);
	c->master = buf_from_strbuf(&out);
	arena_free(&a);
}

/* ---- answering ---- */

static void headers(struct http_request *rq, bool forever)
{
	http_set_header(rq, "Access-Control-Allow-Origin", "*");
	http_set_header(rq, "Cache-Control", forever ? "public, max-age=1209600, immutable" : "no-cache");
}

#define PLAYLIST_TYPE "application/vnd.apple.mpegurl"

static struct line *find_line(struct channel *c, struct http_request *rq)
{
	struct slice name = http_param(rq, "rendition");

	for (size_t i = 0; i < c->line_count; i++)
		if (slice_eq(name, slice_str(c->lines[i].rendition.name)))
			return &c->lines[i];
	return NULL;
}

static bool has_segments(const struct channel *c)
{
	for (size_t i = 0; i < c->line_count; i++)
		if (c->lines[i].n)
			return true;
	return false;
}

static void answer_master(struct channel *c, struct http_request *rq)
{
	if (!has_segments(c)) {
		http_reply_problem(rq, 404, NULL, "this channel has nothing to watch yet");
		return;
	}
	if (!c->master)
		write_master(c);
	headers(rq, false);
	http_reply(rq, 200, PLAYLIST_TYPE, c->master);
}

static void answer_playlist(struct channel *c, struct http_request *rq)
{
	struct line *line = find_line(c, rq);

	if (!line || line->n == 0) {
		http_reply_problem(rq, 404, NULL, "this channel has no such rendition");
		return;
	}
	if (!line->playlist)
		write_playlist(c, line);
	headers(rq, false);
	http_reply(rq, 200, PLAYLIST_TYPE, line->playlist);
}

/* "123.m4s" */
static const struct video_segment *find_segment(const struct line *line, struct slice file)
{
	uint64_t number;
	size_t at;

	if (line->n == 0 || file.n < 5 || !slice_eq(slice_skip(file, file.n - 4), SLICE(".m4s")) ||
		slice_u64(slice_head(file, file.n - 4), INT64_MAX, &number) < 0)
		return NULL;
	if ((int64_t)number < line->segments[0].sequence)
		return NULL;
	at = number - (uint64_t)line->segments[0].sequence;
	return at < line->n && !line->segments[at].gap ? &line->segments[at] : NULL;
}

/* "init-0123456789abcdef.mp4": any segment that names it. The latest ones are asked for most. */
static const struct video_segment *find_init(const struct line *line, struct slice file)
{
	char name[32];

	for (size_t i = line->n; i > 0; i--) {
		snprintf(name, sizeof(name), "init-%.16s.mp4", line->segments[i - 1].init);
		if (slice_eq(file, slice_str(name)))
			return &line->segments[i - 1];
	}
	return NULL;
}

static void answer_file(struct channel *c, struct http_request *rq)
{
	struct line *line = find_line(c, rq);
	struct slice file = http_param(rq, "file");
	const struct video_segment *s = line ? find_segment(line, file) : NULL;
	const struct video_segment *init = line && !s ? find_init(line, file) : NULL;

	if (!s && !init) {
		http_reply_problem(rq, 404, NULL, "no such segment");
		return;
	}
	headers(rq, true);
	if (s)
		http_reply_blob(rq, c->live->v->blob, s->blob, (uint64_t)s->size, "video/iso.segment");
	else
		http_reply_blob(rq, c->live->v->blob, init->init, (uint64_t)init->init_size, "video/mp4");
}

/* ---- from a request to its channel ---- */

static void answer_waiters(struct channel *c)
{
	struct waiter *w = c->waiters;

	c->waiters = NULL;
	while (w) {
		struct waiter *next = w->next;

		if (c->status < 0)
			http_reply_error(w->rq, c->status);
		else
			w->answer(c, w->rq);
		free(w);
		w = next;
	}
}

static void on_read(void *arg, int status)
{
	struct channel *c = arg;

	c->reading = false;
	c->status = status;
	c->stale = c->read_again;
	answer_waiters(c);
	/* A name that is no channel is not kept, so that asking for names costs no memory. */
	if (status < 0) {
		map_remove(c->live->by_name, slice_str(c->channel.name));
		channel_clear(c);
		free(c);
	}
}

static void start_reading(struct channel *c)
{
	c->reading = true;
	c->read_again = false;
	if (db_read(c->live->v->db, read_channel, on_read, c) < 0)
		on_read(c, HEARTH_EBUSY);
}

static struct channel *channel_of(struct video_live *l, struct slice name)
{
	struct channel *c = map_get(l->by_name, name);

	if (c)
		return c;
	if (map_count(l->by_name) >= CHANNELS_MAX)
		forget_all(l);
	c = mem_zalloc(sizeof(*c));
	c->live = l;
	c->stale = true;
	snprintf(c->channel.name, sizeof(c->channel.name), "%.*s", SLICE_ARG(name));
	map_set(l->by_name, name, c);
	return c;
}

static void serve(struct video *v, struct http_request *rq, void (*answer)(struct channel *c, struct http_request *rq))
{
	struct slice name = http_param(rq, "channel");
	struct channel *c;
	struct waiter *w;

	if (name.n >= VIDEO_NAME_MAX) {
		http_reply_problem(rq, 404, NULL, "no such channel");
		return;
	}
	c = channel_of(v->live, name);
	if (!c->stale && !c->reading) {
		answer(c, rq);
		return;
	}
	w = mem_zalloc(sizeof(*w));
	w->rq = rq;
	w->answer = answer;
	w->next = c->waiters;
	c->waiters = w;
	if (!c->reading)
		start_reading(c);
}

void video_get_master(void *module, struct http_request *rq)
{
	serve(module, rq, answer_master);
}

void video_get_playlist(void *module, struct http_request *rq)
{
	serve(module, rq, answer_playlist);
}

void video_get_file(void *module, struct http_request *rq)
{
	serve(module, rq, answer_file);
}
