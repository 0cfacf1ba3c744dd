/*
 * avatar_image.c: which kind of picture it is, its limits, and the way through (avatar_image.h).
 * On a worker; its bounds are those of the header.
 */
#include "avatar/avatar_image.h"

#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/error.h"

int avatar_size_check(uint32_t width, uint32_t height, const char **why)
{
	if (width == 0 || height == 0) {
		*why = "the picture is empty";
		return HEARTH_EINVAL;
	}
	if (width > AVATAR_WIDTH_MAX || height > AVATAR_WIDTH_MAX ||
		(uint64_t)width * height > AVATAR_PIXELS_MAX) {
		*why = "expected a picture of at most 8192 pixels a side and 40 million in all";
		return HEARTH_ETOOBIG;
	}
	return 0;
}

static int read_picture(
	struct slice in, struct avatar_square *square, int *orientation, const char **why)
{
	*orientation = 1;
	if (slice_starts(in, SLICE("\xff\xd8\xff")))
		return avatar_jpeg_read(in, square, orientation, why);
	if (slice_starts(in, SLICE("\x89PNG\r\n\x1a\n")))
		return avatar_png_read(in, square, why);
	if (slice_starts(in, SLICE("RIFF")) && slice_starts(slice_skip(in, 8), SLICE("WEBP")))
		return avatar_webp_read(in, square, why);
	*why = "expected a picture as " AVATAR_KINDS;
	return HEARTH_EUNSUPPORTED;
}

static struct buf *write_picture(const struct avatar_square *square, int orientation, uint32_t side)
{
	uint8_t *rgba = mem_alloc((size_t)side * side * 4);
	struct buf *made;

	avatar_square_pixels(square, orientation, side, rgba);
	made = avatar_webp_write(rgba, (int)side);
	free(rgba);
	return made;
}

int avatar_make(struct slice in, struct avatar_images *out, const char **why)
{
	struct avatar_square square = { 0 };
	int orientation, rc;

	*out = (struct avatar_images){ 0 };
	if (in.n > AVATAR_BYTES_MAX) {
		*why = "expected a picture of at most 5 MiB";
		return HEARTH_ETOOBIG;
	}
	rc = read_picture(in, &square, &orientation, why);
	if (rc == 0) {
		out->large = write_picture(&square, orientation, AVATAR_SIDE);
		out->small = write_picture(&square, orientation, AVATAR_SIDE_SMALL);
		if (!out->large || !out->small) {
			*why = "the picture could not be encoded";
			avatar_images_clear(out);
			rc = HEARTH_EINVAL;
		}
	}
	avatar_square_clear(&square);
	return rc;
}

void avatar_images_clear(struct avatar_images *images)
{
	buf_unref(&images->large);
	buf_unref(&images->small);
}
