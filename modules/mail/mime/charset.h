/*
 * mime/charset.h: text of any charset as UTF-8, piece by piece.
 *
 * UTF-8, US-ASCII, ISO-8859-1 and windows-1252 are converted here, the other charsets that mail
 * uses by iconv(3). Labels are matched without regard to case against a fixed list, so that no
 * message chooses what iconv loads. What is not valid becomes U+FFFD; no function fails.
 *
 * As the WHATWG Encoding standard has it, ISO-8859-1 means windows-1252. Text without a label, with
 * an unknown one, or labelled US-ASCII is read as UTF-8, and byte by byte as windows-1252 where it
 * is not UTF-8.
 *
 * A converter belongs to one thread at a time.
 *
 * Any thread. What is not whole yet is at most 16 bytes.
 */
#ifndef HEARTH_MAIL_MIME_CHARSET_H
#define HEARTH_MAIL_MIME_CHARSET_H

#include <iconv.h>

#include "hearth/str.h"

enum mime_charset_kind {
	MIME_CHARSET_GUESS, /* UTF-8, else windows-1252 */
	MIME_CHARSET_UTF8,
	MIME_CHARSET_WINDOWS_1252,
	MIME_CHARSET_ICONV,
};

struct mime_charset {
	enum mime_charset_kind kind;
	iconv_t iconv; /* for MIME_CHARSET_ICONV */
	char held[16]; /* the beginning of a character whose rest is still to come */
	size_t held_n;
};

/* Prepares for text with that label (may be empty); mime_charset_clear releases it. */
void mime_charset_init(struct mime_charset *c, struct slice label);
void mime_charset_clear(struct mime_charset *c);
/* Appends the next piece of text as UTF-8: at most 4 bytes for each one of `in`. */
void mime_charset_add(struct mime_charset *c, struct strbuf *out, struct slice in);
/* Appends what an incomplete last character stands for. */
void mime_charset_end(struct mime_charset *c, struct strbuf *out);

/* All of a text at once. */
void mime_charset_convert(struct strbuf *out, struct slice label, struct slice in);
/* The code point of a byte of windows-1252; U+FFFD where there is none. */
uint32_t mime_windows_1252(unsigned char byte);

#endif
