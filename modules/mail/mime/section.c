/*
 * mime/section.c: parses a section, finds its part in the tree, and copies header fields that were
 * asked for. Pure; it allocates from the caller's arena.
 */
#include "mime/section.h"
#include "hearth/error.h"
#include "mime/header.h"
#include "mime/token.h"

/* Takes "1.2." or "1.2" off the front. */
static int take_path(struct slice *text, struct mime_section *section)
{
	section->path_n = 0;
	while (text->n && text->p[0] >= '0' && text->p[0] <= '9') {
		struct slice rest = *text;
		uint64_t number;
		size_t digits = 0;

		while (digits < rest.n && rest.p[digits] >= '0' && rest.p[digits] <= '9')
			digits++;
		if (slice_u64(slice_head(rest, digits), UINT32_MAX, &number) || number == 0 ||
			section->path_n == MIME_DEPTH_MAX)
			return HEARTH_EINVAL;
		section->path[section->path_n++] = (uint32_t)number;
		*text = slice_skip(rest, digits);
		if (text->n == 0)
			return 0;
		if (text->p[0] != '.' || text->n == 1)
			return HEARTH_EINVAL;
		*text = slice_skip(*text, 1);
	}
	return 0;
}

/* Takes an atom or a quoted string; false when there is neither. */
static bool take_name(struct arena *a, struct mime_cursor *c, struct slice *name)
{
	const char *start = c->p;
	char *to;

	if (mime_take_quoted(c, name)) {
		to = arena_alloc(a, name->n);
		*name = slice_of(to, mime_unescape(*name, to));
		return true;
	}
	while (c->p < c->end && (unsigned char)*c->p > ' ' && !strchr("(){%*\"\\", *c->p))
		c->p++;
	*name = slice_of(start, (size_t)(c->p - start));
	return name->n > 0;
}

/* Reads " (name name …)". */
static int read_fields(struct arena *a, struct slice text, struct mime_strings *fields)
{
	struct mime_cursor c;
	size_t max = 0;

	if (text.n < 4 || !slice_starts(text, SLICE(" (")) || text.p[text.n - 1] != ')')
		return HEARTH_EINVAL;
	for (size_t i = 0; i < text.n; i++)
		max += text.p[i] == ' ';
	fields->v = arena_alloc(a, max * sizeof(*fields->v));
	fields->n = 0;
	c = mime_cursor_of(slice_of(text.p + 2, text.n - 3));
	while (take_name(a, &c, &fields->v[fields->n])) {
		fields->n++;
		if (c.p == c.end)
			return 0;
		if (*c.p++ != ' ')
			return HEARTH_EINVAL;
	}
	return HEARTH_EINVAL;
}

int mime_section_parse(struct arena *a, struct slice text, struct mime_section *section)
{
	static const struct {
		struct slice name;
		enum mime_section_kind kind;
	} names[] = {
		{ { "HEADER.FIELDS.NOT", 17 }, MIME_SECTION_FIELDS_NOT },
		{ { "HEADER.FIELDS", 13 }, MIME_SECTION_FIELDS },
		{ { "HEADER", 6 }, MIME_SECTION_HEADER },
		{ { "TEXT", 4 }, MIME_SECTION_TEXT },
		{ { "MIME", 4 }, MIME_SECTION_MIME },
	};

	section->kind = MIME_SECTION_ALL;
	section->fields = (struct mime_strings){ NULL, 0 };
	if (take_path(&text, section))
		return HEARTH_EINVAL;
	if (text.n == 0)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bool list = names[i].kind == MIME_SECTION_FIELDS ||
			    names[i].kind == MIME_SECTION_FIELDS_NOT;

		if (!slice_istarts(text, names[i].name))
			continue;
		section->kind = names[i].kind;
		text = slice_skip(text, names[i].name.n);
		if (list)
			return read_fields(a, text, &section->fields);
		if (section->kind == MIME_SECTION_MIME && section->path_n == 0)
			return HEARTH_EINVAL;
		return text.n ? HEARTH_EINVAL : 0;
	}
	return HEARTH_EINVAL;
}

/*
 * Part `number` of the message whose root is `message`: a child of a multipart, or as part 1 the
 * message's own body.
 */
static const struct mime_part *part_of_message(const struct mime_part *message, uint32_t number)
{
	const struct mime_part *part = message;

	if (message->kind != MIME_MULTIPART)
		return number == 1 ? message : NULL;
	for (part = part->child; part && number > 1; number--)
		part = part->next;
	return part;
}

const struct mime_part *mime_part_find(
	const struct mime_part *root, const uint32_t *path, size_t path_n)
{
	const struct mime_part *part = root;

	for (size_t i = 0; i < path_n && part; i++) {
		if (i > 0 && part->kind == MIME_LEAF)
			return NULL;
		if (i > 0 && part->kind == MIME_MESSAGE)
			part = part->child;
		part = part_of_message(part, path[i]);
	}
	return part;
}

/* Sets the range of the header, or of the body. */
static void part_range(const struct mime_part *part, bool header, size_t *offset, size_t *size)
{
	*offset = header ? part->offset : part->offset + part->header_size;
	*size = header ? part->header_size : part->body_size;
}

int mime_section_range(const struct mime_part *root, const struct mime_section *section,
	size_t *offset, size_t *size)
{
	const struct mime_part *part = mime_part_find(root, section->path, section->path_n);
	bool whole = section->path_n == 0;

	if (!part)
		return HEARTH_ENOTFOUND;
	switch (section->kind) {
	case MIME_SECTION_ALL:
		part_range(part, false, offset, size);
		if (whole) {
			*offset = part->offset;
			*size += part->header_size;
		}
		return 0;
	case MIME_SECTION_MIME: part_range(part, true, offset, size); return 0;
	default: break;
	}
	if (!whole && part->kind != MIME_MESSAGE)
		return HEARTH_ENOTFOUND;
	part_range(whole ? part : part->child, section->kind != MIME_SECTION_TEXT, offset, size);
	return 0;
}

static bool is_listed(const struct mime_strings *fields, struct slice name)
{
	for (size_t i = 0; i < fields->n; i++)
		if (slice_ieq(fields->v[i], name))
			return true;
	return false;
}

struct slice mime_section_filter(
	struct arena *a, const struct mime_section *section, struct slice bytes)
{
	struct mime_fields it = mime_fields_of(bytes);
	bool listed = section->kind == MIME_SECTION_FIELDS;
	struct mime_field field;
	size_t n = 0;
	char *to;

	if (!listed && section->kind != MIME_SECTION_FIELDS_NOT)
		return bytes;
	it.left = SIZE_MAX; /* a client gets all of a header, however long */
	to = arena_alloc(a, bytes.n);
	while (mime_fields_next(&it, &field)) {
		if (is_listed(&section->fields, field.name) != listed)
			continue;
		memcpy(to + n, field.raw.p, field.raw.n);
		n += field.raw.n;
	}
	if (mime_line_empty(it.rest)) {
		memcpy(to + n, it.rest.p, it.rest.n);
		n += it.rest.n;
	}
	return slice_of(to, n);
}

int mime_section_get(struct arena *a, struct slice message, const struct mime_part *root,
	const struct mime_section *section, struct slice *out)
{
	size_t offset, size;
	int rc = mime_section_range(root, section, &offset, &size);

	if (rc)
		return rc;
	if (message.n != root->header_size + root->body_size)
		return HEARTH_ECORRUPT;
	*out = mime_section_filter(a, section, slice_of(message.p + offset, size));
	return 0;
}
