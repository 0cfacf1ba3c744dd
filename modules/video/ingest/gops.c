/*
 * gops.c: GOPs described: whose epoch they are, when they were, which renditions are made of them.
 * One that had to be cut before a picture that is no key frame carries along what leads up to it, so
 * that it can be transcoded alone. On the loop; what it keeps is bounded by the constants below.
 */
#include "ingest/gops.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/log.h"
#include "manifest/playlist.h"
#include "package/gop_file.h"
#include "package/transcode.h"

#define RAW_PIECE_MAX  (4u << 20) /* raw tags are stored at the latest then */
#define LEAD_BYTES_MAX (8u << 20)
#define LEAD_COUNT_MAX 2000
#define LADDER_HEIGHT  360
#define LADDER_BITRATE 800000

struct gops {
	struct upload *upload;
	int64_t stream;
	int64_t epoch;
	int64_t base_start, base_wall_ms; /* where the wall clock is tied to the stream's line */

	bool changed;              /* the codecs, since the last GOP */
	uint32_t fps_num, fps_den; /* of the first GOP in these codecs */
	uint8_t b_frames;
	bool keep_rungs; /* the playlist promises them, however small the picture is */

	struct media_samples lead; /* from the last key frame to the end of the latest GOP */
	size_t lead_bytes;
	bool lead_lost; /* it was too much */

	bool keep_raw;
	uint64_t raw_bytes, raw_max; /* of this run: as much as is kept of it */
	struct strbuf raw;           /* tags not handed on yet */
};

struct gops *gops_new(
	struct video *v, const struct video_stream *stream, bool goes_on, struct upload *upload)
{
	struct gops *g = mem_zalloc(sizeof(*g));

	g->upload = upload;
	g->stream = stream->id;
	g->epoch = stream->epoch;
	g->keep_rungs = stream->promised_rungs;
	g->raw_max = (uint64_t)v->raw_max;
	g->keep_raw = stream->keep_raw && g->raw_max > 0;
	if (g->keep_raw && !goes_on)
		flv_write_header(&g->raw, true, true);
	return g;
}

static void lead_clear(struct gops *g)
{
	media_samples_clear(&g->lead);
	g->lead_bytes = 0;
}

void gops_free(struct gops **g)
{
	if (!*g)
		return;
	lead_clear(*g);
	strbuf_free(&(*g)->raw);
	free(*g);
	*g = NULL;
}

void gops_changed(struct gops *g)
{
	g->changed = true;
}

/* ---- times ---- */

/* The wall time of a point on the stream's line; tied anew where the line was broken. */
static int64_t wall_of(struct gops *g, const struct gop *gop)
{
	if (!g->base_wall_ms || gop->discontinuity) {
		g->base_start = gop->start;
		g->base_wall_ms = clock_wall_ms() - gop->duration / 90;
	}
	return g->base_wall_ms + (gop->start - g->base_start) / 90;
}

/* ---- renditions ---- */

static void take_pace(struct gops *g, const struct gop *gop)
{
	uint64_t ticks = 0;

	g->b_frames = 0;
	for (size_t i = 0; i < gop->video.n; i++) {
		ticks += gop->video.p[i].duration;
		if (gop->video.p[i].cts != 0)
			g->b_frames = 2;
	}
	g->fps_num = (uint32_t)gop->video.n * VIDEO_TIMESCALE;
	g->fps_den = ticks && ticks < UINT32_MAX ? (uint32_t)ticks : 1;
}

/* Whether a smaller picture is made of these. */
static bool has_rung(const struct codec_track *video)
{
	uint32_t width = video->info.width, height = video->info.height;

	return width > LADDER_HEIGHT && height > LADDER_HEIGHT &&
	       (uint64_t)width * height <= TRANSCODE_PIXELS_MAX;
}

/* The rungs: the source as it is, and a smaller one when the source is larger than that. */
static int plan_renditions(const struct gops *g, const struct codec_track *video,
	const struct gop *gop, struct video_rendition r[UPLOAD_RENDITIONS_MAX])
{
	r[0] = (struct video_rendition){
		.stream = g->stream, .name = VIDEO_SOURCE, .first_sequence = (int64_t)gop->sequence
	};
	if (video->codec) {
		r[0].width = video->info.width;
		r[0].height = video->info.height;
		r[0].fps_num = g->fps_num;
		r[0].fps_den = g->fps_den;
	}
	if (!g->keep_rungs && !has_rung(video))
		return 1;
	r[1] = r[0];
	snprintf(r[1].name, sizeof(r[1].name), "%dp", LADDER_HEIGHT);
	r[1].bitrate = LADDER_BITRATE;
	return 2;
}

/* ---- GOPs ---- */

/* Keeps what the GOP after this one needs, should it not begin with a key frame. */
static void keep_lead(struct gops *g, const struct gop *gop)
{
	size_t from = gop->video.n;

	INVARIANT(g->lead.n <= LEAD_COUNT_MAX && g->lead_bytes <= LEAD_BYTES_MAX);
	while (from > 0 && !gop->video.p[from - 1].key)
		from--;
	if (from > 0) {
		from--;
		lead_clear(g);
		g->lead_lost = false;
	}
	for (size_t i = from; i < gop->video.n && !g->lead_lost; i++) {
		struct media_sample s = gop->video.p[i];

		buf_ref(s.data);
		media_samples_add(&g->lead, s);
		g->lead_bytes += s.data->n;
		g->lead_lost = g->lead_bytes > LEAD_BYTES_MAX || g->lead.n > LEAD_COUNT_MAX;
	}
	if (g->lead_lost)
		lead_clear(g);
}

/* Whether it can be decoded by itself: not behind a key frame of an open GOP or intra refresh. */
static bool stands_alone(const struct codec_track *video, const struct gop *gop)
{
	return gop->independent && (!gop->video.n || video->codec->begins_anew(&video->info,
							     buf_slice(gop->video.p[0].data)));
}

static struct buf *write_gop(const struct gops *g, const struct codec_track *video,
	const struct codec_track *audio, const struct gop *gop)
{
	struct gop_file file = { .fps_num = g->fps_num,
		.fps_den = g->fps_den,
		.b_frames = g->b_frames,
		.audio_rate = audio->info.rate,
		.channels = audio->info.channels,
		.video_codec = video->codec,
		.audio_codec = audio->codec,
		.video_config = buf_slice(video->config),
		.audio_config = buf_slice(audio->config),
		.video = gop->video,
		.audio = gop->audio };
	struct strbuf out = { 0 };

	if (!stands_alone(video, gop))
		file.lead = g->lead;
	gop_file_write(&out, &file);
	return buf_from_strbuf(&out);
}

static struct buf *take_raw(struct gops *g)
{
	return g->raw.n ? buf_from_strbuf(&g->raw) : NULL;
}

void gops_take(struct gops *g, const struct codec_track *video, const struct codec_track *audio,
	const struct gop *gop)
{
	struct upload_piece piece = { .raw = take_raw(g) };

	INVARIANT(gop->duration > 0 && gop->duration_max_ms >= 1000);
	INVARIANT(!gop->video.n || video->codec);
	INVARIANT(!gop->audio.n || audio->codec);
	g->epoch += gop->discontinuity;
	if (g->changed) {
		take_pace(g, gop);
		piece.rendition_count = plan_renditions(g, video, gop, piece.renditions);
		g->changed = false;
	}
	piece.gop = (struct video_gop){ .stream = g->stream,
		.sequence = (int64_t)gop->sequence,
		.start = gop->start,
		.duration = gop->duration,
		.date_ms = wall_of(g, gop),
		.epoch = g->epoch,
		.target_s = gop->duration_max_ms / 1000 };
	piece.gop_file = write_gop(g, video, audio, gop);
	upload_add(g->upload, &piece);
	keep_lead(g, gop);
}

/* ---- the raw backup ---- */

/* The end of one that has grown to its bound is the end of a tag. */
bool gops_keep_raw(struct gops *g, const struct flv_tag *tag)
{
	if (!g->keep_raw)
		return true;
	flv_write_tag(&g->raw, tag);
	g->raw_bytes += tag->body.n;
	g->keep_raw = g->raw_bytes < g->raw_max;
	return g->keep_raw;
}

void gops_flush_raw(struct gops *g, bool all)
{
	struct upload_piece piece = { 0 };

	if (!all && g->raw.n <= RAW_PIECE_MAX)
		return;
	piece.raw = take_raw(g);
	if (piece.raw)
		upload_add(g->upload, &piece);
}
