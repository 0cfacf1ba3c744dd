/*
 * playlist_query.c: reads what is new of a channel: renditions, segments, what stands before them,
 * how the stream ended. Made and merged on the loop, filled inside a db_fn.
 */
#include "origin/playlist_query.h"

#include <stdlib.h>

#include "codec/sample.h"

#define WINDOW_TARGETS 4 /* a playlist reaches back over that many target durations at least */

struct look *look_new(struct live_channel *c)
{
	struct look *look = mem_zalloc(sizeof(*look));

	look->asked_by = c;
	memcpy(look->name, c->name, sizeof(look->name));
	look->window_ms = c->v->window_ms;
	look->hold_ms = c->v->hold_ms;
	look->known_stream = c->stream.id;
	look->known_count = c->line_count;
	for (size_t i = 0; i < c->line_count; i++) {
		const struct live_line *line = &c->lines[i];

		look->known[i].rendition = line->rendition.id;
		look->known[i].sequence = line->n ? line->segments[line->n - 1].sequence : 0;
		look->known[i].init =
			line->init_count ? line->inits[line->init_count - 1].number : 0;
	}
	return look;
}

/* What was found before, in a run that the database had to repeat. */
static void forget_finds(struct look *look)
{
	for (size_t i = 0; i < look->line_count; i++) {
		struct look_line *line = &look->lines[i];

		for (size_t k = 0; k < line->init_count; k++)
			buf_unref(&line->inits[k].bytes);
		free(line->inits);
		free(line->segments);
		*line = (struct look_line){ 0 };
	}
	look->line_count = 0;
}

void look_free(struct look **look)
{
	forget_finds(*look);
	free(*look);
	*look = NULL;
}

/* ---- on a database thread ---- */

static int add_line(void *arg, const struct video_rendition *r)
{
	struct look *look = arg;

	if (look->line_count < LIVE_LINES_MAX)
		look->lines[look->line_count++].rendition = *r;
	return 0;
}

struct walk {
	struct look *look;
	struct look_line *line;
};

static int add_segment(void *arg, const struct video_segment *s)
{
	struct walk *w = arg;
	struct look_line *line = w->line;

	if (line->n == line->cap) {
		line->cap = line->cap ? 2 * line->cap : 8;
		line->segments = mem_realloc(line->segments, line->cap * sizeof(*line->segments));
	}
	line->segments[line->n++] = *s;
	line->length += s->duration;
	line->window_full = line->length > w->look->window;
	return line->window_full;
}

static int add_init(void *arg, int64_t number, struct slice bytes)
{
	struct look_line *line = arg;

	line->inits = mem_realloc(line->inits, (line->init_count + 1) * sizeof(*line->inits));
	line->inits[line->init_count++] = (struct live_init){ number, buf_copy(bytes) };
	return 0;
}

struct name_search {
	const char *name;
	struct video_rendition found;
};

static int find_name(void *arg, const struct video_rendition *r)
{
	struct name_search *n = arg;

	if (strcmp(r->name, n->name) == 0)
		n->found = *r;
	return 0;
}

static int add_before(void *arg, const struct video_segment *s)
{
	struct walk *w = arg;

	add_segment(w, s);
	return w->line->length >= w->look->lead;
}

/*
 * A stream that goes on with a playlist begins short: behind the end of the one before, whose
 * viewers may not have come that far.
 */
static int read_before(struct db_tx *tx, struct walk *w)
{
	struct name_search n = { .name = w->line->rendition.name };
	int rc = video_store_renditions(tx, w->look->stream.follows, find_name, &n);

	if (rc == 0 && n.found.id)
		rc = video_store_segments(tx, &n.found, 0, add_before, w);
	if (rc == 0 && n.found.id)
		rc = video_store_inits(tx, n.found.id, 0, add_init, w->line);
	return rc;
}

static int read_line(struct db_tx *tx, struct look *look, struct look_line *line)
{
	struct walk walk = { look, line };
	int64_t sequence = 0, init = 0;
	int rc;

	for (size_t i = 0; i < look->known_count && look->known_stream == look->stream.id; i++)
		if (look->known[i].rendition == line->rendition.id) {
			sequence = look->known[i].sequence;
			init = look->known[i].init;
		}
	rc = video_store_segments(tx, &line->rendition, sequence, add_segment, &walk);
	if (rc == 0 && sequence == 0 && look->stream.follows && line->length < look->lead)
		rc = read_before(tx, &walk);
	/* With another window none of the known ones is left. */
	if (line->window_full)
		init = 0;
	return rc < 0 ? rc : video_store_inits(tx, line->rendition.id, init, add_init, line);
}

/* Until when the playlist stays open after the end of its stream. */
static int read_end(struct db_tx *tx, struct look *look)
{
	bool followed = false;
	int rc = video_store_is_followed(tx, look->stream.id, &followed);

	look->open_until = followed                ? INT64_MAX
			   : look->stream.ended_at ? look->stream.ended_at + look->hold_ms
						   : 0;
	return rc;
}

int look_at_disk(struct db_tx *tx, void *arg)
{
	struct look *look = arg;
	struct video_channel channel;
	int rc = video_store_channel_by_name(tx, slice_str(look->name), &channel);

	forget_finds(look);
	if (rc == 0)
		rc = video_store_latest(tx, channel.id, &look->stream);
	if (rc < 0)
		return rc;
	look->channel = channel.id;
	look->lead = WINDOW_TARGETS * look->stream.target_s * VIDEO_TIMESCALE;
	look->window = look->window_ms * VIDEO_TIMESCALE / 1000;
	if (look->window < look->lead)
		look->window = look->lead;
	rc = read_end(tx, look);
	if (rc == 0)
		rc = video_store_renditions(tx, look->stream.id, add_line, look);
	for (size_t i = 0; i < look->line_count && rc == 0; i++)
		rc = read_line(tx, look, &look->lines[i]);
	return rc;
}
