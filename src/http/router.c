/*
 * router.c: finds the route of a path in a tree with one level a segment. At each level a literal
 * wins over {int}, that over {word}, that over {text}, that over {path}; when a branch leads
 * nowhere the next one is tried. On the loop; the tree is as deep as the longest pattern.
 */
#include "http/http_router.h"

#include "hearth/error.h"
#include "hearth/http.h"
#include "hearth/log.h"
#include "hearth/text.h"

#include <stdlib.h>

#define METHODS 5

/* In the order in which they are tried. */
enum segment_kind {
	SEGMENT_LITERAL,
	SEGMENT_INT,
	SEGMENT_WORD,
	SEGMENT_TEXT,
	SEGMENT_PATH,
};

struct entry {
	struct entry *next; /* in the order they were added */
	const struct http_route *route;
	unsigned scope;
	void *module;
	struct slice names[ROUTE_PARAMS_MAX];
	int name_count;
};

struct node {
	struct node *next, *children; /* ordered by kind */
	enum segment_kind kind;
	struct slice literal;
	struct entry *entries[METHODS];
};

struct router {
	struct arena *arena;
	struct node root;
	struct entry *first, **last;
};

struct router *router_new(void)
{
	struct router *r = mem_zalloc(sizeof(*r));

	r->arena = arena_new();
	r->last = &r->first;
	return r;
}

void router_free(struct router **r)
{
	if (!*r)
		return;
	arena_free(&(*r)->arena);
	free(*r);
	*r = NULL;
}

const struct http_route *router_route(const struct router *r, size_t i)
{
	const struct entry *e = r->first;

	while (e && i-- > 0)
		e = e->next;
	return e ? e->route : NULL;
}

/* ---- adding ---- */

static struct node *child(
	struct router *r, struct node *parent, enum segment_kind kind, struct slice literal)
{
	struct node **at = &parent->children, *n;

	for (; *at && (*at)->kind <= kind; at = &(*at)->next)
		if ((*at)->kind == kind && slice_eq((*at)->literal, literal))
			return *at;
	n = ARENA_NEW(r->arena, struct node);
	n->kind = kind;
	n->literal = literal;
	n->next = *at;
	*at = n;
	return n;
}

/* "{name:type}" */
static enum segment_kind parameter(const char *pattern, struct slice segment, struct slice *name)
{
	static const char *const types[] = { "", "int", "word", "text", "path" };
	struct slice type = slice_head(slice_skip(segment, 1), segment.n - 2);

	*name = slice_split(&type, ':');
	for (int i = SEGMENT_INT; i <= SEGMENT_PATH; i++)
		if (name->n && slice_eq(type, slice_str(types[i])))
			return (enum segment_kind)i;
	log_fatal("http",
		"route %s: a parameter is {name:int}, {name:word}, {name:text} or {name:path}",
		pattern);
}

void router_add(struct router *r, const struct http_route *route, unsigned scope, void *module)
{
	struct entry *e = ARENA_NEW(r->arena, struct entry);
	struct slice rest = slice_str(route->pattern);
	struct node *n = &r->root;
	enum segment_kind kind = SEGMENT_LITERAL;

	e->route = route;
	e->scope = scope;
	e->module = module;
	if (rest.n == 0 || rest.p[0] != '/')
		log_fatal("http", "route %s does not begin with /", route->pattern);
	for (rest = slice_skip(rest, 1); rest.p;) {
		struct slice segment = slice_split(&rest, '/');

		INVARIANT(kind != SEGMENT_PATH);
		kind = SEGMENT_LITERAL;
		if (segment.n > 2 && segment.p[0] == '{' && segment.p[segment.n - 1] == '}') {
			INVARIANT(e->name_count < ROUTE_PARAMS_MAX);
			kind = parameter(route->pattern, segment, &e->names[e->name_count++]);
			segment = (struct slice){ 0 };
		}
		n = child(r, n, kind, segment);
	}
	if (n->entries[route->method])
		log_fatal("http", "route %s is there twice", route->pattern);
	n->entries[route->method] = e;
	*r->last = e;
	r->last = &e->next;
}

/* ---- finding ---- */

/* A path taken apart: each segment decoded, and where it begins in the raw path. */
struct search {
	struct arena *arena;
	struct slice path;
	struct slice segments[ROUTE_SEGMENTS_MAX];
	size_t offsets[ROUTE_SEGMENTS_MAX];
	size_t count;
	int method;
	struct route_match *out;
};

static bool is_word(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    (c && strchr("._~-", c))))
			return false;
	}
	return s.n > 0;
}

static bool fits(const struct node *n, struct slice segment)
{
	uint64_t number;

	switch (n->kind) {
	case SEGMENT_LITERAL: return slice_eq(n->literal, segment);
	case SEGMENT_INT: return slice_u64(segment, INT64_MAX, &number) == 0;
	case SEGMENT_WORD: return is_word(segment);
	case SEGMENT_TEXT: return segment.n > 0;
	case SEGMENT_PATH: return true;
	}
	return false;
}

/* The path ends here: the entry for the method, or at least a note of the others. */
static bool arrive(struct search *s, const struct node *n)
{
	const struct entry *e = n->entries[s->method];

	for (int m = 0; m < METHODS; m++)
		s->out->allowed |= n->entries[m] ? 1u << m : 0;
	if (!e)
		return false;
	s->out->route = e->route;
	s->out->scope = e->scope;
	s->out->module = e->module;
	s->out->names = e->names;
	s->out->value_count = e->name_count;
	return true;
}

static bool search(struct search *s, const struct node *n, size_t at, int values)
{
	if (at == s->count)
		return arrive(s, n);
	for (const struct node *c = n->children; c; c = c->next) {
		struct slice value = s->segments[at];

		if (!fits(c, value))
			continue;
		if (c->kind == SEGMENT_PATH) {
			url_decode(s->arena, slice_skip(s->path, s->offsets[at]), false, &value);
			s->out->values[values] = value;
			if (arrive(s, c))
				return true;
			continue;
		}
		if (c->kind != SEGMENT_LITERAL)
			s->out->values[values] = value;
		if (search(s, c, at + 1, values + (c->kind != SEGMENT_LITERAL)))
			return true;
	}
	return false;
}

/* Segments "." and ".." were resolved by any honest client; also behind an encoded slash. */
static bool has_dots(struct slice path)
{
	while (path.p) {
		struct slice segment = slice_split(&path, '/');

		if (slice_eq(segment, SLICE(".")) || slice_eq(segment, SLICE("..")))
			return true;
	}
	return false;
}

bool router_find(const struct router *r, struct arena *a, int method, struct slice path,
	struct route_match *out)
{
	struct search s = { .arena = a, .path = path, .method = method, .out = out };
	struct slice rest = slice_skip(path, 1), whole;

	*out = (struct route_match){ 0 };
	if (path.n == 0 || path.p[0] != '/' || !url_decode(a, path, false, &whole) ||
		has_dots(whole))
		return false;
	while (rest.p) {
		if (s.count == ROUTE_SEGMENTS_MAX)
			return true;
		s.offsets[s.count] = (size_t)(rest.p - path.p);
		if (!url_decode(a, slice_split(&rest, '/'), false, &s.segments[s.count++]))
			return false;
	}
	search(&s, &r->root, 0, 0);
	return true;
}

/* ---- percent-encoding ---- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool url_decode(struct arena *a, struct slice in, bool plus, struct slice *out)
{
	char *to;
	size_t n = 0;

	*out = in;
	if (slice_chr(in, '%') < 0 && (!plus || slice_chr(in, '+') < 0))
		return utf8_valid(in);
	to = arena_alloc(a, in.n);
	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];

		if (c == '%') {
			int high = i + 2 < in.n ? hex_value(in.p[i + 1]) : -1,
			    low = high < 0 ? -1 : hex_value(in.p[i + 2]);

			if (low < 0 || (high == 0 && low == 0))
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		} else if (plus && c == '+') {
			c = ' ';
		}
		to[n++] = c;
	}
	*out = slice_of(to, n);
	return utf8_valid(*out);
}
