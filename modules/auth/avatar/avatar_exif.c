/*
 * avatar_exif.c: the one thing of EXIF that matters here: which way up a photo is. Pure.
 */
#include <stdbool.h>

#include "avatar/avatar_image.h"

#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT      3

struct tiff {
	struct slice bytes;
	bool big_endian;
};

/* Numbers at an offset; 0 beyond the end, which no answer here depends on. */
static uint32_t number(const struct tiff *t, size_t at, int width)
{
	uint32_t value = 0;

	if (at > t->bytes.n || t->bytes.n - at < (size_t)width)
		return 0;
	for (int i = 0; i < width; i++) {
		uint8_t byte =
			(uint8_t)t->bytes.p[at + (size_t)(t->big_endian ? i : width - 1 - i)];

		value = value << 8 | byte;
	}
	return value;
}

int avatar_exif_orientation(struct slice tiff)
{
	struct tiff t = { .bytes = tiff, .big_endian = slice_starts(tiff, SLICE("MM")) };
	size_t directory;
	uint32_t entries;

	if ((!t.big_endian && !slice_starts(tiff, SLICE("II"))) || number(&t, 2, 2) != 42)
		return 1;
	directory = number(&t, 4, 4);
	entries = number(&t, directory, 2);
	for (uint32_t i = 0; i < entries; i++) {
		size_t entry = directory + 2 + (size_t)i * 12;
		uint32_t value = number(&t, entry + 8, 2);

		if (entry > tiff.n)
			break;
		if (number(&t, entry, 2) == TAG_ORIENTATION &&
			number(&t, entry + 2, 2) == TYPE_SHORT)
			return value >= 1 && value <= 8 ? (int)value : 1;
	}
	return 1;
}
