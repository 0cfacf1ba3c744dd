/*
 * text.c: UTF-8 as RFC 3629 defines it: decoding that refuses overlong forms, surrogates and what
 * lies above U+10FFFF, and encoding that never writes them. Pure.
 */
#include "hearth/text.h"

#define REPLACEMENT 0xFFFD

size_t utf8_decode(struct slice s, uint32_t *code_point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 }; /* by length */
	unsigned char lead = s.n ? (unsigned char)s.p[0] : 0xFF;
	size_t n = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
	uint32_t c;

	if (n == 0 || lead > 0xF4 || n > s.n)
		return 0;
	c = n == 1 ? lead : lead & (0xFFu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		unsigned char byte = (unsigned char)s.p[i];

		if ((byte & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (byte & 0x3F);
	}
	if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return 0;
	*code_point = c;
	return n;
}

/* How many bytes at the front are ASCII, eight at a time. */
static size_t ascii_run(struct slice s)
{
	size_t i = 0;
	uint64_t word;

	for (; i + 8 <= s.n; i += 8) {
		memcpy(&word, s.p + i, 8);
		if (word & 0x8080808080808080)
			break;
	}
	while (i < s.n && (unsigned char)s.p[i] < 0x80)
		i++;
	return i;
}

/* How many bytes at the front are valid UTF-8. */
static size_t utf8_run(struct slice s)
{
	size_t i = 0, n;
	uint32_t c;

	do {
		i += ascii_run(slice_skip(s, i));
		n = utf8_decode(slice_skip(s, i), &c);
		i += n;
	} while (n);
	return i;
}

bool utf8_valid(struct slice s)
{
	return utf8_run(s) == s.n;
}

void utf8_append(struct strbuf *b, uint32_t c)
{
	char *to = strbuf_reserve(b, 4);
	size_t n;

	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		c = REPLACEMENT;
	if (c < 0x80) {
		strbuf_addc(b, (char)c);
		return;
	}
	n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		to[i] = (char)(0x80 | (c & 0x3F));
	to[0] = (char)(0xF00u >> n | c);
	strbuf_commit(b, n);
}

void utf8_append_lossy(struct strbuf *b, struct slice s)
{
	for (;;) {
		size_t valid = utf8_run(s);

		strbuf_add(b, slice_head(s, valid));
		if (valid == s.n)
			return;
		utf8_append(b, REPLACEMENT);
		s = slice_skip(s, valid + 1);
	}
}
