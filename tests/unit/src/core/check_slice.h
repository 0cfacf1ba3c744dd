/*
 * check_slice.h: compares a slice with a string, showing both when they differ.
 */
#ifndef HEARTH_TESTS_CHECK_SLICE_H
#define HEARTH_TESTS_CHECK_SLICE_H

#include "hearth/str.h"

#define ck_slice_eq(s, string)                                                         \
	do {                                                                           \
		struct slice ck_s = (s);                                               \
		ck_assert_msg(slice_eq(ck_s, slice_str(string)), "'%.*s' is not '%s'", \
			SLICE_ARG(ck_s), (string));                                    \
	} while (0)

#endif
