/*
 * test_section.c: BODY[…] sections, with the part numbers of RFC 3501 section 6.4.5.
 */
#include "imap/grammar/imap_string.h"
#include "mail/mime/mime_test.h"
#include "mail/mime/section_text.h"

static struct arena *a;

static void check_section(const char *message, const char *section, const char *expected)
{
	struct slice m = slice_str(message), out = { NULL, 0 };
	struct mime_section s;
	int rc = section_of(a, section, &s);

	if (!rc)
		rc = section_get(a, m, mime_structure_parse(a, m, imap_write_envelope), &s, &out);
	if (!expected && rc == HEARTH_ENOTFOUND)
		return;
	if (rc || !expected || !slice_eq(out, slice_str(expected)))
		ck_abort_msg("[%s] gave %d \"%.*s\"", section, rc, SLICE_ARG(out));
}

/* A tree with every kind of nesting. */
static const char mixed[] = "From: a@b\n"
			    "Content-Type: multipart/mixed; boundary=\"foo\n bar\"\n"
			    "\n"
			    "prologue\n"
			    "--foo bar\n"
			    "Content-Type: text/x-myown\n"
			    "\n"
			    "hello\n"
			    "\n"
			    "--foo bar\n"
			    "Content-Type: message/rfc822\n"
			    "\n"
			    "From: sub@domain.org\n"
			    "Date: Sun, 12 Aug 2012\n"
			    " 12:34:56 +0300\n"
			    "Content-Type: multipart/alternative; boundary=\"sub1\"\n"
			    "\n"
			    "sub prologue\n"
			    "--sub1\n"
			    "Content-Type: text/html\n"
			    "\n"
			    "<p>Hello</p>\n"
			    "\n"
			    "--sub1\n"
			    "\n"
			    "Hello another\n"
			    "--sub1--\n"
			    "sub epilogue\n"
			    "\n"
			    "--foo bar--\n"
			    "epilogue\n";

START_TEST(nested)
{
	a = arena_new();
	check_section(mixed, "", mixed);
	check_section(mixed, "1", "hello\n");
	check_section(mixed, "1.MIME", "Content-Type: text/x-myown\n\n");
	check_section(mixed, "HEADER",
		"From: a@b\nContent-Type: multipart/mixed; boundary=\"foo\n bar\"\n\n");
	check_section(mixed, "2.header",
		"From: sub@domain.org\nDate: Sun, 12 Aug 2012\n 12:34:56 +0300\n"
		"Content-Type: multipart/alternative; boundary=\"sub1\"\n\n");
	check_section(mixed, "2.mime", "Content-Type: message/rfc822\n\n");
	check_section(mixed, "2.HEADER.FIELDS (date X-foo)",
		"Date: Sun, 12 Aug 2012\n 12:34:56 +0300\n\n");
	check_section(mixed, "2.HEADER.FIELDS.NOT (\"Date\" from)",
		"Content-Type: multipart/alternative; boundary=\"sub1\"\n\n");
	check_section(mixed, "2.TEXT",
		"sub prologue\n--sub1\nContent-Type: text/html\n\n<p>Hello</p>\n\n--sub1\n\n"
		"Hello another\n--sub1--\nsub epilogue\n");
	check_section(mixed, "2.1", "<p>Hello</p>\n");
	check_section(mixed, "2.1.MIME", "Content-Type: text/html\n\n");
	check_section(mixed, "2.2", "Hello another");
	check_section(mixed, "2.2.MIME", "\n");
	check_section(mixed, "HEADER.FIELDS (X)", "\n");
	check_section(mixed, "HEADER.FIELDS.NOT (from content-type)", "\n");
	check_section(mixed, "TEXT", strstr(mixed, "prologue"));
	/* not there */
	check_section(mixed, "3", NULL);
	check_section(mixed, "4294967295", NULL);
	check_section(mixed, "1.1", NULL);
	check_section(mixed, "1.TEXT", NULL);
	check_section(mixed, "1.HEADER", NULL);
	check_section(mixed, "2.3", NULL);
	check_section(mixed, "2.1.1", NULL);
	arena_free(&a);
}
END_TEST

START_TEST(single)
{
	static const char m[] = "Subject: x\n\nbody\n";

	a = arena_new();
	check_section(m, "1", "body\n");
	check_section(m, "TEXT", "body\n");
	check_section(m, "1.MIME", "Subject: x\n\n");
	check_section(m, "2", NULL);
	check_section(m, "1.1", NULL);
	check_section(m, "1.TEXT", NULL);
	/* a header without an empty line has none in its subsets either */
	check_section("Subject: x\n", "HEADER.FIELDS (Subject)", "Subject: x\n");
	check_section("Subject: x\n", "HEADER.FIELDS (From)", "");
	check_section("", "", "");
	check_section("", "1", "");
	/* lines that are no fields */
	check_section("From x y\nSubject: x\n\n", "HEADER.FIELDS.NOT (subject)", "From x y\n\n");
	arena_free(&a);
}
END_TEST

/* A message in a message in a message, none of them multipart. */
START_TEST(messages_in_messages)
{
	static const char m[] = "Subject: 1\nContent-Type: message/rfc822\n\nSubject: 2\n"
				"Content-Type: message/rfc822\n\nSubject: 3\n\nHello\n";
	static const char m2[] =
		"Subject: 2\nContent-Type: message/rfc822\n\nSubject: 3\n\nHello\n";

	a = arena_new();
	check_section(m, "TEXT", m2);
	check_section(m, "1", m2);
	check_section(m, "1.HEADER", "Subject: 2\nContent-Type: message/rfc822\n\n");
	check_section(m, "1.TEXT", "Subject: 3\n\nHello\n");
	check_section(m, "1.1", "Subject: 3\n\nHello\n");
	check_section(m, "1.1.HEADER", "Subject: 3\n\n");
	check_section(m, "1.1.MIME", "Subject: 2\nContent-Type: message/rfc822\n\n");
	check_section(m, "1.1.TEXT", "Hello\n");
	check_section(m, "1.1.1", "Hello\n");
	check_section(m, "1.1.1.1", NULL);
	check_section(m, "1.2", NULL);
	arena_free(&a);
}
END_TEST

START_TEST(digest)
{
	static const char m[] =
		"Content-Type: message/rfc822\n\nContent-Type: multipart/digest; "
		"boundary=foo\n\nprologue\n--foo \n\nSubject: m1\n\nm1 body\n\n--foo\n"
		"X-Mime: m2\n\nSubject: m2\n\nm2 body\n--foo--\n\nepilogue\n\n";

	a = arena_new();
	check_section(m, "1.1", "Subject: m1\n\nm1 body\n");
	check_section(m, "1.1.MIME", "\n");
	check_section(m, "1.1.HEADER", "Subject: m1\n\n");
	check_section(m, "1.1.TEXT", "m1 body\n");
	check_section(m, "1.1.1", "m1 body\n");
	check_section(m, "1.2.MIME", "X-Mime: m2\n\n");
	check_section(m, "1.2.HEADER.FIELDS (SUBJECT)", "Subject: m2\n\n");
	check_section(m, "1.2.TEXT", "m2 body");
	arena_free(&a);
}
END_TEST

START_TEST(texts_of_sections)
{
	static const char *const bad[] = { "0", "01x", "1.", "1..2", ".1", "1.HEADERS", "MIME",
		"TEXT ", "HEADER.FIELDS", "HEADER.FIELDS ()", "HEADER.FIELDS (a",
		"HEADER.FIELDS a)", "HEADER.FIELDS (a  b)", "HEADER.FIELDS (a )",
		"HEADER.FIELDS (a(b)", "4294967296", "99999999999999999999", "1.HEADER.FIELDS.NOT",
		"BODY", "1 ", "HEADER.FIELDS (\"a)" };
	struct mime_section s;
	struct strbuf deep = { 0 };

	a = arena_new();
	for (size_t i = 0; i < COUNT(bad); i++)
		if (section_of(a, bad[i], &s) != HEARTH_EINVAL)
			ck_abort_msg("[%s] was taken", bad[i]);
	ck_assert_int_eq(section_of(a, "1.22.hEADER.fIELDS.nOT (a \"b\\\" c\" D)", &s), 0);
	ck_assert_int_eq(s.kind, MIME_SECTION_FIELDS_NOT);
	ck_assert_uint_eq(s.path_n, 2);
	ck_assert_uint_eq(s.path[1], 22);
	ck_assert_uint_eq(s.fields.n, 3);
	CK_TEXT(s.fields.v[1], "b\" c");
	for (int i = 0; i <= MIME_DEPTH_MAX; i++)
		strbuf_adds(&deep, "1.");
	strbuf_adds(&deep, "1");
	ck_assert_int_eq(section_of(a, deep.p, &s), HEARTH_EINVAL);
	strbuf_free(&deep);
	arena_free(&a);
}
END_TEST

TEST_MAIN("mime section", nested, single, messages_in_messages, digest, texts_of_sections)
