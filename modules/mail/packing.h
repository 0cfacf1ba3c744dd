/*
 * packing.h: texts and small messages as rows keep them: a zstd frame that knows its size and has a
 * checksum of its own. Pure but for the contexts, of which each thread keeps one pair.
 */
#ifndef MAIL_PACKING_H
#define MAIL_PACKING_H

#include "hearth/arena.h"
#include "hearth/buf.h"

/* The frame, in `a`. */
struct slice mail_pack(struct arena *a, struct slice bytes);
/* How long what is packed is; HEARTH_ECORRUPT when that is no frame, or longer than `max`. */
int mail_packed_size(struct slice packed, size_t max, size_t *size);
/* Into `to`, which has room for `size` bytes; HEARTH_ECORRUPT unless it is that many, and whole. */
int mail_unpack(struct slice packed, char *to, size_t size);
/* Into a new buffer of the caller's. HEARTH_ECORRUPT. */
int mail_unpack_buf(struct slice packed, size_t size, struct buf **out);

#endif
