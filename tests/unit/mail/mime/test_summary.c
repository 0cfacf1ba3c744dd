/*
 * test_summary.c: dates, message ids, attachments, previews.
 */
#include "hearth/error.h"
#include "hearth/text.h"
#include "imap/grammar/imap_string.h"
#include "mail/mime/mime_test.h"
#include "mime/summary.h"

static const struct {
	const char *text;
	int64_t unix_s;
	int zone_minutes;
} dates[] = {
	{ "Fri, 21 Nov 1997 09:55:06 -0600", 880127706, -360 },
	{ "Tue, 1 Jul 2003 10:52:37 +0200", 1057049557, 120 },
	{ "Thu, 13 Feb 1969 23:32:54 -0330", -27723426, -210 },
	{ "Thu,\n 13\n  Feb\n 1969\n 23:32\n -0330 (Newfoundland Time)", -27723480, -210 },
	{ "21 Nov 97 09:55:06 GMT", 880106106, 0 },
	{ "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", 880127706, -360 },
	{ "21 Nov 97 09:55:06 EST", 880124106, -300 }, { "21 Nov 97 09:55:06 Z", 880106106, 0 },
	{ "21 Nov 97 09:55:06 XYZ", 880106106, 0 }, { "21 Nov 97 09:55", 880106100, 0 },
	{ "21 Nov 1997", 880070400, 0 }, { "1 Jan 49 00:00:00 +0000", 2493072000, 0 },
	{ "1 Jan 50 00:00:00 +0000", -631152000, 0 }, { "1 Jan 103 00:00:00 +0000", 1041379200, 0 },
	{ "Thu Aug 22 12:36:23 2002", 1030019783, 0 },
	{ "Thu Aug 22 12:36:23 PDT 2002", 1030044983, -420 },
	{ "Thursday, 22-Aug-02 12:36:23 GMT", 1030019783, 0 },
	{ "2002-08-22T12:36:23+02:00", 1030012583, 120 },
	{ "2002-08-22 12:36:23.123Z", 1030019783, 0 },
	{ "22 August 2002 12:36:23 PM", 1030019783, 0 },
	{ "22 Aug 2002 11:00:00 PM -0100", 1030060800, -60 },
	{ "22 Aug 2002 12:00:00 AM", 1029974400, 0 },
	{ "Fri, 20 Sep 2002 12:15:37 GMT+1", 1032520537, 60 },
	{ "29 Feb 2000 23:59:60 +0000", 951868800, 0 },
	{ "1 Mar 2000 00:00:00 +9999", 951868800, 0 }, /* no such zone */
};

START_TEST(good_dates)
{
	struct mime_date date;

	for (size_t i = 0; i < COUNT(dates); i++) {
		if (mime_date_parse(slice_str(dates[i].text), &date))
			ck_abort_msg("%s was refused", dates[i].text);
		if (date.unix_s != dates[i].unix_s || date.zone_minutes != dates[i].zone_minutes)
			ck_abort_msg("%s gave %lld, %d", dates[i].text, (long long)date.unix_s,
				date.zone_minutes);
	}
}
END_TEST

START_TEST(bad_dates)
{
	static const char *const bad[] = { "", "yesterday", "12:00", "32 Jan 2000 00:00:00 +0000",
		"0 Jan 2000", "1 Foo 2000", "1 Jan 2000 25:00", "1 Jan 2000 12:60", "Jan 2000",
		"1 2 3", "1 Jan 99999", "99999999999999999999 Jan 1", "2000-13-01", "((((" };
	struct mime_date date;

	for (size_t i = 0; i < COUNT(bad); i++)
		if (mime_date_parse(slice_str(bad[i]), &date) != HEARTH_EINVAL)
			ck_abort_msg("%s was taken", bad[i]);
}
END_TEST

/* What is written is read as the same moment. */
START_TEST(dates_written)
{
	static const struct {
		int64_t unix_s;
		const char *text;
	} moments[] = {
		{ 0, "Thu, 1 Jan 1970 00:00:00 +0000" },
		{ 1136214245, "Mon, 2 Jan 2006 15:04:05 +0000" },
		{ 4107542399, "Sun, 28 Feb 2100 23:59:59 +0000" },
	};

	for (size_t i = 0; i < COUNT(moments); i++) {
		struct strbuf out = { 0 };
		struct mime_date date;

		mime_date_write(&out, moments[i].unix_s);
		ck_assert_int_eq(mime_date_parse(strbuf_slice(&out), &date), 0);
		ck_assert_int_eq(date.unix_s, moments[i].unix_s);
		ck_assert_int_eq(date.zone_minutes, 0);
		CK_TEXT(strbuf_slice(&out), moments[i].text);
		strbuf_free(&out);
	}
}
END_TEST

START_TEST(message_ids)
{
	struct arena *a = arena_new();
	struct strbuf many = { 0 };
	struct mime_strings ids;

	ids = mime_message_ids(a, SLICE("<a@b> junk <c@d><e f> <> <g@h\xFF> <i <j@k>"));
	ck_assert_uint_eq(ids.n, 3);
	CK_TEXT(ids.v[0], "a@b");
	CK_TEXT(ids.v[1], "c@d");
	CK_TEXT(ids.v[2], "j@k");
	for (int i = 0; i < 1000; i++)
		strbuf_printf(&many, "<%d@x> ", i);
	ids = mime_message_ids(a, strbuf_slice(&many));
	ck_assert_uint_eq(ids.n, MIME_REFERENCES_MAX);
	CK_TEXT(ids.v[0], "0@x");
	CK_TEXT(ids.v[1], "901@x");
	CK_TEXT(ids.v[MIME_REFERENCES_MAX - 1], "999@x");
	strbuf_free(&many);
	arena_free(&a);
}
END_TEST

static struct mime_summary summary_of(struct arena *a, const char *message)
{
	struct slice m = slice_str(message);
	struct mime_summary s;

	mime_summary_of(a, m, mime_structure_parse(a, m, imap_write_envelope), &s);
	return s;
}

START_TEST(fields)
{
	struct arena *a = arena_new();
	struct mime_summary s = summary_of(a,
		"Date: Fri, 21 Nov 1997 09:55:06 -0600\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\n"
		"From: =?iso-8859-1?Q?Andr=E9?= <=?utf-8?Q?x?=@y>\nTo: Friends: a@b;\nCc: c@d\n"
		"Message-ID: <1@x>\nIn-Reply-To: Your message <2@x>\nReferences: <3@x>\n "
		"<2@x>\n\nHi\n");

	CK_TEXT(s.subject, "Gr\xC3\xBC\xC3\x9F"
			   "e");
	CK_TEXT(s.from.v[0].name, "Andr\xC3\xA9");
	CK_TEXT(s.from.v[0].mailbox, "=?utf-8?Q?x?="); /* no encoded words in addresses */
	ck_assert_uint_eq(s.to.n, 3);
	CK_TEXT(s.to.v[0].mailbox, "Friends");
	ck_assert_uint_eq(s.cc.n, 1);
	ck_assert(s.has_date);
	ck_assert_int_eq(s.date.unix_s, 880127706);
	CK_TEXT(s.msgid, "1@x");
	ck_assert_uint_eq(s.in_reply_to.n, 1);
	CK_TEXT(s.in_reply_to.v[0], "2@x");
	ck_assert_uint_eq(s.references.n, 2);
	CK_TEXT(s.references.v[0], "3@x");
	CK_TEXT(s.preview, "Hi");
	s = summary_of(a, "Message-ID: bare@x\n\n");
	CK_TEXT(s.msgid, "bare@x");
	s = summary_of(a, "");
	ck_assert(!s.subject.p && !s.msgid.p && !s.has_date);
	ck_assert_uint_eq(s.preview.n, 0);
	arena_free(&a);
}
END_TEST

START_TEST(previews)
{
	struct arena *a = arena_new();
	struct strbuf m = { 0 };
	struct mime_summary s;

	CK_TEXT(summary_of(a, "\n> quoted\n\nanswer\n  more\n-- \nme\n").preview, "answer more");
	CK_TEXT(summary_of(a, "\n> only quoted\n").preview, "> only quoted");
	CK_TEXT(summary_of(a, "Content-Type: text/html\n\n&#xFEFF;<p>a &zwnj;&#847;&nbsp;&zwnj; "
			      "<b>b</b>&zwnj;c")
			.preview,
		"a b\xE2\x80\x8C"
		"c");
	CK_TEXT(summary_of(a, "Content-Type: multipart/alternative; boundary=o\n\n--o\n"
			      "Content-Type: text/html\n\n<p>html\n--o\n\nplain\n--o--\n")
			.preview,
		"plain");
	CK_TEXT(summary_of(a, "Content-Type: multipart/alternative; boundary=o\n\n--o\n\n \n--o\n"
			      "Content-Type: text/html\n\n<p>html\n--o--\n")
			.preview,
		"html");
	CK_TEXT(summary_of(a, "Content-Type: multipart/mixed; boundary=o\n\n--o\n"
			      "Content-Disposition: attachment\n\nattached\n--o\n\nbody\n--o--\n")
			.preview,
		"body");
	strbuf_adds(&m, "\n");
	for (int i = 0; i < 500; i++)
		strbuf_adds(&m, i % 10 ? "\xE2\x82\xAC" : " ");
	s = summary_of(a, m.p);
	ck_assert(utf8_valid(s.preview));
	ck_assert_uint_le(s.preview.n, 3 * MIME_PREVIEW_MAX);
	ck_assert(s.preview.p[s.preview.n - 1] != ' ');
	strbuf_free(&m);
	arena_free(&a);
}
END_TEST

START_TEST(attachments)
{
	static const struct {
		const char *header;
		size_t attachments;
	} parts[] = {
		{ "", 0 },
		{ "Content-Type: text/html", 0 },
		{ "Content-Type: image/png", 1 },
		{ "Content-Type: text/plain; name=x.txt", 1 },
		{ "Content-Disposition: attachment", 1 },
		{ "Content-Type: application/pgp-signature; name=x.asc", 0 },
		{ "Content-Type: application/pkcs7-signature\nContent-Disposition: attachment", 0 },
		{ "Content-Type: message/delivery-status", 0 },
		{ "Content-Type: message/rfc822", 1 },
		{ "Content-Type: multipart/related; boundary=i\n\n--i\nContent-Type: "
		  "text/html\n\n--i\n"
		  "Content-Type: image/png; name=x\nContent-ID: <x>\n\n--i\nContent-Type: "
		  "image/png\n",
			1 },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < COUNT(parts); i++) {
		char *m = arena_printf(a,
			"Content-Type: multipart/mixed; boundary=o\n\n--o\n%s\n\nx\n--o--",
			parts[i].header);

		if (summary_of(a, m).attachments != parts[i].attachments)
			ck_abort_msg("%s: wrong number of attachments", parts[i].header);
	}
	arena_free(&a);
}
END_TEST

TEST_MAIN("mime summary", dates_written, good_dates, bad_dates, message_ids, fields, previews,
	attachments)
