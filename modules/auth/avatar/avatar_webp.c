/*
 * avatar_webp.c: a WebP into the square, and the square as WebP (libwebp).
 *
 * libwebp cuts the square out and shrinks it while it decodes, so that what it gives is never more
 * than DECODED pixels wide.
 *
 * On a worker.
 */
#include <stdlib.h>

#include <webp/decode.h>
#include <webp/encode.h>

#include "avatar/avatar_image.h"
#include "hearth/arena.h"
#include "hearth/error.h"

#define DECODED (2 * AVATAR_SIDE)
#define QUALITY 85

/* Asks for the middle square, at most DECODED wide; returns how wide it comes. */
static uint32_t choose_square(WebPDecoderConfig *config)
{
	int width = config->input.width, height = config->input.height;
	int side = width < height ? width : height;

	config->options.use_cropping = 1;
	config->options.crop_left = (width - side) / 2;
	config->options.crop_top = (height - side) / 2;
	config->options.crop_width = side;
	config->options.crop_height = side;
	if (side <= DECODED)
		return (uint32_t)side;
	config->options.use_scaling = 1;
	config->options.scaled_width = DECODED;
	config->options.scaled_height = DECODED;
	return DECODED;
}

static int decode(
	WebPDecoderConfig *config, struct slice in, struct avatar_square *square, const char **why)
{
	uint32_t side = choose_square(config);
	size_t size = (size_t)side * side * 4;
	uint8_t *rgba = mem_zalloc(size);
	VP8StatusCode status;

	config->output.colorspace = MODE_RGBA;
	config->output.is_external_memory = 1;
	config->output.u.RGBA.rgba = rgba;
	config->output.u.RGBA.stride = (int)side * 4;
	config->output.u.RGBA.size = size;
	status = WebPDecode((const uint8_t *)in.p, in.n, config);
	if (status == VP8_STATUS_OK) {
		avatar_square_init(square, side, side);
		for (uint32_t y = 0; y < side; y++)
			avatar_square_add(square, y, 0, 1, rgba + (size_t)y * side * 4, side);
	} else {
		*why = status == VP8_STATUS_NOT_ENOUGH_DATA || status == VP8_STATUS_SUSPENDED
			       ? "the WebP is cut short"
			       : "the WebP is damaged";
	}
	WebPFreeDecBuffer(&config->output);
	free(rgba);
	return status == VP8_STATUS_OK ? 0 : HEARTH_EINVAL;
}

int avatar_webp_read(struct slice in, struct avatar_square *square, const char **why)
{
	WebPDecoderConfig config;
	int rc;

	if (!WebPInitDecoderConfig(&config) ||
		WebPGetFeatures((const uint8_t *)in.p, in.n, &config.input) != VP8_STATUS_OK) {
		*why = "the WebP is damaged or cut short";
		return HEARTH_EINVAL;
	}
	if (config.input.has_animation) {
		*why = "expected a still picture, not an animated WebP";
		return HEARTH_EUNSUPPORTED;
	}
	rc = avatar_size_check((uint32_t)config.input.width, (uint32_t)config.input.height, why);
	return rc < 0 ? rc : decode(&config, in, square, why);
}

struct buf *avatar_webp_write(const uint8_t *rgba, int side)
{
	WebPConfig config;
	WebPPicture picture;
	WebPMemoryWriter file;
	struct buf *made = NULL;

	if (!WebPConfigPreset(&config, WEBP_PRESET_PICTURE, QUALITY) || !WebPPictureInit(&picture))
		return NULL;
	WebPMemoryWriterInit(&file);
	picture.width = side;
	picture.height = side;
	picture.writer = WebPMemoryWrite;
	picture.custom_ptr = &file;
	if (WebPPictureImportRGBA(&picture, rgba, side * 4) && WebPEncode(&config, &picture))
		made = buf_copy(slice_of(file.mem, file.size));
	WebPPictureFree(&picture);
	WebPMemoryWriterClear(&file);
	return made;
}
