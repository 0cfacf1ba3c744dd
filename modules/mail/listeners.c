/*
 * listeners.c: where mail comes in and is fetched: the ports, what a connection may hold, and what it is told where
 * there are too many. A table, read on the main thread at the start; sessions begin on the loop.
 */
#include "imap/session/imap_session.h"
#include "mail.h"
#include "smtp/smtp_session.h"

static void accept_smtp(void *module, struct conn *c)
{
	smtp_session_new(module, c, false);
}

static void accept_submission(void *module, struct conn *c)
{
	smtp_session_new(module, c, true);
}

static void accept_imap(void *module, struct conn *c)
{
	imap_session_new(module, c);
}

#define SMTP_BUSY "421 4.7.0 too many connections; try again later\r\n"
#define IMAP_BUSY "* BYE too many connections; try again later\r\n"

/* Before log-in a client may leave one long line with us, no more. */
#define SMTP_LIMITS                                                                     \
	.input_max = 16384, .output_high = 65536, .timeout_ms = INT64_C(5) * 60 * 1000, \
	.per_peer_max = 100
#define IMAP_LIMITS                                                                  \
	.input_max = 16384, .output_high = 262144, .timeout_ms = INT64_C(60) * 1000, \
	.per_peer_max = 1000 /* an office of 100 people behind one address, 10 each */

const struct conn_listener mail_listeners[] = {
	{ .key = "smtp",
		.address = "127.0.0.1:2525",
		.doc = "mail from other servers (STARTTLS offered)",
		.security = CONN_PLAIN,
		SMTP_LIMITS,
		.accept = accept_smtp,
		.busy_greeting = SMTP_BUSY },
	{ .key = "submission",
		.address = "127.0.0.1:2587",
		.doc = "mail from people's programs (STARTTLS)",
		.security = CONN_PLAIN,
		SMTP_LIMITS,
		.accept = accept_submission,
		.busy_greeting = SMTP_BUSY },
	{ .key = "submissions",
		.address = "127.0.0.1:2465",
		.doc = "the same over TLS from the first byte",
		.security = CONN_TLS_ONLY,
		SMTP_LIMITS,
		.accept = accept_submission,
		.busy_greeting = SMTP_BUSY },
	{ .key = "imap",
		.address = "127.0.0.1:2143",
		.doc = "reading mail (STARTTLS)",
		.security = CONN_PLAIN,
		IMAP_LIMITS,
		.accept = accept_imap,
		.busy_greeting = IMAP_BUSY },
	{ .key = "imaps",
		.address = "127.0.0.1:2993",
		.doc = "the same over TLS from the first byte",
		.security = CONN_TLS_ONLY,
		IMAP_LIMITS,
		.accept = accept_imap,
		.busy_greeting = IMAP_BUSY },
	{ .key = NULL },
};
