/*
 * smtp_client.c: the connection (smtp_client.h): which answer goes where, how long one is waited for, and
 * what its end means. On the loop; bounded by one answer (SMTP_RESPONSE_MAX) and by the output queue of
 * the connection.
 */
#include "queue/smtp_client_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"

/* What is waited for, for how long (RFC 5321 section 4.5.3.2), and what an end means then. */
static const struct {
	const char *name;
	int patience_s;
	enum smtp_client_stage stage;
} states[STATES] = {
	[GREETING] = { "greeting", 300, SMTP_STAGE_CONNECT },
	[EHLO] = { "EHLO", 300, SMTP_STAGE_CONNECT },
	[HELO] = { "HELO", 300, SMTP_STAGE_CONNECT },
	[STARTTLS] = { "STARTTLS", 120, SMTP_STAGE_TLS },
	[TLS] = { "TLS", 120, SMTP_STAGE_TLS },
	[AUTH_PLAIN] = { "AUTH", 120, SMTP_STAGE_CONNECT },
	[AUTH_LOGIN] = { "AUTH", 120, SMTP_STAGE_CONNECT },
	[AUTH_USER] = { "AUTH", 120, SMTP_STAGE_CONNECT },
	[AUTH_PASSWORD] = { "AUTH", 120, SMTP_STAGE_CONNECT },
	[READY] = { "", 300, SMTP_STAGE_READY },
	[MAIL] = { "MAIL", 300, SMTP_STAGE_ENVELOPE },
	[RCPT] = { "RCPT", 300, SMTP_STAGE_ENVELOPE },
	[DATA] = { "DATA", 120, SMTP_STAGE_ENVELOPE },
	[BODY] = { "the message", 180, SMTP_STAGE_BODY },
	[END] = { "the end of the message", 600, SMTP_STAGE_ENDED },
	[RSET] = { "RSET", 120, SMTP_STAGE_READY },
	[QUIT] = { "QUIT", 30, SMTP_STAGE_READY },
};

static int64_t patience_ms(const struct smtp_client *c)
{
	int64_t ms = states[c->state].patience_s * INT64_C(1000), most = c->options->patience_ms;

	return most > 0 && most < ms ? most : ms;
}

void smtp_client_enter(struct smtp_client *c, enum state state)
{
	bool waits = state != READY && state != BODY && state != TLS;

	c->state = state;
	conn_set_timeout(c->conn, patience_ms(c));
	/* A whole answer within that, however its bytes come; what is sent must be taken (conn.h). */
	conn_set_pace(c->conn, waits ? patience_ms(c) : 0, 0);
}

void smtp_client_say(struct smtp_client *c, const char *format, ...)
{
	struct strbuf line = { 0 };
	va_list args;

	va_start(args, format);
	strbuf_vprintf(&line, format, args);
	va_end(args);
	strbuf_add(&line, SLICE("\r\n"));
	conn_write(c->conn, strbuf_slice(&line));
	strbuf_free(&line);
}

/* ---- ends ---- */

/* The connection is of no use any more; `outcome` is the reason. */
static void finish(struct smtp_client *c)
{
	c->closed = true;
	conn_abort(c->conn, HEARTH_ECLOSED);
}

void smtp_client_finish_with(struct smtp_client *c, const struct smtp_response *r)
{
	struct strbuf text = { 0 };

	strbuf_add(&text, strbuf_slice(&r->text));
	smtp_response_set(&c->outcome, r->code, r->enhanced, text.p ? text.p : "");
	strbuf_free(&text);
	finish(c);
}

void smtp_client_finish_saying(struct smtp_client *c, const char *why)
{
	smtp_response_set(&c->outcome, 0, "", why);
	finish(c);
}

/* ---- the connection ---- */

static void on_response(struct smtp_client *c, const struct smtp_response *r)
{
	/* It is about to close, whatever was asked (RFC 5321 section 3.8). */
	if (r->code == 421) {
		smtp_client_finish_with(c, r);
		return;
	}
	if (c->state < READY && c->state != TLS)
		smtp_client_on_hello(c, r);
	else if (c->state >= MAIL && c->state <= RSET && c->state != BODY)
		smtp_client_on_mail(c, r);
	else
		/* To QUIT; or out of turn: in TLS's place, while idle, or amid a body. */
		smtp_client_finish_with(c, r);
}

static size_t on_bytes(void *ctx, struct slice in)
{
	struct smtp_client *c = ctx;
	struct slice rest = in;

	while (!c->closed && c->state != TLS && rest.n > 0 && !conn_turn_over(c->conn)) {
		int rc = smtp_response_read(&c->response, &rest);

		if (rc < 0)
			smtp_client_finish_saying(c, "what the server sent is no answer of SMTP");
		if (rc <= 0)
			break;
		on_response(c, &c->response);
		smtp_response_reset(&c->response);
	}
	return c->closed ? in.n : in.n - rest.n;
}

static void on_drained(void *ctx)
{
	struct smtp_client *c = ctx;

	if (c->state == BODY && !c->closed)
		c->events->body(c->ctx);
}

static void on_secured(void *ctx)
{
	smtp_client_hello(ctx);
}

static void on_timeout(void *ctx)
{
	struct smtp_client *c = ctx;
	char why[96];

	snprintf(why, sizeof(why), "no answer within %lld seconds (%s)",
		(long long)(patience_ms(c) / 1000), states[c->state].name);
	smtp_client_finish_saying(c, why);
}

static void on_closed(void *ctx, int reason)
{
	struct smtp_client *c = ctx;
	char why[192];

	if (!c->closed) {
		if (c->state == TLS)
			snprintf(why, sizeof(why), "TLS: %s", conn_info(c->conn)->tls_why);
		else
			snprintf(why, sizeof(why), "the connection was lost (%s%s%s)",
				error_name(reason), states[c->state].name[0] ? ", " : "",
				states[c->state].name);
		smtp_response_set(&c->outcome, 0, "", why);
	}
	if (c->envelope && c->refused)
		c->events->closed(c->ctx, SMTP_STAGE_REFUSED, &c->verdict);
	else
		c->events->closed(c->ctx, states[c->state].stage, &c->outcome);
	smtp_response_free(&c->response);
	smtp_response_free(&c->verdict);
	smtp_response_free(&c->outcome);
	free(c);
}

static const struct conn_events events = {
	.data = on_bytes,
	.secured = on_secured,
	.drained = on_drained,
	.timeout = on_timeout,
	.closed = on_closed,
};

struct smtp_client *smtp_client_new(struct conn *conn, const struct smtp_client_options *options,
	const struct smtp_client_events *told, void *ctx)
{
	struct smtp_client *c = mem_zalloc(sizeof(*c));

	*c = (struct smtp_client){ .conn = conn, .options = options, .events = told, .ctx = ctx };
	conn_attach(conn, &events, c);
	smtp_client_enter(c, GREETING);
	return c;
}

const struct smtp_extensions *smtp_client_extensions(const struct smtp_client *c)
{
	return &c->extensions;
}

const struct conn_info *smtp_client_conn(const struct smtp_client *c)
{
	return conn_info(c->conn);
}

void smtp_client_quit(struct smtp_client *c)
{
	INVARIANT(c->state == READY && !c->envelope);
	smtp_client_enter(c, QUIT);
	smtp_client_say(c, "QUIT");
}

void smtp_client_abort(struct smtp_client *c)
{
	if (!c->closed)
		smtp_client_finish_saying(c, "ended from here");
}
