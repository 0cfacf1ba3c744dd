/*
 * schema.h: checking a JSON document against a schema, in a subset of JSON Schema 2020-12.
 *
 * schema_read turns the schema's text into a tree and refuses whatever it would not check, so that
 * no rule is ever written down in vain; schema_check holds a document against it and names the
 * first member that is wrong. Pure, any thread; a schema that was read is never changed.
 *
 * The subset: true and false; type (one or a list; "integer" also takes 1.0), enum, const; minimum,
 * maximum; minLength, maxLength (in characters), format (schema_format.h; it is checked); items,
 * minItems, maxItems, uniqueItems; properties, required, additionalProperties, minProperties,
 * maxProperties; $ref to "#" or "#/$defs/NAME", also beside other keywords; $defs at the top. For
 * readers only: $schema, $id, $comment, title, description, default, examples. As in the standard,
 * a keyword for one type says nothing about values of the others.
 */
#ifndef AUTH_PREFERENCES_SCHEMA_H
#define AUTH_PREFERENCES_SCHEMA_H

#include "hearth/json.h"

#define SCHEMA_POINTER_MAX 500 /* bytes of a pointer in a fault */

struct schema;

/*
 * Reads a schema; all of it lies in `a`, as must the text as long as it is used. HEARTH_EINVAL or
 * HEARTH_ETOOBIG with *why (in `a`) naming the place in the schema.
 */
int schema_read(struct arena *a, struct slice text, const struct schema **out, const char **why);

/* What is wrong with a document. */
struct schema_fault {
	/*
	 * The JSON Pointer (RFC 6901) of the first member, in the document's order, that is wrong
	 * or missing: "/mail/filters/0/name"; "" is the document itself. NUL-terminated. Cut short
	 * with "…" where it would be longer than SCHEMA_POINTER_MAX.
	 */
	const char *pointer;
	const char *expected; /* "expected a whole number of at least 1" */
};

/*
 * 0, or HEARTH_EINVAL with *fault, whose texts are in `a`. The time taken grows with the size of
 * the document times its depth at most.
 */
int schema_check(const struct schema *s, struct arena *a, const struct json *document,
	struct schema_fault *fault);

#endif
