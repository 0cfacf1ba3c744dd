/*
 * test_json_read.c: the tree that a document becomes, what errors say, and typed members.
 */
#include "check_slice.h"
#include "harness.h"
#include "hearth/error.h"
#include "hearth/json.h"

static struct arena *a;

static struct json *read_right(const char *text)
{
	struct json *j = NULL;
	const char *why = "";
	int error = json_read(a, slice_str(text), &j, &why);

	ck_assert_msg(error == 0, "%s: %s", text, why);
	return j;
}

static void check_refused(const char *text, int error, const char *expected)
{
	struct json *j = NULL;
	const char *why = NULL;

	ck_assert_int_eq(json_read(a, slice_str(text), &j, &why), error);
	ck_assert_str_eq(why, expected);
	ck_assert_ptr_null(j);
	ck_assert_int_eq(json_read(a, slice_str(text), &j, NULL), error);
}

START_TEST(scalars)
{
	a = arena_new();
	ck_assert_int_eq(read_right("null")->type, JSON_NULL);
	ck_assert_int_eq(read_right(" true ")->type, JSON_BOOL);
	ck_assert(read_right("true")->boolean && !read_right("false")->boolean);
	ck_assert_int_eq(read_right("-1.5e3")->type, JSON_NUMBER);
	ck_slice_eq(read_right("-1.5e3")->text, "-1.5e3");
	ck_assert_int_eq(read_right("\"a\"")->type, JSON_STRING);
	ck_slice_eq(read_right("\n\"a b\"\n")->text, "a b");
	arena_free(&a);
}
END_TEST

START_TEST(structure)
{
	struct json *j, *m;

	a = arena_new();
	j = read_right("{\"one\":1, \"list\":[true,null,\"x\",[],{\"y\":2}], \"empty\":{}}");
	ck_assert_int_eq(j->type, JSON_OBJECT);
	ck_assert_uint_eq(j->count, 3);
	ck_assert_ptr_null(j->next);
	m = j->child;
	ck_slice_eq(m->name, "one");
	ck_slice_eq(m->text, "1");
	m = m->next;
	ck_slice_eq(m->name, "list");
	ck_assert_uint_eq(m->count, 5);
	ck_assert_int_eq(m->child->type, JSON_BOOL);
	ck_assert_uint_eq(m->child->name.n, 0);
	ck_assert_int_eq(m->child->next->type, JSON_NULL);
	ck_slice_eq(m->child->next->next->text, "x");
	ck_assert_int_eq(m->child->next->next->next->type, JSON_ARRAY);
	ck_assert_ptr_null(m->child->next->next->next->child);
	ck_slice_eq(m->child->next->next->next->next->child->name, "y");
	ck_assert_ptr_null(m->child->next->next->next->next->next);
	m = m->next;
	ck_slice_eq(m->name, "empty");
	ck_assert_uint_eq(m->count, 0);
	ck_assert_ptr_null(m->next);
	arena_free(&a);
}
END_TEST

START_TEST(texts_are_decoded)
{
	struct json *j;

	a = arena_new();
	j = read_right(
		"{\"\\u0061\\\"\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t \\u00e9\\u20AC\\ud83d\\ude00.\"}");
	ck_slice_eq(j->child->name, "a\"");
	ck_slice_eq(j->child->text, "\"\\/\b\f\n\r\t \xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80.");
	ck_assert_int_eq(j->child->text.p[j->child->text.n], '\0');
	j = read_right("\"a\\u0000b\"");
	ck_assert(slice_eq(j->text, SLICE("a\0b")));
	j = read_right("\"\\udbff\\udfff\\ud800\\udc00\"");
	ck_slice_eq(j->text, "\xF4\x8F\xBF\xBF\xF0\x90\x80\x80");
	j = read_right("\"\"");
	ck_assert_str_eq(j->text.p, "");
	arena_free(&a);
}
END_TEST

START_TEST(errors_name_the_line)
{
	a = arena_new();
	check_refused("", HEARTH_EINVAL, "line 1: expected a value");
	check_refused("{\n\"a\": 1\n\"b\": 2}", HEARTH_EINVAL, "line 3: expected ',' or '}'");
	check_refused("[1,\n2,\n]", HEARTH_EINVAL, "line 3: expected a value");
	check_refused("[1 2]", HEARTH_EINVAL, "line 1: expected ',' or ']'");
	check_refused("{\"a\" 1}", HEARTH_EINVAL, "line 1: expected ':'");
	check_refused("{a:1}", HEARTH_EINVAL, "line 1: expected a name in quotes");
	check_refused("[01]", HEARTH_EINVAL, "line 1: expected ',' or ']'");
	check_refused("[-]", HEARTH_EINVAL, "line 1: no number has this form");
	check_refused("{}\n\n{}", HEARTH_EINVAL, "line 3: something follows the document");
	check_refused("\"\\ud800\"", HEARTH_EINVAL, "line 1: half of a surrogate pair");
	check_refused("\"\xFF\"", HEARTH_EINVAL, "line 1: a text is not UTF-8");
	check_refused("\"a", HEARTH_EINVAL, "line 1: a text is not closed");
	arena_free(&a);
}
END_TEST

START_TEST(names_are_unique)
{
	struct strbuf b = { 0 };

	a = arena_new();
	check_refused("{\"a\":1,\n\"b\":2,\n\"a\":3}", HEARTH_EINVAL,
		"line 3: two members have the same name");
	check_refused(
		"{\"a\":1,\"\\u0061\":2}", HEARTH_EINVAL, "line 1: two members have the same name");
	check_refused("[{\"\":1,\"\":1}]", HEARTH_EINVAL, "line 1: two members have the same name");
	read_right("{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]}}");
	read_right("{\"a\":1,\"A\":2,\"a \":3,\"\":4}");
	for (int n = 1; n < 20; n++) {
		strbuf_reset(&b);
		for (int i = 0; i < n; i++)
			strbuf_printf(&b, "%s\"n%d\":%d", i ? "," : "{", i, i);
		strbuf_printf(&b, ",\"n%d\":0}", n / 2);
		check_refused(b.p, HEARTH_EINVAL, "line 1: two members have the same name");
	}
	strbuf_reset(&b);
	for (int i = 0; i < 20000; i++)
		strbuf_printf(&b, "%s\"n%d\":%d", i ? "," : "{", i, i);
	strbuf_adds(&b, "}");
	ck_assert_uint_eq(read_right(b.p)->count, 20000);
	b.n--;
	strbuf_adds(&b, ",\"n7\":0}");
	check_refused(b.p, HEARTH_EINVAL, "line 1: two members have the same name");
	strbuf_free(&b);
	arena_free(&a);
}
END_TEST

START_TEST(too_big_is_said_so)
{
	struct strbuf b = { 0 };

	a = arena_new();
	for (int i = 0; i <= JSON_DEPTH_MAX; i++)
		strbuf_addc(&b, '[');
	check_refused(b.p, HEARTH_ETOOBIG, "line 1: nested too deep");
	strbuf_free(&b);
	arena_free(&a);
}
END_TEST

START_TEST(typed_members)
{
	struct json *j;
	struct slice text = SLICE("default");
	int64_t number = 42;
	bool flag = true;

	a = arena_new();
	j = read_right("{\"t\":\"x\",\"n\":-7,\"f\":1.5,\"e\":1e3,\"b\":false,\"z\":null,\"big\":"
		       "9223372036854775808}");
	ck_assert_ptr_null(json_get(j, "none"));
	ck_assert_ptr_null(json_get(NULL, "t"));
	ck_assert_ptr_null(json_get(j->child, "t"));
	ck_slice_eq(json_get(j, "t")->text, "x");

	ck_assert_int_eq(json_get_text(j, "none", &text), HEARTH_ENOTFOUND);
	ck_assert_int_eq(json_get_text(j, "z", &text), HEARTH_ENOTFOUND);
	ck_assert_int_eq(json_get_text(j, "n", &text), HEARTH_EINVAL);
	ck_assert_int_eq(json_get_text(NULL, "n", &text), HEARTH_ENOTFOUND);
	ck_slice_eq(text, "default");
	ck_assert_int_eq(json_get_text(j, "t", &text), 0);
	ck_slice_eq(text, "x");

	ck_assert_int_eq(json_get_i64(j, "t", INT64_MIN, INT64_MAX, &number), HEARTH_EINVAL);
	ck_assert_int_eq(json_get_i64(j, "f", INT64_MIN, INT64_MAX, &number), HEARTH_EINVAL);
	ck_assert_int_eq(json_get_i64(j, "e", INT64_MIN, INT64_MAX, &number), HEARTH_EINVAL);
	ck_assert_int_eq(json_get_i64(j, "big", INT64_MIN, INT64_MAX, &number), HEARTH_EINVAL);
	ck_assert_int_eq(json_get_i64(j, "n", -6, 0, &number), HEARTH_EINVAL);
	ck_assert_int_eq(json_get_i64(j, "z", -6, 0, &number), HEARTH_ENOTFOUND);
	ck_assert_int_eq(number, 42);
	ck_assert_int_eq(json_get_i64(j, "n", -7, 0, &number), 0);
	ck_assert_int_eq(number, -7);

	ck_assert_int_eq(json_get_bool(j, "n", &flag), HEARTH_EINVAL);
	ck_assert(flag);
	ck_assert_int_eq(json_get_bool(j, "b", &flag), 0);
	ck_assert(!flag);
	arena_free(&a);
}
END_TEST

TEST_MAIN("json_read", scalars, structure, texts_are_decoded, errors_name_the_line,
	names_are_unique, too_big_is_said_so, typed_members)
