/*
 * Reports (RFC 3464, RFC 6533): what is said of whom, and that no answer of another server can forge a line.
 */
#include "harness.h"
#include "queue/internal.h"

static struct strbuf text;

static bool has(const char *what)
{
	return slice_find(strbuf_slice(&text), slice_str(what)) >= 0;
}

static void write(const struct report_recipient *r, size_t n, const char *message, bool whole)
{
	strbuf_free(&text);
	report_write(&text, &(struct report){ .hostname = "mail.here.test",
				    .to = SLICE("ann@here.test"),
				    .envid = SLICE("e+2B1"),
				    .until_s = 86400,
				    .host = "mx.example.org",
				    .message = slice_str(message),
				    .whole = whole,
				    .recipients = r,
				    .count = n });
}

#define MESSAGE "Subject: hello\r\nTo: x\r\n\r\nsecret"

/* A code that says the contrary of the answer is none. */
START_TEST(a_status_fits_what_became_of_it)
{
	static const struct {
		enum report_action action;
		const char *enhanced, *status;
	} cases[] = {
		{ REPORT_FAILED, "2.1.1", "Status: 5.0.0\r\n" },
		{ REPORT_DELAYED, "2.0.0", "Status: 4.0.0\r\n" },
		{ REPORT_RELAYED, "5.1.1", "Status: 2.0.0\r\n" },
		{ REPORT_FAILED, "4.4.7", "Status: 4.4.7\r\n" }, /* tried for days */
		{ REPORT_RELAYED, "2.1.5", "Status: 2.1.5\r\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct report_recipient r = { .address = SLICE("a@x.test"),
			.action = cases[i].action,
			.enhanced = cases[i].enhanced,
			.answer = SLICE("x") };

		write(&r, 1, MESSAGE, false);
		ck_assert_msg(has(cases[i].status), "%s", cases[i].status);
	}
	strbuf_free(&text);
}
END_TEST

START_TEST(one_failed_and_one_late)
{
	const struct report_recipient r[] = {
		{ .address = SLICE("a@x.test"),
			.orcpt = SLICE("rfc822;old+2Bone@x.test"),
			.action = REPORT_FAILED,
			.code = 550,
			.enhanced = "5.1.1",
			.answer = SLICE("nobody\nof that name") },
		{ .address = SLICE("b@x.test"),
			.action = REPORT_DELAYED,
			.enhanced = "",
			.answer = SLICE("no answer") },
	};

	write(r, 2, MESSAGE, false);
	ck_assert(has("Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nFrom: Mail delivery "
		      "<postmaster@mail.here.test>\r\n"
		      "To: <ann@here.test>\r\nSubject: Your mail could not be delivered\r\n"));
	ck_assert(has("Auto-Submitted: auto-replied\r\n"));
	ck_assert(has("report-type=delivery-status;"));
	ck_assert(has("Original-Envelope-Id: e+1\r\n"));
	ck_assert(has(
		"Original-Recipient: rfc822;old+one@x.test\r\nFinal-Recipient: rfc822; a@x.test\r\n"
		"Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.example.org\r\n"
		"Diagnostic-Code: smtp; 550 5.1.1 nobody / of that name\r\n"));
	ck_assert(has("Final-Recipient: rfc822; b@x.test\r\nAction: delayed\r\nStatus: 4.0.0\r\n"
		      "Will-Retry-Until: Fri, 2 Jan 1970 00:00:00 +0000\r\n"));
	ck_assert(has("Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
		      "Subject: hello\r\nTo: x\r\n\r\n--=_"));
	ck_assert(!has("secret"));
}
END_TEST

START_TEST(all_comes_back_only_with_what_failed)
{
	struct report_recipient r = {
		.address = SLICE("b@x.test"), .action = REPORT_FAILED, .enhanced = ""
	};

	write(&r, 1, MESSAGE, true);
	ck_assert(has("Content-Type: message/rfc822\r\n") && has("secret"));
	r.action = REPORT_DELAYED;
	write(&r, 1, MESSAGE, true);
	ck_assert(has("Subject: Your mail is late\r\n") && !has("secret"));
	write(&r, 1, "", false);
	ck_assert(!has("rfc822-headers"));
}
END_TEST

START_TEST(what_went_well)
{
	struct report_recipient r = { .address = SLICE("b@x.test"),
		.action = REPORT_RELAYED,
		.code = 250,
		.enhanced = "2.0.0",
		.answer = SLICE("taken") };

	write(&r, 1, MESSAGE, false);
	ck_assert(has("Subject: Your mail was handed on\r\n"));
	ck_assert(has("Action: relayed\r\nStatus: 2.0.0\r\nRemote-MTA: dns; mx.example.org\r\n"));
	r = (struct report_recipient){
		.address = SLICE("b@x.test"), .action = REPORT_DELIVERED, .enhanced = ""
	};
	write(&r, 1, MESSAGE, false);
	ck_assert(has("Subject: Your mail was delivered\r\n"));
	ck_assert(has("Action: delivered\r\nStatus: 2.0.0\r\n") && !has("Remote-MTA"));
	r.action = REPORT_EXPANDED;
	write(&r, 1, MESSAGE, false);
	ck_assert(has("Action: expanded\r\nStatus: 2.0.0\r\n"));
}
END_TEST

START_TEST(addresses_beyond_ascii)
{
	struct report_recipient r[] = {
		{ .address = SLICE("zo\xc3\xab@x.test"),
			.orcpt = SLICE("utf-8;zo\\x{EB}@x.test"),
			.action = REPORT_FAILED,
			.enhanced = "" },
		{ .address = SLICE("b@x.test"), .action = REPORT_FAILED, .enhanced = "" },
	};

	write(r, 2, "Subject: h\xc3\xa9\r\n\r\nbody", false);
	ck_assert(has("report-type=global-delivery-status;"));
	ck_assert(has("Content-Type: message/global-delivery-status\r\n"
		      "Content-Transfer-Encoding: 8bit\r\n"));
	ck_assert(has("Original-Recipient: utf-8;zo\\x{EB}@x.test\r\n"
		      "Final-Recipient: utf-8; zo\xc3\xab@x.test\r\n"));
	ck_assert(has("Final-Recipient: rfc822; b@x.test\r\n"));
	ck_assert(has("Content-Type: message/global-headers\r\n") && !has("body"));
	/* The address is ASCII: so is the report, whatever the header. */
	write(&r[1], 1, "Subject: h\xc3\xa9\r\n\r\nbody", true);
	ck_assert(has("Content-Type: message/delivery-status\r\n"));
	ck_assert(has("Content-Type: message/global\r\n") && has("body"));
}
END_TEST

START_TEST(nothing_that_was_sent_forges_a_line)
{
	struct report_recipient r = { .address = SLICE("a@x.test"),
		.orcpt = SLICE("rfc822;a+0D+0AAction:+20delivered"),
		.action = REPORT_FAILED,
		.code = 550,
		.enhanced = "",
		.answer = SLICE("no\nAction: delivered\n\n--=_x") };

	write(&r, 1, MESSAGE, false);
	ck_assert(has("Diagnostic-Code: smtp; 550 no / Action: delivered /  / --=_x\r\n"));
	ck_assert(has("Original-Recipient: rfc822;a??Action: delivered\r\n"));
	ck_assert(!has("\r\nAction: delivered"));
}
END_TEST

START_TEST(who_is_told)
{
	struct mail_batch b = { .passed_on = false };
	struct mail_batch_recipient r = { .outcome = OUTCOME_FAILED };

	ck_assert(mail_batch_tells(&b, &r));
	r.row.notify = MAIL_NOTIFY_NEVER;
	ck_assert(!mail_batch_tells(&b, &r));
	r.row.notify = MAIL_NOTIFY_SUCCESS;
	ck_assert(!mail_batch_tells(&b, &r));
	r.outcome = OUTCOME_SENT;
	ck_assert(mail_batch_tells(&b, &r));
	b.passed_on = true; /* the next server reports */
	ck_assert(!mail_batch_tells(&b, &r));
	b.passed_on = false;
	r.row.notify = 0;
	ck_assert(!mail_batch_tells(&b, &r));
	r.outcome = OUTCOME_DEFERRED;
	ck_assert(!mail_batch_tells(&b, &r));
	r.warn = true;
	ck_assert(mail_batch_tells(&b, &r));
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
	strbuf_free(&text);
}
END_TEST

TEST_MAIN("report", one_failed_and_one_late, a_status_fits_what_became_of_it,
	all_comes_back_only_with_what_failed, what_went_well, addresses_beyond_ascii,
	nothing_that_was_sent_forges_a_line, who_is_told, words_of_notify)
