/*
 * fmp4_box.h: boxes (ISO/IEC 14496-12 4.2) appended to a strbuf: a box is begun, filled and ended,
 * which puts its size where it belongs. For the two writers in this folder only. Pure, any thread;
 * a box is as long as what is put into it, below 4 GiB.
 */
#ifndef HEARTH_FMP4_BOX_H
#define HEARTH_FMP4_BOX_H

#include "bytes.h"

/* Begins a box and returns the position that box_end wants. */
static inline size_t box_begin(struct strbuf *b, const char type[4])
{
	size_t at = b->n;

	write_be32(b, 0);
	strbuf_add(b, slice_of(type, 4));
	return at;
}

/* Begins a box that has a version and flags. */
static inline size_t full_box_begin(
	struct strbuf *b, const char type[4], uint8_t version, uint32_t flags)
{
	size_t at = box_begin(b, type);

	write_u8(b, version);
	write_be24(b, flags);
	return at;
}

static inline void box_end(struct strbuf *b, size_t at)
{
	put_be(b->p + at, b->n - at, 4);
}

/* `n` bytes of zero. */
static inline void write_zeros(struct strbuf *b, size_t n)
{
	memset(strbuf_reserve(b, n), 0, n);
	strbuf_commit(b, n);
}

#endif
