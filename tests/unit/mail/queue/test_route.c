/*
 * For how long a route holds (route.h): the least of what its records say, and not less than is worth asking for.
 */
#include "harness.h"
#include "queue/route.h"

static int held_for(const struct dns_answer *answers, size_t n)
{
	struct route r = { .count = 0 };

	for (size_t i = 0; i < n; i++)
		route_hold_for(&r, &answers[i]);
	return r.ttl_s;
}

START_TEST(the_least_of_all)
{
	const struct dns_answer answers[] = {
		{ .status = DNS_FOUND, .ttl_s = 3600 },
		{ .status = DNS_FOUND, .secure = true, .ttl_s = 300 },
		{ .status = DNS_NODATA, .ttl_s = 600 },
		{ .status = DNS_FAILED, .ttl_s = 0 }, /* of which nothing is known */
		{ .status = DNS_BOGUS, .ttl_s = 0 },
	};

	ck_assert_int_eq(held_for(answers, 0), 0);
	ck_assert_int_eq(held_for(answers, 1), 3600);
	ck_assert_int_eq(held_for(answers, 5), 300);
	ck_assert_int_eq(held_for(&answers[3], 2), 0);
}
END_TEST

START_TEST(no_time_at_all)
{
	const struct dns_answer answers[] = {
		{ .status = DNS_FOUND, .ttl_s = 0 },
		{ .status = DNS_FOUND, .ttl_s = 60 },
	};

	ck_assert_int_eq(held_for(answers, 2), ROUTE_TTL_MIN_S);
}
END_TEST

TEST_MAIN("route", the_least_of_all, no_time_at_all)
