/*
 * video_track.c: pictures put in order. Pure; each call looks at a picture or two, but for
 * video_track_take, which goes over what it moves.
 */
#include "ingest/video_track.h"

#include "hearth/log.h"
#include "ingest/segmenter.h"

void video_track_begin(struct video_track *t, int64_t dts_ms, int64_t origin)
{
	INVARIANT(t->samples.n == 0);
	t->clock = (struct line_clock){ .origin = origin, .base_ms = dts_ms };
	t->shown = origin;
	t->begun = t->need_key = false;
}

void video_track_forget_still(struct video_track *t)
{
	buf_unref(&t->still);
}

void video_track_drop(struct video_track *t)
{
	media_samples_clear(&t->samples);
	t->cost = 0;
}

void video_track_clear(struct video_track *t)
{
	video_track_drop(t);
	buf_unref(&t->still);
	*t = (struct video_track){ 0 };
}

/* How far the last two are apart, unless that is more than a slow stream's: then one is missing. */
static int64_t step_of(const struct video_track *t)
{
	const int64_t usual = VIDEO_TRACK_DURATION;
	size_t n = t->samples.n;
	int64_t step = n > 1 ? t->samples.p[n - 1].dts - t->samples.p[n - 2].dts : usual;

	return step < 3 * usual ? step : usual;
}

void video_track_set_clock(struct video_track *t, int64_t dts_ms, int64_t latest)
{
	int64_t here = t->last + step_of(t);

	INVARIANT(t->begun);
	if (latest > here + SEGMENTER_WAIT_MS * LINE_TICKS_PER_MS)
		here = latest; /* the sound went on */
	line_clock_set(&t->clock, dts_ms, here);
}

struct media_sample video_track_place(
	const struct video_track *t, int64_t dts_ms, int32_t cts_ms, bool key, struct buf *data)
{
	struct media_sample s = { .dts = line_clock_time(&t->clock, dts_ms),
		.cts = (int32_t)(cts_ms * LINE_TICKS_PER_MS),
		.key = key,
		.data = data };

	if (t->begun && s.dts <= t->last)
		s.dts = t->last + 1;
	if (s.dts + s.cts < t->clock.origin) /* a player has no time before its beginning */
		s.cts = (int32_t)(t->clock.origin - s.dts);
	return s;
}

void video_track_add(struct video_track *t, struct media_sample s)
{
	INVARIANT(s.key || (t->begun && !t->need_key));
	INVARIANT(t->begun ? s.dts > t->last : s.dts >= t->clock.origin);
	if (s.key) {
		buf_ref(s.data);
		buf_unref(&t->still);
		t->still = s.data;
	}
	buf_ref(s.data);
	media_samples_add(&t->samples, s);
	t->cost += media_sample_cost(&s);
	t->need_key = false;
	if (!t->begun || s.dts + s.cts > t->shown)
		t->shown = s.dts + s.cts;
	t->begun = true;
	t->last = s.dts;
}

int64_t video_track_end(const struct video_track *t)
{
	size_t n = t->samples.n;

	INVARIANT(n > 0);
	return t->last +
	       (n > 1 ? t->samples.p[n - 1].dts - t->samples.p[n - 2].dts : VIDEO_TRACK_DURATION);
}

void video_track_take(struct video_track *t, size_t n, int64_t end, struct media_samples *out)
{
	INVARIANT(n <= t->samples.n);
	media_samples_set_durations(&t->samples, n, VIDEO_TRACK_DURATION);
	if (n && n == t->samples.n) {
		INVARIANT(end > t->last);
		t->samples.p[n - 1].duration = (uint32_t)(end - t->last);
	}
	for (size_t i = 0; i < n; i++)
		t->cost -= media_sample_cost(&t->samples.p[i]);
	media_samples_move(out, &t->samples, n);
}

struct media_sample video_track_stand(const struct video_track *t, int64_t start, int64_t duration)
{
	struct media_sample s = { .dts = start, .duration = (uint32_t)duration, .key = true };

	INVARIANT(t->still && duration > 0);
	s.data = buf_ref(t->still);
	if (t->shown >= start)
		s.cts = (int32_t)(t->shown + 1 - start);
	return s;
}

size_t video_track_await_key(struct video_track *t, int64_t end)
{
	struct media_samples lost = { 0 };
	size_t n = 0;

	while (n < t->samples.n && !t->samples.p[n].key)
		t->cost -= media_sample_cost(&t->samples.p[n++]);
	media_samples_move(&lost, &t->samples, n);
	t->need_key = t->samples.n == 0;
	if (n && t->need_key) /* the next one may stand where they did, or where the GOP begins */
		t->last = (lost.p[0].dts < end ? lost.p[0].dts : end) - 1;
	media_samples_clear(&lost);
	return n;
}
