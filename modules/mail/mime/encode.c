/*
 * mime/encode.c: header text word by word, parameters piece by piece, bodies line by line, each in the
 * plainest form that carries it (mime/encode.h). No character is cut in two, in whatever is cut.
 *
 * Pure; linear in what is given.
 */
#include "mime/encode.h"

#include "hearth/text.h"

#define FOLD_AT     76  /* of a line with encoded words (RFC 2047 section 2), and ours for others */
#define SEGMENT_MAX 200 /* a word that cannot be folded, and is longer, is encoded */
#define WORD_HEAD   "=?utf-8?B?"
#define WORD_FRAME  (sizeof(WORD_HEAD) - 1 + 2)

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* ---- header text ---- */

/* Spaces and the word behind them, at the front. */
static size_t segment(struct slice s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] == ' ')
		i++;
	while (i < s.n && s.p[i] != ' ')
		i++;
	return i;
}

/* Whether it can stand as it is: ASCII that nobody takes for an encoded word, and that can be folded. */
static bool is_plain(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] >= 0x80)
			return false;
	for (struct slice rest = text; rest.n > 0; rest = slice_skip(rest, segment(rest)))
		if (segment(rest) > SEGMENT_MAX)
			return false;
	return slice_find(text, SLICE("=?")) < 0;
}

static size_t write_plain(struct strbuf *out, struct slice text, size_t column)
{
	for (struct slice rest = text; rest.n > 0;) {
		struct slice part = slice_head(rest, segment(rest));

		/* A fold stands before white space, and never leaves a line of nothing else. */
		if (part.p[0] == ' ' && column + part.n > FOLD_AT && part.p[part.n - 1] != ' ') {
			strbuf_adds(out, "\r\n");
			column = 0;
		}
		for (size_t i = 0; i < part.n; i++)
			strbuf_addc(out, is_control(part.p[i]) ? ' ' : part.p[i]);
		column += part.n;
		rest = slice_skip(rest, part.n);
	}
	return column;
}

/* Bytes of whole characters at the front, at most `max`, but always one character. */
static size_t whole(struct slice s, size_t max)
{
	size_t n = 0;

	while (n < s.n) {
		uint32_t c;
		size_t wide = utf8_decode(slice_skip(s, n), &c);

		wide = wide ? wide : 1;
		if (n > 0 && n + wide > max)
			break;
		n += wide;
	}
	return n;
}

static size_t write_words(struct strbuf *out, struct slice text, size_t column)
{
	struct strbuf clean = { 0 };

	for (struct slice rest = text; rest.n > 0;) {
		size_t room = column + WORD_FRAME + 16 <= FOLD_AT
				      ? (FOLD_AT - column - WORD_FRAME) / 4 * 3
				      : 0;
		size_t before, n;

		if (room == 0) {
			strbuf_adds(out, "\r\n ");
			column = 1;
			continue;
		}
		n = whole(rest, room);
		strbuf_reset(&clean);
		for (size_t i = 0; i < n; i++)
			strbuf_addc(&clean, is_control(rest.p[i]) ? ' ' : rest.p[i]);
		before = out->n;
		strbuf_adds(out, WORD_HEAD);
		base64_encode(out, strbuf_slice(&clean));
		strbuf_adds(out, "?=");
		column += out->n - before;
		rest = slice_skip(rest, n);
	}
	strbuf_free(&clean);
	return column;
}

size_t mime_encode_text(struct strbuf *out, struct slice text, size_t column)
{
	return is_plain(text) ? write_plain(out, text, column) : write_words(out, text, column);
}

static bool is_atom_text(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == ' ' || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

size_t mime_encode_phrase(struct strbuf *out, struct slice name, size_t column)
{
	bool atoms = true;
	size_t before = out->n;

	for (size_t i = 0; i < name.n; i++)
		atoms = atoms && is_atom_text(name.p[i]);
	if (!is_plain(name))
		return write_words(out, name, column);
	if (atoms)
		return write_plain(out, name, column);
	strbuf_addc(out, '"');
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '"' || name.p[i] == '\\')
			strbuf_addc(out, '\\');
		strbuf_addc(out, is_control(name.p[i]) ? ' ' : name.p[i]);
	}
	strbuf_addc(out, '"');
	return column + (out->n - before);
}

/* ---- parameters ---- */

#define PLAIN_VALUE_MAX 60 /* of one that stands in quotes */
#define PIECE_MAX       48 /* characters of a piece of RFC 2231 */

static bool fits_quotes(struct slice value)
{
	for (size_t i = 0; i < value.n; i++)
		if (is_control(value.p[i]) || (unsigned char)value.p[i] >= 0x80)
			return false;
	return value.n <= PLAIN_VALUE_MAX && slice_find(value, SLICE("=?")) < 0;
}

/* attribute-char of RFC 2231, of which all software agrees on these. */
static bool is_attribute_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '.' || c == '-' || c == '_';
}

static void add_percent(struct strbuf *out, struct slice bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		if (is_attribute_char(bytes.p[i]))
			strbuf_addc(out, bytes.p[i]);
		else
			strbuf_printf(out, "%%%02X", (unsigned char)bytes.p[i]);
	}
}

void mime_encode_param(struct strbuf *out, const char *name, struct slice value)
{
	struct strbuf coded = { 0 };
	struct slice rest;

	if (fits_quotes(value)) {
		strbuf_printf(out, ";\r\n\t%s=\"", name);
		for (size_t i = 0; i < value.n; i++) {
			if (value.p[i] == '"' || value.p[i] == '\\')
				strbuf_addc(out, '\\');
			strbuf_addc(out, value.p[i]);
		}
		strbuf_addc(out, '"');
		return;
	}
	add_percent(&coded, value);
	rest = strbuf_slice(&coded);
	if (rest.n <= PIECE_MAX) {
		strbuf_printf(out, ";\r\n\t%s*=UTF-8''%.*s", name, SLICE_ARG(rest));
	} else {
		for (int i = 0; rest.n > 0; i++) {
			size_t n = rest.n < PIECE_MAX ? rest.n : PIECE_MAX;

			/* No %XX is cut in two. */
			while (n < rest.n && n > 2 &&
				(rest.p[n - 1] == '%' || rest.p[n - 2] == '%'))
				n--;
			strbuf_printf(out, ";\r\n\t%s*%d*=%s%.*s", name, i, i ? "" : "UTF-8''",
				SLICE_ARG(slice_head(rest, n)));
			rest = slice_skip(rest, n);
		}
	}
	strbuf_free(&coded);
}

/* ---- bodies ---- */

#define TEXT_LINE_MAX 998 /* RFC 5322 section 2.1.1 */

enum mime_encoding mime_encoding_for(struct slice text)
{
	size_t wide = 0, odd = 0, line = 0, longest = 0;

	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == '\n') {
			line = 0;
			continue;
		}
		wide += c >= 0x80;
		odd += (c < ' ' && c != '\t' && c != '\r') || c == 0x7f;
		line++;
		longest = line > longest ? line : longest;
	}
	if (wide + odd == 0 && longest <= TEXT_LINE_MAX)
		return MIME_7BIT;
	return wide + odd > text.n / 3 ? MIME_BASE64 : MIME_QUOTED_PRINTABLE;
}

/* Whether byte i must be written as =XX. */
static bool must_escape(struct slice text, size_t i, bool line_start)
{
	unsigned char c = (unsigned char)text.p[i];
	struct slice rest = slice_skip(text, i);

	if (c == '=' || c >= 0x7f || (c < ' ' && c != '\t'))
		return true;
	if (c == ' ' || c == '\t')
		return rest.n == 1 || slice_starts(slice_skip(rest, 1), SLICE("\r\n"));
	/* What some servers on the way would change. */
	return line_start && (c == '.' || slice_starts(rest, SLICE("From ")));
}

void mime_encode_quoted_printable(struct strbuf *out, struct slice text)
{
	size_t column = 0;

	for (size_t i = 0; i < text.n; i++) {
		bool escape;

		if (slice_starts(slice_skip(text, i), SLICE("\r\n"))) {
			strbuf_adds(out, "\r\n");
			column = 0;
			i++;
			continue;
		}
		escape = must_escape(text, i, column == 0);
		if (column + (escape ? 3 : 1) > FOLD_AT - 1) {
			strbuf_adds(out, "=\r\n");
			column = 0;
			escape = must_escape(text, i, true);
		}
		if (escape)
			strbuf_printf(out, "=%02X", (unsigned char)text.p[i]);
		else
			strbuf_addc(out, text.p[i]);
		column += escape ? 3 : 1;
	}
}

void mime_encode_base64(struct strbuf *out, struct slice bytes)
{
	const size_t line = (size_t)FOLD_AT / 4 * 3;

	for (struct slice rest = bytes; rest.n > 0; rest = slice_skip(rest, line)) {
		base64_encode(out, slice_head(rest, line));
		strbuf_adds(out, "\r\n");
	}
}
