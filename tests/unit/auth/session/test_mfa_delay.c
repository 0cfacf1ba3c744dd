/*
 * How long an account waits after wrong codes: not at first, then twice as long each time, and
 * never so long that its owner is shut out; and what that leaves of guessing.
 */
#include "session/mfa_challenge.h"

#include "harness.h"

START_TEST(grows)
{
	static const int64_t seconds[] = { 0, 0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600,
		3600 };

	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
		ck_assert_int_eq(auth_code_delay_ms((int64_t)i), seconds[i] * 1000);
	ck_assert_int_eq(auth_code_delay_ms(INT64_MAX), 3600 * 1000);
}
END_TEST

/* Somebody who has the password and guesses for a year: three codes of a million are right. */
START_TEST(guessing_for_a_year)
{
	int64_t at = 0, guesses = 0, year_ms = INT64_C(365) * 24 * 3600 * 1000;

	for (; at < year_ms; guesses++)
		at += auth_code_delay_ms(guesses + 1);
	ck_assert_int_lt(guesses * 3, 30000); /* less than 3 in 100 */
}
END_TEST

TEST_MAIN("code_delay", grows, guessing_for_a_year)
