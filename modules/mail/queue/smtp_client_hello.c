/*
 * smtp_client_hello.c: from the greeting to READY (smtp_client.h): what the server can do, TLS where it
 * may or must be, and the password where there is one, which goes over TLS only. On the loop; one command
 * at a time.
 */
#include "queue/smtp_client_internal.h"

#include "hearth/text.h"

static void be_ready(struct smtp_client *c)
{
	smtp_client_enter(c, READY);
	c->events->ready(c->ctx);
}

static void say_base64(struct smtp_client *c, const char *before, struct slice secret)
{
	struct strbuf line = { 0 };

	strbuf_add(&line, slice_str(before));
	base64_encode(&line, secret);
	smtp_client_say(c, "%s", line.p);
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
		smtp_client_finish_saying(
			c, "the server offers no TLS, and the password is not sent without");
	} else if (c->extensions.auth_plain) {
		smtp_client_enter(c, AUTH_PLAIN);
		say_auth_plain(c);
	} else if (c->extensions.auth_login) {
		smtp_client_enter(c, AUTH_LOGIN);
		smtp_client_say(c, "AUTH LOGIN");
	} else {
		smtp_client_finish_saying(
			c, "the server offers no way to authenticate that is known here");
	}
}

/* What it can do is known. */
static void after_hello(struct smtp_client *c)
{
	bool tls = conn_info(c->conn)->tls;

	if (!tls && c->options->tls != SMTP_TLS_NEVER && c->extensions.starttls) {
		smtp_client_enter(c, STARTTLS);
		smtp_client_say(c, "STARTTLS");
	} else if (!tls && c->options->tls == SMTP_TLS_MUST) {
		smtp_client_enter(c, STARTTLS);
		smtp_client_finish_saying(c, "TLS is required, and the server does not offer it");
	} else {
		begin_auth(c);
	}
}

void smtp_client_hello(struct smtp_client *c)
{
	smtp_client_enter(c, EHLO);
	smtp_client_say(c, "EHLO %s", c->options->helo);
}

static void on_ehlo(struct smtp_client *c, const struct smtp_response *r)
{
	if (r->code / 100 == 2) {
		smtp_extensions_read(r, &c->extensions);
		after_hello(c);
	} else if (r->code / 100 == 5 && !conn_info(c->conn)->tls) {
		c->extensions = (struct smtp_extensions){ 0 };
		smtp_client_enter(c, HELO);
		smtp_client_say(c, "HELO %s", c->options->helo);
	} else {
		smtp_client_finish_with(c, r);
	}
}

static void on_starttls(struct smtp_client *c, const struct smtp_response *r)
{
	if (r->code == 220) {
		smtp_client_enter(c, TLS);
		conn_start_tls_client(c->conn, &c->options->how);
	} else if (c->options->tls == SMTP_TLS_MUST) {
		smtp_client_finish_with(c, r);
	} else {
		c->extensions.starttls = false;
		after_hello(c);
	}
}

static void on_auth(struct smtp_client *c, const struct smtp_response *r)
{
	if (c->state == AUTH_LOGIN && r->code == 334) {
		smtp_client_enter(c, AUTH_USER);
		say_base64(c, "", slice_str(c->options->user));
	} else if (c->state == AUTH_USER && r->code == 334) {
		smtp_client_enter(c, AUTH_PASSWORD);
		say_base64(c, "", slice_str(c->options->password));
	} else if ((c->state == AUTH_PLAIN || c->state == AUTH_PASSWORD) && r->code / 100 == 2) {
		be_ready(c);
	} else {
		smtp_client_finish_with(c, r);
	}
}

void smtp_client_on_hello(struct smtp_client *c, const struct smtp_response *r)
{
	bool good = r->code / 100 == 2;

	if (c->state == GREETING && good)
		smtp_client_hello(c);
	else if (c->state == EHLO)
		on_ehlo(c, r);
	else if (c->state == HELO && good)
		after_hello(c);
	else if (c->state == STARTTLS)
		on_starttls(c, r);
	else if (c->state == GREETING || c->state == HELO)
		smtp_client_finish_with(c, r);
	else
		on_auth(c, r);
}
