/*
 * fuzz_smtp.c: any bytes as a stream of SMTP commands. The first byte says how the stream is cut;
 * cut or whole, the parser must see the same commands, and never needs more than a line kept.
 */
#include <assert.h>
#include <stdlib.h>

#include "smtp/smtp_idn.h"
#include "smtp/smtp_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_address(struct strbuf *log, const struct smtp_address *a)
{
	struct smtp_address again;
	struct strbuf one = { 0 }, two = { 0 };

	if (!a->domain.n)
		return;
	smtp_address_canonical(&one, a);
	assert(smtp_address_read(strbuf_slice(&one), &again) == (ptrdiff_t)one.n);
	assert(again.literal == a->literal);
	/* A domain beyond ASCII is canonical as the DNS has it. */
	assert(!smtp_is_ascii(a->domain) || slice_ieq(again.domain, a->domain));
	smtp_address_canonical(&two, &again);
	assert(slice_eq(strbuf_slice(&one), strbuf_slice(&two)));
	strbuf_add(log, strbuf_slice(&one));
	strbuf_free(&one);
	strbuf_free(&two);
}

static void describe(struct strbuf *log, int rc, const struct smtp_command *c)
{
	strbuf_printf(log, "%d ", rc);
	if (rc < 0) {
		strbuf_adds(log, smtp_error_reply(rc)->text);
		return;
	}
	strbuf_printf(log, "%d", (int)c->verb);
	switch (c->verb) {
	case SMTP_MAIL:
		add_address(log, &c->mail.from);
		strbuf_add(log, c->mail.auth);
		strbuf_add(log, c->mail.envid);
		break;
	case SMTP_RCPT:
		add_address(log, &c->rcpt.to);
		strbuf_add(log, c->rcpt.orcpt_address);
		break;
	case SMTP_AUTH: strbuf_add(log, c->auth.response); break;
	case SMTP_BDAT: strbuf_printf(log, "%d", c->bdat.last); break;
	default: smtp_reply_write(log, 250, "2.0.0", c->arg);
	}
}

/* Feeds the stream in pieces of `step` bytes and logs what comes out. */
static struct strbuf run(struct slice in, size_t step, bool utf8)
{
	struct smtp_parser p = { .smtputf8 = utf8 };
	struct strbuf kept = { 0 }, log = { 0 };
	struct smtp_command cmd;
	int rc;

	for (size_t at = 0; at < in.n; at += step) {
		struct slice rest;

		strbuf_add(&kept, slice_head(slice_skip(in, at), step));
		rest = strbuf_slice(&kept);
		while ((rc = smtp_parse_command(&p, &rest, &cmd)) != 0)
			describe(&log, rc, &cmd);
		assert(rest.n < SMTP_AUTH_LINE_MAX);
		strbuf_consume(&kept, kept.n - rest.n);
	}
	strbuf_free(&kept);
	return log;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf whole, cut;
	struct slice in;

	if (size < 1)
		return 0;
	in = slice_of(data + 1, size - 1);
	whole = run(in, in.n + 1, data[0] & 1);
	cut = run(in, data[0] / 2 + 1, data[0] & 1);
	assert(slice_eq(strbuf_slice(&whole), strbuf_slice(&cut)));
	strbuf_free(&whole);
	strbuf_free(&cut);
	return 0;
}
