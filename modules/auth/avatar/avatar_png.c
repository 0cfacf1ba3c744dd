/*
 * avatar_png.c: a PNG into the square (libpng).
 *
 * Every kind of PNG (palette, grey, 16 bits, with and without alpha) comes out of libpng as lines
 * of RGBA. The seven passes of an interlaced one are taken as they come. Chunks with text, profiles
 * and the like are passed over unread; of an animated PNG this takes the still picture.
 *
 * On a worker.
 */
#include <setjmp.h>
#include <stdlib.h>

#include <png.h>

#include "avatar/avatar_image.h"
#include "hearth/arena.h"
#include "hearth/error.h"

struct reading {
	struct slice rest;
	struct avatar_square *square;
	png_byte *line;
	const char *why;
	int error;
};

static void on_error(png_structp png, png_const_charp message)
{
	struct reading *r = png_get_error_ptr(png);

	(void)message;
	if (!r->error) {
		r->error = HEARTH_EINVAL;
		r->why = "the PNG is damaged";
	}
	png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
	(void)png;
	(void)message;
}

static void fail(png_structp png, int error, const char *why)
{
	struct reading *r = png_get_error_ptr(png);

	r->error = error;
	r->why = why;
	png_error(png, why);
}

static void take_bytes(png_structp png, png_bytep out, size_t n)
{
	struct reading *r = png_get_io_ptr(png);

	if (n > r->rest.n)
		fail(png, HEARTH_EINVAL, "the PNG is cut short");
	memcpy(out, r->rest.p, n);
	r->rest = slice_skip(r->rest, n);
}

/* Chunks that libpng knows and that hold nothing we keep. */
static void pass_over(png_structp png)
{
	static const png_byte names[] = "iCCP\0tEXt\0zTXt\0iTXt\0eXIf\0sPLT\0pCAL\0sCAL\0tIME";

	png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
	png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, names, (int)(sizeof(names) / 5));
	png_set_chunk_malloc_max(png, 1 << 20);
	png_set_chunk_cache_max(png, 16);
}

static void ask_for_rgba(png_structp png, png_infop info)
{
	png_set_expand(png);
	png_set_scale_16(png);
	png_set_gray_to_rgb(png);
	png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
	png_read_update_info(png, info);
}

static void read_plain(png_structp png, struct reading *r)
{
	for (uint32_t y = 0; y < r->square->height; y++) {
		png_read_row(png, r->line, NULL);
		avatar_square_add(r->square, y, 0, 1, r->line, r->square->width);
	}
}

static void read_interlaced(png_structp png, struct reading *r)
{
	uint32_t width = r->square->width, height = r->square->height;

	for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; pass++) {
		uint32_t columns = PNG_PASS_COLS(width, pass), lines = PNG_PASS_ROWS(height, pass);

		/* libpng passes over a pass without pixels by itself. */
		for (uint32_t line = 0; columns > 0 && line < lines; line++) {
			png_read_row(png, r->line, NULL);
			avatar_square_add(r->square, PNG_ROW_FROM_PASS_ROW(line, pass),
				PNG_PASS_START_COL(pass), PNG_PASS_COL_OFFSET(pass), r->line,
				columns);
		}
	}
}

/* All that may leap away. */
static void read_all(png_structp png, png_infop info, struct reading *r)
{
	uint32_t width, height;
	const char *why;
	int rc;

	png_set_read_fn(png, r, take_bytes);
	pass_over(png);
	png_read_info(png, info);
	width = png_get_image_width(png, info);
	height = png_get_image_height(png, info);
	rc = avatar_size_check(width, height, &why);
	if (rc < 0)
		fail(png, rc, why);
	ask_for_rgba(png, info);
	if (png_get_rowbytes(png, info) != (size_t)width * 4)
		fail(png, HEARTH_EINVAL, "the PNG is damaged");
	r->line = mem_alloc((size_t)width * 4);
	avatar_square_init(r->square, width, height);
	if (png_get_interlace_type(png, info) == PNG_INTERLACE_ADAM7)
		read_interlaced(png, r);
	else
		read_plain(png, r);
	png_read_end(png, NULL);
}

int avatar_png_read(struct slice in, struct avatar_square *square, const char **why)
{
	/* On the heap and not changed after setjmp, so that nothing of it depends on a register. */
	struct reading *const r = mem_zalloc(sizeof(*r));
	png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r, on_error, on_warning);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	int rc;

	r->rest = in;
	r->square = square;
	if (!info) {
		r->error = HEARTH_EBUSY;
		r->why = "not enough memory";
	} else if (setjmp(png_jmpbuf(png)) == 0) {
		read_all(png, info, r);
	}
	png_destroy_read_struct(&png, &info, NULL);
	*why = r->why;
	rc = r->error;
	free(r->line);
	free(r);
	return rc;
}
