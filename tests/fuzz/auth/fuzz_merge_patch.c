/*
 * fuzz_merge_patch.c: any two documents, one a line each (or divided at the first NUL): the result
 * is what the pseudocode of RFC 7396 section 2, done member by member, gives, and its canonical
 * text reads back as itself.
 */
#include <assert.h>

#include "preferences/canonical.h"
#include "preferences/merge_patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json *find(const struct json *object, struct slice name)
{
	const struct json *m = object && object->type == JSON_OBJECT ? object->child : NULL;

	while (m && !slice_eq(m->name, name))
		m = m->next;
	return m;
}

/* The standard's own way, as a question: is `result` what `patch` makes of `target`? */
static void check(const struct json *target, const struct json *patch, const struct json *result,
	struct arena *a)
{
	size_t count = 0;

	if (patch->type != JSON_OBJECT) {
		assert(slice_eq(canonical_text(a, patch), canonical_text(a, result)));
		return;
	}
	assert(result->type == JSON_OBJECT);
	for (const struct json *m = result->child; m; m = m->next, count++) {
		const struct json *old = find(target, m->name), *new = find(patch, m->name);

		assert(!m->next || slice_cmp(m->name, m->next->name) < 0);
		assert(old || new);
		assert(!new || new->type != JSON_NULL);
		if (new)
			check(old, new, m, a);
		else
			assert(m->child == old->child && m->type == old->type);
	}
	assert(count == result->count);
	for (const struct json *m = patch->child; m; m = m->next)
		assert((find(result, m->name) != NULL) == (m->type != JSON_NULL));
	for (const struct json *m = target && target->type == JSON_OBJECT ? target->child : NULL; m;
		m = m->next)
		assert(find(result, m->name) || find(patch, m->name)->type == JSON_NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size);
	struct slice first = slice_split(&rest, slice_chr(rest, '\0') >= 0 ? '\0' : '\n');
	struct arena *a = arena_new();
	struct json *target = NULL, *patch, *again;
	const struct json *result;
	struct slice text;

	/* Looking names up one by one, as the check does, is only for small ones. */
	if (size <= 8192 && json_read(a, rest, &patch, NULL) == 0) {
		if (json_read(a, first, &target, NULL) < 0)
			target = NULL;
		result = merge_patch(a, target, patch);
		check(target, patch, result, a);
		text = canonical_text(a, result);
		assert(json_read(a, text, &again, NULL) == 0);
		assert(slice_eq(canonical_text(a, again), text));
	}
	arena_free(&a);
	return 0;
}
