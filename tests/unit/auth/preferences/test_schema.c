/*
 * test_schema.c: each keyword of the subset with what it takes and what it names as wrong, schemas
 * that are refused, and the schema of the preferences itself.
 */
#include "harness.h"

#include <stdio.h>

#include "hearth/error.h"
#include "preferences/schema.h"
#include "preferences/schema_file.h"

static struct json *read_right(struct arena *a, const char *text)
{
	struct json *j = NULL;
	const char *why = "";

	ck_assert_msg(json_read(a, slice_str(text), &j, &why) == 0, "%s: %s", text, why);
	return j;
}

static const struct schema *schema_right(struct arena *a, const char *text)
{
	const struct schema *s = NULL;
	const char *why = NULL;
	int rc = schema_read(a, slice_str(text), &s, &why);

	ck_assert_msg(rc == 0, "%s: %s", text, why);
	return s;
}

static void takes(const char *schema, const char *document)
{
	struct arena *a = arena_new();
	struct schema_fault fault = { 0 };
	int rc = schema_check(schema_right(a, schema), a, read_right(a, document), &fault);

	ck_assert_msg(
		rc == 0, "%s refuses %s: %s: %s", schema, document, fault.pointer, fault.expected);
	arena_free(&a);
}

static void refuses(
	const char *schema, const char *document, const char *pointer, const char *expected)
{
	struct arena *a = arena_new();
	struct schema_fault fault = { 0 };
	int rc = schema_check(schema_right(a, schema), a, read_right(a, document), &fault);

	ck_assert_msg(rc == HEARTH_EINVAL, "%s takes %s", schema, document);
	ck_assert_str_eq(fault.pointer, pointer);
	ck_assert_str_eq(fault.expected, expected);
	arena_free(&a);
}

START_TEST(types)
{
	static const char *const values[] = { "null", "true", "1", "\"x\"", "[]", "{}" };
	static const char *const schemas[] = { "{\"type\":\"null\"}", "{\"type\":\"boolean\"}",
		"{\"type\":\"integer\"}", "{\"type\":\"string\"}", "{\"type\":\"array\"}",
		"{\"type\":\"object\"}" };
	static const char *const names[] = { "expected null", "expected true or false",
		"expected a whole number", "expected text", "expected a list",
		"expected an object" };

	for (size_t i = 0; i < 6; i++)
		for (size_t k = 0; k < 6; k++) {
			if (i == k)
				takes(schemas[i], values[k]);
			else
				refuses(schemas[i], values[k], "", names[i]);
			takes("{}", values[k]);
			takes("true", values[k]);
			refuses("false", values[k], "", "nothing may stand here");
		}
	takes("{\"type\":\"number\"}", "1.5");
	takes("{\"type\":\"integer\"}", "1.0");
	takes("{\"type\":\"integer\"}", "1e3");
	refuses("{\"type\":\"integer\"}", "1.5", "", "expected a whole number");
	refuses("{\"type\":\"integer\"}", "1e999", "", "expected a whole number");
	takes("{\"type\":[\"string\",\"null\"]}", "null");
	refuses("{\"type\":[\"string\",\"null\"]}", "[]", "", "expected text or null");
}
END_TEST

START_TEST(choices)
{
	takes("{\"enum\":[1,\"a\",{\"x\":[1]}]}", "{\"x\":[1.0]}");
	refuses("{\"enum\":[\"light\",\"dark\"]}", "\"Dark\"", "",
		"expected one of \"light\", \"dark\"");
	refuses("{\"enum\":[1]}", "true", "", "expected one of 1");
	refuses("{\"enum\":[]}", "1", "", "nothing may stand here");
	takes("{\"const\":null}", "null");
	refuses("{\"const\":0}", "false", "", "expected one of 0");
	/* A Cyrillic а is no a. */
	refuses("{\"enum\":[\"dark\"]}", "\"dаrk\"", "", "expected one of \"dark\"");
}
END_TEST

START_TEST(numbers)
{
	takes("{\"minimum\":1,\"maximum\":10}", "1");
	takes("{\"minimum\":1,\"maximum\":10}", "10");
	takes("{\"minimum\":1,\"maximum\":10}", "\"0\"");
	refuses("{\"minimum\":1}", "0.999", "", "expected a number of at least 1");
	refuses("{\"maximum\":10}", "10.001", "", "expected a number of at most 10");
	refuses("{\"maximum\":10}", "1e999", "", "expected a number of at most 10");
	refuses("{\"minimum\":-0.5}", "-1e999", "", "expected a number of at least -0.5");
}
END_TEST

START_TEST(texts)
{
	takes("{\"minLength\":2,\"maxLength\":3}", "\"né!\"");
	takes("{\"maxLength\":1}", "\"\\ud83d\\ude00\"");
	takes("{\"maxLength\":1}", "[1,2]");
	refuses("{\"minLength\":1}", "\"\"", "", "expected at least 1 character");
	refuses("{\"minLength\":2}", "\"é\"", "", "expected at least 2 characters");
	refuses("{\"maxLength\":3}", "\"abcd\"", "", "expected at most 3 characters");
}
END_TEST

START_TEST(formats)
{
	static const struct {
		const char *format;
		const char *right[6], *wrong[10];
	} rows[] = {
		{ "email", { "a@b.c", "first.last+tag@mail.example.org", "a@b" },
			{ "", "a", "@b", "a@", "a@b@c", ".a@b", "a..b@c", "a@-b", "a@b..c",
				"аnn@hearth.test" } },
		{ "time-zone",
			{ "UTC", "Europe/Vienna", "America/Argentina/Buenos_Aires", "Etc/GMT+1" },
			{ "", "/Europe", "Europe/", "Europe//Vienna", "a/b/c/d", "../etc",
				"Eurоpe/Vienna", "+1", "Europe Vienna" } },
		{ "language-tag", { "de", "pt-BR", "zh-Hant-TW", "de-1996" },
			{ "", "d", "-de", "de-", "de--AT", "de_AT", "dе", "ninelette-rs",
				"12-de" } },
		{ "color", { "#000000", "#A0b1C2" },
			{ "", "#000", "000000", "#00000g", "#0000000", "red", "#00000о" } },
		{ "mailbox", { "INBOX", "Lists/hearth-dev", "Füße", " a" },
			{ "", "/", "a/", "/a", "a//b", "a\\u0000b", "a\\nb", "\\u007f" } },
		{ "keyword", { "$Work", "later", "a[b" },
			{ "", "a b", "\\\\Seen", "a]", "a*", "%", "(", "é", "a\\tb" } },
		{ "attachment", { "logo.png", "a", "move_sound-2~" },
			{ "", ".hidden", "a/b", "a b", "é", "..", "a\\u0000" } },
	};
	char schema[100], document[100];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = arena_new();
		struct schema_fault fault;

		snprintf(schema, sizeof(schema), "{\"format\":\"%s\"}", rows[i].format);
		for (size_t k = 0; k < 6 && rows[i].right[k]; k++) {
			snprintf(document, sizeof(document), "\"%s\"", rows[i].right[k]);
			takes(schema, document);
		}
		for (size_t k = 0; k < 10 && rows[i].wrong[k]; k++) {
			snprintf(document, sizeof(document), "\"%s\"", rows[i].wrong[k]);
			ck_assert_msg(schema_check(schema_right(a, schema), a,
					      read_right(a, document), &fault) < 0,
				"%s takes %s", schema, document);
			ck_assert_msg(
				strncmp(fault.expected, "expected ", 9) == 0, "%s", fault.expected);
		}
		takes(schema, "7");
		arena_free(&a);
	}
}
END_TEST

START_TEST(lists)
{
	takes("{\"items\":{\"type\":\"string\"},\"maxItems\":2}", "[\"a\",\"b\"]");
	takes("{\"items\":false}", "[]");
	refuses("{\"items\":{\"type\":\"string\"}}", "[\"a\",1,2]", "/1", "expected text");
	refuses("{\"minItems\":1}", "[]", "", "expected at least 1 element");
	refuses("{\"maxItems\":2}", "[1,2,3]", "", "expected at most 2 elements");
	takes("{\"uniqueItems\":true}", "[1,\"1\",[1],{\"a\":1},true]");
	takes("{\"uniqueItems\":false}", "[1,1]");
	refuses("{\"uniqueItems\":true}", "[3,1,2,1.0,3]", "/3",
		"expected a value that is not in the list already");
	refuses("{\"uniqueItems\":true}", "[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]", "/1",
		"expected a value that is not in the list already");
}
END_TEST

START_TEST(objects)
{
	const char *s = "{\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":true},"
			"\"required\":[\"a\"],\"additionalProperties\":false,\"maxProperties\":2}";

	takes(s, "{\"a\":1}");
	takes(s, "[]");
	refuses(s, "{\"b\":1}", "/a", "this member is required");
	refuses(s, "{\"a\":null}", "/a", "expected a whole number");
	refuses(s, "{\"c\":1,\"a\":\"x\"}", "/c", "there is no such member; expected one of a, b");
	refuses("{\"additionalProperties\":{\"type\":\"null\"}}", "{\"x\":null,\"y\":1}", "/y",
		"expected null");
	refuses("{\"minProperties\":1}", "{}", "", "expected at least 1 member");
	refuses("{\"maxProperties\":1}", "{\"a\":1,\"b\":1}", "", "expected at most 1 members");
	refuses("{\"properties\":{\"a\":{\"items\":{\"required\":[\"n/m~\"]}}}}",
		"{\"a\":[{\"n/m~\":1},{}]}", "/a/1/n~1m~0", "this member is required");
	refuses("{\"additionalProperties\":false}", "{\"x\\u0000y\":1}", "/x\xe2\x90\x80y",
		"there is no such member");
}
END_TEST

/* The name of a member may be as long as the document. */
START_TEST(long_pointer)
{
	struct strbuf text = { 0 };
	struct arena *a = arena_new();
	struct schema_fault fault = { 0 };

	strbuf_adds(&text, "{\"");
	for (int i = 0; i < 5000; i++)
		strbuf_adds(&text, "é");
	strbuf_adds(&text, "\":1}");
	ck_assert_int_eq(schema_check(schema_right(a, "{\"additionalProperties\":false}"), a,
				 read_right(a, text.p), &fault),
		HEARTH_EINVAL);
	ck_assert_uint_le(strlen(fault.pointer), SCHEMA_POINTER_MAX);
	ck_assert_str_eq(fault.pointer + strlen(fault.pointer) - 3, "…");
	strbuf_free(&text);
	arena_free(&a);
}
END_TEST

START_TEST(references)
{
	const char *list =
		"{\"$defs\":{\"node\":{\"type\":\"object\",\"properties\":{\"next\":{"
		"\"$ref\":\"#/$defs/node\"},\"v\":{\"$ref\":\"#/$defs/v\"}},"
		"\"required\":[\"v\"]},\"v\":{\"maximum\":9}},\"$ref\":\"#/$defs/node\"}";

	takes(list, "{\"v\":1,\"next\":{\"v\":2,\"next\":{\"v\":3}}}");
	refuses(list, "{\"v\":1,\"next\":{\"v\":2,\"next\":{}}}", "/next/next/v",
		"this member is required");
	refuses(list, "{\"v\":1,\"next\":{\"v\":10}}", "/next/v", "expected a number of at most 9");
	/* Beside other keywords, and to the whole. */
	refuses("{\"items\":{\"$ref\":\"#\"},\"maxItems\":1}", "[[[1,2]]]", "/0/0",
		"expected at most 1 elements");
	refuses("{\"$defs\":{\"a\":{\"minimum\":1}},\"$ref\":\"#/$defs/a\",\"maximum\":2}", "3", "",
		"expected a number of at most 2");
	refuses("{\"$defs\":{\"a\":{\"minimum\":1}},\"$ref\":\"#/$defs/a\",\"maximum\":2}", "0", "",
		"expected a number of at least 1");
}
END_TEST

START_TEST(refused_schemas)
{
	static const char *const rows[][2] = {
		{ "", "line 1: expected a value" },
		{ "[]", "\"\": expected a schema: an object, true or false" },
		{ "{\"pattern\":\"x\"}", "\"pattern\": expected a keyword that is checked here" },
		{ "{\"anyOf\":[]}", "\"anyOf\": expected a keyword that is checked here" },
		{ "{\"type\":\"int\"}",
			"\"type\": expected null, boolean, integer, number, string, array or "
			"object" },
		{ "{\"type\":[]}", "\"type\": expected at least one type" },
		{ "{\"enum\":1}", "\"enum\": expected a list of values" },
		{ "{\"minimum\":\"1\"}", "\"minimum\": expected a number" },
		{ "{\"maximum\":1e999}", "\"maximum\": expected a number" },
		{ "{\"maxLength\":-1}",
			"\"maxLength\": expected a whole number that is not negative" },
		{ "{\"maxItems\":1.5}",
			"\"maxItems\": expected a whole number that is not negative" },
		{ "{\"format\":\"uri\"}", "\"format\": expected a format that is known here" },
		{ "{\"items\":[]}", "\"items\": expected a schema: an object, true or false" },
		{ "{\"uniqueItems\":1}", "\"uniqueItems\": expected true or false" },
		{ "{\"properties\":[]}", "\"properties\": expected an object of schemas" },
		{ "{\"required\":\"a\"}", "\"required\": expected a list of names" },
		{ "{\"required\":[1]}", "\"required\": expected a list of names" },
		{ "{\"$ref\":\"other.json\"}",
			"\"$ref\": expected \"#\" or \"#/$defs/NAME\" of a definition that is "
			"there" },
		{ "{\"items\":{\"$defs\":{}}}", "\"$defs\": expected definitions at the top only" },
		{ "{\"$ref\":\"#\"}", "\"$ref\": expected references that come to an end" },
		{ "{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":\"#/$defs/a\"}}}",
			"\"$ref\": expected references that come to an end" },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct schema *s;
		const char *why = NULL;

		ck_assert_int_eq(schema_read(a, slice_str(rows[i][0]), &s, &why), HEARTH_EINVAL);
		ck_assert_str_eq(why, rows[i][1]);
	}
	arena_free(&a);
}
END_TEST

/* ---- the schema of the preferences ---- */

static const char *const hearth_right[] = {
	"{}",
	"{\"general\":{},\"mail\":{},\"video\":{},\"game\":{}}",
	"{\"general\":{\"theme\":\"dark\",\"language\":\"de-AT\"}}",
	("{\"mail\":{\"filters\":[{\"name\":\"a\",\"if\":{\"from\":\"x\"},\"then\":{\"seen\":true}}"
	 "]"
	 "}}"),
	"{\"game\":{\"clock\":{\"base_s\":300,\"increment_s\":3},\"auto_queen\":true}}",
};

static const char *const hearth_wrong[][2] = {
	{ "[]", "" },
	{ "{\"theme\":\"dark\"}", "/theme" },
	{ "{\"general\":null}", "/general" },
	{ "{\"general\":{\"theme\":\"blue\"}}", "/general/theme" },
	{ "{\"mail\":{\"filters\":{}}}", "/mail/filters" },
	{ "{\"mail\":{\"filters\":[{\"if\":{\"from\":\"x\"},\"then\":{\"seen\":true}}]}}",
		"/mail/filters/0/name" },
	{ "{\"mail\":{\"filters\":[{\"name\":\"a\",\"if\":{},\"then\":{\"seen\":true}}]}}",
		"/mail/filters/0/if" },
	{ "{\"mail\":{\"filters\":[{\"name\":\"a\",\"if\":{\"from\":\"\"},\"then\":{}}]}}",
		"/mail/filters/0/if/from" },
	{ "{\"mail\":{\"filters\":[{\"name\":\"a\",\"if\":{\"from\":\"x\"},\"then\":{\"move\":"
	  "\"a//b\"}}]}}",
		"/mail/filters/0/then/move" },
	{ "{\"game\":{\"clock\":{\"increment_s\":1}}}", "/game/clock/base_s" },
	{ "{\"game\":{\"clock\":{\"base_s\":0}}}", "/game/clock/base_s" },
};

START_TEST(preferences)
{
	const char *text = schema_file().p;

	for (size_t i = 0; i < sizeof(hearth_right) / sizeof(hearth_right[0]); i++)
		takes(text, hearth_right[i]);
	for (size_t i = 0; i < sizeof(hearth_wrong) / sizeof(hearth_wrong[0]); i++) {
		struct arena *a = arena_new();
		struct schema_fault fault = { 0 };

		ck_assert_int_eq(schema_check(schema_right(a, text), a,
					 read_right(a, hearth_wrong[i][0]), &fault),
			HEARTH_EINVAL);
		ck_assert_str_eq(fault.pointer, hearth_wrong[i][1]);
		arena_free(&a);
	}
}
END_TEST

/* Writes the schema `j` again as a document of its own, with the definitions of the whole. */
static void check_defaults(struct arena *a, const struct json *j, int *found)
{
	const struct json *value = json_get(j, "default");

	if (value && json_get(j, "type")) {
		struct json *own = arena_dup(a, j, sizeof(*j));
		struct strbuf out = { 0 };
		struct json_writer w;
		struct schema_fault fault = { 0 };
		struct slice type = { 0 };

		/*
		 * A default is of its own schema's type; what a list holds by default is nothing.
		 */
		json_get_text(own, "type", &type);
		json_writer_init(&w, &out);
		json_open_object(&w);
		json_put_text(&w, "type", type);
		if (json_get(own, "minimum")) {
			json_name(&w, "minimum");
			json_ready(&w, json_get(own, "minimum")->text);
			json_name(&w, "maximum");
			json_ready(&w, json_get(own, "maximum")->text);
		}
		if (json_get(own, "enum")) {
			json_name(&w, "enum");
			json_open_array(&w);
			for (const struct json *e = json_get(own, "enum")->child; e; e = e->next)
				json_text(&w, e->text);
			json_close_array(&w);
		}
		json_close_object(&w);
		ck_assert_msg(schema_check(schema_right(a, out.p), a, value, &fault) == 0,
			"%.*s: %s", SLICE_ARG(j->name), fault.expected);
		strbuf_free(&out);
		++*found;
	}
	for (const struct json *c = j->child; c; c = c->next)
		check_defaults(a, c, found);
}

START_TEST(defaults)
{
	struct arena *a = arena_new();
	int found = 0;

	check_defaults(a, read_right(a, schema_file().p), &found);
	ck_assert_int_ge(found, 10);
	arena_free(&a);
}
END_TEST

TEST_MAIN("schema", types, choices, numbers, texts, formats, lists, objects, long_pointer,
	references, refused_schemas, preferences, defaults)
