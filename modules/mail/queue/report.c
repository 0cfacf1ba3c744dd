/*
 * report.c: delivery status notifications in the envelope of RFC 6522: a text for people, the same for
 * programs, and the header of the mail they are about (report.h). Where an address is beyond ASCII it takes
 * the forms of RFC 6533. Pure; as large as its recipients and what is given of the message.
 *
 * A report is from nobody ("<>"), so none is ever written on one.
 */
#include "queue/report.h"

#include <stdio.h>

#include "hearth/rand.h"
#include "mime/date.h"
#include "mime/token.h"
#include "store/outgoing.h"

const char *mail_notify_words(struct arena *a, unsigned notify)
{
	if (notify == 0)
		return NULL;
	if (notify & MAIL_NOTIFY_NEVER)
		return "NEVER";
	return arena_printf(a, "%s%s%s%s%s", notify & MAIL_NOTIFY_SUCCESS ? "SUCCESS" : "",
		notify & MAIL_NOTIFY_SUCCESS && notify & ~(unsigned)MAIL_NOTIFY_SUCCESS ? "," : "",
		notify & MAIL_NOTIFY_FAILURE ? "FAILURE" : "",
		notify & MAIL_NOTIFY_FAILURE && notify & MAIL_NOTIFY_DELAY ? "," : "",
		notify & MAIL_NOTIFY_DELAY ? "DELAY" : "");
}

/* ---- text ---- */

static bool is_ascii(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] >= 0x80)
			return false;
	return true;
}

/* Whether it takes the forms of RFC 6533. */
static bool is_wide(const struct report *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (!is_ascii(r->recipients[i].address))
			return true;
	return !is_ascii(r->to);
}

#define ANSWER_MAX 400 /* of an answer, so that its line keeps within RFC 5322's 998 */

/* An answer as part of one line; it may be in any charset, and so is shown as far as it is ASCII. */
static void add_line(struct strbuf *out, struct slice text)
{
	text = slice_head(text, ANSWER_MAX);
	for (size_t i = 0; i < text.n; i++)
		strbuf_add(out, text.p[i] == '\n'                  ? SLICE(" / ")
				: (unsigned char)text.p[i] >= 0x7f ? SLICE("?")
								   : slice_of(&text.p[i], 1));
}

/* What xtext stands for (RFC 3461 section 4); nothing in it is a control character. */
static void add_xtext(struct strbuf *out, struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		int high = text.p[i] == '+' && i + 2 < text.n ? mime_hex_digit(text.p[i + 1]) : -1;
		int low = high >= 0 ? mime_hex_digit(text.p[i + 2]) : -1;
		int c = low >= 0 ? 16 * high + low : text.p[i];

		i += low >= 0 ? 2 : 0;
		strbuf_addc(out, low >= 0 && (c < ' ' || c > '~') ? '?' : (char)c);
	}
}

/* "type;address": of type "utf-8" it stays as it came where the report is ASCII (RFC 6533 section 3). */
static void add_orcpt(struct strbuf *out, struct slice orcpt, bool wide)
{
	bool utf8 = slice_istarts(orcpt, SLICE("utf-8;"));
	struct slice type = slice_split(&orcpt, ';');

	strbuf_printf(out, "Original-Recipient: %.*s;", SLICE_ARG(type));
	if (utf8 && (!wide || slice_find(orcpt, SLICE("\\x{")) >= 0))
		strbuf_add(out, is_ascii(orcpt) || wide ? orcpt : SLICE("?"));
	else
		add_xtext(out, orcpt);
	strbuf_adds(out, "\r\n");
}

/* ---- its parts ---- */

static const struct {
	const char *action, *status, *subject, *words;
} actions[] = {
	[REPORT_FAILED] = { "failed", "5.0.0", "Your mail could not be delivered",
		"could not be delivered, and nothing more is tried" },
	[REPORT_DELAYED] = { "delayed", "4.0.0", "Your mail is late",
		"could not be delivered yet; it is tried again and again, and nothing is to be "
		"done by you" },
	[REPORT_DELIVERED] = { "delivered", "2.0.0", "Your mail was delivered", "was delivered" },
	[REPORT_RELAYED] = { "relayed", "2.0.0", "Your mail was handed on",
		"was taken by the next server, which will not report when it is delivered" },
	[REPORT_EXPANDED] = { "expanded", "2.0.0", "Your mail was delivered",
		"was delivered to the members of the group" },
};

/* What is said first: the worst of all. */
static enum report_action worst(const struct report *r)
{
	enum report_action a = r->recipients[0].action;

	for (size_t i = 1; i < r->count; i++)
		if (r->recipients[i].action < a)
			a = r->recipients[i].action;
	return a;
}

static void write_head(struct strbuf *out, const struct report *r, const char *boundary)
{
	strbuf_adds(out, "Date: ");
	mime_date_write(out, r->now_s);
	strbuf_printf(out,
		"\r\nFrom: Mail delivery <postmaster@%s>\r\nTo: <%.*s>\r\nSubject: %s\r\n"
		"Message-ID: <%016llx%016llx@%s>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: "
		"1.0\r\n"
		"Content-Type: multipart/report; "
		"report-type=%sdelivery-status;\r\n\tboundary=\"%s\"\r\n\r\n",
		r->hostname, SLICE_ARG(r->to), actions[worst(r)].subject,
		(unsigned long long)rand_u64(), (unsigned long long)rand_u64(), r->hostname,
		is_wide(r) ? "global-" : "", boundary);
}

/* "550 5.1.1 no such user" */
static void add_answer(struct strbuf *out, const struct report_recipient *to)
{
	if (to->code)
		strbuf_printf(out, "%d ", to->code);
	if (to->enhanced[0])
		strbuf_printf(out, "%s ", to->enhanced);
	add_line(out, to->answer);
}

static void write_text(struct strbuf *out, const struct report *r, const char *boundary)
{
	strbuf_printf(out,
		"--%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: 8bit\r\n\r\n"
		"This is the mail server %s.\r\n\r\n",
		boundary, r->hostname);
	for (size_t i = 0; i < r->count; i++) {
		const struct report_recipient *to = &r->recipients[i];

		strbuf_printf(out, "Your mail to %.*s %s.\r\n", SLICE_ARG(to->address),
			actions[to->action].words);
		if (to->code || to->answer.n > 0) {
			if (to->code && r->host[0])
				strbuf_printf(out, "    %s says: ", r->host);
			else
				strbuf_adds(out, "    ");
			add_answer(out, to);
			strbuf_adds(out, "\r\n");
		}
		strbuf_adds(out, "\r\n");
	}
}

/* What the other server gave with its answer, unless it says the contrary of what became of the mail. */
static const char *status_of(const struct report_recipient *to)
{
	const char *own = actions[to->action].status;
	bool fits = (to->enhanced[0] == '2') == (own[0] == '2');

	return to->enhanced[0] && fits ? to->enhanced : own;
}

/* RFC 3464 section 2.3. */
static void write_recipient(
	struct strbuf *out, const struct report *r, const struct report_recipient *to, bool wide)
{
	strbuf_adds(out, "\r\n");
	if (to->orcpt.n)
		add_orcpt(out, to->orcpt, wide);
	strbuf_printf(out, "Final-Recipient: %s; %.*s\r\nAction: %s\r\nStatus: %s\r\n",
		is_ascii(to->address) ? "rfc822" : "utf-8", SLICE_ARG(to->address),
		actions[to->action].action, status_of(to));
	if (to->code) {
		strbuf_printf(out, "Remote-MTA: dns; %s\r\nDiagnostic-Code: smtp; ", r->host);
		add_answer(out, to);
		strbuf_adds(out, "\r\n");
	}
	if (to->action == REPORT_DELAYED) {
		strbuf_adds(out, "Will-Retry-Until: ");
		mime_date_write(out, r->until_s);
		strbuf_adds(out, "\r\n");
	}
}

/* RFC 3464 section 2.2. */
static void write_status(struct strbuf *out, const struct report *r, const char *boundary)
{
	bool wide = is_wide(r);

	strbuf_printf(out,
		"--%s\r\nContent-Type: message/%sdelivery-status\r\n"
		"Content-Transfer-Encoding: %s\r\n\r\n"
		"Reporting-MTA: dns; %s\r\n",
		boundary, wide ? "global-" : "", wide ? "8bit" : "7bit", r->hostname);
	if (r->envid.n) {
		strbuf_adds(out, "Original-Envelope-Id: ");
		add_xtext(out, r->envid);
		strbuf_adds(out, "\r\n");
	}
	strbuf_adds(out, "Arrival-Date: ");
	mime_date_write(out, r->arrived_s);
	strbuf_adds(out, "\r\n");
	for (size_t i = 0; i < r->count; i++)
		write_recipient(out, r, &r->recipients[i], wide);
	strbuf_adds(out, "\r\n");
}

/* The mail, or its header: RFC 6522 section 3, RFC 6533 section 4 where that is beyond ASCII. */
static void write_message(struct strbuf *out, const struct report *r, const char *boundary)
{
	ptrdiff_t end = slice_find(r->message, SLICE("\r\n\r\n"));
	struct slice header = end >= 0 ? slice_head(r->message, (size_t)end + 2) : r->message;
	bool whole = r->whole && worst(r) == REPORT_FAILED, wide = !is_ascii(header);

	if (r->message.n > 0)
		strbuf_printf(out,
			"--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
			"%.*s\r\n",
			boundary,
			whole  ? wide ? "message/global" : "message/rfc822"
			: wide ? "message/global-headers"
			       : "text/rfc822-headers",
			SLICE_ARG(whole ? r->message : header));
	strbuf_printf(out, "--%s--\r\n", boundary);
}

void report_write(struct strbuf *out, const struct report *r)
{
	char boundary[40];

	snprintf(boundary, sizeof(boundary), "=_%016llx%016llx", (unsigned long long)rand_u64(),
		(unsigned long long)rand_u64());
	write_head(out, r, boundary);
	write_text(out, r, boundary);
	write_status(out, r, boundary);
	write_message(out, r, boundary);
}
