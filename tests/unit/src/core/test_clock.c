/*
 * test_clock.c: the real clocks move on; the fake one stands.
 */
#include "harness.h"
#include "hearth/clock.h"

#include <time.h>
#include <unistd.h>

START_TEST(real_time_moves)
{
	int64_t wall = clock_wall_ms(), mono = clock_mono_us();

	ck_assert_int_le(llabs(clock_wall_s() - (long long)time(NULL)), 1);
	usleep(20000);
	ck_assert_int_ge(clock_mono_us() - mono, 20000);
	ck_assert_int_ge(clock_wall_ms() - wall, 19);
	ck_assert_int_le(llabs(clock_mono_ms() - clock_mono_us() / 1000), 100);
}
END_TEST

START_TEST(fake_time_stands)
{
	clock_fake(1700000000123, 5000);
	usleep(2000);
	ck_assert_int_eq(clock_wall_ms(), 1700000000123);
	ck_assert_int_eq(clock_wall_s(), 1700000000);
	ck_assert_int_eq(clock_mono_us(), 5000);
	ck_assert_int_eq(clock_mono_ms(), 5);
	clock_fake_advance(1500);
	ck_assert_int_eq(clock_wall_ms(), 1700000001623);
	ck_assert_int_eq(clock_mono_us(), 1505000);
	clock_fake(-1, 0);
	ck_assert_int_le(llabs(clock_wall_s() - (long long)time(NULL)), 1);
}
END_TEST

TEST_MAIN("clock", real_time_moves, fake_time_stands)
