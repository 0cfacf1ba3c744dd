/*
 * pictures.h: pictures made by the test, encoded by the libraries: four coloured quarters, so that
 * a turned, mirrored or damaged one shows.
 */
#ifndef HEARTH_TESTS_PICTURES_H
#define HEARTH_TESTS_PICTURES_H

#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <png.h>
#include <webp/decode.h>
#include <webp/encode.h>

#include "hearth/str.h"

/* Red | green over blue | white; RGBA. */
static inline void quarter_colour(int x, int y, int w, int h, uint8_t rgba[4])
{
	bool right = x >= w / 2, low = y >= h / 2;

	rgba[0] = right == low && !low ? 255 : (right && low ? 255 : 0);
	rgba[1] = right ? 255 : 0;
	rgba[2] = low ? 255 : 0;
	rgba[3] = 255;
}

static inline uint8_t *quarters(int w, int h)
{
	uint8_t *rgba = malloc((size_t)w * (size_t)h * 4);

	for (int y = 0; y < h; y++)
		for (int x = 0; x < w; x++)
			quarter_colour(x, y, w, h, rgba + ((size_t)y * (size_t)w + (size_t)x) * 4);
	return rgba;
}

struct jpeg_kind {
	bool grey, cmyk, adobe, progressive;
	struct slice app1; /* a marker to put in */
};

static inline struct slice make_jpeg(const uint8_t *rgba, int w, int h, struct jpeg_kind kind)
{
	struct jpeg_compress_struct jpeg = { 0 };
	struct jpeg_error_mgr errors;
	unsigned char *out = NULL;
	unsigned long n = 0;
	int per = kind.grey ? 1 : kind.cmyk ? 4 : 3;
	uint8_t *line = malloc((size_t)w * 4);

	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_compress(&jpeg);
	jpeg_mem_dest(&jpeg, &out, &n);
	jpeg.image_width = (JDIMENSION)w;
	jpeg.image_height = (JDIMENSION)h;
	jpeg.input_components = per;
	jpeg.in_color_space = kind.grey ? JCS_GRAYSCALE : kind.cmyk ? JCS_CMYK : JCS_RGB;
	jpeg_set_defaults(&jpeg);
	if (kind.adobe)
		jpeg_set_colorspace(&jpeg, JCS_YCCK);
	if (kind.cmyk)
		jpeg.write_Adobe_marker = kind.adobe;
	if (kind.progressive)
		jpeg_simple_progression(&jpeg);
	jpeg_start_compress(&jpeg, TRUE);
	if (kind.app1.n)
		jpeg_write_marker(
			&jpeg, JPEG_APP0 + 1, (const JOCTET *)kind.app1.p, (unsigned)kind.app1.n);
	while (jpeg.next_scanline < jpeg.image_height) {
		const uint8_t *p = rgba + (size_t)jpeg.next_scanline * (size_t)w * 4;

		for (int x = 0; x < w; x++, p += 4)
			for (int c = 0; c < per; c++) {
				/* No black ink; Adobe writes what the paper keeps. */
				uint8_t v = c == 3 ? 255 : p[c];

				line[x * per + c] =
					!kind.cmyk || kind.adobe ? v : (uint8_t)(255 - v);
			}
		jpeg_write_scanlines(&jpeg, &line, 1);
	}
	jpeg_finish_compress(&jpeg);
	jpeg_destroy_compress(&jpeg);
	free(line);
	return slice_of(out, n);
}

struct png_file {
	struct strbuf bytes;
};

static inline void png_take(png_structp png, png_bytep p, size_t n)
{
	strbuf_add(png_get_io_ptr(png), slice_of(p, n));
}

static inline void png_flushed(png_structp png)
{
	(void)png;
}

/* depth 8 or 16 with alpha. */
static inline struct slice make_png(const uint8_t *rgba, int w, int h, int depth, bool interlaced)
{
	struct strbuf out = { 0 };
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	size_t per = depth == 16 ? 8 : 4;
	uint8_t *pixels = malloc((size_t)w * (size_t)h * per);
	png_bytep *lines = malloc(sizeof(*lines) * (size_t)h);

	for (size_t i = 0; i < (size_t)w * (size_t)h * 4; i++) {
		if (depth == 16) {
			pixels[2 * i] = rgba[i];
			pixels[2 * i + 1] = rgba[i];
		} else {
			pixels[i] = rgba[i];
		}
	}
	for (int y = 0; y < h; y++)
		lines[y] = pixels + (size_t)y * (size_t)w * per;
	png_set_write_fn(png, &out, png_take, png_flushed);
	png_set_IHDR(png, info, (png_uint_32)w, (png_uint_32)h, depth, PNG_COLOR_TYPE_RGBA,
		interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
	png_set_rows(png, info, lines);
	png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
	png_destroy_write_struct(&png, &info);
	free(lines);
	free(pixels);
	return strbuf_slice(&out);
}

static inline struct slice make_webp(const uint8_t *rgba, int w, int h, bool lossless)
{
	uint8_t *out = NULL;
	size_t n = lossless ? WebPEncodeLosslessRGBA(rgba, w, h, w * 4, &out)
			    : WebPEncodeRGBA(rgba, w, h, w * 4, 90, &out);
	/* free() is for all of them here. */
	struct slice copy = slice_of(memcpy(malloc(n), out, n), n);

	WebPFree(out);
	return copy;
}

#endif
