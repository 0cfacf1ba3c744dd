/*
 * mime/token.h: the lexical tokens that addresses, parameters and dates are made of (RFC 5322
 * section 3.2): white space, comments, quoted strings, atoms. For the parsers in this folder.
 *
 * A cursor moves over one unfolded value and never backwards, so that every parser here is linear.
 * A comment or a quoted string that is never closed is no comment and no string: its first
 * character is then one as any other.
 *
 * Pure, any thread.
 */
#ifndef HEARTH_MAIL_MIME_TOKEN_H
#define HEARTH_MAIL_MIME_TOKEN_H

#include "hearth/str.h"

struct mime_cursor {
	const char *p, *end;  /* what is still to be read */
	struct slice comment; /* the inside of the last comment that was skipped */
	bool open_comment;    /* a '(' without its ')' was seen: no further search for one */
	bool open_quote;      /* the same for '"' */
};

struct mime_cursor mime_cursor_of(struct slice value);
/* True when the next character is `c`. */
bool mime_at(const struct mime_cursor *c, char character);
/* Skips white space, control characters and comments; true when there were any. */
bool mime_skip_space(struct mime_cursor *c);
/* Takes a quoted string; *inner is what stands between the quotes, still with backslashes. */
bool mime_take_quoted(struct mime_cursor *c, struct slice *inner);
/* Takes what is neither white space nor one of RFC 5322's specials (a dot is one); maybe empty. */
struct slice mime_take_atom(struct mime_cursor *c);
/* Copies `s` without the backslashes of quoted pairs to `out` (room for s.n); returns the size. */
size_t mime_unescape(struct slice s, char *out);
/* The value of a hexadecimal digit of either case, or -1. */
int mime_hex_digit(char c);

#endif
