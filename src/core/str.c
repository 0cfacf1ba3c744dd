/*
 * str.c: slices, their search and comparison, numbers and hexadecimal. Pure functions; the buffer
 * that text is built in is strbuf.c.
 */
#include "hearth/str.h"
#include "hearth/error.h"

static unsigned char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : (unsigned char)c;
}

bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool slice_ieq(struct slice a, struct slice b)
{
	return a.n == b.n && slice_istarts(a, b);
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && slice_eq(slice_head(s, prefix.n), prefix);
}

bool slice_istarts(struct slice s, struct slice prefix)
{
	if (s.n < prefix.n)
		return false;
	for (size_t i = 0; i < prefix.n; i++)
		if (fold(s.p[i]) != fold(prefix.p[i]))
			return false;
	return true;
}

int slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	return order ? order : (a.n > b.n) - (a.n < b.n);
}

ptrdiff_t slice_chr(struct slice s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

	return at ? at - s.p : -1;
}

ptrdiff_t slice_find(struct slice s, struct slice needle)
{
	const char *at;

	if (needle.n == 0)
		return 0;
	at = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
	return at ? at - s.p : -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	while (s.n && is_blank(s.p[0]))
		s.p++, s.n--;
	return s;
}

struct slice slice_split(struct slice *rest, char c)
{
	struct slice part = *rest;
	ptrdiff_t at = slice_chr(part, c);

	if (at < 0) {
		*rest = (struct slice){ NULL, 0 };
		return part;
	}
	*rest = slice_skip(part, (size_t)at + 1);
	return slice_head(part, (size_t)at);
}

int slice_u64(struct slice s, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (s.n == 0)
		return HEARTH_EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - '0';

		if (digit > 9 || digit > max || value > (max - digit) / 10)
			return HEARTH_EINVAL;
		value = value * 10 + digit;
	}
	*out = value;
	return 0;
}

int slice_i64(struct slice s, int64_t min, int64_t max, int64_t *out)
{
	bool negative = s.n && s.p[0] == '-';
	uint64_t magnitude, bound = (uint64_t)INT64_MAX + negative;
	int64_t value;

	if (slice_u64(negative ? slice_skip(s, 1) : s, bound, &magnitude))
		return HEARTH_EINVAL;
	value = (int64_t)(negative ? 0 - magnitude : magnitude);
	if (value < min || value > max)
		return HEARTH_EINVAL;
	*out = value;
	return 0;
}

void hex_encode(const void *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * n] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)fold(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_decode(struct slice hex, void *out, size_t n)
{
	unsigned char *p = out;

	if (hex.n / 2 != n || hex.n % 2)
		return HEARTH_EINVAL;
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(hex.p[2 * i]), low = hex_digit(hex.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return HEARTH_EINVAL;
		p[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}
