/*
 * report.c: delivery status notifications (RFC 3464) in the envelope of RFC 6522: a text for people, the
 * same for programs, and the header of the mail they are about. Pure; bounded by the batch (BATCH_MAX
 * recipients, BATCH_HEADER_MAX bytes of header).
 *
 * A report is from nobody ("<>"), so none is ever written on one.
 */
#include <stdio.h>

#include "hearth/rand.h"
#include "mime/date.h"
#include "queue/internal.h"

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

bool report_is_due(const struct mail_batch_recipient *r)
{
	if (r->outcome == OUTCOME_FAILED)
		return !r->row.notify || r->row.notify & MAIL_NOTIFY_FAILURE;
	return r->outcome == OUTCOME_DEFERRED && r->warn;
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

static void write_head(struct strbuf *out, const struct mail_batch *b, const char *host,
	int64_t now_s, const char *boundary)
{
	bool failed = false;

	for (size_t i = 0; i < b->count; i++)
		failed |= report_is_due(&b->recipients[i]) &&
			  b->recipients[i].outcome == OUTCOME_FAILED;
	strbuf_adds(out, "Date: ");
	mime_date_write(out, now_s);
	strbuf_printf(out,
		"\r\nFrom: Mail delivery <postmaster@%s>\r\nTo: <%.*s>\r\nSubject: %s\r\n"
		"Message-ID: <%016llx%016llx@%s>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: "
		"1.0\r\n"
		"Content-Type: multipart/report; "
		"report-type=delivery-status;\r\n\tboundary=\"%s\"\r\n\r\n",
		host, SLICE_ARG(b->outgoing.mail_from),
		failed ? "Your mail could not be delivered" : "Your mail is late",
		(unsigned long long)rand_u64(), (unsigned long long)rand_u64(), host, boundary);
}

static void write_text(
	struct strbuf *out, const struct mail_batch *b, const char *host, const char *boundary)
{
	strbuf_printf(out,
		"--%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: 8bit\r\n\r\n"
		"This is the mail server %s.\r\n\r\n",
		boundary, host);
	for (size_t i = 0; i < b->count; i++) {
		const struct mail_batch_recipient *r = &b->recipients[i];

		if (!report_is_due(r))
			continue;
		strbuf_printf(out, "Your mail to %.*s %s:\r\n", SLICE_ARG(r->row.recipient),
			r->outcome == OUTCOME_FAILED
				? "could not be delivered, and nothing more is tried"
				: "could not be delivered yet; it is tried again and again, and "
				  "nothing is "
				  "to be done by you");
		if (b->host[0])
			strbuf_printf(out, "    %s says: ", b->host);
		else
			strbuf_adds(out, "    ");
		if (r->code)
			strbuf_printf(out, "%d ", r->code);
		if (r->enhanced[0])
			strbuf_printf(out, "%s ", r->enhanced);
		add_line(out, r->answer);
		strbuf_adds(out, "\r\n\r\n");
	}
}

/* RFC 3464 section 2.2 and 2.3. */
static void write_status(
	struct strbuf *out, const struct mail_batch *b, const char *host, const char *boundary)
{
	strbuf_printf(out,
		"--%s\r\nContent-Type: message/%sdelivery-status\r\n\r\n"
		"Reporting-MTA: dns; %s\r\n",
		boundary, b->outgoing.utf8 ? "global-" : "", host);
	if (b->outgoing.envid.n)
		strbuf_printf(out, "Original-Envelope-Id: %.*s\r\n", SLICE_ARG(b->outgoing.envid));
	strbuf_adds(out, "Arrival-Date: ");
	mime_date_write(out, b->outgoing.queued_ms / 1000);
	strbuf_adds(out, "\r\n");
	for (size_t i = 0; i < b->count; i++) {
		const struct mail_batch_recipient *r = &b->recipients[i];
		bool failed = r->outcome == OUTCOME_FAILED;

		if (!report_is_due(r))
			continue;
		strbuf_adds(out, "\r\n");
		if (r->row.orcpt.n)
			strbuf_printf(out, "Original-Recipient: %.*s\r\n", SLICE_ARG(r->row.orcpt));
		strbuf_printf(out, "Final-Recipient: %s; %.*s\r\nAction: %s\r\nStatus: %s\r\n",
			b->outgoing.utf8 ? "utf-8" : "rfc822", SLICE_ARG(r->row.recipient),
			failed ? "failed" : "delayed",
			r->enhanced[0] ? r->enhanced
			: failed       ? "5.0.0"
				       : "4.0.0");
		if (r->code) {
			strbuf_printf(out, "Remote-MTA: dns; %s\r\nDiagnostic-Code: smtp; %d ",
				b->host, r->code);
			if (r->enhanced[0])
				strbuf_printf(out, "%s ", r->enhanced);
			add_line(out, r->answer);
			strbuf_adds(out, "\r\n");
		}
		if (!failed) {
			strbuf_adds(out, "Will-Retry-Until: ");
			mime_date_write(out, b->outgoing.expires_ms / 1000);
			strbuf_adds(out, "\r\n");
		}
	}
	strbuf_adds(out, "\r\n");
}

static void write_header(struct strbuf *out, const struct mail_batch *b, const char *boundary)
{
	struct slice header = strbuf_slice(&b->header);
	ptrdiff_t end = slice_find(header, SLICE("\r\n\r\n"));

	if (header.n > 0)
		strbuf_printf(out,
			"--%s\r\nContent-Type: text/rfc822-headers\r\n"
			"Content-Transfer-Encoding: 8bit\r\n\r\n%.*s\r\n",
			boundary,
			SLICE_ARG(end >= 0 ? slice_head(header, (size_t)end + 2) : header));
	strbuf_printf(out, "--%s--\r\n", boundary);
}

void report_write(
	struct strbuf *out, const struct mail_batch *b, const char *hostname, int64_t now_s)
{
	char boundary[40];

	snprintf(boundary, sizeof(boundary), "=_%016llx%016llx", (unsigned long long)rand_u64(),
		(unsigned long long)rand_u64());
	write_head(out, b, hostname, now_s, boundary);
	write_text(out, b, hostname, boundary);
	write_status(out, b, hostname, boundary);
	write_header(out, b, boundary);
}
