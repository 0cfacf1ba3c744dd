/*
 * AVC: avcC and SPS of real encoders against what ffprobe says, hand-made SPS, malformed input.
 */
#include "codec/avc.h"

#include "harness.h"

#include "hearth/error.h"
#include "video/media.h"

/* 1280x720, 25 frames a second, High 3.1: x264's. */
static const struct slice sps_720p =
	SLICE("\x67\x64\x00\x1f\xac\xd9\x40\x50\x05\xbb\x01\x6a\x02\x02"
	      "\x02\x80\x00\x00\x03\x00\x80\x00\x00\x19\x07\x8c\x18\xcb");
static const struct slice pps = SLICE("\x68\xeb\xe3\xcb\x22\xc0");

START_TEST(config_round_trip)
{
	struct strbuf b = { 0 };
	struct avc_config c;
	struct avc_sps s;
	char codec[AVC_CODEC_STRING_SIZE];

	ck_assert_int_eq(avc_config_write(&b, sps_720p, pps), 0);
	ck_assert_int_eq(avc_config_parse(strbuf_slice(&b), &c), 0);
	ck_assert_uint_eq(c.length_size, 4);
	ck_assert(slice_eq(c.sps, sps_720p));
	ck_assert(slice_eq(c.pps, pps));
	avc_codec_string(&c, codec);
	ck_assert_str_eq(codec, "avc1.64001f");
	ck_assert_int_eq(avc_sps_parse(c.sps, &s), 0);
	ck_assert_uint_eq(s.width, 1280);
	ck_assert_uint_eq(s.height, 720);
	ck_assert_uint_eq(s.fps_num / s.fps_den, 25);
	ck_assert_uint_eq(s.sar_num, s.sar_den);
	ck_assert(!s.interlaced);
	for (size_t n = 0; n < b.n - 4; n++) /* four bytes of the high profile's extension */
		ck_assert_int_eq(
			avc_config_parse(slice_head(strbuf_slice(&b), n), &c), HEARTH_EINVAL);
	strbuf_free(&b);
}
END_TEST

START_TEST(config_refuses)
{
	struct strbuf b = { 0 };
	struct avc_config c;

	ck_assert_int_eq(avc_config_write(&b, pps, sps_720p), HEARTH_EINVAL);
	ck_assert_uint_eq(b.n, 0);
	/* version 2; a length size of three; no SPS; no PPS; a PPS where the SPS should be */
	ck_assert_int_eq(avc_config_parse(SLICE("\x02\x64\0\x1f\xff\xe0\0"), &c), HEARTH_EINVAL);
	ck_assert_int_eq(
		avc_config_parse(SLICE("\x01\x64\0\x1f\xfe\xe1\0\x01\x67\x01\0\x01\x68"), &c),
		HEARTH_EINVAL);
	ck_assert_int_eq(
		avc_config_parse(SLICE("\x01\x64\0\x1f\xff\xe0\x01\0\x01\x68"), &c), HEARTH_EINVAL);
	ck_assert_int_eq(
		avc_config_parse(SLICE("\x01\x64\0\x1f\xff\xe1\0\x01\x67\0"), &c), HEARTH_EINVAL);
	ck_assert_int_eq(
		avc_config_parse(SLICE("\x01\x64\0\x1f\xff\xe1\0\x01\x68\x01\0\x01\x68"), &c),
		HEARTH_EINVAL);
	ck_assert_int_eq(
		avc_config_parse(SLICE("\x01\x64\0\x1f\xff\xe1\0\x01\x67\x01\0\x01\x68"), &c), 0);
}
END_TEST

/* Any change of a bit must neither crash nor give a picture over the bound. */
START_TEST(sps_damaged)
{
	for (size_t bit = 0; bit < sps_720p.n * 8; bit++) {
		struct strbuf b = { 0 };
		struct avc_sps s;

		strbuf_add(&b, sps_720p);
		b.p[bit / 8] = (char)(b.p[bit / 8] ^ 1 << bit % 8);
		if (avc_sps_parse(strbuf_slice(&b), &s) == 0)
			ck_assert(s.width && s.height && s.width <= AVC_DIMENSION_MAX &&
				  s.height <= AVC_DIMENSION_MAX);
		strbuf_free(&b);
	}
	for (size_t n = 0; n < 10; n++) {
		struct avc_sps s;

		ck_assert_int_eq(avc_sps_parse(slice_head(sps_720p, n), &s), HEARTH_EINVAL);
	}
}
END_TEST

START_TEST(nal_walks)
{
	struct slice in = SLICE("\0\0\0\x02\x65x\0\0\0\0\0\0\0\x01\x41"), nal;
	struct slice annexb = SLICE("\0\0\0\1\x67"
				    "abc\0\0\1\x68"
				    "d\0\0\0\1\x65");

	ck_assert_int_eq(avc_nal_next(&in, 4, &nal), 1);
	ck_assert_int_eq(avc_nal_type(nal), AVC_NAL_IDR);
	ck_assert_int_eq(avc_nal_next(&in, 4, &nal), 1);
	ck_assert_uint_eq(nal.n, 0);
	ck_assert_int_eq(avc_nal_next(&in, 4, &nal), 1);
	ck_assert_uint_eq(nal.n, 1);
	ck_assert_int_eq(avc_nal_next(&in, 4, &nal), 0);
	in = SLICE("\0\x05"
		   "abcd");
	ck_assert_int_eq(avc_nal_next(&in, 2, &nal), HEARTH_EINVAL);
	in = SLICE("\0");
	ck_assert_int_eq(avc_nal_next(&in, 2, &nal), HEARTH_EINVAL);

	ck_assert_int_eq(avc_annexb_next(&annexb, &nal), 1);
	ck_assert(slice_eq(nal, SLICE("\x67"
				      "abc")));
	ck_assert_int_eq(avc_annexb_next(&annexb, &nal), 1);
	ck_assert(slice_eq(nal, SLICE("\x68"
				      "d")));
	ck_assert_int_eq(avc_annexb_next(&annexb, &nal), 1);
	ck_assert_int_eq(avc_nal_type(nal), AVC_NAL_IDR);
	ck_assert_int_eq(avc_annexb_next(&annexb, &nal), 0);
}
END_TEST

/* What x264 writes for odd sizes, rates, formats and fields, against what it was asked for. */
START_TEST(sps_of_real_encoders)
{
	static const struct {
		const char *options;
		uint32_t width, height, fps_milli, sar_num, sar_den;
		uint8_t chroma;
		uint8_t depth;
		bool interlaced;
	} cases[] = {
		{ "-r 25", 322, 242, 25000, 1, 1, 1, 8, false },
		{ "-r 30000/1001 -profile:v high", 1920, 1080, 29970, 1, 1, 1, 8, false },
		{ "-r 60 -profile:v baseline", 640, 360, 60000, 1, 1, 1, 8, false },
		{ "-r 25", 640, 480, 25000, 4, 3, 1, 8, false },
		{ "-r 25 -flags +ildct+ilme -x264-params tff=1", 720, 576, 25000, 1, 1, 1, 8,
			true },
		{ "-r 25 -pix_fmt yuv444p", 322, 242, 25000, 1, 1, 3, 8, false },
		{ "-r 25 -pix_fmt yuv422p10le", 322, 242, 25000, 1, 1, 2, 10, false },
		{ "-r 25 -x264-params cqm=jvt", 322, 242, 25000, 1, 1, 1, 8, false },
		{ "-r 24 -color_trc bt709 -colorspace bt709 -color_primaries bt709", 4096, 2304,
			24000, 1, 1, 1, 8, false },
	};
	char *dir;

	if (!media_available("tree.avi"))
		return;
	dir = media_dir();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct media_clip clip;
		struct avc_config c;
		struct avc_sps s;

		ck_assert_int_eq(
			media_run(
				"ffmpeg -v error -y -f lavfi -i testsrc=duration=0.1 -c:v libx264 "
				"-preset ultrafast -vf scale=%u:%u,setsar=%u/%u -pix_fmt yuv420p "
				"%s -f flv %s/a.flv",
				cases[i].width, cases[i].height, cases[i].sar_num, cases[i].sar_den,
				cases[i].options, dir),
			0);
		media_clip_load(&clip, dir, "a.flv");
		ck_assert_int_eq(avc_config_parse(clip.avcc, &c), 0);
		ck_assert_int_eq(avc_sps_parse(c.sps, &s), 0);
		ck_assert_uint_eq(s.width, cases[i].width);
		ck_assert_uint_eq(s.height, cases[i].height);
		ck_assert_uint_eq(s.fps_num * UINT64_C(1000) / s.fps_den, cases[i].fps_milli);
		ck_assert_uint_eq(s.sar_num, cases[i].sar_num);
		ck_assert_uint_eq(s.sar_den, cases[i].sar_den);
		ck_assert_uint_eq(s.chroma_format, cases[i].chroma);
		ck_assert_uint_eq(s.bit_depth, cases[i].depth);
		ck_assert_int_eq(s.interlaced, cases[i].interlaced);
		media_clip_clear(&clip);
	}
	media_dir_remove(dir);
}
END_TEST

TEST_MAIN("avc", config_round_trip, config_refuses, sps_damaged, nal_walks, sps_of_real_encoders)
