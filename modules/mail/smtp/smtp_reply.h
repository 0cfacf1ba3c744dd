/*
 * smtp_reply.h: what the server says: the errors the parsers find with the reply each deserves,
 * and the writer of reply lines (RFC 5321 section 4.2, enhanced codes RFC 2034 and 3463).
 */
#ifndef HEARTH_MAIL_SMTP_REPLY_H
#define HEARTH_MAIL_SMTP_REPLY_H

#include "hearth/str.h"

/* A reply line with its CRLF, RFC 5321 section 4.5.3.1.5. */
#define SMTP_REPLY_LINE_MAX 512

/* What smtp_parse and smtp_data refuse; smtp_error_reply has the words. */
enum smtp_error {
	SMTP_ELENGTH = -1,          /* the command line is too long */
	SMTP_EBARE = -2,            /* a CR or LF of its own in a command: closes */
	SMTP_ECONTROL = -3,         /* control characters, or bytes that are no UTF-8 */
	SMTP_EVERB = -4,            /* no such command */
	SMTP_EHTTP = -5,            /* a web browser, perhaps one that is being abused: closes */
	SMTP_EARGUMENT = -6,        /* an argument where none is allowed */
	SMTP_EHELO = -7,            /* HELO, EHLO: no domain or address literal */
	SMTP_EMAIL_SYNTAX = -8,     /* not MAIL FROM:<...> */
	SMTP_ERCPT_SYNTAX = -9,     /* not RCPT TO:<...> */
	SMTP_ESENDER = -10,         /* the reverse-path is malformed */
	SMTP_ERECIPIENT = -11,      /* the forward-path is malformed */
	SMTP_EADDRESS_LENGTH = -12, /* the local part, a label or the whole is too long */
	SMTP_EUTF8 = -13,           /* a UTF-8 address outside SMTPUTF8 */
	SMTP_EPARAM = -14,          /* a parameter that is not known here */
	SMTP_EPARAM_VALUE = -15,    /* a parameter with a malformed or missing value */
	SMTP_EPARAM_TWICE = -16,    /* the same parameter twice */
	SMTP_ESTRING = -17,         /* VRFY, EXPN: no argument */
	SMTP_EAUTH = -18,           /* not AUTH mechanism [initial-response] */
	SMTP_EBASE64 = -19,         /* an AUTH response that is no base64 */
	SMTP_EBDAT = -20,           /* BDAT without a size that can be read: closes */
	SMTP_EDATA_BARE = -21,      /* a CR or LF of its own in the message */
	SMTP_EDATA_SIZE = -22,      /* the message is over the limit */
	SMTP_ERROR_MIN = -22,
};

struct smtp_reply {
	int code;             /* 3 digits */
	const char *enhanced; /* class.subject.detail */
	const char *text;     /* one line of ASCII */
	bool close;           /* the session closes the connection behind this reply */
};

/* The reply for an enum smtp_error; a 500 for any other number. Never NULL, static. */
const struct smtp_reply *smtp_error_reply(int error);

/*
 * Appends one reply. A '\n' in `text` begins a new line of it; lines over the limit are broken at
 * a space, and control characters become '?', so that no text can forge a reply. `enhanced` is
 * repeated on each line (RFC 2034 section 4), or NULL for the replies that have none: greeting,
 * HELO, EHLO and 3xx.
 */
void smtp_reply_write(struct strbuf *out, int code, const char *enhanced, struct slice text);
void smtp_reply_printf(struct strbuf *out, int code, const char *enhanced, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
