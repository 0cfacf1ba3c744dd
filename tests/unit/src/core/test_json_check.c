/*
 * test_json_check.c: the grammar of JSON, in the manner of JSONTestSuite: what every parser must
 * take, what every parser must refuse, and our bounds. Vectors of our own.
 */
#include "core/json_check.h"
#include "harness.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/rand.h"

static const char *const right[] = {
	/* every type, also alone */
	"null",
	"true",
	"false",
	"0",
	"\"\"",
	"[]",
	"{}",
	" \t\r\n1 \n",
	"[ ]",
	"{ }",
	"\"text\"",
	/* numbers */
	"-0",
	"12",
	"-1",
	"0.0",
	"1.5",
	"-12.75",
	"1e1",
	"1E1",
	"1e+1",
	"1e-1",
	"0e0",
	"1.5e300",
	"123456789012345678901234567890",
	"[1,-0.1e-1,2E+9]",
	"1e999999",
	"-0.00000000000000000001",
	/* texts */
	"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
	"\"\\u0041\\u00e9\\uFFFF\\u0000\"",
	"\"\\ud83d\\uDE00\"",
	"\"gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80\"",
	"\"\x7F\"",
	"\"\xE2\x80\xA8\"",
	"\"a//b\"",
	"\"/* no comment */\"",
	"\"\\\\u0041\"",
	"\"\xEF\xBF\xBF\"",
	/* structure */
	"[[]]",
	"[{}]",
	"{\"\":0}",
	"{\"a\":{\"b\":[1,{\"c\":null}]}}",
	"[1,2]",
	"[[],[]]",
	"{\"a\":1,\"b\":2}",
	"{ \"a\" : 1 , \"b\" : [ 1 , 2 ] }",
	"[\n1\n,\n2\n]",
	"[null,true,false]",
	"[\"a\",{\"a\":[]}]",
	"{\"a\":[],\"b\":{}}",
};

static const char *const wrong[] = {
	/* nothing, or more than one */
	"",
	" ",
	"\n",
	"1 2",
	"{}{}",
	"[][]",
	"null null",
	"{},",
	"[1]x",
	"1,",
	"]",
	"}",
	",",
	":",
	"{}#",
	"[] // comment",
	"/* */ 1",
	"1;",
	"\"a\"\"b\"",
	"true false",
	/* commas and colons */
	"[1,]",
	"[,1]",
	"[1,,2]",
	"[,]",
	"[1 2]",
	"[1;2]",
	"[1:2]",
	"{,}",
	"{\"a\":1,}",
	"{\"a\":1,,\"b\":2}",
	"{,\"a\":1}",
	"{\"a\":}",
	"{\"a\"}",
	"{\"a\",1}",
	"{\"a\" 1}",
	"{\"a\"::1}",
	"{\"a\" :::: \"b\"}",
	"{\"a\":1:2}",
	"{\"a\":1 \"b\":2}",
	"{:1}",
	"{\"a\":1;}",
	"[\"a\":1]",
	"{\"a\":\"b\":\"c\"}",
	/* names */
	"{a:1}",
	"{'a':1}",
	"{1:1}",
	"{null:1}",
	"{[]:1}",
	"{{}:1}",
	"{true:1}",
	"{\"a\":1,b:2}",
	/* brackets */
	"[",
	"{",
	"[[]",
	"[}",
	"{]",
	"{\"a\":[}",
	"[{]}",
	"[1",
	"[1,",
	"{\"a\"",
	"{\"a\":",
	"{\"a\":1",
	"{\"a\":1,",
	"[]]",
	"{}}",
	"[1}",
	"{\"a\":1]",
	"(1)",
	"<1>",
	"]:]",
	"[\"\":\"\"]",
	/* numbers */
	"01",
	"-01",
	"00",
	"+1",
	"-",
	"--1",
	"- 1",
	"1.",
	".1",
	"-.1",
	"1.e1",
	"1e",
	"1e+",
	"1E-",
	"1.2.3",
	"1e1.5",
	"1e1e1",
	"0x10",
	"1a",
	"1_000",
	"1,000",
	"Infinity",
	"-Infinity",
	"NaN",
	"-NaN",
	"inf",
	"1f",
	"1L",
	"[1.]",
	"[-]",
	"[01]",
	"[1e]",
	"[+1]",
	"\xEF\xBC\x91",
	"0-1",
	"-a",
	"1.-2",
	/* words */
	"nul",
	"nulll",
	"Null",
	"NULL",
	"True",
	"tru",
	"truee",
	"fals",
	"undefined",
	"yes",
	"nil",
	"[nul]",
	"[nulll]",
	"[truefalse]",
	"n",
	"t",
	"f",
	"[t",
	"none",
	/* texts */
	"\"",
	"\"a",
	"'a'",
	"\"a'",
	"\"\\\"",
	"\"\\",
	"\"\\a\"",
	"\"\\x41\"",
	"\"\\'\"",
	"\"\\0\"",
	"\"\\u\"",
	"\"\\u1\"",
	"\"\\u12\"",
	"\"\\u123\"",
	"\"\\u123g\"",
	"\"\\U0041\"",
	"\"\\u 041\"",
	"\"\\u+041\"",
	"\"\\u00",
	"\"a\nb\"",
	"\"a\tb\"",
	"\"\x01\"",
	"\"\x1F\"",
	"\"a\rb\"",
	"\"\\\n\"",
	"\"\\\xC3\xA9\"",
	"a",
	"`a`",
	"\"a\\",
	/* surrogates */
	"\"\\ud800\"",
	"\"\\udc00\"",
	"\"\\ud800x\"",
	"\"\\ud800\\n\"",
	"\"\\ud800\\u0041\"",
	"\"\\ud800\\ud800\"",
	"\"\\udc00\\ud800\"",
	"\"\\ud83d\\ude0\"",
	"\"\\ud800\\u\"",
	"\"\\udfff\"",
	"\"\\ud800\\ud800\\udc00\"",
	/* UTF-8 */
	"\"\xFF\"",
	"\"\xC3\"",
	"\"\xC3(\"",
	"\"\xC0\x80\"",
	"\"\xED\xA0\x80\"",
	"\"\xF4\x90\x80\x80\"",
	"\"\xE2\x82\"",
	"\x80",
	"[\xFF]",
	"{\"\xFF\":1}",
	"\"\x80\"",
	/* white space that is none, byte order marks */
	"\v1",
	"[\f]",
	"\xC2\xA0[]",
	"\xEF\xBB\xBF{}",
	"\xEF\xBB\xBF",
	"\xFE\xFF",
	"[1\xE2\x80\x89]",
	"\x1A",
	"\x7F",
	"[\x01]",
};

START_TEST(takes_what_is_right)
{
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct json_verdict v = json_check(slice_str(right[i]));

		ck_assert_msg(v.error == 0, "%s: %s", right[i], v.why);
		ck_assert_uint_ge(v.values, 1);
	}
}
END_TEST

START_TEST(refuses_what_is_wrong)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct json_verdict v = json_check(slice_str(wrong[i]));

		ck_assert_msg(v.error == HEARTH_EINVAL, "taken: %s", wrong[i]);
		ck_assert_ptr_nonnull(v.why);
		ck_assert_uint_le(v.at, strlen(wrong[i]));
	}
}
END_TEST

START_TEST(nul_bytes_end_nothing)
{
	ck_assert_int_eq(json_check(SLICE("1\0")).error, HEARTH_EINVAL);
	ck_assert_int_eq(json_check(SLICE("\0"
					  "1"))
				 .error,
		HEARTH_EINVAL);
	ck_assert_int_eq(json_check(SLICE("[1]\0x")).error, HEARTH_EINVAL);
	ck_assert_int_eq(json_check(SLICE("\"a\0b\"")).error, HEARTH_EINVAL);
	ck_assert_int_eq(json_check(SLICE("\"\\\0\"")).error, HEARTH_EINVAL);
	ck_assert_int_eq(json_check(SLICE("[1\0,2]")).error, HEARTH_EINVAL);
}
END_TEST

/* No document of more than one byte is right when its last byte is missing, but for numbers. */
START_TEST(refuses_what_is_cut_short)
{
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct slice s = slice_trim(slice_str(right[i]));

		for (size_t n = 0; n < s.n && strchr("[{\"", s.p[0]); n++)
			ck_assert_int_eq(json_check(slice_head(s, n)).error, HEARTH_EINVAL);
	}
}
END_TEST

static void repeat(struct strbuf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_adds(b, s);
}

START_TEST(depth_is_bounded)
{
	for (int levels = JSON_DEPTH_MAX; levels <= JSON_DEPTH_MAX + 1; levels++) {
		struct strbuf b = { 0 }, mixed = { 0 };
		int expected = levels > JSON_DEPTH_MAX ? HEARTH_ETOOBIG : 0;

		repeat(&b, "[", (size_t)levels);
		repeat(&b, "]", (size_t)levels);
		ck_assert_int_eq(json_check(strbuf_slice(&b)).error, expected);
		repeat(&mixed, "{\"a\":", (size_t)levels);
		repeat(&mixed, "1", 1);
		repeat(&mixed, "}", (size_t)levels);
		ck_assert_int_eq(json_check(strbuf_slice(&mixed)).error, expected);
		strbuf_free(&b);
		strbuf_free(&mixed);
	}
}
END_TEST

START_TEST(kinds_of_brackets_are_kept_apart_on_every_level)
{
	rand_seed_for_tests(10);
	for (int i = 0; i < 2000; i++) {
		struct strbuf b = { 0 };
		char closers[JSON_DEPTH_MAX + 1];
		size_t levels = 1 + rand_below(JSON_DEPTH_MAX), broken;

		for (size_t l = 0; l < levels; l++) {
			bool is_object = rand_below(2);

			strbuf_adds(&b, is_object ? "{\"a\":" : "[");
			closers[levels - 1 - l] = is_object ? '}' : ']';
		}
		strbuf_addc(&b, '0');
		strbuf_add(&b, slice_of(closers, levels));
		ck_assert_int_eq(json_check(strbuf_slice(&b)).error, 0);
		broken = b.n - 1 - rand_below(levels);
		b.p[broken] = b.p[broken] == '}' ? ']' : '}';
		ck_assert_int_eq(json_check(strbuf_slice(&b)).error, HEARTH_EINVAL);
		strbuf_free(&b);
	}
}
END_TEST

START_TEST(size_is_bounded)
{
	struct strbuf b = { 0 };

	strbuf_addc(&b, '[');
	repeat(&b, "0,", JSON_VALUES_MAX - 2);
	strbuf_adds(&b, "0]");
	ck_assert_int_eq(json_check(strbuf_slice(&b)).error, 0);
	ck_assert_uint_eq(json_check(strbuf_slice(&b)).values, JSON_VALUES_MAX);
	b.n--;
	strbuf_adds(&b, ",0]");
	ck_assert_int_eq(json_check(strbuf_slice(&b)).error, HEARTH_ETOOBIG);
	strbuf_reset(&b);
	memset(strbuf_reserve(&b, JSON_BYTES_MAX + 1), ' ', JSON_BYTES_MAX + 1);
	strbuf_commit(&b, JSON_BYTES_MAX + 1);
	b.p[0] = '1';
	ck_assert_int_eq(json_check(slice_head(strbuf_slice(&b), JSON_BYTES_MAX)).error, 0);
	ck_assert_int_eq(json_check(strbuf_slice(&b)).error, HEARTH_ETOOBIG);
	strbuf_free(&b);
}
END_TEST

START_TEST(counts_values_and_names)
{
	ck_assert_uint_eq(json_check(SLICE("{\"a\":[1,2],\"b\":{}}")).values, 7);
	ck_assert_uint_eq(json_check(SLICE("\"a\"")).values, 1);
}
END_TEST

TEST_MAIN("json_check", takes_what_is_right, refuses_what_is_wrong, nul_bytes_end_nothing,
	refuses_what_is_cut_short, depth_is_bounded,
	kinds_of_brackets_are_kept_apart_on_every_level, size_is_bounded, counts_values_and_names)
