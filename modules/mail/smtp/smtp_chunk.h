/*
 * smtp_chunk.h: the message behind BDAT (RFC 3030): octets, as many as each command announced, from
 * one chunk to the next. There is no dot that stands for another, and no end but the last octet of
 * the chunk that is LAST. Lines still end in CRLF, unless the message was announced as BINARYMIME: a
 * CR or LF of its own is treated as in DATA (smtp_data.h), also where a CRLF is cut between chunks.
 *
 *	smtp_chunk_begin(&c, size, last);
 *	while ((what = smtp_chunk_next(&c, &in, &body)) == SMTP_DATA_BODY)
 *		append(body);
 *	if (what == SMTP_DATA_END)
 *		reply(smtp_chunk_result(&c));
 *
 * Pure: it belongs to its session, on the loop. It holds no byte but a CR that waits for its LF.
 */
#ifndef HEARTH_MAIL_SMTP_CHUNK_H
#define HEARTH_MAIL_SMTP_CHUNK_H

#include "smtp/smtp_data.h"

/* Set up by smtp_chunk_init; the caller reads `size`, `left` and `last` and nothing else. */
struct smtp_chunk {
	uint64_t size; /* octets of the message so far, those announced by this chunk too */
	uint64_t size_max;
	uint64_t left; /* octets of this chunk that are still to come */
	bool last;     /* no chunk comes behind this one */
	enum smtp_data_bare policy;
	bool binary; /* BINARYMIME: octets, whatever they are */
	bool cr;     /* the last octet was a CR, which is held back */
	bool bare;   /* there was a CR or LF of its own */
};

/* Begins a message of at most `size_max` octets. */
void smtp_chunk_init(
	struct smtp_chunk *c, uint64_t size_max, enum smtp_data_bare policy, bool binary);
/* Begins a chunk of `size` octets; the one before it has ended. */
void smtp_chunk_begin(struct smtp_chunk *c, uint64_t size, bool last);
/* The message is refused from here on: nothing more of it is handed out. */
static inline void smtp_chunk_refuse(struct smtp_chunk *c)
{
	c->size_max = 0;
	c->size = c->size ? c->size : 1;
}
/*
 * Takes bytes of the chunk off the front of *in, none that follow it; *body as in smtp_data_next.
 * SMTP_DATA_END is the end of the chunk, and of the message where it is the last one. What is refused
 * is read over.
 */
enum smtp_data_event smtp_chunk_next(struct smtp_chunk *c, struct slice *in, struct slice *body);
/* 0, SMTP_EDATA_SIZE or SMTP_EDATA_BARE: the verdict so far. */
int smtp_chunk_result(const struct smtp_chunk *c);

#endif
