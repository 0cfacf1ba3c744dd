/*
 * avatar_jpeg.c: a JPEG into the square (libjpeg-turbo).
 *
 * libjpeg reports an error by a call that must not return: it leaps back to avatar_jpeg_read. What
 * is open then lies in a struct of its own, so that nothing depends on a register. Large pictures
 * are decoded at a half, a quarter or an eighth of their size, which the transform gives for
 * nothing. Warnings (odd markers, a few wrong bits) pass; an early end does not: half a picture is
 * no picture.
 *
 * On a worker.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include <jerror.h>

#include "avatar/avatar_image.h"
#include "hearth/arena.h"
#include "hearth/error.h"

struct reading {
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	struct jpeg_progress_mgr progress;
	jmp_buf failed;
	const char *why;
	int error;
};

static void fail(j_common_ptr jpeg, int error, const char *why)
{
	struct reading *r = jpeg->client_data;

	r->error = error;
	r->why = why;
	longjmp(r->failed, 1);
}

static void on_error(j_common_ptr jpeg)
{
	switch (jpeg->err->msg_code) {
	case JERR_OUT_OF_MEMORY:
	case JERR_NO_BACKING_STORE:
		fail(jpeg, HEARTH_ETOOBIG, "this progressive JPEG needs too much memory");
		break;
	default: fail(jpeg, HEARTH_EINVAL, "the JPEG is damaged");
	}
}

static void on_message(j_common_ptr jpeg, int level)
{
	if (level < 0 && jpeg->err->msg_code == JWRN_JPEG_EOF)
		fail(jpeg, HEARTH_EINVAL, "the JPEG is cut short");
}

static void on_output(j_common_ptr jpeg)
{
	(void)jpeg;
}

/* Each scan goes over the whole picture, however few bytes it has. */
static void on_progress(j_common_ptr jpeg)
{
	if (((j_decompress_ptr)jpeg)->input_scan_number > AVATAR_JPEG_SCANS)
		fail(jpeg, HEARTH_ETOOBIG, "the JPEG has too many scans");
}

static void choose_colours(struct jpeg_decompress_struct *jpeg)
{
	switch (jpeg->jpeg_color_space) {
	case JCS_GRAYSCALE:
	case JCS_RGB:
	case JCS_YCbCr: jpeg->out_color_space = JCS_EXT_RGBA; break;
	case JCS_CMYK:
	case JCS_YCCK: jpeg->out_color_space = JCS_CMYK; break;
	default:
		fail((j_common_ptr)jpeg, HEARTH_EUNSUPPORTED,
			"expected a JPEG in grey, RGB, YCbCr or CMYK");
	}
}

/* The smallest of libjpeg's sizes with two pixels or more for each that is kept. */
static void choose_scale(struct jpeg_decompress_struct *jpeg)
{
	unsigned side =
		jpeg->image_width < jpeg->image_height ? jpeg->image_width : jpeg->image_height;

	jpeg->scale_num = 1;
	jpeg->scale_denom = 1;
	while (jpeg->scale_denom < 8 && side / (jpeg->scale_denom * 2) >= 2 * AVATAR_SIDE)
		jpeg->scale_denom *= 2;
}

/* In place. Adobe writes 255 for "no ink", the standard 0. */
static void cmyk_to_rgba(uint8_t *line, size_t n, bool inverted)
{
	for (; n > 0; n--, line += 4) {
		unsigned black = inverted ? line[3] : 255u - line[3];

		for (int c = 0; c < 3; c++) {
			unsigned ink = inverted ? line[c] : 255u - line[c];

			line[c] = (uint8_t)((ink * black + 127) / 255);
		}
		line[3] = 255;
	}
}

static int orientation_of(const struct jpeg_decompress_struct *jpeg)
{
	for (jpeg_saved_marker_ptr m = jpeg->marker_list; m; m = m->next) {
		struct slice data = slice_of(m->data, m->data_length);

		if (slice_starts(data, SLICE("Exif\0\0")))
			return avatar_exif_orientation(slice_skip(data, 6));
	}
	return 1;
}

static void read_lines(struct reading *r, struct avatar_square *square)
{
	struct jpeg_decompress_struct *jpeg = &r->jpeg;
	JSAMPROW line = jpeg->mem->alloc_large(
		(j_common_ptr)jpeg, JPOOL_IMAGE, (size_t)jpeg->output_width * 4);

	while (jpeg->output_scanline < jpeg->output_height) {
		uint32_t y = jpeg->output_scanline;

		jpeg_read_scanlines(jpeg, &line, 1);
		if (jpeg->out_color_space == JCS_CMYK)
			cmyk_to_rgba(line, jpeg->output_width, jpeg->saw_Adobe_marker);
		avatar_square_add(square, y, 0, 1, line, jpeg->output_width);
	}
}

/* All that may leap away. */
static void read_all(
	struct reading *r, struct slice in, struct avatar_square *square, int *orientation)
{
	struct jpeg_decompress_struct *jpeg = &r->jpeg;
	const char *why;
	int rc;

	jpeg_mem_src(jpeg, (const unsigned char *)in.p, in.n);
	jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xffff);
	jpeg_read_header(jpeg, TRUE);
	rc = avatar_size_check(jpeg->image_width, jpeg->image_height, &why);
	if (rc < 0)
		fail((j_common_ptr)jpeg, rc, why);
	*orientation = orientation_of(jpeg);
	choose_colours(jpeg);
	choose_scale(jpeg);
	jpeg_start_decompress(jpeg);
	avatar_square_init(square, jpeg->output_width, jpeg->output_height);
	read_lines(r, square);
	jpeg_finish_decompress(jpeg);
}

int avatar_jpeg_read(
	struct slice in, struct avatar_square *square, int *orientation, const char **why)
{
	/* On the heap, so that nothing that changes after setjmp depends on a register. */
	struct reading *const r = mem_zalloc(sizeof(*r));
	int rc;

	r->jpeg.err = jpeg_std_error(&r->errors);
	r->errors.error_exit = on_error;
	r->errors.emit_message = on_message;
	r->errors.output_message = on_output;
	r->jpeg.client_data = r;
	if (setjmp(r->failed) == 0) {
		jpeg_create_decompress(&r->jpeg);
		r->jpeg.mem->max_memory_to_use = AVATAR_JPEG_MEMORY;
		r->progress.progress_monitor = on_progress;
		r->jpeg.progress = &r->progress;
		read_all(r, in, square, orientation);
	}
	jpeg_destroy_decompress(&r->jpeg);
	*why = r->why;
	rc = r->error;
	free(r);
	return rc;
}
