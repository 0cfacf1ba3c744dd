/*
 * test_smtp_reply.c: the reply writer and the table of refusals.
 */
#include "harness.h"

#include "smtp/smtp_reply.h"

static struct strbuf out;

static void check(int code, const char *enhanced, const char *text, const char *want)
{
	strbuf_reset(&out);
	smtp_reply_write(&out, code, enhanced, slice_str(text));
	ck_assert_str_eq(out.p, want);
}

START_TEST(lines)
{
	check(250, "2.1.0", "Sender OK", "250 2.1.0 Sender OK\r\n");
	check(354, NULL, "Go ahead", "354 Go ahead\r\n");
	check(250, NULL, "mx.example.org\nPIPELINING\nSIZE 1000",
		"250-mx.example.org\r\n250-PIPELINING\r\n250 SIZE 1000\r\n");
	check(214, "2.0.0", "one\n\ntwo", "214-2.0.0 one\r\n214-2.0.0 \r\n214 2.0.0 two\r\n");
	check(221, NULL, "", "221 \r\n");
	check(221, NULL, NULL, "221 \r\n");
}
END_TEST

START_TEST(no_forged_lines)
{
	check(550, "5.1.1", "who\r250 ok\n250 2.0.0 x\x7f\x1b",
		"550-5.1.1 who?250 ok\r\n550 5.1.1 250 2.0.0 x??\r\n");
}
END_TEST

START_TEST(long_lines)
{
	struct strbuf text = { 0 };
	struct slice rest, line;
	size_t bytes = 0;

	for (int i = 0; i < 300; i++)
		strbuf_adds(&text, "word ");
	for (int i = 0; i < 600; i++)
		strbuf_adds(&text, "ü");
	strbuf_reset(&out);
	smtp_reply_write(&out, 550, "5.7.1", strbuf_slice(&text));
	rest = strbuf_slice(&out);
	while (rest.n) {
		line = slice_split(&rest, '\n');
		ck_assert_uint_le(line.n + 1, SMTP_REPLY_LINE_MAX);
		ck_assert(slice_starts(line, rest.n ? SLICE("550-5.7.1 ") : SLICE("550 5.7.1 ")));
		ck_assert_int_eq(line.p[line.n - 1], '\r');
		ck_assert_int_ne((unsigned char)line.p[10] & 0xc0, 0x80);
		ck_assert_int_ne(line.p[10], ' ');
		bytes += line.n - 11;
	}
	ck_assert_uint_ge(bytes + 10, text.n); /* nothing but spaces at the breaks is gone */
	strbuf_free(&text);
}
END_TEST

START_TEST(formatted)
{
	strbuf_reset(&out);
	smtp_reply_printf(&out, 452, "4.5.3", "Too many recipients, %d at most", 100);
	ck_assert_str_eq(out.p, "452 4.5.3 Too many recipients, 100 at most\r\n");
}
END_TEST

START_TEST(table_is_complete)
{
	for (int e = -1; e >= SMTP_ERROR_MIN; e--) {
		const struct smtp_reply *r = smtp_error_reply(e);

		ck_assert_msg(r->code >= 500 && r->code <= 599 && r->text && r->enhanced, "%d", e);
		ck_assert_int_eq(r->enhanced[0], '5');
		ck_assert_int_eq(r->close, r->code == 521 || e == SMTP_EBDAT);
	}
	ck_assert_int_eq(smtp_error_reply(0)->code, 500);
	ck_assert_int_eq(smtp_error_reply(SMTP_ERROR_MIN - 1)->code, 500);
	ck_assert_int_eq(smtp_error_reply(1)->code, 500);
}
END_TEST

TEST_MAIN("smtp reply", lines, no_forged_lines, long_lines, formatted, table_is_complete)
