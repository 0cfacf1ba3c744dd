/*
 * mime/section.h: the sections of IMAP's BODY[…] and BINARY[…] (RFC 3501 section 6.4.5, RFC 3516):
 * from what was asked for (imap/grammar/imap_fetch_parse.c reads it) to a range of octets in the
 * message. Who stores messages asks for the range of a section, reads just that, and lets
 * mime_section_filter pick the header fields where fields were asked for. Pure, any thread.
 *
 * It costs the path, or one walk over a header.
 */
#ifndef HEARTH_MAIL_MIME_SECTION_H
#define HEARTH_MAIL_MIME_SECTION_H

#include "mime/structure.h"

enum mime_section_kind {
	MIME_SECTION_ALL,        /* BODY[], or BODY[1.2]: the body of part 1.2 */
	MIME_SECTION_HEADER,     /* of the message or of the message/rfc822 at the path */
	MIME_SECTION_FIELDS,     /* HEADER.FIELDS */
	MIME_SECTION_FIELDS_NOT, /* HEADER.FIELDS.NOT */
	MIME_SECTION_TEXT,       /* the body of the message or of the message/rfc822 at the path */
	MIME_SECTION_MIME,       /* the header of the part at the path */
};

struct mime_section {
	enum mime_section_kind kind;
	uint32_t path[MIME_DEPTH_MAX]; /* part numbers, from 1 */
	size_t path_n;
	struct mime_strings fields; /* names for FIELDS and FIELDS_NOT */
};

/* Where the section lies, for FIELDS the whole header. HEARTH_ENOTFOUND when it is not there. */
int mime_section_range(const struct mime_part *root, const struct mime_section *section,
	size_t *offset, size_t *size);
/*
 * The section's answer from the bytes of its range: `bytes` themselves, or for FIELDS and
 * FIELDS_NOT a copy in `a` of the fields that match, as they stand, and the empty line.
 */
struct slice mime_section_filter(
	struct arena *a, const struct mime_section *section, struct slice bytes);
#endif
