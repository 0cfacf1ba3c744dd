/*
 * imap/grammar/imap_body.h: what IMAP's FETCH asks of the structure of a message (RFC 3501
 * section 7.4.2, RFC 9051 section 7.5.2), from its tree alone. The ENVELOPE is ready in
 * root->envelope; the bytes of sections are section.h. Pure, any thread.
 */
#ifndef MAIL_IMAP_BODY_H
#define MAIL_IMAP_BODY_H

#include "mime/structure.h"

/* Appends the body structure with its parentheses: BODYSTRUCTURE if `extended`, else BODY. */
void imap_write_body(struct strbuf *out, const struct mime_part *root, bool extended);

#endif
