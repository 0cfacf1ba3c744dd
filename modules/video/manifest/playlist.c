/*
 * playlist.c: HLS media and multivariant playlists. Pure, on the loop here; linear in the segments,
 * of which the caller has a window.
 */
#include "manifest/playlist.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define TICKS_PER_SECOND 90000

#define VERSION     7 /* EXT-X-MAP in a playlist without I-FRAMES-ONLY: 6; fMP4 by convention: 7 */
#define VERSION_GAP 8

uint32_t hls_target_seconds(uint64_t duration)
{
	uint64_t s = (duration + TICKS_PER_SECOND / 2) / TICKS_PER_SECOND;

	return s ? (uint32_t)s : 1;
}

static void write_date(struct strbuf *out, int64_t date_ms)
{
	time_t seconds = (time_t)(date_ms / 1000);
	char text[32];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
		return;
	strbuf_printf(out, "#EXT-X-PROGRAM-DATE-TIME:%s.%03dZ\n", text, (int)(date_ms % 1000));
}

static void write_segment(struct strbuf *out, const struct hls_segment *s, bool new_map)
{
	uint64_t us = (s->duration * 100 + 4) / 9; /* 90 kHz ticks to microseconds, rounded */

	if (s->discontinuity)
		strbuf_adds(out, "#EXT-X-DISCONTINUITY\n");
	if (new_map)
		strbuf_printf(out, "#EXT-X-MAP:URI=\"%.*s\"\n", SLICE_ARG(s->map));
	if (s->date_ms > 0)
		write_date(out, s->date_ms);
	if (s->gap)
		strbuf_adds(out, "#EXT-X-GAP\n");
	strbuf_printf(out, "#EXTINF:%" PRIu64 ".%06u,\n%.*s\n", us / 1000000,
		(unsigned)(us % 1000000), SLICE_ARG(s->uri));
}

static unsigned version_needed(const struct hls_media *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->segments[i].gap)
			return VERSION_GAP;
	return VERSION;
}

void hls_write_media(struct strbuf *out, const struct hls_media *p)
{
	struct slice map = { 0 };

	strbuf_printf(out, "#EXTM3U\n#EXT-X-VERSION:%u\n#EXT-X-TARGETDURATION:%u\n",
		version_needed(p), p->target_s);
	strbuf_printf(out, "#EXT-X-MEDIA-SEQUENCE:%" PRIu64 "\n", p->sequence);
	if (p->discontinuity_sequence)
		strbuf_printf(out, "#EXT-X-DISCONTINUITY-SEQUENCE:%" PRIu64 "\n",
			p->discontinuity_sequence);
	if (p->type != HLS_LIVE)
		strbuf_printf(
			out, "#EXT-X-PLAYLIST-TYPE:%s\n", p->type == HLS_EVENT ? "EVENT" : "VOD");
	if (p->independent)
		strbuf_adds(out, "#EXT-X-INDEPENDENT-SEGMENTS\n");
	for (size_t i = 0; i < p->count; i++) {
		const struct hls_segment *s = &p->segments[i];
		/* A map holds until the next one, also across a discontinuity. */
		bool new_map = s->map.n && !slice_eq(s->map, map);

		write_segment(out, s, new_map);
		if (new_map)
			map = s->map;
	}
	if (p->ended)
		strbuf_adds(out, "#EXT-X-ENDLIST\n");
}

void hls_write_multivariant(
	struct strbuf *out, const struct hls_variant *variants, size_t n, bool independent)
{
	strbuf_printf(out, "#EXTM3U\n#EXT-X-VERSION:%u\n", VERSION);
	if (independent)
		strbuf_adds(out, "#EXT-X-INDEPENDENT-SEGMENTS\n");
	for (size_t i = 0; i < n; i++) {
		const struct hls_variant *v = &variants[i];

		strbuf_printf(out, "#EXT-X-STREAM-INF:BANDWIDTH=%u", v->bandwidth);
		if (v->average_bandwidth)
			strbuf_printf(out, ",AVERAGE-BANDWIDTH=%u", v->average_bandwidth);
		if (v->codecs.n)
			strbuf_printf(out, ",CODECS=\"%.*s\"", SLICE_ARG(v->codecs));
		if (v->width && v->height)
			strbuf_printf(out, ",RESOLUTION=%ux%u", v->width, v->height);
		if (v->fps_milli)
			strbuf_printf(out, ",FRAME-RATE=%u.%03u", v->fps_milli / 1000,
				v->fps_milli % 1000);
		strbuf_printf(out, "\n%.*s\n", SLICE_ARG(v->uri));
	}
}
