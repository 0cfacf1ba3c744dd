/*
 * schema_check.c: a document against a schema that was read (schema.h). Goes down the document,
 * which is no deeper than JSON_DEPTH_MAX, in its order, and stops at the first fault.
 * Pure; on a worker.
 */
#include "preferences/schema_tree.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "preferences/canonical.h"

/* Where we are: the way from the top, on the stack. */
struct place {
	const struct place *up; /* NULL at the top */
	struct slice name;      /* of a member */
	size_t index;           /* of an element; SIZE_MAX: it is a member */
};

struct check {
	struct arena *arena;
	struct schema_fault *fault;
};

/* ---- faults ---- */

/* A segment of a pointer (RFC 6901 section 3). A NUL, which would end the text, is shown as one. */
static void add_segment(struct strbuf *out, const struct place *at)
{
	strbuf_addc(out, '/');
	if (at->index != SIZE_MAX) {
		strbuf_printf(out, "%zu", at->index);
		return;
	}
	for (size_t i = 0; i < at->name.n; i++) {
		char c = at->name.p[i];

		if (c == '~' || c == '/')
			strbuf_adds(out, c == '~' ? "~0" : "~1");
		else if (c == '\0')
			strbuf_adds(out, "\xe2\x90\x80");
		else
			strbuf_addc(out, c);
	}
}

static void add_pointer(struct strbuf *out, const struct place *at)
{
	if (!at)
		return;
	add_pointer(out, at->up);
	add_segment(out, at);
}

/* Cut at a character, with an ellipsis, so that it is no longer than `max`. */
static void cut(struct strbuf *text, size_t max)
{
	if (text->n <= max)
		return;
	text->n = max - 3;
	while (text->n > 0 && ((unsigned char)text->p[text->n] & 0xc0) == 0x80)
		text->n--;
	text->p[text->n] = '\0';
	strbuf_adds(text, "\xe2\x80\xa6");
}

static int fault_text(struct check *c, const struct place *at, struct strbuf *expected)
{
	struct strbuf pointer = { 0 };

	add_pointer(&pointer, at);
	cut(&pointer, SCHEMA_POINTER_MAX);
	c->fault->pointer = arena_strdup(c->arena, strbuf_slice(&pointer));
	c->fault->expected = arena_strdup(c->arena, strbuf_slice(expected));
	strbuf_free(&pointer);
	strbuf_free(expected);
	return HEARTH_EINVAL;
}

__attribute__((format(printf, 3, 4))) static int fault(
	struct check *c, const struct place *at, const char *expected, ...)
{
	struct strbuf text = { 0 };
	va_list ap;

	va_start(ap, expected);
	strbuf_vprintf(&text, expected, ap);
	va_end(ap);
	return fault_text(c, at, &text);
}

/* ---- any value ---- */

static bool is_whole(const struct json *j)
{
	double v = strtod(j->text.p, NULL);

	return isfinite(v) && v == floor(v);
}

static int fault_type(struct check *c, const struct place *at, unsigned types)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = { { 1u << JSON_OBJECT, "an object" }, { 1u << JSON_ARRAY, "a list" },
		{ 1u << JSON_STRING, "text" }, { SCHEMA_INTEGER, "a whole number" },
		{ 1u << JSON_NUMBER, "a number" }, { 1u << JSON_BOOL, "true or false" },
		{ 1u << JSON_NULL, "null" } };
	struct strbuf text = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (types & names[i].bit)
			strbuf_printf(&text, "%s%s", text.n ? " or " : "expected ", names[i].name);
	return fault_text(c, at, &text);
}

static int check_type(
	struct check *c, const struct schema *s, const struct json *j, const struct place *at)
{
	bool whole = s->types & SCHEMA_INTEGER && j->type == JSON_NUMBER && is_whole(j);

	if (s->never)
		return fault(c, at, "nothing may stand here");
	if (s->types == 0 || s->types & (1u << j->type) || whole)
		return 0;
	return fault_type(c, at, s->types);
}

static int fault_choices(struct check *c, const struct place *at, const struct schema_texts *list)
{
	struct strbuf text = { 0 };

	for (size_t i = 0; i < list->n && text.n <= SCHEMA_LIST_SHOW; i++)
		strbuf_printf(
			&text, "%s%.*s", i ? ", " : "expected one of ", SLICE_ARG(list->v[i]));
	if (list->n == 0)
		strbuf_adds(&text, "nothing may stand here");
	cut(&text, SCHEMA_LIST_SHOW);
	return fault_text(c, at, &text);
}

/* const and enum: values are equal when their canonical texts are. */
static int check_choice(
	struct check *c, const struct schema *s, const struct json *j, const struct place *at)
{
	const struct schema_texts only = { (struct slice *)&s->only, 1 };
	struct slice text;
	bool found = false;

	if (!s->only.p && !s->has_choices)
		return 0;
	text = canonical_text(c->arena, j);
	if (s->only.p && !slice_eq(text, s->only))
		return fault_choices(c, at, &only);
	for (size_t i = 0; i < s->choices.n && !found; i++)
		found = slice_eq(text, s->choices.v[i]);
	return found || !s->has_choices ? 0 : fault_choices(c, at, &s->choices);
}

/* ---- numbers and texts ---- */

static int check_number(
	struct check *c, const struct schema *s, const struct json *j, const struct place *at)
{
	double v = strtod(j->text.p, NULL);

	if (v < s->minimum)
		return fault(c, at, "expected a number of at least %.15g", s->minimum);
	if (v > s->maximum)
		return fault(c, at, "expected a number of at most %.15g", s->maximum);
	return 0;
}

static int check_text(
	struct check *c, const struct schema *s, const struct json *j, const struct place *at)
{
	size_t characters = 0;

	for (size_t i = 0; i < j->text.n; i++)
		characters += ((unsigned char)j->text.p[i] & 0xc0) != 0x80;
	if (characters < s->length_min)
		return fault(c, at, "expected at least %zu character%s", s->length_min,
			s->length_min == 1 ? "" : "s");
	if (characters > s->length_max)
		return fault(c, at, "expected at most %zu characters", s->length_max);
	if (s->format && !s->format->matches(j->text))
		return fault(c, at, "expected %s", s->format->expected);
	return 0;
}

/* ---- lists ---- */

static int check_value(
	struct check *c, const struct schema *s, const struct json *j, const struct place *at);

struct element {
	struct slice text;
	size_t index;
};

static int by_text(const void *a, const void *b)
{
	const struct element *left = a, *right = b;
	int order = slice_cmp(left->text, right->text);

	return order ? order : (left->index > right->index) - (left->index < right->index);
}

/* Names the first element that an earlier one is equal to. */
static int check_unique(struct check *c, const struct json *j, const struct place *at)
{
	struct element *all = arena_alloc(c->arena, j->count * sizeof(*all));
	struct place element = { .up = at, .index = SIZE_MAX };
	size_t n = 0;

	for (const struct json *e = j->child; e; e = e->next, n++)
		all[n] = (struct element){ canonical_text(c->arena, e), n };
	qsort(all, n, sizeof(*all), by_text);
	for (size_t i = 1; i < n; i++)
		if (slice_eq(all[i - 1].text, all[i].text) && all[i].index < element.index)
			element.index = all[i].index;
	return element.index == SIZE_MAX
		       ? 0
		       : fault(c, &element, "expected a value that is not in the list already");
}

static int check_list(
	struct check *c, const struct schema *s, const struct json *j, const struct place *at)
{
	struct place element = { .up = at };
	int rc = 0;

	if (j->count < s->items_min)
		return fault(c, at, "expected at least %zu element%s", s->items_min,
			s->items_min == 1 ? "" : "s");
	if (j->count > s->items_max)
		return fault(c, at, "expected at most %zu elements", s->items_max);
	for (const struct json *e = j->child; e && s->items && rc == 0; e = e->next) {
		rc = check_value(c, s->items, e, &element);
		element.index++;
	}
	return rc == 0 && s->unique ? check_unique(c, j, at) : rc;
}

/* ---- objects ---- */

static const struct schema *member_schema(const struct schema *s, struct slice name)
{
	size_t from = 0, to = s->member_n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = slice_cmp(name, s->members[middle].name);

		if (order == 0)
			return s->members[middle].schema;
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return s->others;
}

static int fault_unknown(struct check *c, const struct schema *s, const struct place *at)
{
	struct strbuf text = { 0 };

	strbuf_adds(&text, "there is no such member");
	for (size_t i = 0; i < s->member_n && text.n <= SCHEMA_LIST_SHOW; i++)
		strbuf_printf(&text, "%s%.*s", i ? ", " : "; expected one of ",
			SLICE_ARG(s->members[i].name));
	cut(&text, SCHEMA_LIST_SHOW);
	return fault_text(c, at, &text);
}

static int check_required(
	struct check *c, const struct schema *s, const struct json *j, const struct place *at)
{
	for (size_t i = 0; i < s->required.n; i++) {
		struct place missing = { at, s->required.v[i], SIZE_MAX };
		const struct json *m = j->child;

		while (m && !slice_eq(m->name, missing.name))
			m = m->next;
		if (!m)
			return fault(c, &missing, "this member is required");
	}
	return 0;
}

static int check_object(
	struct check *c, const struct schema *s, const struct json *j, const struct place *at)
{
	int rc = 0;

	for (const struct json *m = j->child; m && rc == 0; m = m->next) {
		const struct place member = { at, m->name, SIZE_MAX };
		const struct schema *of = member_schema(s, m->name);

		if (of && of == s->others && of->never)
			return fault_unknown(c, s, &member);
		rc = of ? check_value(c, of, m, &member) : 0;
	}
	if (rc == 0)
		rc = check_required(c, s, j, at);
	if (rc == 0 && j->count < s->members_min)
		rc = fault(c, at, "expected at least %zu member%s", s->members_min,
			s->members_min == 1 ? "" : "s");
	if (rc == 0 && j->count > s->members_max)
		rc = fault(c, at, "expected at most %zu members", s->members_max);
	return rc;
}

/* ---- all of it ---- */

static int check_value(
	struct check *c, const struct schema *s, const struct json *j, const struct place *at)
{
	int rc = 0;

	for (; s && rc == 0; s = s->ref) {
		rc = check_type(c, s, j, at);
		if (rc == 0)
			rc = check_choice(c, s, j, at);
		if (rc == 0 && j->type == JSON_NUMBER)
			rc = check_number(c, s, j, at);
		if (rc == 0 && j->type == JSON_STRING)
			rc = check_text(c, s, j, at);
		if (rc == 0 && j->type == JSON_ARRAY)
			rc = check_list(c, s, j, at);
		if (rc == 0 && j->type == JSON_OBJECT)
			rc = check_object(c, s, j, at);
	}
	return rc;
}

int schema_check(const struct schema *s, struct arena *a, const struct json *document,
	struct schema_fault *fault)
{
	struct check c = { a, fault };

	return check_value(&c, s, document, NULL);
}
