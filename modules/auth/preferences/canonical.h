/*
 * canonical.h: a JSON value as its one text, so that equal values have equal bytes: members in the
 * order of their names' bytes, no white space, escapes only where JSON needs them, numbers in the
 * fewest digits, whole ones without point and exponent; beyond 2^53 numbers stand as they were
 * written. Pure, any thread.
 */
#ifndef AUTH_PREFERENCES_CANONICAL_H
#define AUTH_PREFERENCES_CANONICAL_H

#include "hearth/json.h"

/* The members of an object in the order of their names, in a new array from `a` of j->count. */
struct json **canonical_members(struct arena *a, const struct json *j);
/* Appends the text of a value that json_read or merge_patch made. `a` is for scratch. */
void canonical_write(struct strbuf *out, struct arena *a, const struct json *j);
/* The same as a new text in `a`, NUL-terminated. */
struct slice canonical_text(struct arena *a, const struct json *j);

#endif
