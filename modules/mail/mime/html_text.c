/*
 * mime/html_text.c: a small HTML tokenizer. It knows text, tags with quoted attributes, comments,
 * declarations, and the elements whose content is no text; what is not closed runs to the end, as
 * it does in a browser.
 *
 * Pure; linear in the text, ended by the limit.
 */
#include "mime/html_text.h"
#include "hearth/log.h"
#include "hearth/text.h"
#include "mime/charset.h"

#define ENTITY_SIZE_MAX 31

struct tokenizer {
	struct slice rest;
	struct strbuf *out;
	size_t from;  /* where our text begins in `out` */
	char pending; /* white space owed before the next text: ' ', '\n' or 0 */
};

static bool is_letter(char c)
{
	c |= 0x20;
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void add_space(struct tokenizer *t, char c)
{
	if (t->pending != '\n')
		t->pending = c;
}

/* Appends one character or a run of them after the white space that is due. */
static void add_text(struct tokenizer *t, struct slice s)
{
	if (t->pending && t->out->n > t->from)
		strbuf_addc(t->out, t->pending);
	t->pending = 0;
	strbuf_add(t->out, s);
}

static void add_code_point(struct tokenizer *t, uint32_t c)
{
	if (c <= ' ' || c == 0xA0) {
		add_space(t, ' ');
		return;
	}
	if (c < 0xA0) /* "&#128;" means windows-1252, says HTML */
		c = mime_windows_1252((unsigned char)c);
	add_text(t, SLICE(""));
	utf8_append(t->out, c);
}

/* The number of "&#8364;" or "&#x20AC;", of which `name` is "#8364"; 0 when it is none. */
static uint32_t numeric_entity(struct slice name)
{
	bool hex = name.n > 1 && (name.p[1] | 0x20) == 'x';
	uint32_t c = 0;

	for (size_t i = hex ? 2 : 1; i < name.n && c <= 0x10FFFF; i++) {
		char digit = name.p[i];

		if (is_digit(digit))
			c = c * (hex ? 16 : 10) + (uint32_t)(digit - '0');
		else if (hex)
			c = c * 16 + (uint32_t)((digit | 0x20) - 'a' + 10);
	}
	return c;
}

/* How many characters behind the '&' may be the name of an entity. */
static size_t entity_size(struct slice s)
{
	size_t n = s.n > 0 && s.p[0] == '#';
	bool hex = n && s.n > 1 && (s.p[1] | 0x20) == 'x';

	if (hex)
		n = 2;
	for (; n < s.n && n < ENTITY_SIZE_MAX; n++) {
		char letter = (char)(s.p[n] | 0x20);

		if (is_digit(s.p[n]) || (hex && letter >= 'a' && letter <= 'f'))
			continue;
		if (s.p[0] == '#' || !is_letter(s.p[n]))
			break;
	}
	return n;
}

/* At '&'. Without its semicolon only a Latin-1 name is taken, as browsers do. */
static void take_entity(struct tokenizer *t)
{
	struct slice s = slice_skip(t->rest, 1);
	struct slice name = slice_head(s, entity_size(s));
	bool numeric = name.n > 1 && name.p[0] == '#', closed;
	uint32_t c = numeric ? numeric_entity(name) : mime_html_entity(name);

	closed = name.n < s.n && s.p[name.n] == ';';
	if (numeric || (c && (closed || c < 0x100))) {
		add_code_point(t, c);
		t->rest = slice_skip(s, name.n + closed);
	} else {
		add_text(t, slice_head(t->rest, 1));
		t->rest = s;
	}
}

static bool is_one_of(struct slice name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_ieq(name, slice_str(names[i])))
			return true;
	return false;
}

/* Skips what a script, style or template holds, up to its end tag. */
static void skip_content(struct tokenizer *t, struct slice name)
{
	while (t->rest.n) {
		ptrdiff_t at = slice_chr(t->rest, '<');

		t->rest = slice_skip(t->rest, at < 0 ? t->rest.n : (size_t)at + 1);
		if (t->rest.n && t->rest.p[0] == '/' &&
			slice_istarts(slice_skip(t->rest, 1), name)) {
			at = slice_chr(t->rest, '>');
			t->rest = slice_skip(t->rest, at < 0 ? t->rest.n : (size_t)at + 1);
			return;
		}
	}
}

/* Skips attributes up to and with the '>'. */
static void skip_attributes(struct tokenizer *t)
{
	char quote = 0, before = 0;
	size_t i = 0;

	for (; i < t->rest.n; i++) {
		char c = t->rest.p[i];

		if (quote) {
			quote = c == quote ? 0 : quote;
		} else if (c == '>') {
			i++;
			break;
		} else if ((c == '"' || c == '\'') && before == '=') {
			quote = c;
		}
		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			before = c;
	}
	t->rest = slice_skip(t->rest, i);
}

/* At "<" with a letter or "/" and a letter behind it. */
static void take_tag(struct tokenizer *t)
{
	static const char *const hidden[] = { "script", "style", "template" };
	static const char *const lines[] = { "address", "article", "blockquote", "br", "caption",
		"center", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3", "h4", "h5",
		"h6", "header", "hr", "li", "ol", "option", "p", "pre", "section", "table", "title",
		"tr", "ul" };
	static const char *const cells[] = { "td", "th", "img" };
	bool end = t->rest.p[1] == '/';
	struct slice name = slice_skip(t->rest, end ? 2 : 1);
	size_t n = 0;

	while (n < name.n && (is_letter(name.p[n]) || is_digit(name.p[n])))
		n++;
	t->rest = slice_skip(name, n);
	name = slice_head(name, n);
	skip_attributes(t);
	if (!end && is_one_of(name, hidden, sizeof(hidden) / sizeof(hidden[0])))
		skip_content(t, name);
	else if (is_one_of(name, lines, sizeof(lines) / sizeof(lines[0])))
		add_space(t, '\n');
	else if (is_one_of(name, cells, sizeof(cells) / sizeof(cells[0])))
		add_space(t, ' ');
}

/* At '<': a tag, a comment, a declaration, or just that character. */
static void take_markup(struct tokenizer *t)
{
	struct slice s = t->rest;
	char next = s.n > 1 ? s.p[1] : 0;
	ptrdiff_t at;

	if (is_letter(next) || (next == '/' && s.n > 2 && is_letter(s.p[2]))) {
		take_tag(t);
		return;
	}
	if (slice_starts(s, SLICE("<!--"))) {
		at = slice_find(slice_skip(s, 2), SLICE("-->")); /* "<!-->" is one too */
		t->rest = slice_skip(s, at < 0 ? s.n : (size_t)at + 5);
	} else if (next == '!' || next == '?' || next == '/') {
		at = slice_chr(s, '>');
		t->rest = slice_skip(s, at < 0 ? s.n : (size_t)at + 1);
	} else {
		add_text(t, slice_head(s, 1));
		t->rest = slice_skip(s, 1);
	}
}

/* A run of text without '<', '&' and white space, a no-break space among it. */
static size_t run_size(struct slice s)
{
	size_t n = 0;

	while (n < s.n && (unsigned char)s.p[n] > ' ' && s.p[n] != '<' && s.p[n] != '&') {
		if (s.p[n] == '\xC2' && n + 1 < s.n && s.p[n + 1] == '\xA0')
			break;
		n++;
	}
	return n;
}

bool mime_html_text(struct strbuf *out, struct slice html, size_t limit)
{
	struct tokenizer t = { .rest = html, .out = out, .from = out->n };

	while (t.rest.n && out->n - t.from <= limit) {
		size_t before = t.rest.n, n;
		char c = t.rest.p[0];

		if (c == '<') {
			take_markup(&t);
		} else if (c == '&') {
			take_entity(&t);
		} else if ((n = run_size(t.rest)) > 0) {
			add_text(&t, slice_head(t.rest, n));
			t.rest = slice_skip(t.rest, n);
		} else { /* white space */
			add_space(&t, ' ');
			t.rest = slice_skip(t.rest, c == '\xC2' ? 2 : 1);
		}
		INVARIANT(t.rest.n < before); /* so it ends */
	}
	return t.rest.n == 0;
}
