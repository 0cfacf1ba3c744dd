/*
 * mime/section.c: finds a section's part in the tree, and copies header fields that were asked for
 * (section.h). Pure; it allocates from the caller's arena, as much as the header is long.
 */
#include "mime/section.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "mime/header.h"

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

static const struct mime_part *find_part(
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
	const struct mime_part *part = find_part(root, section->path, section->path_n);
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
	INVARIANT(n <= bytes.n);
	return slice_of(to, n);
}
