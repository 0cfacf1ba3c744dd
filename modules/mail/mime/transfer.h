/*
 * mime/transfer.h: content transfer encodings (RFC 2045 section 6), decoded piece by piece.
 *
 * The input may be cut anywhere. No input is an error: what does not belong to an encoding is
 * skipped (base64) or stands for itself (quoted-printable). Pure, any thread.
 *
 * It holds MIME_DECODER_HELD_MAX bytes at most.
 */
#ifndef HEARTH_MAIL_MIME_TRANSFER_H
#define HEARTH_MAIL_MIME_TRANSFER_H

#include "hearth/str.h"

/* The numbers are stored in packed structures: never change one. */
enum mime_encoding {
	MIME_7BIT = 0,
	MIME_8BIT = 1,
	MIME_BINARY = 2,
	MIME_QUOTED_PRINTABLE = 3,
	MIME_BASE64 = 4,
	MIME_UUENCODE = 5,         /* x-uuencode and its other names */
	MIME_ENCODING_UNKNOWN = 6, /* not decoded */
	MIME_ENCODINGS             /* how many there are */
};

/* The encoding with that name, in any case. */
enum mime_encoding mime_encoding_of(struct slice name);
/* True when decoding changes nothing. */
bool mime_encoding_is_identity(enum mime_encoding encoding);

enum { MIME_DECODER_HELD_MAX = 80 };

struct mime_decoder {
	enum mime_encoding encoding;
	int state;                        /* base64: characters of the group; uuencode: where */
	uint32_t bits;                    /* bits of an unfinished group */
	unsigned left;                    /* uuencode: bytes the line still has */
	unsigned char held_n;             /* bytes of `held` in use */
	char held[MIME_DECODER_HELD_MAX]; /* quoted-printable: what the next byte decides about */
};

void mime_decoder_init(struct mime_decoder *d, enum mime_encoding encoding);
/* Appends what the next piece decodes to: never more bytes than the pieces so far had. */
void mime_decoder_add(struct mime_decoder *d, struct strbuf *out, struct slice in);
/* Appends what was held back for a piece that did not come. */
void mime_decoder_end(struct mime_decoder *d, struct strbuf *out);

#endif
