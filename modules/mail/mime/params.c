/*
 * mime/params.c: parameters are first read as they stand, then continuations are joined.
 *
 * Pure; MIME_PARAMS_MAX parameters, joined by looking at each of them for each.
 */
#include "mime/params.h"
#include "mime/charset.h"
#include "mime/encoded_word.h"
#include "mime/token.h"

static struct slice upto(const char *start, const struct mime_cursor *c)
{
	return slice_of(start, (size_t)(c->p - start));
}

/* A token: no white space, none of `/ ; = ( " ,`. */
static struct slice take_token(struct mime_cursor *c)
{
	const char *start = c->p;

	while (c->p < c->end && (unsigned char)*c->p > ' ' && !strchr("/;=(\",", *c->p))
		c->p++;
	return upto(start, c);
}

/*
 * A value without quotes: up to the ';' or to white space and a comment. So spaces in it are kept,
 * and "file(1).txt" is.
 */
static struct slice take_plain_value(struct mime_cursor *c)
{
	const char *start = c->p;

	while (c->p < c->end && *c->p != ';') {
		if (*c->p == '(' && c->p > start && (unsigned char)c->p[-1] <= ' ')
			break;
		c->p++;
	}
	return slice_trim(upto(start, c));
}

static struct slice take_value(struct arena *a, struct mime_cursor *c)
{
	struct slice inner;
	char *to;

	mime_skip_space(c);
	if (!mime_take_quoted(c, &inner)) {
		if (mime_at(c, '"')) /* never closed */
			c->p++;
		return take_plain_value(c);
	}
	if (slice_chr(inner, '\\') < 0)
		return inner;
	to = arena_alloc(a, inner.n);
	return slice_of(to, mime_unescape(inner, to));
}

/* Reads up to `max` parameters as they stand. Junk between them is skipped. */
static size_t take_params(struct arena *a, struct mime_cursor *c, struct mime_param *v, size_t max)
{
	size_t n = 0;

	while (c->p < c->end && n < max) {
		struct slice name;

		while (mime_skip_space(c) || mime_at(c, ';'))
			if (mime_at(c, ';'))
				c->p++;
		name = take_token(c);
		mime_skip_space(c);
		if (name.n == 0 && c->p < c->end) {
			c->p++;
		} else if (name.n && mime_at(c, '=')) {
			c->p++;
			v[n++] = (struct mime_param){ name, take_value(a, c) };
		}
	}
	return n;
}

/* The parts of an RFC 2231 name: "name*2*" is { name, 2, extended }; number is -1 without one. */
struct split_name {
	struct slice base;
	int number;
	bool extended;
};

static struct split_name split(struct slice name)
{
	struct split_name s = { name, -1, false };
	ptrdiff_t star;
	uint64_t number;

	if (s.base.n > 1 && s.base.p[s.base.n - 1] == '*') {
		s.extended = true;
		s.base.n--;
	}
	star = slice_chr(s.base, '*');
	if (star > 0 &&
		!slice_u64(slice_skip(s.base, (size_t)star + 1), MIME_PARAMS_MAX, &number)) {
		s.number = (int)number;
		s.base.n = (size_t)star;
	}
	return s;
}

/* Parameters as they stand, each with its name taken apart once: joining looks at them often. */
struct read_params {
	struct mime_param v[MIME_PARAMS_MAX];
	struct split_name names[MIME_PARAMS_MAX];
	size_t n;
};

/* Parameter `number` of the continuation `base`; -1 when it is missing. */
static int find_piece(const struct read_params *read, struct slice base, int number)
{
	for (size_t i = 0; i < read->n; i++)
		if (read->names[i].number == number && slice_ieq(read->names[i].base, base))
			return (int)i;
	return -1;
}

/* Appends a value without percent signs of its own to one that has them (RFC 2231 section 7). */
static void add_percent(struct strbuf *out, struct slice value)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (c <= ' ' || c >= 0x7F || strchr("*'%()<>@,;:\\\"/[]?=", c))
			strbuf_printf(out, "%%%02X", c);
		else
			strbuf_addc(out, (char)c);
	}
}

/* Joins the pieces 0, 1, 2, … of `base` to one parameter. */
static struct mime_param join(struct arena *a, const struct read_params *read, struct slice base)
{
	int pieces[MIME_PARAMS_MAX], count = 0;
	struct strbuf value = { 0 };
	struct mime_param joined;
	bool any = false;

	while (count < MIME_PARAMS_MAX) {
		pieces[count] = find_piece(read, base, count);
		if (pieces[count] < 0)
			break;
		any = any || read->names[pieces[count]].extended;
		count++;
	}
	/* No charset is named: RFC 2231 wants the quotes anyway. */
	if (any && !read->names[pieces[0]].extended)
		strbuf_adds(&value, "''");
	for (int i = 0; i < count; i++) {
		if (any && !read->names[pieces[i]].extended)
			add_percent(&value, read->v[pieces[i]].value);
		else
			strbuf_add(&value, read->v[pieces[i]].value);
	}
	joined.name = base;
	if (any)
		joined.name = slice_str(arena_printf(a, "%.*s*", SLICE_ARG(base)));
	joined.value = arena_slice(a, strbuf_slice(&value));
	strbuf_free(&value);
	return joined;
}

/* Reads all parameters behind the cursor into *params, continuations joined. */
static void read_params(struct arena *a, struct mime_cursor *c, struct mime_params *params)
{
	struct read_params read;
	struct mime_param *joined;
	size_t count = 0;

	read.n = take_params(a, c, read.v, MIME_PARAMS_MAX);
	joined = arena_alloc(a, read.n * sizeof(*joined));
	for (size_t i = 0; i < read.n; i++)
		read.names[i] = split(read.v[i].name);
	for (size_t i = 0; i < read.n; i++) {
		const struct split_name *s = &read.names[i];
		int first = s->number < 0 ? -1 : find_piece(&read, s->base, 0);

		if (first < 0)
			joined[count++] = read.v[i];
		else if (first == (int)i)
			joined[count++] = join(a, &read, s->base);
	}
	*params = (struct mime_params){ joined, count };
}

void mime_content_type_parse(struct arena *a, struct slice value, struct slice *type,
	struct slice *subtype, struct mime_params *params)
{
	struct mime_cursor c = mime_cursor_of(value);

	mime_skip_space(&c);
	*type = take_token(&c);
	*subtype = (struct slice){ NULL, 0 };
	mime_skip_space(&c);
	if (mime_at(&c, '/')) {
		c.p++;
		mime_skip_space(&c);
		*subtype = take_token(&c);
	}
	read_params(a, &c, params);
}

void mime_disposition_parse(
	struct arena *a, struct slice value, struct slice *word, struct mime_params *params)
{
	struct mime_cursor c = mime_cursor_of(value);

	mime_skip_space(&c);
	*word = take_token(&c);
	read_params(a, &c, params);
}

struct slice mime_param(const struct mime_params *params, struct slice name)
{
	for (size_t i = 0; i < params->n; i++)
		if (slice_ieq(params->v[i].name, name))
			return params->v[i].value;
	return (struct slice){ NULL, 0 };
}

/* charset'language'%XX as UTF-8. */
static void extended_decode(struct strbuf *out, struct slice value)
{
	struct slice rest = value, charset = { NULL, 0 };
	struct strbuf bytes = { 0 };

	if (slice_chr(rest, '\'') >= 0) {
		charset = slice_split(&rest, '\'');
		if (slice_chr(rest, '\'') >= 0)
			slice_split(&rest, '\'');
	}
	for (size_t i = 0; i < rest.n; i++) {
		int high = rest.p[i] == '%' && i + 2 < rest.n ? mime_hex_digit(rest.p[i + 1]) : -1;
		int low = high >= 0 ? mime_hex_digit(rest.p[i + 2]) : -1;

		strbuf_addc(&bytes, low >= 0 ? (char)(high << 4 | low) : rest.p[i]);
		i += low >= 0 ? 2 : 0;
	}
	mime_charset_convert(out, charset, strbuf_slice(&bytes));
	strbuf_free(&bytes);
}

/* The value of "name*"; p is NULL without one. */
static struct slice extended_param(const struct mime_params *params, struct slice name)
{
	for (size_t i = 0; i < params->n; i++) {
		struct split_name s = split(params->v[i].name);

		if (s.extended && s.number < 0 && slice_ieq(s.base, name))
			return params->v[i].value;
	}
	return (struct slice){ NULL, 0 };
}

struct slice mime_param_text(struct arena *a, const struct mime_params *params, struct slice name)
{
	struct slice extended = extended_param(params, name), plain, result;
	struct strbuf text = { 0 };

	if (!extended.p) {
		plain = mime_param(params, name);
		return plain.p ? mime_words_text(a, plain) : plain;
	}
	extended_decode(&text, extended);
	result = mime_raw_text(a, strbuf_slice(&text)); /* in one line */
	strbuf_free(&text);
	return result;
}
