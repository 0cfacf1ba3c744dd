/*
 * smtp_session.h: what an SMTP session's files share: one connection of a mail server (port 25) or
 * of a mail program (submission, RFC 6409). On the loop.
 *
 *   GREETED ──HELO, EHLO──▶ READY ──MAIL──▶ MAIL ──RCPT──▶ RCPT ──DATA──▶ DATA ──CRLF.CRLF──▶ READY
 *                            ▲ STARTTLS: GREETED again        │ RSET, HELO: READY from anywhere
 *                                                             └─BDAT, as often as it takes─▶ READY
 *
 * One command is in hand at a time, and pipelined ones run one after the other
 * (hearth/session_turn.h). A session holds one line, its envelope (recipients_max) and, while a
 * message comes, what of it waits for the disk (blob_writer_high).
 */
#ifndef HEARTH_MAIL_SMTP_SESSION_H
#define HEARTH_MAIL_SMTP_SESSION_H

#include "delivery/deliver.h"
#include "hearth/list.h"
#include "hearth/session_turn.h"
#include "smtp/smtp_chunk.h"
#include "smtp/smtp_data.h"
#include "smtp/smtp_parse.h"
#include "smtp/smtp_rates.h"

enum smtp_reading {
	SMTP_READING_COMMAND,
	SMTP_READING_AUTH, /* a line of the AUTH exchange */
	SMTP_READING_DATA,
	SMTP_READING_CHUNK, /* the octets behind BDAT, taken or read over */
};

struct smtp_session {
	struct mail *m;
	struct conn *conn;     /* NULL once it is closed */
	struct list_node node; /* of the module's sessions */
	bool submission;
	bool revoked; /* what its client logged in with counts no more: it is sent away */
	struct session_turn turn;
	enum smtp_reading reading;
	struct smtp_parser parser;
	struct strbuf out;       /* replies of this turn */
	int errors, errors_paid; /* those that the tarpit has had its price for */
	struct timer tarpit;
	bool in_tarpit;    /* it runs, and is what the session waits for */
	size_t noise;      /* bytes dropped since the last command */
	int64_t useful_ms; /* when the last mail, or a log-in, began */

	bool greeted, esmtp;
	char helo[SMTP_DOMAIN_MAX + 1];
	bool authenticated;
	struct account account;
	bool auth_login;     /* the exchange is LOGIN, else PLAIN */
	char auth_user[256]; /* LOGIN: the name that was sent first */
	bool auth_has_user;

	/* the transaction */
	bool has_mail, smtputf8;
	bool require_tls; /* RFC 8689: on the way out, too */
	int64_t hold_ms;  /* nobody gets it before (Unix ms, RFC 4865); 0 */
	int64_t mails;    /* MAIL commands of this connection */
	enum smtp_ret ret;
	char envid[104];   /* xtext of at most 100 (RFC 3461 section 4.4) */
	int64_t size;      /* as SIZE announced it; 0: it was not */
	int64_t addresses; /* accepted by RCPT; a group is one, and none: no message */
	char from[SMTP_ADDRESS_MAX + 2];
	struct mail_delivery
		*delivery;      /* from the first recipient on, were it one that is refused */
	struct mail_gate *gate; /* that it goes through; NULL: none */
	struct smtp_data data;
	uint64_t message_size; /* of one that has come whole */

	/* submission: the header, until it has come whole, and why it is refused */
	struct strbuf head;
	bool head_done, head_utf8;
	const char *head_why;

	/* BINARYMIME: as it came, as it goes on, and how much of that was handed on */
	bool binary, binary_good;
	struct strbuf binary_body, binary_text;
	size_t binary_at;

	/* BDAT */
	bool chunking; /* a message has begun with it */
	struct smtp_chunk chunk;
	const struct smtp_reply *chunk_why; /* this chunk is refused: it is read over */
	bool chunk_refused;                 /* one was, and the last one is still to come */
	int64_t chunk_since_ms;             /* when the first one came */
	uint64_t swallowed;                 /* octets announced by those that were refused */
};

/* smtp_session.c: accepts a connection; `submission` says on which kind of port. */
void smtp_session_new(struct mail *m, struct conn *conn, bool submission);
/* Ends idle sessions with 421, the others after their transaction. */
void smtp_sessions_drain(struct mail *m);
/* What clients logged in with counts no more: they are sent away, and what they had in hand with
 * them, but for a message that was whole. */
void smtp_sessions_revoke(struct mail *m, const struct json *event);

/* Appends a reply; flushed at the end of the turn. */
void smtp_say(struct smtp_session *s, int code, const char *enhanced, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void smtp_say_error(struct smtp_session *s, int error);
/* A job begins: nothing is read until smtp_resume. */
void smtp_wait(struct smtp_session *s);
/*
 * A job is done. False: the client has gone meanwhile and the session was freed. Otherwise the
 * caller says its reply and calls smtp_go_on.
 */
bool smtp_back(struct smtp_session *s);
void smtp_go_on(struct smtp_session *s);
/* Forgets the transaction (RSET). */
void smtp_reset(struct smtp_session *s);

/*
 * smtp_tarpit.c: whether the errors since the last answer cost time; then a timer runs, as a job of the session
 * (smtp_wait), behind which it goes on.
 */
bool smtp_tarpit(struct smtp_session *s);

/* smtp_auth.c: AUTH PLAIN and LOGIN (RFC 4954, 4616). */
void smtp_auth_start(struct smtp_session *s, const struct smtp_auth *auth);
void smtp_auth_line(struct smtp_session *s, const struct smtp_auth *line);
/* Whether a password may be sent on this connection. */
bool smtp_auth_allowed(const struct smtp_session *s);

/* smtp_transaction.c: MAIL, RCPT, DATA. */
void smtp_do_mail(struct smtp_session *s, const struct smtp_mail *mail);
void smtp_do_rcpt(struct smtp_session *s, const struct smtp_rcpt *rcpt);
void smtp_do_data(struct smtp_session *s);
/* Takes message bytes off the front of *in. */
void smtp_take_data(struct smtp_session *s, struct slice *in);
/* Before the first byte of a message; and when all of it has come, with what the parser says of it. */
void smtp_message_begin(struct smtp_session *s);
void smtp_message_end(struct smtp_session *s, int error, uint64_t size);

/*
 * smtp_submit.c: message bytes, on their way into the delivery: as mail_delivery_write. At the end of the
 * message whether they were good; if not, it was said why. And back to the beginning.
 */
size_t smtp_write_body(struct smtp_session *s, struct slice body);
bool smtp_body_is_good(struct smtp_session *s);
void smtp_body_forget(struct smtp_session *s);

/*
 * smtp_binary.c: octets of a message that is BINARYMIME: NULL, or why they are not taken; all of it is there;
 * back to the beginning.
 */
#define SMTP_BINARY_MAX (16u << 20)
const struct smtp_reply *smtp_binary_add(struct smtp_session *s, struct slice octets);
void smtp_binary_end(struct smtp_session *s);
void smtp_binary_forget(struct smtp_session *s);

/* smtp_bdat.c: BDAT, and the octets behind it off the front of *in. */
void smtp_do_bdat(struct smtp_session *s, const struct smtp_command *command);
void smtp_take_chunk(struct smtp_session *s, struct slice *in);

#endif
