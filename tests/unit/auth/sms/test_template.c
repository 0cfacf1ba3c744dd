/*
 * test_template.c: places in texts, and that a value stays one value wherever it stands.
 */
#include "harness.h"

#include "hearth/error.h"
#include "hearth/json.h"
#include "sms/template.h"

static const char *render(const char *text, enum template_escape escape, const char *value)
{
	static struct strbuf out;
	const struct template_value values[] = { { "to", SLICE("+491701234567") },
		{ "text", slice_str(value) }, { "id", SLICE("0a1b") }, { NULL, { 0 } } };

	strbuf_reset(&out);
	template_render(&out, text, escape, values);
	return out.p ? out.p : "";
}

START_TEST(places)
{
	ck_assert_str_eq(render("", TEMPLATE_PLAIN, "x"), "");
	ck_assert_str_eq(render("nothing", TEMPLATE_PLAIN, "x"), "nothing");
	ck_assert_str_eq(render("{to}{text}{id}", TEMPLATE_PLAIN, "x"), "+491701234567x0a1b");
	ck_assert_str_eq(render("{text} and {text}", TEMPLATE_PLAIN, "x"), "x and x");
	ck_assert_str_eq(render("{ text}{TEXT}{text", TEMPLATE_PLAIN, "x"), "{ text}{TEXT}{text");
	ck_assert_str_eq(render("{{text}}", TEMPLATE_PLAIN, "x"), "{x}");
	ck_assert_str_eq(render("{}{other}", TEMPLATE_PLAIN, "x"), "{}{other}");
}
END_TEST

/* A value that looks like a place is a value. */
START_TEST(not_twice)
{
	ck_assert_str_eq(render("{text}", TEMPLATE_PLAIN, "{to}"), "{to}");
	ck_assert_str_eq(render("{{text}}", TEMPLATE_PLAIN, "id"), "{id}");
}
END_TEST

START_TEST(url)
{
	ck_assert_str_eq(render("https://s/?to={to}&m={text}&x=%20", TEMPLATE_URL, "a b&c=d/é#?+%"),
		"https://s/?to=%2B491701234567&m=a%20b%26c%3Dd%2F%C3%A9%23%3F%2B%25&x=%20");
	ck_assert_str_eq(render("{text}", TEMPLATE_URL, "\r\n"), "%0D%0A");
	ck_assert_str_eq(render("{text}", TEMPLATE_URL, "AZaz09-._~"), "AZaz09-._~");
}
END_TEST

START_TEST(json)
{
	struct arena *a = arena_new();
	struct json *doc;
	struct slice text;
	const char *value = "say \"hi\\there\"\r\n\t\x01\x7F é €", *body;

	body = render("{\"to\": \"{to}\", \"text\": \"{text}\", \"deep\": {\"id\":\"{id}\"}}",
		TEMPLATE_JSON, value);
	ck_assert_int_eq(json_read(a, slice_str(body), &doc, NULL), 0);
	ck_assert_int_eq(json_get_text(doc, "text", &text), 0);
	ck_assert(slice_eq(text, slice_str(value)));
	ck_assert_int_eq(json_get_text(doc, "to", &text), 0);
	ck_assert(slice_eq(text, SLICE("+491701234567")));
	ck_assert_int_eq(json_get_text(json_get(doc, "deep"), "id", &text), 0);
	arena_free(&a);
}
END_TEST

START_TEST(xml)
{
	ck_assert_str_eq(render("<m to=\"{to}\">{text}</m>", TEMPLATE_XML, "a<b>&\"'\x01"),
		"<m to=\"+491701234567\">a&#60;b&#62;&#38;&#34;&#39; </m>");
}
END_TEST

START_TEST(header)
{
	ck_assert_str_eq(
		render("{text}", TEMPLATE_HEADER, "a\r\nX-Evil: b\x7F\tc"), "a  X-Evil: b  c");
	ck_assert_str_eq(render("a\tb {id}", TEMPLATE_HEADER, ""), "a b 0a1b");
}
END_TEST

START_TEST(kinds)
{
	ck_assert_int_eq(template_escape_of((struct slice){ 0 }), TEMPLATE_URL);
	ck_assert_int_eq(
		template_escape_of(SLICE("application/x-www-form-urlencoded; charset=utf-8")),
		TEMPLATE_URL);
	ck_assert_int_eq(template_escape_of(SLICE("application/json")), TEMPLATE_JSON);
	ck_assert_int_eq(
		template_escape_of(SLICE("Application/JSON;charset=UTF-8")), TEMPLATE_JSON);
	ck_assert_int_eq(template_escape_of(SLICE("application/vnd.api+json")), TEMPLATE_JSON);
	ck_assert_int_eq(template_escape_of(SLICE("text/xml")), TEMPLATE_XML);
	ck_assert_int_eq(template_escape_of(SLICE("application/soap+xml")), TEMPLATE_XML);
	ck_assert_int_eq(template_escape_of(SLICE("text/plain")), TEMPLATE_PLAIN);
}
END_TEST

START_TEST(known)
{
	static const char *const names[] = { "to", "text", NULL };

	ck_assert_int_eq(template_unknown("{to} {text} {\"a\":1} {A} {}", names).n, 0);
	ck_assert(slice_eq(template_unknown("{to} {txt}", names), SLICE("txt")));
	ck_assert(template_has("x{to}", "to"));
	ck_assert(!template_has("x{ton}", "to"));
	ck_assert(!template_has("x{to", "to"));
}
END_TEST

START_TEST(headers)
{
	struct slice rest = SLICE(" Content-Type: application/json |X-A:b:c| | X-Empty: ");
	struct template_header h;

	ck_assert_int_eq(template_header_next(&rest, &h), 1);
	ck_assert(slice_eq(h.name, SLICE("Content-Type")));
	ck_assert(slice_eq(h.value, SLICE("application/json")));
	ck_assert_int_eq(template_header_next(&rest, &h), 1);
	ck_assert(slice_eq(h.name, SLICE("X-A")));
	ck_assert(slice_eq(h.value, SLICE("b:c")));
	ck_assert_int_eq(template_header_next(&rest, &h), 1);
	ck_assert(slice_eq(h.name, SLICE("X-Empty")));
	ck_assert_int_eq(h.value.n, 0);
	ck_assert_int_eq(template_header_next(&rest, &h), 0);
	ck_assert_int_eq(template_header_next(&rest, &h), 0);
}
END_TEST

START_TEST(bad_headers)
{
	static const char *const bad[] = { "no colon", ": value", "A B: c", "A\"B: c", "{id}: x" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct slice rest = slice_str(bad[i]);
		struct template_header h;

		ck_assert_int_eq(template_header_next(&rest, &h), HEARTH_EINVAL);
	}
}
END_TEST

TEST_MAIN("template", places, not_twice, url, json, xml, header, kinds, known, headers, bad_headers)
