/*
 * segmenter.c: the publisher's clocks, and the channel's line: where samples lie on it (video_track.c,
 * audio_track.c), when it is broken; what lies on it is cut into GOPs (gop_cutter.c).
 *
 *   waiting ──first sample (a key frame)──▶ running ──finish, or a jump in time──▶ waiting
 *
 * While it waits nothing is held: what came before has been handed out. The next line begins where
 * the one before ended, as a discontinuity.
 *
 * Pure; a sample costs the same however many are held.
 */
#include "ingest/segmenter.h"

#include "hearth/arena.h"
#include "hearth/log.h"
#include "ingest/gop_cutter.h"

#include <stdlib.h>

struct segmenter {
	struct gop_cutter cutter;
	uint32_t gap_max_ms;
	bool running;
	int64_t origin; /* where the line began, or will */
};

struct segmenter *segmenter_new(
	const struct segmenter_options *options, const struct segmenter_tracks *tracks)
{
	struct segmenter *s = mem_zalloc(sizeof(*s));

	INVARIANT(options->origin >= 0);
	gop_cutter_init(&s->cutter);
	s->cutter.target_ms = options->target_ms;
	s->cutter.duration_max_ms = options->duration_max_ms;
	s->cutter.settles = options->settles;
	s->cutter.bytes_max = options->bytes_max;
	s->cutter.sequence = options->sequence;
	s->cutter.discontinuity = options->discontinuity;
	s->origin = options->origin;
	s->gap_max_ms = options->gap_max_ms;
	segmenter_set_tracks(s, tracks);
	return s;
}

void segmenter_free(struct segmenter **s)
{
	if (!*s)
		return;
	gop_cutter_clear(&(*s)->cutter);
	free(*s);
	*s = NULL;
}

void segmenter_set_tracks(struct segmenter *s, const struct segmenter_tracks *tracks)
{
	struct gop_cutter *c = &s->cutter;

	INVARIANT(!s->running);
	c->has_video = tracks->video;
	c->has_audio = tracks->audio_rate > 0;
	audio_track_set(&c->audio, tracks->audio_rate, tracks->audio_frame, tracks->silence);
	video_track_forget_still(&c->video); /* of another codec, perhaps */
}

uint64_t segmenter_dropped(const struct segmenter *s)
{
	return s->cutter.dropped;
}

uint64_t segmenter_made(const struct segmenter *s)
{
	return s->cutter.made;
}

struct gop *segmenter_take(struct segmenter *s)
{
	return gop_cutter_take(&s->cutter);
}

/* ---- the line ---- */

/* The latest time seen on either track. */
static int64_t latest(const struct gop_cutter *c)
{
	int64_t t = c->start;

	if (c->video.begun && c->video.last > t)
		t = c->video.last;
	if (c->audio.begun && c->audio.last > t)
		t = c->audio.last;
	return t;
}

/* Whether a sample at `t` is out of the line's order, on a track whose last one was at `last`. */
static bool is_jump(const struct segmenter *s, bool begun, int64_t last, int64_t t)
{
	uint32_t longest_ms = s->cutter.duration_max_ms;
	int64_t gap_max_ms = s->gap_max_ms < longest_ms ? s->gap_max_ms : longest_ms;

	return (begun && t < last - SEGMENTER_BACK_MS * LINE_TICKS_PER_MS) ||
	       t > latest(&s->cutter) + gap_max_ms * LINE_TICKS_PER_MS;
}

static void begin_line(struct segmenter *s, int64_t dts_ms)
{
	INVARIANT(!s->running);
	gop_cutter_begin(&s->cutter, dts_ms, s->origin);
	s->running = true;
}

void segmenter_finish(struct segmenter *s)
{
	int64_t end;

	if (!s->running)
		return;
	end = gop_cutter_finish(&s->cutter);
	INVARIANT(end >= s->origin);
	s->cutter.discontinuity = true;
	s->origin = end;
	s->running = false;
}

/* ---- samples ---- */

void segmenter_video(
	struct segmenter *s, int64_t dts_ms, int32_t cts_ms, bool key, struct buf *data)
{
	struct gop_cutter *c = &s->cutter;
	struct video_track *t = &c->video;
	struct media_sample picture;
	bool early;

	if (cts_ms > SEGMENTER_CTS_MAX_MS || cts_ms < -SEGMENTER_CTS_MAX_MS)
		cts_ms = 0;
	if (s->running && is_jump(s, t->begun, t->last, line_clock_time(&t->clock, dts_ms))) {
		if (key || !t->begun)
			segmenter_finish(s);
		else
			video_track_set_clock(t, dts_ms, latest(c));
	}
	if (!c->has_video || ((!s->running || t->need_key) && !key)) {
		c->dropped++;
		return;
	}
	if (!s->running)
		begin_line(s, dts_ms);
	picture = video_track_place(t, dts_ms, cts_ms, key, data);
	early = t->begun && picture.dts + picture.cts < t->shown;
	gop_cutter_before(c, picture.dts,
		key     ? GOP_PLACE_GOOD
		: early ? GOP_PLACE_POOR
			: GOP_PLACE_FAIR);
	if (t->need_key && !key) { /* the cut has put a key frame between it and what it needs */
		c->dropped++;
		return;
	}
	/* After a pause the first picture stands from where its GOP begins. */
	if (t->begun && !gop_cutter_has_picture(c) &&
		picture.dts > gop_cutter_under_way(c) + SEGMENTER_WAIT_MS * LINE_TICKS_PER_MS)
		picture.dts = gop_cutter_under_way(c);
	video_track_add(t, picture);
	gop_cutter_after(c);
}

/* Where a frame goes whose clock says `time`, in its own ticks; negative: nowhere any more. */
static int64_t place_audio(struct segmenter *s, int64_t time)
{
	struct gop_cutter *c = &s->cutter;
	int64_t drift = (int64_t)c->audio.rate * SEGMENTER_DRIFT_MS / 1000;
	int64_t ticks = audio_track_ticks(&c->audio, time);

	if (!c->audio.begun && time < s->origin)
		return AUDIO_TRACK_LATE;
	/* The first pictures of a reordered stream are shown later than they are decoded. */
	if (!c->audio.begun && time <= c->start + SEGMENTER_WAIT_MS * LINE_TICKS_PER_MS)
		return ticks;
	if (c->has_video) /* whole frames only: the last one stands a little longer */
		gop_cutter_fill_audio(c, audio_track_time(&c->audio, ticks - drift));
	return audio_track_place(&c->audio, ticks);
}

/*
 * Whether a frame of sound may cut: cuts fall on pictures, unless there are none, or none any more,
 * or memory is far over its bound.
 */
static bool audio_leads(const struct gop_cutter *c, int64_t time)
{
	return !c->has_video || time > c->video.last + SEGMENTER_WAIT_MS * LINE_TICKS_PER_MS ||
	       gop_cutter_held(c) >= 2 * c->bytes_max;
}

/* Follows another clock where the frame tells of one; false: the frame is only late. */
static bool follow_audio_clock(struct segmenter *s, int64_t dts_ms)
{
	struct gop_cutter *c = &s->cutter;
	int64_t time = line_clock_time(&c->audio.clock, dts_ms);

	if (!s->running)
		return true;
	if (!c->has_video) {
		if (is_jump(s, c->audio.begun, c->audio.last, time))
			segmenter_finish(s);
		return true;
	}
	if (!audio_track_is_other_clock(
		    &c->audio, time, c->video.last, is_jump(s, true, c->audio.last, time)))
		return true;
	return audio_track_set_clock(&c->audio, dts_ms, &c->video.clock, c->start, c->video.last);
}

void segmenter_audio(struct segmenter *s, int64_t dts_ms, struct buf *data)
{
	struct gop_cutter *c = &s->cutter;
	bool follows = follow_audio_clock(s, dts_ms);
	int64_t time, ticks;

	/* Where there are pictures, they say where the line begins. */
	if (!c->has_audio || !follows || (c->has_video && !s->running)) {
		c->dropped++;
		return;
	}
	if (!s->running)
		begin_line(s, dts_ms);
	time = line_clock_time(&c->audio.clock, dts_ms);
	c->audio.seen = c->video.last;
	ticks = place_audio(s, time);
	if (ticks < 0) {
		c->dropped++;
		return;
	}
	if (audio_leads(c, audio_track_time(&c->audio, ticks)))
		gop_cutter_before(c, audio_track_time(&c->audio, ticks),
			c->has_video ? GOP_PLACE_FAIR : GOP_PLACE_GOOD);
	audio_track_add(&c->audio, ticks, time, data);
	gop_cutter_after(c);
}
