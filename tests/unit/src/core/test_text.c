/*
 * test_text.c: UTF-8 as RFC 3629 has it: every code point there and back, and what is refused.
 */
#include "check_slice.h"
#include "harness.h"
#include "hearth/rand.h"
#include "hearth/text.h"

static bool is_scalar(uint32_t c)
{
	return c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
}

START_TEST(every_code_point_there_and_back)
{
	struct strbuf b = { 0 };

	for (uint32_t c = 0; c < 0x110400; c++) {
		uint32_t back = 0;

		strbuf_reset(&b);
		utf8_append(&b, c);
		ck_assert(utf8_valid(strbuf_slice(&b)));
		ck_assert_uint_eq(utf8_decode(strbuf_slice(&b), &back), b.n);
		ck_assert_uint_eq(back, is_scalar(c) ? c : 0xFFFD);
		/* Cut short, it is nothing. */
		ck_assert_uint_eq(utf8_decode(slice_head(strbuf_slice(&b), b.n - 1), &back), 0);
	}
	strbuf_free(&b);
}
END_TEST

/* What is decoded from any two, three or four bytes is what encoding would have written. */
START_TEST(one_spelling_only)
{
	struct strbuf b = { 0 };
	char in[4];

	for (uint32_t i = 0; i < 1u << 20; i++) {
		uint32_t c = 0;
		size_t n;

		in[0] = (char)(0x80 | i >> 13);
		in[1] = (char)(i >> 5);
		in[2] = (char)(0x80 ^ (i << 3 & 0xC0));
		in[3] = (char)(0x80 | (i & 7));
		n = utf8_decode(slice_of(in, 4), &c);
		if (n == 0)
			continue;
		strbuf_reset(&b);
		utf8_append(&b, c);
		ck_assert(slice_eq(strbuf_slice(&b), slice_of(in, n)));
	}
	strbuf_free(&b);
}
END_TEST

START_TEST(refuses)
{
	static const char *const bad[] = {
		"\x80", "\xBF", "\xC0\x80", "\xC1\xBF",                 /* alone, overlong */
		"\xE0\x80\x80", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF",     /* overlong */
		"\xED\xA0\x80", "\xED\xBF\xBF",                         /* surrogates */
		"\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF", /* too high */
		"\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC3(", "\xE2\x82(", "\xF0\x9F\x98(", /* cut */
	};
	uint32_t c = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_uint_eq(utf8_decode(slice_str(bad[i]), &c), 0);
		ck_assert(!utf8_valid(slice_str(bad[i])));
	}
	ck_assert_uint_eq(utf8_decode((struct slice){ NULL, 0 }, &c), 0);
	ck_assert_uint_eq(c, 7);
	ck_assert(utf8_valid((struct slice){ NULL, 0 }));
	ck_assert(utf8_valid(SLICE("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF\0")));
}
END_TEST

/* The eight-bytes-at-a-time path at every offset. */
START_TEST(finds_a_bad_byte_anywhere)
{
	char text[40];

	for (size_t n = 1; n <= sizeof(text); n++) {
		for (size_t at = 0; at < n; at++) {
			memset(text, 'a', n);
			ck_assert(utf8_valid(slice_of(text, n)));
			text[at] = (char)0x80;
			ck_assert(!utf8_valid(slice_of(text, n)));
		}
	}
}
END_TEST

START_TEST(replaces_every_bad_byte)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F" },
		{ "a\xFF"
		  "b",
			"a\xEF\xBF\xBD"
			"b" },
		{ "\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "\xED\xA0\x80x", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx" },
		{ "x\xC3", "x\xEF\xBF\xBD" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strbuf b = { 0 };

		utf8_append_lossy(&b, slice_str(cases[i].in));
		ck_slice_eq(strbuf_slice(&b), cases[i].out);
		strbuf_free(&b);
	}
}
END_TEST

START_TEST(lossy_is_always_valid)
{
	rand_seed_for_tests(5);
	for (int i = 0; i < 20000; i++) {
		struct strbuf b = { 0 }, again = { 0 };
		char in[24];
		size_t n = rand_below(sizeof(in));

		rand_bytes(in, n);
		utf8_append_lossy(&b, slice_of(in, n));
		ck_assert(utf8_valid(strbuf_slice(&b)));
		if (utf8_valid(slice_of(in, n)))
			ck_assert(slice_eq(strbuf_slice(&b), slice_of(in, n)));
		utf8_append_lossy(&again, strbuf_slice(&b));
		ck_assert(slice_eq(strbuf_slice(&again), strbuf_slice(&b)));
		strbuf_free(&b);
		strbuf_free(&again);
	}
}
END_TEST

TEST_MAIN("text", every_code_point_there_and_back, one_spelling_only, refuses,
	finds_a_bad_byte_anywhere, replaces_every_bad_byte, lossy_is_always_valid)
