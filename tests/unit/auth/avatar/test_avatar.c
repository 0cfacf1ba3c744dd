/*
 * test_avatar.c: pictures of every kind become the same small squares; what is damaged, cut short,
 * too large or of another kind is refused with a reason.
 */
#include "avatar/avatar_image.h"
#include "harness.h"
#include "hearth/error.h"
#include "pictures.h"

static const uint8_t RED[] = { 255, 0, 0 }, GREEN[] = { 0, 255, 0 }, BLUE[] = { 0, 0, 255 },
		     WHITE[] = { 255, 255, 255 };

static void drop(struct slice s)
{
	free((void *)(uintptr_t)s.p);
}

/* Decodes what was kept; checks its size. */
static uint8_t *look(const struct buf *b, int side)
{
	int w = 0, h = 0;
	uint8_t *rgba = WebPDecodeRGBA((const uint8_t *)b->p, b->n, &w, &h);

	ck_assert_ptr_nonnull(rgba);
	ck_assert_int_eq(w, side);
	ck_assert_int_eq(h, side);
	return rgba;
}

static void ck_colour(const uint8_t *rgba, int side, int x, int y, const uint8_t want[3])
{
	const uint8_t *p = rgba + ((size_t)y * (size_t)side + (size_t)x) * 4;

	for (int c = 0; c < 3; c++)
		ck_assert_msg(abs(p[c] - want[c]) <= 24, "%d,%d: %d %d %d for %d %d %d", x, y, p[0],
			p[1], p[2], want[0], want[1], want[2]);
}

/* The four colours in the middles of the quarters, in both sizes. */
static void ck_quarters(
	struct slice in, const uint8_t *lt, const uint8_t *rt, const uint8_t *lb, const uint8_t *rb)
{
	struct avatar_images made;
	const char *why = NULL;
	int rc = avatar_make(in, &made, &why);

	ck_assert_msg(rc == 0, "%d %s", rc, why ? why : "?");
	for (int small = 0; small < 2; small++) {
		int side = small ? AVATAR_SIDE_SMALL : AVATAR_SIDE, a = side / 4, b = side * 3 / 4;
		uint8_t *rgba = look(small ? made.small : made.large, side);

		ck_colour(rgba, side, a, a, lt);
		ck_colour(rgba, side, b, a, rt);
		ck_colour(rgba, side, a, b, lb);
		ck_colour(rgba, side, b, b, rb);
		WebPFree(rgba);
	}
	avatar_images_clear(&made);
}

static void ck_refused(struct slice in, int error)
{
	struct avatar_images made;
	const char *why = NULL;
	int rc = avatar_make(in, &made, &why);

	ck_assert_msg(rc == error, "%d for %d: %s", rc, error, why ? why : "?");
	ck_assert_ptr_nonnull(why);
	ck_assert(!made.large && !made.small);
}

static const int SIZES[][2] = { { 256, 256 }, { 40, 30 }, { 30, 41 }, { 1000, 701 }, { 257, 511 },
	{ 2, 2 } };

#define EACH_SIZE                                                        \
	for (size_t i_ = 0; i_ < sizeof(SIZES) / sizeof(SIZES[0]); i_++) \
		for (int w = SIZES[i_][0], h = SIZES[i_][1], once_ = 1; once_; once_ = 0)

START_TEST(png_of_every_form)
{
	EACH_SIZE
	{
		uint8_t *rgba = quarters(w, h);

		for (int form = 0; form < 4; form++) {
			struct slice in = make_png(rgba, w, h, form & 1 ? 16 : 8, form & 2);

			ck_quarters(in, RED, GREEN, BLUE, WHITE);
			drop(in);
		}
		free(rgba);
	}
}
END_TEST

START_TEST(webp_of_both_forms)
{
	EACH_SIZE
	{
		uint8_t *rgba = quarters(w, h);

		/* The lossy form keeps one colour for four pixels. */
		for (int lossless = w < 30; lossless < 2; lossless++) {
			struct slice in = make_webp(rgba, w, h, lossless);

			ck_quarters(in, RED, GREEN, (const uint8_t[]){ 0, 0, 255 }, WHITE);
			drop(in);
		}
		free(rgba);
	}
}
END_TEST

START_TEST(jpeg_of_every_form)
{
	static const struct jpeg_kind kinds[] = { { 0 }, { .progressive = true }, { .cmyk = true },
		{ .cmyk = true, .adobe = true } };

	EACH_SIZE
	{
		uint8_t *rgba = quarters(w, h);

		for (size_t k = 0; w >= 30 && k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			struct slice in = make_jpeg(rgba, w, h, kinds[k]);

			ck_quarters(in, RED, GREEN, BLUE, WHITE);
			drop(in);
		}
		free(rgba);
	}
}
END_TEST

START_TEST(grey_jpeg)
{
	uint8_t *rgba = quarters(300, 300);
	struct slice in = make_jpeg(rgba, 300, 300, (struct jpeg_kind){ .grey = true });
	static const uint8_t black[3] = { 0 };

	/* The red channel alone: red and white have it. */
	ck_quarters(in, WHITE, black, black, WHITE);
	drop(in);
	free(rgba);
}
END_TEST

/* A TIFF header of one entry; orders of bytes as named. */
static struct slice exif(char *out, bool big, int orientation)
{
	static const char little_head[] = "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0";
	static const char big_head[] = "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01";
	size_t n = sizeof(little_head) - 1;

	memcpy(out, big ? big_head : little_head, n);
	memcpy(out + n, "\0\0\0\0\0\0\0\0", 8);
	out[n + (big ? 1 : 0)] = (char)orientation;
	return slice_of(out, n + 8);
}

START_TEST(orientation_is_undone)
{
	/* Where red, green, blue and white are shown, for each value: TIFF 6.0, tag 274. */
	const uint8_t *shown[9][4] = { [1] = { RED, GREEN, BLUE, WHITE },
		[2] = { GREEN, RED, WHITE, BLUE },
		[3] = { WHITE, BLUE, GREEN, RED },
		[4] = { BLUE, WHITE, RED, GREEN },
		[5] = { RED, BLUE, GREEN, WHITE },
		[6] = { BLUE, RED, WHITE, GREEN },
		[7] = { WHITE, GREEN, BLUE, RED },
		[8] = { GREEN, WHITE, RED, BLUE } };
	uint8_t *rgba = quarters(320, 200);
	char app1[64];

	for (int o = 1; o <= 8; o++) {
		struct slice in = make_jpeg(
			rgba, 320, 200, (struct jpeg_kind){ .app1 = exif(app1, o % 2, o) });

		ck_quarters(in, shown[o][0], shown[o][1], shown[o][2], shown[o][3]);
		drop(in);
	}
	free(rgba);
}
END_TEST

START_TEST(exif_that_is_damaged)
{
	char app1[64];
	struct slice whole = slice_skip(exif(app1, false, 6), 6);
	char *copy;

	ck_assert_int_eq(avatar_exif_orientation(whole), 6);
	for (size_t n = 0; n < whole.n; n++) {
		int got;

		copy = memcpy(malloc(n + 1), whole.p, n); /* for the sanitizer */
		got = avatar_exif_orientation(slice_of(copy, n));
		ck_assert(got == 1 || (got == 6 && n >= whole.n - 6));
		free(copy);
	}
	ck_assert_int_eq(avatar_exif_orientation(slice_skip(exif(app1, true, 9), 6)), 1);
	ck_assert_int_eq(avatar_exif_orientation(slice_skip(exif(app1, true, 0), 6)), 1);
	/* A directory far beyond the end, and one of 65535 entries. */
	ck_assert_int_eq(avatar_exif_orientation(SLICE("II*\0\xff\xff\xff\xff")), 1);
	ck_assert_int_eq(avatar_exif_orientation(SLICE("II*\0\x08\0\0\0\xff\xff")), 1);
}
END_TEST

START_TEST(metadata_is_dropped)
{
	uint8_t *rgba = quarters(300, 300);
	char app1[] = "Exif\0\0 taken at home, in the kitchen";
	struct slice in = make_jpeg(
		rgba, 300, 300, (struct jpeg_kind){ .app1 = slice_of(app1, sizeof(app1)) });
	struct avatar_images made;
	const char *why;

	ck_assert(slice_find(in, SLICE("kitchen")) > 0);
	ck_assert_int_eq(avatar_make(in, &made, &why), 0);
	ck_assert(slice_find(buf_slice(made.large), SLICE("kitchen")) < 0);
	ck_assert(slice_find(buf_slice(made.large), SLICE("EXIF")) < 0);
	avatar_images_clear(&made);
	drop(in);
	free(rgba);
}
END_TEST

START_TEST(alpha_is_kept_and_bleeds_no_colour)
{
	uint8_t *rgba = malloc(512 * 512 * 4);
	struct avatar_square s;
	uint8_t out[64 * 64 * 4];

	/* Red that is there, beside green that is not: half as much, and red all over. */
	for (int i = 0; i < 512 * 512; i++)
		memcpy(rgba + 4 * i, i % 2 ? "\xff\0\0\xff" : "\0\xff\0\0", 4);
	avatar_square_init(&s, 512, 512);
	for (uint32_t y = 0; y < 512; y++)
		avatar_square_add(&s, y, 0, 1, rgba + (size_t)y * 512 * 4, 512);
	avatar_square_pixels(&s, 1, 64, out);
	for (int i = 0; i < 64 * 64; i++) {
		ck_assert_int_eq(out[4 * i], 255);
		ck_assert_int_eq(out[4 * i + 1], 0);
		ck_assert(out[4 * i + 3] == 127 || out[4 * i + 3] == 128);
	}
	avatar_square_clear(&s);
	free(rgba);
}
END_TEST

START_TEST(shrinks_in_linear_light)
{
	uint8_t line[600 * 4];
	struct avatar_square s;
	uint8_t out[64 * 64 * 4];

	/* Black and white lines look like 188 from far, not like 128; any uniform colour stays. */
	for (int uniform = 0; uniform < 2; uniform++) {
		avatar_square_init(&s, 600, 512);
		for (uint32_t y = 0; y < 512; y++) {
			memset(line, uniform ? 77 : y % 2 ? 255 : 0, sizeof(line));
			for (int x = 0; x < 600; x++)
				line[4 * x + 3] = 255;
			avatar_square_add(&s, y, 0, 1, line, 600);
		}
		avatar_square_pixels(&s, 1, 64, out);
		for (int i = 0; i < 64 * 64; i++) {
			ck_assert_int_eq(out[4 * i + 1], uniform ? 77 : 188);
			ck_assert_int_eq(out[4 * i + 3], 255);
		}
		avatar_square_clear(&s);
	}
}
END_TEST

START_TEST(a_single_pixel)
{
	struct slice in = make_png((const uint8_t *)"\x10\x80\xf0\xff", 1, 1, 8, true);
	static const uint8_t want[] = { 0x10, 0x80, 0xf0 };

	ck_quarters(in, want, want, want, want);
	drop(in);
}
END_TEST

/* Cut anywhere it is refused, and nothing is read beyond the end (the sanitizer looks). */
static void ck_cut(struct slice whole, size_t step)
{
	for (size_t n = 0; n < whole.n; n += n < 200 ? 1 : step) {
		char *copy = memcpy(malloc(n + 1), whole.p, n);
		struct slice cut = slice_of(copy, n);

		ck_refused(cut, n < 12 ? HEARTH_EUNSUPPORTED : HEARTH_EINVAL);
		free(copy);
	}
}

START_TEST(cut_short)
{
	uint8_t *rgba = quarters(200, 150);
	struct slice in;
	struct avatar_images made;
	const char *why;

	in = make_png(rgba, 200, 150, 8, true);
	for (size_t n = 8; n < in.n; n++)
		ck_refused(slice_head(in, n), HEARTH_EINVAL);
	drop(in);
	in = make_webp(rgba, 200, 150, false);
	ck_cut(in, 7);
	drop(in);
	in = make_webp(rgba, 200, 150, true);
	ck_cut(in, 7);
	drop(in);
	for (int progressive = 0; progressive < 2; progressive++) {
		in = make_jpeg(rgba, 200, 150, (struct jpeg_kind){ .progressive = progressive });
		for (size_t n = 3; n < in.n - 2; n += n < 700 ? 3 : 13) {
			char *copy = memcpy(malloc(n), in.p, n);

			ck_refused(slice_of(copy, n), HEARTH_EINVAL);
			free(copy);
		}
		ck_assert_int_eq(avatar_make(in, &made, &why), 0);
		avatar_images_clear(&made);
		drop(in);
	}
	free(rgba);
}
END_TEST

START_TEST(flipped_bytes)
{
	uint8_t *rgba = quarters(64, 64);
	struct slice forms[] = { make_png(rgba, 64, 64, 16, true), make_webp(rgba, 64, 64, false),
		make_webp(rgba, 64, 64, true), make_jpeg(rgba, 64, 64, (struct jpeg_kind){ 0 }),
		make_jpeg(rgba, 64, 64, (struct jpeg_kind){ .progressive = true, .cmyk = true }) };

	/* Whatever comes of it is a result, with pictures or a reason. */
	for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
		for (size_t i = 0; i < forms[f].n; i += 3) {
			char *copy = memcpy(malloc(forms[f].n), forms[f].p, forms[f].n);
			struct avatar_images made;
			const char *why = NULL;

			copy[i] = (char)(copy[i] ^ (1 << (i % 8)));
			if (avatar_make(slice_of(copy, forms[f].n), &made, &why) == 0)
				ck_assert(made.large && made.small);
			else
				ck_assert_ptr_nonnull(why);
			avatar_images_clear(&made);
			free(copy);
		}
		drop(forms[f]);
	}
	free(rgba);
}
END_TEST

START_TEST(other_kinds)
{
	ck_refused(SLICE("GIF89a\x01\0\x01\0\0\0\0;"), HEARTH_EUNSUPPORTED);
	ck_refused(SLICE("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), HEARTH_EUNSUPPORTED);
	ck_refused(SLICE("RIFF\x04\0\0\0WAVE"), HEARTH_EUNSUPPORTED);
	ck_refused(SLICE(""), HEARTH_EUNSUPPORTED);
	ck_refused((struct slice){ 0 }, HEARTH_EUNSUPPORTED);
	/* An animated WebP: VP8X with its animation bit. */
	ck_refused(SLICE("RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x0f\0\0\x0f\0\0"),
		HEARTH_EUNSUPPORTED);
}
END_TEST

/* A PNG's first chunks, with the right checksum, of a size it does not have. */
static struct slice png_of_size(uint32_t w, uint32_t h)
{
	struct strbuf out = { 0 };
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);

	png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
	png_set_write_fn(png, &out, png_take, png_flushed);
	png_set_IHDR(png, info, w, h, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, 0, 0);
	png_write_info(png, info);
	png_write_chunk(png, (png_const_bytep) "IDAT", NULL, 0);
	png_destroy_write_struct(&png, &info);
	return strbuf_slice(&out);
}

START_TEST(too_large)
{
	static const uint32_t sizes[][2] = { { 8193, 1 }, { 1, 8193 }, { 8192, 8192 },
		{ 6400, 6251 }, { 900000, 900000 } };
	struct jpeg_kind plain = { .grey = true };
	uint8_t *line = calloc(9000, 4);
	struct slice in;
	char *big;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		in = png_of_size(sizes[i][0], sizes[i][1]);
		ck_refused(in, HEARTH_ETOOBIG);
		drop(in);
	}
	in = png_of_size(6400, 6250); /* within the limits, and without its pixels */
	ck_refused(in, HEARTH_EINVAL);
	drop(in);
	in = make_jpeg(line, 9000, 1, plain);
	ck_refused(in, HEARTH_ETOOBIG);
	drop(in);
	in = make_webp(line, 9000, 1, true);
	ck_refused(in, HEARTH_ETOOBIG);
	drop(in);
	big = calloc(1, AVATAR_BYTES_MAX + 1);
	memcpy(big, "\xff\xd8\xff", 3);
	ck_refused(slice_of(big, AVATAR_BYTES_MAX + 1), HEARTH_ETOOBIG);
	free(big);
	free(line);
}
END_TEST

START_TEST(a_progressive_jpeg_that_needs_much_memory)
{
	int w = 5000, h = 5000; /* 4 components of 2 bytes: 200 MB of coefficients */
	uint8_t *rgba = calloc((size_t)w * (size_t)h, 4);
	struct slice in =
		make_jpeg(rgba, w, h, (struct jpeg_kind){ .progressive = true, .cmyk = true });

	ck_assert_uint_lt(in.n, AVATAR_BYTES_MAX);
	ck_refused(in, HEARTH_ETOOBIG);
	drop(in);
	free(rgba);
}
END_TEST

START_TEST(the_largest_that_is_taken)
{
	int w = 8192, h = 4882;
	uint8_t *rgba = quarters(w, h);
	struct slice in = make_jpeg(rgba, w, h, (struct jpeg_kind){ 0 });

	ck_quarters(in, RED, GREEN, BLUE, WHITE);
	drop(in);
	free(rgba);
}
END_TEST

TEST_MAIN("avatar", png_of_every_form, webp_of_both_forms, jpeg_of_every_form, grey_jpeg,
	orientation_is_undone, exif_that_is_damaged, metadata_is_dropped,
	alpha_is_kept_and_bleeds_no_colour, shrinks_in_linear_light, a_single_pixel, cut_short,
	flipped_bytes, other_kinds, too_large, a_progressive_jpeg_that_needs_much_memory,
	the_largest_that_is_taken)
