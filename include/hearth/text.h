/*
 * text.h: Unicode text: UTF-8 checks, the one case folding that search uses everywhere, and the
 * small text codecs that several protocols share. Pure.
 */
#ifndef HEARTH_TEXT_H
#define HEARTH_TEXT_H

#include "hearth/arena.h"

/* Valid UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_valid(struct slice s);
/*
 * Decodes one code point at s.p[0..]; returns its length in bytes, or 0 when the bytes are not
 * valid UTF-8 or s is empty.
 */
size_t utf8_decode(struct slice s, uint32_t *code_point);
/* Appends one code point; U+FFFD for what is no scalar value. */
void utf8_append(struct strbuf *b, uint32_t code_point);
/* Appends `s` with every invalid byte as U+FFFD. */
void utf8_append_lossy(struct strbuf *b, struct slice s);

/*
 * Folds text for searching: simple case folding for ASCII, Latin, Greek and Cyrillic, runs of
 * white space to one space; invalid bytes become U+FFFD; NUL, which text in SQL cannot hold, is
 * left out (so UTF-16 that is not declared as such is found too). Both what is searched and what is
 * searched for go through this one function, so that every engine finds the same.
 */
void text_fold(struct strbuf *out, struct slice s);

/*
 * Base64 (RFC 4648 section 4). Encode appends without line breaks. Decode is strict: no white
 * space, right padding; appends to `out`, or returns HEARTH_EINVAL and leaves it as it was.
 */
void base64_encode(struct strbuf *out, struct slice bytes);
int base64_decode(struct strbuf *out, struct slice text);
/* The alphabet for URLs (section 5), encoded without padding and decoded without it. */
void base64url_encode(struct strbuf *out, struct slice bytes);
int base64url_decode(struct strbuf *out, struct slice text);

#endif
