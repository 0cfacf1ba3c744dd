/*
 * json_write.c: JSON onto the end of a strbuf. The writer knows what is open and what is due, and
 * ends the process on a call that would make bad JSON: that is a mistake in the program.
 */
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/log.h"
#include "hearth/text.h"

#include "core/double.h"

#include <math.h>

void json_writer_init(struct json_writer *w, struct strbuf *out)
{
	*w = (struct json_writer){ .out = out };
}

/* The bit of the innermost open level; 0 at the top. */
static uint64_t level_bit(const struct json_writer *w)
{
	return w->depth ? (uint64_t)1 << (w->depth - 1) : 0;
}

static bool in_object(const struct json_writer *w)
{
	return w->is_object & level_bit(w);
}

/* A comma where one is due; from now on one is due on this level. */
static void separate(struct json_writer *w)
{
	if (w->has_items & level_bit(w))
		strbuf_addc(w->out, ',');
	w->has_items |= level_bit(w);
}

/* Before every value: it has its name in an object, and is the only one at the top. */
static void value_begin(struct json_writer *w)
{
	INVARIANT(!w->done && w->named == in_object(w));
	if (!w->named)
		separate(w);
	w->named = false;
	w->done = w->depth == 0;
}

static void open_level(struct json_writer *w, bool is_object)
{
	value_begin(w);
	INVARIANT(w->depth < JSON_DEPTH_MAX);
	w->depth++;
	w->done = false;
	w->has_items &= ~level_bit(w);
	w->is_object &= ~level_bit(w);
	if (is_object)
		w->is_object |= level_bit(w);
	strbuf_addc(w->out, is_object ? '{' : '[');
}

static void close_level(struct json_writer *w, bool is_object)
{
	INVARIANT(w->depth > 0 && in_object(w) == is_object && !w->named);
	w->depth--;
	w->done = w->depth == 0;
	strbuf_addc(w->out, is_object ? '}' : ']');
}

void json_open_object(struct json_writer *w)
{
	open_level(w, true);
}

void json_close_object(struct json_writer *w)
{
	close_level(w, true);
}

void json_open_array(struct json_writer *w)
{
	open_level(w, false);
}

void json_close_array(struct json_writer *w)
{
	close_level(w, false);
}

void json_ready(struct json_writer *w, struct slice json)
{
	value_begin(w);
	strbuf_add(w->out, json);
}

static void write_escape(struct strbuf *out, char c)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *at = c ? strchr(plain, c) : NULL;

	if (at)
		strbuf_printf(out, "\\%c", letters[at - plain]);
	else
		strbuf_printf(out, "\\u%04x", (unsigned char)c);
}

/* As most names and values are: printable ASCII that needs no escape. */
static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c > 0x7E || c == '"' || c == '\\')
			return false;
	}
	return true;
}

static void write_plain(struct strbuf *out, struct slice s)
{
	char *to = strbuf_reserve(out, s.n + 2);

	to[0] = '"';
	if (s.n)
		memcpy(to + 1, s.p, s.n);
	to[s.n + 1] = '"';
	strbuf_commit(out, s.n + 2);
}

/* `s` is valid UTF-8. */
static void write_quoted(struct strbuf *out, struct slice s)
{
	strbuf_addc(out, '"');
	while (s.n) {
		size_t run = 0;

		while (run < s.n && (unsigned char)s.p[run] >= 0x20 && s.p[run] != '"' &&
			s.p[run] != '\\')
			run++;
		strbuf_add(out, slice_head(s, run));
		if (run < s.n)
			write_escape(out, s.p[run++]);
		s = slice_skip(s, run);
	}
	strbuf_addc(out, '"');
}

static void write_text(struct strbuf *out, struct slice s)
{
	struct strbuf valid = { 0 };

	if (is_plain(s)) {
		write_plain(out, s);
		return;
	}
	if (utf8_valid(s)) {
		write_quoted(out, s);
		return;
	}
	utf8_append_lossy(&valid, s);
	write_quoted(out, strbuf_slice(&valid));
	strbuf_free(&valid);
}

void json_name_text(struct json_writer *w, struct slice name)
{
	INVARIANT(in_object(w) && !w->named);
	separate(w);
	write_text(w->out, name);
	strbuf_addc(w->out, ':');
	w->named = true;
}

void json_name(struct json_writer *w, const char *name)
{
	json_name_text(w, slice_str(name));
}

void json_text(struct json_writer *w, struct slice s)
{
	value_begin(w);
	write_text(w->out, s);
}

void json_i64(struct json_writer *w, int64_t v)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;

	value_begin(w);
	do
		digits[--at] = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (v < 0)
		digits[--at] = '-';
	strbuf_add(w->out, slice_of(digits + at, sizeof(digits) - at));
}

void json_double(struct json_writer *w, double v)
{
	if (!isfinite(v)) {
		json_null(w);
		return;
	}
	value_begin(w);
	double_append(w->out, v);
}

void json_bool(struct json_writer *w, bool v)
{
	value_begin(w);
	strbuf_adds(w->out, v ? "true" : "false");
}

void json_null(struct json_writer *w)
{
	value_begin(w);
	strbuf_adds(w->out, "null");
}

/* No deeper than json_read lets it be. */
void json_value(struct json_writer *w, const struct json *value)
{
	bool is_object = value->type == JSON_OBJECT;

	switch (value->type) {
	case JSON_NULL: json_null(w); break;
	case JSON_BOOL: json_bool(w, value->boolean); break;
	case JSON_NUMBER: json_ready(w, value->text); break;
	case JSON_STRING: json_text(w, value->text); break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		open_level(w, is_object);
		for (const struct json *m = value->child; m; m = m->next) {
			if (is_object)
				json_name_text(w, m->name);
			json_value(w, m);
		}
		close_level(w, is_object);
		break;
	}
}

void json_put_text(struct json_writer *w, const char *name, struct slice s)
{
	json_name(w, name);
	json_text(w, s);
}

void json_put_str(struct json_writer *w, const char *name, const char *s)
{
	json_name(w, name);
	if (s)
		json_text(w, slice_str(s));
	else
		json_null(w);
}

void json_put_i64(struct json_writer *w, const char *name, int64_t v)
{
	json_name(w, name);
	json_i64(w, v);
}

void json_put_bool(struct json_writer *w, const char *name, bool v)
{
	json_name(w, name);
	json_bool(w, v);
}
