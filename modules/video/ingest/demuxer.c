/*
 * demuxer.c: tags become samples.
 *
 *   OPENING (tags are kept: which tracks are there?) ──known, or waited for long enough──▶ OPEN
 *      ▲                                                                                    │
 *      └──────────────── the publisher is gone: all that came is cut ◀──────────────────────┘
 *
 * Nothing but pictures of another codec ends a stream: sound that is not taken here, tags that are
 * malformed, or whose header is missing or broken, are left out with a warning, and silence takes
 * the place of sound that was promised.
 *
 * On the loop; one tag at a time. Held are the opening's tags (opening.h) and what the segmenter
 * holds (GOP_BYTES_MAX).
 */
#include "ingest/demuxer_internal.h"

#include <stdlib.h>

#include "flv/flv_tag.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define GAP_MS_MAX    10000       /* a longer pause is a jump in time */
#define GOP_BYTES_MAX (16u << 20) /* at most twice that and a tag, and the lead: BLOB_GET_MAX */
#define NEXT_AUDIO_MS 3000 /* so long other sound waits; then there are few key frames, or none */

struct demuxer *demuxer_new(
	struct video *v, const struct video_stream *stream, bool goes_on, struct upload *upload)
{
	struct demuxer *in = mem_zalloc(sizeof(*in));
	uint32_t longest_s = stream->target_s ? (uint32_t)stream->target_s : VIDEO_TARGET_MAX_S;

	opening_init(&in->opening);
	in->stream = stream->id;
	in->keep_audio = stream->promised_audio;
	in->gops = gops_new(v, stream, goes_on, upload);
	in->segmenter = segmenter_new(
		&(struct segmenter_options){
			.target_ms = (uint32_t)v->segment_ms,
			.duration_max_ms = longest_s * 1000,
			.settles = !stream->target_s,
			.gap_max_ms = GAP_MS_MAX,
			.bytes_max = GOP_BYTES_MAX,
			.origin = stream->line_end,
			.sequence = (uint64_t)stream->last_sequence + 1,
			.discontinuity = stream->last_sequence > 0,
		},
		&in->tracks);
	return in;
}

void demuxer_free(struct demuxer **in)
{
	if (!*in)
		return;
	segmenter_free(&(*in)->segmenter);
	gops_free(&(*in)->gops);
	opening_clear(&(*in)->opening);
	codec_track_clear(&(*in)->video);
	codec_track_clear(&(*in)->audio);
	codec_track_clear(&(*in)->last_audio);
	codec_track_clear(&(*in)->next_audio);
	buf_unref(&(*in)->tracks.silence);
	free(*in);
	*in = NULL;
}

static void take_gops(struct demuxer *in)
{
	struct gop *gop;

	while ((gop = segmenter_take(in->segmenter))) {
		gops_take(in->gops, &in->video, &in->audio, gop);
		gop_free(&gop);
	}
}

/* What came under the old ones is cut, and packaged with them. */
void demuxer_end_line(struct demuxer *in)
{
	segmenter_finish(in->segmenter);
	take_gops(in);
}

/* ---- tags ---- */

/* Whether a tag has nothing for us: a track beside the first, the end of a sequence, metadata. */
static bool is_idle(struct demuxer *in, const struct av_tag *tag)
{
	if (tag->track != 0)
		demuxer_warn(in, WARN_TRACKS);
	return tag->packet == AV_PACKET_IGNORE || tag->packet == AV_PACKET_END || tag->track != 0;
}

static int take_video(struct demuxer *in, int64_t timestamp_ms, struct slice body, const char **why)
{
	const struct codec *codec;
	struct av_tag tag;
	struct buf *data;
	int rc = av_tag_video(body, &tag);

	if (rc < 0) {
		demuxer_warn(in, rc == HEARTH_EUNSUPPORTED ? WARN_TRACKS : WARN_MALFORMED);
		return 0;
	}
	if (is_idle(in, &tag))
		return 0;
	codec = codec_of(tag.codec);
	if (!codec || !codec->video) {
		*why = "only H.264 (AVC) video is taken here; please choose it in the encoder";
		return HEARTH_EUNSUPPORTED;
	}
	if (tag.packet == AV_PACKET_CONFIG)
		return demuxer_take_video_config(in, codec, tag.data, why);
	if (!in->video.codec || tag.data.n == 0) {
		demuxer_warn(in, in->video.codec ? WARN_MALFORMED : WARN_VIDEO_HEADER);
		return 0;
	}
	if (tag.key)
		demuxer_take_next_audio(in);
	data = buf_copy(tag.data);
	segmenter_video(in->segmenter, timestamp_ms, tag.cts_ms, tag.key, data);
	buf_unref(&data);
	return 0;
}

static int take_audio(struct demuxer *in, int64_t timestamp_ms, struct slice body, const char **why)
{
	const struct codec *codec;
	struct av_tag tag;
	struct buf *data;
	int rc = av_tag_audio(body, &tag);

	/* What is wrong with sound is no reason to end the pictures. */
	if (rc < 0) {
		demuxer_warn(in, rc == HEARTH_EUNSUPPORTED ? WARN_TRACKS : WARN_MALFORMED);
		return 0;
	}
	if (is_idle(in, &tag))
		return 0;
	codec = codec_of(tag.codec);
	if (!codec && !in->video.codec) {
		*why = "only AAC audio is taken here; please choose it in the encoder";
		return HEARTH_EUNSUPPORTED;
	}
	if (!codec) {
		demuxer_warn(in, WARN_AUDIO_CODEC);
		return 0;
	}
	if (tag.packet == AV_PACKET_CONFIG) {
		demuxer_take_audio_config(in, timestamp_ms, codec, tag.data);
		return 0;
	}
	if (tag.data.n == 0)
		return 0;
	if (in->next_audio.codec && timestamp_ms - in->next_audio_ms > NEXT_AUDIO_MS)
		demuxer_take_next_audio(in);
	if ((!in->audio.codec || (in->unheard && !in->next_audio.codec)) &&
		!(demuxer_has_warned(in, WARN_AUDIO_LATE)))
		demuxer_warn(in, WARN_AUDIO_HEADER);
	if (!in->audio.codec || in->unheard || in->next_audio.codec)
		return 0;
	data = buf_copy(tag.data);
	segmenter_audio(in->segmenter, timestamp_ms, data);
	buf_unref(&data);
	return 0;
}

static int take_av(
	struct demuxer *in, uint8_t type, int64_t timestamp_ms, struct slice body, const char **why)
{
	if (type == FLV_VIDEO)
		return take_video(in, timestamp_ms, body, why);
	return take_audio(in, timestamp_ms, body, why);
}

/* Takes the configuration in a tag that was kept, if it is the first one of its track. */
static int take_first_config(struct demuxer *in, const struct opening_tag *t, const char **why)
{
	bool video = t->type == FLV_VIDEO;
	struct slice body = buf_slice(t->body);
	const struct codec *codec;
	struct av_tag tag;

	if ((video ? in->video : in->audio).codec ||
		(video ? av_tag_video(body, &tag) : av_tag_audio(body, &tag)) < 0 ||
		tag.packet != AV_PACKET_CONFIG || tag.track != 0)
		return 0;
	codec = codec_of(tag.codec);
	if (!codec || codec->video != video)
		return 0;
	if (video)
		return demuxer_take_video_config(in, codec, tag.data, why);
	demuxer_take_audio_config(in, t->timestamp_ms, codec, tag.data);
	return 0;
}

/*
 * All tracks are known, or are not waited for any longer. The configurations go first, so that the
 * line begins with all of them.
 */
static int open_line(struct demuxer *in, const char **why)
{
	struct opening_tag *t;
	int rc = 0;

	in->opening.over = true;
	for (t = in->opening.first; t && rc == 0; t = t->next)
		rc = take_first_config(in, t, why);
	demuxer_promise_audio(in);
	in->open = in->video.codec || in->audio.codec;
	while (rc == 0 && (t = opening_take(&in->opening))) {
		rc = take_av(in, t->type, t->timestamp_ms, buf_slice(t->body), why);
		opening_tag_free(&t);
	}
	if (rc == 0 && !in->open)
		opening_again(&in->opening);
	return rc;
}

int demuxer_tag(
	struct demuxer *in, uint8_t type, int64_t timestamp_ms, struct slice body, const char **why)
{
	const struct flv_tag tag = {
		.type = type, .timestamp_ms = (uint32_t)timestamp_ms, .body = body
	};
	int rc = 0;

	INVARIANT(!in->open || in->opening.over);
	INVARIANT(!in->open || in->video.codec || in->audio.codec);
	*why = "a tag is malformed";
	in->warning = NULL;
	if (!gops_keep_raw(in->gops, &tag))
		demuxer_warn(in, WARN_RAW_FULL);
	if (type == FLV_SCRIPT)
		opening_script(&in->opening, body);
	else if (in->opening.over)
		rc = take_av(in, type, timestamp_ms, body, why);
	else if (opening_keep(&in->opening, type, timestamp_ms, body))
		rc = open_line(in, why);
	take_gops(in);
	demuxer_tell_losses(in);
	gops_flush_raw(in->gops, false);
	if (rc == 0)
		*why = in->warning;
	return rc;
}

void demuxer_break(struct demuxer *in)
{
	const char *why;

	if (!in->opening.over)
		open_line(in, &why);
	demuxer_end_line(in);
	in->told_ms = in->tell_ms = 0;
	demuxer_tell_losses(in);
	gops_flush_raw(in->gops, true);
	in->open = false;
	codec_track_clear(&in->next_audio);
	codec_track_clear(&in->video);
	if (in->audio.codec)
		codec_track_move(&in->last_audio, &in->audio);
	opening_clear(&in->opening);
	opening_init(&in->opening);
	in->warned = 0;
	demuxer_set_tracks(in);
}
