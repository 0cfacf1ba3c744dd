/*
 * mime/unbinary.h: a message that came as BINARYMIME (RFC 3030) as one that can go on everywhere: bodies
 * of octets become base64, all else stays as it is. What is behind the receipt then needs to know nothing
 * of it: IMAP, which cannot say NUL, and servers that do not take BINARYMIME.
 *
 * Pure, any thread; linear in the message, bounded by mime/structure.h.
 */
#ifndef HEARTH_MAIL_MIME_UNBINARY_H
#define HEARTH_MAIL_MIME_UNBINARY_H

#include "hearth/str.h"

/*
 * Appends the message; false when that cannot be: a part that must not change (RFC 1847) or is encoded
 * already holds what mail cannot, or a header does.
 */
bool mime_unbinary(struct strbuf *out, struct slice message);

#endif
