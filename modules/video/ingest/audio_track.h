/*
 * audio_track.h: the sound that the segmenter holds. It is counted in frames, one behind the other,
 * so that rounding to milliseconds leaves no gaps; its clock is watched apart from the pictures';
 * where nothing comes there is silence. Pure; a member of its segmenter, which bounds it by cutting.
 *
 * Two kinds of time: ticks of `rate` (dts of frames, `next`), and 90 kHz on the channel's line (all
 * else), with audio_track_time between them.
 *
 * Invariants: dts grows strictly, also over what was handed out; `next` is a frame behind the last.
 */
#ifndef VIDEO_AUDIO_TRACK_H
#define VIDEO_AUDIO_TRACK_H

#include "codec/sample.h"
#include "ingest/line_clock.h"

#define AUDIO_TRACK_LATE \
	(-1) /* instead of a place: silence, or the line before, is there already */

struct audio_track {
	struct line_clock clock;
	uint32_t rate;       /* core samples a second; 0: there is no such track */
	uint32_t frame;      /* core samples in a frame */
	struct buf *silence; /* a frame of it; NULL: what is missing is missing */
	struct media_samples samples;
	size_t cost;  /* of these, in memory */
	bool begun;   /* there is a frame since the line began; silence counts */
	bool heard;   /* one came since then */
	bool silent;  /* the last frame was made, and did not come */
	int64_t last; /* where the last frame that came lies by its clock */
	int64_t seen; /* where the pictures were when it came */
	int64_t next; /* where the next frame should be, in ticks of `rate` */
};

/* Frames of this kind from now on; a reference to `silence` is taken. Nothing may be held. */
void audio_track_set(struct audio_track *t, uint32_t rate, uint32_t frame, struct buf *silence);
/* The line begins: dts_ms lies at `origin`. */
void audio_track_begin(struct audio_track *t, int64_t dts_ms, int64_t origin);
/* Throws away the frames it holds; and all it has. */
void audio_track_drop(struct audio_track *t);
void audio_track_clear(struct audio_track *t);

/* Ticks of `rate` on the line; rounded up, so that audio_track_ticks gives back as many. */
int64_t audio_track_time(const struct audio_track *t, int64_t ticks);
int64_t audio_track_ticks(const struct audio_track *t, int64_t time);

/* Where a frame whose clock says `ticks` goes: behind the one before, unless some are missing. */
int64_t audio_track_place(const struct audio_track *t, int64_t ticks);
/* Holds a frame that came, at `ticks`; its clock says `time`. Takes a reference. */
void audio_track_add(struct audio_track *t, int64_t ticks, int64_t time, struct buf *data);
/* Silence from where sound ended (at first: from `from`) up to `until`; returns how many frames. */
uint64_t audio_track_fill(struct audio_track *t, int64_t from, int64_t until);

/* Whether sound has stopped coming, as far as pictures that have come up to `pictures` show. */
bool audio_track_has_stopped(const struct audio_track *t, int64_t pictures);
/* Where the last frame held begins; there is one. Where the next one should. */
int64_t audio_track_last(const struct audio_track *t);
int64_t audio_track_end(const struct audio_track *t);
/* How many frames lie before `time`; and moves the first `n`, with durations. */
size_t audio_track_before(const struct audio_track *t, int64_t time);
void audio_track_take(struct audio_track *t, size_t n, struct media_samples *out);

/* ---- its clock, beside pictures ---- */

/*
 * Whether a frame that would lie at `time` tells of another clock than that of the frames before
 * (or, before any came, of the pictures, which are at `pictures`): `jumped` says that it is out of
 * the line's order.
 */
bool audio_track_is_other_clock(
	const struct audio_track *t, int64_t time, int64_t pictures, bool jumped);
/*
 * For a frame of another clock: is it the pictures' (`video`) after all? Else it goes where sound
 * ended, or where the pictures are if sound has stopped. False: it is only late.
 */
bool audio_track_set_clock(struct audio_track *t, int64_t dts_ms, const struct line_clock *video,
	int64_t gop_start, int64_t pictures);

#endif
