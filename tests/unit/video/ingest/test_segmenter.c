/*
 * The segmenter: where GOPs are cut, what lies in them, and what becomes of broken time.
 */
#include "ingest/segmenter.h"

#include "harness.h"

#include "hearth/arena.h"

#include <inttypes.h>

static const struct segmenter_options defaults = {
	.target_ms = 2000,
	.duration_max_ms = 10000,
	.bytes_max = 16 << 20,
	.gap_max_ms = 10000,
	.sequence = 100,
};
static const struct segmenter_tracks both = {
	.video = true, .audio_rate = 48000, .audio_frame = 1024
};
static const struct segmenter_tracks video_only = { .video = true };
static const struct segmenter_tracks audio_only = { .audio_rate = 48000, .audio_frame = 1024 };

static void video(struct segmenter *s, int64_t dts_ms, bool key)
{
	struct buf *data = buf_copy(SLICE("picture"));

	segmenter_video(s, dts_ms, 0, key, data);
	buf_unref(&data);
}

static void audio(struct segmenter *s, int64_t dts_ms)
{
	struct buf *data = buf_copy(SLICE("aac"));

	segmenter_audio(s, dts_ms, data);
	buf_unref(&data);
}

/*
 * Pictures at 25 a second with a key frame each `gop`, audio in its own rhythm, in order of time.
 */
static void feed(struct segmenter *s, int64_t from_ms, int64_t to_ms, int gop, bool with_video,
	bool with_audio)
{
	int64_t v = 0, a = 0, frame_us = INT64_C(1024) * 1000000 / 48000;

	while (from_ms + v * 40 < to_ms) {
		if (with_audio && from_ms * 1000 + a * frame_us < (from_ms + v * 40) * 1000) {
			audio(s, (from_ms * 1000 + a * frame_us) / 1000);
			a++;
		} else {
			if (with_video)
				video(s, from_ms + v * 40, v % gop == 0);
			v++;
		}
	}
}

/* What every GOP must keep, whatever came in. */
static void check_gop(const struct gop *c)
{
	const struct media_samples *lists[] = { &c->video, &c->audio };
	size_t bytes = 0;

	ck_assert_int_ge(c->start, 0);
	ck_assert_int_gt(c->duration, 0);
	ck_assert_int_le(c->duration, (10000 + SEGMENTER_OVER_MS) * 90);
	ck_assert_uint_gt(c->video.n + c->audio.n, 0);
	for (int l = 0; l < 2; l++)
		for (size_t i = 0; i < lists[l]->n; i++) {
			const struct media_sample *s = &lists[l]->p[i];

			bytes += s->data->n;
			ck_assert_uint_gt(s->duration, 0);
			if (i + 1 < lists[l]->n)
				ck_assert_int_eq(s->dts + s->duration, s[1].dts);
		}
	ck_assert_uint_eq(bytes, c->bytes);
	if (c->video.n)
		ck_assert_int_eq(c->video.p[0].key, c->independent);
}

/* Takes all ready GOPs: "sequence[!][?] start+duration v<pictures> a<frames>" each, in ms. */
static void describe(struct segmenter *s, struct strbuf *out)
{
	struct gop *c;

	while ((c = segmenter_take(s))) {
		check_gop(c);
		strbuf_printf(out, "%" PRIu64 "%s%s %" PRId64 "+%" PRId64 " v%zu a%zu\n",
			c->sequence, c->discontinuity ? "!" : "", c->independent ? "" : "?",
			c->start / 90, c->duration / 90, c->video.n, c->audio.n);
		gop_free(&c);
	}
}

static void expect(struct segmenter *s, const char *text)
{
	struct strbuf out = { 0 };

	describe(s, &out);
	ck_assert_str_eq(out.p ? out.p : "", text);
	strbuf_free(&out);
}

/* --- where it cuts ------------------------------------------------------------------------- */

START_TEST(cuts_at_key_frames)
{
	struct segmenter *s = segmenter_new(&defaults, &video_only);

	feed(s, 5000, 11000, 25, true, false); /* key frames each second */
	expect(s, "100 0+2000 v50 a0\n101 2000+2000 v50 a0\n");
	segmenter_finish(s);
	expect(s, "102 4000+2000 v50 a0\n");
	ck_assert_uint_eq(segmenter_dropped(s), 0);
	segmenter_free(&s);
}
END_TEST

START_TEST(waits_for_the_first_key_frame)
{
	struct segmenter *s = segmenter_new(&defaults, &both);

	audio(s, 0);
	video(s, 0, false);
	audio(s, 21);
	video(s, 40, true);
	audio(s, 30); /* before the first picture */
	audio(s, 43);
	ck_assert_uint_eq(segmenter_dropped(s), 4);
	segmenter_finish(s);
	expect(s, "100 0+33 v1 a1\n");
	segmenter_free(&s);
}
END_TEST

START_TEST(audio_goes_with_video)
{
	struct segmenter *s = segmenter_new(&defaults, &both);

	feed(s, 0, 6100, 50, true, true);
	expect(s, "100 0+2000 v50 a94\n101 2000+2000 v50 a94\n102 4000+2000 v50 a94\n");
	segmenter_free(&s);
}
END_TEST

START_TEST(late_audio_is_waited_for)
{
	struct segmenter_tracks tracks = {
		.video = true, .audio_rate = 48000, .audio_frame = 1920
	};
	struct segmenter *s = segmenter_new(&defaults, &tracks);

	for (int64_t ms = 0; ms < 4400; ms += 40) { /* audio 300 ms behind in arrival */
		video(s, ms, ms % 2000 == 0);
		if (ms >= 320)
			audio(s, ms - 320);
		if (ms == 2280)
			expect(s, "");
	}
	expect(s, "100 0+2000 v50 a50\n101 2000+2000 v50 a50\n");
	segmenter_free(&s);
}
END_TEST

START_TEST(missing_audio_is_not_waited_for)
{
	struct segmenter *s = segmenter_new(&defaults, &both);

	feed(s, 0, 2001, 50, true, false); /* never any audio */
	expect(s, "100 0+2000 v50 a0\n");
	segmenter_free(&s);
	s = segmenter_new(&defaults, &both);
	feed(s, 0, 1000, 50, true, true);
	for (int64_t ms = 1000; ms < 2500; ms += 40) { /* it breaks off */
		video(s, ms, ms == 2000);
		if (ms == 2440)
			expect(s, "");
	}
	video(s, 2500, false);
	expect(s, "100 0+2000 v50 a46\n");
	segmenter_free(&s);
}
END_TEST

START_TEST(audio_alone)
{
	struct segmenter *s = segmenter_new(&defaults, &audio_only);

	feed(s, 0, 5000, 1, false, true);
	expect(s, "100 0+1920 v0 a90\n101 1920+1920 v0 a90\n");
	segmenter_finish(s);
	expect(s, "102 3840+1130 v0 a53\n");
	segmenter_free(&s);
}
END_TEST

START_TEST(gop_without_end)
{
	struct segmenter *s = segmenter_new(&defaults, &both);

	feed(s, 0, 20100, 10000, true, true);
	expect(s, "100 0+10000 v250 a469\n101? 10000+10000 v250 a469\n");
	segmenter_free(&s);
}
END_TEST

START_TEST(bytes_are_bounded)
{
	struct segmenter_options options = defaults;
	struct segmenter *s;
	struct buf *data = buf_alloc(1000000);
	struct strbuf out = { 0 };

	memset(buf_data(data), 0, data->n);
	options.bytes_max = 3000000;
	s = segmenter_new(&options, &both);
	for (int i = 0; i < 8; i++) {
		segmenter_video(s, i * 40, 0, i == 0, data);
		audio(s, i * 40 + 20);
	}
	describe(s, &out);
	ck_assert_str_eq(out.p, "100 0+120 v3 a3\n101? 120+120 v3 a3\n");
	strbuf_free(&out);
	buf_unref(&data);
	segmenter_free(&s);
}
END_TEST

/* Audio that floods in at one time, and the picture after it, end GOPs none of which is empty. */
START_TEST(audio_that_floods)
{
	struct segmenter_options options = defaults;
	struct segmenter *s;
	struct buf *data = buf_alloc(1000000);
	struct gop *c;
	size_t frames = 0, gops = 0;

	memset(buf_data(data), 0, data->n);
	options.bytes_max = 3000000;
	s = segmenter_new(&options, &both);
	video(s, 0, true);
	for (int i = 0; i < 30; i++)
		segmenter_audio(s, 0, data);
	video(s, 9000, true);
	segmenter_finish(s);
	for (; (c = segmenter_take(s)); gops++) {
		check_gop(c);
		ck_assert_uint_le(c->bytes, 8000000);
		frames += c->audio.n;
		gop_free(&c);
	}
	ck_assert_uint_eq(frames, 30);
	ck_assert_uint_ge(gops, 5);
	buf_unref(&data);
	segmenter_free(&s);
}
END_TEST

START_TEST(video_that_stops)
{
	struct segmenter *s = segmenter_new(&defaults, &both);

	feed(s, 0, 1000, 50, true, true);
	for (int64_t us = 1002666; us < 12000000; us += 21333)
		audio(s, us / 1000);
	expect(s, "100 0+10005 v25 a469\n");
	video(s, 12000, false); /* the camera is back, in time */
	for (int64_t ms = 12040; ms < 16000; ms += 40)
		video(s, ms, ms % 2000 == 0);
	expect(s, "101? 10005+3994 v50 a93\n");
	segmenter_free(&s);
}
END_TEST

/* One that begins without a key frame is no longer than it has to be. */
START_TEST(dependent_ones_end_at_the_next_key_frame)
{
	struct segmenter_options options = defaults;
	struct segmenter *s;

	options.duration_max_ms = options.gap_max_ms = 3000;
	s = segmenter_new(&options, &video_only);
	feed(s, 0, 9000, 100, true, false); /* key frames each 4 s */
	expect(s, "100 0+3000 v75 a0\n101? 3000+1000 v25 a0\n102 4000+3000 v75 a0\n"
		  "103? 7000+1000 v25 a0\n");
	segmenter_free(&s);
}
END_TEST

/*
 * Key frames after 1 s, then after 4 s and 6 s: nothing is longer than the first one said, also not
 * what was held already while that waited for its sound.
 */
START_TEST(the_first_one_says_how_long_the_others_are)
{
	static const int64_t late_by[] = { 0, 700, 2500, 2980 };

	for (size_t i = 0; i < sizeof(late_by) / sizeof(late_by[0]); i++) {
		struct segmenter_options options = defaults;
		struct segmenter *s;
		struct gop *c;
		int64_t end = 0, heard = 0;

		options.target_ms = 1000;
		options.duration_max_ms = 12000;
		options.settles = true;
		s = segmenter_new(&options, &both);
		for (int64_t ms = 0; ms < 23000; ms += 20) {
			if (ms % 40 == 0)
				video(s, ms,
					ms <= 1000 ? ms % 1000 == 0
						   : ms == 5000 || ms % 6000 == 5000);
			/* Sound falls behind by so much in the first second. */
			for (; heard + late_by[i] * (heard < 1000 ? heard : 1000) / 1000 <= ms;
				heard += 20)
				audio(s, heard);
			if (ms % 4000 == 0) /* it is not always looked at once */
				while ((c = segmenter_take(s))) {
					check_gop(c);
					ck_assert_uint_eq(c->duration_max_ms, 1000);
					ck_assert_int_le(c->duration, 1499 * 90);
					ck_assert_int_eq(c->start, end);
					end += c->duration;
					gop_free(&c);
				}
		}
		segmenter_finish(s);
		for (; (c = segmenter_take(s)); gop_free(&c))
			ck_assert_int_le(c->duration, 1499 * 90);
		ck_assert_int_gt(end, 15000 * 90);
		segmenter_free(&s);
	}
}
END_TEST

/* P, then two B before it: a cut does not part them, unless it has waited for too long. */
START_TEST(reordered_pictures_stay_together)
{
	struct segmenter_options options = defaults;
	struct segmenter *s;
	struct buf *data = buf_copy(SLICE("picture"));

	options.duration_max_ms = options.gap_max_ms = 3000;
	s = segmenter_new(&options, &video_only);
	for (int i = 0; i < 120; i++) /* at 25 a second 3000 ms are picture 75, a P */
		segmenter_video(s, i * 40, i % 3 ? 0 : 120, i == 0, data);
	expect(s, "100 0+3000 v75 a0\n");
	segmenter_free(&s);
	s = segmenter_new(&options, &video_only);
	for (int i = 1; i < 120; i++)
		segmenter_video(s, i * 40, i % 3 ? 0 : 120, i == 1, data);
	expect(s, "100 0+3080 v77 a0\n");
	segmenter_free(&s);
	s = segmenter_new(&options, &video_only);
	for (int i = 0; i < 120; i++)
		segmenter_video(s, i * 40, i ? 0 : 9999, i == 0, data);
	expect(s, "100 0+3499 v88 a0\n");
	segmenter_free(&s);
	buf_unref(&data);
}
END_TEST

START_TEST(goes_on_where_it_is_told)
{
	struct segmenter_options options = defaults;
	struct segmenter *s;

	options.origin = 900000;
	options.discontinuity = true;
	s = segmenter_new(&options, &video_only);
	feed(s, 0, 4100, 50, true, false);
	expect(s, "100! 10000+2000 v50 a0\n101 12000+2000 v50 a0\n");
	segmenter_free(&s);
}
END_TEST

/* --- time ---------------------------------------------------------------------------------- */

START_TEST(exact_times)
{
	struct segmenter_options options = defaults;
	struct segmenter *s;
	struct gop *c;
	struct buf *data = buf_copy(SLICE("x"));

	options.origin = 900000;
	s = segmenter_new(&options, &both);
	segmenter_video(s, 1000, 80, true, data);
	segmenter_audio(s, 1000, data);
	segmenter_video(s, 1033, -20, false, data);
	segmenter_audio(s, 1021, data);
	segmenter_video(s, 1067, 0, false, data);
	segmenter_audio(s, 1043, data);
	segmenter_finish(s);
	c = segmenter_take(s);
	ck_assert_int_eq(c->video.p[0].dts, 900000);
	ck_assert_int_eq(c->video.p[0].cts, 7200);
	ck_assert_uint_eq(c->video.p[0].duration, 33 * 90);
	ck_assert_int_eq(c->video.p[1].cts, -1800);
	ck_assert_int_eq(c->video.p[2].dts, 900000 + 67 * 90);
	ck_assert_uint_eq(c->video.p[2].duration, 34 * 90);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(c->audio.p[i].dts, 480000 + (int64_t)i * 1024);
		ck_assert_uint_eq(c->audio.p[i].duration, 1024);
	}
	ck_assert_ptr_eq(c->video.p[0].data, data); /* kept, not copied */
	gop_free(&c);
	buf_unref(&data);
	segmenter_free(&s);
}
END_TEST

/* An hour of audio in rounded milliseconds has neither gaps nor drift. */
START_TEST(audio_does_not_drift)
{
	struct segmenter_tracks tracks = { .audio_rate = 44100, .audio_frame = 1024 };
	struct segmenter *s = segmenter_new(&defaults, &tracks);
	struct gop *c;
	int64_t next = 0, frames = INT64_C(3600) * 44100 / 1024;

	for (int64_t i = 0; i < frames; i++) {
		audio(s, i * 1024 * 1000 / 44100);
		while ((c = segmenter_take(s))) {
			for (size_t k = 0; k < c->audio.n; k++, next += 1024) {
				ck_assert_int_eq(c->audio.p[k].dts, next);
				ck_assert_uint_eq(c->audio.p[k].duration, 1024);
			}
			gop_free(&c);
		}
	}
	ck_assert_int_gt(next, (frames - 100) * 1024);
	segmenter_free(&s);
}
END_TEST

START_TEST(audio_clock_is_set_right)
{
	struct segmenter *s = segmenter_new(&defaults, &audio_only);
	struct gop *c;

	audio(s, 0);
	audio(s, 121); /* 100 ms are missing */
	audio(s, 142);
	audio(s, 60); /* 103 ms too early, but no jump */
	audio(s, 190);
	segmenter_finish(s);
	c = segmenter_take(s);
	ck_assert_uint_eq(c->audio.n, 5);
	check_gop(c);
	ck_assert_int_eq(c->audio.p[1].dts, 121 * 48);
	ck_assert_int_eq(c->audio.p[2].dts, 121 * 48 + 1024);
	ck_assert_int_eq(c->audio.p[3].dts, 121 * 48 + 1024 + 1);
	gop_free(&c);
	segmenter_free(&s);
}
END_TEST

START_TEST(equal_and_early_times)
{
	struct segmenter *s = segmenter_new(&defaults, &video_only);
	struct gop *c;

	video(s, 0, true);
	video(s, 0, false);
	video(s, 40, false);
	video(s, 39, false);
	video(s, 80, false);
	segmenter_finish(s);
	c = segmenter_take(s);
	check_gop(c);
	ck_assert_uint_eq(c->video.n, 5);
	ck_assert_int_eq(c->video.p[1].dts, 1);
	ck_assert_int_eq(c->video.p[3].dts, 3601);
	ck_assert_int_eq(c->video.p[4].dts, 7200);
	gop_free(&c);
	segmenter_free(&s);
}
END_TEST

START_TEST(key_frames_a_little_early)
{
	struct segmenter *s = segmenter_new(&defaults, &video_only);

	for (int i = 0; i < 200; i++) /* 1.999 s after 1.999 s */
		video(s, i * 1999 / 50, i % 50 == 0);
	expect(s, "100 0+1999 v50 a0\n101 1999+1999 v50 a0\n102 3998+1999 v50 a0\n");
	segmenter_free(&s);
}
END_TEST

START_TEST(jumps)
{
	static const int64_t to[] = { 1000000, 0, 100 };

	for (size_t i = 0; i < 3; i++) {
		struct segmenter *s = segmenter_new(&defaults, &both);

		feed(s, 50000, 53000, 50, true, true);
		expect(s, "100 0+2000 v50 a94\n");
		feed(s, to[i], to[i] + 2100, 50, true, true); /* from a key frame on */
		expect(s, "101 2000+1000 v25 a45\n102! 3000+2000 v50 a94\n");
		ck_assert_uint_le(segmenter_dropped(s), 1);
		segmenter_free(&s);
	}
}
END_TEST

/* Between pictures that belong together a clock that is set anew loses nothing. */
START_TEST(clocks_set_anew)
{
	static const int64_t to[] = { 1000000, 0, 100 };

	static const struct segmenter_tracks tracks = {
		.video = true, .audio_rate = 48000, .audio_frame = 960
	};

	for (size_t i = 0; i < 3; i++) {
		struct segmenter *s = segmenter_new(&defaults, &tracks);

		for (int64_t us = 0; us < 8100000; us += 20000) {
			int64_t ms = (us < 3000000 ? 50000 : to[i]) + us / 1000;

			if (us % 40000 == 0)
				video(s, ms, us % 2000000 == 0);
			audio(s, ms);
		}
		expect(s, "100 0+2000 v50 a100\n101 2000+2000 v50 a100\n102 4000+2000 v50 a100\n"
			  "103 6000+2000 v50 a100\n");
		ck_assert_uint_eq(segmenter_dropped(s), 0);
		segmenter_free(&s);
	}
}
END_TEST

START_TEST(a_pause_is_no_jump)
{
	struct segmenter *s = segmenter_new(&defaults, &both);

	feed(s, 0, 1000, 50, true, true);
	feed(s, 9000, 9100, 50, true, true);
	expect(s, "100 0+9000 v25 a46\n");
	segmenter_free(&s);
}
END_TEST

/* A GOP whose end falls into a pause ends there, and the next one begins with the rest of it. */
START_TEST(a_pause_makes_no_gop_longer)
{
	struct segmenter *s = segmenter_new(&defaults, &both);

	feed(s, 0, 9000, 1000, true, true);
	feed(s, 18000, 21000, 25, true, true);
	expect(s, "100 0+10499 v225 a421\n101 10499+8501 v25 a47\n");
	segmenter_free(&s);
	s = segmenter_new(&defaults, &video_only); /* and at the end */
	video(s, 0, true);
	video(s, 9000, false);
	segmenter_finish(s);
	expect(s, "100 0+10499 v2 a0\n");
	segmenter_free(&s);
}
END_TEST

/* Audio by another clock, or whose clock is set anew, goes on where it was. */
START_TEST(audio_out_of_time)
{
	static const int64_t offset[] = { -500000, 3600000, -70000 };

	for (size_t i = 0; i < 3; i++) {
		struct segmenter *s = segmenter_new(&defaults, &both);
		struct gop *c;

		for (int64_t us = 0; us < 6300000; us += 10000) {
			if (us % 40000 == 0)
				video(s, 500000 + us / 1000, us % 2000000 == 0);
			if (us % 20000 ==
				0) /* another clock at first, and a third one from 3 s on */
				audio(s, 500000 + us / 1000 + (us < 3000000 ? offset[i] : 0));
		}
		for (int k = 0; k < 3; k++) {
			c = segmenter_take(s);
			check_gop(c);
			ck_assert_int_eq(c->duration, 2000 * 90);
			ck_assert_uint_ge(c->audio.n, 92);
			ck_assert_uint_le(c->audio.n, 101);
			gop_free(&c);
		}
		segmenter_free(&s);
	}
}
END_TEST

/* ---- a track that stops ---- */

static struct segmenter *with_silence(const struct segmenter_options *options)
{
	struct segmenter_tracks tracks = both;
	struct segmenter *s;

	tracks.silence = buf_copy(SLICE("-"));
	s = segmenter_new(options, &tracks);
	buf_unref(&tracks.silence);
	return s;
}

/* Both tracks have samples from the GOP's beginning to its end, without a hole. */
static void check_full(const struct gop *c)
{
	const struct media_sample *last;

	check_gop(c);
	ck_assert_uint_gt(c->video.n, 0);
	ck_assert_uint_gt(c->audio.n, 0);
	last = &c->video.p[c->video.n - 1];
	ck_assert_int_le(c->video.p[0].dts, c->start + 40 * 90);
	ck_assert_int_ge(last->dts + last->duration, c->start + c->duration - 40 * 90);
	last = &c->audio.p[c->audio.n - 1];
	ck_assert_int_le(c->audio.p[0].dts * 15 / 8, c->start + 75 * 90);
	ck_assert_int_ge((last->dts + last->duration) * 15 / 8, c->start + c->duration - 90);
}

static void check_all_full(struct segmenter *s, size_t gops)
{
	struct gop *c;
	int64_t end = 0;
	size_t n = 0;

	for (; (c = segmenter_take(s)); n++) {
		check_full(c);
		ck_assert_int_eq(c->start, end);
		ck_assert(!c->discontinuity);
		end = c->start + c->duration;
		gop_free(&c);
	}
	ck_assert_uint_eq(n, gops);
}

START_TEST(silence_where_audio_is_missing)
{
	static const struct { /* audio is missing in these times */
		int64_t from, to;
	} holes[] = { { 0, 99999 }, { 0, 3000 }, { 3000, 99999 }, { 2500, 7100 }, { 1000, 1700 } };

	for (size_t i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
		struct segmenter *s = with_silence(&defaults);

		for (int64_t us = 0; us < 11900000; us += 10000) {
			int64_t ms = us / 1000;

			if (ms % 40 == 0)
				video(s, ms, ms % 2000 == 0);
			if (ms % 20 == 0 && (ms < holes[i].from || ms >= holes[i].to))
				audio(s, ms);
		}
		check_all_full(s, 5);
		ck_assert_uint_gt(segmenter_made(s), 20);
		segmenter_free(&s);
	}
}
END_TEST

/* Audio that is late by more than a moment, but comes, is not replaced. */
START_TEST(late_audio_is_not_silenced)
{
	struct segmenter *s = with_silence(&defaults);

	for (int64_t ms = 0; ms < 9000; ms += 20) {
		if (ms % 40 == 0)
			video(s, ms, ms % 2000 == 0);
		if (ms >= 1500)
			audio(s, ms - 1500);
	}
	ck_assert_uint_eq(segmenter_made(s), 0);
	ck_assert_uint_eq(segmenter_dropped(s), 0);
	segmenter_free(&s);
}
END_TEST

START_TEST(a_still_where_pictures_are_missing)
{
	struct segmenter_options options = defaults;
	struct segmenter *s;
	struct gop *c;

	options.duration_max_ms = options.gap_max_ms = 2000;
	s = with_silence(&options);
	for (int64_t ms = 0; ms < 14000; ms += 20) {
		bool gone = ms >= 3000 && ms < 9500;

		if (ms % 40 == 0 && !gone)
			video(s, ms, ms % 1000 == 0);
		if (ms % 20 == 0)
			audio(s, ms);
	}
	for (int64_t end = 0; (c = segmenter_take(s)); gop_free(&c)) {
		check_full(c);
		ck_assert(c->independent);
		ck_assert_int_eq(c->start, end);
		end = c->start + c->duration;
	}
	ck_assert_uint_ge(segmenter_made(s), 2);
	ck_assert_uint_eq(segmenter_dropped(s), 12); /* up to the next key frame */
	segmenter_free(&s);
}
END_TEST

/*
 * Where the last key frame stands in, what needs the pictures before it is left out up to the next
 * key frame; also pictures that came while the cut waited for sound.
 */
START_TEST(nothing_depends_across_a_still)
{
	struct segmenter_options options = defaults;
	struct segmenter *s;
	struct gop *c;
	bool stood = false, seen = false;

	options.duration_max_ms = options.gap_max_ms = 4000;
	s = with_silence(&options);
	for (int64_t ms = 0; ms < 12000; ms += 20) {
		if (ms % 40 == 0 && (ms < 1000 || ms >= 8600))
			video(s, ms, ms == 0 || ms == 10000);
		if (ms < 7900 || ms > 9000)
			audio(s, ms);
	}
	segmenter_finish(s);
	for (int64_t end = 0; (c = segmenter_take(s)); gop_free(&c)) {
		check_gop(c);
		ck_assert_int_eq(c->start, end);
		end = c->start + c->duration;
		if (stood)
			ck_assert(c->video.p[0].key);
		stood = c->start > 0 && c->video.n == 1;
		seen |= stood;
	}
	ck_assert(seen);
	segmenter_free(&s);
}
END_TEST

START_TEST(audio_alone_jumps)
{
	struct segmenter *s = segmenter_new(&defaults, &audio_only);

	audio(s, 100000);
	audio(s, 5);
	audio(s, 26);
	segmenter_finish(s);
	expect(s, "100 0+21 v0 a1\n101! 21+42 v0 a2\n");
	segmenter_free(&s);
}
END_TEST

START_TEST(codec_change)
{
	struct segmenter_tracks hifi = { .video = true, .audio_rate = 96000, .audio_frame = 960 };
	struct segmenter *s = segmenter_new(&defaults, &both);
	struct gop *c;

	feed(s, 0, 1000, 50, true, true);
	segmenter_finish(s);
	segmenter_set_tracks(s, &hifi);
	expect(s, "100 0+1000 v25 a46\n");
	video(s, 1000, true);
	audio(s, 1000);
	segmenter_finish(s);
	c = segmenter_take(s);
	ck_assert(c->discontinuity);
	ck_assert_int_eq(c->start, 90000);
	ck_assert_int_eq(c->audio.p[0].dts, 96000);
	gop_free(&c);
	segmenter_finish(s); /* nothing under way */
	ck_assert_ptr_null(segmenter_take(s));
	segmenter_free(&s);
	segmenter_free(&s);
}
END_TEST

/*
 * Whatever the times: lists grow, numbers run on, GOPs lie behind each other, memory is bounded.
 */
START_TEST(times_of_showing_have_bounds)
{
	struct segmenter *s = segmenter_new(&defaults, &video_only);
	static const int32_t cts_ms[] = { -40, 8000000, -8000000, 80 };
	static const int32_t want[] = { 0, 0, 0, 7200 };
	struct gop *c;

	for (int i = 0; i < 4; i++) {
		struct buf *data = buf_copy(SLICE("picture"));

		segmenter_video(s, i * 40, cts_ms[i], i == 0, data);
		buf_unref(&data);
	}
	segmenter_finish(s);
	c = segmenter_take(s);
	ck_assert_uint_eq(c->video.n, 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(c->video.p[i].cts, want[i]);
	gop_free(&c);
	segmenter_free(&s);
}
END_TEST

START_TEST(any_times)
{
	for (unsigned seed = 1; seed <= 200; seed++) {
		struct segmenter_options options = defaults;
		struct segmenter *s;
		struct gop *c;
		uint64_t sequence = 100;
		int64_t end = 0, last = -1, v = 0, a = 0;

		options.bytes_max = 100000;
		s = segmenter_new(&options, seed % 3 ? &both : &audio_only);
		srand(seed);
		for (int i = 0; i < 2000; i++) {
			int64_t *t = rand() % 2 ? &v : &a;

			*t += rand() % 50 ? rand() % 60 : rand() % 40000 - 20000;
			if (t == &v)
				video(s, v, rand() % 20 == 0);
			else
				audio(s, a);
			if (i == 1999)
				segmenter_finish(s);
			while ((c = segmenter_take(s))) {
				check_gop(c);
				ck_assert_uint_eq(c->sequence, sequence++);
				ck_assert_int_ge(c->start, end);
				end = c->start + c->duration;
				if (c->video.n) {
					ck_assert_int_gt(c->video.p[0].dts, last);
					last = c->video.p[c->video.n - 1].dts;
					ck_assert_int_lt(last, end);
				}
				gop_free(&c);
			}
		}
		segmenter_free(&s);
	}
}
END_TEST

TEST_MAIN("segmenter", cuts_at_key_frames, waits_for_the_first_key_frame, audio_goes_with_video,
	late_audio_is_waited_for, missing_audio_is_not_waited_for, audio_alone, gop_without_end,
	bytes_are_bounded, audio_that_floods, video_that_stops, exact_times, audio_does_not_drift,
	audio_clock_is_set_right, equal_and_early_times, key_frames_a_little_early, jumps,
	clocks_set_anew, a_pause_is_no_jump, a_pause_makes_no_gop_longer,
	dependent_ones_end_at_the_next_key_frame, the_first_one_says_how_long_the_others_are,
	reordered_pictures_stay_together, goes_on_where_it_is_told, audio_out_of_time,
	silence_where_audio_is_missing, late_audio_is_not_silenced,
	a_still_where_pictures_are_missing, nothing_depends_across_a_still, audio_alone_jumps,
	codec_change, times_of_showing_have_bounds, any_times)
