/*
 * tags.c: reading tag=value lists (tags.h). Strict, since two readers of a signature must see the same.
 *
 * Pure; linear but for the search of names that stand twice, which TAGS_MAX bounds.
 */
#include "verify/tags.h"

static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '_')))
			return false;
	}
	return s.n > 0;
}

/* Text of any script (RFC 8616 section 3) and white space; no other control characters. */
static bool is_value(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7F)
			return false;
	}
	return true;
}

bool tags_read(struct slice text, struct tag_list *out)
{
	struct slice rest = text;

	out->count = 0;
	while (rest.p) {
		struct slice part = slice_split(&rest, ';');
		ptrdiff_t equals = slice_chr(part, '=');
		struct tag *t = &out->tags[out->count];

		if (!rest.p && out->count && slice_trim(part).n == 0)
			break; /* behind the last ";" */
		if (equals < 0 || out->count == TAGS_MAX)
			return false;
		t->name = slice_trim(slice_head(part, (size_t)equals));
		t->room = slice_skip(part, (size_t)equals + 1);
		t->value = slice_trim(t->room);
		if (!is_name(t->name) || !is_value(t->value))
			return false;
		for (size_t i = 0; i < out->count; i++)
			if (slice_eq(out->tags[i].name, t->name))
				return false;
		out->count++;
	}
	return out->count > 0;
}

const struct tag *tags_find(const struct tag_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (slice_eq(list->tags[i].name, slice_str(name)))
			return &list->tags[i];
	return NULL;
}

struct slice tags_squeezed(struct arena *a, struct slice value)
{
	char *to = arena_alloc(a, value.n);
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] != ' ' && value.p[i] != '\t' && value.p[i] != '\r' &&
			value.p[i] != '\n')
			to[n++] = value.p[i];
	return slice_of(to, n);
}

bool tags_number(struct slice value, uint64_t *out)
{
	if (value.n == 0)
		return false;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < '0' || value.p[i] > '9')
			return false;
	if (slice_u64(value, UINT64_MAX, out) < 0)
		*out = UINT64_MAX;
	return true;
}
