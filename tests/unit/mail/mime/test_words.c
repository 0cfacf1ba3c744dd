/*
 * test_words.c: encoded words (RFC 2047) and charsets.
 */
#include <time.h>

#include "hearth/text.h"
#include "mail/mime/mime_test.h"
#include "mime/charset.h"
#include "mime/encoded_word.h"

static const struct {
	const char *text, *expected;
} cases[] = {
	/* RFC 2047 section 8 */
	{ "=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>" },
	{ "=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld J\xC3\xB8rn Simonsen" },
	{ "=?ISO-8859-1?Q?Andr=E9?= Pirard", "Andr\xC3\xA9 Pirard" },
	{ "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= "
	  "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBl"
	  "eGFtcGxlLg==?=",
		"If you can read this you understand the example." },
	{ "=?iso-8859-8?b?7eXs+SDv4SDp7Oj08A==?=",
		"\xD7\x9D\xD7\x95\xD7\x9C\xD7\xA9 \xD7\x9F\xD7\x91 "
		"\xD7\x99\xD7\x9C\xD7\x98\xD7\xA4\xD7\xA0" },
	{ "(=?ISO-8859-1?Q?a?= b)", "(a b)" },
	{ "(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)" },
	{ "(=?ISO-8859-1?Q?a?=   =?ISO-8859-1?Q?b?=)", "(ab)" },
	{ "(=?ISO-8859-1?Q?a_b?=)", "(a b)" },
	{ "(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)" },
	/* RFC 2231 section 5 */
	{ "=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore" },
	/* a character in two words, an escape in lower case, spaces, no space between */
	{ "=?utf-8?Q?=c3?= =?UTF-8?B?qQ==?=", "\xC3\xA9" },
	{ "=?utf-8?Q?a b?=", "a b" },
	{ "x=?utf-8?Q?a?=y", "xay" },
	{ "=?utf-8?B?YQ?=", "a" },
	{ "=?utf-8?q?"
	  "?=",
		"" },
	/* control characters do not get out */
	{ "=?utf-8?Q?a=0D=0ABcc:_x=00y?=", "a  Bcc: x y" },
	/* no encoded words */
	{ "=?utf-8?X?a?=", "=?utf-8?X?a?=" },
	{ "=?utf-8?Q?a", "=?utf-8?Q?a" },
	{ "=?utf-8?Q?a?b?=", "=?utf-8?Q?a?b?=" },
	{ "=?"
	  "?Q?a?=",
		"=?"
		"?Q?a?=" },
	{ "=?=?=?", "=?=?=?" },
	{ "=?utf-8?Q?=ZZ=4?=", "=ZZ=4" },
	/* raw bytes */
	{ "Andr\xC3\xA9", "Andr\xC3\xA9" },
	{ "Andr\xE9 \x80", "Andr\xC3\xA9 \xE2\x82\xAC" },
	{ "=?utf-8?Q?=FF?=", "\xEF\xBF\xBD" },
	{ "=?no-such-charset?Q?=E9?=", "\xC3\xA9" },
	{ "", "" },
};

START_TEST(words)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice text = mime_words_text(a, slice_str(cases[i].text));

		if (!slice_eq(text, slice_str(cases[i].expected)))
			ck_abort_msg("%s\n  gave     %.*s\n  expected %s", cases[i].text,
				SLICE_ARG(text), cases[i].expected);
	}
	CK_TEXT(mime_raw_text(a, SLICE("=?utf-8?Q?a?=\n\xE9")), "=?utf-8?Q?a?= \xC3\xA9");
	ck_assert_uint_eq(mime_word_size(SLICE("=?utf-8?Q?a,b?=@x")), 15);
	ck_assert_uint_eq(mime_word_size(SLICE("=?utf-8?Q?a,b")), 0);
	arena_free(&a);
}
END_TEST

/* The same text in many charsets. */
static const struct {
	const char *label, *bytes, *expected;
} charsets[] = {
	{ "utf-8", "\xC3\xA9\xF0\x9F\x98\x80", "\xC3\xA9\xF0\x9F\x98\x80" },
	{ "UTF8", "\xE2\x82\xAC", "\xE2\x82\xAC" },
	{ "utf-8", "a\xC3(\xE2\x82", "a\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD" },
	{ "utf-8", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
	{ "", "\xC3\xA9 \xE9 \xE2\x82\xAC\xE2\x82",
		"\xC3\xA9 \xC3\xA9 \xE2\x82\xAC\xC3\xA2\xE2\x80\x9A" },
	{ "us-ascii", "\x93x\x94\x81", "\xE2\x80\x9Cx\xE2\x80\x9D\xEF\xBF\xBD" },
	{ "iso-8859-1", "\xE9\x80", "\xC3\xA9\xE2\x82\xAC" },
	{ "ISO_8859-1", "\xE9", "\xC3\xA9" },
	{ "Windows-1252", "\xE9", "\xC3\xA9" },
	{ "iso-8859-15", "\xA4", "\xE2\x82\xAC" },
	{ "ISO8859-2", "\xB1", "\xC4\x85" },
	{ "koi8-r", "\xD0\xD2\xC9\xD7\xC5\xD4",
		"\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82" },
	{ "windows-1251", "\xEF\xF0\xE8", "\xD0\xBF\xD1\x80\xD0\xB8" },
	{ "cp1250", "\xB9", "\xC4\x85" },
	{ "x-sjis", "\x93\xFA\x96\x7B", "\xE6\x97\xA5\xE6\x9C\xAC" },
	{ "euc-jp", "\xC6\xFC\xCB\xDC", "\xE6\x97\xA5\xE6\x9C\xAC" },
	{ "iso-2022-jp", "\x1B$BF|K\\\x1B(B", "\xE6\x97\xA5\xE6\x9C\xAC" },
	{ "gb2312", "\xD6\xD0\xCE\xC4", "\xE4\xB8\xAD\xE6\x96\x87" },
	{ "big5", "\xA4\xA4\xA4\xE5", "\xE4\xB8\xAD\xE6\x96\x87" },
	{ "ks_c_5601-1987", "\xC7\xD1", "\xED\x95\x9C" },
	{ "ks_c_5601-1987", "\xA2\xE8", "\xEF\xBF\xBD" }, /* iconv consumes what it refuses */
	{ "utf-7", "+AOk-", "\xC3\xA9" },
	{ "UTF-16BE", "\0a\0b", "" }, /* filled in by the test: NUL bytes */
	{ "../../etc/passwd", "\xE9", "\xC3\xA9" },
	{ "utf-8//IGNORE", "\xE9", "\xC3\xA9" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "x", "x" },
};

/* Converted in two pieces, at every place, it is the same; and it is UTF-8. */
START_TEST(charsets_in_pieces)
{
	struct strbuf whole = { 0 }, pieces = { 0 };

	for (size_t i = 0; i < COUNT(charsets); i++) {
		struct slice label = slice_str(charsets[i].label),
			     in = slice_str(charsets[i].bytes);
		const char *expected = charsets[i].expected;

		if (slice_eq(label, SLICE("UTF-16BE"))) {
			in = slice_of("\0a\x20\xAC", 4);
			expected = "a\xE2\x82\xAC";
		}
		strbuf_reset(&whole);
		mime_charset_convert(&whole, label, in);
		if (!slice_eq(strbuf_slice(&whole), slice_str(expected)))
			ck_abort_msg("%s gave %s", charsets[i].label, whole.p);
		ck_assert(utf8_valid(strbuf_slice(&whole)));
		for (size_t at = 0; at <= in.n; at++) {
			struct mime_charset c;

			strbuf_reset(&pieces);
			mime_charset_init(&c, label);
			mime_charset_add(&c, &pieces, slice_head(in, at));
			mime_charset_add(&c, &pieces, slice_skip(in, at));
			mime_charset_end(&c, &pieces);
			mime_charset_clear(&c);
			if (!slice_eq(strbuf_slice(&pieces), strbuf_slice(&whole)))
				ck_abort_msg(
					"%s cut at %zu gave %s", charsets[i].label, at, pieces.p);
		}
	}
	strbuf_free(&whole);
	strbuf_free(&pieces);
}
END_TEST

/* What the byte E3 means in a charset tells it from others. */
static void check_e3(const char *label, const char *expected)
{
	struct strbuf out = { 0 };

	mime_charset_convert(&out, slice_str(label), SLICE("\xE3"));
	CK_TEXT(strbuf_slice(&out), expected);
	strbuf_free(&out);
}

START_TEST(labels)
{
	check_e3("Shift_JIS", "\xEF\xBF\xBD"); /* the first of two bytes */
	check_e3("windows-1258", "\xC4\x83");
	check_e3("iso-8859-16", "\xC4\x83");
	check_e3("windows-936", "\xEF\xBF\xBD");
	check_e3("x-windows-949", "\xEF\xBF\xBD");
	check_e3("ISO_8859-2:1987", "\xC4\x83");
	check_e3("IBM857", "\xC3\x92");
	check_e3("dos-866", "\xD1\x83");
	check_e3("cp868", "\xC3\xA3");
	/* not known: as windows-1252, since it is no UTF-8 */
	check_e3("iso-8859-12", "\xC3\xA3");
	check_e3("iso-8859-17", "\xC3\xA3");
	check_e3("windows-1259", "\xC3\xA3");
	check_e3("", "\xC3\xA3");
	check_e3("x-unknown", "\xC3\xA3");
}
END_TEST

/* Every two bytes in every charset give valid UTF-8 within the promised bound. */
START_TEST(all_pairs_are_utf8)
{
	struct strbuf out = { 0 };

	for (size_t i = 0; i < COUNT(charsets); i++)
		for (unsigned pair = 0; pair < 0x10000; pair += 1 + (i % 3)) {
			char in[2] = { (char)(pair >> 8), (char)pair };

			strbuf_reset(&out);
			mime_charset_convert(&out, slice_str(charsets[i].label), slice_of(in, 2));
			ck_assert(utf8_valid(strbuf_slice(&out)));
			ck_assert_uint_le(out.n, 8);
		}
	strbuf_free(&out);
}
END_TEST

/* What it costs to decode words of such charsets, one after the other. */
static double cost_of_words(const char *const *names, size_t n)
{
	struct strbuf text = { 0 }, out = { 0 };
	double best = 1e9;

	for (int i = 0; i < 2000; i++)
		strbuf_printf(&text, "=?%s?q?a?= ", names[(size_t)i % n]);
	for (int i = 0; i < 3; i++) {
		struct timespec t;
		double start, took;

		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
		start = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
		strbuf_reset(&out);
		mime_words_decode(&out, strbuf_slice(&text));
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
		took = (double)t.tv_sec + (double)t.tv_nsec / 1e9 - start;
		best = took < best ? took : best;
	}
	strbuf_free(&text);
	strbuf_free(&out);
	return best;
}

/* A charset is not loaded anew for each word. */
START_TEST(changing_charsets_cost_little)
{
	static const char *const many[] = { "iso-2022-jp", "euc-kr", "big5", "koi8-r", "johab",
		"windows-1251" };
	static const char *const two[] = { "koi8-r", "windows-1251" };

	ck_assert_double_lt(cost_of_words(many, COUNT(many)), 15 * cost_of_words(two, COUNT(two)));
}
END_TEST

TEST_MAIN("mime words", words, charsets_in_pieces, labels, all_pairs_are_utf8,
	changing_charsets_cost_little)
