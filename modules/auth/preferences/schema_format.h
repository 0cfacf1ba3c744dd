/*
 * schema_format.h: the formats that schema_check knows by name. "email" is JSON Schema's own; the
 * others are ours, which other validators take for notes, as the standard wants. Pure, any thread.
 */
#ifndef AUTH_PREFERENCES_SCHEMA_FORMAT_H
#define AUTH_PREFERENCES_SCHEMA_FORMAT_H

#include "hearth/str.h"

struct schema_format {
	const char *name;                   /* as in the schema */
	bool (*matches)(struct slice text); /* `text` is valid UTF-8 */
	const char *expected;               /* "a mail address such as name@example.org" */
};

/* NULL when there is none of this name. */
const struct schema_format *schema_format_find(struct slice name);

#endif
