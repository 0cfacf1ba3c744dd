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
/*
 * A copy that lies in a file in memory (memfd) too, so that a socket can be given the pages instead
 * of a copy (sendfile); NULL when the system refuses. Costs a descriptor: for few, large ones.
 */
struct buf *buf_copy_shared(struct slice s);
/* The descriptor, and where in it the bytes begin; -1 for any other buffer. Parts have it as well. */
int buf_file(const struct buf *b, uint64_t *offset);
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
