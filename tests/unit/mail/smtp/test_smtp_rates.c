/*
 * test_smtp_rates.c: what a network may do within a minute, who is in one network, who is in none, and
 * what happens when there are more of them than are counted.
 */
#include "harness.h"

#include <stdio.h>

#include "smtp/smtp_rates.h"

static const int64_t max[SMTP_RATES] = { 2, 3, 0 };

static int take(struct smtp_rates *r, const char *address, enum smtp_rate what, int64_t now, int n)
{
	int taken = 0;

	for (int i = 0; i < n; i++)
		taken += smtp_rates_take(r, address, what, now);
	return taken;
}

START_TEST(networks)
{
	struct smtp_rates *r = smtp_rates_new(max);

	ck_assert_int_eq(take(r, "203.0.113.1", SMTP_RATE_CONNECTIONS, 1000, 1), 1);
	ck_assert_int_eq(take(r, "203.0.113.254", SMTP_RATE_CONNECTIONS, 1000, 5), 1);
	ck_assert_int_eq(take(r, "::ffff:203.0.113.7", SMTP_RATE_CONNECTIONS, 1000, 5), 0);
	ck_assert_int_eq(take(r, "203.0.114.1", SMTP_RATE_CONNECTIONS, 1000, 5), 2);
	ck_assert_int_eq(take(r, "203.0.113.1", SMTP_RATE_MAILS, 1000, 5), 3);
	ck_assert_int_eq(take(r, "203.0.113.1", SMTP_RATE_RECIPIENTS, 1000, 500), 500);
	ck_assert_int_eq(take(r, "2001:db8:1:2::1", SMTP_RATE_MAILS, 1000, 2), 2);
	ck_assert_int_eq(take(r, "2001:db8:1:2:ffff::1", SMTP_RATE_MAILS, 1000, 5), 1);
	ck_assert_int_eq(take(r, "2001:db8:1:3::1", SMTP_RATE_MAILS, 1000, 5), 3);
	/* The next minute is another. */
	ck_assert_int_eq(take(r, "203.0.113.1", SMTP_RATE_MAILS, 59999, 5), 0);
	ck_assert_int_eq(take(r, "203.0.113.1", SMTP_RATE_MAILS, 60000, 5), 3);
	smtp_rates_free(&r);
	smtp_rates_free(&r);
}
END_TEST

START_TEST(inside)
{
	static const char *const in[] = { "127.0.0.1", "127.9.9.9", "::1", "10.1.2.3", "172.16.0.1",
		"172.31.255.1", "192.168.1.1", "169.254.1.1", "fe80::1", "fd00::1",
		"::ffff:10.0.0.1", "no address", "" };
	static const char *const out[] = { "172.15.0.1", "172.32.0.1", "192.169.1.1", "11.0.0.1",
		"2001:db8::1", "fec0::1", "::ffff:11.0.0.1" };
	struct smtp_rates *r = smtp_rates_new(max);

	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		ck_assert_msg(!smtp_is_outside(r, in[i]), "%s", in[i]);
		ck_assert_int_eq(take(r, in[i], SMTP_RATE_CONNECTIONS, 0, 10), 10);
	}
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		ck_assert_msg(smtp_is_outside(r, out[i]), "%s", out[i]);
	smtp_rates_free(&r);
}
END_TEST

/* Those for whom there is no room are counted by what is around them, and pay for nobody else. */
START_TEST(full)
{
	struct smtp_rates *r = smtp_rates_new(max);
	char address[64];

	for (int i = 0; i < SMTP_RATES_MAX; i++) {
		snprintf(address, sizeof(address), "20.%d.%d.1", i / 256, i % 256);
		ck_assert_int_eq(take(r, address, SMTP_RATE_MAILS, 0, 1), 1);
	}
	ck_assert_int_eq(take(r, "20.0.0.1", SMTP_RATE_MAILS, 0, 5), 2);
	for (int i = 0; i < 3 * SMTP_RATES_WIDER; i++) {
		snprintf(address, sizeof(address), "2001:db8:1:%x::1", i);
		ck_assert_int_eq(take(r, address, SMTP_RATE_MAILS, 0, 1), 1);
	}
	ck_assert_int_eq(take(r, "2001:db8:1:ffff::1", SMTP_RATE_MAILS, 0, 1), 0);
	ck_assert_int_eq(take(r, "2001:db8:2:ffff::1", SMTP_RATE_MAILS, 0, 1), 1);
	ck_assert_int_eq(take(r, "21.0.0.1", SMTP_RATE_MAILS, 0, 99), 3 * SMTP_RATES_WIDER);
	ck_assert_int_eq(take(r, "21.0.9.1", SMTP_RATE_MAILS, 0, 1), 0);
	ck_assert_int_eq(take(r, "22.0.0.1", SMTP_RATE_MAILS, 0, 2), 2);
	ck_assert_int_eq(take(r, "22.0.0.1", SMTP_RATE_MAILS, 60000, 5), 3);
	smtp_rates_free(&r);
}
END_TEST

TEST_MAIN("smtp rates", networks, inside, full)
