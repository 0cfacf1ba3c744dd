/*
 * imap_auth.c: LOGIN and AUTHENTICATE PLAIN (RFC 3501 section 6.2, RFC 4616, SASL-IR RFC 4959).
 * Behind a password that is right, the account's mailboxes are made if it has none.
 *
 * On the loop, what it asks of the accounts elsewhere; one question at a time, FAILURES_MAX a
 * connection.
 */
#include "hearth/log.h"
#include "hearth/text.h"
#include "imap/session/imap_internal.h"
#include "sasl.h"

#include <stdio.h>

#define TIMEOUT_MS   (INT64_C(30) * 60 * 1000) /* RFC 3501 section 5.4: at least 30 minutes */
#define INPUT_MAX    (64u << 10)
#define OUTPUT_HIGH  (512u << 10) /* two batches of FETCH */
#define FAILURES_MAX 5 /* then the connection is closed; the account has limits of its own */

bool imap_auth_allowed(const struct imap_session *s)
{
	const struct conn_info *info = conn_info(s->conn);

	return info->confidential;
}

/* ---- after the password ---- */

static void welcome(struct imap_session *s)
{
	struct imap_limits limits = imap_limits_after_auth;
	struct strbuf code = { 0 };

	INVARIANT(s->state == IMAP_NOT_AUTHENTICATED && s->account.id > 0);
	s->state = IMAP_AUTHENTICATED;
	limits.append_max = s->m->message_max;
	imap_parser_set_limits(&s->parser, &limits);
	conn_set_timeout(s->conn, TIMEOUT_MS);
	conn_set_pace(s->conn, 0, 0);
	conn_set_limits(s->conn, INPUT_MAX, OUTPUT_HIGH);
	strbuf_adds(&code, "CAPABILITY ");
	imap_write_capabilities(s, &code);
	imap_reply(s, "OK", arena_strdup(s->arena, strbuf_slice(&code)), "Logged in");
	strbuf_free(&code);
}

static int ensure(struct db_tx *tx, void *arg)
{
	struct imap_session *s = arg;

	return mail_store_ensure(tx, s->account.id);
}

static void on_made(struct imap_session *s, int status)
{
	if (status == 0) {
		welcome(s);
		return;
	}
	s->account = (struct account){ 0 }; /* nobody has logged in */
	imap_reply_error(s, HEARTH_EIO);
}

static void on_looked(struct imap_session *s, int status)
{
	if (status == HEARTH_ENOTFOUND)
		imap_run_write(s, ensure, on_made);
	else
		on_made(s, status);
}

/* ---- the password ---- */

static void refuse(struct imap_session *s, int status, int64_t retry_ms)
{
	char text[80];

	snprintf(text, sizeof(text), "Too many attempts; try again in %lld s",
		(long long)((retry_ms + 999) / 1000));
	s->failures++;
	if (status == HEARTH_EDENIED)
		imap_reply(s, "NO", "AUTHENTICATIONFAILED", "Wrong name or password");
	else if (status == HEARTH_EBUSY)
		imap_reply(s, "NO", "UNAVAILABLE", text);
	else
		imap_reply(s, "NO", "UNAVAILABLE",
			"The password cannot be checked now; try again later");
	if (s->failures >= FAILURES_MAX)
		imap_bye(s, NULL, "Too many failed log-ins");
}

static void on_checked(void *arg, int status, const struct account *account, int64_t retry_ms)
{
	struct imap_session *s = arg;

	if (!imap_back(s))
		return;
	if (status == 0) {
		s->account = *account;
		imap_run_read(s, ensure, on_looked);
	} else {
		refuse(s, status, retry_ms);
	}
	imap_turn_end(s);
}

static void check(struct imap_session *s, struct slice user, struct slice password)
{
	if (!imap_auth_allowed(s)) {
		imap_reply(s, "NO", "PRIVACYREQUIRED", "Encryption is needed first: STARTTLS");
		return;
	}
	INVARIANT(s->state == IMAP_NOT_AUTHENTICATED);
	imap_busy(s);
	s->m->accounts->authenticate(s->m->accounts->self, user, password, conn_info(s->conn),
		ACCOUNTS_VIA_IMAP, on_checked, s);
}

void imap_do_login(struct imap_session *s)
{
	check(s, s->command->login.user, s->command->login.password);
}

/* ---- AUTHENTICATE PLAIN ---- */

static void take_plain(struct imap_session *s, struct slice response)
{
	struct slice user, password;

	switch (mail_sasl_plain(response, &user, &password)) {
	case 0: check(s, user, password); break;
	case HEARTH_EDENIED:
		imap_reply(s, "NO", "AUTHORIZATIONFAILED", "One account cannot act for another");
		break;
	default: imap_bad(s, "Expected name and password as SASL PLAIN has them");
	}
}

static void take_response(struct imap_session *s, struct slice base64)
{
	struct strbuf response = { 0 };

	if (base64_decode(&response, base64) < 0)
		imap_bad(s, "Expected base64");
	else
		take_plain(s, strbuf_slice(&response));
	if (response.p)
		explicit_bzero(response.p, response.n);
	strbuf_free(&response);
}

void imap_do_authenticate(struct imap_session *s)
{
	const struct imap_command *c = s->command;

	if (!slice_ieq(c->authenticate.mechanism, SLICE("PLAIN"))) {
		imap_reply(s, "NO", "CANNOT", "PLAIN is the one mechanism that is known here");
	} else if (!imap_auth_allowed(s)) {
		imap_reply(s, "NO", "PRIVACYREQUIRED", "Encryption is needed first: STARTTLS");
	} else if (c->authenticate.has_response) {
		take_response(s, c->authenticate.response);
	} else {
		s->line_due = true;
		imap_parser_want_line(&s->parser);
		imap_write_continuation(&s->out, "");
	}
}

void imap_auth_line(struct imap_session *s, struct slice line)
{
	INVARIANT(s->command->verb == IMAP_AUTHENTICATE);
	if (slice_eq(line, SLICE("*")))
		imap_bad(s, "The log-in was cancelled");
	else
		take_response(s, line);
}
