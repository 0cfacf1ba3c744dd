/*
 * avatar_image.h: from the bytes somebody uploaded to the two small pictures that are kept.
 *
 *   which kind is it ─▶ size within the limits ─▶ decode ─▶ middle square, shrunk ─▶ WebP
 *
 * The bytes are hostile. Limits are looked at before any pixel is decoded, pixels go by row into a
 * square of fixed size (avatar_square.h) instead of a whole picture in memory, and nothing but
 * pixels goes into what is kept: no metadata, no colour profile, no place where a photo was taken.
 * Pure: no database, no clock; heavy, so on a worker.
 *
 * Memory of one call: 2 MiB, and what the decoder takes for itself: at most 160 MiB for a
 * progressive JPEG (AVATAR_JPEG_MEMORY) or a lossless WebP (4 bytes for each of 40 M pixels), a few
 * rows for others.
 */
#ifndef AUTH_AVATAR_IMAGE_H
#define AUTH_AVATAR_IMAGE_H

#include "avatar/avatar_square.h"
#include "hearth/buf.h"

#define AVATAR_BYTES_MAX   (5u << 20)
#define AVATAR_WIDTH_MAX   8192 /* and height */
#define AVATAR_PIXELS_MAX  40000000u
#define AVATAR_JPEG_MEMORY (160l << 20)
#define AVATAR_JPEG_SCANS  64 /* of a progressive one; encoders make about ten */

/* What is taken, for people. */
#define AVATAR_KINDS "JPEG, PNG or WebP"

/* Both WebP, AVATAR_SIDE and AVATAR_SIDE_SMALL pixels wide and high. */
struct avatar_images {
	struct buf *large, *small;
};

/*
 * Makes both from an uploaded picture; the caller owns their references. 0, or with a text for a
 * person in *why: HEARTH_EUNSUPPORTED (another kind of file, or an animated WebP), HEARTH_ETOOBIG
 * (beyond a limit), HEARTH_EINVAL (damaged, or cut short).
 */
int avatar_make(struct slice in, struct avatar_images *out, const char **why);
/* Gives both back. */
void avatar_images_clear(struct avatar_images *images);

/* ---- one file each: the decoders; results as avatar_make's ---- */

/* Whether the size is within the limits; called before the first pixel is decoded. */
int avatar_size_check(uint32_t width, uint32_t height, const char **why);
/*
 * Decode `in` into `square`, which they initialise and which the caller clears whatever the result.
 * JPEG: *orientation is that of its EXIF data.
 */
int avatar_jpeg_read(
	struct slice in, struct avatar_square *square, int *orientation, const char **why);
int avatar_png_read(struct slice in, struct avatar_square *square, const char **why);
int avatar_webp_read(struct slice in, struct avatar_square *square, const char **why);
/* A WebP file of side x side pixels RGBA; the caller owns it. NULL when there is no memory. */
struct buf *avatar_webp_write(const uint8_t *rgba, int side);

/*
 * The orientation in an EXIF block (what follows "Exif\0\0": a TIFF header and its first
 * directory): 1 to 8 as in TIFF 6.0, tag 274; 1 when it says none or is damaged.
 */
int avatar_exif_orientation(struct slice tiff);

#endif
