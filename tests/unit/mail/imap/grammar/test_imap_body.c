/*
 * test_imap_body.c: ENVELOPE, BODY and BODYSTRUCTURE as RFC 3501 section 7.4.2 words them.
 */
#include "imap/grammar/imap_body.h"
#include "imap/grammar/imap_string.h"
#include "mail/imap/grammar/imap_grammar.h"
#include "mail/mime/mime_test.h"

static void check_envelope(const char *header, const char *expected)
{
	struct arena *a = arena_new();
	struct strbuf out = { 0 };

	imap_write_envelope(&out, a, slice_str(header));
	CK_TEXT(strbuf_slice(&out), expected);
	ck_assert(grammar_envelope(strbuf_slice(&out)));
	strbuf_free(&out);
	arena_free(&a);
}

static void check_body(const char *message, bool extended, const char *expected)
{
	struct arena *a = arena_new();
	struct strbuf out = { 0 };
	size_t leaves;

	imap_write_body(
		&out, mime_structure_parse(a, slice_str(message), imap_write_envelope), extended);
	CK_TEXT(strbuf_slice(&out), expected);
	ck_assert(grammar_body(strbuf_slice(&out), extended, &leaves));
	strbuf_free(&out);
	arena_free(&a);
}

START_TEST(strings)
{
	struct strbuf out = { 0 };

	imap_write_string(&out, SLICE("a \"b\" \\"));
	imap_write_string(&out, SLICE(""));
	imap_write_string(&out, SLICE("\xC3\xA9"));
	imap_write_string(&out, SLICE("a\rb"));
	imap_write_string(&out, SLICE("a\0b\0"));
	imap_write_nstring(&out, SLICE(""));
	imap_write_nstring(&out, (struct slice){ NULL, 0 });
	CK_TEXT(strbuf_slice(&out),
		"\"a \\\"b\\\" \\\\\"\"\"{2}\r\n\xC3\xA9{3}\r\na\rb{2}\r\nab\"\"NIL");
	strbuf_free(&out);
}
END_TEST

START_TEST(envelopes)
{
	/* the example of RFC 3501 section 8 */
	check_envelope("Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
		       "From: Terry Gray <gray@cac.washington.edu>\r\n"
		       "Subject: IMAP4rev1 WG mtg summary and minutes\r\n"
		       "To: imap@cac.washington.edu\r\n"
		       "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n"
		       "Message-Id: <B27397-0100000@cac.washington.edu>\r\n"
		       "MIME-Version: 1.0\r\nContent-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n",
		"(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev1 WG mtg summary and "
		"minutes\" "
		"((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
		"((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
		"((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
		"((NIL NIL \"imap\" \"cac.washington.edu\")) "
		"((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" "
		"\"MIT.EDU\")) "
		"NIL NIL \"<B27397-0100000@cac.washington.edu>\")");
	check_envelope("", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
	/* there and empty is not the same as not there */
	check_envelope("Date:\nSubject: \nFrom: \nIn-Reply-To:\nMessage-ID:\n",
		"(\"\" \"\" NIL NIL NIL NIL NIL NIL \"\" \"\")");
	/* empty Sender and Reply-To stand for From; the first Subject counts, all To fields do */
	check_envelope(
		"Subject: 1\nSubject: 2\nFrom: a@b\nSender: \nReply-To: c@d\nTo: e@f\nTo: g@h\n",
		"(NIL \"1\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"c\" "
		"\"d\")) "
		"((NIL NIL \"e\" \"f\")(NIL NIL \"g\" \"h\")) NIL NIL NIL NIL)");
	/* groups, a route, no host, 8-bit text, a fold */
	check_envelope("From: <@r:u@d>\nTo: g: a@b, root;\nSubject: x\n =?utf-8?Q?y?=\n \xE9\n",
		"(NIL {17}\r\nx =?utf-8?Q?y?= \xE9 ((NIL \"@r\" \"u\" \"d\")) ((NIL \"@r\" \"u\" "
		"\"d\")) "
		"((NIL \"@r\" \"u\" \"d\")) "
		"((NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL \"root\" \"\")(NIL NIL NIL "
		"NIL)) "
		"NIL NIL NIL NIL)");
}
END_TEST

START_TEST(single_parts)
{
	check_body("\r\nx\r\ny\r\n", true,
		"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 6 2 NIL NIL NIL "
		"NIL)");
	check_body("\r\nx\r\ny\r\n", false,
		"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 6 2)");
	check_body("Content-Type: image/gif\nContent-Transfer-Encoding: x-strange\n\nabc", true,
		"(\"image\" \"gif\" NIL NIL NIL \"x-strange\" 3 NIL NIL NIL NIL)");
	check_body("Content-Type: a/b; x=\"y\\\"\"\nContent-ID: <i>\nContent-Description: d\n"
		   "Content-MD5: m\nContent-Disposition: inline; filename=f\nContent-Language: en, "
		   "de\n"
		   "Content-Location: l\n\n",
		true,
		"(\"a\" \"b\" (\"x\" \"y\\\"\") \"<i>\" \"d\" \"7BIT\" 0 \"m\" (\"inline\" "
		"(\"filename\" "
		"\"f\")) (\"en\" \"de\") \"l\")");
	check_body("Content-Disposition: attachment\n\n", true,
		"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 0 0 NIL "
		"(\"attachment\" "
		"NIL) NIL NIL)");
}
END_TEST

START_TEST(multiparts)
{
	/* the shape of RFC 3501 section 7.4.2's example */
	check_body("Content-Type: MULTIPART/MIXED; boundary=o\n\n--o\nContent-Type: TEXT/PLAIN; "
		   "CHARSET=US-ASCII\n\n1\n2\n\n--o\nContent-Type: TEXT/PLAIN; CHARSET=US-ASCII; "
		   "NAME=cc.diff\nContent-ID: <960723163407@cac.washington.edu>\n"
		   "Content-Description: Compiler diff\nContent-Transfer-Encoding: "
		   "BASE64\n\nYQ==\n--o--\n",
		false,
		"((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 4 2)(\"TEXT\" "
		"\"PLAIN\" "
		"(\"CHARSET\" \"US-ASCII\" \"NAME\" \"cc.diff\") "
		"\"<960723163407@cac.washington.edu>\" "
		"\"Compiler diff\" \"BASE64\" 4 0) \"MIXED\")");
	check_body("Content-Type: multipart/mixed; boundary=o\nContent-Language: "
		   "en\n\n--o\n\nx\n--o--\n",
		true,
		"((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 1 0 NIL NIL NIL "
		"NIL) "
		"\"mixed\" (\"boundary\" \"o\") NIL (\"en\") NIL)");
	/* a multipart without parts has one all the same: the grammar wants it */
	check_body("Content-Type: multipart/mixed; boundary=o\n\n", false,
		"((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 0 0) \"mixed\")");
}
END_TEST

START_TEST(nested_messages)
{
	check_body("Content-Type: message/rfc822\n\nSubject: in\nFrom: a@b\n\nx\ny\n", false,
		"(\"message\" \"rfc822\" NIL NIL NIL \"7BIT\" 27 (NIL \"in\" ((NIL NIL \"a\" "
		"\"b\")) ((NIL "
		"NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL) (\"text\" "
		"\"plain\" "
		"(\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 4 2) 5)");
	/* joined parameters (RFC 2231 section 6) */
	check_body("Content-Type: a/b; n*0*=utf-8''%C3; n*1=\"x y\"\n\n", false,
		"(\"a\" \"b\" (\"n*\" \"utf-8''%C3x%20y\") NIL NIL \"7BIT\" 0)");
}
END_TEST

TEST_MAIN("mime imap fetch", strings, envelopes, single_parts, multiparts, nested_messages)
