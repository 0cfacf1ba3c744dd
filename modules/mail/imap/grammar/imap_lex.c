/*
 * imap_lex.c: the tokens of RFC 3501 section 9.
 *
 * Pure. A cursor moves forwards only: linear in the command, which imap_limits bounds.
 */
#include "imap/grammar/imap_lex.h"

#include "hearth/error.h"
#include "imap/grammar/imap_match.h"
#include "imap/grammar/imap_mutf7.h"

bool imap_lex_refuse(struct imap_lex *lex, const char *status, const char *code, const char *text)
{
	if (!lex->refusal.text)
		lex->refusal = (struct imap_refusal){ status, code, text };
	return false;
}

bool imap_lex_expected(struct imap_lex *lex, const char *what)
{
	return imap_lex_refuse(lex, "BAD", NULL, arena_printf(lex->arena, "Expected %s", what));
}

/* --- characters ------------------------------------------------------------------------------ */

/* Characters of an atom. */
static bool is_atom_char(unsigned char c)
{
	return c > ' ' && c < 0x7f && !strchr("(){%*\"\\]", c);
}

bool imap_is_astring_char(unsigned char c)
{
	return c == ']' || is_atom_char(c);
}

static bool is_list_char(unsigned char c)
{
	return c == '%' || c == '*' || imap_is_astring_char(c);
}

/* Takes the longest run of such characters; it may be empty. */
static struct slice take_run(struct imap_lex *lex, bool (*is_char)(unsigned char c))
{
	struct slice run = { lex->rest.p, 0 };

	while (run.n < lex->rest.n && is_char((unsigned char)lex->rest.p[run.n]))
		run.n++;
	lex->rest = slice_skip(lex->rest, run.n);
	return run;
}

bool imap_lex_at(const struct imap_lex *lex, char c)
{
	return lex->rest.n && lex->rest.p[0] == c;
}

bool imap_lex_take(struct imap_lex *lex, char c)
{
	if (!imap_lex_at(lex, c))
		return false;
	lex->rest = slice_skip(lex->rest, 1);
	return true;
}

bool imap_lex_word(struct imap_lex *lex, struct slice word)
{
	struct slice behind = slice_skip(lex->rest, word.n);

	if (!slice_istarts(lex->rest, word) ||
		(behind.n && is_atom_char((unsigned char)behind.p[0])))
		return false;
	lex->rest = behind;
	return true;
}

bool imap_lex_space(struct imap_lex *lex)
{
	return imap_lex_take(lex, ' ') ||
	       imap_lex_expected(lex, lex->rest.n ? "a space" : "more arguments");
}

bool imap_lex_end(struct imap_lex *lex)
{
	while (imap_lex_take(lex, ' '))
		;
	return !lex->rest.n || imap_lex_expected(lex, "the end of the command");
}

/* --- strings --------------------------------------------------------------------------------- */

bool imap_lex_atom(struct imap_lex *lex, const char *what, struct slice *out)
{
	*out = take_run(lex, is_atom_char);
	return out->n || imap_lex_expected(lex, what);
}

/* quoted, with \ only before " and \. Bytes outside ASCII may pass: clients send UTF-8 there. */
static bool take_quoted(struct imap_lex *lex, struct slice *out)
{
	const char *begin = lex->rest.p + 1, *end = lex->rest.p + lex->rest.n, *at = begin;
	size_t escapes = 0;
	char *to;

	for (; at < end && *at != '"'; at++) {
		if (*at == '\\') {
			at++;
			escapes++;
			if (at == end || (*at != '"' && *at != '\\'))
				return imap_lex_expected(
					lex, "\" or \\ behind the \\ in a quoted string");
		}
		if (!*at || *at == '\r' || *at == '\n')
			return imap_lex_expected(lex, "no NUL and no line end in a quoted string");
	}
	if (at == end)
		return imap_lex_expected(lex, "the closing quote of a quoted string");
	*out = slice_of(begin, (size_t)(at - begin));
	lex->rest = slice_of(at + 1, (size_t)(end - at - 1));
	if (!escapes)
		return true;
	to = arena_alloc(lex->arena, out->n - escapes);
	out->n = 0;
	for (const char *from = begin; from < at; from++) {
		from += *from == '\\';
		to[out->n++] = *from;
	}
	out->p = to;
	return true;
}

/* literal: the reader has made sure that its bytes are all here. */
static bool take_literal(struct imap_lex *lex, struct slice *out)
{
	struct slice rest = slice_skip(lex->rest, 1);
	ptrdiff_t close = slice_chr(rest, '}');
	struct slice number = slice_head(rest, close < 0 ? 0 : (size_t)close);
	uint64_t n;

	if (number.n && number.p[number.n - 1] == '+')
		number.n--;
	if (slice_u64(number, UINT32_MAX, &n) < 0)
		return imap_lex_expected(lex, "a literal {n} or {n+}");
	rest = slice_skip(rest, (size_t)close + 1);
	if (!slice_starts(rest, SLICE("\r\n")) || rest.n - 2 < n)
		return imap_lex_expected(lex, "a line end and the bytes of a literal");
	*out = slice_of(rest.p + 2, (size_t)n);
	if (n && memchr(out->p, '\0', out->n))
		return imap_lex_expected(lex, "no NUL in a literal");
	lex->rest = slice_skip(rest, 2 + (size_t)n);
	return true;
}

bool imap_lex_string(struct imap_lex *lex, const char *what, struct slice *out)
{
	if (imap_lex_at(lex, '"'))
		return take_quoted(lex, out);
	if (imap_lex_at(lex, '{'))
		return take_literal(lex, out);
	return imap_lex_expected(lex, what);
}

bool imap_lex_nstring(struct imap_lex *lex, const char *what, struct slice *out)
{
	*out = (struct slice){ NULL, 0 };
	return imap_lex_word(lex, SLICE("NIL")) || imap_lex_string(lex, what, out);
}

/* A string, or a run of the given characters that is not empty. */
static bool string_or_run(
	struct imap_lex *lex, const char *what, bool (*is_char)(unsigned char c), struct slice *out)
{
	if (imap_lex_at(lex, '"') || imap_lex_at(lex, '{'))
		return imap_lex_string(lex, what, out);
	*out = take_run(lex, is_char);
	return out->n || imap_lex_expected(lex, what);
}

bool imap_lex_astring(struct imap_lex *lex, const char *what, struct slice *out)
{
	return string_or_run(lex, what, imap_is_astring_char, out);
}

/* Decodes a name from modified UTF-7, in place of *name. */
static bool decode_name(struct imap_lex *lex, struct slice *name)
{
	struct strbuf text = { 0 };
	bool ok = imap_mutf7_decode(&text, *name) == 0 && text.n <= IMAP_MAILBOX_MAX;

	if (ok)
		*name = arena_slice(lex->arena, strbuf_slice(&text));
	strbuf_free(&text);
	return ok || imap_lex_refuse(lex, "NO", "CANNOT",
			     "A mailbox name is too long or not in modified UTF-7");
}

bool imap_lex_mailbox(struct imap_lex *lex, struct slice *out)
{
	if (!imap_lex_astring(lex, "a mailbox name", out) || !decode_name(lex, out))
		return false;
	if (imap_is_inbox(*out))
		*out = SLICE("INBOX");
	return true;
}

bool imap_lex_reference(struct imap_lex *lex, struct slice *out)
{
	return imap_lex_astring(lex, "a reference name", out) && decode_name(lex, out);
}

bool imap_lex_pattern(struct imap_lex *lex, struct slice *out)
{
	return string_or_run(lex, "a mailbox name or pattern", is_list_char, out) &&
	       decode_name(lex, out);
}

/* --- numbers --------------------------------------------------------------------------------- */

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool take_number(struct imap_lex *lex, const char *what, uint64_t max, uint64_t *out)
{
	return slice_u64(take_run(lex, is_digit), max, out) == 0 || imap_lex_expected(lex, what);
}

bool imap_lex_number(struct imap_lex *lex, const char *what, uint32_t *out)
{
	uint64_t value = 0;
	bool ok = take_number(lex, what, UINT32_MAX, &value);

	*out = (uint32_t)value;
	return ok;
}

bool imap_lex_number64(struct imap_lex *lex, const char *what, uint64_t *out)
{
	return take_number(lex, what, INT64_MAX, out);
}

bool imap_lex_seqset(struct imap_lex *lex, struct imap_seqset *out)
{
	ptrdiff_t n = imap_seqset_read(lex->arena, lex->rest, out);

	if (n == HEARTH_ETOOBIG)
		return imap_lex_expected(lex, "fewer ranges in a sequence set");
	if (n < 0)
		return imap_lex_expected(lex, "a sequence set");
	lex->rest = slice_skip(lex->rest, (size_t)n);
	return true;
}

/* --- lists ----------------------------------------------------------------------------------- */

void imap_slices_add(struct arena *a, struct imap_slices *list, struct slice s)
{
	if (!(list->n & (list->n - 1))) { /* room for 1, 2, 4, 8, ... */
		struct slice *grown = arena_alloc(a, 2 * (list->n + 1) * sizeof(*grown));

		if (list->n)
			memcpy(grown, list->items, list->n * sizeof(*grown));
		list->items = grown;
	}
	list->items[list->n++] = s;
}

bool imap_lex_list(struct imap_lex *lex, const char *what, bool empty,
	bool (*item)(struct imap_lex *lex, void *out), void *out)
{
	size_t n = 0;

	if (!imap_lex_take(lex, '('))
		return imap_lex_expected(lex, what);
	if (empty && imap_lex_take(lex, ')'))
		return true;
	do {
		if (++n > IMAP_LIST_ITEM_MAX)
			return imap_lex_expected(lex, "fewer items in a list");
		if (!item(lex, out))
			return false;
	} while (imap_lex_take(lex, ' '));
	return imap_lex_take(lex, ')') ||
	       imap_lex_expected(lex, "a space or the closing parenthesis");
}

bool imap_lex_bit(struct imap_lex *lex, const char *what, const struct imap_word *words, size_t n,
	unsigned *bits)
{
	for (size_t i = 0; i < n; i++) {
		if (imap_lex_word(lex, words[i].name)) {
			*bits |= words[i].bit;
			return true;
		}
	}
	return imap_lex_expected(lex, what);
}

/* --- flags ----------------------------------------------------------------------------------- */

static bool take_flag(struct imap_lex *lex, void *out)
{
	static const struct imap_word system[] = {
		{ SLICE("Seen"), IMAP_FLAG_SEEN },
		{ SLICE("Answered"), IMAP_FLAG_ANSWERED },
		{ SLICE("Flagged"), IMAP_FLAG_FLAGGED },
		{ SLICE("Deleted"), IMAP_FLAG_DELETED },
		{ SLICE("Draft"), IMAP_FLAG_DRAFT },
		/* Nobody may set it, but clients send it back along with the others. */
		{ SLICE("Recent"), 0 },
	};
	struct imap_flags *flags = out;
	struct slice keyword;

	if (imap_lex_take(lex, '\\'))
		return imap_lex_bit(lex, "a system flag such as \\Seen", system,
			sizeof(system) / sizeof(system[0]), &flags->system);
	if (!imap_lex_atom(lex, "a flag", &keyword))
		return false;
	if (keyword.n > IMAP_KEYWORD_MAX)
		return imap_lex_refuse(lex, "NO", "LIMIT", "A keyword is too long");
	imap_slices_add(lex->arena, &flags->keywords, keyword);
	return true;
}

bool imap_lex_flag_list(struct imap_lex *lex, struct imap_flags *out)
{
	*out = (struct imap_flags){ 0 };
	return imap_lex_list(lex, "a list of flags", true, take_flag, out);
}

bool imap_lex_flags(struct imap_lex *lex, struct imap_flags *out)
{
	*out = (struct imap_flags){ 0 };
	do {
		if (out->keywords.n >= IMAP_LIST_ITEM_MAX)
			return imap_lex_expected(lex, "fewer flags");
		if (!take_flag(lex, out))
			return false;
	} while (imap_lex_take(lex, ' '));
	return true;
}
