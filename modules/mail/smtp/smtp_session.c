/*
 * smtp_session.c: see smtp_session.h. Here: the connection, the turn, and the commands that are not
 * about a transaction.
 *
 * On the loop. A session holds one line, an envelope and what its delivery keeps; ERRORS_MAX
 * errors, NOISE_MAX bytes of nonsense, the pace of conn_set_pace.
 */
#include "smtp/smtp_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define ERRORS_MAX    20           /* then it is no mail server that talks here */
#define NOISE_MAX     (256u << 10) /* bytes dropped without a command among them */
#define USELESS_TIMES 12 /* as long as a command may take, without a mail: NOOP for ever */

/* ---- saying ---- */

void smtp_say(struct smtp_session *s, int code, const char *enhanced, const char *fmt, ...)
{
	struct strbuf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	strbuf_vprintf(&text, fmt, ap);
	va_end(ap);
	smtp_reply_write(&s->out, code, enhanced, strbuf_slice(&text));
	strbuf_free(&text);
	if (code >= 500)
		s->errors++;
}

void smtp_say_error(struct smtp_session *s, int error)
{
	const struct smtp_reply *r = smtp_error_reply(error);

	smtp_say(s, r->code, r->enhanced, "%s", r->text);
	if (r->close)
		session_turn_close(&s->turn);
}

/* ---- waiting ---- */

void smtp_wait(struct smtp_session *s)
{
	session_turn_wait(&s->turn);
}

static void session_free(void *session)
{
	struct smtp_session *s = session;

	list_remove(&s->node);
	mail_delivery_abort(&s->delivery);
	mail_gate_free(&s->gate);
	smtp_body_forget(s);
	smtp_binary_forget(s);
	strbuf_free(&s->out);
	free(s);
}

bool smtp_back(struct smtp_session *s)
{
	return session_turn_back(&s->turn);
}

void smtp_go_on(struct smtp_session *s)
{
	if (s->revoked && !session_turn_is_closing(&s->turn)) {
		smtp_say(s, 421, "4.7.0", "what you logged in with counts no more");
		session_turn_close(&s->turn);
	}
	if (s->m->draining && !s->has_mail && !session_turn_is_closing(&s->turn)) {
		smtp_say(s, 421, "4.3.2", "the server is stopping");
		session_turn_close(&s->turn);
	}
	/* Its answer goes out behind what it costs. */
	if (!session_turn_is_closing(&s->turn) && smtp_tarpit(s))
		smtp_wait(s);
	session_turn_end(&s->turn);
}

void smtp_reset(struct smtp_session *s)
{
	mail_delivery_abort(&s->delivery);
	mail_gate_free(&s->gate);
	smtp_body_forget(s);
	smtp_binary_forget(s);
	s->has_mail = s->smtputf8 = s->parser.smtputf8 = false;
	s->chunking = s->chunk_refused = s->require_tls = false;
	s->size = s->addresses = 0;
	s->from[0] = '\0';
}

/* ---- commands ---- */

/* RFC 3339 in UTC, as RFC 4865 section 3 wants it. */
static const char *latest_release(const struct mail *m, char out[32])
{
	time_t at = (time_t)(clock_wall_s() + m->hold_max_ms / 1000);
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

/* What EHLO offers: here, now, to this client. */
static void write_extensions(const struct smtp_session *s, struct strbuf *text)
{
	const struct mail *m = s->m;

	strbuf_printf(text,
		"\nPIPELINING\nSIZE "
		"%llu\n8BITMIME\nSMTPUTF8\nENHANCEDSTATUSCODES\nCHUNKING\nBINARYMIME",
		(unsigned long long)m->message_max);
	strbuf_printf(text, "\nLIMITS RCPTMAX=%lld", (long long)m->recipients_max);
	if (m->mails_max > 0)
		strbuf_printf(text, " MAILMAX=%lld", (long long)m->mails_max);
	if (conn_info(s->conn)->tls)
		strbuf_adds(text, "\nREQUIRETLS");
	if (s->submission && m->hold_max_ms > 0)
		strbuf_printf(text, "\nFUTURERELEASE %lld %s", (long long)(m->hold_max_ms / 1000),
			latest_release(m, (char[32]){ 0 }));
	if (conn_can_start_tls(s->conn))
		strbuf_adds(text, "\nSTARTTLS");
	/* Other servers report by themselves that we have it (delivery/receipt.c). */
	if (s->submission)
		strbuf_adds(text, "\nDSN");
	if (s->submission && smtp_auth_allowed(s))
		strbuf_adds(text, "\nAUTH PLAIN LOGIN");
}

static void do_ehlo(struct smtp_session *s, struct slice name, bool esmtp)
{
	struct strbuf text = { 0 };

	smtp_reset(s);
	s->greeted = true;
	s->esmtp = esmtp;
	snprintf(
		s->helo, sizeof(s->helo), "%.*s", SLICE_ARG(slice_head(name, sizeof(s->helo) - 1)));
	strbuf_adds(&text, hearth_hostname(s->m->h));
	if (esmtp)
		write_extensions(s, &text);
	smtp_reply_write(&s->out, 250, NULL, strbuf_slice(&text));
	strbuf_free(&text);
}

/* Nothing that was said in clear counts behind it (RFC 3207 section 4.2). */
static void do_starttls(struct smtp_session *s)
{
	if (!conn_can_start_tls(s->conn)) {
		smtp_say(s, 502, "5.5.1", "TLS is not available here, or there already");
		return;
	}
	smtp_say(s, 220, "2.0.0", "ready to start TLS");
	smtp_reset(s);
	s->greeted = s->esmtp = s->authenticated = false;
	s->helo[0] = '\0';
	s->parser = (struct smtp_parser){ 0 };
	session_turn_start_tls(&s->turn);
}

static bool needs_greeting(enum smtp_verb verb)
{
	return verb == SMTP_MAIL || verb == SMTP_RCPT || verb == SMTP_DATA || verb == SMTP_AUTH;
}

/* From one command to the next, and of a message, whose bytes must keep coming. */
static void set_pace(struct smtp_session *s)
{
	bool data = s->reading == SMTP_READING_DATA || s->reading == SMTP_READING_CHUNK;

	conn_set_pace(s->conn, s->m->patience_ms, data ? s->m->least_rate : 0);
}

static void run_command(struct smtp_session *s, const struct smtp_command *c)
{
	INVARIANT(s->reading == SMTP_READING_COMMAND);
	if (needs_greeting(c->verb) && !s->greeted) {
		smtp_say(s, 503, "5.5.1", "say EHLO first");
		return;
	}
	if (c->verb == SMTP_MAIL || c->verb == SMTP_AUTH)
		s->useful_ms = clock_mono_ms();
	else if (!s->has_mail &&
		 clock_mono_ms() - s->useful_ms > USELESS_TIMES * s->m->patience_ms) {
		smtp_say(s, 421, "4.4.2", "there was no mail for too long");
		session_turn_close(&s->turn);
		return;
	}
	s->noise = 0;
	switch (c->verb) {
	case SMTP_EHLO: do_ehlo(s, c->arg, true); break;
	case SMTP_HELO: do_ehlo(s, c->arg, false); break;
	case SMTP_MAIL: smtp_do_mail(s, &c->mail); break;
	case SMTP_RCPT: smtp_do_rcpt(s, &c->rcpt); break;
	case SMTP_DATA: smtp_do_data(s); break;
	case SMTP_AUTH: smtp_auth_start(s, &c->auth); break;
	case SMTP_STARTTLS: do_starttls(s); break;
	case SMTP_RSET:
		smtp_reset(s);
		smtp_say(s, 250, "2.0.0", "reset");
		break;
	case SMTP_NOOP: smtp_say(s, 250, "2.0.0", "ok"); break;
	case SMTP_VRFY: smtp_say(s, 252, "2.5.0", "send mail, and see"); break;
	case SMTP_EXPN: smtp_say(s, 502, "5.5.1", "not done here"); break;
	case SMTP_ETRN: smtp_say(s, 502, "5.5.1", "not done here"); break;
	case SMTP_HELP:
		smtp_say(s, 214, "2.0.0",
			"EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY STARTTLS AUTH\n"
			"RFC 5321 says what they mean");
		break;
	case SMTP_QUIT:
		smtp_say(s, 221, "2.0.0", "%s closes the connection", hearth_hostname(s->m->h));
		session_turn_close(&s->turn);
		break;
	case SMTP_BDAT: smtp_do_bdat(s, c); break;
	}
}

/* ---- the connection ---- */

/* A command, a line of AUTH, or message bytes. False when more input is needed. */
static bool take_one(struct smtp_session *s, struct slice *in)
{
	struct smtp_command command = { 0 };
	struct smtp_auth line;
	int rc;

	if (s->reading == SMTP_READING_DATA || s->reading == SMTP_READING_CHUNK) {
		if (s->reading == SMTP_READING_DATA)
			smtp_take_data(s, in);
		else
			smtp_take_chunk(s, in);
		if (s->reading == SMTP_READING_COMMAND)
			set_pace(s);
		return in->n > 0;
	}
	INVARIANT(s->reading != SMTP_READING_AUTH || !s->has_mail);
	rc = s->reading == SMTP_READING_AUTH ? smtp_parse_auth_line(&s->parser, in, &line)
					     : smtp_parse_command(&s->parser, in, &command);
	if (rc == 0)
		return false;
	if (rc < 0)
		smtp_say_error(s, rc);
	if (s->reading == SMTP_READING_AUTH) {
		s->reading = SMTP_READING_COMMAND;
		if (rc > 0)
			smtp_auth_line(s, &line);
	} else if (rc > 0) {
		run_command(s, &command);
	}
	set_pace(s);
	return true;
}

/* Whoever sends lines without end, or errors without end, is no mail server. */
static bool is_noise(struct smtp_session *s, size_t dropped)
{
	s->noise = s->reading >= SMTP_READING_DATA ? 0 : s->noise + dropped;
	return s->errors > ERRORS_MAX || s->noise > NOISE_MAX;
}

static bool step(void *session, struct slice *in)
{
	struct smtp_session *s = session;
	size_t before = in->n;
	bool more = take_one(s, in);

	if (is_noise(s, before - in->n) && !session_turn_is_closing(&s->turn)) {
		smtp_say(s, 421, "4.7.0", "too many errors");
		session_turn_close(&s->turn);
	}
	if (!session_turn_is_waiting(&s->turn) && !session_turn_is_closing(&s->turn) &&
		smtp_tarpit(s))
		smtp_wait(s);
	return more;
}

static void on_timeout(void *session)
{
	struct smtp_session *s = session;

	smtp_say(s, 421, "4.4.2", "nothing came for too long");
	session_turn_close(&s->turn);
}

static void on_gone(void *session)
{
	struct smtp_session *s = session;

	s->conn = NULL;
	if (s->in_tarpit) {
		timer_stop(&s->tarpit);
		session_turn_call_off(&s->turn);
	}
}

static const struct session_turn_ops ops = {
	.step = step, .timeout = on_timeout, .gone = on_gone, .free = session_free
};

void smtp_session_new(struct mail *m, struct conn *conn, bool submission)
{
	struct smtp_session *s = mem_zalloc(sizeof(*s));

	s->m = m;
	s->conn = conn;
	s->submission = submission;
	list_push(&m->smtp_sessions, &s->node);
	session_turn_begin(&s->turn, conn, &ops, s, &s->out);
	conn_set_timeout(conn, m->patience_ms);
	conn_set_take_pace(conn, m->patience_ms, m->least_rate);
	s->useful_ms = clock_mono_ms();
	set_pace(s);
	if (!smtp_rates_take(
		    m->rates, conn_info(conn)->peer, SMTP_RATE_CONNECTIONS, clock_mono_ms())) {
		smtp_say(s, 421, "4.7.0",
			"too many connections from your network; try again in a minute");
		session_turn_close(&s->turn);
		session_turn_end(&s->turn);
		return;
	}
	smtp_reply_printf(&s->out, 220, NULL, "%s ESMTP Hearth", hearth_hostname(m->h));
	session_turn_flush(&s->turn);
}

void smtp_sessions_revoke(struct mail *m, const struct json *event)
{
	LIST_FOREACH (&m->smtp_sessions, it) {
		struct smtp_session *s = LIST_ENTRY(it, struct smtp_session, node);

		if (!s->authenticated || !accounts_revoked(event, &s->account))
			continue;
		s->authenticated = false;
		s->revoked = true;
		if (s->conn && !session_turn_is_waiting(&s->turn) &&
			!session_turn_is_closing(&s->turn)) {
			smtp_reset(s);
			smtp_go_on(s);
		}
	}
}

void smtp_sessions_drain(struct mail *m)
{
	LIST_FOREACH (&m->smtp_sessions, it) {
		struct smtp_session *s = LIST_ENTRY(it, struct smtp_session, node);

		if (!s->conn || s->has_mail || session_turn_is_waiting(&s->turn) ||
			session_turn_is_closing(&s->turn))
			continue;
		smtp_say(s, 421, "4.3.2", "the server is stopping");
		session_turn_close(&s->turn);
		session_turn_end(&s->turn);
	}
}
