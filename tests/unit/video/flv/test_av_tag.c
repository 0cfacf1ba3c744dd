/*
 * Audio and video tag bodies, legacy and Enhanced RTMP, cut short at every byte.
 */
#include "flv/av_tag.h"

#include "harness.h"

#include "hearth/error.h"

START_TEST(legacy_video)
{
	static const struct {
		struct slice in;
		enum av_codec codec;
		enum av_packet packet;
		bool key;
		int32_t cts_ms;
	} cases[] = {
		{ SLICE("\x17\0\0\0\0avcC"), AV_CODEC_AVC, AV_PACKET_CONFIG, true, 0 },
		{ SLICE("\x17\x01\0\0\x50nals"), AV_CODEC_AVC, AV_PACKET_FRAME, true, 80 },
		{ SLICE("\x27\x01\xff\xff\xd8nals"), AV_CODEC_AVC, AV_PACKET_FRAME, false, -40 },
		{ SLICE("\x27\x01\x80\0\0nals"), AV_CODEC_AVC, AV_PACKET_FRAME, false, -8388608 },
		{ SLICE("\x17\x02\0\0\0"), AV_CODEC_AVC, AV_PACKET_END, true, 0 },
		{ SLICE("\x1c\0\0\0\0hvcC"), AV_CODEC_HEVC, AV_PACKET_CONFIG, true, 0 },
		{ SLICE("\x12h263"), AV_CODEC_OTHER, AV_PACKET_FRAME, true, 0 },
		{ SLICE("\x57\0"), AV_CODEC_OTHER, AV_PACKET_IGNORE, false, 0 }, /* seek */
		{ SLICE(""), AV_CODEC_OTHER, AV_PACKET_IGNORE, false, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct av_tag t;

		ck_assert_int_eq(av_tag_video(cases[i].in, &t), 0);
		ck_assert_int_eq(t.codec, cases[i].codec);
		ck_assert_int_eq(t.packet, cases[i].packet);
		ck_assert_int_eq(t.key, cases[i].key);
		ck_assert_int_eq(t.cts_ms, cases[i].cts_ms);
		ck_assert(!t.enhanced);
	}
}
END_TEST

START_TEST(legacy_audio)
{
	static const struct {
		struct slice in;
		enum av_codec codec;
		enum av_packet packet;
		size_t n;
	} cases[] = {
		{ SLICE("\xaf\0\x12\x10"), AV_CODEC_AAC, AV_PACKET_CONFIG, 2 },
		{ SLICE("\xaf\x01raw"), AV_CODEC_AAC, AV_PACKET_FRAME, 3 },
		{ SLICE("\xaf\x07raw"), AV_CODEC_AAC, AV_PACKET_IGNORE, 3 },
		{ SLICE("\x2fmp3"), AV_CODEC_MP3, AV_PACKET_FRAME, 3 },
		{ SLICE("\xb2speex"), AV_CODEC_OTHER, AV_PACKET_FRAME, 5 },
		{ SLICE(""), AV_CODEC_OTHER, AV_PACKET_IGNORE, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct av_tag t;

		ck_assert_int_eq(av_tag_audio(cases[i].in, &t), 0);
		ck_assert_int_eq(t.codec, cases[i].codec);
		ck_assert_int_eq(t.packet, cases[i].packet);
		ck_assert_uint_eq(t.data.n, cases[i].n);
	}
}
END_TEST

START_TEST(enhanced)
{
	static const struct {
		bool video;
		struct slice in;
		const char *codec;
		enum av_packet packet;
		bool key;
		int32_t cts_ms;
		uint8_t track;
		struct slice data;
	} cases[] = {
		{ true, SLICE("\x90hvc1conf"), "HEVC", AV_PACKET_CONFIG, true, 0, 0,
			SLICE("conf") },
		{ true, SLICE("\x91hvc1\0\0\x10nal"), "HEVC", AV_PACKET_FRAME, true, 16, 0,
			SLICE("nal") },
		{ true, SLICE("\xa3hvc1nal"), "HEVC", AV_PACKET_FRAME, false, 0, 0, SLICE("nal") },
		{ true,
			SLICE("\xa1"
			      "av01obu"),
			"AV1", AV_PACKET_FRAME, false, 0, 0, SLICE("obu") },
		{ true,
			SLICE("\x91"
			      "avc1\xff\xff\xffnal"),
			"AVC", AV_PACKET_FRAME, true, -1, 0, SLICE("nal") },
		{ true, SLICE("\x92vp09"), "VP9", AV_PACKET_END, true, 0, 0, SLICE("") },
		{ true, SLICE("\x94hvc1meta"), "HEVC", AV_PACKET_IGNORE, true, 0, 0,
			SLICE("meta") },
		{ true, SLICE("\xd1\x01"), "an unknown codec", AV_PACKET_IGNORE, false, 0, 0,
			SLICE("\x01") },
		/* OneTrack, track 3 */
		{ true, SLICE("\x96\x03hvc1\x03nal"), "HEVC", AV_PACKET_FRAME, true, 0, 3,
			SLICE("nal") },
		/* ModEx of three bytes, then one of none but its size, then CodedFramesX */
		{ true, SLICE("\x97\x02\0\0\x07\x07\0\x01\x03hvc1nal"), "HEVC", AV_PACKET_FRAME,
			true, 0, 0, SLICE("nal") },
		{ false, SLICE("\x90mp4a\x12\x10"), "AAC", AV_PACKET_CONFIG, false, 0, 0,
			SLICE("\x12\x10") },
		{ false, SLICE("\x91Opusx"), "Opus", AV_PACKET_FRAME, false, 0, 0, SLICE("x") },
		{ false, SLICE("\x94mp4ax"), "AAC", AV_PACKET_IGNORE, false, 0, 0, SLICE("x") },
		{ false, SLICE("\x95\x01mp4a\x02raw"), "AAC", AV_PACKET_FRAME, false, 0, 2,
			SLICE("raw") },
		{ false, SLICE("\x91what"), "an unknown codec", AV_PACKET_FRAME, false, 0, 0,
			SLICE("") },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct av_tag t;
		int rc = (cases[i].video ? av_tag_video : av_tag_audio)(cases[i].in, &t);
		size_t head = cases[i].in.n - cases[i].data.n;

		ck_assert_int_eq(rc, 0);
		ck_assert_str_eq(av_codec_name(t.codec), cases[i].codec);
		ck_assert(t.enhanced);
		ck_assert_int_eq(t.packet, cases[i].packet);
		ck_assert_int_eq(t.key, cases[i].key);
		ck_assert_int_eq(t.cts_ms, cases[i].cts_ms);
		ck_assert_uint_eq(t.track, cases[i].track);
		ck_assert(slice_eq(t.data, cases[i].data));
		for (size_t n = 1; n < head; n++)
			ck_assert_int_eq((cases[i].video ? av_tag_video : av_tag_audio)(
						 slice_head(cases[i].in, n), &t),
				HEARTH_EINVAL);
	}
}
END_TEST

START_TEST(many_tracks)
{
	struct av_tag t;

	ck_assert_int_eq(av_tag_video(SLICE("\x96\x11hvc1\0\0\0\x01x"), &t), HEARTH_EUNSUPPORTED);
	ck_assert_int_eq(t.codec, AV_CODEC_HEVC);
	ck_assert_int_eq(av_tag_audio(SLICE("\x95\x21mp4a\0\0\0\x01x"), &t), HEARTH_EUNSUPPORTED);
	ck_assert_int_eq(t.codec, AV_CODEC_AAC);
	ck_assert_int_eq(av_tag_video(SLICE("\x96\x31hvc1"), &t), HEARTH_EINVAL);
}
END_TEST

START_TEST(modex_with_a_wide_size)
{
	struct strbuf b = { 0 };
	struct av_tag t;

	strbuf_add(&b, SLICE("\x97\xff\x01\x00")); /* 256, so 16 bits follow: 256 + 1 bytes */
	memset(strbuf_reserve(&b, 257), 0, 257);
	strbuf_commit(&b, 257);
	strbuf_add(&b, SLICE("\x03"
			     "av01obu"));
	ck_assert_int_eq(av_tag_video(strbuf_slice(&b), &t), 0);
	ck_assert_int_eq(t.codec, AV_CODEC_AV1);
	ck_assert(slice_eq(t.data, SLICE("obu")));
	strbuf_free(&b);
}
END_TEST

TEST_MAIN("av_tag", legacy_video, legacy_audio, enhanced, many_tracks, modex_with_a_wide_size)
