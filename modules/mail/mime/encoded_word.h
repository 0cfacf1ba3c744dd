/*
 * mime/encoded_word.h: text in headers, RFC 2047, as UTF-8.
 *
 * Tolerant where mail programs are: an encoded word may touch other text, be longer than 75
 * characters, hold spaces, and break a character in two across words of one charset. Pure, any
 * thread.
 *
 * Linear in the text; what comes out is at most four bytes a byte.
 */
#ifndef HEARTH_MAIL_MIME_ENCODED_WORD_H
#define HEARTH_MAIL_MIME_ENCODED_WORD_H

#include "hearth/arena.h"

/* Length of the encoded word that `s` begins with, 0 when it begins with none. */
size_t mime_word_size(struct slice s);
/*
 * Appends unfolded header text as valid UTF-8 in one line: encoded words decoded, raw bytes taken
 * as UTF-8 or else windows-1252, control characters as spaces. At most 4 bytes for one of `text`.
 */
void mime_words_decode(struct strbuf *out, struct slice text);
/* The same as a copy in `a`. */
struct slice mime_words_text(struct arena *a, struct slice text);
/*
 * The same for text in which no encoded word may stand, such as the parts of an address: an
 * encoded word stays as it is written, so that nobody hides an address in another one.
 */
struct slice mime_raw_text(struct arena *a, struct slice text);

#endif
