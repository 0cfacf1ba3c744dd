/*
 * mime/encode.h: text and bytes as a message may hold them, the other way round from transfer.h,
 * encoded_word.h and params.h: header text with encoded words (RFC 2047) and folds, parameters with
 * foreign or long values (RFC 2231), bodies as quoted-printable and base64 (RFC 2045 section 6).
 *
 * What is written has lines of at most 78 characters where it can be folded, and nothing in it can end
 * a field: control characters become spaces. Pure, any thread; linear in what is given.
 */
#ifndef HEARTH_MAIL_MIME_ENCODE_H
#define HEARTH_MAIL_MIME_ENCODE_H

#include "mime/transfer.h"

/*
 * Appends header text (UTF-8) behind a field's name, which ended at column `column`: as it is where it is
 * ASCII, else as encoded words. Returns the column it ends at.
 */
size_t mime_encode_text(struct strbuf *out, struct slice text, size_t column);
/* The same of a display name, which may also have to be quoted. */
size_t mime_encode_phrase(struct strbuf *out, struct slice name, size_t column);
/* Appends `; name="value"` on a line of its own, or the forms of RFC 2231 for what is not short ASCII. */
void mime_encode_param(struct strbuf *out, const char *name, struct slice value);

/* The least encoding that this text, with lines ended by CRLF, can be sent in everywhere. */
enum mime_encoding mime_encoding_for(struct slice text);
void mime_encode_quoted_printable(struct strbuf *out, struct slice text);
/* In lines of 76. */
void mime_encode_base64(struct strbuf *out, struct slice bytes);

#endif
