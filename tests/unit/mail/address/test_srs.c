/*
 * test_srs.c: senders of mail that is sent on: there and back, by whom it went before; what was tampered
 * with, is too old, or lost the case of its letters.
 */
#include "address/srs.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness.h"
#include "hearth/error.h"

#define NOW (INT64_C(1700000000))
#define DAY (INT64_C(24) * 3600)

static const unsigned char secret[32] = "the key of all secrets";
static unsigned char key[SRS_KEY];

static struct slice local_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return slice_of(address, (size_t)(at - address));
}

static const char *forward(const char *sender)
{
	static char out[SRS_ADDRESS_MAX + 1];

	srs_key_derive(secret, key);
	ck_assert_int_eq(srs_forward(key, NOW, slice_str(sender), SLICE("ours.test"), out), 0);
	return out;
}

static const char *back(const char *address, int64_t now_s)
{
	static char out[SRS_ADDRESS_MAX + 1];
	int rc = srs_reverse(key, now_s, local_of(address), out);

	return rc == 0 ? out : rc == HEARTH_ETIMEOUT ? "late" : "no";
}

START_TEST(there_and_back)
{
	static const char *const senders[] = { "ann@a.test", "Ann.X+tag=y@a.test", "a=b=c@a.test",
		"\"a b@c\"@a.test", "x@[192.0.2.1]", "SRS@a.test", "srs0@a.test", "SRS2=x@a.test",
		"=@a.test" };

	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
		const char *to = forward(senders[i]);

		ck_assert_msg(strncmp(to, "SRS0=", 5) == 0, "%s", to);
		ck_assert_str_eq(back(to, NOW), senders[i]);
		ck_assert(srs_is(local_of(to)));
	}
}
END_TEST

START_TEST(over_several_servers)
{
	static const char *const rows[][3] = {
		/* from, what ours begins with, where a report goes */
		{ "SRS0=HHH=TT=a.test=ann@b.test", "SRS1=", "SRS0=HHH=TT=a.test=ann@b.test" },
		{ "SRS0+HHH=TT=a.test=ann@b.test", "SRS1=", "SRS0+HHH=TT=a.test=ann@b.test" },
		{ "srs0-HHH=TT=a.test=ann@b.test", "SRS1=", "SRS0-HHH=TT=a.test=ann@b.test" },
		{ "SRS1=KKK=b.test==HHH=TT=a.test=ann@c.test",
			"SRS1=", "SRS0=HHH=TT=a.test=ann@b.test" },
		{ "SRS1=KKK=b.test=+HHH=TT=a.test=ann@c.test",
			"SRS1=", "SRS0+HHH=TT=a.test=ann@b.test" },
		/* No SRS1 at all: as any other */
		{ "SRS1=KKK@c.test", "SRS0=", "SRS1=KKK@c.test" },
		{ "SRS1==b@c.test", "SRS0=", "SRS1==b@c.test" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *to = forward(rows[i][0]);

		ck_assert_msg(strncmp(to, rows[i][1], 5) == 0, "%s: %s", rows[i][0], to);
		ck_assert_str_eq(back(to, NOW), rows[i][2]);
	}
}
END_TEST

/* A server on the way back may write all of it small, or large. */
START_TEST(whatever_the_case)
{
	char small[SRS_ADDRESS_MAX + 1], large[SRS_ADDRESS_MAX + 1];

	snprintf(small, sizeof(small), "%s", forward("Ann@a.test"));
	snprintf(large, sizeof(large), "%s", small);
	for (char *c = small; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	for (char *c = large; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	ck_assert_str_eq(back(small, NOW), "ann@a.test");
	ck_assert_str_eq(back(large, NOW), "ANN@A.TEST");
}
END_TEST

START_TEST(for_some_weeks)
{
	char to[SRS_ADDRESS_MAX + 1];

	snprintf(to, sizeof(to), "%s", forward("ann@a.test"));
	ck_assert_str_eq(back(to, NOW - DAY), "ann@a.test"); /* a clock that was put back */
	ck_assert_str_eq(back(to, NOW - 2 * DAY), "late");
	ck_assert_str_eq(back(to, NOW + SRS_DAYS * DAY), "ann@a.test");
	ck_assert_str_eq(back(to, NOW + (SRS_DAYS + 1) * DAY), "late");
	ck_assert_str_eq(back(to, NOW + 1000 * DAY), "late");
	/* Another server sees to the time of what it wrote. */
	snprintf(to, sizeof(to), "%s", forward("SRS0=HHH=TT=a.test=ann@b.test"));
	ck_assert_str_eq(back(to, NOW + 500 * DAY), "SRS0=HHH=TT=a.test=ann@b.test");
}
END_TEST

/* Each character changed, each one left out, each length. */
START_TEST(not_when_it_was_tampered_with)
{
	static const char *const senders[] = { "ann@a.test", "SRS0=HHH=TT=a.test=ann@b.test" };

	for (size_t s = 0; s < 2; s++) {
		char to[SRS_ADDRESS_MAX + 1], bad[SRS_ADDRESS_MAX + 1];
		struct slice local;

		snprintf(to, sizeof(to), "%s", forward(senders[s]));
		local = local_of(to);
		for (size_t i = 0; i < local.n; i++) {
			snprintf(bad, sizeof(bad), "%s", to);
			bad[i] = to[i] == 'q' ? 'z' : 'q';
			ck_assert_msg(strcmp(back(bad, NOW), "no") == 0, "%s", bad);
			memmove(&bad[i], &to[i + 1], strlen(&to[i + 1]) + 1);
			ck_assert_msg(strcmp(back(bad, NOW), "no") == 0, "%s", bad);
		}
		for (size_t n = 0; n < local.n; n++) {
			/* The very bytes, so that a sanitizer sees what is read behind them. */
			char *head = malloc(n ? n : 1), out[SRS_ADDRESS_MAX + 1];

			memcpy(head, local.p, n);
			ck_assert_int_eq(
				srs_reverse(key, NOW, slice_of(head, n), out), HEARTH_EINVAL);
			free(head);
		}
		key[0] ^= 1;
		ck_assert_str_eq(back(to, NOW), "no");
	}
}
END_TEST

/* What is signed as one kind is none of the other. */
START_TEST(a_kind_is_signed_too)
{
	char to[SRS_ADDRESS_MAX + 1];

	snprintf(to, sizeof(to), "%s", forward("ann@a.test"));
	to[3] = '1';
	ck_assert_str_eq(back(to, NOW), "no");
	snprintf(to, sizeof(to), "%s", forward("SRS0=HHH=TT=a.test=ann@b.test"));
	to[3] = '0';
	ck_assert_str_eq(back(to, NOW), "no");
}
END_TEST

START_TEST(what_is_no_address_or_too_long)
{
	char out[SRS_ADDRESS_MAX + 1], sender[400];

	srs_key_derive(secret, key);
	ck_assert_int_eq(srs_forward(key, NOW, SLICE(""), SLICE("o.test"), out), HEARTH_EINVAL);
	ck_assert_int_eq(srs_forward(key, NOW, SLICE("ann"), SLICE("o.test"), out), HEARTH_EINVAL);
	ck_assert_int_eq(srs_forward(key, NOW, SLICE("@a"), SLICE("o.test"), out), HEARTH_EINVAL);
	ck_assert_int_eq(srs_forward(key, NOW, SLICE("ann@"), SLICE("o.test"), out), HEARTH_EINVAL);
	ck_assert_int_eq(
		srs_forward(key, NOW, SLICE("ann@a=b.test"), SLICE("o.test"), out), HEARTH_EINVAL);
	for (size_t n = 1; n < 380; n++) {
		int rc;

		memset(sender, 'a', n);
		snprintf(sender + n, sizeof(sender) - n, "@a.test");
		rc = srs_forward(key, NOW, slice_str(sender), SLICE("ours.test"), out);
		ck_assert(rc == 0 || rc == HEARTH_ETOOBIG);
		if (rc == 0)
			ck_assert_str_eq(back(out, NOW), sender);
		ck_assert(rc == 0 || n > 200);
	}
}
END_TEST

TEST_MAIN("srs", there_and_back, over_several_servers, whatever_the_case, for_some_weeks,
	not_when_it_was_tampered_with, a_kind_is_signed_too, what_is_no_address_or_too_long)
