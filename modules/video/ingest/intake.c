/*
 * intake.c: see intake.h.
 *
 * The first chunk decides on the stream's TARGETDURATION: its own length, since players stay three
 * of those behind. From then on no chunk may be longer, whatever the publisher does; one that had
 * to be cut before a picture that is no key frame carries along what leads up to it, so that it can
 * be transcoded alone.
 *
 * A playlist promises its tracks for its whole life, and players cannot take another one up on the
 * way. So what the opening found is what there is until the publisher leaves; sound that may still
 * come begins as silence, and a track that nobody could expect is left out with a warning.
 *
 * Nothing but pictures of another codec ends a stream: sound that is not taken here, tags that are
 * malformed, or whose header is missing or broken, are left out with a warning, and silence takes
 * the place of sound that was promised.
 */
#include "ingest/intake.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/aac.h"
#include "codec/avc.h"
#include "flv/av_tag.h"
#include "flv/flv_tag.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "ingest/opening.h"
#include "ingest/segmenter.h"
#include "manifest/playlist.h"
#include "package/chunk_file.h"
#include "package/transcode.h"

#define RAW_PIECE_MAX   (4u << 20)  /* raw tags are stored at the latest then */
#define CHUNK_BYTES_MAX (16u << 20) /* at most twice that and a tag, and the lead: BLOB_GET_MAX */
#define LEAD_BYTES_MAX  (8u << 20)
#define LEAD_COUNT_MAX  2000
#define GAP_MS_MAX      10000 /* a longer pause of the publisher is a jump */
#define LADDER_HEIGHT   360
#define LADDER_BITRATE  800000

struct intake {
	struct upload *upload;
	int64_t stream;
	int64_t segment_ms;

	struct opening opening; /* which tracks there are */
	struct segmenter *segmenter;
	struct segmenter_tracks tracks;
	struct buf *avcc, *asc; /* the configurations in force; NULL: no such track */
	struct buf *last_asc;   /* of the publisher before: without sound, silence goes on */
	struct buf *next_asc;   /* to be in force from the next key frame on; NULL */
	int64_t next_asc_ms;    /* when it came; the publisher's time */
	struct aac_config aac;
	struct avc_sps sps;
	unsigned length_size;     /* of the NAL units' lengths */
	bool open;                /* the line has begun: no other track may come */
	const char *warning;      /* for the publisher, with this tag */
	unsigned warned;          /* 1 << enum warning: each is told once a publisher */
	uint64_t dropped, made;   /* of the segmenter's, as were told in the log */
	int64_t told_ms, tell_ms; /* when, monotonic; and after how long again */
	bool changed; /* … since the last chunk: pace and renditions are described anew */
	uint32_t fps_num, fps_den; /* of the first chunk under these configurations */
	uint8_t b_frames;
	uint32_t target_s; /* 0 before the first chunk */
	int64_t epoch;
	int64_t base_start, base_wall_ms; /* where the wall clock is tied to the stream's line */

	struct media_samples lead; /* from the last key frame to the end of the latest chunk */
	size_t lead_bytes;
	bool lead_lost; /* it was too much */

	bool keep_rungs, keep_audio; /* the playlist promises them, whatever comes */
	bool keep_raw;
	uint64_t raw_bytes, raw_max; /* of this run: as much as is kept of it */
	struct strbuf raw;           /* tags not handed on yet */
};

/* ---- the segmenter ---- */

static uint32_t longest_ms(const struct intake *in)
{
	return (in->target_s ? in->target_s : VIDEO_TARGET_MAX_S) * 1000;
}

static uint32_t longest_gap_ms(const struct intake *in)
{
	return longest_ms(in) < GAP_MS_MAX ? longest_ms(in) : GAP_MS_MAX;
}

struct intake *intake_new(
	struct video *v, const struct video_stream *stream, bool goes_on, struct upload *upload)
{
	struct intake *in = mem_zalloc(sizeof(*in));

	in->upload = upload;
	opening_init(&in->opening);
	in->stream = stream->id;
	in->segment_ms = v->segment_ms;
	in->target_s = (uint32_t)stream->target_s;
	in->epoch = stream->epoch;
	in->segmenter = segmenter_new(
		&(struct segmenter_options){
			.target_ms = (uint32_t)v->segment_ms,
			.duration_max_ms = longest_ms(in),
			.gap_max_ms = longest_gap_ms(in),
			.bytes_max = CHUNK_BYTES_MAX,
			.origin = stream->line_end,
			.sequence = (uint64_t)stream->last_sequence + 1,
			.discontinuity = stream->last_sequence > 0,
		},
		&in->tracks);
	in->keep_rungs = stream->promised_rungs;
	in->keep_audio = stream->promised_audio;
	in->raw_max = (uint64_t)v->raw_max;
	in->keep_raw = stream->keep_raw && in->raw_max > 0;
	if (in->keep_raw && !goes_on)
		flv_write_header(&in->raw, true, true);
	return in;
}

static void lead_clear(struct intake *in)
{
	media_samples_clear(&in->lead);
	in->lead_bytes = 0;
}

void intake_free(struct intake **in)
{
	if (!*in)
		return;
	segmenter_free(&(*in)->segmenter);
	opening_clear(&(*in)->opening);
	lead_clear(*in);
	buf_unref(&(*in)->last_asc);
	buf_unref(&(*in)->next_asc);
	buf_unref(&(*in)->tracks.silence);
	buf_unref(&(*in)->avcc);
	buf_unref(&(*in)->asc);
	strbuf_free(&(*in)->raw);
	free(*in);
	*in = NULL;
}

/* ---- what is said of a chunk ---- */

/* See the head of this file; at least what is wanted. */
static void fix_target(struct intake *in, const struct segment_chunk *first)
{
	uint32_t target = hls_target_seconds((uint64_t)first->duration);
	uint32_t least = hls_target_seconds((uint64_t)in->segment_ms * 90);

	if (target < least)
		target = least;
	in->target_s = target < VIDEO_TARGET_MAX_S ? target : VIDEO_TARGET_MAX_S;
	segmenter_set_limits(in->segmenter, longest_ms(in), longest_gap_ms(in));
}

static void take_pace(struct intake *in, const struct segment_chunk *chunk)
{
	uint64_t ticks = 0;

	in->b_frames = 0;
	for (size_t i = 0; i < chunk->video.n; i++) {
		ticks += chunk->video.p[i].duration;
		if (chunk->video.p[i].cts != 0)
			in->b_frames = 2;
	}
	in->fps_num = (uint32_t)chunk->video.n * VIDEO_TIMESCALE;
	in->fps_den = ticks && ticks < UINT32_MAX ? (uint32_t)ticks : 1;
}

/* The rungs: the source as it is, and a smaller one when the source is larger than that. */
static int plan_renditions(const struct intake *in, const struct segment_chunk *chunk,
	struct video_rendition r[UPLOAD_RENDITIONS_MAX])
{
	r[0] = (struct video_rendition){ .stream = in->stream,
		.name = VIDEO_SOURCE,
		.first_sequence = (int64_t)chunk->sequence };
	if (in->avcc) {
		r[0].width = in->sps.width;
		r[0].height = in->sps.height;
		r[0].fps_num = in->fps_num;
		r[0].fps_den = in->fps_den;
	}
	if (!in->keep_rungs &&
		(!in->avcc || in->sps.width <= LADDER_HEIGHT || in->sps.height <= LADDER_HEIGHT ||
			(uint64_t)in->sps.width * in->sps.height > TRANSCODE_PIXELS_MAX))
		return 1;
	r[1] = r[0];
	snprintf(r[1].name, sizeof(r[1].name), "%dp", LADDER_HEIGHT);
	r[1].bitrate = LADDER_BITRATE;
	return 2;
}

/* The wall time of a point on the stream's line; tied anew where the line was broken. */
static int64_t wall_of(struct intake *in, const struct segment_chunk *chunk)
{
	if (!in->base_wall_ms || chunk->discontinuity) {
		in->base_start = chunk->start;
		in->base_wall_ms = clock_wall_ms() - chunk->duration / 90;
	}
	return in->base_wall_ms + (chunk->start - in->base_start) / 90;
}

/* ---- chunks ---- */

/* Keeps what the chunk after this one needs, should it not begin with a key frame. */
static void keep_lead(struct intake *in, const struct segment_chunk *chunk)
{
	size_t from = chunk->video.n;

	while (from > 0 && !chunk->video.p[from - 1].key)
		from--;
	if (from > 0) {
		from--;
		lead_clear(in);
		in->lead_lost = false;
	}
	for (size_t i = from; i < chunk->video.n && !in->lead_lost; i++) {
		struct media_sample s = chunk->video.p[i];

		buf_ref(s.data);
		media_samples_add(&in->lead, s);
		in->lead_bytes += s.data->n;
		in->lead_lost = in->lead_bytes > LEAD_BYTES_MAX || in->lead.n > LEAD_COUNT_MAX;
	}
	if (in->lead_lost)
		lead_clear(in);
}

static struct buf *write_chunk(const struct intake *in, const struct segment_chunk *chunk)
{
	struct chunk_file file = { .fps_num = in->fps_num,
		.fps_den = in->fps_den,
		.b_frames = in->b_frames,
		.audio_rate = in->asc ? in->aac.rate : 0,
		.channels = in->aac.channels,
		.avcc = buf_slice(in->avcc),
		.asc = buf_slice(in->asc),
		.video = chunk->video,
		.audio = chunk->audio };
	struct strbuf out = { 0 };

	/* Also behind a key frame that is no IDR picture, of an open GOP or an intra refresh. */
	if (!chunk->independent ||
		(chunk->video.n &&
			!avc_has_idr(buf_slice(chunk->video.p[0].data), in->length_size)))
		file.lead = in->lead;
	chunk_file_write(&out, &file);
	return buf_from_strbuf(&out);
}

static struct buf *take_raw(struct intake *in)
{
	return in->raw.n ? buf_from_strbuf(&in->raw) : NULL;
}

static void upload_chunk(struct intake *in, const struct segment_chunk *chunk)
{
	struct upload_piece piece = { .raw = take_raw(in) };

	if (in->target_s == 0)
		fix_target(in, chunk);
	in->epoch += chunk->discontinuity;
	if (in->changed) {
		take_pace(in, chunk);
		piece.rendition_count = plan_renditions(in, chunk, piece.renditions);
		in->changed = false;
	}
	piece.chunk = (struct video_chunk){ .stream = in->stream,
		.sequence = (int64_t)chunk->sequence,
		.start = chunk->start,
		.duration = chunk->duration,
		.date_ms = wall_of(in, chunk),
		.epoch = in->epoch,
		.target_s = in->target_s };
	piece.chunk_file = write_chunk(in, chunk);
	upload_add(in->upload, &piece);
	keep_lead(in, chunk);
}

static void take_chunks(struct intake *in)
{
	struct segment_chunk *chunk;

	while ((chunk = segmenter_take(in->segmenter))) {
		upload_chunk(in, chunk);
		segment_chunk_free(&chunk);
	}
}

/* Raw tags that no chunk took along. */
static void flush_raw(struct intake *in)
{
	struct upload_piece piece = { .raw = take_raw(in) };

	if (piece.raw)
		upload_add(in->upload, &piece);
}

/* ---- configurations ---- */

/* What came under the old ones is cut, and packaged with them. */
static void end_line(struct intake *in)
{
	segmenter_finish(in->segmenter);
	take_chunks(in);
}

static void set_tracks(struct intake *in)
{
	struct strbuf silence = { 0 };

	buf_unref(&in->tracks.silence);
	in->tracks = (struct segmenter_tracks){ .video = in->avcc != NULL };
	if (in->asc) {
		aac_write_silence(&silence, &in->aac);
		in->tracks.audio_rate = in->aac.rate;
		in->tracks.audio_frame = in->aac.frame_length;
		in->tracks.silence = buf_from_strbuf(&silence);
	}
	in->changed = true;
	segmenter_set_tracks(in->segmenter, &in->tracks);
}

/* ---- warnings ---- */

enum warning {
	WARN_AUDIO_CODEC,
	WARN_AUDIO_HEADER,
	WARN_AUDIO_LATE,
	WARN_VIDEO_HEADER,
	WARN_VIDEO_LATE,
	WARN_TRACKS,
	WARN_MALFORMED,
	WARN_MISSING,
	WARN_LEFT_OUT,
};

static const char *const warnings[] = {
	[WARN_AUDIO_CODEC] = "only AAC audio is taken here: the stream goes on without this sound",
	[WARN_AUDIO_HEADER] = "the AAC header is missing, malformed or of a kind that is not taken "
			      "here; such sound is left out",
	[WARN_AUDIO_LATE] = "sound that begins so long after the pictures is left out; publish "
			    "anew to have it",
	[WARN_VIDEO_HEADER] = "the AVC header is missing or malformed; such pictures are left out",
	[WARN_VIDEO_LATE] = "pictures that begin so long after the sound are left out; publish "
			    "anew to have them",
	[WARN_TRACKS] = "one track of pictures and one of sound are taken here; others are left "
			"out",
	[WARN_MALFORMED] = "malformed tags are left out",
	[WARN_MISSING] =
		"sound or pictures do not come: silence, or the last picture, stands there",
	[WARN_LEFT_OUT] =
		"pictures before a key frame, or out of time, and their sound are left out",
};

static void warn(struct intake *in, enum warning w)
{
	if (!(in->warned & 1u << w))
		in->warning = warnings[w];
	in->warned |= 1u << w;
}

static int take_video_config(struct intake *in, struct slice avcc, const char **why)
{
	struct avc_config config;
	struct avc_sps sps;

	if (avcc.n == 0 || (in->avcc && slice_eq(buf_slice(in->avcc), avcc)))
		return 0;
	if (avc_config_parse(avcc, &config) < 0 || avc_sps_parse(config.sps, &sps) < 0) {
		if (in->open) {
			warn(in, WARN_VIDEO_HEADER);
			return 0;
		}
		*why = "the AVC configuration is malformed";
		return HEARTH_EINVAL;
	}
	if (in->open && !in->avcc) {
		warn(in, WARN_VIDEO_LATE);
		return 0;
	}
	end_line(in);
	in->sps = sps;
	in->length_size = config.length_size;
	buf_unref(&in->avcc);
	in->avcc = buf_copy(avcc);
	set_tracks(in);
	return 0;
}

static void set_audio_config(struct intake *in, struct slice asc)
{
	end_line(in);
	aac_config_parse(asc, &in->aac);
	buf_unref(&in->asc);
	in->asc = buf_copy(asc);
	set_tracks(in);
}

/*
 * Another one amid pictures waits for the next key frame: what depends on the pictures before could
 * not be shown behind a seam. Until then that sound is left out, which is soon over.
 */
static void take_audio_config(struct intake *in, int64_t timestamp_ms, struct slice asc)
{
	struct aac_config config;

	if (aac_config_parse(asc, &config) < 0) {
		warn(in, WARN_AUDIO_HEADER);
		return;
	}
	buf_unref(&in->next_asc);
	if (in->asc && slice_eq(buf_slice(in->asc), asc))
		return;
	if (in->open && !in->asc) {
		warn(in, WARN_AUDIO_LATE);
	} else if (in->open && in->avcc) {
		in->next_asc = buf_copy(asc);
		in->next_asc_ms = timestamp_ms;
	} else {
		set_audio_config(in, asc);
	}
}

#define NEXT_ASC_MS 3000 /* so long it waits; then there are no pictures, or few key frames */

static void take_next_audio_config(struct intake *in)
{
	struct buf *asc = in->next_asc;

	in->next_asc = NULL;
	if (asc)
		set_audio_config(in, buf_slice(asc));
	buf_unref(&asc);
}

/* ---- tags ---- */

/* Whether a tag has nothing for us: a track beside the first, the end of a sequence, metadata. */
static bool is_idle(struct intake *in, const struct av_tag *tag)
{
	if (tag->track != 0)
		warn(in, WARN_TRACKS);
	return tag->packet == AV_PACKET_IGNORE || tag->packet == AV_PACKET_END || tag->track != 0;
}

static int take_video(struct intake *in, int64_t timestamp_ms, struct slice body, const char **why)
{
	struct av_tag tag;
	struct buf *data;
	int rc = av_tag_video(body, &tag);

	if (rc < 0) {
		warn(in, rc == HEARTH_EUNSUPPORTED ? WARN_TRACKS : WARN_MALFORMED);
		return 0;
	}
	if (is_idle(in, &tag))
		return 0;
	if (tag.codec != AV_CODEC_AVC) {
		*why = "only H.264 (AVC) video is taken here; please choose it in the encoder";
		return HEARTH_EUNSUPPORTED;
	}
	if (tag.packet == AV_PACKET_CONFIG)
		return take_video_config(in, tag.data, why);
	if (!in->avcc || tag.data.n == 0) {
		warn(in, in->avcc                             ? WARN_MALFORMED
			 : in->warned & 1u << WARN_VIDEO_LATE ? WARN_VIDEO_LATE
							      : WARN_VIDEO_HEADER);
		return 0;
	}
	if (tag.key)
		take_next_audio_config(in);
	data = buf_copy(tag.data);
	segmenter_video(in->segmenter, timestamp_ms, tag.cts_ms, tag.key, data);
	buf_unref(&data);
	return 0;
}

static int take_audio(struct intake *in, int64_t timestamp_ms, struct slice body, const char **why)
{
	struct av_tag tag;
	struct buf *data;
	int rc = av_tag_audio(body, &tag);

	/* What is wrong with sound is no reason to end the pictures. */
	if (rc < 0) {
		warn(in, rc == HEARTH_EUNSUPPORTED ? WARN_TRACKS : WARN_MALFORMED);
		return 0;
	}
	if (is_idle(in, &tag))
		return 0;
	if (tag.codec != AV_CODEC_AAC && !in->avcc) {
		*why = "only AAC audio is taken here; please choose it in the encoder";
		return HEARTH_EUNSUPPORTED;
	}
	if (tag.codec != AV_CODEC_AAC) {
		warn(in, WARN_AUDIO_CODEC);
		return 0;
	}
	if (tag.packet == AV_PACKET_CONFIG) {
		take_audio_config(in, timestamp_ms, tag.data);
		return 0;
	}
	if (tag.data.n == 0)
		return 0;
	if (in->next_asc && timestamp_ms - in->next_asc_ms > NEXT_ASC_MS)
		take_next_audio_config(in);
	if (!in->asc && !(in->warned & 1u << WARN_AUDIO_LATE))
		warn(in, WARN_AUDIO_HEADER);
	if (!in->asc || in->next_asc)
		return 0;
	data = buf_copy(tag.data);
	segmenter_audio(in->segmenter, timestamp_ms, data);
	buf_unref(&data);
	return 0;
}

static int take_av(
	struct intake *in, uint8_t type, int64_t timestamp_ms, struct slice body, const char **why)
{
	if (type == FLV_VIDEO)
		return take_video(in, timestamp_ms, body, why);
	return take_audio(in, timestamp_ms, body, why);
}

/* A configuration before the line begins. */
static int take_config(struct intake *in, uint8_t type, struct slice data, const char **why)
{
	if (type == FLV_VIDEO)
		return take_video_config(in, data, why);
	take_audio_config(in, 0, data);
	return 0;
}

/* An AudioSpecificConfig: AAC-LC, 48 kHz, two channels. */
#define SILENT_ASC SLICE("\x11\x90")

/* Where sound was, or may come, silence is where it is not; see the head of this file. */
static void promise_audio(struct intake *in)
{
	if (in->asc || !in->avcc)
		return;
	if (in->last_asc)
		set_audio_config(in, buf_slice(in->last_asc));
	else if (in->keep_audio || opening_audio_may_come(&in->opening))
		set_audio_config(in, SILENT_ASC);
}

/*
 * All tracks are known, or are not waited for any longer. The configurations go first, so that the
 * line begins with all of them.
 */
static int open_line(struct intake *in, const char **why)
{
	struct opening_tag *t;
	struct av_tag tag;
	int rc = 0;

	in->opening.over = true;
	for (t = in->opening.first; t && rc == 0; t = t->next) {
		struct slice body = buf_slice(t->body);
		bool is_config = (t->type == FLV_VIDEO ? av_tag_video(body, &tag)
						       : av_tag_audio(body, &tag)) == 0 &&
				 tag.packet == AV_PACKET_CONFIG && tag.track == 0 &&
				 tag.codec == (t->type == FLV_VIDEO ? AV_CODEC_AVC : AV_CODEC_AAC);

		/* The first of each only: others come in their place. */
		if (is_config && !(t->type == FLV_VIDEO ? in->avcc : in->asc))
			rc = take_config(in, t->type, tag.data, why);
	}
	promise_audio(in);
	in->open = in->avcc || in->asc;
	while (rc == 0 && (t = opening_take(&in->opening))) {
		rc = take_av(in, t->type, t->timestamp_ms, buf_slice(t->body), why);
		opening_tag_free(&t);
	}
	if (rc == 0 && !in->open)
		opening_again(&in->opening);
	return rc;
}

#define TELL_LEAST  10    /* a line begins with a picture: some sound before it is no loss */
#define TELL_MS     10000 /* from the first time to the second, then ever twice as long… */
#define TELL_MS_MAX 640000

/* Nothing is lost unsaid, nor is each of it worth a line. */
static void tell_losses(struct intake *in)
{
	uint64_t dropped = segmenter_dropped(in->segmenter), made = segmenter_made(in->segmenter);
	int64_t now_ms = clock_mono_ms();

	if ((dropped - in->dropped < TELL_LEAST && made == in->made) ||
		(in->told_ms && now_ms - in->told_ms < in->tell_ms))
		return;
	in->tell_ms = in->tell_ms && in->tell_ms < TELL_MS_MAX ? 2 * in->tell_ms : TELL_MS;
	if (!in->warning && made > in->made)
		warn(in, WARN_MISSING);
	else if (!in->warning)
		warn(in, WARN_LEFT_OUT);
	log_warn("video", "samples out of time were left out, or made where a track had none",
		"stream", "%lld", (long long)in->stream, "left_out", "%llu",
		(unsigned long long)(dropped - in->dropped), "made", "%llu",
		(unsigned long long)(made - in->made), NULL);
	in->dropped = dropped;
	in->made = made;
	in->told_ms = now_ms;
}

/* The end of a raw backup that has grown to its bound is the end of a tag. */
static void keep_raw_tag(struct intake *in, const struct flv_tag *tag)
{
	flv_write_tag(&in->raw, tag);
	in->raw_bytes += tag->body.n;
	if (in->raw_bytes < in->raw_max)
		return;
	in->keep_raw = false;
	in->warning = "the raw backup of this stream is full; the stream itself goes on";
}

int intake_tag(
	struct intake *in, uint8_t type, int64_t timestamp_ms, struct slice body, const char **why)
{
	const struct flv_tag tag = {
		.type = type, .timestamp_ms = (uint32_t)timestamp_ms, .body = body
	};
	int rc = 0;

	*why = "a tag is malformed";
	in->warning = NULL;
	if (in->keep_raw)
		keep_raw_tag(in, &tag);
	if (type == FLV_SCRIPT)
		opening_script(&in->opening, body);
	else if (in->opening.over)
		rc = take_av(in, type, timestamp_ms, body, why);
	else if (opening_keep(&in->opening, type, timestamp_ms, body))
		rc = open_line(in, why);
	take_chunks(in);
	tell_losses(in);
	if (in->raw.n > RAW_PIECE_MAX)
		flush_raw(in);
	if (rc == 0)
		*why = in->warning;
	return rc;
}

void intake_break(struct intake *in)
{
	const char *why;

	if (!in->opening.over)
		open_line(in, &why);
	end_line(in);
	in->told_ms = in->tell_ms = 0;
	tell_losses(in);
	flush_raw(in);
	in->open = false;
	buf_unref(&in->next_asc);
	buf_unref(&in->avcc);
	if (in->asc) {
		buf_unref(&in->last_asc);
		in->last_asc = in->asc;
		in->asc = NULL;
	}
	opening_clear(&in->opening);
	opening_init(&in->opening);
	in->warned = 0;
	set_tracks(in);
}
