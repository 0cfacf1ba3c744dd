/*
 * test_merge_patch.c: RFC 7396 with all examples of its appendix A, and the canonical text that
 * its results are written as.
 */
#include "harness.h"
#include "hearth/error.h"
#include "preferences/canonical.h"
#include "preferences/merge_patch.h"

static struct json *read_right(struct arena *a, const char *text)
{
	struct json *j = NULL;
	const char *why = "";

	ck_assert_msg(json_read(a, slice_str(text), &j, &why) == 0, "%s: %s", text, why);
	return j;
}

/* `target` NULL: there is none. */
static void check_patch(const char *target, const char *patch, const char *expected)
{
	struct arena *a = arena_new();
	const struct json *old = target ? read_right(a, target) : NULL;
	const struct json *result = merge_patch(a, old, read_right(a, patch));
	struct slice text = canonical_text(a, result);

	ck_assert_msg(slice_eq(text, canonical_text(a, read_right(a, expected))),
		"%s with %s gives %.*s, not %s", target, patch, SLICE_ARG(text), expected);
	arena_free(&a);
}

START_TEST(appendix_a)
{
	static const char *const rows[][3] = {
		{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
		{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
		{ "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
		{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
		{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
		{ "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
		{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
			"{\"a\":{\"b\":\"d\"}}" },
		{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
		{ "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
		{ "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
		{ "{\"a\":\"foo\"}", "null", "null" },
		{ "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
		{ "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
		{ "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
		{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_patch(rows[i][0], rows[i][1], rows[i][2]);
}
END_TEST

/* The example of section 3. */
START_TEST(section_3)
{
	check_patch("{\"title\":\"Goodbye!\",\"author\":{\"givenName\":\"John\",\"familyName\":"
		    "\"Doe\"},\"tags\":[\"example\",\"sample\"],\"content\":\"This will be "
		    "unchanged\"}",
		"{\"title\":\"Hello!\",\"phoneNumber\":\"+01-123-456-7890\",\"author\":{"
		"\"familyName\":null},\"tags\":[\"example\"]}",
		"{\"title\":\"Hello!\",\"author\":{\"givenName\":\"John\"},\"tags\":[\"example\"],"
		"\"content\":\"This will be unchanged\",\"phoneNumber\":\"+01-123-456-7890\"}");
}
END_TEST

START_TEST(edges)
{
	check_patch(NULL, "{\"a\":{\"b\":null,\"c\":{\"d\":null}}}", "{\"a\":{\"c\":{}}}");
	check_patch(NULL, "7", "7");
	check_patch("{\"b\":1,\"a\":2}", "{}", "{\"a\":2,\"b\":1}");
	check_patch("{\"\":1,\"x\\u0000y\":2}", "{\"\":null,\"x\":3}", "{\"x\":3,\"x\\u0000y\":2}");
	check_patch("{\"a\":[{\"b\":null}]}", "{\"a\":[{\"c\":null}]}", "{\"a\":[{\"c\":null}]}");
	check_patch(
		"{\"a\":7}", "{\"a\":{\"b\":{\"c\":1,\"d\":null}}}", "{\"a\":{\"b\":{\"c\":1}}}");
}
END_TEST

/* As deep as json_read takes it, and as many members as 64 KiB hold on both sides. */
START_TEST(deep_and_wide)
{
	struct strbuf deep = { 0 }, left = { 0 }, right = { 0 };
	struct arena *a = arena_new();
	const struct json *result;

	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		strbuf_adds(&deep, i < JSON_DEPTH_MAX - 1 ? "{\"a\":" : "{");
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		strbuf_addc(&deep, '}');
	result = merge_patch(a, read_right(a, deep.p), read_right(a, deep.p));
	ck_assert_uint_eq(canonical_text(a, result).n, deep.n);

	strbuf_addc(&left, '{');
	strbuf_addc(&right, '{');
	for (int i = 0; i < 8000; i++) {
		strbuf_printf(&left, "%s\"%d\":1", i ? "," : "", i);
		strbuf_printf(&right, "%s\"%d\":%s", i ? "," : "", i + 4000, i % 2 ? "null" : "2");
	}
	strbuf_addc(&left, '}');
	strbuf_addc(&right, '}');
	result = merge_patch(a, read_right(a, left.p), read_right(a, right.p));
	ck_assert_uint_eq(result->count, 4000 + 2000 + 2000);
	arena_free(&a);
	strbuf_free(&deep);
	strbuf_free(&left);
	strbuf_free(&right);
}
END_TEST

START_TEST(canonical)
{
	static const char *const rows[][2] = {
		{ " { \"b\" : 1 , \"a\" : [ ] } ", "{\"a\":[],\"b\":1}" },
		{ "[1.0,1e0,10e-1,-0,-0.0,1E2]", "[1,1,1,0,0,100]" },
		{ "[0.5,5e-1,0.1,1e-7,-2.50]", "[0.5,0.5,0.1,1e-07,-2.5]" },
		{ "[9007199254740992,12345678901234567890,1e999]",
			"[9007199254740992,12345678901234567890,1e999]" },
		{ "\"\\u0041\\/\\u00e9\\n\\u0001\"", "\"A/é\\n\\u0001\"" },
		{ "{\"é\":1,\"z\":2,\"\":3,\"a\\u0000\":4,\"a\":5}",
			"{\"\":3,\"a\":5,\"a\\u0000\":4,\"z\":2,\"é\":1}" },
		{ "[true,false,null]", "[true,false,null]" },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice text = canonical_text(a, read_right(a, rows[i][0]));

		ck_assert_str_eq(text.p, rows[i][1]);
		ck_assert(slice_eq(canonical_text(a, read_right(a, text.p)), text));
	}
	arena_free(&a);
}
END_TEST

TEST_MAIN("merge patch", appendix_a, section_3, edges, deep_and_wide, canonical)
