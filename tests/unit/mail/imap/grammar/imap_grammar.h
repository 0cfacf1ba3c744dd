/*
 * imap_grammar.h: an independent reader of the envelope and body rules of RFC 3501 section 9, for
 * tests. It counts the parts it meets and fails on the first character that the grammar does not
 * allow.
 */
#ifndef HEARTH_TESTS_IMAP_GRAMMAR_H
#define HEARTH_TESTS_IMAP_GRAMMAR_H

#include <stdio.h>
#include <strings.h>

#include "hearth/str.h"

struct grammar {
	const char *p, *end;
	bool extended; /* BODYSTRUCTURE rather than BODY */
	size_t leaves; /* parts without children, message/rfc822 not counted */
};

static inline bool g_char(struct grammar *g, char c)
{
	return g->p < g->end && *g->p == c && g->p++;
}

static inline bool g_word(struct grammar *g, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(g->end - g->p) < n || strncasecmp(g->p, word, n) != 0)
		return false;
	g->p += n;
	return true;
}

static inline bool g_number(struct grammar *g, size_t *number)
{
	const char *start = g->p;

	for (*number = 0; g->p < g->end && *g->p >= '0' && *g->p <= '9'; g->p++)
		*number = *number * 10 + (size_t)(*g->p - '0');
	return g->p > start && g->p - start <= 10;
}

/* string = quoted / literal; *s is its inside as it stands. */
static inline bool g_string(struct grammar *g, struct slice *s)
{
	size_t n;

	if (g_char(g, '{')) {
		if (!g_number(g, &n) || !g_word(g, "}\r\n") || (size_t)(g->end - g->p) < n)
			return false;
		*s = slice_of(g->p, n);
		g->p += n;
		return memchr(s->p, '\0', n) == NULL;
	}
	if (!g_char(g, '"'))
		return false;
	s->p = g->p;
	while (g->p < g->end && *g->p != '"') {
		if (*g->p == '\\' && (g->p + 1 == g->end || (*++g->p != '"' && *g->p != '\\')))
			return false;
		if (*g->p == '\0' || *g->p == '\r' || *g->p == '\n' || (unsigned char)*g->p >= 0x80)
			return false;
		g->p++;
	}
	s->n = (size_t)(g->p - s->p);
	return g_char(g, '"');
}

static inline bool g_nstring(struct grammar *g)
{
	struct slice ignored;

	return g_word(g, "NIL") || g_string(g, &ignored);
}

/* NIL, or "(" address… ")" */
static inline bool g_addresses(struct grammar *g)
{
	if (g_word(g, "NIL"))
		return true;
	if (!g_char(g, '('))
		return false;
	do {
		if (!g_char(g, '(') || !g_nstring(g) || !g_char(g, ' ') || !g_nstring(g) ||
			!g_char(g, ' ') || !g_nstring(g) || !g_char(g, ' ') || !g_nstring(g) ||
			!g_char(g, ')'))
			return false;
	} while (g->p < g->end && *g->p == '(');
	return g_char(g, ')');
}

static inline bool g_envelope(struct grammar *g)
{
	if (!g_char(g, '(') || !g_nstring(g) || !g_char(g, ' ') || !g_nstring(g))
		return false;
	for (int i = 0; i < 6; i++)
		if (!g_char(g, ' ') || !g_addresses(g))
			return false;
	return g_char(g, ' ') && g_nstring(g) && g_char(g, ' ') && g_nstring(g) && g_char(g, ')');
}

/* NIL, or "(" string SP string … ")" */
static inline bool g_params(struct grammar *g)
{
	struct slice ignored;

	if (g_word(g, "NIL"))
		return true;
	if (!g_char(g, '('))
		return false;
	do {
		if (!g_string(g, &ignored) || !g_char(g, ' ') || !g_string(g, &ignored))
			return false;
	} while (g_char(g, ' '));
	return g_char(g, ')');
}

/* Disposition, language, location. */
static inline bool g_extension(struct grammar *g)
{
	struct slice ignored;

	if (!g_char(g, ' '))
		return false;
	if (g_char(g, '(')) {
		if (!g_string(g, &ignored) || !g_char(g, ' ') || !g_params(g) || !g_char(g, ')'))
			return false;
	} else if (!g_word(g, "NIL")) {
		return false;
	}
	if (!g_char(g, ' '))
		return false;
	if (g_char(g, '(')) {
		do {
			if (!g_string(g, &ignored))
				return false;
		} while (g_char(g, ' '));
		if (!g_char(g, ')'))
			return false;
	} else if (!g_nstring(g)) {
		return false;
	}
	return g_char(g, ' ') && g_nstring(g);
}

static inline bool g_body(struct grammar *g);

static inline bool g_multipart(struct grammar *g)
{
	struct slice subtype;

	while (g->p < g->end && *g->p == '(')
		if (!g_body(g))
			return false;
	if (!g_char(g, ' ') || !g_string(g, &subtype))
		return false;
	return !g->extended || (g_char(g, ' ') && g_params(g) && g_extension(g));
}

static inline bool g_single(struct grammar *g)
{
	struct slice type, subtype, encoding;
	size_t number;
	bool message;

	if (!g_string(g, &type) || !g_char(g, ' ') || !g_string(g, &subtype) || !g_char(g, ' ') ||
		!g_params(g) || !g_char(g, ' ') || !g_nstring(g) || !g_char(g, ' ') ||
		!g_nstring(g) || !g_char(g, ' ') || !g_string(g, &encoding) || !g_char(g, ' ') ||
		!g_number(g, &number))
		return false;
	message = slice_ieq(type, SLICE("message")) &&
		  (slice_ieq(subtype, SLICE("rfc822")) || slice_ieq(subtype, SLICE("global")));
	g->leaves += !message;
	if (message && (!g_char(g, ' ') || !g_envelope(g) || !g_char(g, ' ') || !g_body(g)))
		return false;
	if ((message || slice_ieq(type, SLICE("text"))) &&
		(!g_char(g, ' ') || !g_number(g, &number)))
		return false;
	return !g->extended || (g_char(g, ' ') && g_nstring(g) && g_extension(g));
}

static inline bool g_body(struct grammar *g)
{
	bool ok;

	if (!g_char(g, '('))
		return false;
	ok = g->p < g->end && *g->p == '(' ? g_multipart(g) : g_single(g);
	return ok && g_char(g, ')');
}

/* All of `text` is one body; *leaves is how many parts without children it has. */
static inline bool grammar_body(struct slice text, bool extended, size_t *leaves)
{
	struct grammar g = { text.p, text.p + text.n, extended, 0 };
	bool ok = g_body(&g) && g.p == g.end;

	*leaves = g.leaves;
	return ok;
}

static inline bool grammar_envelope(struct slice text)
{
	struct grammar g = { text.p, text.p + text.n, true, 0 };

	return g_envelope(&g) && g.p == g.end;
}

#endif
