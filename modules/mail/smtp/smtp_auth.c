/*
 * smtp_auth.c: AUTH PLAIN and LOGIN (RFC 4954, RFC 4616; LOGIN as the field does it).
 *
 * On the loop; one question to the accounts at a time, each of one line (SMTP_AUTH_LINE_MAX).
 */
#include <stdio.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/text.h"
#include "sasl.h"
#include "smtp/smtp_session.h"

bool smtp_auth_allowed(const struct smtp_session *s)
{
	const struct conn_info *info = conn_info(s->conn);

	return info->confidential;
}

static void on_checked(void *arg, int status, const struct account *account, int64_t retry_ms)
{
	struct smtp_session *s = arg;

	if (!smtp_back(s))
		return;
	if (status == 0) {
		s->authenticated = true;
		s->account = *account;
		smtp_say(s, 235, "2.7.0", "authenticated");
	} else if (status == HEARTH_EDENIED) {
		smtp_say(s, 535, "5.7.8", "wrong name or password");
	} else if (status == HEARTH_EBUSY) {
		smtp_say(s, 454, "4.7.0", "too many attempts; try again in %lld s",
			(long long)((retry_ms + 999) / 1000));
	} else {
		smtp_say(s, 454, "4.7.0", "cannot check the password now; try again later");
	}
	smtp_go_on(s);
}

static void check(struct smtp_session *s, struct slice user, struct slice password)
{
	INVARIANT(s->submission && !s->authenticated && s->reading == SMTP_READING_COMMAND);
	smtp_wait(s);
	s->m->accounts->authenticate(s->m->accounts->self, user, password, conn_info(s->conn),
		ACCOUNTS_VIA_SMTP, on_checked, s);
}

static void take_plain(struct smtp_session *s, struct slice response)
{
	struct slice user, password;

	switch (mail_sasl_plain(response, &user, &password)) {
	case 0: check(s, user, password); break;
	case HEARTH_EDENIED: smtp_say(s, 535, "5.7.8", "one account cannot act for another"); break;
	default: smtp_say_error(s, SMTP_EAUTH);
	}
}

static void ask(struct smtp_session *s, const char *challenge)
{
	INVARIANT(s->reading == SMTP_READING_COMMAND && !s->has_mail);
	s->reading = SMTP_READING_AUTH;
	smtp_reply_write(&s->out, 334, NULL, slice_str(challenge));
}

/* First the name, then the password, each asked for with its own (base64) prompt. */
static void take_login(struct smtp_session *s, struct slice response)
{
	if (s->auth_has_user) {
		check(s, slice_str(s->auth_user), response);
		return;
	}
	snprintf(s->auth_user, sizeof(s->auth_user), "%.*s",
		SLICE_ARG(slice_head(response, sizeof(s->auth_user) - 1)));
	s->auth_has_user = true;
	ask(s, "UGFzc3dvcmQ6");
}

static void take_response(struct smtp_session *s, struct slice base64)
{
	struct strbuf response = { 0 };

	if (base64_decode(&response, base64) < 0)
		smtp_say_error(s, SMTP_EBASE64);
	else if (s->auth_login)
		take_login(s, strbuf_slice(&response));
	else
		take_plain(s, strbuf_slice(&response));
	if (response.p)
		explicit_bzero(response.p, response.n);
	strbuf_free(&response);
}

void smtp_auth_start(struct smtp_session *s, const struct smtp_auth *auth)
{
	s->auth_login = slice_ieq(auth->mechanism, SLICE("LOGIN"));
	s->auth_has_user = false;
	if (!s->submission)
		smtp_say(s, 503, "5.5.1", "log in on the submission port");
	else if (!smtp_auth_allowed(s))
		smtp_say(s, 538, "5.7.11", "encryption is needed first: STARTTLS");
	else if (s->authenticated || s->has_mail)
		smtp_say(s, 503, "5.5.1", "not now");
	else if (!s->auth_login && !slice_ieq(auth->mechanism, SLICE("PLAIN")))
		smtp_say(s, 504, "5.5.4", "PLAIN and LOGIN are known here");
	else if (auth->has_response)
		take_response(s, auth->response);
	else
		ask(s, s->auth_login ? "VXNlcm5hbWU6" : "");
}

void smtp_auth_line(struct smtp_session *s, const struct smtp_auth *line)
{
	if (line->cancelled)
		smtp_say(s, 501, "5.7.0", "the log-in was cancelled");
	else
		take_response(s, line->response);
}
