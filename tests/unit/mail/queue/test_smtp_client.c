/*
 * The client of other mail servers against one that follows a script: what it says in which order,
 * together and one by one, and what it makes of every answer.
 */
#include "queue/smtp_client.h"

#include <stdio.h>

#include "harness.h"
#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/exec.h"

void loop_init(void);
void loop_close(void);
void net_close_all(void);
int loop_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);

/* ---- the server ---- */

/* What must come, and what is answered; "." as what must come is a whole body. NULL: it hangs up. */
struct turn {
	const char *expect, *reply;
};

static struct {
	struct conn *c;
	const struct turn *script;
	size_t at;
	bool by_byte, in_body;
	struct strbuf body;
} server;

static void reply(const char *text)
{
	if (!text) {
		conn_close(server.c);
		return;
	}
	server.in_body = strncmp(text, "354", 3) == 0;
	if (server.by_byte)
		for (; *text; text++)
			conn_write(server.c, slice_of(text, 1));
	else
		conn_write(server.c, slice_str(text));
}

static void take_line(struct slice line)
{
	const struct turn *turn = &server.script[server.at];

	ck_assert_msg(turn->expect, "unexpected: %.*s", SLICE_ARG(line));
	ck_assert_msg(slice_eq(line, slice_str(turn->expect)), "%.*s instead of %s",
		SLICE_ARG(line), turn->expect);
	server.at++;
	reply(turn->reply);
}

static size_t server_data(void *ctx, struct slice in)
{
	struct slice rest = in;
	ptrdiff_t end;

	(void)ctx;
	while (server.script && (end = slice_find(rest, SLICE("\r\n"))) >= 0) {
		struct slice line = slice_head(rest, (size_t)end);

		rest = slice_skip(rest, (size_t)end + 2);
		if (server.in_body && !slice_eq(line, SLICE("."))) {
			strbuf_add(&server.body, line);
			strbuf_add(&server.body, SLICE("|"));
		} else {
			take_line(line);
		}
	}
	return in.n - rest.n;
}

static void server_closed(void *ctx, int reason)
{
	(void)ctx;
	(void)reason;
	server.c = NULL;
}

static const struct conn_events server_events = { .data = server_data, .closed = server_closed };

/* ---- the owner ---- */

static struct {
	struct smtp_client *c;
	const struct smtp_envelope_out *mails;
	size_t mail_count, next;
	const char *const *pieces; /* of the body */
	struct strbuf told;        /* "r250 r550 d250 c0/READY", as it comes */
	bool closed;
	char why[128];
} owner;

static void next_mail(void)
{
	int rc;

	if (owner.next == owner.mail_count) {
		smtp_client_quit(owner.c);
		return;
	}
	rc = smtp_client_send(owner.c, &owner.mails[owner.next++]);
	if (rc < 0) {
		strbuf_printf(&owner.told, "%s ", error_name(rc));
		next_mail();
	}
}

static void on_ready(void *ctx)
{
	(void)ctx;
	next_mail();
}

static void on_recipient(void *ctx, size_t i, const struct smtp_response *r)
{
	(void)ctx;
	strbuf_printf(&owner.told, "r%zu:%d ", i, r->code);
}

static void on_body(void *ctx)
{
	(void)ctx;
	for (; *owner.pieces; owner.pieces++)
		smtp_client_write(owner.c, slice_str(*owner.pieces));
	smtp_client_end(owner.c);
}

static void on_done(void *ctx, const struct smtp_response *r)
{
	(void)ctx;
	strbuf_printf(&owner.told, "d%d%s%s ", r->code, r->enhanced[0] ? "/" : "", r->enhanced);
	next_mail();
}

static void on_closed(void *ctx, enum smtp_client_stage stage, const struct smtp_response *why)
{
	static const char *const names[] = { "CONNECT", "TLS", "READY", "ENVELOPE", "BODY", "ENDED",
		"REFUSED" };

	(void)ctx;
	strbuf_printf(&owner.told, "c%d/%s", why->code, names[stage]);
	snprintf(owner.why, sizeof(owner.why), "%s", why->text.p ? why->text.p : "");
	owner.closed = true;
}

static const struct smtp_client_events owner_events = { .ready = on_ready,
	.recipient = on_recipient,
	.body = on_body,
	.done = on_done,
	.closed = on_closed };

static int is_closed(void *arg)
{
	(void)arg;
	return owner.closed;
}

static int never(void *arg)
{
	(void)arg;
	return 0;
}

static const struct smtp_recipient two[] = { { .address = { "b@x", 3 } },
	{ .address = { "c@x", 3 } } };
static const struct smtp_envelope_out mail = {
	.sender = { "a@y", 3 }, .recipients = two, .count = 2, .size = 100
};
static const char *const nothing[] = { NULL };

static const char *told(const struct smtp_client_options *options, const struct turn *script,
	const struct smtp_envelope_out *mails, size_t n, const char *const *pieces, bool by_byte)
{
	struct conn *near, *far;

	loop_init();
	strbuf_free(&owner.told);
	strbuf_free(&server.body);
	memset(&owner, 0, sizeof(owner));
	memset(&server, 0, sizeof(server));
	conn_pair(&near, &far);
	server.c = far;
	server.script = script + 1;
	server.by_byte = by_byte;
	conn_attach(far, &server_events, NULL);
	owner.mails = mails;
	owner.mail_count = n;
	owner.pieces = pieces;
	owner.c = smtp_client_new(near, options, &owner_events, NULL);
	reply(script[0].reply);
	ck_assert(loop_run_until(is_closed, NULL, 10000));
	net_close_all();
	loop_run_until(never, NULL, 1); /* both ends are freed in a later turn */
	loop_close();
	return owner.told.p;
}

static const struct smtp_client_options plain = { .helo = "me" };

#define TELLS(script, expected)                                                             \
	do {                                                                                \
		ck_assert_str_eq(told(&plain, script, &mail, 1, nothing, false), expected); \
		ck_assert_str_eq(told(&plain, script, &mail, 1, nothing, true), expected);  \
	} while (0)

START_TEST(together_with_a_body)
{
	static const struct turn script[] = { { NULL, "220-x\r\n220 y\r\n" },
		{ "EHLO me",
			"250-x\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 DSN\r\n" },
		{ "MAIL FROM:<a@y> SIZE=100 BODY=8BITMIME RET=HDRS ENVID=e1", "250 2.1.0 ok\r\n" },
		{ "RCPT TO:<b@x> NOTIFY=NEVER", "250 ok\r\n" },
		{ "RCPT TO:<c@x> ORCPT=rfc822;d@z", "550 5.1.1 no\r\n" }, { "DATA", "354 go\r\n" },
		{ ".", "250 2.0.0 taken\r\n" }, { "QUIT", "221 bye\r\n" }, { NULL, NULL } };
	static const struct smtp_recipient rcpt[] = { { .address = { "b@x", 3 },
							      .notify = "NEVER" },
		{ .address = { "c@x", 3 }, .orcpt = { "rfc822;d@z", 10 } } };
	static const struct smtp_envelope_out m = { .sender = { "a@y", 3 },
		.recipients = rcpt,
		.count = 2,
		.size = 100,
		.eightbit = true,
		.ret = "HDRS",
		.envid = { "e1", 2 } };
	static const char *const pieces[] = { "A: b\r", "\n\n.dot\r\n.", ".x\ry\n", "\r\n.", NULL };

	ck_assert_str_eq(
		told(&plain, script, &m, 1, pieces, false), "r0:250 r1:550 d250/2.0.0 c221/READY");
	ck_assert_str_eq(server.body.p, "A: b||..dot|...x|y||..|");
	ck_assert_str_eq(
		told(&plain, script, &m, 1, pieces, true), "r0:250 r1:550 d250/2.0.0 c221/READY");
	ck_assert_str_eq(server.body.p, "A: b||..dot|...x|y||..|");
}
END_TEST

START_TEST(one_by_one)
{
	static const struct turn script[] = { { NULL, "220 x\n" }, { "EHLO me", "502 what\n" },
		{ "HELO me", "250\n" }, { "MAIL FROM:<a@y>", "250 ok\n" },
		{ "RCPT TO:<b@x>", "451 later\n" }, { "RCPT TO:<c@x>", "251 elsewhere\n" },
		{ "DATA", "354\n" }, { ".", "250 ok\n" }, { "QUIT", NULL }, { NULL, NULL } };
	static const struct turn refused[] = { { NULL, "220 x\r\n" }, { "EHLO me", "250 x\r\n" },
		{ "MAIL FROM:<a@y>", "250 ok\r\n" }, { "RCPT TO:<b@x>", "550 no\r\n" },
		{ "RCPT TO:<c@x>", "450 later\r\n" }, { "RSET", "250 ok\r\n" },
		{ "QUIT", "221 bye\r\n" }, { NULL, NULL } };
	static const struct turn sender[] = { { NULL, "220 x\r\n" }, { "EHLO me", "250 x\r\n" },
		{ "MAIL FROM:<a@y>", "550 5.7.1 not you\r\n" }, { "RSET", "250 ok\r\n" },
		{ "QUIT", "221 bye\r\n" }, { NULL, NULL } };

	TELLS(script, "r0:451 r1:251 d250 c0/READY");
	TELLS(refused, "r0:550 r1:450 d554/5.5.1 c221/READY");
	TELLS(sender, "d550/5.7.1 c221/READY");
}
END_TEST

#define GREETS                                           \
	{ NULL, "220 x\r\n" },                           \
	{                                                \
		"EHLO me", "250-x\r\n250 PIPELINING\r\n" \
	}
#define ASKS(a, b, c, d)                                                          \
	{ "MAIL FROM:<a@y>", a }, { "RCPT TO:<b@x>", b }, { "RCPT TO:<c@x>", c }, \
	{                                                                         \
		"DATA", d                                                         \
	}

START_TEST(nobody_is_taken_and_the_next_mail_goes)
{
	static const struct turn wants_one[] = { GREETS,
		ASKS("250 ok\r\n", "550 no\r\n", "550 no\r\n", "354 go\r\n"),
		{ ".", "250 thanks\r\n" }, { "RSET", "250 ok\r\n" },
		ASKS("250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"), { ".", "250 ok\r\n" },
		{ "QUIT", "221 bye\r\n" }, { NULL, NULL } };
	static const struct turn sender[] = { GREETS,
		ASKS("452 full\r\n", "503 mail\r\n", "503 mail\r\n", "503 rcpt\r\n"),
		{ "RSET", "250\r\n" }, { "QUIT", "221 bye\r\n" }, { NULL, NULL } };
	static const struct turn data[] = { GREETS,
		ASKS("250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "451 4.3.0 later\r\n"),
		{ "RSET", "250\r\n" }, { "QUIT", "221 bye\r\n" }, { NULL, NULL } };
	static const struct turn end[] = { GREETS,
		ASKS("250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"),
		{ ".", "554 spam\r\n" }, { "RSET", "250\r\n" }, { "QUIT", "221 bye\r\n" },
		{ NULL, NULL } };
	struct smtp_envelope_out mails[2] = { mail, mail };

	ck_assert_str_eq(told(&plain, wants_one, mails, 2, nothing, false),
		"r0:550 r1:550 d554/5.5.1 r0:250 r1:250 d250 c221/READY");
	TELLS(sender, "d452 c221/READY");
	TELLS(data, "r0:250 r1:250 d451/4.3.0 c221/READY");
	TELLS(end, "r0:250 r1:250 d554 c221/READY");
}
END_TEST

START_TEST(ends_in_every_place)
{
	static const struct turn greeting[] = { { NULL, "554 5.7.1 go away\r\n" }, { NULL, NULL } };
	static const struct turn gone[] = { { NULL, NULL } };
	static const struct turn mail_421[] = { GREETS,
		{ "MAIL FROM:<a@y>", "421 4.3.2 stopping\r\n" }, { "RCPT TO:<b@x>", "" },
		{ "RCPT TO:<c@x>", "" }, { "DATA", "" }, { NULL, NULL } };
	static const struct turn no_answer[] = { GREETS,
		ASKS("250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"), { ".", NULL } };
	static const struct turn half[] = { GREETS,
		ASKS("250 ok\r\n", "250 ok\r\n", "250 ok\r\n", NULL), { NULL, NULL } };
	static const struct turn spam[] = { GREETS,
		ASKS("250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"),
		{ ".", "554 5.7.0 spam\r\n" }, { "RSET", NULL } };
	static const struct turn spam_421[] = { GREETS,
		ASKS("250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"),
		{ ".", "554 5.7.0 spam\r\n" }, { "RSET", "421 4.3.2 bye\r\n" }, { NULL, NULL } };
	static const struct turn web[] = { { NULL, "HTTP/1.1 400 Bad Request\r\n" },
		{ NULL, NULL } };

	/* Its word stands, whatever it does then. */
	TELLS(spam, "r0:250 r1:250 c554/REFUSED");
	TELLS(spam_421, "r0:250 r1:250 c554/REFUSED");
	TELLS(greeting, "c554/CONNECT");
	TELLS(gone, "c0/CONNECT");
	TELLS(mail_421, "c421/ENVELOPE");
	TELLS(no_answer, "r0:250 r1:250 c0/ENDED");
	TELLS(half, "r0:250 r1:250 c0/ENVELOPE");
	TELLS(web, "c0/CONNECT");
	ck_assert_str_eq(owner.why, "what the server sent is no answer of SMTP");
}
END_TEST

START_TEST(tls_and_passwords)
{
	static const struct turn none[] = { GREETS, { NULL, NULL } };
	static const struct turn later[] = { { NULL, "220 x\r\n" },
		{ "EHLO me", "250-x\r\n250 STARTTLS\r\n" }, { "STARTTLS", "454 4.7.0 not now\r\n" },
		{ "QUIT", "221 bye\r\n" }, { NULL, NULL } };
	static const struct turn wanted[] = { { NULL, "220 x\r\n" },
		{ "EHLO me", "250-x\r\n250 AUTH PLAIN LOGIN\r\n" },
		{ "AUTH PLAIN AG1lAHNlY3JldA==", "235 2.7.0 in\r\n" }, { "QUIT", "221 bye\r\n" },
		{ NULL, NULL } };
	static const struct turn login[] = { { NULL, "220 x\r\n" },
		{ "EHLO me", "250-x\r\n250 AUTH=LOGIN\r\n" },
		{ "AUTH LOGIN", "334 VXNlcm5hbWU6\r\n" }, { "bWU=", "334 UGFzc3dvcmQ6\r\n" },
		{ "c2VjcmV0", "535 5.7.8 no\r\n" }, { NULL, NULL } };
	static const struct smtp_client_options must = { .helo = "me", .tls = SMTP_TLS_MUST },
						may = { .helo = "me", .tls = SMTP_TLS_MAY },
						auth = { .helo = "me",
							.user = "me",
							.password = "secret" };

	ck_assert_str_eq(told(&must, none, NULL, 0, nothing, false), "c0/TLS");
	ck_assert_str_eq(told(&must, later, NULL, 0, nothing, false), "c454/TLS");
	ck_assert_str_eq(told(&may, later, NULL, 0, nothing, false), "c221/READY");
	ck_assert_str_eq(told(&auth, wanted, NULL, 0, nothing, false), "c221/READY");
	ck_assert_str_eq(told(&auth, login, NULL, 0, nothing, true), "c535/CONNECT");
	ck_assert_str_eq(told(&auth, none, NULL, 0, nothing, false), "c0/CONNECT");
}
END_TEST

START_TEST(what_the_server_cannot_take_is_not_sent)
{
	static const struct turn script[] = { { NULL, "220 x\r\n" },
		{ "EHLO me", "250-x\r\n250 SIZE 99\r\n" }, { "QUIT", "221 bye\r\n" },
		{ NULL, NULL } };
	struct smtp_envelope_out utf8 = mail;
	struct smtp_envelope_out mails[2] = { mail, utf8 };

	mails[1].smtputf8 = true;
	ck_assert_str_eq(
		told(&plain, script, mails, 2, nothing, false), "too big unsupported c221/READY");
}
END_TEST

/* ---- answers ---- */

static int read_all(const char *text, struct smtp_response *r)
{
	struct slice in = slice_str(text);
	int rc;

	smtp_response_reset(r);
	rc = smtp_response_read(r, &in);
	ck_assert(rc != 1 || in.n == 0);
	return rc;
}

START_TEST(answers)
{
	struct smtp_response r = { 0 };
	struct smtp_extensions x;
	char longest[SMTP_RESPONSE_LINE_MAX + 10];

	ck_assert_int_eq(read_all("250-2.1.5 a\r\n250-2.1.5 b\r\n250 2.1.5 c\x1b\r\n", &r), 1);
	ck_assert_int_eq(r.code, 250);
	ck_assert_str_eq(r.enhanced, "2.1.5");
	ck_assert_str_eq(r.text.p, "a\nb\nc?");
	ck_assert_int_eq(read_all("550 5.7.26 \r\n", &r), 1);
	ck_assert_str_eq(r.enhanced, "5.7.26");
	ck_assert_int_eq(read_all("550 5.7 x\r\n", &r), 1);
	ck_assert_str_eq(r.enhanced, "");
	ck_assert_str_eq(r.text.p, "5.7 x");
	ck_assert_int_eq(read_all("450 3.0.0 x\r\n", &r), 1); /* there is no such class */
	ck_assert_str_eq(r.enhanced, "");
	ck_assert_int_eq(read_all("250", &r), 0);
	ck_assert_int_eq(read_all("250-a\r\n", &r), 0);
	ck_assert_int_eq(read_all("199 a\r\n", &r), HEARTH_EINVAL);
	ck_assert_int_eq(read_all("600 a\r\n", &r), HEARTH_EINVAL);
	ck_assert_int_eq(read_all("2500 a\r\n", &r), HEARTH_EINVAL);
	ck_assert_int_eq(read_all("\r\n", &r), HEARTH_EINVAL);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "250 ", 4);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(read_all(longest, &r), HEARTH_ETOOBIG);
	/* Many lines are too much as one is. */
	memcpy(longest, "250-", 4);
	longest[SMTP_RESPONSE_LINE_MAX - 1] = '\n';
	smtp_response_reset(&r);
	for (int i = 0; i < 9; i++) {
		struct slice in = slice_of(longest, SMTP_RESPONSE_LINE_MAX);

		ck_assert_int_eq(smtp_response_read(&r, &in), i < 8 ? 0 : HEARTH_ETOOBIG);
	}
	read_all("250-x PIPELINING\r\n250-size\r\n250-LIMITS RCPTMAX=5 MAILMAX=2 X=1\r\n250-AUTH "
		 "login x\r\n"
		 "250 smtputf8\r\n",
		&r);
	smtp_extensions_read(&r, &x);
	ck_assert(!x.pipelining && x.size_known && x.size == 0 && x.auth_login && !x.auth_plain);
	ck_assert(x.smtputf8 && x.recipients_max == 5 && x.mails_max == 2);
	smtp_response_free(&r);
}
END_TEST

TEST_MAIN("smtp client", together_with_a_body, one_by_one, nobody_is_taken_and_the_next_mail_goes,
	ends_in_every_place, tls_and_passwords, what_the_server_cannot_take_is_not_sent, answers)
