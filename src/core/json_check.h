/*
 * json_check.h: the strict grammar of JSON (RFC 8259), checked before anything is built. Pure.
 */
#ifndef CORE_JSON_CHECK_H
#define CORE_JSON_CHECK_H

#include "hearth/str.h"

struct json_verdict {
	int error;       /* 0, HEARTH_EINVAL, HEARTH_ETOOBIG */
	const char *why; /* what is wrong, when error is set */
	size_t at;       /* byte offset where */
	size_t values;   /* values and member names in the document, when it is right */
};

struct json_verdict json_check(struct slice in);
/* Four hexadecimal digits at p, or -1. */
int json_hex4(const char *p);

#endif
