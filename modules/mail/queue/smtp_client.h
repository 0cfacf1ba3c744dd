/*
 * smtp_client.h: one connection to another mail server, as its client (RFC 5321), over which mails go
 * one after the other.
 *
 *   GREETING ─▶ HELLO ─▶ [STARTTLS ─▶ TLS ─▶ HELLO] ─▶ [AUTH] ─▶ READY ◀─────────────────┐
 *                                                                  │ smtp_client_send      │ done
 *                                                                  ▼                       │
 *                                                              ENVELOPE ─▶ BODY ─▶ ENDED ──┘
 *
 *   READY ──smtp_client_quit──▶ QUIT;  any ──refused, silence, end, smtp_client_abort──▶ closed
 *
 * The client knows the protocol and nothing of queues: its owner looks names up, dials, and decides
 * what an answer means. All of it is on the loop. Memory: a few KiB beside what the connection queues
 * of the body, which its owner gives in pieces as they are wanted.
 */
#ifndef MAIL_QUEUE_SMTP_CLIENT_H
#define MAIL_QUEUE_SMTP_CLIENT_H

#include "hearth/conn.h"
#include "queue/smtp_response.h"

struct smtp_client;

enum smtp_client_tls {
	SMTP_TLS_NEVER, /* it failed the last time, and may be left out */
	SMTP_TLS_MAY,   /* where it is offered (RFC 7435) */
	SMTP_TLS_MUST,  /* none: the mail waits; `how` says what the peer must prove */
};

/* How to talk to it; what is pointed to outlives the client. */
struct smtp_client_options {
	const char *helo;    /* our name */
	int64_t patience_ms; /* at most so long for any answer; 0: as RFC 5321 has it */
	enum smtp_client_tls tls;
	struct conn_tls_client how;
	const char *user, *password; /* for AUTH at a smarthost, over TLS only; NULL: none */
};

/* Where a connection was when it ended: what may have become of the mail in hand. */
enum smtp_client_stage {
	SMTP_STAGE_CONNECT,  /* before it was ready */
	SMTP_STAGE_TLS,      /* and of that, in STARTTLS or the handshake */
	SMTP_STAGE_READY,    /* no mail was in hand */
	SMTP_STAGE_ENVELOPE, /* nobody has it */
	SMTP_STAGE_BODY,     /* nobody has it: its end was not sent */
	SMTP_STAGE_ENDED,    /* its end was sent and not answered: who was taken may have it */
	SMTP_STAGE_REFUSED,  /* nobody has it, and nobody shall: `why` is what was said of it */
};

/* A mail's envelope; lies with the owner until `done` or `closed`. */
struct smtp_recipient {
	struct slice address;
	struct slice orcpt; /* RFC 3461, as xtext with its type; empty: none */
	const char *notify; /* "NEVER", "SUCCESS,FAILURE"; NULL: not said */
};
struct smtp_envelope_out {
	struct slice sender; /* empty: "<>" */
	const struct smtp_recipient *recipients;
	size_t count;
	uint64_t size;      /* about, in octets; 0: not known */
	bool eightbit;      /* BODY=8BITMIME is said where it may be */
	bool smtputf8;      /* needs SMTPUTF8 */
	bool requiretls;    /* is said (RFC 8689); only to who offers it */
	const char *ret;    /* RFC 3461: "FULL", "HDRS"; NULL: not said */
	struct slice envid; /* … as xtext; empty: none */
};

/*
 * What the owner is told; never from inside a call that it makes. A response is valid during the call.
 */
struct smtp_client_events {
	/* READY for the first time. */
	void (*ready)(void *ctx);
	/* The answer to the i-th RCPT, in order; when MAIL is refused, none comes. */
	void (*recipient)(void *ctx, size_t i, const struct smtp_response *r);
	/* It wants (more of) the body: smtp_client_write, smtp_client_end; at once or later. */
	void (*body)(void *ctx);
	/*
	 * The mail is through with: 2xx, and whoever was taken has it; else nobody, as MAIL, each
	 * RCPT, DATA or the end was refused. It is READY again.
	 */
	void (*done)(void *ctx, const struct smtp_response *r);
	/* The last call, once: why, and when. The client is freed when this returns. */
	void (*closed)(void *ctx, enum smtp_client_stage stage, const struct smtp_response *why);
};

/* Takes the connection, fresh from dial, over. */
struct smtp_client *smtp_client_new(struct conn *c, const struct smtp_client_options *options,
	const struct smtp_client_events *events, void *ctx);
/* What it offers; from `ready` on. */
const struct smtp_extensions *smtp_client_extensions(const struct smtp_client *c);
const struct conn_info *smtp_client_conn(const struct smtp_client *c);

/*
 * Begins a mail, which needs READY. HEARTH_EUNSUPPORTED: it needs SMTPUTF8, and that is not offered;
 * HEARTH_ETOOBIG: the server takes none so large. Nothing is sent then.
 */
int smtp_client_send(struct smtp_client *c, const struct smtp_envelope_out *e);
/*
 * A piece of the body: lines may end in CRLF, CR or LF, all go out as CRLF; dots are doubled. False:
 * enough for now, `body` comes again. And its end.
 */
bool smtp_client_write(struct smtp_client *c, struct slice piece);
void smtp_client_end(struct smtp_client *c);

/* Says goodbye, then `closed` with SMTP_STAGE_READY; from READY only. */
void smtp_client_quit(struct smtp_client *c);
/* Ends it at once; `closed` follows. */
void smtp_client_abort(struct smtp_client *c);

#endif
