/*
 * smtp_transaction.c: MAIL, RCPT, DATA (RFC 5321 section 3.3): from an envelope to a delivery.
 *
 * On the loop. Recipients are bounded by [mail] recipients_max, whom they reach by delivery/admit.c.
 */
#include <stdio.h>

#include "delivery/admit.h"
#include "delivery/limit_notice.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "hearth/room.h"
#include "mime/date.h"
#include "smtp/smtp_session.h"

/* ---- MAIL ---- */

static void canonical(const struct smtp_address *a, char out[SMTP_ADDRESS_MAX + 2])
{
	struct strbuf text = { 0 };

	smtp_address_canonical(&text, a);
	snprintf(out, SMTP_ADDRESS_MAX + 2, "%.*s", SLICE_ARG(strbuf_slice(&text)));
	strbuf_free(&text);
}

/* When it may leave, Unix ms; 0: at once (RFC 4865). */
static int64_t hold_until(const struct smtp_mail *mail)
{
	int64_t ms = (int64_t)mail->hold_s * 1000;

	return mail->hold == SMTP_HOLD_FOR     ? clock_wall_ms() + ms
	       : mail->hold == SMTP_HOLD_UNTIL ? ms
					       : 0;
}

/* What MAIL asks for and cannot have; false: it was refused. */
static bool can_have(struct smtp_session *s, const struct smtp_mail *mail)
{
	if (mail->require_tls && !conn_info(s->conn)->tls)
		smtp_say(s, 530, "5.7.0", "REQUIRETLS needs TLS on this connection, too");
	else if (mail->body == SMTP_BODY_BINARYMIME && mail->size > SMTP_BINARY_MAX)
		smtp_say(s, 552, "5.3.4", "at most %u bytes of BINARYMIME", SMTP_BINARY_MAX);
	else if (mail->hold && (!s->authenticated || s->m->hold_max_ms == 0))
		smtp_say(s, 555, "5.5.4", "FUTURERELEASE is not offered");
	else if (!s->authenticated && !smtp_rates_take(s->m->rates, conn_info(s->conn)->peer,
					      SMTP_RATE_MAILS, clock_mono_ms()))
		smtp_say(s, 451, "4.7.1", "too many mails from your network; try again later");
	else if (hold_until(mail) > clock_wall_ms() + s->m->hold_max_ms)
		smtp_say(s, 501, "5.5.4", "at most %lld seconds from now",
			(long long)(s->m->hold_max_ms / 1000));
	else
		return true;
	return false;
}

static void on_may_write(void *arg, int status)
{
	struct smtp_session *s = arg;

	if (!smtp_back(s))
		return;
	s->has_mail = status == 0;
	if (status == 0)
		smtp_say(s, 250, "2.1.0", "sender ok");
	else if (status == HEARTH_EDENIED)
		smtp_say(s, 550, "5.7.1", "this address is not yours: you are %s",
			s->account.address);
	else
		smtp_say(s, 451, "4.3.0", "cannot look the sender up now");
	smtp_go_on(s);
}

/* Whether who is logged in may write as that is asked for, but for their very own address and "<>". */
static void take_sender(struct smtp_session *s, const struct smtp_mail *mail)
{
	const struct accounts *accounts = s->m->accounts;

	s->require_tls = mail->require_tls;
	s->binary = mail->body == SMTP_BODY_BINARYMIME;
	s->hold_ms = hold_until(mail);
	s->chunk_refused = false;
	s->smtputf8 = s->parser.smtputf8 = mail->smtputf8;
	s->size = mail->has_size ? (int64_t)mail->size : 0;
	s->ret = mail->ret;
	snprintf(s->envid, sizeof(s->envid), "%.*s", SLICE_ARG(mail->envid));
	canonical(&mail->from, s->from);
	if (!s->submission || s->from[0] == '\0' ||
		slice_ieq(slice_str(s->from), slice_str(s->account.address))) {
		s->has_mail = true;
		smtp_say(s, 250, "2.1.0", "sender ok");
		return;
	}
	smtp_wait(s);
	accounts->may_write_as(accounts->self, s->account.id, slice_str(s->from), on_may_write, s);
}

void smtp_do_mail(struct smtp_session *s, const struct smtp_mail *mail)
{
	s->mails++;
	if (s->m->mails_max > 0 && s->mails > s->m->mails_max) {
		smtp_say(s, 421, "4.7.0", "too many mails on one connection; begin another");
		session_turn_close(&s->turn);
	} else if (s->has_mail)
		smtp_say(s, 503, "5.5.1", "a transaction is open; RSET ends it");
	else if (s->submission && !s->authenticated)
		smtp_say(s, 530, "5.7.0", "log in first");
	else if (mail->has_size && mail->size > s->m->message_max)
		smtp_say(s, 552, "5.3.4", "at most %llu bytes",
			(unsigned long long)s->m->message_max);
	else if (can_have(s, mail))
		take_sender(s, mail);
}

/* ---- RCPT ---- */

static void say_admitted(struct smtp_session *s, const struct smtp_reply *reply)
{
	if (reply->code == 250)
		s->addresses++;
	smtp_say(s, reply->code, reply->enhanced, "%s", reply->text);
}

static void on_admitted(void *arg, const struct smtp_reply *reply)
{
	struct smtp_session *s = arg;

	if (!smtp_back(s))
		return;
	say_admitted(s, reply);
	smtp_go_on(s);
}

/* A host is known by the address it was reached at, too (RFC 1123 section 5.2.17). */
static struct smtp_address by_name(const struct smtp_session *s, struct smtp_address to)
{
	if (to.literal && smtp_literal_names(to.domain, conn_info(s->conn)->local)) {
		to.domain = mail_domain(s->m);
		to.literal = false;
	}
	return to;
}

static void admit(struct smtp_session *s, const struct smtp_rcpt *rcpt)
{
	const struct smtp_address to = by_name(s, rcpt->to);
	char address[SMTP_ADDRESS_MAX + 2], orcpt[SMTP_PARAMS_MAX] = "";
	const struct smtp_reply *reply;

	canonical(&to, address);
	if (rcpt->orcpt_type.n > 0)
		snprintf(orcpt, sizeof(orcpt), "%.*s;%.*s", SLICE_ARG(rcpt->orcpt_type),
			SLICE_ARG(rcpt->orcpt_address));
	if (!s->delivery)
		s->delivery = mail_delivery_new(s->m);
	reply = mail_admit(&(struct mail_admission){ .m = s->m,
				   .delivery = s->delivery,
				   .sender = s->authenticated ? &s->account : NULL,
				   .address = slice_str(address),
				   .domain = to.domain,
				   .is_report = s->from[0] == '\0',
				   .checked = !s->authenticated &&
					      mail_gate_applies(s->m, conn_info(s->conn)->peer),
				   .size = s->size,
				   .notify = rcpt->notify,
				   .orcpt = slice_str(orcpt) },
		on_admitted, s);
	if (reply)
		say_admitted(s, reply);
	else
		smtp_wait(s);
}

void smtp_do_rcpt(struct smtp_session *s, const struct smtp_rcpt *rcpt)
{
	if (!s->has_mail || s->chunking)
		smtp_say(s, 503, "5.5.1",
			s->chunking ? "the message has begun" : "MAIL comes first");
	else if (s->addresses >= s->m->recipients_max)
		smtp_say(s, 452, "4.5.3", "too many recipients");
	else if (!s->authenticated && !smtp_rates_take(s->m->rates, conn_info(s->conn)->peer,
					      SMTP_RATE_RECIPIENTS, clock_mono_ms()))
		smtp_say(s, 452, "4.7.1", "too many recipients from your network; try again later");
	else
		admit(s, rcpt);
}

/* ---- DATA ---- */

/* The word behind "with" (RFC 3848, RFC 6531 section 4.3). */
static void write_protocol(struct strbuf *out, const struct smtp_session *s)
{
	if (!s->esmtp) {
		strbuf_adds(out, "SMTP");
		return;
	}
	strbuf_printf(out, "%s%s%s", s->smtputf8 ? "UTF8SMTP" : "ESMTP",
		conn_info(s->conn)->tls ? "S" : "", s->authenticated ? "A" : "");
}

/* What the client called itself, as far as it can stand in a field. */
static void write_helo(struct strbuf *out, const char *name)
{
	for (; *name; name++) {
		char c = *name;
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			     (c >= 'a' && c <= 'z') || strchr(".-_:[]", c);

		strbuf_addc(out, plain ? c : '?');
	}
}

/* Mail of people who are logged in is their own. */
static void set_gate(struct smtp_session *s)
{
	const struct conn_info *info = conn_info(s->conn);

	INVARIANT(!s->gate);
	if (s->authenticated)
		return;
	s->gate = mail_gate_new(s->m, &(struct mail_gate_client){ .peer = info->peer,
					      .helo = s->helo,
					      .from = s->from,
					      .conn = (int64_t)info->id });
	mail_delivery_set_gate(s->delivery, s->gate);
}

/* By the verdict of the gate; false: it has nothing to say against it. */
static bool say_verdict(struct smtp_session *s, const struct mail_gate_verdict *v)
{
	if (!v || (v->action != GATE_REFUSE && v->action != GATE_LATER))
		return false;
	smtp_say(s, v->action == GATE_REFUSE ? 550 : 451, v->enhanced, "%.*s", SLICE_ARG(v->text));
	return true;
}

/*
 * The Received field (RFC 5321 section 4.4). Who is logged in is nobody else's business, nor, unless
 * [mail] hide_clients says otherwise, from where.
 */
void smtp_message_begin(struct smtp_session *s)
{
	const struct conn_info *info = conn_info(s->conn);
	struct strbuf out = { 0 };

	strbuf_adds(&out, "Received: ");
	if (!s->authenticated || !s->m->hide_clients) {
		strbuf_adds(&out, "from ");
		write_helo(&out, s->helo);
		strbuf_printf(&out, " ([%s%s])\r\n\t", strchr(info->peer, ':') ? "IPv6:" : "",
			info->peer);
	}
	strbuf_printf(&out, "by %s with ", hearth_hostname(s->m->h));
	write_protocol(&out, s);
	strbuf_printf(&out, " id %llx;\r\n\t", (unsigned long long)info->id);
	mime_date_write(&out, clock_wall_s());
	strbuf_adds(&out, "\r\n");
	mail_delivery_set_trace(s->delivery, slice_str(s->from), strbuf_slice(&out));
	mail_delivery_set_outgoing(s->delivery, s->authenticated ? &s->account : NULL, s->smtputf8,
		(int)s->ret, slice_str(s->envid));
	if (s->require_tls)
		mail_delivery_require_tls(s->delivery);
	mail_delivery_hold(s->delivery, s->hold_ms);
	mail_delivery_set_source(
		s->delivery, slice_str(s->authenticated ? s->account.address : info->peer));
	strbuf_free(&out);
	mail_delivery_set_foreign(s->delivery);
	set_gate(s);
}

void smtp_do_data(struct smtp_session *s)
{
	if (!s->has_mail || s->addresses == 0 || s->chunking || s->binary) {
		smtp_say(s, s->has_mail && s->addresses == 0 ? 554 : 503, "5.5.1",
			s->chunking   ? "the message has begun with BDAT"
			: s->binary   ? "BINARYMIME comes by BDAT"
			: s->has_mail ? "no recipient was accepted"
				      : "MAIL and RCPT come first");
		return;
	}
	INVARIANT(s->addresses > 0 && s->delivery);
	smtp_message_begin(s);
	smtp_data_init(&s->data, s->m->message_max, s->m->bare_newlines);
	s->reading = SMTP_READING_DATA;
	smtp_reply_write(&s->out, 354, NULL, SLICE("send the message, end with CRLF.CRLF"));
}

static void on_delivered(void *arg, int status, const struct mail_recipient *recipients, size_t n)
{
	struct smtp_session *s = arg;
	bool is_report;

	if (status == 0)
		log_info("smtp", "message accepted", "conn", "%llu",
			(unsigned long long)(s->conn ? conn_info(s->conn)->id : 0), "recipients",
			"%zu", n, "bytes", "%llu", (unsigned long long)s->message_size, NULL);
	if (!smtp_back(s))
		return;
	is_report = s->from[0] == '\0';
	if (status == HEARTH_EDENIED && s->gate && say_verdict(s, mail_gate_verdict(s->gate))) {
		smtp_reset(s);
		smtp_go_on(s);
		return;
	}
	smtp_reset(s);
	if (status == 0) {
		metric_add(s->m->accepted, 1);
		if (n > 0 && recipients[0].message > 0)
			smtp_say(s, 250, "2.0.0", "kept as %lld", (long long)recipients[0].message);
		else
			smtp_say(s, 250, "2.0.0", "queued");
	} else if (status == HEARTH_ETOOBIG) {
		smtp_say(s, 552, "5.2.2", "the mailbox has no room for this message");
	} else if (status == HEARTH_EDENIED) {
		if (s->authenticated)
			mail_limit_reached(s->m, s->account.id, s->account.address);
		smtp_say(s, 452, "4.7.1",
			"too many recipients elsewhere within the hour; try again later");
	} else if (status == HEARTH_EUNSUPPORTED && !s->authenticated && !is_report) {
		smtp_say(s, 550, "5.7.1",
			"only members may write to this group: who are logged in, or whose From "
			"is proven (DKIM, SPF)");
	} else if (status == HEARTH_EUNSUPPORTED && !s->authenticated) {
		smtp_say(s, 550, "5.7.1",
			"only a mail server's report of delivery comes back by this address");
	} else if (status == HEARTH_EUNSUPPORTED) {
		smtp_say(s, 550, "5.7.1",
			"From, or Sender, names an address that is not yours: you are %s",
			s->account.address);
	} else if (status == HEARTH_ECONFLICT) {
		smtp_say(s, 554, "5.4.6",
			"this message goes round in a loop, or is an automatic reply to a group");
	} else if (status == HEARTH_EINVAL) {
		smtp_say(s, 554, "5.6.0", "a message cannot contain NUL; encode it (RFC 2045)");
	} else if (status == HEARTH_EBUSY) {
		smtp_say(s, 452, "4.3.1", "the server has too much to do; try again later");
	} else if (status == HEARTH_ETIMEOUT) {
		smtp_say(s, 451, "4.7.0",
			"the DNS does not tell whether this is from a member of the group; try "
			"again later");
	} else if (!room_left()) {
		smtp_say(s, 452, "4.3.1", "the server's disk is full; try again later");
	} else {
		smtp_say(s, 451, "4.3.0", "the message could not be stored; try again later");
	}
	smtp_go_on(s);
}

void smtp_message_end(struct smtp_session *s, int error, uint64_t size)
{
	INVARIANT(s->has_mail && s->addresses > 0);
	s->reading = SMTP_READING_COMMAND;
	s->message_size = size;
	if (error < 0) {
		smtp_say_error(s, error);
		smtp_reset(s);
		return;
	}
	if (!smtp_body_is_good(s)) {
		smtp_reset(s);
		return;
	}
	smtp_wait(s);
	mail_delivery_finish(&s->delivery, on_delivered, s);
}

static void on_drained(void *arg)
{
	struct smtp_session *s = arg;

	if (smtp_back(s))
		smtp_go_on(s);
}

void smtp_take_data(struct smtp_session *s, struct slice *in)
{
	enum smtp_data_event what;
	struct slice body;
	size_t backlog = 0;

	INVARIANT(s->reading == SMTP_READING_DATA && s->delivery);
	while ((what = smtp_data_next(&s->data, in, &body)) == SMTP_DATA_BODY) {
		backlog = smtp_write_body(s, body);
		if (backlog > blob_writer_high())
			break;
	}
	if (what == SMTP_DATA_END) {
		smtp_message_end(s, smtp_data_result(&s->data), s->data.size);
	} else if (backlog > blob_writer_high()) {
		smtp_wait(s);
		mail_delivery_on_drained(s->delivery, on_drained, s);
	}
}
