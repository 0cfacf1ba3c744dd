/*
 * playlist_cache.c: the channels in memory, and how what is new comes to them. On the loop.
 *
 *   nobody asked ──request──▶ LOOKING ──found──▶ fresh ──event──▶ stale ──request──▶ LOOKING …
 *
 * A channel that was asked for is kept: of its latest stream what the playlists show, and their
 * text. An event marks it stale; the next request looks for what is new. So many viewers cost one
 * look a segment. A look runs on a database thread and touches nothing but itself; on the loop it
 * is then merged. Channels nobody has asked for longest give way to others.
 */
#include "origin/playlist_cache.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "origin/playlist_query.h"

#define CHANNELS_MAX 256
#define SEGMENTS_MAX 400000 /* in all channels, some 140 bytes each */
#define INITS_MAX    64     /* of a line; older ones are on disk */

/* A request that waits for the look under way. */
struct live_waiter {
	struct live_waiter *next;
	struct http_request *rq;
	live_answer_fn *answer;
};

struct video_live {
	struct video *v;
	struct map *by_name;  /* → struct live_channel */
	struct list channels; /* the longest unused first */
	size_t segments;      /* in all of them */
	struct metric *looks;
};

struct video_live *video_live_new(struct video *v)
{
	struct video_live *l = mem_zalloc(sizeof(*l));

	l->v = v;
	l->by_name = map_new();
	list_init(&l->channels);
	l->looks = metric_counter(
		"hearth_video_looks_total", NULL, "looks at the disk for what playlists list");
	return l;
}

static void line_clear(struct video_live *l, struct live_line *line)
{
	INVARIANT(l->segments >= line->n);
	l->segments -= line->n;
	for (size_t i = 0; i < line->init_count; i++)
		buf_unref(&line->inits[i].bytes);
	free(line->inits);
	free(line->segments);
	buf_unref(&line->playlist);
	*line = (struct live_line){ 0 };
}

static void channel_clear(struct live_channel *c)
{
	for (size_t i = 0; i < c->line_count; i++)
		line_clear(c->v->live, &c->lines[i]);
	c->line_count = 0;
	buf_unref(&c->master);
}

static void channel_free(struct live_channel *c)
{
	map_remove(c->v->live->by_name, slice_str(c->name));
	list_remove(&c->used);
	channel_clear(c);
	free(c);
}

void video_live_free(struct video_live **l)
{
	if (!*l)
		return;
	LIST_FOREACH (&(*l)->channels, it) {
		struct live_channel *c = LIST_ENTRY(it, struct live_channel, used);

		for (struct live_waiter *w = c->waiters, *next; w; w = next) {
			next = w->next;
			free(w);
		}
		channel_free(c);
	}
	map_free(&(*l)->by_name);
	free(*l);
	*l = NULL;
}

/* ---- what changed ---- */

void video_live_refresh(struct video_live *l, int64_t channel)
{
	LIST_FOREACH (&l->channels, it) {
		struct live_channel *c = LIST_ENTRY(it, struct live_channel, used);

		if (channel == 0 || c->id == channel || c->id == 0)
			c->stale = c->look_again = true;
	}
}

void video_live_forget(struct video_live *l, int64_t channel)
{
	video_live_refresh(l, channel);
	LIST_FOREACH (&l->channels, it) {
		struct live_channel *c = LIST_ENTRY(it, struct live_channel, used);

		/* One that is being looked at goes when the next look finds nothing. */
		if (c->id == channel && !c->looking)
			channel_free(c);
	}
}

void video_live_forget_ended(struct video_live *l)
{
	LIST_FOREACH (&l->channels, it) {
		struct live_channel *c = LIST_ENTRY(it, struct live_channel, used);

		if (c->looking)
			c->look_again = true;
		else if (c->stream.ended_at)
			channel_free(c);
	}
}

int video_live_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	(void)module;
	(void)tx;
	(void)ev;
	(void)prepared;
	return 0; /* what can be listed stands in the segment's own transaction */
}

/* On every node: another one may have made the segment. */
void video_live_changed(void *module, const struct bus_event *ev)
{
	struct video *v = module;
	struct arena *a = arena_new();
	struct json *doc;
	int64_t channel;

	if (!ev)
		video_live_refresh(v->live, 0);
	else if (json_read(a, ev->payload, &doc, NULL) == 0 &&
		 json_get_i64(doc, "channel", 1, INT64_MAX, &channel) == 0)
		video_live_refresh(v->live, channel);
	arena_free(&a);
}

/* ---- merging what a look found ---- */

static struct live_line *line_by_id(struct live_channel *c, int64_t id)
{
	for (size_t i = 0; i < c->line_count; i++)
		if (c->lines[i].rendition.id == id)
			return &c->lines[i];
	return NULL;
}

static void add_segments(
	struct video_live *l, struct live_line *line, const struct look_line *found)
{
	if (line->cap < line->n + found->n) {
		line->cap = 2 * (line->n + found->n);
		line->segments = mem_realloc(line->segments, line->cap * sizeof(*line->segments));
	}
	/* They were found the latest first. */
	for (size_t i = found->n; i > 0; i--) {
		line->segments[line->n++] = found->segments[i - 1];
		line->length += found->segments[i - 1].duration;
	}
	l->segments += found->n;
}

/* Segments that are older than the window leave the front; of the stream before, than the lead. */
static void trim_segments(struct video_live *l, struct live_line *line, const struct look *look)
{
	size_t old = 0;

	while (old + 1 < line->n) {
		const struct video_segment *s = &line->segments[old];
		bool before = s->sequence < look->stream.first_sequence;

		if (line->length - s->duration <= (before ? look->lead : look->window))
			break;
		line->length -= s->duration;
		old++;
	}
	if (old == 0)
		return;
	INVARIANT(old < line->n);
	line->n -= old;
	l->segments -= old;
	memmove(line->segments, line->segments + old, line->n * sizeof(*line->segments));
}

static void add_inits(struct live_line *line, struct look_line *found)
{
	size_t n = line->init_count + found->init_count, old = n > INITS_MAX ? n - INITS_MAX : 0;

	if (found->init_count == 0)
		return;
	line->inits = mem_realloc(line->inits, n * sizeof(*line->inits));
	memcpy(line->inits + line->init_count, found->inits,
		found->init_count * sizeof(*found->inits));
	found->init_count = 0; /* the references are the line's now */
	for (size_t i = 0; i < old; i++)
		buf_unref(&line->inits[i].bytes);
	line->init_count = n - old;
	memmove(line->inits, line->inits + old, line->init_count * sizeof(*line->inits));
}

static void merge_line(struct live_channel *c, struct look_line *found, const struct look *look)
{
	struct video_live *l = c->v->live;
	struct live_line *line = line_by_id(c, found->rendition.id);

	if (!line) {
		if (c->line_count == LIVE_LINES_MAX)
			return;
		line = &c->lines[c->line_count++];
		*line = (struct live_line){ 0 };
	} else if (found->window_full) {
		line_clear(l, line);
	}
	if (found->n)
		buf_unref(&line->playlist);
	line->rendition = found->rendition;
	add_segments(l, line, found);
	trim_segments(l, line, look);
	add_inits(line, found);
}

static void merge(struct live_channel *c, struct look *look)
{
	c->id = look->channel;
	/* Another stream is another playlist. */
	if (look->stream.id != c->stream.id)
		channel_clear(c);
	c->stream = look->stream;
	c->open_until = look->open_until;
	c->closed = c->stream.ended_at && clock_wall_ms() >= c->open_until;
	/* An end is told in the playlists as well. */
	if (c->closed)
		for (size_t i = 0; i < c->line_count; i++)
			buf_unref(&c->lines[i].playlist);
	buf_unref(&c->master);
	for (size_t i = 0; i < look->line_count; i++)
		merge_line(c, &look->lines[i], look);
}

/* ---- looking ---- */

static void answer_waiters(struct live_channel *c, int status)
{
	struct live_waiter *w = c->waiters;

	c->waiters = NULL;
	while (w) {
		struct live_waiter *next = w->next;

		w->answer(status < 0 ? NULL : c, status, w->rq);
		free(w);
		w = next;
	}
}

static void on_looked(void *arg, int status)
{
	struct look *look = arg;
	struct live_channel *c = look->asked_by;

	INVARIANT(c->looking && look->line_count <= LIVE_LINES_MAX);
	c->looking = false;
	if (status == 0)
		merge(c, look);
	c->stale = status < 0 || c->look_again;
	look_free(&look);
	answer_waiters(c, status);
	/* A name that is no channel is not kept, so that asking for names costs no memory. */
	if (status == HEARTH_ENOTFOUND && !c->looking)
		channel_free(c);
}

static void start_looking(struct live_channel *c)
{
	struct look *look = look_new(c);

	INVARIANT(!c->looking);
	metric_add(c->v->live->looks, 1);
	c->looking = true;
	c->look_again = false;
	if (db_read(c->v->db, look_at_disk, on_looked, look) < 0)
		on_looked(look, HEARTH_EBUSY);
}

/* ---- asking ---- */

static void make_room(struct video_live *l)
{
	LIST_FOREACH (&l->channels, it) {
		struct live_channel *c = LIST_ENTRY(it, struct live_channel, used);

		if (map_count(l->by_name) < CHANNELS_MAX && l->segments <= SEGMENTS_MAX)
			return;
		if (!c->looking)
			channel_free(c);
	}
}

static struct live_channel *channel_of(struct video_live *l, struct slice name)
{
	struct live_channel *c = map_get(l->by_name, name);

	if (c) {
		list_remove(&c->used);
	} else {
		make_room(l);
		c = mem_zalloc(sizeof(*c));
		c->v = l->v;
		c->stale = true;
		snprintf(c->name, sizeof(c->name), "%.*s", SLICE_ARG(name));
		map_set(l->by_name, name, c);
	}
	list_push(&l->channels, &c->used);
	return c;
}

void live_ask(
	struct video_live *l, struct slice name, struct http_request *rq, live_answer_fn *answer)
{
	struct live_channel *c;
	struct live_waiter *w;

	if (name.n >= VIDEO_NAME_MAX) {
		answer(NULL, HEARTH_ENOTFOUND, rq);
		return;
	}
	c = channel_of(l, name);
	/* Time alone ends a playlist. */
	if (c->stream.ended_at && !c->closed && clock_wall_ms() >= c->open_until)
		c->stale = true;
	if (!c->stale) {
		answer(c, 0, rq);
		return;
	}
	w = mem_zalloc(sizeof(*w));
	*w = (struct live_waiter){ .next = c->waiters, .rq = rq, .answer = answer };
	c->waiters = w;
	if (!c->looking)
		start_looking(c);
}

struct live_channel *live_peek(struct video_live *l, struct slice name)
{
	return map_get(l->by_name, name);
}

struct live_line *live_line_of(struct live_channel *c, struct slice name)
{
	for (size_t i = 0; i < c->line_count; i++)
		if (slice_eq(name, slice_str(c->lines[i].rendition.name)))
			return &c->lines[i];
	return NULL;
}

const struct video_segment *live_segment_of(const struct live_line *line, int64_t number)
{
	int64_t first = line->n ? line->segments[0].sequence : INT64_MAX;

	if (number < first || number - first >= (int64_t)line->n)
		return NULL;
	return &line->segments[number - first];
}

struct buf *live_init_of(const struct live_line *line, int64_t number)
{
	for (size_t i = line->init_count; i > 0; i--)
		if (line->inits[i - 1].number == number)
			return line->inits[i - 1].bytes;
	return NULL;
}
