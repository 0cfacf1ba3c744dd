/*
 * smtp_data.h: the message behind DATA (RFC 5321 section 4.1.1.4): takes the dots of transparency
 * off and finds the end, which is CRLF.CRLF and nothing else. A CR or LF that is not half of a
 * CRLF never ends a line here, and never ends the message: what another server reads as an end of
 * message inside of one (SMTP smuggling) stays plain content, and may have it refused.
 *
 *	while ((what = smtp_data_next(&d, &in, &body)) == SMTP_DATA_BODY)
 *		append(body);
 *	if (what == SMTP_DATA_END)
 *		reply(smtp_data_result(&d));
 *
 * Pure: it belongs to its session, on the loop. It holds no byte of the message.
 */
#ifndef HEARTH_MAIL_SMTP_DATA_H
#define HEARTH_MAIL_SMTP_DATA_H

#include "smtp/smtp_reply.h"

/* What becomes of a message with a CR or LF of its own. */
enum smtp_data_bare {
	SMTP_BARE_KEEP,   /* stays as it came: bytes like any other, which end nothing here */
	SMTP_BARE_REJECT, /* read to its end, then SMTP_EDATA_BARE */
	SMTP_BARE_MEND,   /* LF becomes CRLF, CR becomes a space; still neither ends a message */
};

enum smtp_data_event {
	SMTP_DATA_MORE, /* all input is used up */
	SMTP_DATA_BODY, /* *body holds the next bytes of the message */
	SMTP_DATA_END,  /* the message is complete; what is left of the input comes after it */
};

/* Set up by smtp_data_init; the caller reads `size` and nothing else. */
struct smtp_data {
	uint64_t size; /* octets of the message so far as RFC 1870 counts: CRLFs, no stuffing */
	uint64_t size_max;
	enum smtp_data_bare policy;
	int state;
	bool bare; /* there was a CR or LF of its own */
};

/* Begins a message of at most `size_max` octets. */
void smtp_data_init(struct smtp_data *d, uint64_t size_max, enum smtp_data_bare policy);
/*
 * Takes bytes off the front of *in and says what they were. *body points into the input or to
 * static bytes; it is never empty. Once a message is refused (too big, bare CR or LF) its bytes
 * are still read to find the end, and no longer handed out. How the input is cut into calls makes
 * no difference to an accepted message, to the size and to the verdict.
 */
enum smtp_data_event smtp_data_next(struct smtp_data *d, struct slice *in, struct slice *body);
/* 0, SMTP_EDATA_SIZE or SMTP_EDATA_BARE: at the end the verdict, before it the verdict so far. */
int smtp_data_result(const struct smtp_data *d);

#endif
