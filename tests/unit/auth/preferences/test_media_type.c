/*
 * test_media_type.c: what an attachment is, by its first bytes.
 */
#include "harness.h"
#include "preferences/media_type.h"

START_TEST(known)
{
	static const struct {
		struct slice bytes;
		const char *type;
	} rows[] = {
		{ { "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16 }, "image/png" },
		{ { "\xff\xd8\xff\xe0", 4 }, "image/jpeg" },
		{ { "RIFF\x10\0\0\0WEBPVP8 ", 16 }, "image/webp" },
		{ { "GIF87a", 6 }, "image/gif" }, { { "GIF89a\1\0", 8 }, "image/gif" },
		{ { "OggS\0\2", 6 }, "audio/ogg" },
		{ { "RIFF\x10\0\0\0WAVEfmt ", 16 }, "audio/wav" },
		{ { "ID3\3\0\0\0\0\0\0", 10 }, "audio/mpeg" },
		{ { "\xff\xfb\x90\x64", 4 }, "audio/mpeg" }, /* MPEG 1 layer III */
		{ { "\xff\xf3\x40\xc0", 4 }, "audio/mpeg" }, /* MPEG 2 */
		{ { "\xff\xe3\x40\xc0", 4 }, "audio/mpeg" }, /* MPEG 2.5 */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *type = media_type_of(rows[i].bytes);

		ck_assert_str_eq(type ? type : "none", rows[i].type);
		ck_assert_ptr_nonnull(strstr(MEDIA_TYPES, rows[i].type));
	}
}
END_TEST

START_TEST(unknown)
{
	static const struct slice rows[] = {
		{ NULL, 0 },
		{ "", 0 },
		{ "\x89PNG\r\n\x1a", 7 },
		{ "\x89PNG\n\x1a\n\n", 8 },
		{ "\xff\xd8", 2 },
		{ "RIFF", 4 },
		{ "RIFF\x10\0\0\0AVI LIST", 16 },
		{ "GIF88a", 6 },
		{ "ID3", 3 },
		{ "\xff\xfb\x90", 3 },
		{ "\xff\xeb\x90\x64", 4 }, /* a reserved version */
		{ "\xff\xfd\x90\x64", 4 }, /* layer II */
		{ "\xff\xfb\xf0\x64", 4 }, /* no such bit rate */
		{ "\xff\xfb\x9c\x64", 4 }, /* no such sampling rate */
		{ "<svg xmlns='http://www.w3.org/2000/svg'/>", 41 },
		{ "<!doctype html>", 15 },
		{ "%PDF-1.7", 8 },
		{ "MZ\x90\0", 4 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(
			media_type_of(rows[i]) == NULL, "row %zu: %s", i, media_type_of(rows[i]));
}
END_TEST

TEST_MAIN("media type", known, unknown)
