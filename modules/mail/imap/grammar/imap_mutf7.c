/*
 * imap_mutf7.c: modified UTF-7. Printable ASCII stands for itself but "&", which is "&-";
 * everything else is UTF-16 in base64 with "," for "/" and without padding, between "&" and "-".
 *
 * Pure; linear in the name, which has at most IMAP_MAILBOX_MAX bytes.
 */
#include "imap/grammar/imap_mutf7.h"

#include "hearth/error.h"
#include "hearth/text.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool is_printable(uint32_t c)
{
	return c >= ' ' && c <= '~';
}

static int base64_value(char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

/*
 * Takes one UTF-16 unit after another: appends the code point that is complete with `unit`, and
 * keeps a first surrogate in *high. False when the pair is broken or the character needs no shift.
 */
static bool add_unit(struct strbuf *out, uint32_t *high, uint32_t unit)
{
	bool is_low = unit >= 0xdc00 && unit < 0xe000;

	if (is_low != (*high != 0))
		return false;
	if (unit >= 0xd800 && unit < 0xdc00) {
		*high = unit;
		return true;
	}
	if (is_low)
		unit = 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00);
	*high = 0;
	if (!unit || is_printable(unit))
		return false;
	utf8_append(out, unit);
	return true;
}

/* Decodes the base64 between "&" and "-": all of `shifted`. */
static bool decode_shift(struct strbuf *out, struct slice shifted)
{
	uint32_t bits = 0, high = 0;
	unsigned held = 0;

	for (size_t i = 0; i < shifted.n; i++) {
		int value = base64_value(shifted.p[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held < 16)
			continue;
		held -= 16;
		if (!add_unit(out, &high, bits >> held & 0xffff))
			return false;
		bits &= (1u << held) - 1;
	}
	return !high && held < 6 && !bits;
}

int imap_mutf7_decode(struct strbuf *out, struct slice in)
{
	size_t before = out->n;
	bool shifted = false; /* the last character ended a shift */

	for (size_t i = 0; i < in.n; i++) {
		ptrdiff_t end;

		if (!is_printable((unsigned char)in.p[i]))
			goto malformed;
		if (in.p[i] != '&') {
			strbuf_addc(out, in.p[i]);
			shifted = false;
			continue;
		}
		end = slice_chr(slice_skip(in, i), '-');
		if (end < 0)
			goto malformed;
		if (end == 1) {
			strbuf_addc(out, '&');
			shifted = false;
		} else if (shifted || !decode_shift(out, slice_of(in.p + i + 1, (size_t)end - 1))) {
			goto malformed;
		} else {
			shifted = true;
		}
		i += (size_t)end;
	}
	return 0;
malformed:
	out->n = before;
	if (out->p)
		out->p[before] = '\0';
	return HEARTH_EINVAL;
}

struct shift {
	uint32_t bits;
	unsigned held; /* bits not yet written, fewer than 6 */
	bool open;
};

static void shift_unit(struct shift *s, struct strbuf *out, uint32_t unit)
{
	if (!s->open)
		strbuf_addc(out, '&');
	s->open = true;
	s->bits = s->bits << 16 | unit;
	s->held += 16;
	while (s->held >= 6) {
		s->held -= 6;
		strbuf_addc(out, alphabet[s->bits >> s->held & 63]);
	}
	s->bits &= (1u << s->held) - 1;
}

static void shift_end(struct shift *s, struct strbuf *out)
{
	if (!s->open)
		return;
	if (s->held)
		strbuf_addc(out, alphabet[s->bits << (6 - s->held) & 63]);
	strbuf_addc(out, '-');
	*s = (struct shift){ 0 };
}

void imap_mutf7_encode(struct strbuf *out, struct slice utf8)
{
	struct shift s = { 0 };

	while (utf8.n) {
		uint32_t c;
		size_t n = utf8_decode(utf8, &c);

		if (!n)
			c = 0xfffd;
		utf8 = slice_skip(utf8, n ? n : 1);
		if (is_printable(c)) {
			shift_end(&s, out);
			strbuf_addc(out, (char)c);
			if (c == '&')
				strbuf_addc(out, '-');
		} else if (c >= 0x10000) {
			shift_unit(&s, out, 0xd800 + ((c - 0x10000) >> 10));
			shift_unit(&s, out, 0xdc00 + ((c - 0x10000) & 0x3ff));
		} else {
			shift_unit(&s, out, c);
		}
	}
	shift_end(&s, out);
}
