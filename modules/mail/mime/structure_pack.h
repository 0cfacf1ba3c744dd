/*
 * mime/structure_pack.h: the tree of a message as bytes, stored beside the message so that FETCH
 * never parses it again.
 *
 *   packed  = version (1) size envelope part     the envelope of the root: empty since it is
 *                                                kept by itself
 *   part    = kind encoding offset header_size body_size lines decoded_size
 *             type subtype params encoding_name id description md5
 *             disposition disposition_params languages location
 *             [envelope]     only for the child of a message
 *             count part…    its children
 *   params  = count (name value)…       languages = count tag…
 *
 * A number is LEB128: seven bits a byte, the low ones first, the high bit set but in the last. A
 * string is its length plus one and its bytes; 0 stands for a string that is not there. The
 * meaning of a version never changes; a change of format takes the next number.
 *
 * Pure, any thread.
 */
#ifndef HEARTH_MAIL_MIME_STRUCTURE_PACK_H
#define HEARTH_MAIL_MIME_STRUCTURE_PACK_H

#include "mime/structure.h"

/* Appends the tree. */
void mime_structure_pack(struct strbuf *out, const struct mime_part *root);
/*
 * The tree again, in `a`; its strings point into `packed`. HEARTH_ECORRUPT unless it is well formed
 * and keeps every promise of structure.h, whatever the bytes are. Pure, any thread.
 */
int mime_structure_unpack(struct arena *a, struct slice packed, struct mime_part **root);

#endif
