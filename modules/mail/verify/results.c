/*
 * results.c: see results.h. Pure; each value is cut at RESULTS_VALUE_MAX, each method stands on a line of
 * its own.
 */
#include "verify/results.h"

#include <ctype.h>

void results_begin(struct strbuf *out, struct slice id)
{
	strbuf_printf(out, "Authentication-Results: %.*s", SLICE_ARG(id));
}

void results_method(struct strbuf *out, const char *method, const char *result)
{
	strbuf_printf(out, ";\r\n\t%s=%s", method, result);
}

/* Parentheses and backslashes would end it, or not. */
void results_comment(struct strbuf *out, struct slice why)
{
	if (why.n == 0)
		return;
	strbuf_adds(out, " (");
	for (size_t i = 0; i < why.n && i < RESULTS_VALUE_MAX; i++) {
		char c = why.p[i];

		strbuf_addc(out, c < ' ' || c >= 0x7f || strchr("()\\", c) ? '?' : c);
	}
	strbuf_addc(out, ')');
}

static bool is_token(struct slice value)
{
	for (size_t i = 0; i < value.n; i++)
		if (!isalnum((unsigned char)value.p[i]) &&
			(value.p[i] == '\0' || !strchr("-._@+*/%!#$&~^{}|", value.p[i])))
			return false;
	return true;
}

void results_property(struct strbuf *out, const char *name, struct slice value)
{
	bool token = is_token(value);

	if (value.n == 0)
		return;
	value = slice_head(value, RESULTS_VALUE_MAX);
	strbuf_printf(out, " %s=%s", name, token ? "" : "\"");
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (c == '"' || c == '\\')
			strbuf_addc(out, '\\');
		strbuf_addc(out, c < ' ' || c == 0x7f ? '?' : (char)c);
	}
	if (!token)
		strbuf_addc(out, '"');
}

/* ---- reading ---- */

/* Without comments and quotes, white space made one space; what was quoted has no ";" of its own. */
static void flatten(struct strbuf *out, struct slice value)
{
	int comments = 0;
	bool quoted = false;

	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c == '\\' && (quoted || comments > 0))
			i++;
		else if (c == '"' && comments == 0)
			quoted = !quoted;
		else if (!quoted && (c == '(' || (c == ')' && comments > 0)))
			comments += c == '(' ? 1 : -1;
		else if (comments == 0 && isspace((unsigned char)c))
			strbuf_addc(out, ' ');
		else if (comments == 0)
			strbuf_addc(out, quoted && strchr(";= ", c) ? '?' : c);
	}
}

/* "name = value" off the front; false: it is none. */
static bool take_pair(struct slice *in, struct slice *pair_name, struct slice *value)
{
	ptrdiff_t equals = slice_chr(*in, '=');
	struct slice rest;
	ptrdiff_t space;

	if (equals < 0)
		return false;
	*pair_name = slice_trim(slice_head(*in, (size_t)equals));
	rest = slice_trim(slice_skip(*in, (size_t)equals + 1));
	space = slice_chr(rest, ' ');
	*value = space < 0 ? rest : slice_head(rest, (size_t)space);
	*in = slice_skip(rest, value->n);
	return true;
}

static bool part_says(struct slice part, struct slice method, struct slice result,
	struct slice property, struct slice wanted)
{
	struct slice pair_name, value;

	if (!take_pair(&part, &pair_name, &value) || !slice_ieq(pair_name, method) ||
		!slice_ieq(value, result))
		return false;
	while (take_pair(&part, &pair_name, &value))
		if (slice_ieq(pair_name, property) && !slice_ieq(value, wanted))
			return false;
	return true;
}

bool results_say(struct slice value, struct slice method, struct slice result,
	struct slice property, struct slice wanted)
{
	struct strbuf flat = { 0 };
	struct slice rest;
	bool says = false;

	flatten(&flat, value);
	rest = strbuf_slice(&flat);
	while (rest.p && !says)
		says = part_says(slice_split(&rest, ';'), method, result, property, wanted);
	strbuf_free(&flat);
	return says;
}

/* ---- its end ---- */

void results_end(struct strbuf *out, size_t begun)
{
	bool any = slice_chr(slice_skip(strbuf_slice(out), begun), ';') >= 0;

	strbuf_adds(out, any ? "\r\n" : "; none\r\n");
}
