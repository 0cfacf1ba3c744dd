/*
 * AudioSpecificConfig: LC, both ways of SBR and PS, escapes, cut short at every byte.
 */
#include "codec/aac.h"

#include "harness.h"

#include "hearth/error.h"

#include "video/media.h"

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

/* A decoder that complains of nothing hears nothing, in every layout that ADTS can say. */
START_TEST(silence)
{
	char *dir;

	if (!media_available(""))
		return;
	dir = media_dir();
	for (uint8_t layout = 1; layout < 8; layout++) {
		const struct aac_config c = { .object_type = 2, .layout = layout };
		struct strbuf frame = { 0 }, file = { 0 };

		aac_write_silence(&frame, &c);
		for (int i = 0; i < 4; i++) {
			size_t n = frame.n + 7;
			char adts[7] = { (char)0xff, (char)0xf1, (char)(0x4c | layout >> 2),
				(char)((layout & 3) << 6 | n >> 11), (char)(n >> 3),
				(char)((n & 7) << 5 | 0x1f), (char)0xfc };

			strbuf_add(&file, slice_of(adts, 7));
			strbuf_add(&file, strbuf_slice(&frame));
		}
		media_write(dir, "silence.aac", strbuf_slice(&file));
		ck_assert_int_eq(
			media_run(
				"cd %s && ffmpeg -v error -xerror -y -i silence.aac -f s16le s.raw "
				"&& test $(stat -c %%s s.raw) -ge %d && ! grep -qaP "
				"'[^\\x00]' s.raw",
				dir, 3 * 1024 * 2 * (layout == 7 ? 8 : layout)),
			0);
		strbuf_free(&frame);
		strbuf_free(&file);
	}
	media_dir_remove(dir);
}
END_TEST

TEST_MAIN("aac", silence, configs, refuses)
