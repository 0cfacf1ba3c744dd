/*
 * Reports (RFC 3464): who is told what of whom, and that no answer of another server can forge a line.
 */
#include "harness.h"
#include "queue/internal.h"

static struct strbuf text;

static bool has(const char *what)
{
	return slice_find(strbuf_slice(&text), slice_str(what)) >= 0;
}

static void fill(struct mail_batch *b, struct mail_batch_recipient *r, size_t n)
{
	static const char header[] = "Subject: hello\r\nTo: x\r\n\r\nsecret";

	*b = (struct mail_batch){ .recipients = r, .count = n, .host = "mx.example.org" };
	b->outgoing = (struct mail_outgoing){
		.mail_from = SLICE("ann@here.test"), .envid = SLICE("e+2B1"), .expires_ms = 86400000
	};
	strbuf_free(&b->header);
	strbuf_add(&b->header, SLICE(header));
	strbuf_free(&text);
}

START_TEST(one_failed_one_late_and_one_who_is_nobodys_business)
{
	struct mail_batch_recipient r[] = {
		{ .row = { .recipient = SLICE("a@x.test"), .orcpt = SLICE("rfc822;old@x.test") },
			.outcome = OUTCOME_FAILED,
			.code = 550,
			.enhanced = "5.1.1",
			.answer = SLICE("nobody\nof that name") },
		{ .row = { .recipient = SLICE("b@x.test") },
			.outcome = OUTCOME_DEFERRED,
			.warn = true,
			.answer = SLICE("no answer") },
		{ .row = { .recipient = SLICE("c@x.test"), .notify = MAIL_NOTIFY_NEVER },
			.outcome = OUTCOME_FAILED },
		{ .row = { .recipient = SLICE("d@x.test") }, .outcome = OUTCOME_SENT },
	};
	struct mail_batch b;

	fill(&b, r, 4);
	ck_assert(report_is_due(&r[0]) && report_is_due(&r[1]));
	ck_assert(!report_is_due(&r[2]) && !report_is_due(&r[3]));
	report_write(&text, &b, "mail.here.test", 0);
	ck_assert(has("Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nFrom: Mail delivery "
		      "<postmaster@mail.here.test>\r\n"
		      "To: <ann@here.test>\r\nSubject: Your mail could not be delivered\r\n"));
	ck_assert(has("Auto-Submitted: auto-replied\r\n"));
	ck_assert(has("Original-Envelope-Id: e+2B1\r\n"));
	ck_assert(
		has("Original-Recipient: rfc822;old@x.test\r\nFinal-Recipient: rfc822; a@x.test\r\n"
		    "Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.example.org\r\n"
		    "Diagnostic-Code: smtp; 550 5.1.1 nobody / of that name\r\n"));
	ck_assert(has("Final-Recipient: rfc822; b@x.test\r\nAction: delayed\r\nStatus: 4.0.0\r\n"
		      "Will-Retry-Until: Fri, 2 Jan 1970 00:00:00 +0000\r\n"));
	ck_assert(!has("; c@x.test") && !has("; d@x.test"));
	ck_assert(has("Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
		      "Subject: hello\r\nTo: x\r\n\r\n--=_"));
	ck_assert(!has("secret"));
	strbuf_free(&b.header);
	strbuf_free(&text);
}
END_TEST

START_TEST(late_alone)
{
	struct mail_batch_recipient r = {
		.row = { .recipient = SLICE("b@x.test") }, .outcome = OUTCOME_DEFERRED, .warn = true
	};
	struct mail_batch b;

	fill(&b, &r, 1);
	strbuf_free(&b.header);
	report_write(&text, &b, "here.test", 0);
	ck_assert(has("Subject: Your mail is late\r\n") && !has("rfc822-headers"));
	r.warn = false;
	ck_assert(!report_is_due(&r));
	strbuf_free(&text);
}
END_TEST

START_TEST(words_of_notify)
{
	struct arena *a = arena_new();

	ck_assert_ptr_null(mail_notify_words(a, 0));
	ck_assert_str_eq(mail_notify_words(a, MAIL_NOTIFY_NEVER), "NEVER");
	ck_assert_str_eq(mail_notify_words(a, MAIL_NOTIFY_SUCCESS), "SUCCESS");
	ck_assert_str_eq(
		mail_notify_words(a, MAIL_NOTIFY_SUCCESS | MAIL_NOTIFY_DELAY), "SUCCESS,DELAY");
	ck_assert_str_eq(
		mail_notify_words(a, MAIL_NOTIFY_FAILURE | MAIL_NOTIFY_DELAY), "FAILURE,DELAY");
	ck_assert_str_eq(
		mail_notify_words(a, MAIL_NOTIFY_SUCCESS | MAIL_NOTIFY_FAILURE | MAIL_NOTIFY_DELAY),
		"SUCCESS,FAILURE,DELAY");
	arena_free(&a);
}
END_TEST

TEST_MAIN(
	"report", one_failed_one_late_and_one_who_is_nobodys_business, late_alone, words_of_notify)
