/*
 * smtp_client.c: the conversation (smtp_client.h): which command goes out when, and what its answer
 * leads to. Where the server takes it (RFC 2920), MAIL, all RCPT and DATA go out together, and their
 * answers are counted off in that order; else each waits for the answer to the one before.
 *
 * A mail that fails anywhere is followed by RSET, so that the next one finds a clean table. On the
 * loop; bounded by one answer (SMTP_RESPONSE_MAX) and by the output queue of the connection.
 */
#include "queue/smtp_client.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/text.h"

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

static int64_t patience_ms(const struct smtp_client *c)
{
	int64_t ms = states[c->state].patience_s * INT64_C(1000), most = c->options->patience_ms;

	return most > 0 && most < ms ? most : ms;
}

static void enter(struct smtp_client *c, enum state state)
{
	bool waits = state != READY && state != BODY && state != TLS;

	c->state = state;
	conn_set_timeout(c->conn, patience_ms(c));
	/* A whole answer within that, however its bytes come; what is sent must be taken (conn.h). */
	conn_set_pace(c->conn, waits ? patience_ms(c) : 0, 0);
}

/* ---- ends ---- */

/* The connection is of no use any more; `outcome` is the reason. */
static void finish(struct smtp_client *c)
{
	c->closed = true;
	conn_abort(c->conn, HEARTH_ECLOSED);
}

static void finish_with(struct smtp_client *c, const struct smtp_response *r)
{
	struct strbuf text = { 0 };

	strbuf_add(&text, strbuf_slice(&r->text));
	smtp_response_set(&c->outcome, r->code, r->enhanced, text.p ? text.p : "");
	strbuf_free(&text);
	finish(c);
}

static void finish_saying(struct smtp_client *c, const char *why)
{
	smtp_response_set(&c->outcome, 0, "", why);
	finish(c);
}

/* ---- commands ---- */

__attribute__((format(printf, 2, 3))) static void say(
	struct smtp_client *c, const char *format, ...)
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

static void say_mail(struct smtp_client *c)
{
	const struct smtp_envelope_out *e = c->envelope;
	const struct smtp_extensions *x = &c->extensions;
	struct strbuf line = { 0 };

	strbuf_printf(&line, "MAIL FROM:<%.*s>", SLICE_ARG(e->sender));
	if (x->size_known && e->size)
		strbuf_printf(&line, " SIZE=%llu", (unsigned long long)e->size);
	if (x->eightbit && e->eightbit)
		strbuf_add(&line, SLICE(" BODY=8BITMIME"));
	if (e->smtputf8)
		strbuf_add(&line, SLICE(" SMTPUTF8"));
	if (x->dsn && e->ret)
		strbuf_printf(&line, " RET=%s", e->ret);
	if (x->dsn && e->envid.n)
		strbuf_printf(&line, " ENVID=%.*s", SLICE_ARG(e->envid));
	say(c, "%s", line.p);
	strbuf_free(&line);
}

static void say_rcpt(struct smtp_client *c)
{
	const struct smtp_recipient *r = &c->envelope->recipients[c->asked++];
	bool dsn = c->extensions.dsn;
	struct strbuf line = { 0 };

	strbuf_printf(&line, "RCPT TO:<%.*s>", SLICE_ARG(r->address));
	if (dsn && r->notify)
		strbuf_printf(&line, " NOTIFY=%s", r->notify);
	if (dsn && r->orcpt.n)
		strbuf_printf(&line, " ORCPT=%.*s", SLICE_ARG(r->orcpt));
	say(c, "%s", line.p);
	strbuf_free(&line);
}

/* ---- from the greeting to READY ---- */

static void be_ready(struct smtp_client *c)
{
	enter(c, READY);
	c->events->ready(c->ctx);
}

static void say_base64(struct smtp_client *c, const char *before, struct slice secret)
{
	struct strbuf line = { 0 };

	strbuf_add(&line, slice_str(before));
	base64_encode(&line, secret);
	say(c, "%s", line.p);
	explicit_bzero(line.p, line.n);
	strbuf_free(&line);
}

static void say_auth_plain(struct smtp_client *c)
{
	struct strbuf secret = { 0 };

	strbuf_add(&secret, SLICE("\0"));
	strbuf_add(&secret, slice_str(c->options->user));
	strbuf_add(&secret, SLICE("\0"));
	strbuf_add(&secret, slice_str(c->options->password));
	say_base64(c, "AUTH PLAIN ", strbuf_slice(&secret));
	explicit_bzero(secret.p, secret.n);
	strbuf_free(&secret);
}

static void begin_auth(struct smtp_client *c)
{
	if (!c->options->user) {
		be_ready(c);
	} else if (!conn_info(c->conn)->confidential) {
		finish_saying(c, "the server offers no TLS, and the password is not sent without");
	} else if (c->extensions.auth_plain) {
		enter(c, AUTH_PLAIN);
		say_auth_plain(c);
	} else if (c->extensions.auth_login) {
		enter(c, AUTH_LOGIN);
		say(c, "AUTH LOGIN");
	} else {
		finish_saying(c, "the server offers no way to authenticate that is known here");
	}
}

/* What it can do is known. */
static void after_hello(struct smtp_client *c)
{
	bool tls = conn_info(c->conn)->tls;

	if (!tls && c->options->tls != SMTP_TLS_NEVER && c->extensions.starttls) {
		enter(c, STARTTLS);
		say(c, "STARTTLS");
	} else if (!tls && c->options->tls == SMTP_TLS_MUST) {
		enter(c, STARTTLS);
		finish_saying(c, "TLS is required, and the server does not offer it");
	} else {
		begin_auth(c);
	}
}

static void say_hello(struct smtp_client *c)
{
	enter(c, EHLO);
	say(c, "EHLO %s", c->options->helo);
}

static void on_ehlo(struct smtp_client *c, const struct smtp_response *r)
{
	if (r->code / 100 == 2) {
		smtp_extensions_read(r, &c->extensions);
		after_hello(c);
	} else if (r->code / 100 == 5 && !conn_info(c->conn)->tls) {
		c->extensions = (struct smtp_extensions){ 0 };
		enter(c, HELO);
		say(c, "HELO %s", c->options->helo);
	} else {
		finish_with(c, r);
	}
}

static void on_starttls(struct smtp_client *c, const struct smtp_response *r)
{
	if (r->code == 220) {
		enter(c, TLS);
		conn_start_tls_client(c->conn, &c->options->how);
	} else if (c->options->tls == SMTP_TLS_MUST) {
		finish_with(c, r);
	} else {
		c->extensions.starttls = false;
		after_hello(c);
	}
}

static void on_auth(struct smtp_client *c, const struct smtp_response *r)
{
	if (c->state == AUTH_LOGIN && r->code == 334) {
		enter(c, AUTH_USER);
		say_base64(c, "", slice_str(c->options->user));
	} else if (c->state == AUTH_USER && r->code == 334) {
		enter(c, AUTH_PASSWORD);
		say_base64(c, "", slice_str(c->options->password));
	} else if ((c->state == AUTH_PLAIN || c->state == AUTH_PASSWORD) && r->code / 100 == 2) {
		be_ready(c);
	} else {
		finish_with(c, r);
	}
}

/* ---- a mail ---- */

int smtp_client_send(struct smtp_client *c, const struct smtp_envelope_out *e)
{
	INVARIANT(c->state == READY && !c->envelope);
	INVARIANT(e->count > 0);
	if (e->smtputf8 && !c->extensions.smtputf8)
		return HEARTH_EUNSUPPORTED;
	if (c->extensions.size && e->size > c->extensions.size)
		return HEARTH_ETOOBIG;
	c->envelope = e;
	c->asked = c->answered = c->taken = 0;
	c->refused = false;
	c->together = c->extensions.pipelining;
	enter(c, MAIL);
	say_mail(c);
	while (c->together && c->asked < e->count)
		say_rcpt(c);
	if (c->together)
		say(c, "DATA");
	return 0;
}

/* Nobody gets it, for this reason, unless an earlier one is known. */
static void refuse(struct smtp_client *c, const struct smtp_response *r)
{
	struct strbuf text = { 0 };

	if (c->refused)
		return;
	strbuf_add(&text, strbuf_slice(&r->text));
	smtp_response_set(&c->verdict, r->code, r->enhanced, text.p ? text.p : "");
	strbuf_free(&text);
	c->refused = true;
}

/* The mail is through with; a failed one is wiped off the server's table first. */
static void end_mail(struct smtp_client *c, const struct smtp_response *r)
{
	if (c->refused && c->state != RSET) {
		enter(c, RSET);
		say(c, "RSET");
		return;
	}
	c->envelope = NULL;
	enter(c, READY);
	c->events->done(c->ctx, c->refused ? &c->verdict : r);
}

static void begin_data(struct smtp_client *c)
{
	if (c->taken == 0 && !c->refused) {
		smtp_response_set(&c->verdict, 554, "5.5.1", "no recipient was taken");
		c->refused = true;
	}
	if (c->refused && !c->together) {
		end_mail(c, NULL);
		return;
	}
	enter(c, DATA);
	if (!c->together)
		say(c, "DATA");
}

static void on_mail(struct smtp_client *c, const struct smtp_response *r)
{
	if (r->code / 100 != 2)
		refuse(c, r);
	if (c->refused && !c->together) {
		end_mail(c, NULL);
		return;
	}
	enter(c, RCPT);
	if (!c->together)
		say_rcpt(c);
}

static void on_rcpt(struct smtp_client *c, const struct smtp_response *r)
{
	size_t i = c->answered++;

	c->taken += r->code / 100 == 2;
	if (!c->refused)
		c->events->recipient(c->ctx, i, r);
	if (c->answered == c->envelope->count) {
		begin_data(c);
		return;
	}
	enter(c, RCPT);
	if (!c->together)
		say_rcpt(c);
}

static void on_data(struct smtp_client *c, const struct smtp_response *r)
{
	if (r->code != 354) {
		refuse(c, r);
		end_mail(c, NULL);
	} else if (c->refused) {
		/* It wants a message for nobody (RFC 2920 section 3.1). */
		enter(c, END);
		say(c, ".");
	} else {
		enter(c, BODY);
		c->line_start = true;
		c->cr = false;
		c->events->body(c->ctx);
	}
}

static void on_end(struct smtp_client *c, const struct smtp_response *r)
{
	if (r->code / 100 != 2)
		refuse(c, r);
	end_mail(c, r);
}

/* ---- its body ---- */

/* The bytes as they go over the wire; state is carried from piece to piece. */
static void add_body(struct smtp_client *c, struct strbuf *out, struct slice piece)
{
	size_t done = 0;

	for (size_t i = 0; i < piece.n; i++) {
		char b = piece.p[i];
		bool ends = b == '\n' && c->cr;

		/* Behind a CR comes its LF, whatever else does. */
		if (c->cr && !ends) {
			strbuf_add(out, slice_of(piece.p + done, i - done));
			strbuf_add(out, SLICE("\n"));
			done = i;
			c->line_start = true;
		}
		if ((b == '\n' && !c->cr) || (b == '.' && c->line_start)) {
			strbuf_add(out, slice_of(piece.p + done, i - done));
			strbuf_add(out, b == '.' ? SLICE(".") : SLICE("\r"));
			done = i;
		}
		c->cr = b == '\r';
		c->line_start = b == '\n';
	}
	strbuf_add(out, slice_skip(piece, done));
}

bool smtp_client_write(struct smtp_client *c, struct slice piece)
{
	struct strbuf out = { 0 };
	bool more;

	INVARIANT(c->state == BODY);
	add_body(c, &out, piece);
	more = conn_write(c->conn, strbuf_slice(&out));
	strbuf_free(&out);
	return more;
}

void smtp_client_end(struct smtp_client *c)
{
	INVARIANT(c->state == BODY);
	if (c->cr)
		conn_write(c->conn, SLICE("\n"));
	else if (!c->line_start)
		conn_write(c->conn, SLICE("\r\n"));
	enter(c, END);
	say(c, ".");
}

/* ---- the connection ---- */

static void on_response(struct smtp_client *c, const struct smtp_response *r)
{
	/* It is about to close, whatever was asked (RFC 5321 section 3.8). */
	if (r->code == 421) {
		finish_with(c, r);
		return;
	}
	switch (c->state) {
	case GREETING:
		if (r->code / 100 == 2)
			say_hello(c);
		else
			finish_with(c, r);
		break;
	case EHLO: on_ehlo(c, r); break;
	case HELO:
		if (r->code / 100 == 2)
			after_hello(c);
		else
			finish_with(c, r);
		break;
	case STARTTLS: on_starttls(c, r); break;
	case AUTH_PLAIN:
	case AUTH_LOGIN:
	case AUTH_USER:
	case AUTH_PASSWORD: on_auth(c, r); break;
	case MAIL: on_mail(c, r); break;
	case RCPT: on_rcpt(c, r); break;
	case DATA: on_data(c, r); break;
	case END: on_end(c, r); break;
	case RSET: end_mail(c, NULL); break;
	case QUIT: finish_with(c, r); break;
	default:
		/* Out of turn: in TLS's place, while idle, or amid a body. */
		finish_with(c, r);
	}
}

static size_t on_bytes(void *ctx, struct slice in)
{
	struct smtp_client *c = ctx;
	struct slice rest = in;

	while (!c->closed && c->state != TLS && rest.n > 0 && !conn_turn_over(c->conn)) {
		int rc = smtp_response_read(&c->response, &rest);

		if (rc < 0)
			finish_saying(c, "what the server sent is no answer of SMTP");
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
	say_hello(ctx);
}

static void on_timeout(void *ctx)
{
	struct smtp_client *c = ctx;
	char why[96];

	snprintf(why, sizeof(why), "no answer within %lld seconds (%s)",
		(long long)(patience_ms(c) / 1000), states[c->state].name);
	finish_saying(c, why);
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
	enter(c, GREETING);
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
	enter(c, QUIT);
	say(c, "QUIT");
}

void smtp_client_abort(struct smtp_client *c)
{
	if (!c->closed)
		finish_saying(c, "ended from here");
}
