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

void results_end(struct strbuf *out, size_t begun)
{
	bool any = slice_chr(slice_skip(strbuf_slice(out), begun), ';') >= 0;

	strbuf_adds(out, any ? "\r\n" : "; none\r\n");
}
