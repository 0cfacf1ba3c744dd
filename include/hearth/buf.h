/*
 * buf.h: immutable bytes with a reference count, for bytes that outlive one request or cross
 * threads. The count is atomic; the bytes never change after buf_new* returned, but for the one
 * owner that fills a buf_alloc before showing it to anybody.
 */
#ifndef HEARTH_BUF_H
#define HEARTH_BUF_H

#include "hearth/str.h"

struct buf {
	const char *p; /* the bytes */
	size_t n;      /* how many */
};

/* All return one reference that the caller owns. */
struct buf *buf_copy(struct slice s);
/* Room for `n` bytes to be filled once through buf_data before the buffer is shared. */
struct buf *buf_alloc(size_t n);
char *buf_data(struct buf *b);
/* Shortens a buffer that is not shared yet to its first `n` bytes. */
void buf_truncate(struct buf *b, size_t n);
/* Takes over the memory of `s`, which is left empty. */
struct buf *buf_from_strbuf(struct strbuf *s);
/* Bytes that live as long as the program (embedded files): no copy. */
struct buf *buf_static(struct slice s);
/* A part of `b`, which it keeps alive: no copy. */
struct buf *buf_part(struct buf *b, size_t offset, size_t n);

/* Another reference to the same bytes; NULL gives NULL. */
struct buf *buf_ref(struct buf *b);
/* Gives a reference back and sets *b to NULL; legal on NULL. */
void buf_unref(struct buf **b);

static inline struct slice buf_slice(const struct buf *b)
{
	return b ? (struct slice){ b->p, b->n } : (struct slice){ NULL, 0 };
}

#endif
