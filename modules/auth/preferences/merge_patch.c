/*
 * merge_patch.c: see merge_patch.h. RFC 7396 section 2 looks each member of the patch up in the
 * target; here both are walked in the order of their names, so that many members cost no squares.
 * Pure; on a worker.
 */
#include "preferences/merge_patch.h"

#include "preferences/canonical.h"

/* An object under construction. */
struct building {
	struct arena *arena;
	struct json *object, **last;
};

static void add(struct building *b, struct slice name, const struct json *value)
{
	struct json *member = ARENA_NEW(b->arena, struct json);

	*member = *value;
	member->name = name;
	member->next = NULL;
	*b->last = member;
	b->last = &member->next;
	b->object->count++;
}

static const struct json *patched(
	struct arena *a, const struct json *target, const struct json *patch)
{
	static const struct json nothing = { .type = JSON_OBJECT };
	struct building b = { .arena = a, .object = ARENA_NEW(a, struct json) };
	struct json **old, **new;
	size_t i = 0, k = 0;

	if (!target || target->type != JSON_OBJECT)
		target = &nothing;
	b.object->type = JSON_OBJECT;
	b.last = &b.object->child;
	old = canonical_members(a, target);
	new = canonical_members(a, patch);
	while (i < target->count || k < patch->count) {
		int order = i == target->count  ? 1
			    : k == patch->count ? -1
						: slice_cmp(old[i]->name, new[k]->name);

		if (order < 0) {
			add(&b, old[i]->name, old[i]);
			i++;
			continue;
		}
		if (new[k]->type != JSON_NULL)
			add(&b, new[k]->name, merge_patch(a, order == 0 ? old[i] : NULL, new[k]));
		i += order == 0;
		k++;
	}
	return b.object;
}

const struct json *merge_patch(struct arena *a, const struct json *target, const struct json *patch)
{
	return patch->type == JSON_OBJECT ? patched(a, target, patch) : patch;
}
