/*
 * test_error.c: every code has a name of its own, and no number is without one.
 */
#include "harness.h"
#include "hearth/error.h"

START_TEST(names_are_distinct)
{
	for (int a = HEARTH_EUNSUPPORTED; a <= HEARTH_OK; a++) {
		ck_assert_str_ne(error_name(a), "unknown error");
		for (int b = HEARTH_EUNSUPPORTED; b < a; b++)
			ck_assert_str_ne(error_name(a), error_name(b));
	}
}
END_TEST

START_TEST(every_number_has_a_name)
{
	ck_assert_str_eq(error_name(HEARTH_EUNSUPPORTED - 1), "unknown error");
	ck_assert_str_eq(error_name(HEARTH_ENOTFOUND), "not found");
	ck_assert_str_eq(error_name(17), "ok");
}
END_TEST

TEST_MAIN("error", names_are_distinct, every_number_has_a_name)
