/*
 * test_verp.c: senders of a group's mail to members elsewhere: there and back, and what is not ours.
 */
#include "address/verp.h"
#include "harness.h"
#include "hearth/error.h"

#include <stdio.h>

#define NOW INT64_C(1800000000)
#define DAY INT64_C(86400)

static const unsigned char key[VERP_KEY] = "of this server";

static int read_one(struct slice local, int64_t now, int64_t *group, int64_t *member)
{
	*group = *member = 0;
	return verp_read(key, local, now, group, member);
}

START_TEST(there_and_back)
{
	static const int64_t numbers[][2] = { { 1, 1 }, { 7, 1234567 }, { INT64_MAX, INT64_MAX } };
	char local[VERP_LOCAL_MAX + 1];
	int64_t group, member;

	for (size_t i = 0; i < 3; i++) {
		verp_write(key, numbers[i][0], numbers[i][1], NOW, local);
		ck_assert(strlen(local) <= 64 && verp_is(slice_str(local)));
		ck_assert_int_eq(read_one(slice_str(local), NOW, &group, &member), 0);
		ck_assert(group == numbers[i][0] && member == numbers[i][1]);
		for (char *c = local; *c; c++)
			if (*c >= 'a' && *c <= 'z')
				*c = (char)(*c - 'a' + 'A');
		ck_assert_int_eq(
			read_one(slice_str(local), NOW + VERP_DAYS * DAY, &group, &member), 0);
		ck_assert_int_eq(
			read_one(slice_str(local), NOW + (VERP_DAYS + 1) * DAY, &group, &member),
			HEARTH_ETIMEOUT);
	}
}
END_TEST

START_TEST(what_we_did_not_write)
{
	char local[VERP_LOCAL_MAX + 1], bad[VERP_LOCAL_MAX + 2];
	unsigned char other[VERP_KEY] = "of another server";
	int64_t group, member;
	size_t n;

	verp_write(key, 7, 42, NOW, local);
	n = strlen(local);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_lt(read_one(slice_of(local, i), NOW, &group, &member), 0);
		memcpy(bad, local, n + 1);
		bad[i] = bad[i] == '1' ? '2' : '1';
		ck_assert_int_eq(read_one(slice_str(bad), NOW, &group, &member), HEARTH_EINVAL);
	}
	snprintf(bad, sizeof(bad), "%s0", local);
	ck_assert_int_eq(read_one(slice_str(bad), NOW, &group, &member), HEARTH_EINVAL);
	ck_assert_int_eq(verp_read(other, slice_str(local), NOW, &group, &member), HEARTH_EINVAL);
	ck_assert_int_eq(read_one(SLICE(""), NOW, &group, &member), HEARTH_EINVAL);
	ck_assert(!verp_is(SLICE("ver")) && !verp_is(SLICE("SRS0=x")));
}
END_TEST

TEST_MAIN("verp", there_and_back, what_we_did_not_write)
