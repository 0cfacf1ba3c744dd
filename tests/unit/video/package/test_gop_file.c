/*
 * GOP files: what was written comes back, without copies; cut short or altered they are refused.
 */
#include "package/gop_file.h"

#include "harness.h"

#include "hearth/error.h"

static void add(struct media_samples *list, int64_t dts, int32_t cts, bool key, const char *data)
{
	media_samples_add(list, (struct media_sample){ .dts = dts,
					.cts = cts,
					.duration = 3000,
					.key = key,
					.data = buf_copy(slice_str(data)) });
}

static struct buf *example(struct gop_file *c)
{
	struct strbuf out = { 0 };

	*c = (struct gop_file){ .fps_num = 24000,
		.fps_den = 1001,
		.b_frames = 2,
		.audio_rate = 44100,
		.channels = 2,
		.video_codec = codec_of(AV_CODEC_AVC),
		.audio_codec = codec_of(AV_CODEC_AAC),
		.video_config = SLICE("\x01\x64\0\x1f"),
		.audio_config = SLICE("\x12\x10") };
	add(&c->lead, INT64_C(90000) * 86400 * 365, 0, true, "key");
	add(&c->video, INT64_MAX, -3000, false, "");
	add(&c->video, 0, INT32_MAX, true, "a longer picture");
	add(&c->audio, 1, 0, true, "aac");
	gop_file_write(&out, c);
	return buf_from_strbuf(&out);
}

static void same_samples(const struct media_samples *a, const struct media_samples *b)
{
	ck_assert_uint_eq(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		ck_assert_int_eq(a->p[i].dts, b->p[i].dts);
		ck_assert_int_eq(a->p[i].cts, b->p[i].cts);
		ck_assert_uint_eq(a->p[i].duration, b->p[i].duration);
		ck_assert_int_eq(a->p[i].key, b->p[i].key);
		ck_assert(slice_eq(buf_slice(a->p[i].data), buf_slice(b->p[i].data)));
	}
}

/* As the program before wrote it, which did not number codecs. */
START_TEST(the_first_form_is_read)
{
	struct gop_file c, back;
	struct buf *file = example(&c), *first;
	struct strbuf out = { 0 };

	strbuf_adds(&out, "HCK1");
	strbuf_add(&out, slice_of(file->p + 4, 14));
	strbuf_add(&out, slice_skip(buf_slice(file), 20));
	first = buf_from_strbuf(&out);
	ck_assert_int_eq(gop_file_read(first, &back), 0);
	ck_assert(back.video_codec == c.video_codec && back.audio_codec == c.audio_codec);
	ck_assert(slice_eq(back.audio_config, c.audio_config));
	same_samples(&back.audio, &c.audio);
	gop_file_clear(&back);
	gop_file_clear(&c);
	buf_unref(&first);
	buf_unref(&file);
}
END_TEST

START_TEST(round_trip)
{
	struct gop_file c, back;
	struct buf *file = example(&c);
	const char *from = file->p, *to = file->p + file->n;
	struct buf *picture;

	ck_assert_int_eq(gop_file_read(file, &back), 0);
	ck_assert_uint_eq(back.fps_num, 24000);
	ck_assert_uint_eq(back.fps_den, 1001);
	ck_assert_uint_eq(back.b_frames, 2);
	ck_assert_uint_eq(back.audio_rate, 44100);
	ck_assert_uint_eq(back.channels, 2);
	ck_assert(slice_eq(back.video_config, c.video_config) && back.video_codec == c.video_codec);
	ck_assert(slice_eq(back.audio_config, c.audio_config) && back.audio_codec == c.audio_codec);
	same_samples(&back.lead, &c.lead);
	same_samples(&back.video, &c.video);
	same_samples(&back.audio, &c.audio);
	/* A part of the file, which outlives the caller's reference to it. */
	picture = buf_ref(back.video.p[1].data);
	ck_assert(picture->p > from && picture->p + picture->n < to);
	gop_file_clear(&c);
	gop_file_clear(&back);
	buf_unref(&file);
	ck_assert(slice_eq(buf_slice(picture), SLICE("a longer picture")));
	buf_unref(&picture);
}
END_TEST

START_TEST(nothing_in_it)
{
	struct gop_file c = { 0 }, back;
	struct strbuf out = { 0 };
	struct buf *file;

	gop_file_write(&out, &c);
	ck_assert_uint_eq(out.n, 40);
	file = buf_from_strbuf(&out);
	ck_assert_int_eq(gop_file_read(file, &back), 0);
	ck_assert_uint_eq(back.video_config.n + back.audio_config.n + back.lead.n + back.video.n +
				  back.audio.n,
		0);
	gop_file_clear(&back);
	buf_unref(&file);
}
END_TEST

static void refused(struct slice bytes)
{
	struct buf *file = buf_copy(bytes);
	struct gop_file back;

	ck_assert_int_eq(gop_file_read(file, &back), HEARTH_ECORRUPT);
	ck_assert_uint_eq(back.lead.n + back.video.n + back.audio.n, 0);
	ck_assert_ptr_null(back.video.p);
	buf_unref(&file);
}

START_TEST(cut_short_or_with_more_behind)
{
	struct gop_file c;
	struct buf *file = example(&c);
	struct strbuf more = { 0 };

	for (size_t n = 0; n < file->n; n++)
		refused(slice_head(buf_slice(file), n));
	strbuf_add(&more, buf_slice(file));
	strbuf_addc(&more, '\0');
	refused(strbuf_slice(&more));
	strbuf_free(&more);
	gop_file_clear(&c);
	buf_unref(&file);
}
END_TEST

#define PACE "\0\0\0\x18\0\0\0\1\2"

START_TEST(lies_about_sizes)
{
	static const struct slice lies[] = {
		SLICE("HCK2" PACE "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		SLICE("HCK1" PACE "\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		SLICE("HCK1" PACE "\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0"),
		SLICE("HCK1" PACE "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x7f\xff\xff\xff"),
		/* one sample whose bytes reach past the end; one with a key of 2 */
		SLICE("HCK1" PACE
		      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0"
		      "\0\x0b"
		      "0123\0\0\0\0"),
		SLICE("HCK1" PACE
		      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0"
		      "\0\x04"
		      "0123\0\0\0\0\0\0\0\0"),
	};

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		refused(lies[i]);
}
END_TEST

TEST_MAIN("gop_file", the_first_form_is_read, round_trip, nothing_in_it,
	cut_short_or_with_more_behind, lies_about_sizes)
