/*
 * playlist_text.c: playlists written from what is in memory. On the loop; as long as the window.
 *
 * EXT-X-INDEPENDENT-SEGMENTS is never said: it may not change within a playlist's life, and whether
 * every GOP to come begins with a key frame is the publisher's affair.
 */
#include "origin/playlist_text.h"

#include <stdlib.h>

#include "codec/sample.h"
#include "manifest/playlist.h"

/* ---- one rendition ---- */

/* `before` is the segment listed before this one, or NULL. */
static struct hls_segment describe(
	struct arena *a, const struct video_segment *s, const struct video_segment *before)
{
	struct hls_segment out = { .uri = slice_str(
					   arena_printf(a, "%lld.m4s", (long long)s->sequence)),
		.duration = (uint64_t)s->duration,
		.discontinuity = before && before->epoch != s->epoch,
		.gap = s->init == 0 };

	if (s->init)
		out.map = slice_str(arena_printf(a, "init-%lld.mp4", (long long)s->init));
	/* Within an epoch players count on from the first one by themselves. */
	if (!before || out.discontinuity)
		out.date_ms = s->date_ms;
	return out;
}

struct buf *live_write_playlist(const struct live_channel *c, const struct live_line *line)
{
	struct arena *a = arena_new();
	struct hls_segment *segments = arena_alloc(a, line->n * sizeof(*segments));
	const struct video_segment *last = &line->segments[line->n - 1];
	struct strbuf out = { 0 };
	struct hls_media media = { .type = HLS_LIVE,
		.target_s = (uint32_t)c->stream.target_s,
		.sequence = (uint64_t)line->segments[0].sequence,
		.discontinuity_sequence = (uint64_t)line->segments[0].epoch,
		.ended = c->closed && last->sequence == c->stream.last_sequence,
		.segments = segments,
		.count = line->n };

	for (size_t i = 0; i < line->n; i++)
		segments[i] = describe(a, &line->segments[i], i ? &line->segments[i - 1] : NULL);
	hls_write_media(&out, &media);
	arena_free(&a);
	return buf_from_strbuf(&out);
}

/* ---- all of them ---- */

#define SHED_GAPS 3

static uint32_t bits_per_second(int64_t bytes, int64_t ticks)
{
	int64_t rate = ticks > 0 ? bytes * 8 * VIDEO_TIMESCALE / ticks : 0;

	return rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX;
}

/* Bits a second of the largest segment, and on average. */
static void measure(const struct live_line *line, struct hls_variant *v)
{
	int64_t bytes = 0, ticks = 0;

	for (size_t i = 0; i < line->n; i++) {
		const struct video_segment *s = &line->segments[i];
		uint32_t rate = bits_per_second(s->size, s->duration);

		if (rate > v->bandwidth)
			v->bandwidth = rate;
		bytes += s->size;
		ticks += s->duration;
	}
	v->average_bandwidth = bits_per_second(bytes, ticks);
}

/* A smaller rung has the shape of the source, and is `name`'s number high on its shorter side. */
static void set_picture(const struct video_rendition *r, struct hls_variant *v)
{
	uint32_t side = (uint32_t)strtoul(r->name, NULL, 10);
	uint32_t shorter = r->width < r->height ? r->width : r->height;

	v->width = r->width;
	v->height = r->height;
	if (r->bitrate && shorter > side) {
		v->width = (r->width * side / shorter + 1) & ~1u;
		v->height = (r->height * side / shorter + 1) & ~1u;
	}
	if (r->fps_den && r->width)
		v->fps_milli = (uint32_t)((uint64_t)r->fps_num * 1000 / r->fps_den);
}

/* Nothing but gaps of late: new viewers are not sent there. The source has none. */
static bool is_shed(const struct live_line *line)
{
	size_t gaps = 0;

	while (gaps < line->n && line->segments[line->n - 1 - gaps].init == 0)
		gaps++;
	return line->rendition.bitrate && gaps >= SHED_GAPS;
}

struct buf *live_write_master(const struct live_channel *c)
{
	struct hls_variant variants[LIVE_LINES_MAX];
	struct arena *a = arena_new();
	struct strbuf out = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < c->line_count; i++) {
		const struct live_line *line = &c->lines[i];
		struct hls_variant *v = &variants[n];

		if (line->n == 0 || is_shed(line))
			continue;
		n++;
		*v = (struct hls_variant){ .uri = slice_str(arena_printf(
						   a, "%s/index.m3u8", line->rendition.name)),
			.codecs = slice_str(line->rendition.codecs) };
		measure(line, v);
		set_picture(&line->rendition, v);
	}
	hls_write_multivariant(&out, variants, n, false);
	arena_free(&a);
	return buf_from_strbuf(&out);
}
