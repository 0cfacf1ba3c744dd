/*
 * bytes.h: the big-endian fields that RTMP, FLV, AMF and MP4 are made of: read with bounds from a
 * slice, and appended to a strbuf.
 *
 * A reader that is asked for more than it has gives zeros and stays `bad`, so that a parser reads a
 * whole header straight down and looks once at the end. Pure, any thread; a reader holds a slice of
 * somebody else's.
 */
#ifndef HEARTH_VIDEO_BYTES_H
#define HEARTH_VIDEO_BYTES_H

#include "hearth/str.h"

struct byte_reader {
	const uint8_t *p; /* what comes next */
	size_t n;         /* how many are left */
	bool bad;         /* more was asked for than there was */
};

static inline struct byte_reader byte_reader_of(struct slice s)
{
	return (struct byte_reader){ .p = (const uint8_t *)s.p, .n = s.n };
}

/* The next `n` bytes, not copied; the empty slice when there are fewer. */
static inline struct slice read_slice(struct byte_reader *r, size_t n)
{
	struct slice s = { (const char *)r->p, n };

	if (n > r->n) {
		r->bad = true;
		r->n = 0;
		return (struct slice){ NULL, 0 };
	}
	if (n) {
		r->p += n;
		r->n -= n;
	}
	return s;
}

/* What is left, not copied, without taking it. */
static inline struct slice read_rest(const struct byte_reader *r)
{
	return (struct slice){ (const char *)r->p, r->n };
}

/* An unsigned number of `width` bytes, at most 8. */
static inline uint64_t read_be(struct byte_reader *r, size_t width)
{
	struct slice s = read_slice(r, width);
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v = v << 8 | (uint8_t)s.p[i];
	return v;
}

static inline uint8_t read_u8(struct byte_reader *r)
{
	return (uint8_t)read_be(r, 1);
}

static inline uint16_t read_be16(struct byte_reader *r)
{
	return (uint16_t)read_be(r, 2);
}

static inline uint32_t read_be24(struct byte_reader *r)
{
	return (uint32_t)read_be(r, 3);
}

static inline uint32_t read_be32(struct byte_reader *r)
{
	return (uint32_t)read_be(r, 4);
}

/* Writes the low `width` bytes of `v` to `p`, the highest first. */
static inline void put_be(void *p, uint64_t v, size_t width)
{
	uint8_t *out = p;

	for (size_t i = width; i-- > 0; v >>= 8)
		out[i] = (uint8_t)v;
}

/* Appends the low `width` bytes of `v`, the highest first; `width` is at most 8. */
static inline void write_be(struct strbuf *b, uint64_t v, size_t width)
{
	uint8_t bytes[8];

	put_be(bytes, v, width);
	strbuf_add(b, slice_of(bytes, width));
}

static inline void write_u8(struct strbuf *b, uint8_t v)
{
	strbuf_addc(b, (char)v);
}

static inline void write_be16(struct strbuf *b, uint16_t v)
{
	write_be(b, v, 2);
}

static inline void write_be24(struct strbuf *b, uint32_t v)
{
	write_be(b, v, 3);
}

static inline void write_be32(struct strbuf *b, uint32_t v)
{
	write_be(b, v, 4);
}

static inline void write_be64(struct strbuf *b, uint64_t v)
{
	write_be(b, v, 8);
}

#endif
