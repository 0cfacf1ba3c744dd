/*
 * demuxer_config.c: which codecs are in force, and from when on another one is.
 *
 * A playlist promises its tracks for its whole life, and players cannot take another one up on the
 * way. So what the opening found is what there is until the publisher leaves; sound that may still
 * come begins as silence, and a track that nobody could expect is left out with a warning. Another
 * configuration of a track that is there ends the line: what came under the old one is packaged with
 * it. On the loop; at most four configurations are kept, each as long as a tag.
 */
#include "ingest/demuxer_internal.h"

#include "hearth/error.h"
#include "hearth/log.h"

void demuxer_set_tracks(struct demuxer *in)
{
	struct strbuf silence = { 0 };

	INVARIANT(!in->audio.codec || (in->audio.info.rate > 0 && in->audio.info.frame_length > 0));
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

int demuxer_take_video_config(
	struct demuxer *in, const struct codec *codec, struct slice config, const char **why)
{
	struct codec_track track = { 0 };

	INVARIANT(codec->video);
	if (config.n == 0 || codec_track_has(&in->video, codec, config))
		return 0;
	if (codec_track_set(&track, codec, config) < 0) {
		if (in->open) {
			demuxer_warn(in, WARN_VIDEO_HEADER);
			return 0;
		}
		*why = "the configuration of the pictures' codec is malformed";
		return HEARTH_EINVAL;
	}
	if (in->open && !in->video.codec) {
		demuxer_warn(in, WARN_VIDEO_LATE);
		codec_track_clear(&track);
		return 0;
	}
	demuxer_end_line(in);
	codec_track_move(&in->video, &track);
	demuxer_set_tracks(in);
	return 0;
}

static void set_audio(struct demuxer *in, struct codec_track *track)
{
	demuxer_end_line(in);
	in->unheard = false;
	codec_track_move(&in->audio, track);
	demuxer_set_tracks(in);
}

/*
 * Another one amid pictures waits for the next key frame: what depends on the pictures before could
 * not be shown behind a seam. Until then that sound is left out, which is soon over.
 */
void demuxer_take_audio_config(
	struct demuxer *in, int64_t timestamp_ms, const struct codec *codec, struct slice config)
{
	struct codec_track track = { 0 };

	INVARIANT(!codec->video);
	if (codec_track_set(&track, codec, config) < 0) {
		demuxer_warn(in, WARN_AUDIO_HEADER);
		return;
	}
	codec_track_clear(&in->next_audio);
	if (codec_track_has(&in->audio, codec, config)) {
		in->unheard = false;
		codec_track_clear(&track);
	} else if (in->open && !in->audio.codec) {
		demuxer_warn(in, WARN_AUDIO_LATE);
		codec_track_clear(&track);
	} else if (in->open && in->video.codec) {
		codec_track_move(&in->next_audio, &track);
		in->next_audio_ms = timestamp_ms;
	} else {
		set_audio(in, &track);
	}
}

void demuxer_take_next_audio(struct demuxer *in)
{
	if (in->next_audio.codec)
		set_audio(in, &in->next_audio);
}

void demuxer_promise_audio(struct demuxer *in)
{
	struct codec_track silent = { 0 };

	INVARIANT(!in->open); /* it is too late for a track */
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
