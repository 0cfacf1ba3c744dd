/*
 * canonical.c: see canonical.h. No deeper than JSON_DEPTH_MAX, which json_read has checked.
 * Pure; on a worker.
 */
#include "preferences/canonical.h"

#include <math.h>
#include <stdlib.h>

#define EXACT_MAX 9007199254740992.0 /* 2^53: whole numbers up to here are doubles */

static int by_name(const void *a, const void *b)
{
	const struct json *left = *(struct json *const *)a, *right = *(struct json *const *)b;

	return slice_cmp(left->name, right->name);
}

struct json **canonical_members(struct arena *a, const struct json *j)
{
	struct json **members = arena_alloc(a, j->count * sizeof(struct json *));
	size_t n = 0;

	for (struct json *m = j->child; m; m = m->next)
		members[n++] = m;
	qsort(members, n, sizeof(struct json *), by_name);
	return members;
}

/* "1.0", "1e0" and "1" are one number, and whoever reads a whole one wants digits only. */
static void write_number(struct json_writer *w, struct slice text)
{
	double v = strtod(text.p, NULL);

	if (!isfinite(v) || fabs(v) > EXACT_MAX)
		json_ready(w, text);
	else if (v == floor(v))
		json_i64(w, (int64_t)v);
	else
		json_double(w, v);
}

static void write_value(struct json_writer *w, struct arena *a, const struct json *j);

static void write_object(struct json_writer *w, struct arena *a, const struct json *j)
{
	struct json **members = canonical_members(a, j);

	json_open_object(w);
	for (size_t i = 0; i < j->count; i++) {
		json_name_text(w, members[i]->name);
		write_value(w, a, members[i]);
	}
	json_close_object(w);
}

static void write_value(struct json_writer *w, struct arena *a, const struct json *j)
{
	switch (j->type) {
	case JSON_NULL: json_null(w); break;
	case JSON_BOOL: json_bool(w, j->boolean); break;
	case JSON_NUMBER: write_number(w, j->text); break;
	case JSON_STRING: json_text(w, j->text); break;
	case JSON_ARRAY:
		json_open_array(w);
		for (const struct json *e = j->child; e; e = e->next)
			write_value(w, a, e);
		json_close_array(w);
		break;
	case JSON_OBJECT: write_object(w, a, j); break;
	}
}

void canonical_write(struct strbuf *out, struct arena *a, const struct json *j)
{
	struct json_writer w;

	json_writer_init(&w, out);
	write_value(&w, a, j);
}

struct slice canonical_text(struct arena *a, const struct json *j)
{
	struct strbuf out = { 0 };
	struct slice text;

	canonical_write(&out, a, j);
	text = slice_of(arena_strdup(a, strbuf_slice(&out)), out.n);
	strbuf_free(&out);
	return text;
}
