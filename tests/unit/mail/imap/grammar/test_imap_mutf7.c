/*
 * test_imap_mutf7.c: modified UTF-7 both ways, and what has another spelling and is refused.
 */
#include "harness.h"

#include "hearth/error.h"
#include "hearth/text.h"
#include "imap/grammar/imap_mutf7.h"

static void check(const char *wire, const char *utf8)
{
	struct strbuf b = { 0 };

	strbuf_adds(&b, "");
	ck_assert_msg(imap_mutf7_decode(&b, slice_str(wire)) == 0, "%s", wire);
	ck_assert_str_eq(b.p, utf8);
	strbuf_reset(&b);
	imap_mutf7_encode(&b, slice_str(utf8));
	ck_assert_str_eq(b.p, wire);
	strbuf_free(&b);
}

START_TEST(both_ways)
{
	check("INBOX", "INBOX");
	check("a&-b", "a&b");
	check("&-", "&");
	check("&AOk-", "é");
	check("&AOk-&-", "é&");
	check("&-&AOk-", "&é");
	check("R&AOk-sum&AOk-s", "Résumés");
	/* RFC 3501 section 5.1.3 */
	check("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語");
	check("&2D3eAA-", "😀");
	check("&2D3eAACp-", "😀©");
	check("&AAk-", "\t");
	check("&AH8-", "\x7f");
	check("&BB8EQAQ4BDIENQRC-, &BDwEOARA-", "Привет, мир");
}
END_TEST

START_TEST(empty)
{
	struct strbuf b = { 0 };

	ck_assert_int_eq(imap_mutf7_decode(&b, SLICE("")), 0);
	imap_mutf7_encode(&b, SLICE(""));
	ck_assert_uint_eq(b.n, 0);
	strbuf_free(&b);
}
END_TEST

START_TEST(refuses)
{
	static const char *const bad[] = {
		"&",          /* not ended */
		"a&b",        /* not ended */
		"&AOk",       /* not ended */
		"&AGE-",      /* "a" needs no shift */
		"&ACY-",      /* nor does "&" */
		"&AOk-&AOk-", /* one shift would do */
		"&AOkA-",     /* bits left over */
		"&AOl-",      /* padding is not 0 */
		"&AA-",       /* half a character */
		"&A-",
		"&AOk/-", /* "/" is "," here */
		"&AO k-",
		"&2D0-", /* half a pair */
		"&3gA-",
		"&2D0AOQ-",
		"&2D3YPQ-",
		"&AAA-",    /* U+0000 */
		"\xc3\xa9", /* 8 bit */
		"a\tb",
		"a\x7f",
	};
	struct strbuf b = { 0 };

	strbuf_adds(&b, "kept");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(
			imap_mutf7_decode(&b, slice_str(bad[i])) == HEARTH_EINVAL, "%s", bad[i]);
		ck_assert_str_eq(b.p, "kept");
	}
	strbuf_free(&b);
}
END_TEST

START_TEST(every_code_point)
{
	struct strbuf utf8 = { 0 }, wire = { 0 }, back = { 0 };

	for (uint32_t c = 1; c < 0x110000; c += c < 0x3000 ? 1 : 257) {
		if (c >= 0xd800 && c < 0xe000)
			continue;
		strbuf_reset(&utf8);
		strbuf_reset(&wire);
		strbuf_reset(&back);
		strbuf_addc(&utf8, 'x');
		utf8_append(&utf8, c);
		strbuf_addc(&utf8, 'y');
		imap_mutf7_encode(&wire, strbuf_slice(&utf8));
		ck_assert_msg(
			imap_mutf7_decode(&back, strbuf_slice(&wire)) == 0, "U+%04X %s", c, wire.p);
		ck_assert_str_eq(back.p, utf8.p);
	}
	strbuf_free(&utf8);
	strbuf_free(&wire);
	strbuf_free(&back);
}
END_TEST

START_TEST(invalid_utf8)
{
	struct strbuf b = { 0 };

	imap_mutf7_encode(&b, SLICE("a\xff"
				    "b"));
	ck_assert_str_eq(b.p, "a&,,0-b");
	strbuf_free(&b);
}
END_TEST

TEST_MAIN("imap mutf7", both_ways, empty, refuses, every_code_point, invalid_utf8)
