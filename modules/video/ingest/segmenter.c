/*
 * segmenter.c: see the header for what goes in and comes out.
 *
 *	waiting --first sample (a key frame)--> running --sample to cut at--> cutting
 *	   ^                                       ^                            |
 *	   +---- finish, or a jump in time --------+---- audio has caught up ---+
 *
 * While cutting, samples go on to be collected behind the cut: the GOP is handed out when audio
 * has come up to it, has stopped coming, or has been late for SEGMENTER_LATE_MS.
 *
 * Invariants:
 *  1. Video is in order of strictly growing dts, audio too.
 *  2. While cutting, the first `cut_video` pictures lie before `cut_time`.
 *  3. `held` is the cost of all samples in both lists.
 *  4. A GOP begins where the one before ended; a track that came later than the wait may reach
 *     back before that, but never behind its own last sample.
 *  5. Every picture of the GOP under way is less than `duration_max_ms` behind its beginning.
 */
#include "ingest/segmenter.h"

#include "hearth/arena.h"
#include "hearth/log.h"

#include <stdlib.h>

#define TICKS_PER_MS   INT64_C(90) /* of VIDEO_TIMESCALE */
#define SAMPLE_COST    128  /* memory of a sample besides its bytes, so that empty ones count */
#define VIDEO_DURATION 3000 /* of a lone picture: 1/30 s */

struct segmenter {
	struct segmenter_options options;
	struct segmenter_tracks tracks;
	bool running;
	bool discontinuity;    /* to be marked on the next GOP */
	int64_t base_ms;       /* the publisher's time that lies at `origin`: of video… */
	int64_t audio_base_ms; /* …and of audio */
	int64_t origin;
	int64_t gop_start;
	struct media_samples video, audio;
	bool have_video, have_audio; /* since running; silence counts */
	bool heard;                  /* since running: audio that came */
	bool silent;                 /* the last audio frame was made, and did not come */
	struct buf *still;           /* the last key frame */
	bool need_key;               /* `still` was put in: what follows must begin anew */
	int64_t video_last;          /* dts of the last picture */
	int64_t video_shown;         /* the latest time at which a picture so far is shown */
	int64_t audio_last;          /* publisher's time of the last audio frame on the line */
	int64_t audio_seen;          /* where the video was when it came */
	int64_t audio_next;          /* where the next audio frame should be, in its own ticks */
	bool cutting;
	int64_t cut_time;
	size_t cut_video;
	size_t held;
	uint64_t dropped, made;
	struct gop *ready, **ready_tail;
};

struct segmenter *segmenter_new(
	const struct segmenter_options *options, const struct segmenter_tracks *tracks)
{
	struct segmenter *s = mem_zalloc(sizeof(*s));

	INVARIANT(options->origin >= 0);
	s->options = *options;
	s->origin = options->origin;
	s->discontinuity = options->discontinuity;
	segmenter_set_limits(s, options->duration_max_ms, options->gap_max_ms);
	s->ready_tail = &s->ready;
	segmenter_set_tracks(s, tracks);
	return s;
}

void segmenter_free(struct segmenter **s)
{
	struct gop *gop;

	if (!*s)
		return;
	while ((gop = segmenter_take(*s)))
		gop_free(&gop);
	media_samples_clear(&(*s)->video);
	media_samples_clear(&(*s)->audio);
	buf_unref(&(*s)->still);
	buf_unref(&(*s)->tracks.silence);
	free(*s);
	*s = NULL;
}

void segmenter_set_tracks(struct segmenter *s, const struct segmenter_tracks *tracks)
{
	struct buf *silence = tracks->silence ? buf_ref(tracks->silence) : NULL;

	INVARIANT(!s->running && (!tracks->audio_rate || tracks->audio_frame));
	buf_unref(&s->tracks.silence);
	s->tracks = *tracks;
	s->tracks.silence = silence;
	buf_unref(&s->still); /* of other codecs, perhaps */
}

void segmenter_set_limits(struct segmenter *s, uint32_t duration_max_ms, uint32_t gap_max_ms)
{
	INVARIANT(gap_max_ms <= duration_max_ms);
	s->options.duration_max_ms = duration_max_ms;
	s->options.gap_max_ms = gap_max_ms;
}

uint64_t segmenter_dropped(const struct segmenter *s)
{
	return s->dropped;
}

uint64_t segmenter_made(const struct segmenter *s)
{
	return s->made;
}

struct gop *segmenter_take(struct segmenter *s)
{
	struct gop *gop = s->ready;

	if (!gop)
		return NULL;
	s->ready = gop->next;
	if (!s->ready)
		s->ready_tail = &s->ready;
	gop->next = NULL;
	return gop;
}

void gop_free(struct gop **gop)
{
	if (!*gop)
		return;
	media_samples_clear(&(*gop)->video);
	media_samples_clear(&(*gop)->audio);
	free(*gop);
	*gop = NULL;
}

/* --- time ---------------------------------------------------------------------------------- */

/* The publisher's time on the channel's line, by the clock that has `base_ms` at its origin. */
static int64_t line_time(const struct segmenter *s, int64_t base_ms, int64_t dts_ms)
{
	return (dts_ms - base_ms) * TICKS_PER_MS + s->origin;
}

static int64_t audio_ticks(const struct segmenter *s, int64_t time)
{
	return time * s->tracks.audio_rate / VIDEO_TIMESCALE;
}

/* Rounded up, so that audio_ticks gives back at least `ticks`. */
static int64_t audio_time(const struct segmenter *s, int64_t ticks)
{
	INVARIANT(s->tracks.audio_rate > 0);
	return (ticks * VIDEO_TIMESCALE + s->tracks.audio_rate - 1) / s->tracks.audio_rate;
}

/* The latest time seen on either track. */
static int64_t latest(const struct segmenter *s)
{
	int64_t t = s->gop_start;

	if (s->have_video && s->video_last > t)
		t = s->video_last;
	if (s->have_audio && s->audio_last > t)
		t = s->audio_last;
	return t;
}

static bool is_jump(const struct segmenter *s, bool have, int64_t last, int64_t t)
{
	return (have && t < last - SEGMENTER_BACK_MS * TICKS_PER_MS) ||
	       t > latest(s) + (int64_t)s->options.gap_max_ms * TICKS_PER_MS;
}

/* --- GOPs -------------------------------------------------------------------------------- */

/* Fills in the durations of the first `n` samples of `list`; `fallback` is for a lone one. */
static void set_durations(struct media_samples *list, size_t n, uint32_t fallback)
{
	for (size_t i = 0; i < n; i++) {
		if (i + 1 < list->n)
			list->p[i].duration = (uint32_t)(list->p[i + 1].dts - list->p[i].dts);
		else
			list->p[i].duration = i ? list->p[i - 1].duration : fallback;
	}
}

static size_t samples_bytes(const struct media_samples *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += list->p[i].data->n;
	return n;
}

/* How many audio frames lie before `time`. */
static size_t audio_before(const struct segmenter *s, int64_t time)
{
	size_t n = 0;

	while (n < s->audio.n && audio_time(s, s->audio.p[n].dts) < time)
		n++;
	return n;
}

static void hold(struct segmenter *s, struct media_samples *list, struct media_sample sample)
{
	s->held += sample.data->n + SAMPLE_COST;
	buf_ref(sample.data);
	media_samples_add(list, sample);
}

/* Frames of silence from where audio ended, as many as begin before `time`. */
static void make_silence(struct segmenter *s, int64_t time)
{
	if (!s->tracks.silence)
		return;
	if (!s->have_audio) {
		s->have_audio = true;
		s->audio_last = s->gop_start;
		s->audio_next = audio_ticks(s, s->gop_start + 1) + (s->gop_start > 0);
	}
	for (; audio_time(s, s->audio_next) < time; s->audio_next += s->tracks.audio_frame) {
		hold(s, &s->audio,
			(struct media_sample){
				.dts = s->audio_next, .key = true, .data = s->tracks.silence });
		s->silent = true;
		s->made++;
	}
}

/* Whether audio has stopped coming, as far as the video shows. */
static bool audio_stopped(const struct segmenter *s)
{
	return s->video_last - s->audio_seen >= SEGMENTER_WAIT_MS * TICKS_PER_MS;
}

/* The GOP has no picture of its own: the last key frame stands, behind all that was shown. */
static void put_still(struct segmenter *s, struct gop *c)
{
	struct media_sample still = { .dts = c->start,
		.duration = (uint32_t)c->duration,
		.key = true,
		.data = buf_ref(s->still) };

	if (s->video_shown >= c->start)
		still.cts = (int32_t)(s->video_shown + 1 - c->start);
	media_samples_add(&c->video, still);
	c->bytes += still.data->n;
	s->need_key = true;
	s->made++;
}

/*
 * Hands out the pictures before the cut and `audio` frames; with neither, the GOP under way just
 * goes on.
 */
static void hand_out(struct segmenter *s, size_t audio)
{
	struct gop *c;

	s->cutting = false;
	if (!s->cut_video && !audio)
		return;
	c = mem_zalloc(sizeof(*c));
	set_durations(&s->video, s->cut_video, VIDEO_DURATION);
	set_durations(&s->audio, audio, s->tracks.audio_frame);
	if (s->cut_video && s->cut_video == s->video.n) /* it stands until the cut */
		s->video.p[s->cut_video - 1].duration =
			(uint32_t)(s->cut_time - s->video.p[s->cut_video - 1].dts);
	media_samples_move(&c->video, &s->video, s->cut_video);
	media_samples_move(&c->audio, &s->audio, audio);
	c->sequence = s->options.sequence++;
	c->start = s->gop_start;
	c->duration = s->cut_time - s->gop_start;
	c->discontinuity = s->discontinuity;
	c->bytes = samples_bytes(&c->video) + samples_bytes(&c->audio);
	s->held -= c->bytes + (c->video.n + c->audio.n) * SAMPLE_COST;
	if (s->tracks.video && !c->video.n && s->still)
		put_still(s, c);
	c->independent = !c->video.n || c->video.p[0].key;
	s->discontinuity = false;
	s->gop_start = s->cut_time;
	*s->ready_tail = c;
	s->ready_tail = &c->next;
}

/* Whether the cut has waited for audio for so long. */
static bool has_waited(const struct segmenter *s, int64_t ms)
{
	return s->video_last - s->cut_time >= ms * TICKS_PER_MS;
}

static void release(struct segmenter *s)
{
	if (s->tracks.audio_rate && s->tracks.video &&
		(audio_stopped(s) || has_waited(s, SEGMENTER_LATE_MS)))
		make_silence(s, s->cut_time);
	hand_out(s, audio_before(s, s->cut_time));
}

/* Whether audio has come up to the cut; where none was announced there is nothing to wait for. */
static bool audio_at_cut(const struct segmenter *s)
{
	if (!s->audio.n)
		return !s->tracks.silence;
	return audio_time(s, s->audio.p[s->audio.n - 1].dts) >= s->cut_time;
}

static void release_when_ready(struct segmenter *s)
{
	if (!s->cutting)
		return;
	if (audio_at_cut(s) || (audio_stopped(s) && has_waited(s, SEGMENTER_WAIT_MS)) ||
		has_waited(s, SEGMENTER_LATE_MS))
		release(s);
}

/* Begins a cut at `time`, behind all pictures and before the sample that is about to be added. */
static void cut(struct segmenter *s, int64_t time)
{
	if (s->cutting)
		release(s);
	s->cutting = true;
	s->cut_time = s->video.n && time <= s->video_last ? s->video_last + 1 : time;
	s->cut_video = s->video.n;
}

/* Where the GOP under way begins: what comes now lies in it. */
static int64_t under_way(const struct segmenter *s)
{
	return s->cutting ? s->cut_time : s->gop_start;
}

/* How long it may be. */
static int64_t longest(const struct segmenter *s)
{
	return ((int64_t)s->options.duration_max_ms + SEGMENTER_OVER_MS) * TICKS_PER_MS;
}

/* Whether it begins with a picture that needs those before. */
static bool depends(const struct segmenter *s)
{
	size_t first = s->cutting ? s->cut_video : 0;

	return first < s->video.n && !s->video.p[first].key;
}

/* How well a sample would begin a GOP. */
enum place {
	POOR, /* shown before pictures that came before it */
	FAIR,
	GOOD, /* a key frame, or audio alone */
};

/* Whether a sample at `time` should begin a new GOP. */
static bool wants_cut(const struct segmenter *s, int64_t time, enum place place)
{
	int64_t length = time - under_way(s);
	int64_t target = (int64_t)s->options.target_ms * TICKS_PER_MS;

	if (length <= 0)
		return false;
	/* A twentieth less: key frames every 2 s fall on 1.999 s as often as not. */
	if (place == GOOD && (length >= target - target / 20 || depends(s)))
		return true;
	if (length >= longest(s) || s->held >= s->options.bytes_max)
		return true;
	return length >= (int64_t)s->options.duration_max_ms * TICKS_PER_MS && place != POOR;
}

static void start(struct segmenter *s, int64_t dts_ms)
{
	s->running = true;
	s->base_ms = s->audio_base_ms = dts_ms;
	s->gop_start = s->audio_seen = s->video_shown = s->origin;
	s->have_video = s->have_audio = s->heard = s->silent = s->need_key = false;
}

void segmenter_finish(struct segmenter *s)
{
	int64_t end = s->gop_start;

	if (!s->running)
		return;
	if (s->cutting)
		release(s);
	set_durations(&s->video, s->video.n, VIDEO_DURATION);
	if (s->video.n)
		end = s->video_last + s->video.p[s->video.n - 1].duration;
	if (s->audio.n && audio_time(s, s->audio_next) > end)
		end = audio_time(s, s->audio_next);
	if (end > s->gop_start + longest(s))
		end = s->gop_start + longest(s);
	if (s->tracks.audio_rate && s->tracks.video && audio_stopped(s))
		make_silence(s, end);
	if (end > s->gop_start) {
		cut(s, end);
		hand_out(s, s->audio.n);
	}
	s->running = false;
	s->discontinuity = true;
	s->origin = end;
}

/* --- samples ------------------------------------------------------------------------------- */

/*
 * Before a sample is held: ends the GOP where it has to, or earlier when the sample comes too
 * late for it after a pause. A full segmenter does not wait for audio.
 */
static void cut_before(struct segmenter *s, int64_t time, enum place place)
{
	int64_t latest_end;

	if (s->cutting && s->held >= s->options.bytes_max)
		release(s);
	if (!wants_cut(s, time, place))
		return;
	latest_end = under_way(s) + longest(s);
	cut(s, time < latest_end ? time : latest_end);
}

/* Whether the GOP under way has a picture. */
static bool has_picture(const struct segmenter *s)
{
	return s->video.n > (s->cutting ? s->cut_video : 0);
}

static void keep_still(struct segmenter *s, struct buf *data)
{
	buf_ref(data);
	buf_unref(&s->still);
	s->still = data;
}

/* The clock was set anew between pictures that belong together: this one follows the last. */
static void set_video_clock(struct segmenter *s, int64_t dts_ms)
{
	size_t n = s->video.n;
	int64_t usual = VIDEO_DURATION;
	int64_t step = n > 1 ? s->video.p[n - 1].dts - s->video.p[n - 2].dts : usual;
	int64_t here = s->video_last + (step < 3 * usual ? step : usual);

	if (latest(s) > here + SEGMENTER_WAIT_MS * TICKS_PER_MS)
		here = latest(s); /* audio went on */
	s->base_ms = dts_ms - (here - s->origin) / TICKS_PER_MS;
}

void segmenter_video(
	struct segmenter *s, int64_t dts_ms, int32_t cts_ms, bool key, struct buf *data)
{
	int32_t cts;
	int64_t t;

	if (cts_ms > SEGMENTER_CTS_MAX_MS || cts_ms < -SEGMENTER_CTS_MAX_MS)
		cts_ms = 0;
	if (s->running &&
		is_jump(s, s->have_video, s->video_last, line_time(s, s->base_ms, dts_ms))) {
		if (key || !s->have_video)
			segmenter_finish(s);
		else
			set_video_clock(s, dts_ms);
	}
	if (!s->tracks.video || ((!s->running || s->need_key) && !key)) {
		s->dropped++;
		return;
	}
	if (!s->running)
		start(s, dts_ms);
	t = line_time(s, s->base_ms, dts_ms);
	if (s->have_video && t <= s->video_last)
		t = s->video_last + 1;
	cts = (int32_t)(cts_ms * TICKS_PER_MS);
	if (t + cts < s->origin) /* a player has no time before its beginning */
		cts = (int32_t)(s->origin - t);
	cut_before(s, t, key ? GOOD : s->have_video && t + cts < s->video_shown ? POOR : FAIR);
	/* After a pause the first picture stands from where its GOP begins. */
	if (s->have_video && !has_picture(s) && t > under_way(s) + SEGMENTER_WAIT_MS * TICKS_PER_MS)
		t = under_way(s);
	if (key)
		keep_still(s, data);
	s->need_key = false;
	hold(s, &s->video, (struct media_sample){ .dts = t, .cts = cts, .key = key, .data = data });
	if (!s->have_video || t + cts > s->video_shown)
		s->video_shown = t + cts;
	s->have_video = true;
	s->video_last = t;
	release_when_ready(s);
}

/*
 * Where the audio frame goes, in its own ticks: behind the one before, unless the clocks have
 * drifted apart or frames are missing. -1: silence is there already.
 */
static int64_t place_audio(struct segmenter *s, int64_t t)
{
	int64_t drift = (int64_t)s->tracks.audio_rate * SEGMENTER_DRIFT_MS / 1000;
	int64_t ticks = audio_ticks(s, t), off;

	/* The first pictures of a reordered stream are shown later than they are decoded. */
	if (!s->have_audio && t <= s->gop_start + SEGMENTER_WAIT_MS * TICKS_PER_MS)
		return ticks;
	if (s->tracks.video) /* whole frames only: the last one stands a little longer */
		make_silence(s, audio_time(s, ticks - drift));
	if (!s->have_audio)
		return ticks;
	off = ticks - s->audio_next;
	if (off >= -drift && off <= drift)
		return s->audio_next;
	if (off < 0) /* too late on the line: let it catch up, still growing */
		return s->silent ? -1 : s->audio_next - s->tracks.audio_frame + 1;
	return ticks;
}

/* Whether a frame that would lie at `t` tells of another clock than that of the frames before. */
static bool is_other_clock(const struct segmenter *s, int64_t t)
{
	int64_t lag = s->video_last - t, apart = SEGMENTER_APART_MS * TICKS_PER_MS;

	if (s->heard)
		return is_jump(s, true, s->audio_last, t) || (s->silent && lag > apart);
	return lag > apart || -lag > apart;
}

/*
 * A frame of another clock: is it the video's, after all? Else it goes where audio ended, or where
 * the video is if audio has stopped. False: it is only late.
 */
static bool set_audio_clock(struct segmenter *s, int64_t dts_ms)
{
	int64_t here = s->have_audio ? audio_time(s, s->audio_next) : s->gop_start;
	int64_t off;

	if (here < s->video_last - SEGMENTER_WAIT_MS * TICKS_PER_MS)
		here = s->video_last;
	off = line_time(s, s->base_ms, dts_ms) - here;
	if (off >= -SEGMENTER_APART_MS * TICKS_PER_MS && off <= SEGMENTER_APART_MS * TICKS_PER_MS)
		s->audio_base_ms = s->base_ms;
	else
		s->audio_base_ms = dts_ms - (here - s->origin) / TICKS_PER_MS;
	return !s->heard || line_time(s, s->audio_base_ms, dts_ms) >=
				    s->audio_last - SEGMENTER_BACK_MS * TICKS_PER_MS;
}

/*
 * Whether an audio frame may cut: cuts fall on pictures, unless there are none, or none any more,
 * or memory is far over its bound.
 */
static bool audio_leads(const struct segmenter *s, int64_t time)
{
	return !s->tracks.video || time > s->video_last + SEGMENTER_WAIT_MS * TICKS_PER_MS ||
	       s->held >= 2 * s->options.bytes_max;
}

void segmenter_audio(struct segmenter *s, int64_t dts_ms, struct buf *data)
{
	int64_t t = line_time(s, s->audio_base_ms, dts_ms), ticks;
	bool late = false;

	if (s->running && !s->tracks.video && is_jump(s, s->have_audio, s->audio_last, t))
		segmenter_finish(s);
	else if (s->running && s->tracks.video && is_other_clock(s, t))
		late = !set_audio_clock(s, dts_ms);
	if (!s->tracks.audio_rate || late || (s->tracks.video && !s->running)) {
		s->dropped++; /* the video says where the line begins */
		return;
	}
	if (!s->running)
		start(s, dts_ms);
	t = line_time(s, s->audio_base_ms, dts_ms);
	s->audio_seen = s->video_last;
	ticks = !s->have_audio && t < s->origin ? -1 : place_audio(s, t);
	if (ticks < 0) {
		s->dropped++;
		return;
	}
	if (audio_leads(s, audio_time(s, ticks)))
		cut_before(s, audio_time(s, ticks), s->tracks.video ? FAIR : GOOD);
	hold(s, &s->audio, (struct media_sample){ .dts = ticks, .key = true, .data = data });
	s->have_audio = s->heard = true;
	s->silent = false;
	s->audio_last = t;
	s->audio_next = ticks + s->tracks.audio_frame;
	release_when_ready(s);
}
