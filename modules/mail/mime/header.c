/*
 * mime/header.c: header fields. A field is a line that begins with a name and a colon, and the
 * lines behind it that begin with white space; nothing else is known about them here.
 *
 * Pure; a field is looked through once, MIME_FIELDS_MAX of them.
 */
#include "mime/header.h"

#include "hearth/log.h"

size_t mime_line(struct slice s)
{
	ptrdiff_t lf = slice_chr(s, '\n');

	return lf < 0 ? s.n : (size_t)lf + 1;
}

bool mime_line_empty(struct slice line)
{
	return slice_eq(line, SLICE("\n")) || slice_eq(line, SLICE("\r\n"));
}

size_t mime_header_size(struct slice entity)
{
	size_t at = 0;

	while (at < entity.n) {
		struct slice rest = slice_skip(entity, at);
		struct slice line = slice_head(rest, mime_line(rest));

		at += line.n;
		if (mime_line_empty(line))
			break;
	}
	return at;
}

struct mime_fields mime_fields_of(struct slice header)
{
	return (struct mime_fields){ header, MIME_FIELDS_MAX };
}

/* How many bytes at the front of a field are its name (RFC 5322 section 3.6.8: printable ASCII). */
static size_t name_size(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] > ' ' && s.p[n] < 0x7F && s.p[n] != ':')
		n++;
	return n;
}

static bool is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice without_line_end(struct slice s)
{
	if (s.n && s.p[s.n - 1] == '\n')
		s.n--;
	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

bool mime_fields_next(struct mime_fields *it, struct mime_field *field)
{
	struct slice rest = it->rest;
	size_t n, name_n, colon;

	if (rest.n == 0 || it->left == 0)
		return false;
	n = mime_line(rest);
	if (mime_line_empty(slice_head(rest, n)))
		return false;
	while (n < rest.n && is_wsp(rest.p[n]))
		n += mime_line(slice_skip(rest, n));

	INVARIANT(n > 0 && n <= rest.n); /* so it ends */
	field->raw = slice_head(rest, n);
	name_n = colon = name_size(field->raw);
	while (colon < n && is_wsp(rest.p[colon]))
		colon++;
	if (name_n && colon < n && rest.p[colon] == ':') {
		field->name = slice_head(field->raw, name_n);
		field->value = without_line_end(slice_skip(field->raw, colon + 1));
	} else {
		field->name = slice_head(field->raw, 0);
		field->value = without_line_end(field->raw);
	}
	it->rest = slice_skip(rest, n);
	it->left--;
	return true;
}

bool mime_field_find(struct slice header, struct slice name, struct mime_field *field)
{
	struct mime_fields it = mime_fields_of(header);

	while (mime_fields_next(&it, field))
		if (slice_ieq(field->name, name))
			return true;
	return false;
}

struct slice mime_unfold(struct arena *a, struct slice value)
{
	struct slice s = slice_trim(slice_head(value, MIME_VALUE_MAX));
	size_t n = 0;
	char *to;

	if (slice_chr(s, '\n') < 0)
		return s;
	to = arena_alloc(a, s.n);
	while (s.n) {
		size_t line = mime_line(s);
		bool last = line == s.n; /* trimmed: it has no line end */
		struct slice text = last ? s : without_line_end(slice_head(s, line));

		memcpy(to + n, text.p, text.n);
		n += text.n;
		s = slice_skip(s, line);
	}
	return slice_of(to, n);
}

struct slice mime_field_join(struct arena *a, struct slice header, struct slice name)
{
	struct mime_fields it = mime_fields_of(header);
	struct strbuf joined = { 0 };
	struct mime_field field;
	struct slice result = { NULL, 0 };
	bool found = false;

	while (joined.n < MIME_VALUE_MAX && mime_fields_next(&it, &field)) {
		if (!slice_ieq(field.name, name))
			continue;
		if (joined.n)
			strbuf_adds(&joined, ", ");
		strbuf_add(&joined, mime_unfold(a, field.value));
		found = true;
	}
	if (found)
		result = arena_slice(a, slice_head(strbuf_slice(&joined), MIME_VALUE_MAX));
	strbuf_free(&joined);
	return result;
}
