/*
 * schema_read.c: the text of a schema to a tree of struct schema (schema.h). One function a
 * keyword, in a table; a keyword that is not in the table refuses the schema.
 *
 * References are resolved while reading: the entries of $defs are made empty first and filled then.
 * Afterwards no chain of references may be longer than SCHEMA_REFS_MAX, so none comes back to where
 * it began without having gone into the document.
 *
 * Pure; at the start, on the loop's thread.
 */
#include "preferences/schema_tree.h"

#include <math.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "preferences/canonical.h"

struct reader {
	struct arena *arena;
	struct schema *root;
	struct schema_member *defs;
	size_t def_n;
	const char *why; /* not NULL: it has failed */
};

static struct schema *read_schema(struct reader *r, const struct json *j);
static void fill(struct reader *r, struct schema *s, const struct json *j);

static void fail(struct reader *r, const struct json *at, const char *expected)
{
	if (!r->why)
		r->why = arena_printf(
			r->arena, "\"%.*s\": expected %s", SLICE_ARG(at->name), expected);
}

/* ---- values of keywords ---- */

static void read_count(struct reader *r, const struct json *j, size_t *out)
{
	uint64_t value;

	if (j->type != JSON_NUMBER || slice_u64(j->text, UINT32_MAX, &value) < 0)
		fail(r, j, "a whole number that is not negative");
	else
		*out = value;
}

static void read_double(struct reader *r, const struct json *j, double *out)
{
	if (j->type != JSON_NUMBER || !isfinite(strtod(j->text.p, NULL)))
		fail(r, j, "a number");
	else
		*out = strtod(j->text.p, NULL);
}

static unsigned type_bit(const struct json *j)
{
	static const struct {
		const char *name;
		unsigned bit;
	} types[] = { { "null", 1u << JSON_NULL }, { "boolean", 1u << JSON_BOOL },
		{ "number", 1u << JSON_NUMBER }, { "string", 1u << JSON_STRING },
		{ "array", 1u << JSON_ARRAY }, { "object", 1u << JSON_OBJECT },
		{ "integer", SCHEMA_INTEGER } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (j->type == JSON_STRING && slice_eq(j->text, slice_str(types[i].name)))
			return types[i].bit;
	return 0;
}

/* ---- keywords ---- */

static void read_type(struct reader *r, struct schema *s, const struct json *j)
{
	const struct json *list = j->type == JSON_ARRAY ? j->child : j;

	if (!list)
		fail(r, j, "at least one type");
	for (; list; list = j->type == JSON_ARRAY ? list->next : NULL) {
		if (!type_bit(list))
			fail(r, j, "null, boolean, integer, number, string, array or object");
		s->types |= type_bit(list);
	}
}

static void read_const(struct reader *r, struct schema *s, const struct json *j)
{
	s->only = canonical_text(r->arena, j);
}

static void read_enum(struct reader *r, struct schema *s, const struct json *j)
{
	if (j->type != JSON_ARRAY) {
		fail(r, j, "a list of values");
		return;
	}
	s->has_choices = true;
	s->choices.v = arena_alloc(r->arena, j->count * sizeof(struct slice));
	for (const struct json *e = j->child; e; e = e->next)
		s->choices.v[s->choices.n++] = canonical_text(r->arena, e);
}

static void read_minimum(struct reader *r, struct schema *s, const struct json *j)
{
	read_double(r, j, &s->minimum);
}

static void read_maximum(struct reader *r, struct schema *s, const struct json *j)
{
	read_double(r, j, &s->maximum);
}

static void read_min_length(struct reader *r, struct schema *s, const struct json *j)
{
	read_count(r, j, &s->length_min);
}

static void read_max_length(struct reader *r, struct schema *s, const struct json *j)
{
	read_count(r, j, &s->length_max);
}

static void read_format(struct reader *r, struct schema *s, const struct json *j)
{
	if (j->type == JSON_STRING)
		s->format = schema_format_find(j->text);
	if (!s->format)
		fail(r, j, "a format that is known here");
}

static void read_items(struct reader *r, struct schema *s, const struct json *j)
{
	s->items = read_schema(r, j);
}

static void read_min_items(struct reader *r, struct schema *s, const struct json *j)
{
	read_count(r, j, &s->items_min);
}

static void read_max_items(struct reader *r, struct schema *s, const struct json *j)
{
	read_count(r, j, &s->items_max);
}

static void read_unique(struct reader *r, struct schema *s, const struct json *j)
{
	if (j->type != JSON_BOOL)
		fail(r, j, "true or false");
	s->unique = j->boolean;
}

static void read_properties(struct reader *r, struct schema *s, const struct json *j)
{
	struct json **members;

	if (j->type != JSON_OBJECT) {
		fail(r, j, "an object of schemas");
		return;
	}
	members = canonical_members(r->arena, j);
	s->members = arena_zalloc(r->arena, j->count * sizeof(*s->members));
	s->member_n = j->count;
	for (size_t i = 0; i < j->count; i++) {
		s->members[i].name = members[i]->name;
		s->members[i].schema = read_schema(r, members[i]);
	}
}

static void read_required(struct reader *r, struct schema *s, const struct json *j)
{
	if (j->type != JSON_ARRAY) {
		fail(r, j, "a list of names");
		return;
	}
	s->required.v = arena_alloc(r->arena, j->count * sizeof(struct slice));
	for (const struct json *e = j->child; e; e = e->next) {
		if (e->type != JSON_STRING)
			fail(r, j, "a list of names");
		s->required.v[s->required.n++] = e->text;
	}
}

static void read_others(struct reader *r, struct schema *s, const struct json *j)
{
	s->others = read_schema(r, j);
}

static void read_min_members(struct reader *r, struct schema *s, const struct json *j)
{
	read_count(r, j, &s->members_min);
}

static void read_max_members(struct reader *r, struct schema *s, const struct json *j)
{
	read_count(r, j, &s->members_max);
}

static void read_ref(struct reader *r, struct schema *s, const struct json *j)
{
	const struct slice before = SLICE("#/$defs/");

	if (j->type == JSON_STRING && slice_eq(j->text, SLICE("#")))
		s->ref = r->root;
	for (size_t i = 0; i < r->def_n && j->type == JSON_STRING; i++)
		if (slice_starts(j->text, before) &&
			slice_eq(slice_skip(j->text, before.n), r->defs[i].name))
			s->ref = r->defs[i].schema;
	if (!s->ref)
		fail(r, j, "\"#\" or \"#/$defs/NAME\" of a definition that is there");
}

/* The entries were made by read_defs, before anything that may refer to them was read. */
static void fill_defs(struct reader *r, struct schema *s, const struct json *j)
{
	size_t i = 0;

	if (s != r->root) {
		fail(r, j, "definitions at the top only");
		return;
	}
	for (const struct json *e = j->child; e && j->type == JSON_OBJECT; e = e->next)
		fill(r, r->defs[i++].schema, e);
}

static void read_note(struct reader *r, struct schema *s, const struct json *j)
{
	(void)r;
	(void)s;
	(void)j;
}

static const struct {
	const char *name;
	void (*read)(struct reader *r, struct schema *s, const struct json *j);
} keywords[] = {
	{ "type", read_type },
	{ "const", read_const },
	{ "enum", read_enum },
	{ "minimum", read_minimum },
	{ "maximum", read_maximum },
	{ "minLength", read_min_length },
	{ "maxLength", read_max_length },
	{ "format", read_format },
	{ "items", read_items },
	{ "minItems", read_min_items },
	{ "maxItems", read_max_items },
	{ "uniqueItems", read_unique },
	{ "properties", read_properties },
	{ "required", read_required },
	{ "additionalProperties", read_others },
	{ "minProperties", read_min_members },
	{ "maxProperties", read_max_members },
	{ "$ref", read_ref },
	{ "$defs", fill_defs },
	{ "$schema", read_note },
	{ "$id", read_note },
	{ "$comment", read_note },
	{ "title", read_note },
	{ "description", read_note },
	{ "default", read_note },
	{ "examples", read_note },
};

/* ---- schemas ---- */

static void read_keyword(struct reader *r, struct schema *s, const struct json *j)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (slice_eq(j->name, slice_str(keywords[i].name))) {
			keywords[i].read(r, s, j);
			return;
		}
	fail(r, j, "a keyword that is checked here");
}

static void fill(struct reader *r, struct schema *s, const struct json *j)
{
	if (j->type == JSON_BOOL)
		s->never = !j->boolean;
	else if (j->type != JSON_OBJECT)
		fail(r, j, "a schema: an object, true or false");
	for (const struct json *m = j->child; m && j->type == JSON_OBJECT && !r->why; m = m->next)
		read_keyword(r, s, m);
}

static struct schema *new_schema(struct reader *r)
{
	struct schema *s = ARENA_NEW(r->arena, struct schema);

	s->minimum = -INFINITY;
	s->maximum = INFINITY;
	s->length_max = s->items_max = s->members_max = SCHEMA_NO_LIMIT;
	return s;
}

static struct schema *read_schema(struct reader *r, const struct json *j)
{
	struct schema *s = new_schema(r);

	fill(r, s, j);
	return s;
}

static void make_defs(struct reader *r, const struct json *defs)
{
	if (!defs || defs->type != JSON_OBJECT)
		return;
	r->defs = arena_zalloc(r->arena, defs->count * sizeof(*r->defs));
	for (const struct json *e = defs->child; e; e = e->next) {
		r->defs[r->def_n].name = e->name;
		r->defs[r->def_n++].schema = new_schema(r);
	}
}

/* A chain goes through $defs or the top after its first step, so these begin all long ones. */
static void check_chains(struct reader *r)
{
	for (size_t i = 0; i <= r->def_n; i++) {
		const struct schema *s = i < r->def_n ? r->defs[i].schema : r->root;
		int steps = 0;

		for (; s && steps < SCHEMA_REFS_MAX; s = s->ref)
			steps++;
		if (s && !r->why)
			r->why = "\"$ref\": expected references that come to an end";
	}
}

int schema_read(struct arena *a, struct slice text, const struct schema **out, const char **why)
{
	struct reader r = { .arena = a };
	struct json *j;
	int rc = json_read(a, text, &j, why);

	if (rc < 0)
		return rc;
	r.root = new_schema(&r);
	make_defs(&r, json_get(j, "$defs"));
	fill(&r, r.root, j);
	if (!r.why)
		check_chains(&r);
	*why = r.why;
	*out = r.root;
	return r.why ? HEARTH_EINVAL : 0;
}
