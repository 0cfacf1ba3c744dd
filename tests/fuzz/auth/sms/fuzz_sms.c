/*
 * fuzz_sms.c: any bytes as a phone number, a code, a list of header fields, and (first line) a
 * template with (the rest) a value. A number that is taken is canonical; a value written for a URL,
 * JSON, XML or a header comes back from it whole, and breaks out of none.
 */
#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/text.h"
#include "sms/code.h"
#include "sms/phone.h"
#include "sms/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool truth)
{
	if (!truth)
		abort();
}

static void try_phone(struct slice in)
{
	static const char *const countries[] = { "", "1", "7", "36", "39", "49", "225", "993" };
	char out[PHONE_MAX], again[PHONE_MAX], shown[PHONE_MASK];

	for (size_t i = 0; i < sizeof(countries) / sizeof(countries[0]); i++) {
		if (phone_normalise(in, countries[i], out) < 0)
			continue;
		need(out[0] == '+' && out[1] >= '1' && out[1] <= '9');
		need(strspn(out + 1, "0123456789") == strlen(out + 1));
		need(strlen(out) >= 9 && strlen(out) <= 16);
		need(phone_normalise(slice_str(out), countries[i], again) == 0);
		need(strcmp(out, again) == 0);
		phone_mask(out, shown);
		need(utf8_valid(slice_str(shown)));
	}
}

static void try_code(struct slice in)
{
	char out[AUTH_CODE_DIGITS + 1];

	if (auth_code_read(in, out) == 0)
		need(strspn(out, "0123456789") == AUTH_CODE_DIGITS && !out[AUTH_CODE_DIGITS]);
}

static void try_headers(struct slice rest)
{
	struct template_header h;
	size_t left = rest.n + 1;

	while (template_header_next(&rest, &h) > 0) {
		need(h.name.n > 0 && slice_chr(h.name, ':') < 0 && slice_chr(h.name, '\n') < 0);
		need(slice_chr(h.value, '|') < 0);
		need(left-- > 0);
		template_escape_of(h.value);
	}
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void check_url(struct slice out, struct slice value)
{
	size_t at = 0;

	for (size_t i = 0; i < out.n; i++) {
		char c = out.p[i];

		need(c != '&' && c != '=' && c != '#' && c != '/' && c != ' ' && c != '+');
		if (c == '%') {
			need(i + 2 < out.n && digit(out.p[i + 1]) >= 0 && digit(out.p[i + 2]) >= 0);
			c = (char)(digit(out.p[i + 1]) << 4 | digit(out.p[i + 2]));
			i += 2;
		}
		need(at < value.n && value.p[at++] == c);
	}
	need(at == value.n);
}

/* A value alone, in each way of writing it. */
static void try_value(struct slice value)
{
	const struct template_value values[] = { { "text", value }, { NULL, { 0 } } };
	struct strbuf out = { 0 };
	struct arena *a = arena_new();
	struct json *doc;
	struct slice text;

	template_render(&out, "{text}", TEMPLATE_PLAIN, values);
	need(slice_eq(strbuf_slice(&out), value));
	strbuf_reset(&out);
	template_render(&out, "{text}", TEMPLATE_URL, values);
	check_url(strbuf_slice(&out), value);
	strbuf_reset(&out);
	template_render(&out, "{\"a\":\"{text}\",\"b\":1}", TEMPLATE_JSON, values);
	need((json_read(a, strbuf_slice(&out), &doc, NULL) == 0) == utf8_valid(value));
	if (utf8_valid(value))
		need(json_get_text(doc, "a", &text) == 0 && slice_eq(text, value) &&
			json_get(doc, "b"));
	strbuf_reset(&out);
	template_render(&out, "{text}", TEMPLATE_XML, values);
	need(slice_chr(strbuf_slice(&out), '<') < 0 && slice_chr(strbuf_slice(&out), '"') < 0);
	strbuf_reset(&out);
	template_render(&out, "{text}", TEMPLATE_HEADER, values);
	need(out.n == value.n && slice_chr(strbuf_slice(&out), '\n') < 0 &&
		slice_chr(strbuf_slice(&out), '\r') < 0 && slice_chr(strbuf_slice(&out), '\0') < 0);
	strbuf_free(&out);
	arena_free(&a);
}

static void try_template(struct slice template, struct slice value)
{
	static const char *const names[] = { "to", "text", NULL };
	const struct template_value values[] = { { "to", SLICE("+1") }, { "text", value },
		{ NULL, { 0 } } };
	char *text = mem_strdup(template);
	struct strbuf out = { 0 };
	struct slice unknown = template_unknown(text, names);

	for (int escape = TEMPLATE_PLAIN; escape <= TEMPLATE_HEADER; escape++) {
		strbuf_reset(&out);
		template_render(&out, text, (enum template_escape)escape, values);
		if (!template_has(text, "to") && !template_has(text, "text") &&
			escape != TEMPLATE_HEADER)
			need(slice_eq(strbuf_slice(&out), slice_str(text)));
		if (escape == TEMPLATE_HEADER)
			need(slice_chr(strbuf_slice(&out), '\n') < 0);
	}
	need(!unknown.n || (!slice_eq(unknown, SLICE("to")) && !slice_eq(unknown, SLICE("text"))));
	strbuf_free(&out);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size), rest = in, first = slice_split(&rest, '\n');

	if (size > 4096)
		return 0; /* each try is linear in it, but for unknown places */
	try_phone(in);
	try_code(in);
	try_headers(in);
	try_value(in);
	try_template(first, rest);
	return 0;
}
