/*
 * mime_test.h: what the tests of modules/mail/mime share.
 */
#ifndef HEARTH_TESTS_MIME_TEST_H
#define HEARTH_TESTS_MIME_TEST_H

#include "harness.h"
#include "hearth/arena.h"

/* The slice holds exactly that text. */
static inline void check_text(struct slice s, const char *expected, const char *file, int line)
{
	if (!slice_eq(s, slice_str(expected)))
		ck_abort_msg(
			"%s:%d: got \"%.*s\", expected \"%s\"", file, line, SLICE_ARG(s), expected);
}
#define CK_TEXT(s, expected) check_text((s), (expected), __FILE__, __LINE__)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
