/*
 * AudioSpecificConfig: LC, both ways of SBR and PS, escapes, cut short at every byte.
 */
#include "codec/aac.h"

#include "harness.h"

#include "hearth/error.h"

START_TEST(configs)
{
	static const struct {
		struct slice in;
		const char *codec;
		uint32_t rate, output_rate, frame;
		uint8_t channels;
	} cases[] = {
		{ SLICE("\x12\x10"), "mp4a.40.2", 44100, 44100, 1024, 2 },
		{ SLICE("\x11\x90"), "mp4a.40.2", 48000, 48000, 1024, 2 },
		{ SLICE("\x15\x88"), "mp4a.40.2", 8000, 8000, 1024, 1 },
		{ SLICE("\x12\x14"), "mp4a.40.2", 44100, 44100, 960, 2 },
		{ SLICE("\x12\x10\x56\xe5\x00"), "mp4a.40.2", 44100, 44100, 1024, 2 }, /* SBR: no */
		{ SLICE("\x13\x90\x56\xe5\xa0"), "mp4a.40.5", 22050, 44100, 1024, 2 },
		{ SLICE("\x2b\x92\x08\x00"), "mp4a.40.5", 22050, 44100, 1024, 2 },
		{ SLICE("\xeb\x8a\x08\x00"), "mp4a.40.29", 22050, 44100, 1024, 1 },
		{ SLICE("\x17\x80\x56\x22\x10"), "mp4a.40.2", 44100, 44100, 1024,
			2 }, /* rate in full */
		{ SLICE("\x11\xb8"), "mp4a.40.2", 48000, 48000, 1024, 8 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char codec[AAC_CODEC_STRING_SIZE];
		struct aac_config c;

		ck_assert_int_eq(aac_config_parse(cases[i].in, &c), 0);
		aac_codec_string(&c, codec);
		ck_assert_str_eq(codec, cases[i].codec);
		ck_assert_uint_eq(c.rate, cases[i].rate);
		ck_assert_uint_eq(c.output_rate, cases[i].output_rate);
		ck_assert_uint_eq(c.frame_length, cases[i].frame);
		ck_assert_uint_eq(c.channels, cases[i].channels);
		for (size_t n = 0; n < 2; n++)
			ck_assert_int_lt(aac_config_parse(slice_head(cases[i].in, n), &c), 0);
	}
}
END_TEST

START_TEST(refuses)
{
	struct aac_config c;

	ck_assert_int_eq(
		aac_config_parse(SLICE("\xba\x10\0\0"), &c), HEARTH_EUNSUPPORTED); /* ELD */
	ck_assert_int_eq(aac_config_parse(SLICE("\x16\x90"), &c), HEARTH_EINVAL);  /* rate 13 */
	ck_assert_int_eq(
		aac_config_parse(SLICE("\x17\x80\0\x01\x10"), &c), HEARTH_EINVAL); /* 2 Hz */
	ck_assert_int_eq(aac_config_parse(SLICE("\x12\x48"), &c), HEARTH_EINVAL);  /* layout 9 */
}
END_TEST

TEST_MAIN("aac", configs, refuses)
