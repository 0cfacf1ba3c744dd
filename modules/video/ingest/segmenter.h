/*
 * segmenter.h: cuts a publisher's samples into GOPs that begin with a key frame and can be
 * packaged, transcoded and stored each on its own.
 *
 * Time comes in as the publisher's milliseconds and goes out on the channel's own line, which
 * begins where it is told to and only grows:
 *  - video in 90 kHz ticks; two pictures at one time are kept a tick apart;
 *  - audio counted in samples, so that rounding to milliseconds leaves no gaps, and set right when
 *    it is off by more than SEGMENTER_DRIFT_MS;
 *  - after a jump (back by more than SEGMENTER_BACK_MS, forward by more than `gap_max_ms`) the line
 *    goes on without a hole: a key frame begins a GOP that is marked as a discontinuity, other
 *    pictures go on where they were;
 *  - the clock of audio is watched by itself: where it jumps, or is farther from the video's than
 *    SEGMENTER_APART_MS, it is taken for another clock, and audio goes on where it was.
 *
 * A player stands still where one of the tracks has nothing, so each track has something in every
 * GOP: where audio is missing there is silence, and where pictures are missing the last key frame
 * stands (what follows on it then waits for another key frame).
 *
 * A GOP is cut at the first key frame from `target_ms` on; else behind `duration_max_ms`, before
 * a picture that is shown after all those before it, but at the latest SEGMENTER_OVER_MS behind it.
 * Then it depends on the GOP before, and ends at the next key frame, however short it is.
 *
 * A playlist has one EXT-X-TARGETDURATION for its whole life, which no segment's length, rounded to
 * seconds, may exceed, and players stay three of those behind. So where it `settles`, the first GOP
 * becomes the longest: from then on `duration_max_ms` is its length (at least `target_ms`) in whole
 * seconds, and what was held behind it already is cut to that.
 *
 * Pure and of one thread; GOPs are handed out to be owned by the caller.
 */
#ifndef HEARTH_VIDEO_SEGMENTER_H
#define HEARTH_VIDEO_SEGMENTER_H

#include "ingest/gop.h"

#define SEGMENTER_DRIFT_MS   50
#define SEGMENTER_BACK_MS    100
#define SEGMENTER_WAIT_MS    500  /* a track without a sample for so long has stopped */
#define SEGMENTER_LATE_MS    3000 /* a cut waits so long for audio that comes, but late */
#define SEGMENTER_APART_MS   3000
#define SEGMENTER_CTS_MAX_MS 10000 /* a picture shown farther from its time tells nothing */
#define SEGMENTER_OVER_MS    499   /* a GOP is not longer than duration_max_ms and this */

/* Which tracks there are. Without video the cuts fall between audio frames. */
struct segmenter_tracks {
	bool video;
	uint32_t audio_rate;  /* core samples a second; 0: no audio */
	uint32_t audio_frame; /* core samples in a frame: 1024 or 960 */
	struct buf *silence;  /* a frame of it; NULL: what is missing is missing. Not owned */
};

struct segmenter_options {
	uint32_t target_ms;       /* cut at the first key frame from here on, less a twentieth */
	uint32_t duration_max_ms; /* cut here at the latest, key frame or not */
	bool settles;             /* the first GOP says how long the others may be: see the head */
	uint32_t gap_max_ms;      /* a longer pause is a jump; so is one of duration_max_ms */
	size_t bytes_max;         /* cut here too: at most twice that, and a sample, is held */
	int64_t origin;           /* 90 kHz: where the first GOP begins; at least 0 */
	uint64_t sequence;        /* number of the first GOP */
	bool discontinuity;       /* the first GOP does not continue what was at `origin` */
};

struct segmenter;

struct segmenter *segmenter_new(
	const struct segmenter_options *options, const struct segmenter_tracks *tracks);
/* Throws away what has not been taken. */
void segmenter_free(struct segmenter **s);
/*
 * One sample in the order of arrival; a reference to `data` is taken when it is kept. Video before
 * the first key frame, audio before the first picture and audio that comes when silence has taken
 * its place are dropped. After each call take the GOPs that have become ready.
 */
void segmenter_video(
	struct segmenter *s, int64_t dts_ms, int32_t cts_ms, bool key, struct buf *data);
void segmenter_audio(struct segmenter *s, int64_t dts_ms, struct buf *data);
/*
 * Ends the GOP under way, because the publisher left or its codec configuration changed. What
 * comes next begins a discontinuity, on the tracks that segmenter_set_tracks may name in between.
 */
void segmenter_finish(struct segmenter *s);
void segmenter_set_tracks(struct segmenter *s, const struct segmenter_tracks *tracks);
/* The next ready GOP, to be owned by the caller, or NULL. */
struct gop *segmenter_take(struct segmenter *s);
/* Samples dropped so far; and those made for a track that had none, for the log and metrics. */
uint64_t segmenter_dropped(const struct segmenter *s);
uint64_t segmenter_made(const struct segmenter *s);

#endif
