/*
 * smtp_parse.h: one SMTP command line in, one struct out (RFC 5321 section 4.1, and the lines of
 * the AUTH exchange, RFC 4954). What senders get wrong without harm is let pass: spaces behind
 * "FROM:" and "TO:", several spaces between parameters, spaces at the end of a line, anything as a
 * name in HELO, and what smtp_envelope.h and smtp_address.h say of addresses. What could be read in
 * two ways is not: lines end in CRLF, and hold no control character.
 *
 *	while ((rc = smtp_parse_command(&parser, &input, &cmd)) != 0)
 *		if (rc < 0)
 *			reply(smtp_error_reply(rc));
 *		else
 *			handle(&cmd);
 *
 * Pure: which command is allowed when is the session's business. Two things the session must not
 * forget: to throw away what the client sent behind STARTTLS before the handshake (RFC 3207
 * section 4.2), and to set `smtputf8` in the parser for the length of such a transaction.
 *
 * Bounds: the maxima below.
 */
#ifndef HEARTH_MAIL_SMTP_PARSE_H
#define HEARTH_MAIL_SMTP_PARSE_H

#include "smtp/smtp_envelope.h"
#include "smtp/smtp_reply.h"

/* Octets of a line with its CRLF: any command; MAIL and RCPT with parameters; AUTH. */
#define SMTP_LINE_MAX      512
#define SMTP_PARAMS_MAX    2048
#define SMTP_AUTH_LINE_MAX 12288

enum smtp_verb {
	SMTP_EHLO,
	SMTP_HELO,
	SMTP_MAIL,
	SMTP_RCPT,
	SMTP_DATA,
	SMTP_BDAT, /* RFC 3030; its octets follow the line, whatever becomes of it */
	SMTP_RSET,
	SMTP_VRFY,
	SMTP_EXPN,
	SMTP_HELP,
	SMTP_NOOP,
	SMTP_QUIT,
	SMTP_STARTTLS,
	SMTP_AUTH,
	SMTP_ETRN, /* RFC 1985; known, and not done here */
};

/* The SASL data of AUTH or of a line in its exchange, still in base64. */
struct smtp_auth {
	struct slice mechanism; /* as written; empty for a line of the exchange */
	struct slice response;  /* base64; empty also for "=", the empty initial response */
	bool has_response;      /* AUTH brought an initial response */
	bool cancelled;         /* the exchange line "*" */
};

/* A command. All slices point into the input that was parsed. */
struct smtp_command {
	enum smtp_verb verb;
	union {
		struct slice arg; /* EHLO HELO: the name; VRFY EXPN HELP NOOP: what follows */
		struct smtp_mail mail;
		struct smtp_rcpt rcpt;
		struct smtp_auth auth;
		struct {
			uint64_t size; /* octets that follow the line */
			bool last;
			bool malformed; /* what stands behind the size is not LAST */
		} bdat;
	};
};

/* One per connection; zeroed is ready. */
struct smtp_parser {
	bool smtputf8;  /* set by the session: this transaction's MAIL had SMTPUTF8, RFC 6531 */
	bool skipping;  /* private: the rest of a refused line is still to come */
	bool cr;        /* private: the last byte skipped was a CR */
	size_t scanned; /* private: bytes at the front of the input that hold no LF */
};

/*
 * Parses the line at the front of *in. Returns 1 with *out, 0 when more bytes are needed (those
 * left in *in must come first in the next call), or an enum smtp_error. Takes off *in what it
 * used, also when it failed: a refused line is dropped up to its CRLF, in later calls if need be.
 * Never needs more than the maxima above to be buffered, and keeps none of the input.
 */
int smtp_parse_command(struct smtp_parser *p, struct slice *in, struct smtp_command *out);
/* The same for a line of the AUTH exchange: base64, or "*" to cancel (RFC 4954 section 4). */
int smtp_parse_auth_line(struct smtp_parser *p, struct slice *in, struct smtp_auth *out);

#endif
