/*
 * mime/structure_pack.c: see structure_pack.h. Reading never fails in the middle: a reader that
 * has met a bad byte gives zeros and nothing from then on, and says so at the end.
 *
 * Pure; linear in the bytes, and as deep as MIME_DEPTH_MAX.
 */
#include "mime/structure_pack.h"
#include "hearth/error.h"
#include "mime/part_header.h"

#define VERSION 1

static void put_number(struct strbuf *out, uint64_t n)
{
	while (n >= 0x80) {
		strbuf_addc(out, (char)(n | 0x80));
		n >>= 7;
	}
	strbuf_addc(out, (char)n);
}

static void put_string(struct strbuf *out, struct slice s)
{
	put_number(out, s.p ? (uint64_t)s.n + 1 : 0);
	strbuf_add(out, s);
}

static void put_params(struct strbuf *out, const struct mime_params *params)
{
	put_number(out, params->n);
	for (size_t i = 0; i < params->n; i++) {
		put_string(out, params->v[i].name);
		put_string(out, params->v[i].value);
	}
}

static void put_part(struct strbuf *out, const struct mime_part *part)
{
	size_t children = 0;

	put_number(out, part->kind);
	put_number(out, part->encoding);
	put_number(out, part->offset);
	put_number(out, part->header_size);
	put_number(out, part->body_size);
	put_number(out, part->lines);
	put_number(out, part->decoded_size);
	put_string(out, part->type);
	put_string(out, part->subtype);
	put_params(out, &part->params);
	put_string(out, part->encoding_name);
	put_string(out, part->id);
	put_string(out, part->description);
	put_string(out, part->md5);
	put_string(out, part->disposition);
	put_params(out, &part->disposition_params);
	put_number(out, part->languages.n);
	for (size_t i = 0; i < part->languages.n; i++)
		put_string(out, part->languages.v[i]);
	put_string(out, part->location);
	if (part->parent && part->parent->kind == MIME_MESSAGE)
		put_string(out, part->envelope);
	for (const struct mime_part *child = part->child; child; child = child->next)
		children++;
	put_number(out, children);
	for (const struct mime_part *child = part->child; child; child = child->next)
		put_part(out, child);
}

void mime_structure_pack(struct strbuf *out, const struct mime_part *root)
{
	put_number(out, VERSION);
	put_number(out, root->header_size + root->body_size);
	put_string(out, SLICE("")); /* the root's envelope, which rows keep ready to be sent */
	put_part(out, root);
}

struct reader {
	struct arena *arena;
	struct slice rest;
	bool bad;
	size_t parts; /* read so far */
};

static void bad(struct reader *r)
{
	r->bad = true;
	r->rest.n = 0;
}

/* A number up to `max`. */
static size_t get_number(struct reader *r, size_t max)
{
	uint64_t n = 0;

	for (unsigned shift = 0; shift < 63; shift += 7) {
		unsigned char c;

		if (r->rest.n == 0)
			break;
		c = (unsigned char)*r->rest.p++;
		r->rest.n--;
		n |= (uint64_t)(c & 0x7F) << shift;
		if (c < 0x80) {
			if (n <= max)
				return (size_t)n;
			break;
		}
	}
	bad(r);
	return 0;
}

static struct slice get_string(struct reader *r)
{
	size_t n = get_number(r, r->rest.n);
	struct slice s = { NULL, 0 };

	if (n == 0)
		return s;
	if (n - 1 > r->rest.n) {
		bad(r);
		return s;
	}
	s = slice_head(r->rest, n - 1);
	r->rest = slice_skip(r->rest, n - 1);
	return s;
}

/* A string that must be there. */
static struct slice get_text(struct reader *r)
{
	struct slice s = get_string(r);

	if (!s.p)
		bad(r);
	return s;
}

static struct mime_params get_params(struct reader *r)
{
	size_t n = get_number(r, MIME_PARAMS_MAX);
	struct mime_param *v = arena_alloc(r->arena, n * sizeof(*v));

	for (size_t i = 0; i < n; i++) {
		v[i].name = get_text(r);
		v[i].value = get_text(r);
	}
	return (struct mime_params){ v, n };
}

static void get_fields(struct reader *r, struct mime_part *part)
{
	part->kind = (enum mime_kind)get_number(r, MIME_MESSAGE);
	part->encoding = (enum mime_encoding)get_number(r, MIME_ENCODINGS - 1);
	part->offset = get_number(r, SIZE_MAX / 4);
	part->header_size = get_number(r, SIZE_MAX / 4);
	part->body_size = get_number(r, SIZE_MAX / 4);
	part->lines = get_number(r, part->body_size);
	part->decoded_size = get_number(r, part->body_size);
	part->type = get_text(r);
	part->subtype = get_text(r);
	part->params = get_params(r);
	part->encoding_name = get_string(r);
	part->id = get_string(r);
	part->description = get_string(r);
	part->md5 = get_string(r);
	part->disposition = get_string(r);
	part->disposition_params = get_params(r);
	part->languages.n = get_number(r, MIME_LANGUAGES_MAX);
	part->languages.v = arena_alloc(r->arena, part->languages.n * sizeof(struct slice));
	for (size_t i = 0; i < part->languages.n; i++)
		part->languages.v[i] = get_text(r);
	part->location = get_string(r);
	if (part->parent && part->parent->kind == MIME_MESSAGE)
		part->envelope = get_text(r);
}

static size_t part_end(const struct mime_part *part)
{
	return part->offset + part->header_size + part->body_size;
}

/* True when the part keeps the promises about itself and its place behind `before`. */
static bool is_sound(const struct mime_part *part, const struct mime_part *before)
{
	const struct mime_part *parent = part->parent;

	if (part->type.n == 0 || part->subtype.n == 0 || part->kind != mime_kind_of(part))
		return false;
	if (!parent)
		return true;
	if (part->offset < (before ? part_end(before) : parent->offset + parent->header_size))
		return false;
	if (part_end(part) > part_end(parent))
		return false;
	return parent->kind != MIME_MESSAGE ||
	       part->header_size + part->body_size == parent->body_size;
}

/* One part and what is in it. At depth 1 it is the root. */
static struct mime_part *get_part(
	struct reader *r, struct mime_part *parent, const struct mime_part *before, size_t depth)
{
	struct mime_part *part = ARENA_NEW(r->arena, struct mime_part), *last = NULL;
	size_t children;

	part->parent = parent;
	get_fields(r, part);
	children = get_number(r, MIME_PARTS_MAX + MIME_DEPTH_MAX);
	if (r->bad || !is_sound(part, before) || ++r->parts > MIME_PARTS_MAX + MIME_DEPTH_MAX ||
		(part->kind == MIME_LEAF) != (children == 0) ||
		(part->kind == MIME_MESSAGE && children != 1) ||
		(children && depth == MIME_DEPTH_MAX))
		bad(r);
	for (size_t i = 0; i < children && !r->bad; i++) {
		struct mime_part *child = get_part(r, part, last, depth + 1);

		*(last ? &last->next : &part->child) = child;
		last = child;
	}
	return part;
}

static int get_head(struct reader *r, struct slice *envelope, size_t *message_size)
{
	if (get_number(r, VERSION) != VERSION)
		bad(r);
	*message_size = get_number(r, SIZE_MAX / 4);
	*envelope = get_text(r);
	return r->bad ? HEARTH_ECORRUPT : 0;
}

int mime_structure_unpack(struct arena *a, struct slice packed, struct mime_part **root)
{
	struct reader r = { .arena = a, .rest = packed };
	struct slice envelope;
	size_t message_size;

	if (get_head(&r, &envelope, &message_size))
		return HEARTH_ECORRUPT;
	*root = get_part(&r, NULL, NULL, 1);
	(*root)->envelope = envelope;
	if (r.bad || r.rest.n || (*root)->offset || part_end(*root) != message_size)
		return HEARTH_ECORRUPT;
	return 0;
}
