/*
 * packing.h: small messages as rows keep them: a zstd frame that knows its size and has a checksum of its
 * own. Pure but for the contexts, of which each thread keeps one pair.
 *
 * A message is packed *behind* what is known of it anyway: a text that many messages have in common
 * (packing_base.c) and the fields of its header that stand beside it in its row. What it has in common
 * with these takes next to no room: together a fifth less. In front of such a frame stands a byte, the
 * number of that text. A bare frame, without it, is what was before, and what is written where several
 * nodes share the databases, one of which may run a program from before.
 */
#ifndef MAIL_PACKING_H
#define MAIL_PACKING_H

#include "hearth/arena.h"
#include "hearth/buf.h"

/* In `a`; behind `fields`, or bare. */
struct slice mail_pack(struct arena *a, struct slice bytes, struct slice fields);
struct slice mail_pack_bare(struct arena *a, struct slice bytes);
/* How long what is packed is; HEARTH_ECORRUPT when that is no frame, or longer than `max`. */
int mail_packed_size(struct slice packed, size_t max, size_t *size);
/*
 * Into `to`, which has room for `size` bytes; HEARTH_ECORRUPT unless it is that many, and whole. `fields`
 * are those it was packed behind.
 */
int mail_unpack(struct slice packed, struct slice fields, char *to, size_t size);
/* Into a new buffer of the caller's. HEARTH_ECORRUPT. */
int mail_unpack_buf(struct slice packed, struct slice fields, size_t size, struct buf **out);

#endif
