/*
 * audio_track.c: sound put in order, and silence where there is none. Pure; each call costs a frame,
 * but for audio_track_fill (the frames it makes) and audio_track_take (what it moves).
 */
#include "ingest/audio_track.h"

#include "hearth/log.h"
#include "ingest/segmenter.h"

void audio_track_set(struct audio_track *t, uint32_t rate, uint32_t frame, struct buf *silence)
{
	INVARIANT(t->samples.n == 0 && (!rate || frame));
	if (silence)
		buf_ref(silence);
	buf_unref(&t->silence);
	t->silence = silence;
	t->rate = rate;
	t->frame = frame;
}

void audio_track_begin(struct audio_track *t, int64_t dts_ms, int64_t origin)
{
	INVARIANT(t->samples.n == 0);
	t->clock = (struct line_clock){ .origin = origin, .base_ms = dts_ms };
	t->seen = origin;
	t->begun = t->heard = t->silent = false;
}

void audio_track_drop(struct audio_track *t)
{
	media_samples_clear(&t->samples);
	t->cost = 0;
}

void audio_track_clear(struct audio_track *t)
{
	audio_track_drop(t);
	buf_unref(&t->silence);
	*t = (struct audio_track){ 0 };
}

/* ---- places ---- */

int64_t audio_track_ticks(const struct audio_track *t, int64_t time)
{
	return time * t->rate / VIDEO_TIMESCALE;
}

int64_t audio_track_time(const struct audio_track *t, int64_t ticks)
{
	INVARIANT(t->rate > 0);
	return (ticks * VIDEO_TIMESCALE + t->rate - 1) / t->rate;
}

int64_t audio_track_place(const struct audio_track *t, int64_t ticks)
{
	int64_t drift = (int64_t)t->rate * SEGMENTER_DRIFT_MS / 1000;
	int64_t off = ticks - t->next;

	if (!t->begun)
		return ticks;
	if (off >= -drift && off <= drift)
		return t->next;
	if (off < 0) /* too late on the line: let it catch up, still growing */
		return t->silent ? AUDIO_TRACK_LATE : t->next - t->frame + 1;
	return ticks;
}

static void hold(struct audio_track *t, int64_t ticks, struct buf *data)
{
	struct media_sample s = { .dts = ticks, .key = true, .data = buf_ref(data) };

	INVARIANT(t->samples.n == 0 || ticks > t->samples.p[t->samples.n - 1].dts);
	media_samples_add(&t->samples, s);
	t->cost += media_sample_cost(&s);
	t->next = ticks + t->frame;
	t->begun = true;
}

void audio_track_add(struct audio_track *t, int64_t ticks, int64_t time, struct buf *data)
{
	hold(t, ticks, data);
	t->heard = true;
	t->silent = false;
	t->last = time;
}

uint64_t audio_track_fill(struct audio_track *t, int64_t from, int64_t until)
{
	uint64_t made = 0;

	if (!t->silence)
		return 0;
	if (!t->begun) {
		t->begun = true;
		t->last = from;
		t->next = audio_track_ticks(t, from + 1) + (from > 0);
	}
	for (; audio_track_time(t, t->next) < until; made++) {
		hold(t, t->next, t->silence);
		t->silent = true;
	}
	return made;
}

/* ---- what is held ---- */

bool audio_track_has_stopped(const struct audio_track *t, int64_t pictures)
{
	return pictures - t->seen >= SEGMENTER_WAIT_MS * LINE_TICKS_PER_MS;
}

int64_t audio_track_last(const struct audio_track *t)
{
	INVARIANT(t->samples.n > 0);
	return audio_track_time(t, t->samples.p[t->samples.n - 1].dts);
}

int64_t audio_track_end(const struct audio_track *t)
{
	return audio_track_time(t, t->next);
}

size_t audio_track_before(const struct audio_track *t, int64_t time)
{
	size_t n = 0;

	while (n < t->samples.n && audio_track_time(t, t->samples.p[n].dts) < time)
		n++;
	return n;
}

void audio_track_take(struct audio_track *t, size_t n, struct media_samples *out)
{
	INVARIANT(n <= t->samples.n);
	media_samples_set_durations(&t->samples, n, t->frame);
	for (size_t i = 0; i < n; i++)
		t->cost -= media_sample_cost(&t->samples.p[i]);
	media_samples_move(out, &t->samples, n);
}

/* ---- its clock ---- */

bool audio_track_is_other_clock(
	const struct audio_track *t, int64_t time, int64_t pictures, bool jumped)
{
	int64_t lag = pictures - time, apart = SEGMENTER_APART_MS * LINE_TICKS_PER_MS;

	if (t->heard)
		return jumped || (t->silent && lag > apart);
	return lag > apart || -lag > apart;
}

bool audio_track_set_clock(struct audio_track *t, int64_t dts_ms, const struct line_clock *video,
	int64_t gop_start, int64_t pictures)
{
	int64_t here = t->begun ? audio_track_end(t) : gop_start;
	int64_t off;

	if (here < pictures - SEGMENTER_WAIT_MS * LINE_TICKS_PER_MS)
		here = pictures;
	off = line_clock_time(video, dts_ms) - here;
	if (off >= -SEGMENTER_APART_MS * LINE_TICKS_PER_MS &&
		off <= SEGMENTER_APART_MS * LINE_TICKS_PER_MS)
		t->clock.base_ms = video->base_ms;
	else
		line_clock_set(&t->clock, dts_ms, here);
	return !t->heard || line_clock_time(&t->clock, dts_ms) >=
				    t->last - SEGMENTER_BACK_MS * LINE_TICKS_PER_MS;
}
