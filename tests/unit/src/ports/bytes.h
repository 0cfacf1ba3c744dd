/*
 * bytes.h: bytes to put, the same again for the same seed.
 */
#ifndef HEARTH_TESTS_BYTES_H
#define HEARTH_TESTS_BYTES_H

#include "hearth/buf.h"

/* n bytes that only this seed gives: text that shrinks well, or noise that does not. */
static inline struct buf *make_bytes(size_t n, unsigned seed, bool text)
{
	static const char *const words[] = { "hearth ", "message ", "delivered ", "to ", "the ",
		"queue\r\n" };
	struct buf *b = buf_alloc(n);
	char *p = buf_data(b);
	uint64_t x = seed * 2654435761u + 88172645463325252u;

	for (size_t i = 0; i < n;) {
		const char *word;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (!text) {
			p[i++] = (char)x;
			continue;
		}
		for (word = words[x % 6]; *word && i < n;)
			p[i++] = *word++;
		if (i < n)
			p[i++] = (char)('a' + x / 6 % 26);
	}
	return b;
}

#endif
