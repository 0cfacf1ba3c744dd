/*
 * qr.c: libqrcodegen makes the modules; each row's dark runs become rectangles of one path. Pure.
 */
#include "factor/qr.h"

#include <qrcodegen/qrcodegen.h>

#include "hearth/error.h"

static void add_row(struct strbuf *out, const uint8_t *code, int size, int y)
{
	for (int x = 0; x < size;) {
		int from = x;

		while (x < size && qrcodegen_getModule(code, x, y))
			x++;
		if (x > from)
			strbuf_printf(out, "M%d %dh%dv1h-%dz", from + QR_QUIET, y + QR_QUIET,
				x - from, x - from);
		else
			x++;
	}
}

int qr_svg(struct strbuf *out, const char *text)
{
	uint8_t scratch[qrcodegen_BUFFER_LEN_MAX], code[qrcodegen_BUFFER_LEN_MAX];
	int size, whole;

	if (!qrcodegen_encodeText(text, scratch, code, qrcodegen_Ecc_MEDIUM, qrcodegen_VERSION_MIN,
		    qrcodegen_VERSION_MAX, qrcodegen_Mask_AUTO, true))
		return HEARTH_ETOOBIG;
	size = qrcodegen_getSize(code);
	whole = size + 2 * QR_QUIET;
	strbuf_printf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\""
		" shape-rendering=\"crispEdges\"><title>QR code</title>"
		"<path fill=\"white\" d=\"M0 0h%dv%dH0z\"/><path fill=\"black\" d=\"",
		whole, whole, whole, whole);
	for (int y = 0; y < size; y++)
		add_row(out, code, size, y);
	strbuf_adds(out, "\"/></svg>");
	return 0;
}
