/*
 * schema_tree.h: a schema as schema_read.c makes it and schema_check.c uses it.
 */
#ifndef AUTH_PREFERENCES_SCHEMA_TREE_H
#define AUTH_PREFERENCES_SCHEMA_TREE_H

#include "preferences/schema.h"
#include "preferences/schema_format.h"

#define SCHEMA_INTEGER   (1u << 8) /* in `types`, beside the bits of enum json_type */
#define SCHEMA_REFS_MAX  16        /* references that lead to one another at one place */
#define SCHEMA_NO_LIMIT  SIZE_MAX
#define SCHEMA_LIST_SHOW 300 /* bytes of a list of names or values in a fault */

struct schema_member {
	struct slice name;
	struct schema *schema;
};

/* Texts of a list: canonical values of an enum, names that are required. */
struct schema_texts {
	struct slice *v;
	size_t n;
};

struct schema {
	bool never;        /* the schema `false` */
	unsigned types;    /* bits of the types that are taken; 0: all of them */
	struct slice only; /* const, canonical; p is NULL without one */
	bool has_choices;  /* enum, which may be empty */
	struct schema_texts choices;
	double minimum, maximum;       /* infinities without */
	size_t length_min, length_max; /* characters */
	const struct schema_format *format;
	struct schema *items;
	size_t items_min, items_max;
	bool unique;
	struct schema_member *members; /* of properties, in the order of their names */
	size_t member_n;
	struct schema_texts required;
	struct schema *others; /* additionalProperties */
	size_t members_min, members_max;
	struct schema *ref; /* what $ref names */
};

#endif
