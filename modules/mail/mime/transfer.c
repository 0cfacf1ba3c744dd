/*
 * mime/transfer.c: base64, quoted-printable and uuencode, one small machine each.
 *
 *   base64           state is how many characters of a group of four are in `bits`; ENDED after '='
 *   quoted-printable `held` is empty, an escape ("=", "=4", "= ", "=\r") or white space that is
 *                    dropped should the line end behind it
 *   uuencode         SEEK a line "begin …", then lines of LENGTH and DATA, until ENDED
 *
 * Pure; it holds MIME_DECODER_HELD_MAX bytes at most, and gives no more than it takes.
 */
#include "mime/transfer.h"
#include "hearth/log.h"
#include "mime/token.h"

enum { ENDED = -1 };
enum { SEEK, LENGTH, DATA }; /* uuencode */

static const struct {
	struct slice name;
	enum mime_encoding encoding;
} encodings[] = {
	{ { "7bit", 4 }, MIME_7BIT },
	{ { "8bit", 4 }, MIME_8BIT },
	{ { "binary", 6 }, MIME_BINARY },
	{ { "quoted-printable", 16 }, MIME_QUOTED_PRINTABLE },
	{ { "base64", 6 }, MIME_BASE64 },
	{ { "x-uuencode", 10 }, MIME_UUENCODE },
	{ { "x-uue", 5 }, MIME_UUENCODE },
	{ { "uuencode", 8 }, MIME_UUENCODE },
	{ { "uue", 3 }, MIME_UUENCODE },
};

enum mime_encoding mime_encoding_of(struct slice name)
{
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++)
		if (slice_ieq(name, encodings[i].name))
			return encodings[i].encoding;
	return MIME_ENCODING_UNKNOWN;
}

bool mime_encoding_is_identity(enum mime_encoding encoding)
{
	return encoding != MIME_QUOTED_PRINTABLE && encoding != MIME_BASE64 &&
	       encoding != MIME_UUENCODE;
}

void mime_decoder_init(struct mime_decoder *d, enum mime_encoding encoding)
{
	*d = (struct mime_decoder){ .encoding = encoding };
}

/* The six bits of a character of RFC 4648's alphabet, by its code; -1 for all others. */
/* clang-format off */
static const signed char base64_values[128] = {
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, -1, -1, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
	-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, -1,
	-1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
};
/* clang-format on */

/* Writes the whole bytes of an unfinished group of `d->state` characters. */
static void group_end(struct mime_decoder *d, struct strbuf *out)
{
	if (d->state >= 2)
		strbuf_addc(out, (char)(d->state == 2 ? d->bits >> 4 : d->bits >> 10));
	if (d->state == 3)
		strbuf_addc(out, (char)(d->bits >> 2));
	d->state = 0;
}

static void base64_add(struct mime_decoder *d, struct strbuf *out, struct slice in)
{
	char *start = strbuf_reserve(out, in.n + 3), *to = start;
	bool ended = false;

	for (size_t i = 0; i < in.n && !ended; i++) {
		unsigned char c = (unsigned char)in.p[i];
		int value = c < 128 ? base64_values[c] : -1;

		if (value < 0) {
			ended = c == '=' && d->state >= 2;
			continue;
		}
		d->bits = d->bits << 6 | (uint32_t)value;
		if (++d->state == 4) {
			*to++ = (char)(d->bits >> 16);
			*to++ = (char)(d->bits >> 8);
			*to++ = (char)d->bits;
			d->state = 0;
		}
	}
	INVARIANT((size_t)(to - start) <= in.n + 3 && d->state < 4);
	strbuf_commit(out, (size_t)(to - start));
	if (ended) {
		group_end(d, out);
		d->state = ENDED;
	}
}

static bool is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

static void held_give(struct mime_decoder *d, struct strbuf *out)
{
	strbuf_add(out, slice_of(d->held, d->held_n));
	d->held_n = 0;
}

/* What a byte means behind what is held. */
enum qp_verdict {
	QP_HOLD,    /* it belongs to what is held */
	QP_DROP,    /* it ends what is held, and neither is text */
	QP_NEWLINE, /* it ends white space before a line end: the line end alone is text */
	QP_BYTE,    /* it completes an escape */
	QP_TEXT,    /* what is held is text after all; look at the byte again */
};

static enum qp_verdict qp_judge(const struct mime_decoder *d, char c)
{
	char last = d->held[d->held_n - 1];
	bool escape = d->held[0] == '=';

	INVARIANT(d->held_n > 0 && d->held_n <= MIME_DECODER_HELD_MAX);
	if (escape && d->held_n == 1 && mime_hex_digit(c) >= 0)
		return QP_HOLD;
	if (escape && d->held_n == 2 && mime_hex_digit(last) >= 0)
		return mime_hex_digit(c) >= 0 ? QP_BYTE : QP_TEXT;
	if (c == '\n')
		return escape ? QP_DROP : QP_NEWLINE;
	if (last != '\r' && (is_wsp(c) || c == '\r') && d->held_n < MIME_DECODER_HELD_MAX)
		return QP_HOLD;
	return QP_TEXT;
}

/* Takes one byte that is special, or that follows held ones. */
static void qp_byte(struct mime_decoder *d, struct strbuf *out, char c)
{
	enum qp_verdict verdict = d->held_n ? qp_judge(d, c) : QP_TEXT;

	switch (verdict) {
	case QP_HOLD: d->held[d->held_n++] = c; return;
	case QP_DROP: d->held_n = 0; return;
	case QP_NEWLINE:
		if (d->held[d->held_n - 1] == '\r')
			strbuf_addc(out, '\r');
		strbuf_addc(out, '\n');
		d->held_n = 0;
		return;
	case QP_BYTE:
		strbuf_addc(out, (char)(mime_hex_digit(d->held[1]) << 4 | mime_hex_digit(c)));
		d->held_n = 0;
		return;
	case QP_TEXT:
		held_give(d, out);
		if (c == '=' || is_wsp(c))
			d->held[d->held_n++] = c;
		else
			strbuf_addc(out, c);
	}
}

static void qp_add(struct mime_decoder *d, struct strbuf *out, struct slice in)
{
	size_t i = 0;

	while (i < in.n) {
		size_t plain = i;

		while (d->held_n == 0 && i < in.n && in.p[i] != '=' && !is_wsp(in.p[i]))
			i++;
		strbuf_add(out, slice_of(in.p + plain, i - plain));
		if (i < in.n)
			qp_byte(d, out, in.p[i++]);
	}
}

/* Writes as many bytes of a full group as the line still has. */
static void uu_group(struct mime_decoder *d, struct strbuf *out)
{
	for (int shift = 16; shift >= 0 && d->left > 0; shift -= 8, d->left--)
		strbuf_addc(out, (char)(d->bits >> shift));
	d->held_n = 0;
}

static void uu_data(struct mime_decoder *d, struct strbuf *out, unsigned char c)
{
	if (c == '\n') {
		if (d->held_n) { /* spaces at the end were lost on the way: they are zeros */
			d->bits <<= 6 * (4 - d->held_n);
			uu_group(d, out);
		}
		d->state = LENGTH;
	} else if (c >= ' ' && c <= '`' && d->left > 0) {
		d->bits = d->bits << 6 | ((c - ' ') & 63);
		if (++d->held_n == 4)
			uu_group(d, out);
	}
}

static void uu_byte(struct mime_decoder *d, struct strbuf *out, unsigned char c)
{
	switch (d->state) {
	case SEEK:
		if (c == '\n') {
			if (slice_starts(slice_of(d->held, d->held_n), SLICE("begin ")))
				d->state = LENGTH;
			d->held_n = 0;
		} else if (d->held_n < MIME_DECODER_HELD_MAX) {
			d->held[d->held_n++] = (char)c;
		}
		return;
	case LENGTH:
		if (c == '\r' || c == '\n')
			return;
		if (c < ' ' || c > '`') {
			d->state = ENDED;
			return;
		}
		d->left = (c - ' ') & 63;
		d->held_n = 0;
		d->state = DATA;
		return;
	case DATA: uu_data(d, out, c);
	}
}

void mime_decoder_add(struct mime_decoder *d, struct strbuf *out, struct slice in)
{
	if (d->state == ENDED)
		return;
	switch (d->encoding) {
	case MIME_BASE64: base64_add(d, out, in); return;
	case MIME_QUOTED_PRINTABLE: qp_add(d, out, in); return;
	case MIME_UUENCODE:
		for (size_t i = 0; i < in.n; i++)
			uu_byte(d, out, (unsigned char)in.p[i]);
		return;
	default: strbuf_add(out, in);
	}
}

void mime_decoder_end(struct mime_decoder *d, struct strbuf *out)
{
	if (d->encoding == MIME_BASE64 && d->state > 0)
		group_end(d, out);
	/* White space or a soft line break at the very end is no text; half an escape is. */
	if (d->encoding == MIME_QUOTED_PRINTABLE && d->held_n == 2 &&
		mime_hex_digit(d->held[1]) >= 0)
		held_give(d, out);
	d->held_n = 0;
}
