/*
 * smtp_client_internal.h: a connection to another mail server, from the inside (smtp_client.h): what its
 * three files share. On the loop.
 *
 *	smtp_client.c        the connection: which answer goes where, time, its end
 *	smtp_client_hello.c  from the greeting to READY: EHLO, TLS, AUTH
 *	smtp_client_mail.c   a mail: its envelope and its body
 */
#ifndef MAIL_QUEUE_SMTP_CLIENT_INTERNAL_H
#define MAIL_QUEUE_SMTP_CLIENT_INTERNAL_H

#include "queue/smtp_client.h"

/* What is waited for. */
enum state {
	GREETING,
	EHLO,
	HELO,
	STARTTLS,
	TLS,
	AUTH_PLAIN,
	AUTH_LOGIN,    /* waits for the question for the name … */
	AUTH_USER,     /* … for the password … */
	AUTH_PASSWORD, /* … and for the verdict */
	READY,
	MAIL,
	RCPT,
	DATA,
	BODY,
	END,
	RSET,
	QUIT,
	STATES,
};

struct smtp_client {
	struct conn *conn;
	const struct smtp_client_options *options;
	const struct smtp_client_events *events;
	void *ctx;
	enum state state;
	bool closed; /* `conn` only ends now; `outcome` says why */
	struct smtp_response response;
	struct smtp_response outcome; /* why the connection ended */
	struct smtp_response verdict; /* why nobody gets the mail in hand, when `refused` */
	struct smtp_extensions extensions;

	/* The mail in hand. */
	const struct smtp_envelope_out *envelope;
	size_t asked, answered, taken; /* of its recipients */
	bool together;                 /* its commands went out in one piece */
	bool refused;
	bool line_start, cr; /* of the body: where the next byte stands */
};

/* Goes there, with the patience it has. */
void smtp_client_enter(struct smtp_client *c, enum state state);
/* The connection is of no use any more, for this reason. */
void smtp_client_finish_with(struct smtp_client *c, const struct smtp_response *r);
void smtp_client_finish_saying(struct smtp_client *c, const char *why);
/* A command. */
void smtp_client_say(struct smtp_client *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* smtp_client_hello.c: begins, also anew behind TLS; and the answers up to READY. */
void smtp_client_hello(struct smtp_client *c);
void smtp_client_on_hello(struct smtp_client *c, const struct smtp_response *r);
/* smtp_client_mail.c: the answers while a mail is in hand. */
void smtp_client_on_mail(struct smtp_client *c, const struct smtp_response *r);

#endif
