/*
 * The QR picture: read back from the SVG, its modules are those of the code, with white around.
 */
#include "factor/qr.h"

#include <qrcodegen/qrcodegen.h>
#include <stdio.h>

#include "harness.h"

#include "hearth/error.h"

#define URI                                                                                    \
	"otpauth://totp/hearth.test:ann%40hearth.test?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" \
	"&issuer=hearth.test&algorithm=SHA1&digits=6&period=30"

/* Paints the runs of the second path; a module painted twice or outside fails. */
static int paint(const char *svg, unsigned char dark[200][200])
{
	const char *at = strstr(svg, "fill=\"black\" d=\"");
	int whole = 0, other = 0, x, y, w, back, used;

	ck_assert_int_eq(
		sscanf(strstr(svg, "viewBox"), "viewBox=\"0 0 %d %d\"", &whole, &other), 2);
	ck_assert_int_eq(whole, other);
	ck_assert_int_lt(whole, 200);
	memset(dark, 0, 200 * 200);
	for (at += strlen("fill=\"black\" d=\""); *at != '"'; at += used) {
		ck_assert_int_eq(sscanf(at, "M%d %dh%dv1h-%dz%n", &x, &y, &w, &back, &used), 4);
		ck_assert_int_eq(w, back);
		ck_assert(x >= 0 && y >= 0 && w > 0 && x + w <= whole && y < whole);
		for (int i = x; i < x + w; i++) {
			ck_assert_int_eq(dark[y][i], 0);
			dark[y][i] = 1;
		}
	}
	return whole;
}

START_TEST(modules)
{
	static unsigned char dark[200][200];
	uint8_t scratch[qrcodegen_BUFFER_LEN_MAX], code[qrcodegen_BUFFER_LEN_MAX];
	struct strbuf out = { 0 };
	int whole, size;

	ck_assert_int_eq(qr_svg(&out, URI), 0);
	ck_assert(qrcodegen_encodeText(
		URI, scratch, code, qrcodegen_Ecc_MEDIUM, 1, 40, qrcodegen_Mask_AUTO, true));
	size = qrcodegen_getSize(code);
	whole = paint(out.p, dark);
	ck_assert_int_eq(whole, size + 8);
	for (int y = 0; y < whole; y++)
		for (int x = 0; x < whole; x++)
			ck_assert_int_eq(
				dark[y][x], qrcodegen_getModule(code, x - 4, y - 4) ? 1 : 0);
	strbuf_free(&out);
}
END_TEST

/* What would make it other than one picture that stands alone. */
START_TEST(one_element)
{
	struct strbuf out = { 0 };

	strbuf_adds(&out, "before");
	ck_assert_int_eq(qr_svg(&out, "a & b < c \" d"), 0);
	ck_assert(slice_starts(strbuf_slice(&out), SLICE("before<svg xmlns=")));
	ck_assert_str_eq(out.p + out.n - 6, "</svg>");
	ck_assert_ptr_null(strchr(out.p, '#'));
	ck_assert_ptr_null(strchr(out.p, '&'));
	ck_assert_ptr_null(strstr(out.p, " id="));
	ck_assert_ptr_null(strstr(out.p, "style"));
	ck_assert_ptr_null(strstr(out.p, "<script"));
	strbuf_free(&out);
}
END_TEST

START_TEST(what_fits)
{
	static char text[3001];
	struct strbuf out = { 0 };

	memset(text, 'a', 3000);
	ck_assert_int_eq(qr_svg(&out, text), HEARTH_ETOOBIG);
	ck_assert_uint_eq(out.n, 0);
	text[2331] = '\0'; /* version 40-M in bytes */
	ck_assert_int_eq(qr_svg(&out, text), 0);
	strbuf_free(&out);
}
END_TEST

TEST_MAIN("qr", modules, one_element, what_fits)
