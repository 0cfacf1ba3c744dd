/*
 * avatar_square.h: the square in the middle of a picture, shrunk while its pixels come.
 *
 * Each pixel is a small square of its own and is added to the cells it covers, weighted by the area
 * it covers of them (a box filter), in linear light and with its colour weighted by its alpha. The
 * order does not matter, so an interlaced picture needs no more memory than another one. A picture
 * smaller than the square is spread over it in the same way.
 */
#ifndef AUTH_AVATAR_SQUARE_H
#define AUTH_AVATAR_SQUARE_H

#include <stddef.h>
#include <stdint.h>

#define AVATAR_SIDE       256
#define AVATAR_SIDE_SMALL 64

struct avatar_square {
	uint32_t width, height; /* of the picture */
	uint32_t side;          /* of the square within it, in its pixels */
	uint32_t left, top;
	float *cells;     /* AVATAR_SIDE x AVATAR_SIDE x {red, green, blue, alpha} */
	float light[256]; /* linear light of each sRGB value */
};

/* Begins for a picture of this size; both at least 1. */
void avatar_square_init(struct avatar_square *s, uint32_t width, uint32_t height);
/* Frees the cells; legal on a zeroed one. */
void avatar_square_clear(struct avatar_square *s);
/*
 * Adds n pixels (RGBA, alpha not multiplied in) of line y: the first in column x, the next `step`
 * columns on. What lies outside of the square is left out. Each pixel is added once.
 */
void avatar_square_add(struct avatar_square *s, uint32_t y, uint32_t x, uint32_t step,
	const uint8_t *rgba, size_t n);
/*
 * Writes the square as side x side pixels RGBA; side is AVATAR_SIDE or a fraction of it.
 * `orientation` is the picture's (TIFF 6.0, tag 274) and is undone.
 */
void avatar_square_pixels(
	const struct avatar_square *s, int orientation, uint32_t side, uint8_t *rgba);

#endif
