/*
 * demuxer_internal.h: a publisher's tags on their way to samples, for the three files that do it:
 * demuxer.c (the tags), demuxer_config.c (the codecs in force), demuxer_warn.c (what the publisher is
 * told). On the loop.
 */
#ifndef VIDEO_DEMUXER_INTERNAL_H
#define VIDEO_DEMUXER_INTERNAL_H

#include "codec/codec.h"
#include "ingest/demuxer.h"
#include "ingest/gops.h"
#include "ingest/opening.h"
#include "ingest/segmenter.h"

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
	unsigned warned;        /* 1 << enum demuxer_warning: each is told once a publisher */
	uint64_t dropped, made; /* of the segmenter's, as were told in the log */
	int64_t told_ms;        /* when; monotonic */
	int64_t tell_ms;        /* and after how long again */
};

/* ---- demuxer.c ---- */

/* Cuts what came so far, and hands it on; what comes next begins a line. */
void demuxer_end_line(struct demuxer *in);

/* ---- demuxer_config.c ---- */

/* The tracks of the segmenter become those whose codecs are in force; no line is under way. */
void demuxer_set_tracks(struct demuxer *in);
/*
 * A decoder configuration came. Where pictures cannot be begun with it: HEARTH_EINVAL, and *why says
 * so; else 0, perhaps with a warning.
 */
int demuxer_take_video_config(
	struct demuxer *in, const struct codec *codec, struct slice config, const char **why);
void demuxer_take_audio_config(
	struct demuxer *in, int64_t timestamp_ms, const struct codec *codec, struct slice config);
/* Sound's other configuration that waited, if there is one, is in force from here on. */
void demuxer_take_next_audio(struct demuxer *in);
/* Where sound was, or may come, silence is where it is not. */
void demuxer_promise_audio(struct demuxer *in);

/* ---- demuxer_warn.c ---- */

enum demuxer_warning {
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

/* Tells the publisher, with the tag in hand, unless it was told that already. */
void demuxer_warn(struct demuxer *in, enum demuxer_warning w);
bool demuxer_has_warned(const struct demuxer *in, enum demuxer_warning w);
/* Warns and logs of samples that were left out or made since the last time, if it is time. */
void demuxer_tell_losses(struct demuxer *in);

#endif
