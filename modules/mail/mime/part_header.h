/*
 * mime/part_header.h: what the header of a part says of it. For structure.c and structure_pack.c.
 *
 * Pure; it looks at each field once (mime/header.h bounds them).
 */
#ifndef HEARTH_MAIL_MIME_PART_HEADER_H
#define HEARTH_MAIL_MIME_PART_HEADER_H

#include "mime/structure.h"

/*
 * Fills kind, encoding and all strings of `part` from its header, with RFC 2045's defaults where
 * it says nothing. part->parent must be set: in a multipart/digest the default is message/rfc822.
 */
void mime_part_header_read(struct arena *a, struct slice header, struct mime_part *part);
/* The kind that goes with its type and subtype. */
enum mime_kind mime_kind_of(const struct mime_part *part);
/* Makes it a leaf text/plain without any header. */
void mime_part_make_text(struct mime_part *part);
/* Makes it a leaf application/octet-stream: what a container becomes that must not nest. */
void mime_part_make_opaque(struct mime_part *part);
/* The boundary of a multipart; empty when it has none that can delimit anything. */
struct slice mime_part_boundary(const struct mime_part *part);

#endif
