/*
 * gop_cutter.c: when a GOP ends, and when it is handed out.
 *
 *   collecting ──sample to cut at──▶ cutting ──sound has caught up──▶ collecting
 *
 * While cutting, samples go on to be collected behind the cut: the GOP is handed out when sound has
 * come up to it, has stopped coming, or has been late for SEGMENTER_LATE_MS. A player stands still
 * where a track has nothing, so silence and the last key frame fill what did not come.
 *
 * Invariants:
 *  1. While cutting, the first `cut_pictures` pictures lie before `cut_time`, which lies behind
 *     where the GOP begins.
 *  2. A GOP begins where the one before ended; a track that came later than the wait may reach back
 *     before that, but never behind its own last sample.
 *  3. Every picture of the GOP under way is less than `duration_max_ms` and SEGMENTER_OVER_MS behind
 *     its beginning.
 *
 * Pure. A sample costs a look at the rules, a cut the moving of what lies before it; what is held is
 * at most twice `bytes_max` and a sample.
 */
#include "ingest/gop_cutter.h"

#include "hearth/log.h"
#include "ingest/segmenter.h"
#include "manifest/playlist.h"

void gop_cutter_init(struct gop_cutter *c)
{
	*c = (struct gop_cutter){ 0 };
	c->ready_tail = &c->ready;
}

void gop_cutter_clear(struct gop_cutter *c)
{
	struct gop *gop;

	while ((gop = gop_cutter_take(c)))
		gop_free(&gop);
	video_track_clear(&c->video);
	audio_track_clear(&c->audio);
}

void gop_cutter_begin(struct gop_cutter *c, int64_t dts_ms, int64_t origin)
{
	INVARIANT(!c->cutting && gop_cutter_held(c) == 0);
	c->start = origin;
	video_track_begin(&c->video, dts_ms, origin);
	audio_track_begin(&c->audio, dts_ms, origin);
}

size_t gop_cutter_held(const struct gop_cutter *c)
{
	return c->video.cost + c->audio.cost;
}

struct gop *gop_cutter_take(struct gop_cutter *c)
{
	struct gop *gop = c->ready;

	if (!gop)
		return NULL;
	c->ready = gop->next;
	if (!c->ready)
		c->ready_tail = &c->ready;
	gop->next = NULL;
	return gop;
}

/* ---- handing out ---- */

void gop_cutter_fill_audio(struct gop_cutter *c, int64_t until)
{
	c->made += audio_track_fill(&c->audio, c->start, until);
}

/* How long a GOP may be. */
static int64_t longest(const struct gop_cutter *c)
{
	return ((int64_t)c->duration_max_ms + SEGMENTER_OVER_MS) * LINE_TICKS_PER_MS;
}

/* The first GOP says how long the others may be (segmenter.h). */
static void settle(struct gop_cutter *c, int64_t first)
{
	uint32_t s = hls_target_seconds((uint64_t)first);
	uint32_t least_s = hls_target_seconds((uint64_t)c->target_ms * LINE_TICKS_PER_MS);

	if (s < least_s)
		s = least_s;
	if (s * 1000 < c->duration_max_ms)
		c->duration_max_ms = s * 1000;
	c->settles = false;
}

/*
 * The pictures before the cut and `frames` of sound; the last key frame where there is no picture.
 * Where there is none of these the GOP under way just goes on.
 */
static void hand_out(struct gop_cutter *c, size_t frames)
{
	bool stands = c->has_video && c->video.still && !c->cut_pictures;
	struct gop *g;

	c->cutting = false;
	if (!c->cut_pictures && !frames && !stands)
		return;
	INVARIANT(c->cut_time > c->start && c->cut_time - c->start <= longest(c));
	g = gop_new(c->sequence++, c->start, c->cut_time - c->start);
	g->discontinuity = c->discontinuity;
	video_track_take(&c->video, c->cut_pictures, c->cut_time, &g->video);
	audio_track_take(&c->audio, frames, &g->audio);
	if (stands) {
		media_samples_add(&g->video, video_track_stand(&c->video, g->start, g->duration));
		c->made++;
		c->dropped += video_track_await_key(&c->video, c->cut_time);
	}
	gop_seal(g);
	if (c->settles)
		settle(c, g->duration);
	g->duration_max_ms = c->duration_max_ms;
	c->discontinuity = false;
	c->start = c->cut_time;
	*c->ready_tail = g;
	c->ready_tail = &g->next;
}

/* ---- cutting: waiting for sound ---- */

static bool audio_has_stopped(const struct gop_cutter *c)
{
	return audio_track_has_stopped(&c->audio, c->video.last);
}

/* Whether the cut has waited for sound for so long. */
static bool has_waited(const struct gop_cutter *c, int64_t ms)
{
	return c->video.last - c->cut_time >= ms * LINE_TICKS_PER_MS;
}

static void release(struct gop_cutter *c)
{
	INVARIANT(c->cutting && c->cut_pictures <= c->video.samples.n);
	if (c->has_audio && c->has_video &&
		(audio_has_stopped(c) || has_waited(c, SEGMENTER_LATE_MS)))
		gop_cutter_fill_audio(c, c->cut_time);
	hand_out(c, audio_track_before(&c->audio, c->cut_time));
}

/* Whether sound has come up to the cut; where none was announced there is nothing to wait for. */
static bool audio_is_at_cut(const struct gop_cutter *c)
{
	if (!c->audio.samples.n)
		return !c->audio.silence;
	return audio_track_last(&c->audio) >= c->cut_time;
}

void gop_cutter_after(struct gop_cutter *c)
{
	if (!c->cutting)
		return;
	if (audio_is_at_cut(c) || (audio_has_stopped(c) && has_waited(c, SEGMENTER_WAIT_MS)) ||
		has_waited(c, SEGMENTER_LATE_MS))
		release(c);
}

/* ---- where a cut falls ---- */

/* Where the GOP under way begins: what comes now lies in it. */
int64_t gop_cutter_under_way(const struct gop_cutter *c)
{
	return c->cutting ? c->cut_time : c->start;
}

/* The number of its first picture, which may not have come yet. */
static size_t first_picture(const struct gop_cutter *c)
{
	return c->cutting ? c->cut_pictures : 0;
}

bool gop_cutter_has_picture(const struct gop_cutter *c)
{
	return c->video.samples.n > first_picture(c);
}

/* Whether it begins with a picture that needs those before. */
static bool depends(const struct gop_cutter *c)
{
	return gop_cutter_has_picture(c) && !c->video.samples.p[first_picture(c)].key;
}

/* Whether a sample at `time` should begin a new GOP. */
static bool wants_cut(const struct gop_cutter *c, int64_t time, enum gop_place place)
{
	int64_t length = time - gop_cutter_under_way(c);
	int64_t target = (int64_t)c->target_ms * LINE_TICKS_PER_MS;

	if (length <= 0)
		return false;
	/* A twentieth less: key frames every 2 s fall on 1.999 s as often as not. */
	if (place == GOP_PLACE_GOOD && (length >= target - target / 20 || depends(c)))
		return true;
	if (length >= longest(c) || gop_cutter_held(c) >= c->bytes_max)
		return true;
	return length >= (int64_t)c->duration_max_ms * LINE_TICKS_PER_MS && place != GOP_PLACE_POOR;
}

/* Begins a cut at `time`: pictures that lie before it are in, and so is every one where it can be. */
static void cut(struct gop_cutter *c, int64_t time)
{
	size_t n = c->video.samples.n;

	INVARIANT(!c->cutting);
	if (n && time <= c->video.last && c->video.last < c->start + longest(c))
		time = c->video.last + 1;
	while (n > 0 && c->video.samples.p[n - 1].dts >= time)
		n--;
	c->cutting = true;
	c->cut_time = time;
	c->cut_pictures = n;
}

/*
 * Cuts apart what was held already when the first GOP said how long this one may be. Whether it
 * begins with a key frame then is a matter of luck. It comes to an end: where there is a picture
 * there is a key frame that can stand, so each release hands a GOP out.
 */
static void cut_what_is_too_long(struct gop_cutter *c)
{
	while (gop_cutter_has_picture(c) && c->video.last >= gop_cutter_under_way(c) + longest(c)) {
		if (c->cutting)
			release(c);
		else
			cut(c, c->start + longest(c));
	}
}

void gop_cutter_before(struct gop_cutter *c, int64_t time, enum gop_place place)
{
	int64_t latest_end;

	/* A full one does not wait for sound. */
	if (c->cutting && gop_cutter_held(c) >= c->bytes_max)
		release(c);
	for (;;) {
		cut_what_is_too_long(c);
		if (!wants_cut(c, time, place))
			return;
		if (!c->cutting)
			break;
		release(c); /* which may have said how long the next one may be */
	}
	latest_end = c->start + longest(c);
	cut(c, time < latest_end ? time : latest_end);
}

/* ---- the end of a line ---- */

/* Where it lies: behind the last sample, but no GOP is longer than it may be. */
static int64_t line_end(const struct gop_cutter *c)
{
	int64_t end = c->start;

	if (c->video.samples.n)
		end = video_track_end(&c->video);
	if (c->audio.samples.n && audio_track_end(&c->audio) > end)
		end = audio_track_end(&c->audio);
	return end < c->start + longest(c) ? end : c->start + longest(c);
}

int64_t gop_cutter_finish(struct gop_cutter *c)
{
	int64_t end;

	for (;;) {
		cut_what_is_too_long(c);
		if (!c->cutting)
			break;
		release(c);
	}
	end = line_end(c);
	if (c->has_audio && c->has_video && audio_has_stopped(c))
		gop_cutter_fill_audio(c, end);
	if (end > c->start) {
		cut(c, end);
		hand_out(c, c->audio.samples.n);
	}
	/* What came so late that its GOP was handed out without it. */
	c->dropped += c->audio.samples.n + c->video.samples.n;
	audio_track_drop(&c->audio);
	video_track_drop(&c->video);
	INVARIANT(gop_cutter_held(c) == 0);
	return c->start;
}
