/*
 * json_read.c: a JSON document to a tree in an arena, in three steps: json_check makes sure that
 * the bytes are JSON, jsmn cuts them into tokens, and the tokens become nodes: one array, node i
 * for token i (those of member names stay unused). Names are compared last, once they are decoded.
 * Pure.
 */
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/text.h"

#include "core/json_check.h"

#include <stdlib.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

struct reader {
	struct arena *arena;
	struct slice in;
	const char **why; /* may be NULL */
	jsmntok_t *tokens;
	struct json *nodes;
	size_t n;              /* tokens, and nodes */
	struct strbuf scratch; /* a text while its escapes are resolved */
};

/* Says on which line what is wrong; returns `error`. */
static int fail(const struct reader *r, int error, size_t at, const char *why)
{
	size_t line = 1;

	for (size_t i = 0; i < at && i < r->in.n; i++)
		line += r->in.p[i] == '\n';
	if (r->why)
		*r->why = arena_printf(r->arena, "line %zu: %s", line, why);
	return error;
}

/* Fills the tokens. jsmn takes no lone scalar, so that one is cut by hand. */
static bool tokenize(struct reader *r)
{
	struct slice body = slice_trim(r->in);
	int start = (int)(body.p - r->in.p), end = start + (int)body.n;
	jsmn_parser parser;

	if (*body.p == '{' || *body.p == '[') {
		jsmn_init(&parser);
		return jsmn_parse(&parser, r->in.p, r->in.n, r->tokens, (unsigned)r->n) ==
		       (int)r->n;
	}
	r->tokens[0] = *body.p == '"' ? (jsmntok_t){ JSMN_STRING, start + 1, end - 1, 0, -1 }
				      : (jsmntok_t){ JSMN_PRIMITIVE, start, end, 0, -1 };
	return r->n == 1;
}

/* Appends what the escape at the front means; returns the text behind it. */
static struct slice unescape(struct strbuf *out, struct slice s)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	uint32_t c;

	if (s.p[1] != 'u') {
		strbuf_addc(out, meanings[strchr(letters, s.p[1]) - letters]);
		return slice_skip(s, 2);
	}
	c = (uint32_t)json_hex4(s.p + 2);
	s = slice_skip(s, 6);
	if (c >= 0xD800 && c <= 0xDBFF) {
		c = 0x10000 + ((c - 0xD800) << 10) + ((uint32_t)json_hex4(s.p + 2) - 0xDC00);
		s = slice_skip(s, 6);
	}
	utf8_append(out, c);
	return s;
}

/* A text as it was meant, NUL-terminated in the arena. */
static struct slice decode(struct reader *r, const jsmntok_t *t)
{
	struct slice s = slice_of(r->in.p + t->start, (size_t)(t->end - t->start));
	ptrdiff_t escape;

	strbuf_reset(&r->scratch);
	while ((escape = slice_chr(s, '\\')) >= 0) {
		strbuf_add(&r->scratch, slice_head(s, (size_t)escape));
		s = unescape(&r->scratch, slice_skip(s, (size_t)escape));
	}
	if (r->scratch.n == 0)
		return slice_of(arena_strdup(r->arena, s), s.n);
	strbuf_add(&r->scratch, s);
	s = strbuf_slice(&r->scratch);
	return slice_of(arena_strdup(r->arena, s), s.n);
}

static void set_value(struct reader *r, struct json *node, const jsmntok_t *t)
{
	char first = r->in.p[t->start];

	if (t->type == JSMN_OBJECT) {
		node->type = JSON_OBJECT;
	} else if (t->type == JSMN_ARRAY) {
		node->type = JSON_ARRAY;
	} else if (t->type == JSMN_STRING) {
		node->type = JSON_STRING;
		node->text = decode(r, t);
	} else if (first == 't' || first == 'f') {
		node->type = JSON_BOOL;
		node->boolean = first == 't';
	} else if (first == 'n') {
		node->type = JSON_NULL;
	} else {
		struct slice digits = slice_of(r->in.p + t->start, (size_t)(t->end - t->start));

		node->type = JSON_NUMBER;
		node->text = slice_of(arena_strdup(r->arena, digits), digits.n);
	}
}

/*
 * Tokens to tree. A member's token hangs on the token of its name, which hangs on the object.
 * From last to first, so that putting each node before its siblings leaves them in order.
 */
static void build(struct reader *r)
{
	for (size_t i = r->n; i-- > 0;) {
		const jsmntok_t *t = &r->tokens[i];
		struct json *node = &r->nodes[i];
		int parent = t->parent;

		if (parent >= 0 && r->tokens[parent].type == JSMN_OBJECT)
			continue; /* a name */
		set_value(r, node, t);
		if (parent < 0)
			continue;
		if (r->tokens[parent].type == JSMN_STRING) {
			node->name = decode(r, &r->tokens[parent]);
			parent = r->tokens[parent].parent;
		}
		node->next = r->nodes[parent].child;
		r->nodes[parent].child = node;
		r->nodes[parent].count++;
	}
}

static int name_order(const void *a, const void *b)
{
	const struct json *left = *(struct json *const *)a, *right = *(struct json *const *)b;
	int order = slice_cmp(left->name, right->name);

	/* Nodes lie in the order of the document. */
	return order ? order : (left > right) - (left < right);
}

static int refuse_name(const struct reader *r, const struct json *member)
{
	size_t token = (size_t)(member - r->nodes);

	return fail(
		r, HEARTH_EINVAL, (size_t)r->tokens[token].start, "two members have the same name");
}

#define FEW_MEMBERS 8 /* are compared with each other; to sort them first would take longer */

static int check_few_names(const struct reader *r, const struct json *object)
{
	for (const struct json *m = object->child; m; m = m->next)
		for (const struct json *before = object->child; before != m; before = before->next)
			if (slice_eq(before->name, m->name))
				return refuse_name(r, m);
	return 0;
}

/* No two members of one object have the same name (RFC 8259 section 4: "SHOULD be unique"). */
static int check_names(const struct reader *r, const struct json *object)
{
	struct json **members;
	size_t n = 0;

	if (object->count <= FEW_MEMBERS)
		return check_few_names(r, object);
	members = arena_alloc(r->arena, object->count * sizeof(struct json *));
	for (struct json *m = object->child; m; m = m->next)
		members[n++] = m;
	qsort(members, n, sizeof(struct json *), name_order);
	for (size_t i = 1; i < n; i++)
		if (slice_eq(members[i - 1]->name, members[i]->name))
			return refuse_name(r, members[i]);
	return 0;
}

static int read_checked(struct reader *r, struct json **out)
{
	int error = 0;

	r->tokens = arena_alloc(r->arena, r->n * sizeof(*r->tokens));
	r->nodes = arena_zalloc(r->arena, r->n * sizeof(*r->nodes));
	if (!tokenize(r))
		return fail(r, HEARTH_EINVAL, 0, "malformed");
	build(r);
	for (size_t i = 0; i < r->n && !error; i++)
		if (r->nodes[i].type == JSON_OBJECT && r->nodes[i].count > 1)
			error = check_names(r, &r->nodes[i]);
	if (!error)
		*out = &r->nodes[0];
	return error;
}

int json_read(struct arena *a, struct slice in, struct json **out, const char **why)
{
	struct json_verdict verdict = json_check(in);
	struct reader r = { .arena = a, .in = in, .why = why, .n = verdict.values };
	int error;

	if (verdict.error)
		return fail(&r, verdict.error, verdict.at, verdict.why);
	error = read_checked(&r, out);
	strbuf_free(&r.scratch);
	return error;
}

const struct json *json_get(const struct json *o, const char *name)
{
	const struct json *m = o && o->type == JSON_OBJECT ? o->child : NULL;

	while (m && !slice_eq(m->name, slice_str(name)))
		m = m->next;
	return m;
}

/* The member when it is of that type; else NULL and in *error why not. */
static const struct json *get_typed(
	const struct json *o, const char *name, enum json_type type, int *error)
{
	const struct json *m = json_get(o, name);

	*error = !m || m->type == JSON_NULL ? HEARTH_ENOTFOUND
		 : m->type != type          ? HEARTH_EINVAL
					    : 0;
	return *error ? NULL : m;
}

int json_get_text(const struct json *o, const char *name, struct slice *out)
{
	int error;
	const struct json *m = get_typed(o, name, JSON_STRING, &error);

	if (m)
		*out = m->text;
	return error;
}

int json_get_i64(const struct json *o, const char *name, int64_t min, int64_t max, int64_t *out)
{
	int error;
	const struct json *m = get_typed(o, name, JSON_NUMBER, &error);

	return m ? slice_i64(m->text, min, max, out) : error;
}

int json_as_i64(const struct json *value, int64_t min, int64_t max, int64_t *out)
{
	return value->type == JSON_NUMBER ? slice_i64(value->text, min, max, out) : HEARTH_EINVAL;
}

int json_get_bool(const struct json *o, const char *name, bool *out)
{
	int error;
	const struct json *m = get_typed(o, name, JSON_BOOL, &error);

	if (m)
		*out = m->boolean;
	return error;
}
