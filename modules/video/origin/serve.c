/*
 * serve.c: GET /live/…
 *
 *   /live/CHANNEL/index.m3u8                 the renditions
 *   /live/CHANNEL/RENDITION/index.m3u8       its segments
 *   /live/CHANNEL/RENDITION/N.m4s            segment N
 *   /live/CHANNEL/RENDITION/init-N.mp4       what stands before segments that name it
 *
 * Playlists change and are asked for again each time, which a 304 may answer; the others never
 * change. What has left the playlists, or belongs to an earlier stream, is still there for players
 * that are behind: it is looked up on disk. On the loop. Nothing is copied for a viewer: playlists
 * are shared buffers, segments are sent from the blob store; each look on disk is a read of one
 * row.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "origin/playlist_cache.h"
#include "origin/playlist_text.h"

#define PLAYLIST_TYPE "application/vnd.apple.mpegurl"
#define SEGMENT_TYPE  "video/iso.segment"
#define INIT_TYPE     "video/mp4"

/* Pages of other sites may play it too. */
static void allow(struct http_request *rq)
{
	http_set_header(rq, "Access-Control-Allow-Origin", "*");
}

static void headers(struct http_request *rq, bool forever)
{
	allow(rq);
	http_set_header(
		rq, "Cache-Control", forever ? "public, max-age=1209600, immutable" : "no-cache");
}

static void refuse(struct http_request *rq, int status, const char *what)
{
	allow(rq);
	if (status == HEARTH_ENOTFOUND)
		http_reply_problem(rq, 404, NULL, "%s", what);
	else
		http_reply_error(rq, status);
}

/* ---- playlists ---- */

static void answer_master(struct live_channel *c, int status, struct http_request *rq)
{
	bool any = false;

	for (size_t i = 0; c && i < c->line_count; i++)
		any |= c->lines[i].n > 0;
	if (!any) {
		refuse(rq, c ? HEARTH_ENOTFOUND : status,
			"there is no such channel, or it has nothing to watch yet");
		return;
	}
	if (!c->master)
		c->master = live_write_master(c);
	headers(rq, false);
	http_reply(rq, 200, PLAYLIST_TYPE, c->master);
}

static void answer_playlist(struct live_channel *c, int status, struct http_request *rq)
{
	struct live_line *line = c ? live_line_of(c, http_param(rq, "rendition")) : NULL;

	if (!line || line->n == 0) {
		refuse(rq, c ? HEARTH_ENOTFOUND : status, "this channel has no such rendition yet");
		return;
	}
	if (!line->playlist)
		line->playlist = live_write_playlist(c, line);
	headers(rq, false);
	http_reply(rq, 200, PLAYLIST_TYPE, line->playlist);
}

void video_get_master(void *module, struct http_request *rq)
{
	struct video *v = module;

	live_ask(v->live, http_param(rq, "channel"), rq, answer_master);
}

void video_get_playlist(void *module, struct http_request *rq)
{
	struct video *v = module;

	live_ask(v->live, http_param(rq, "channel"), rq, answer_playlist);
}

/* ---- segments ---- */

/* "123.m4s" or "init-123.mp4" */
static bool parse_file(struct slice file, bool *is_init, int64_t *number)
{
	const struct slice before = SLICE("init-");
	struct slice digits = slice_head(file, file.n > 4 ? file.n - 4 : 0);
	struct slice ending = slice_skip(file, digits.n);

	*is_init = slice_starts(file, before);
	if (*is_init)
		digits = slice_skip(digits, before.n);
	return slice_eq(ending, *is_init ? SLICE(".mp4") : SLICE(".m4s")) &&
	       slice_i64(digits, 1, INT64_MAX, number) == 0;
}

static void reply_segment(struct video *v, struct http_request *rq, const struct video_segment *s)
{
	headers(rq, true);
	http_reply_blob(rq, v->blob, s->blob, (uint64_t)s->size, SEGMENT_TYPE);
}

static void reply_init(struct http_request *rq, struct buf *bytes)
{
	headers(rq, true);
	http_reply(rq, 200, INIT_TYPE, bytes);
}

/* Answers from memory; false when it is not there. */
static bool reply_from_memory(
	struct live_channel *c, struct http_request *rq, bool is_init, int64_t number)
{
	struct live_line *line = live_line_of(c, http_param(rq, "rendition"));
	const struct video_segment *s = line && !is_init ? live_segment_of(line, number) : NULL;
	struct buf *init = line && is_init ? live_init_of(line, number) : NULL;

	if (s && s->init)
		reply_segment(c->v, rq, s);
	else if (init)
		reply_init(rq, init);
	return init || (s && s->init);
}

/* A look for one file on disk. */
struct old_file {
	struct video *v;
	struct http_request *rq;
	int64_t channel, number;
	bool is_init;
	char rendition[16];
	struct video_segment segment;
	struct buf *init;
};

static int find_old(struct db_tx *tx, void *arg)
{
	struct old_file *f = arg;

	buf_unref(&f->init);
	if (f->is_init)
		return video_store_old_init(
			tx, f->channel, slice_str(f->rendition), f->number, &f->init);
	return video_store_old_segment(
		tx, f->channel, slice_str(f->rendition), f->number, &f->segment);
}

static void on_old_found(void *arg, int status)
{
	struct old_file *f = arg;

	if (status < 0)
		refuse(f->rq, status, "there is no such segment");
	else if (f->is_init)
		reply_init(f->rq, f->init);
	else
		reply_segment(f->v, f->rq, &f->segment);
	buf_unref(&f->init);
	free(f);
}

static void look_for_old(
	struct live_channel *c, struct http_request *rq, bool is_init, int64_t number)
{
	struct old_file *f = mem_zalloc(sizeof(*f));

	f->v = c->v;
	f->rq = rq;
	f->channel = c->id;
	f->number = number;
	f->is_init = is_init;
	snprintf(
		f->rendition, sizeof(f->rendition), "%.*s", SLICE_ARG(http_param(rq, "rendition")));
	if (db_read(c->v->db, find_old, on_old_found, f) < 0)
		on_old_found(f, HEARTH_EBUSY);
}

static void answer_file(struct live_channel *c, int status, struct http_request *rq)
{
	bool is_init = false;
	int64_t number = 0;

	if (c && parse_file(http_param(rq, "file"), &is_init, &number)) {
		if (reply_from_memory(c, rq, is_init, number))
			return;
		if (is_init || number <= c->stream.last_sequence) {
			look_for_old(c, rq, is_init, number);
			return;
		}
	}
	refuse(rq, c ? HEARTH_ENOTFOUND : status, "there is no such segment");
}

void video_get_file(void *module, struct http_request *rq)
{
	struct video *v = module;
	struct live_channel *c = live_peek(v->live, http_param(rq, "channel"));
	bool is_init;
	int64_t number;

	/* What was listed does not change, so an old list is good enough for it. */
	if (c && parse_file(http_param(rq, "file"), &is_init, &number) &&
		reply_from_memory(c, rq, is_init, number))
		return;
	live_ask(v->live, http_param(rq, "channel"), rq, answer_file);
}
