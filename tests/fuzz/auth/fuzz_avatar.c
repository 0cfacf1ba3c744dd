/*
 * fuzz_avatar.c: any bytes as a picture somebody uploaded. What is taken must come out as two
 * WebPs of the right sizes; what is not must come with a reason.
 */
#include <assert.h>

#include <webp/decode.h>

#include "avatar/avatar_image.h"
#include "hearth/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct buf *made, int side)
{
	int w = 0, h = 0;

	assert(made && WebPGetInfo((const uint8_t *)made->p, made->n, &w, &h));
	assert(w == side && h == side);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct avatar_images made;
	const char *why = NULL;
	int orientation = avatar_exif_orientation(slice_of(data, size));
	int rc = avatar_make(slice_of(data, size), &made, &why);

	assert(orientation >= 1 && orientation <= 8);
	if (rc == 0) {
		look(made.large, AVATAR_SIDE);
		look(made.small, AVATAR_SIDE_SMALL);
	} else {
		assert(rc == HEARTH_EINVAL || rc == HEARTH_ETOOBIG || rc == HEARTH_EUNSUPPORTED);
		assert(why && why[0] && !made.large && !made.small);
	}
	avatar_images_clear(&made);
	return 0;
}
