/*
 * base64.c: RFC 4648 base64 with padding (section 4) and base64url without (section 5). Decoding
 * accepts exactly what encoding writes: bits left over in the last digit must be zero (section
 * 3.5), so one value has one spelling. Pure.
 */
#include "hearth/error.h"
#include "hearth/text.h"

static const char alphabet[2][65] = {
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

static void encode(struct strbuf *out, struct slice in, bool url)
{
	const unsigned char *p = (const unsigned char *)in.p;
	const char *digits = alphabet[url];
	char *to = strbuf_reserve(out, in.n / 3 * 4 + 4), *start = to;
	size_t n = in.n;

	for (; n >= 3; n -= 3, p += 3) {
		*to++ = digits[p[0] >> 2];
		*to++ = digits[(p[0] & 3) << 4 | p[1] >> 4];
		*to++ = digits[(p[1] & 15) << 2 | p[2] >> 6];
		*to++ = digits[p[2] & 63];
	}
	if (n > 0) {
		unsigned second = n == 2 ? p[1] : 0;

		*to++ = digits[p[0] >> 2];
		*to++ = digits[(p[0] & 3) << 4 | second >> 4];
		if (n == 2)
			*to++ = digits[(second & 15) << 2];
		for (; !url && n < 3; n++)
			*to++ = '=';
	}
	strbuf_commit(out, (size_t)(to - start));
}

static int digit_value(char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == alphabet[url][62])
		return 62;
	return c == alphabet[url][63] ? 63 : -1;
}

/* `text` is digits only; padding is gone. Nothing counts as written until all of it was right. */
static int decode(struct strbuf *out, struct slice text, bool url)
{
	char *to = strbuf_reserve(out, text.n / 4 * 3 + 3), *start = to;
	uint32_t bits = 0;
	int held = 0, value = text.n % 4 == 1 ? -1 : 0;

	for (size_t i = 0; i < text.n && value >= 0; i++) {
		value = digit_value(text.p[i], url);
		bits = bits << 6 | (uint32_t)(value & 63);
		held += 6;
		if (held >= 8) {
			held -= 8;
			*to++ = (char)(bits >> held);
			bits &= (1u << held) - 1;
		}
	}
	if (value < 0 || bits) {
		strbuf_commit(out, 0); /* puts the NUL back */
		return HEARTH_EINVAL;
	}
	strbuf_commit(out, (size_t)(to - start));
	return 0;
}

void base64_encode(struct strbuf *out, struct slice bytes)
{
	encode(out, bytes, false);
}

int base64_decode(struct strbuf *out, struct slice text)
{
	if (text.n % 4)
		return HEARTH_EINVAL;
	for (int pad = 0; pad < 2 && text.n && text.p[text.n - 1] == '='; pad++)
		text.n--;
	return decode(out, text, false);
}

void base64url_encode(struct strbuf *out, struct slice bytes)
{
	encode(out, bytes, true);
}

int base64url_decode(struct strbuf *out, struct slice text)
{
	return decode(out, text, true);
}
