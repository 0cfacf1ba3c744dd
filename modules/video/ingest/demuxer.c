/*
 * demuxer.c: tags become samples (demuxer.h). On the loop; one tag at a time.
 *
 * A playlist promises its tracks for its whole life, and players cannot take another one up on the
 * way. So what the opening found is what there is until the publisher leaves; sound that may still
 * come begins as silence, and a track that nobody could expect is left out with a warning.
 *
 * Nothing but pictures of another codec ends a stream: sound that is not taken here, tags that are
 * malformed, or whose header is missing or broken, are left out with a warning, and silence takes
 * the place of sound that was promised.
 */
#include "ingest/demuxer.h"

#include <stdlib.h>

#include "codec/codec.h"
#include "flv/flv_tag.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "ingest/gops.h"
#include "ingest/opening.h"
#include "ingest/segmenter.h"

#define GAP_MS_MAX    10000       /* a longer pause is a jump in time */
#define GOP_BYTES_MAX (16u << 20) /* at most twice that and a tag, and the lead: BLOB_GET_MAX */

struct demuxer {
	int64_t stream;
	struct opening opening; /* which tracks there are */
	struct segmenter *segmenter;
	struct segmenter_tracks tracks;
	struct gops *gops;

	struct codec_track video, audio; /* in force */
	struct codec_track last_audio; /* of the publisher before: without sound, silence goes on */
	struct codec_track next_audio; /* to be in force from the next key frame on */
	int64_t next_audio_ms;         /* when it came; the publisher's time */
	bool unheard;                  /* `audio` is a promise: its header has not come */
	bool open;                     /* the line has begun: no other track may come */
	bool keep_audio;               /* the playlist promises it, whatever comes */

	const char *warning;    /* for the publisher, with this tag */
	unsigned warned;        /* 1 << enum warning: each is told once a publisher */
	uint64_t dropped, made; /* of the segmenter's, as were told in the log */
	int64_t told_ms;        /* when; monotonic */
	int64_t tell_ms;        /* and after how long again */
};

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

/* ---- configurations ---- */

/* What came under the old ones is cut, and packaged with them. */
static void end_line(struct demuxer *in)
{
	segmenter_finish(in->segmenter);
	take_gops(in);
}

static void set_tracks(struct demuxer *in)
{
	struct strbuf silence = { 0 };

	buf_unref(&in->tracks.silence);
	in->tracks = (struct segmenter_tracks){ .video = in->video.codec != NULL };
	if (in->audio.codec) {
		in->audio.codec->write_silence(buf_slice(in->audio.config), &silence);
		in->tracks.audio_rate = in->audio.info.rate;
		in->tracks.audio_frame = in->audio.info.frame_length;
		in->tracks.silence = buf_from_strbuf(&silence);
	}
	gops_changed(in->gops);
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
	WARN_RAW_FULL,
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
	[WARN_RAW_FULL] = "the raw backup of this stream is full; the stream itself goes on",
};

static void warn(struct demuxer *in, enum warning w)
{
	if (!(in->warned & 1u << w))
		in->warning = warnings[w];
	in->warned |= 1u << w;
}

static int take_video_config(
	struct demuxer *in, const struct codec *codec, struct slice config, const char **why)
{
	struct codec_track track = { 0 };

	if (config.n == 0 || codec_track_has(&in->video, codec, config))
		return 0;
	if (codec_track_set(&track, codec, config) < 0) {
		if (in->open) {
			warn(in, WARN_VIDEO_HEADER);
			return 0;
		}
		*why = "the configuration of the pictures' codec is malformed";
		return HEARTH_EINVAL;
	}
	if (in->open && !in->video.codec) {
		warn(in, WARN_VIDEO_LATE);
		codec_track_clear(&track);
		return 0;
	}
	end_line(in);
	codec_track_move(&in->video, &track);
	set_tracks(in);
	return 0;
}

static void set_audio(struct demuxer *in, struct codec_track *track)
{
	end_line(in);
	in->unheard = false;
	codec_track_move(&in->audio, track);
	set_tracks(in);
}

/*
 * Another one amid pictures waits for the next key frame: what depends on the pictures before could
 * not be shown behind a seam. Until then that sound is left out, which is soon over.
 */
static void take_audio_config(
	struct demuxer *in, int64_t timestamp_ms, const struct codec *codec, struct slice config)
{
	struct codec_track track = { 0 };

	if (codec_track_set(&track, codec, config) < 0) {
		warn(in, WARN_AUDIO_HEADER);
		return;
	}
	codec_track_clear(&in->next_audio);
	if (codec_track_has(&in->audio, codec, config)) {
		in->unheard = false;
		codec_track_clear(&track);
	} else if (in->open && !in->audio.codec) {
		warn(in, WARN_AUDIO_LATE);
		codec_track_clear(&track);
	} else if (in->open && in->video.codec) {
		codec_track_move(&in->next_audio, &track);
		in->next_audio_ms = timestamp_ms;
	} else {
		set_audio(in, &track);
	}
}

#define NEXT_AUDIO_MS 3000 /* so long it waits; then there are no pictures, or few key frames */

static void take_next_audio(struct demuxer *in)
{
	if (in->next_audio.codec)
		set_audio(in, &in->next_audio);
}

/* ---- tags ---- */

/* Whether a tag has nothing for us: a track beside the first, the end of a sequence, metadata. */
static bool is_idle(struct demuxer *in, const struct av_tag *tag)
{
	if (tag->track != 0)
		warn(in, WARN_TRACKS);
	return tag->packet == AV_PACKET_IGNORE || tag->packet == AV_PACKET_END || tag->track != 0;
}

static int take_video(struct demuxer *in, int64_t timestamp_ms, struct slice body, const char **why)
{
	const struct codec *codec;
	struct av_tag tag;
	struct buf *data;
	int rc = av_tag_video(body, &tag);

	if (rc < 0) {
		warn(in, rc == HEARTH_EUNSUPPORTED ? WARN_TRACKS : WARN_MALFORMED);
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
		return take_video_config(in, codec, tag.data, why);
	if (!in->video.codec || tag.data.n == 0) {
		warn(in, in->video.codec ? WARN_MALFORMED : WARN_VIDEO_HEADER);
		return 0;
	}
	if (tag.key)
		take_next_audio(in);
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
		warn(in, rc == HEARTH_EUNSUPPORTED ? WARN_TRACKS : WARN_MALFORMED);
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
		warn(in, WARN_AUDIO_CODEC);
		return 0;
	}
	if (tag.packet == AV_PACKET_CONFIG) {
		take_audio_config(in, timestamp_ms, codec, tag.data);
		return 0;
	}
	if (tag.data.n == 0)
		return 0;
	if (in->next_audio.codec && timestamp_ms - in->next_audio_ms > NEXT_AUDIO_MS)
		take_next_audio(in);
	if ((!in->audio.codec || (in->unheard && !in->next_audio.codec)) &&
		!(in->warned & 1u << WARN_AUDIO_LATE))
		warn(in, WARN_AUDIO_HEADER);
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

/* Where sound was, or may come, silence is where it is not; see the head of this file. */
static void promise_audio(struct demuxer *in)
{
	struct codec_track silent = { 0 };

	if (in->audio.codec || !in->video.codec)
		return;
	if (in->last_audio.codec) {
		set_audio(in, &in->last_audio);
	} else if ((in->keep_audio || opening_audio_may_come(&in->opening)) &&
		   codec_track_set_silent(&silent) == 0) {
		set_audio(in, &silent);
	}
	in->unheard = in->audio.codec != NULL;
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
		return take_video_config(in, codec, tag.data, why);
	take_audio_config(in, t->timestamp_ms, codec, tag.data);
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
	promise_audio(in);
	in->open = in->video.codec || in->audio.codec;
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
static void tell_losses(struct demuxer *in)
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

int demuxer_tag(
	struct demuxer *in, uint8_t type, int64_t timestamp_ms, struct slice body, const char **why)
{
	const struct flv_tag tag = {
		.type = type, .timestamp_ms = (uint32_t)timestamp_ms, .body = body
	};
	int rc = 0;

	*why = "a tag is malformed";
	in->warning = NULL;
	if (!gops_keep_raw(in->gops, &tag))
		warn(in, WARN_RAW_FULL);
	if (type == FLV_SCRIPT)
		opening_script(&in->opening, body);
	else if (in->opening.over)
		rc = take_av(in, type, timestamp_ms, body, why);
	else if (opening_keep(&in->opening, type, timestamp_ms, body))
		rc = open_line(in, why);
	take_gops(in);
	tell_losses(in);
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
	end_line(in);
	in->told_ms = in->tell_ms = 0;
	tell_losses(in);
	gops_flush_raw(in->gops, true);
	in->open = false;
	codec_track_clear(&in->next_audio);
	codec_track_clear(&in->video);
	if (in->audio.codec)
		codec_track_move(&in->last_audio, &in->audio);
	opening_clear(&in->opening);
	opening_init(&in->opening);
	in->warned = 0;
	set_tracks(in);
}
