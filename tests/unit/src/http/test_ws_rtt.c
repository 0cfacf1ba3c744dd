/*
 * test_ws_rtt.c: what pongs say of the round trip, and what a client cannot make of them.
 */
#include "harness.h"

#include "http/ws_rtt.h"

#define MS INT64_C(1000)

START_TEST(the_first_count_alike_and_then_the_last_ones)
{
	struct ws_rtt r = { 0 };

	ws_rtt_add(&r, 100 * MS, 0);
	ck_assert_int_eq(r.mean_us, 100 * MS);
	ws_rtt_add(&r, 200 * MS, 0);
	ck_assert_int_eq(r.mean_us, 150 * MS);
	ws_rtt_add(&r, 60 * MS, 0);
	ck_assert_int_eq(r.mean_us, 120 * MS);
	ws_rtt_add(&r, 40 * MS, 0);
	ck_assert_int_eq(r.mean_us, 100 * MS);
	ws_rtt_add(&r, 180 * MS, 0);
	ck_assert_int_eq(r.mean_us, 110 * MS);
	for (int i = 0; i < 100; i++)
		ws_rtt_add(&r, 30 * MS, 0);
	ck_assert_int_lt(r.mean_us, 31 * MS);
}
END_TEST

START_TEST(a_pong_held_back_is_not_believed)
{
	struct ws_rtt r = { 0 };

	for (int i = 0; i < 50; i++)
		ws_rtt_add(&r, 3000 * MS, 20 * MS);
	ck_assert_int_eq(r.mean_us, 170 * MS);
	/* Who is far away is. */
	for (int i = 0; i < 100; i++)
		ws_rtt_add(&r, 700 * MS, 690 * MS);
	ck_assert_int_ge(r.mean_us, 699 * MS);
	/* Behind a proxy nothing else is known; there is an end to it too. */
	r = (struct ws_rtt){ 0 };
	ws_rtt_add(&r, INT64_MAX, 0);
	ck_assert_int_eq(r.mean_us, WS_RTT_MAX_US);
	/* The clock of a machine may stand; that there was one is known all the same. */
	r = (struct ws_rtt){ 0 };
	ws_rtt_add(&r, -5, 0);
	ck_assert_int_eq(r.mean_us, 1);
}
END_TEST

TEST_MAIN("ws rtt", the_first_count_alike_and_then_the_last_ones, a_pong_held_back_is_not_believed)
