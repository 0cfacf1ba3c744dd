/*
 * verify/tags.h: tag=value lists (RFC 6376 section 3.2), in which DKIM and ARC write their signatures
 * and keys. Pure; all slices point into what was read.
 */
#ifndef MAIL_VERIFY_TAGS_H
#define MAIL_VERIFY_TAGS_H

#include <stdbool.h>

#include "hearth/arena.h"

enum { TAGS_MAX = 64 }; /* tags of one list; more are no list */

struct tag {
	struct slice name;
	struct slice value; /* without white space around it; folds within it stay */
	struct slice room;  /* all between "=" and ";" or the end */
};

struct tag_list {
	struct tag tags[TAGS_MAX];
	size_t count;
};

/* False: it is not in the form of a list, a name stands twice, or it has too many. */
bool tags_read(struct slice text, struct tag_list *out);
/* The tag of that name (its case matters); NULL when there is none. */
const struct tag *tags_find(const struct tag_list *list, const char *name);
/* Without any white space, in `a`: base64 may be folded anywhere. */
struct slice tags_squeezed(struct arena *a, struct slice value);
/* A number; one that is too large counts as UINT64_MAX. False: it is none. */
bool tags_number(struct slice value, uint64_t *out);

#endif
