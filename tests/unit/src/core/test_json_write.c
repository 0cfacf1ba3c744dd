/*
 * test_json_write.c: what the writer writes, that it reads back, and that it cannot write bad JSON.
 */
#include "check_slice.h"
#include "harness.h"
#include "hearth/json.h"
#include "hearth/rand.h"
#include "hearth/text.h"
#include "src/dies.h"

#include <math.h>

START_TEST(writes_all_types)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_text(&w, "text", SLICE("a\0b"));
	json_put_str(&w, "str", "x");
	json_put_str(&w, "none", NULL);
	json_put_i64(&w, "min", INT64_MIN);
	json_put_bool(&w, "yes", true);
	json_name(&w, "list");
	json_open_array(&w);
	json_i64(&w, 1);
	json_null(&w);
	json_bool(&w, false);
	json_open_array(&w);
	json_close_array(&w);
	json_open_object(&w);
	json_close_object(&w);
	json_text(&w, SLICE(""));
	json_close_array(&w);
	json_name(&w, "last");
	json_double(&w, 0.5);
	json_close_object(&w);
	ck_assert_str_eq(out.p,
		"{\"text\":\"a\\u0000b\",\"str\":\"x\",\"none\":null,\"min\":-9223372036854775808,"
		"\"yes\":true,\"list\":[1,null,false,[],{},\"\"],\"last\":0.5}");
	strbuf_free(&out);
}
END_TEST

START_TEST(a_scalar_alone)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	strbuf_adds(&out, "data: ");
	json_writer_init(&w, &out);
	json_text(&w, SLICE("x"));
	ck_assert_str_eq(out.p, "data: \"x\"");
	strbuf_free(&out);
}
END_TEST

START_TEST(escapes)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_text(&w, SLICE("\"\\/\b\f\n\r\t\x01\x1F\x7F gr\xC3\xBC\xC3\x9F \xFF."));
	ck_assert_str_eq(out.p,
		"\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F gr\xC3\xBC\xC3\x9F \xEF\xBF\xBD.\"");
	strbuf_free(&out);
}
END_TEST

static void check_double(double v, const char *expected)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_double(&w, v);
	ck_assert_str_eq(out.p, expected);
	strbuf_free(&out);
}

START_TEST(doubles)
{
	check_double(0, "0");
	check_double(-0.0, "-0");
	check_double(1, "1");
	check_double(0.1, "0.1");
	check_double(0.1 + 0.2, "0.30000000000000004");
	check_double(1e300, "1e+300");
	check_double(-2.5e-10, "-2.5e-10");
	check_double(1.0 / 3, "0.3333333333333333");
	check_double(NAN, "null");
	check_double(INFINITY, "null");
	check_double(-INFINITY, "null");
}
END_TEST

/* Any bytes, written and read, give the text that is left when bad bytes are replaced. */
START_TEST(any_text_reads_back)
{
	struct arena *a = arena_new();

	rand_seed_for_tests(11);
	for (int i = 0; i < 20000; i++) {
		struct strbuf out = { 0 }, lossy = { 0 };
		struct json_writer w;
		struct json *j = NULL;
		const char *why = "";
		char in[20];
		size_t n = rand_below(sizeof(in));

		rand_bytes(in, n);
		utf8_append_lossy(&lossy, slice_of(in, n));
		json_writer_init(&w, &out);
		json_text(&w, slice_of(in, n));
		ck_assert_msg(
			json_read(a, strbuf_slice(&out), &j, &why) == 0, "%s: %s", out.p, why);
		ck_assert(slice_eq(j->text, strbuf_slice(&lossy)));
		strbuf_free(&out);
		strbuf_free(&lossy);
		arena_reset(a);
	}
	arena_free(&a);
}
END_TEST

static void write_any(struct json_writer *w, int depth)
{
	switch (rand_below(depth > 5 ? 5 : 7)) {
	case 0: json_null(w); break;
	case 1: json_bool(w, rand_below(2)); break;
	case 2: json_i64(w, (int64_t)rand_u64()); break;
	case 3: json_double(w, (double)rand_u64() / 1e10); break;
	case 4: json_text(w, SLICE("t\n")); break;
	case 5:
		json_open_array(w);
		for (uint64_t n = rand_below(5); n > 0; n--)
			write_any(w, depth + 1);
		json_close_array(w);
		break;
	default:
		json_open_object(w);
		for (uint64_t n = rand_below(5); n > 0; n--) {
			char name[2] = { (char)('a' + n), 0 };

			json_name(w, name);
			write_any(w, depth + 1);
		}
		json_close_object(w);
	}
}

static void write_back(struct json_writer *w, const struct json *j)
{
	double number;

	switch (j->type) {
	case JSON_NULL: json_null(w); break;
	case JSON_BOOL: json_bool(w, j->boolean); break;
	case JSON_NUMBER:
		number = strtod(j->text.p, NULL);
		if (slice_chr(j->text, '.') < 0 && slice_chr(j->text, 'e') < 0)
			json_i64(w, strtoll(j->text.p, NULL, 10));
		else
			json_double(w, number);
		break;
	case JSON_STRING: json_text(w, j->text); break;
	case JSON_ARRAY:
		json_open_array(w);
		for (const struct json *m = j->child; m; m = m->next)
			write_back(w, m);
		json_close_array(w);
		break;
	case JSON_OBJECT:
		json_open_object(w);
		for (const struct json *m = j->child; m; m = m->next) {
			json_name(w, m->name.p);
			write_back(w, m);
		}
		json_close_object(w);
		break;
	}
}

START_TEST(any_tree_reads_back)
{
	struct arena *a = arena_new();

	rand_seed_for_tests(12);
	for (int i = 0; i < 3000; i++) {
		struct strbuf out = { 0 }, again = { 0 };
		struct json_writer w;
		struct json *j = NULL;

		json_writer_init(&w, &out);
		write_any(&w, 0);
		ck_assert_int_eq(json_read(a, strbuf_slice(&out), &j, NULL), 0);
		json_writer_init(&w, &again);
		write_back(&w, j);
		ck_assert_str_eq(again.p, out.p);
		strbuf_free(&out);
		strbuf_free(&again);
		arena_reset(a);
	}
	arena_free(&a);
}
END_TEST

static struct json_writer start(void (*open)(struct json_writer *))
{
	static struct strbuf out;
	struct json_writer w;

	json_writer_init(&w, &out);
	if (open)
		open(&w);
	return w;
}

static void value_without_name(void)
{
	struct json_writer w = start(json_open_object);

	json_null(&w);
}

static void name_without_value(void)
{
	struct json_writer w = start(json_open_object);

	json_name(&w, "a");
	json_close_object(&w);
}

static void two_names(void)
{
	struct json_writer w = start(json_open_object);

	json_name(&w, "a");
	json_name(&w, "b");
}

static void name_in_array(void)
{
	struct json_writer w = start(json_open_array);

	json_name(&w, "a");
}

static void wrong_bracket(void)
{
	struct json_writer w = start(json_open_array);

	json_close_object(&w);
}

static void closed_too_often(void)
{
	struct json_writer w = start(json_open_array);

	json_close_array(&w);
	json_close_array(&w);
}

static void two_documents(void)
{
	struct json_writer w = start(json_null);

	json_null(&w);
}

static void too_deep(void)
{
	struct json_writer w = start(NULL);

	for (int i = 0; i <= JSON_DEPTH_MAX; i++)
		json_open_array(&w);
}

START_TEST(bad_json_ends_the_process)
{
	ck_assert(dies_alone(value_without_name));
	ck_assert(dies_alone(name_without_value));
	ck_assert(dies_alone(two_names));
	ck_assert(dies_alone(name_in_array));
	ck_assert(dies_alone(wrong_bracket));
	ck_assert(dies_alone(closed_too_often));
	ck_assert(dies_alone(two_documents));
	ck_assert(dies_alone(too_deep));
}
END_TEST

START_TEST(deepest_document_reads_back)
{
	struct json_writer w = start(NULL);
	struct arena *a = arena_new();
	struct json *j;

	for (int i = 0; i < JSON_DEPTH_MAX; i++) {
		if (i % 2) {
			json_open_array(&w);
		} else {
			json_open_object(&w);
			json_name(&w, "a");
		}
	}
	for (int i = JSON_DEPTH_MAX - 1; i >= 0; i--) {
		if (i % 2)
			json_close_array(&w);
		else
			json_close_object(&w);
	}
	ck_assert_int_eq(json_read(a, strbuf_slice(w.out), &j, NULL), 0);
	strbuf_free(w.out);
	arena_free(&a);
}
END_TEST

/* A tree is written as it was read, names with a NUL as well. */
START_TEST(writes_trees)
{
	static const char *const rows[] = { "null", "[]", "{}", "-1.50e+3",
		"{\"b\":[1,{\"\":true}],\"a\\u0000\":\"\\n\",\"a\":null}" };
	struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct strbuf out = { 0 };
		struct json_writer w;
		struct json *j = NULL;

		ck_assert_int_eq(json_read(a, slice_str(rows[i]), &j, NULL), 0);
		json_writer_init(&w, &out);
		json_value(&w, j);
		ck_assert_str_eq(out.p, rows[i]);
		ck_assert(w.done);
		strbuf_free(&out);
	}
	arena_free(&a);
}
END_TEST

TEST_MAIN("json_write", writes_trees, writes_all_types, a_scalar_alone, escapes, doubles,
	any_text_reads_back, any_tree_reads_back, bad_json_ends_the_process,
	deepest_document_reads_back)
