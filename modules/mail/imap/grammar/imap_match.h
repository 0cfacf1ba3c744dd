/*
 * imap_match.h: which mailbox names a LIST pattern means (RFC 3501 section 6.3.8). Names and
 * patterns are UTF-8, decoded.
 *
 * Pure, any thread; a pattern longer than 2 * IMAP_MAILBOX_MAX means nothing.
 */
#ifndef HEARTH_MAIL_IMAP_MATCH_H
#define HEARTH_MAIL_IMAP_MATCH_H

#include "hearth/arena.h"

/* "INBOX" in any case (section 5.1). */
bool imap_is_inbox(struct slice name);
/* Equal names: byte for byte, but that INBOX is equal in any case. */
/* What a LIST asks for: the reference and behind it the pattern, in `a`. */
struct slice imap_match_pattern(struct arena *a, struct slice reference, struct slice pattern);
/*
 * Whether all of `name` matches: * stands for anything, % for anything without `delimiter`, any
 * other byte for itself; in a name whose first level is INBOX, those five letters in any case.
 * Takes time in proportion to the length of one times the other, whatever the pattern.
 */
bool imap_match(struct slice pattern, struct slice name, char delimiter);

#endif
