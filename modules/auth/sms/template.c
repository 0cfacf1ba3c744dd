/*
 * template.c: texts with places in them, and the escaping that keeps a value one value
 * (template.h). Pure.
 */
#include "sms/template.h"

#include "hearth/error.h"

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7F;
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

static void add_json(struct strbuf *out, char c)
{
	if (c == '"' || c == '\\')
		strbuf_printf(out, "\\%c", c);
	else if (is_control(c))
		strbuf_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
	else
		strbuf_addc(out, c);
}

static void add_xml(struct strbuf *out, char c)
{
	if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
		strbuf_printf(out, "&#%u;", (unsigned)c);
	else
		strbuf_addc(out, is_control(c) && c != '\n' && c != '\t' ? ' ' : c);
}

static void add_escaped(struct strbuf *out, struct slice value, enum template_escape escape)
{
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		switch (escape) {
		case TEMPLATE_PLAIN: strbuf_addc(out, c); break;
		case TEMPLATE_URL:
			if (is_unreserved(c))
				strbuf_addc(out, c);
			else
				strbuf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
			break;
		case TEMPLATE_JSON: add_json(out, c); break;
		case TEMPLATE_XML: add_xml(out, c); break;
		case TEMPLATE_HEADER: strbuf_addc(out, is_control(c) ? ' ' : c); break;
		}
	}
}

/* The name of the place {name} that `text` begins with; empty when it begins with none. */
static struct slice place_at(struct slice text)
{
	struct slice name = slice_skip(text, 1);
	size_t n = 0;

	if (!slice_starts(text, SLICE("{")))
		return (struct slice){ 0 };
	while (n < name.n && ((name.p[n] >= 'a' && name.p[n] <= 'z') || name.p[n] == '_'))
		n++;
	return n < name.n && name.p[n] == '}' ? slice_head(name, n) : (struct slice){ 0 };
}

static const struct template_value *value_of(const struct template_value *values, struct slice name)
{
	for (; values->name; values++)
		if (name.n && slice_eq(name, slice_str(values->name)))
			return values;
	return NULL;
}

void template_render(struct strbuf *out, const char *text, enum template_escape escape,
	const struct template_value *values)
{
	struct slice rest = slice_str(text);

	while (rest.n) {
		struct slice name = place_at(rest);
		const struct template_value *v = value_of(values, name);

		if (v) {
			add_escaped(out, v->value, escape);
			rest = slice_skip(rest, name.n + 2);
		} else {
			/* What stands in the file itself cannot break a header either. */
			add_escaped(out, slice_head(rest, 1),
				escape == TEMPLATE_HEADER ? TEMPLATE_HEADER : TEMPLATE_PLAIN);
			rest = slice_skip(rest, 1);
		}
	}
}

bool template_has(const char *text, const char *name)
{
	for (struct slice rest = slice_str(text); rest.n; rest = slice_skip(rest, 1))
		if (slice_eq(place_at(rest), slice_str(name)))
			return true;
	return false;
}

struct slice template_unknown(const char *text, const char *const *names)
{
	for (struct slice rest = slice_str(text); rest.n; rest = slice_skip(rest, 1)) {
		struct slice name = place_at(rest);
		const char *const *known = names;

		while (*known && !slice_eq(name, slice_str(*known)))
			known++;
		if (name.n && !*known)
			return name;
	}
	return (struct slice){ 0 };
}

static bool has_suffix(struct slice s, struct slice suffix)
{
	return s.n >= suffix.n && slice_ieq(slice_skip(s, s.n - suffix.n), suffix);
}

enum template_escape template_escape_of(struct slice content_type)
{
	struct slice type = slice_trim(slice_split(&content_type, ';'));

	if (!type.p || slice_ieq(type, SLICE("application/x-www-form-urlencoded")))
		return TEMPLATE_URL;
	if (has_suffix(type, SLICE("/json")) || has_suffix(type, SLICE("+json")))
		return TEMPLATE_JSON;
	if (has_suffix(type, SLICE("/xml")) || has_suffix(type, SLICE("+xml")))
		return TEMPLATE_XML;
	return TEMPLATE_PLAIN;
}

/* RFC 9110 section 5.6.2. */
static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_unreserved(s.p[i]) && (!s.p[i] || !strchr("!#$%&'*+^`|", s.p[i])))
			return false;
	return s.n > 0;
}

int template_header_next(struct slice *rest, struct template_header *out)
{
	struct slice field;

	do {
		if (!rest->p)
			return 0;
		field = slice_trim(slice_split(rest, '|'));
	} while (field.n == 0);
	out->name = slice_trim(slice_split(&field, ':'));
	out->value = slice_trim(field);
	return field.p && is_token(out->name) ? 1 : HEARTH_EINVAL;
}
