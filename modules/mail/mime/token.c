/*
 * mime/token.c: see token.h. Comments nest by a counter, not by recursion.
 *
 * Pure; linear.
 */
#include "mime/token.h"

struct mime_cursor mime_cursor_of(struct slice value)
{
	return (struct mime_cursor){ .p = value.p, .end = value.n ? value.p + value.n : value.p };
}

bool mime_at(const struct mime_cursor *c, char character)
{
	return c->p < c->end && *c->p == character;
}

/* Behind the ')' that closes the comment at `p`, or NULL. */
static const char *comment_end(const char *p, const char *end)
{
	size_t depth = 0;

	for (; p < end; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
		else if (*p == '(')
			depth++;
		else if (*p == ')' && --depth == 0)
			return p + 1;
	}
	return NULL;
}

/* Behind the '"' that closes the string whose inside begins at `p`, or NULL. */
static const char *quote_end(const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
		else if (*p == '"')
			return p + 1;
	}
	return NULL;
}

bool mime_skip_space(struct mime_cursor *c)
{
	const char *start = c->p, *after;

	while (c->p < c->end) {
		if ((unsigned char)*c->p <= ' ' || *c->p == 0x7F) {
			c->p++;
			continue;
		}
		if (*c->p != '(' || c->open_comment)
			break;
		after = comment_end(c->p, c->end);
		if (!after) {
			c->open_comment = true;
			break;
		}
		c->comment = slice_of(c->p + 1, (size_t)(after - c->p) - 2);
		c->p = after;
	}
	return c->p > start;
}

bool mime_take_quoted(struct mime_cursor *c, struct slice *inner)
{
	const char *after;

	if (!mime_at(c, '"') || c->open_quote)
		return false;
	after = quote_end(c->p + 1, c->end);
	if (!after) {
		c->open_quote = true;
		return false;
	}
	*inner = slice_of(c->p + 1, (size_t)(after - c->p) - 2);
	c->p = after;
	return true;
}

static bool is_atom(unsigned char c)
{
	switch (c) {
	case '(':
	case ')':
	case '<':
	case '>':
	case '[':
	case ']':
	case ':':
	case ';':
	case '@':
	case '\\':
	case ',':
	case '.':
	case '"':
	case 0x7F: return false;
	default: return c > ' ';
	}
}

struct slice mime_take_atom(struct mime_cursor *c)
{
	const char *start = c->p;

	while (c->p < c->end && is_atom((unsigned char)*c->p))
		c->p++;
	return slice_of(start, (size_t)(c->p - start));
}

size_t mime_unescape(struct slice s, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
		out[n++] = s.p[i];
	}
	return n;
}

int mime_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
