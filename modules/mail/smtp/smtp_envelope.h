/*
 * smtp_envelope.h: what MAIL and RCPT say: a path and ESMTP parameters (RFC 5321 section 4.1.2,
 * SIZE RFC 1870, BODY RFC 6152 and 3030, SMTPUTF8 RFC 6531, AUTH RFC 4954 section 5, DSN RFC 3461 and
 * 6533, REQUIRETLS RFC 8689, HOLDFOR and HOLDUNTIL RFC 4865). What others write without harm is let
 * pass: an address without its brackets, spaces within them, AUTH, which has no effect here, and the
 * parameters of DSN from who did not look whether they are offered. What is passed on is held to its
 * syntax: others would refuse it.
 *
 * Pure, any thread; linear in the line.
 */
#ifndef HEARTH_MAIL_SMTP_ENVELOPE_H
#define HEARTH_MAIL_SMTP_ENVELOPE_H

#include "smtp/smtp_address.h"

enum smtp_body { SMTP_BODY_7BIT, SMTP_BODY_8BITMIME, SMTP_BODY_BINARYMIME };
enum smtp_ret { SMTP_RET_NONE, SMTP_RET_FULL, SMTP_RET_HDRS };
enum smtp_notify {
	SMTP_NOTIFY_NEVER = 1,
	SMTP_NOTIFY_SUCCESS = 2,
	SMTP_NOTIFY_FAILURE = 4,
	SMTP_NOTIFY_DELAY = 8,
};

enum smtp_hold { SMTP_HOLD_NONE, SMTP_HOLD_FOR, SMTP_HOLD_UNTIL };

#define SMTP_ENVID_MAX 100 /* characters (RFC 3461 section 4.4) */
#define SMTP_ORCPT_MAX 500 /* with its type (section 4.2) */

/* MAIL. Slices point into the line. A parameter that was not given is zero, its slice p NULL. */
struct smtp_mail {
	struct smtp_address from; /* without its source route; empty text for the null path <> */
	bool has_size;
	uint64_t size; /* octets; UINT64_MAX also stands for anything larger */
	enum smtp_body body;
	bool smtputf8;
	struct slice auth;  /* xtext, or "<>" */
	enum smtp_ret ret;  /* DSN */
	struct slice envid; /* DSN, xtext of at most SMTP_ENVID_MAX */
	bool require_tls;
	enum smtp_hold hold;
	uint64_t hold_s; /* seconds from now, or of Unix time */
};

/* RCPT. */
struct smtp_rcpt {
	struct smtp_address to;     /* domain empty for <postmaster> */
	unsigned notify;            /* DSN, enum smtp_notify bits; 0 when not given */
	struct slice orcpt_type;    /* DSN, such as "rfc822" */
	struct slice orcpt_address; /* DSN, xtext; of type "utf-8" as RFC 6533 section 3 has it */
};

/*
 * Parse what stands behind "MAIL" and "RCPT" and a space: 0 or an enum smtp_error. UTF-8 in a
 * recipient is refused unless `utf8`; in a sender, unless SMTPUTF8 is among the parameters. A
 * recipient is no longer than SMTP_RECIPIENT_MAX.
 */
int smtp_mail_parse(struct slice arg, struct smtp_mail *out);
int smtp_rcpt_parse(struct slice arg, bool utf8, struct smtp_rcpt *out);

#endif
