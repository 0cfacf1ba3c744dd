/*
 * fuzz_schema.c: any schema and any document, divided at the first NUL; without one, the document
 * alone against the schema of the preferences. A fault has a pointer that leads to a value, or to
 * where a member is missing; what is taken is taken again in its canonical form.
 */
#include <assert.h>

#include "preferences/canonical.h"
#include "preferences/schema.h"
#include "preferences/schema_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The child that a segment of a pointer names; NULL when there is none. */
static const struct json *step(const struct json *j, struct slice segment)
{
	struct strbuf name = { 0 };
	const struct json *child = j->child;
	uint64_t index = 0;

	for (size_t i = 0; i < segment.n; i++) {
		bool escape = segment.p[i] == '~';

		assert(!escape || (i + 1 < segment.n && segment.p[i + 1] <= '1'));
		strbuf_addc(&name, !escape ? segment.p[i] : segment.p[++i] == '0' ? '~' : '/');
	}
	if (j->type == JSON_ARRAY) {
		assert(slice_u64(segment, j->count - 1, &index) == 0);
		while (index-- > 0)
			child = child->next;
	} else {
		assert(j->type == JSON_OBJECT);
		while (child && !slice_eq(child->name, strbuf_slice(&name)))
			child = child->next;
	}
	strbuf_free(&name);
	return child;
}

static void check_fault(const struct json *j, const struct schema_fault *fault)
{
	struct slice rest = slice_str(fault->pointer);

	assert(rest.n <= SCHEMA_POINTER_MAX && *fault->expected);
	/* Cut short, or with a name that holds a NUL: it cannot be followed. */
	if (rest.n == 0 || slice_find(rest, SLICE("\xe2\x80\xa6")) >= 0 ||
		slice_find(rest, SLICE("\xe2\x90\x80")) >= 0)
		return;
	assert(slice_split(&rest, '/').n == 0);
	while (rest.p) {
		j = step(j, slice_split(&rest, '/'));
		assert(j || !rest.p);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct schema *preferences;
	static struct arena *kept; /* of it */
	struct slice document = slice_of(data, size);
	struct arena *a = arena_new();
	const struct schema *s;
	struct schema_fault fault = { 0 };
	struct json *j, *again;
	const char *why = NULL;
	int rc = 0;

	if (!preferences) {
		kept = arena_new();
		assert(schema_read(kept, schema_file(), &preferences, &why) == 0);
	}
	s = preferences;
	if (slice_chr(document, '\0') >= 0)
		rc = schema_read(a, slice_split(&document, '\0'), &s, &why);
	if (rc < 0) {
		assert(why && *why);
	} else if (json_read(a, document, &j, NULL) == 0) {
		if (schema_check(s, a, j, &fault) < 0) {
			check_fault(j, &fault);
		} else {
			assert(json_read(a, canonical_text(a, j), &again, NULL) == 0);
			assert(schema_check(s, a, again, &fault) == 0);
		}
	}
	arena_free(&a);
	return 0;
}
