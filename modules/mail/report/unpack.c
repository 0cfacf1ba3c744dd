/*
 * unpack.c: packed reports (read.h), and what both kinds share. Pure; at most REPORT_UNPACKED_MAX bytes come
 * out, whatever goes in.
 */
#include <zlib.h>

#include "hearth/log.h"
#include "hearth/text.h"
#include "report/read.h"

#define PIECE ((size_t)65536)

/* By zlib: windowBits says whether a gzip's head is there or nothing. */
static bool inflate_all(struct strbuf *out, struct slice in, int window)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.n };
	int rc = Z_OK;

	if (inflateInit2(&z, window) != Z_OK)
		return false;
	while (rc == Z_OK && out->n < REPORT_UNPACKED_MAX) {
		z.next_out = (Bytef *)strbuf_reserve(out, PIECE);
		z.avail_out = (uInt)PIECE;
		rc = inflate(&z, Z_NO_FLUSH);
		strbuf_commit(out, PIECE - z.avail_out);
	}
	inflateEnd(&z);
	return rc == Z_STREAM_END && out->n <= REPORT_UNPACKED_MAX;
}

static size_t number(struct slice s, size_t at, size_t bytes)
{
	size_t n = 0;

	for (size_t i = bytes; i-- > 0;)
		n = n << 8 | (unsigned char)s.p[at + i];
	return n;
}

/* The local head of the first file (PKWARE's APPNOTE, 4.3.7): what stands at the end is not needed. */
static bool unzip(struct strbuf *out, struct slice in)
{
	enum { HEAD = 30, FLAGS = 6, METHOD = 8, SIZE = 18, NAME = 26, EXTRA = 28 };
	size_t method, size, skip;

	if (in.n < HEAD)
		return false;
	method = number(in, METHOD, 2);
	size = number(in, SIZE, 4);
	skip = HEAD + number(in, NAME, 2) + number(in, EXTRA, 2);
	if (number(in, FLAGS, 2) & 1 || skip > in.n) /* with a password */
		return false;
	in = slice_skip(in, skip);
	if (method == Z_DEFLATED)
		return inflate_all(out, in, -15);
	if (method != 0 || size > in.n || size > REPORT_UNPACKED_MAX)
		return false;
	strbuf_add(out, slice_head(in, size));
	return true;
}

bool report_unpack(struct strbuf *out, struct slice in)
{
	if (in.n > REPORT_PACKED_MAX)
		return false;
	if (slice_starts(in, SLICE("\x1f\x8b")))
		return inflate_all(out, in, 15 + 16);
	if (slice_starts(in, SLICE("PK\3\4")))
		return unzip(out, in);
	strbuf_add(out, in);
	return true;
}

struct slice report_text(struct arena *a, struct slice text)
{
	struct strbuf out = { 0 };
	struct slice kept;

	text = slice_head(slice_trim(text), REPORT_FIELD_MAX);
	utf8_append_lossy(&out, text);
	for (size_t i = 0; i < out.n; i++)
		if ((unsigned char)out.p[i] < ' ' || out.p[i] == 0x7f)
			out.p[i] = '?';
	kept = arena_slice(a, strbuf_slice(&out));
	strbuf_free(&out);
	return kept;
}

bool report_read(struct arena *a, struct slice text, struct report_read *out)
{
	text = slice_trim(text);
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_skip(text, 3);
	return text.n == 0        ? false
	       : text.p[0] == '{' ? report_read_tls(a, text, out)
				  : report_read_dmarc(a, text, out);
}
