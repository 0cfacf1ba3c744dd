/*
 * imap/grammar/imap_string.h: the strings of IMAP answers and the ENVELOPE (RFC 3501
 * sections 4.3, 7.4.2). Pure, any thread.
 *
 * As long as the text, at most four bytes a byte.
 */
#ifndef HEARTH_MAIL_MIME_IMAP_STRING_H
#define HEARTH_MAIL_MIME_IMAP_STRING_H

#include "hearth/arena.h"

/*
 * Appends `s` as a string: quoted when it is 7-bit text without line ends, a literal otherwise.
 * NUL bytes, which no IMAP string may hold, are left out.
 */
void imap_write_string(struct strbuf *out, struct slice s);
/* The same, and NIL when s.p is NULL. */
void imap_write_nstring(struct strbuf *out, struct slice s);
/*
 * Appends the ENVELOPE of a message with that header, with its parentheses. Bounded by ten times
 * MIME_VALUE_MAX and the marks around it. `scratch` is used for what is needed on the way.
 */
void imap_write_envelope(struct strbuf *out, struct arena *scratch, struct slice header);

#endif
