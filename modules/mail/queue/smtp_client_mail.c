/*
 * smtp_client_mail.c: a mail (smtp_client.h). Where the server takes it (RFC 2920), MAIL, all RCPT and
 * DATA go out together, and their answers are counted off in that order; else each waits for the answer to
 * the one before. One that fails anywhere is followed by RSET, so that the next finds a clean table.
 *
 * On the loop. Of the body nothing is kept but the piece that is being turned into lines.
 */
#include "queue/smtp_client_internal.h"

#include "hearth/error.h"
#include "hearth/log.h"

/* ---- its envelope ---- */

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
	if (e->requiretls)
		strbuf_add(&line, SLICE(" REQUIRETLS"));
	if (x->dsn && e->ret)
		strbuf_printf(&line, " RET=%s", e->ret);
	if (x->dsn && e->envid.n)
		strbuf_printf(&line, " ENVID=%.*s", SLICE_ARG(e->envid));
	smtp_client_say(c, "%s", line.p);
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
	smtp_client_say(c, "%s", line.p);
	strbuf_free(&line);
}

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
	smtp_client_enter(c, MAIL);
	say_mail(c);
	while (c->together && c->asked < e->count)
		say_rcpt(c);
	if (c->together)
		smtp_client_say(c, "DATA");
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
		smtp_client_enter(c, RSET);
		smtp_client_say(c, "RSET");
		return;
	}
	c->envelope = NULL;
	smtp_client_enter(c, READY);
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
	smtp_client_enter(c, DATA);
	if (!c->together)
		smtp_client_say(c, "DATA");
}

static void on_mail(struct smtp_client *c, const struct smtp_response *r)
{
	if (r->code / 100 != 2)
		refuse(c, r);
	if (c->refused && !c->together) {
		end_mail(c, NULL);
		return;
	}
	smtp_client_enter(c, RCPT);
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
	smtp_client_enter(c, RCPT);
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
		smtp_client_enter(c, END);
		smtp_client_say(c, ".");
	} else {
		smtp_client_enter(c, BODY);
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
	smtp_client_enter(c, END);
	smtp_client_say(c, ".");
}

/* ---- answers ---- */

void smtp_client_on_mail(struct smtp_client *c, const struct smtp_response *r)
{
	switch (c->state) {
	case MAIL: on_mail(c, r); break;
	case RCPT: on_rcpt(c, r); break;
	case DATA: on_data(c, r); break;
	case END: on_end(c, r); break;
	default: end_mail(c, NULL); /* RSET */
	}
}
