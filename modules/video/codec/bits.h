/*
 * bits.h: bits out of codec headers, the highest first, with the Exp-Golomb codes of H.264 (clause
 * 9.1). As in bytes.h a reader that runs out gives zeros and stays `bad`. Pure, any thread.
 */
#ifndef HEARTH_VIDEO_BITS_H
#define HEARTH_VIDEO_BITS_H

#include "hearth/str.h"

struct bit_reader {
	const uint8_t *p;
	size_t n;   /* bits in all */
	size_t pos; /* bits taken */
	bool bad;   /* more was asked for than there was */
};

static inline struct bit_reader bit_reader_of(struct slice s)
{
	return (struct bit_reader){ .p = (const uint8_t *)s.p, .n = s.n * 8 };
}

/* An unsigned number of `count` bits, at most 32. */
static inline uint32_t read_bits(struct bit_reader *r, unsigned count)
{
	uint32_t v = 0;

	if (count > r->n - r->pos) {
		r->bad = true;
		r->pos = r->n;
		return 0;
	}
	for (; count; count--, r->pos++)
		v = v << 1 | (r->p[r->pos / 8] >> (7 - r->pos % 8) & 1);
	return v;
}

static inline bool read_flag(struct bit_reader *r)
{
	return read_bits(r, 1);
}

/* ue(v): as many zeros as bits follow the one. Longer codes than 32 bits are bad. */
static inline uint32_t read_ue(struct bit_reader *r)
{
	unsigned zeros = 0;

	while (zeros < 32 && !r->bad && !read_flag(r))
		zeros++;
	if (zeros == 32) {
		r->bad = true;
		return 0;
	}
	return (1u << zeros) - 1 + read_bits(r, zeros);
}

/* se(v): 1, -1, 2, -2… */
static inline int32_t read_se(struct bit_reader *r)
{
	uint32_t k = read_ue(r);

	return k & 1 ? (int32_t)(k / 2 + 1) : -(int32_t)(k / 2);
}

#endif
