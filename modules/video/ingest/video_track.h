/*
 * video_track.h: the pictures that the segmenter holds: where one goes on the line, the last key
 * frame for a GOP that has none of its own. Times are 90 kHz ticks of the channel's line. Pure; a
 * member of its segmenter, which bounds it by cutting.
 *
 * Invariants: dts grows strictly, also over what was handed out, and none is before the origin;
 * nothing is added while `need_key` but a key frame.
 */
#ifndef VIDEO_VIDEO_TRACK_H
#define VIDEO_VIDEO_TRACK_H

#include "codec/sample.h"
#include "ingest/line_clock.h"

#define VIDEO_TRACK_DURATION 3000 /* of a lone picture: 1/30 s */

struct video_track {
	struct line_clock clock;
	struct media_samples samples; /* not handed out yet */
	size_t cost;                  /* of these, in memory */
	bool begun;                   /* a picture has come since the line began */
	int64_t last;                 /* dts of the last picture */
	int64_t shown;                /* the latest time at which a picture so far is shown */
	struct buf *still;            /* the last key frame */
	bool need_key;                /* `still` was put in: what follows must begin anew */
};

/* The line begins: dts_ms lies at `origin`. What was not handed out stays. */
void video_track_begin(struct video_track *t, int64_t dts_ms, int64_t origin);
/* Throws away the pictures it holds; all it has; and the last key frame, which may be of another codec. */
void video_track_drop(struct video_track *t);
void video_track_clear(struct video_track *t);
void video_track_forget_still(struct video_track *t);

/* The clock was set anew between pictures that belong together: this one lies behind the last. */
void video_track_set_clock(struct video_track *t, int64_t dts_ms, int64_t latest);
/*
 * The picture where it belongs: behind the last one, and not shown before the line begins. Borrows
 * the reference.
 */
struct media_sample video_track_place(
	const struct video_track *t, int64_t dts_ms, int32_t cts_ms, bool key, struct buf *data);
/* Holds it, with a reference of its own; see the head for what must hold. */
void video_track_add(struct video_track *t, struct media_sample sample);
/* Moves the first `n`, with durations; the last one stands until `end` when none is behind it. */
void video_track_take(struct video_track *t, size_t n, int64_t end, struct media_samples *out);
/* Where the last picture ends, as far as is known; there is one. */
int64_t video_track_end(const struct video_track *t);
/*
 * The last key frame once more, from `start` on and behind all that was shown: for a GOP without a
 * picture. Owned by the caller; only when there is one.
 */
struct media_sample video_track_stand(const struct video_track *t, int64_t start, int64_t duration);
/*
 * Behind that, at `end`, pictures must begin anew: throws away those held that come before a key frame, and
 * returns how many; where none is held, `need_key` says so.
 */
size_t video_track_await_key(struct video_track *t, int64_t end);

#endif
