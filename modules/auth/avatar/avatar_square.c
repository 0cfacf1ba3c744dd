/*
 * avatar_square.c: shrinking by area (avatar_square.h).
 *
 * Lengths are counted in whole units so that every pixel is shared out exactly: a pixel is
 * AVATAR_SIDE units wide and a cell `side` units, since the square is AVATAR_SIDE cells and `side`
 * pixels. The weights of a cell then add up to side x side.
 *
 * Pure; on a worker.
 */
#include "avatar/avatar_square.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "hearth/arena.h"

void avatar_square_init(struct avatar_square *s, uint32_t width, uint32_t height)
{
	uint32_t side = width < height ? width : height;

	*s = (struct avatar_square){ .width = width,
		.height = height,
		.side = side,
		.left = (width - side) / 2,
		.top = (height - side) / 2 };
	s->cells = mem_zalloc(sizeof(float) * 4 * AVATAR_SIDE * AVATAR_SIDE);
	/* The curve of sRGB (IEC 61966-2-1). */
	for (int i = 0; i < 256; i++) {
		float v = (float)i / 255.0f;

		s->light[i] = v <= 0.04045f ? v / 12.92f : powf((v + 0.055f) / 1.055f, 2.4f);
	}
}

void avatar_square_clear(struct avatar_square *s)
{
	free(s->cells);
	s->cells = NULL;
}

/* The units of [from, from + AVATAR_SIDE) that lie in this cell. */
static uint32_t overlap(uint32_t from, uint32_t cell, uint32_t side)
{
	uint32_t to = from + AVATAR_SIDE, begin = cell * side, end = begin + side;

	return (to < end ? to : end) - (from > begin ? from : begin);
}

/* Adds one pixel to one line of cells, of which it covers `height` units. */
static void add_pixel(
	const struct avatar_square *s, float *line, uint32_t x, const float colour[4], float height)
{
	uint32_t from = x * AVATAR_SIDE, last = (from + AVATAR_SIDE - 1) / s->side;

	for (uint32_t cell = from / s->side; cell <= last; cell++) {
		float weight = height * (float)overlap(from, cell, s->side);
		float *c = line + (size_t)cell * 4;

		c[0] += colour[0] * weight;
		c[1] += colour[1] * weight;
		c[2] += colour[2] * weight;
		c[3] += colour[3] * weight;
	}
}

void avatar_square_add(struct avatar_square *s, uint32_t y, uint32_t x, uint32_t step,
	const uint8_t *rgba, size_t n)
{
	float area = (float)s->side * (float)s->side;
	uint32_t from, first, last;

	if (y < s->top || y - s->top >= s->side)
		return;
	from = (y - s->top) * AVATAR_SIDE;
	first = from / s->side;
	last = (from + AVATAR_SIDE - 1) / s->side;
	for (size_t i = 0; i < n; i++, x += step, rgba += 4) {
		float alpha = (float)rgba[3] / 255.0f;
		float colour[4] = { s->light[rgba[0]] * alpha, s->light[rgba[1]] * alpha,
			s->light[rgba[2]] * alpha, alpha };

		if (x < s->left || x - s->left >= s->side || rgba[3] == 0)
			continue;
		for (uint32_t cell = first; cell <= last; cell++)
			add_pixel(s, s->cells + (size_t)cell * AVATAR_SIDE * 4, x - s->left, colour,
				(float)overlap(from, cell, s->side) / area);
	}
}

static uint8_t byte_of(float v)
{
	return v <= 0 ? 0 : v >= 1 ? 255 : (uint8_t)lrintf(v * 255.0f);
}

static uint8_t srgb_of(float light)
{
	return byte_of(
		light <= 0.0031308f ? light * 12.92f : 1.055f * powf(light, 1.0f / 2.4f) - 0.055f);
}

/* The mean of a block of cells as one pixel. */
static void write_pixel(
	const struct avatar_square *s, uint32_t x, uint32_t y, uint32_t block, uint8_t rgba[4])
{
	float sum[4] = { 0 };

	for (uint32_t line = y * block; line < (y + 1) * block; line++)
		for (uint32_t column = x * block; column < (x + 1) * block; column++)
			for (int c = 0; c < 4; c++)
				sum[c] += s->cells[((size_t)line * AVATAR_SIDE + column) * 4 + c];
	for (int c = 0; c < 3; c++)
		rgba[c] = sum[3] > 0 ? srgb_of(sum[c] / sum[3]) : 0;
	rgba[3] = byte_of(sum[3] / (float)(block * block));
}

/*
 * Where the pixel that is shown at x, y lies in the picture as stored. TIFF 6.0 says for each
 * value which edges of what is shown its first line and first column are.
 */
static void undo(int orientation, uint32_t max, uint32_t *x, uint32_t *y)
{
	bool swaps = orientation >= 5 && orientation <= 8;
	bool flips_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
	bool flips_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
	uint32_t from_x = swaps ? *y : *x, from_y = swaps ? *x : *y;

	*x = flips_x ? max - from_x : from_x;
	*y = flips_y ? max - from_y : from_y;
}

void avatar_square_pixels(
	const struct avatar_square *s, int orientation, uint32_t side, uint8_t *rgba)
{
	for (uint32_t y = 0; y < side; y++) {
		for (uint32_t x = 0; x < side; x++, rgba += 4) {
			uint32_t from_x = x, from_y = y;

			undo(orientation, side - 1, &from_x, &from_y);
			write_pixel(s, from_x, from_y, AVATAR_SIDE / side, rgba);
		}
	}
}
