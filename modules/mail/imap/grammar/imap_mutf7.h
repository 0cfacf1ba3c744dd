/*
 * imap_mutf7.h: modified UTF-7, the spelling of mailbox names on the wire (RFC 3501 section
 * 5.1.3), to and from UTF-8.
 *
 * Pure, any thread; linear in the name.
 */
#ifndef HEARTH_MAIL_IMAP_MUTF7_H
#define HEARTH_MAIL_IMAP_MUTF7_H

#include "hearth/str.h"

/*
 * Appends `in` as UTF-8. Each name has exactly one spelling: what imap_mutf7_encode would have
 * written differently (needless or adjacent shifts, lone surrogates, bits left over, control or
 * 8-bit characters outside a shift), and U+0000, is HEARTH_EINVAL and leaves `out` as it was.
 */
int imap_mutf7_decode(struct strbuf *out, struct slice in);
/* Appends UTF-8 text as modified UTF-7; invalid bytes count as U+FFFD. */
void imap_mutf7_encode(struct strbuf *out, struct slice utf8);

#endif
