/*
 * test_group_check.c: what a group may be called, what may be said of it, and how sizes are read.
 */
#include "account/quota.h"
#include "group/group.h"
#include "harness.h"
#include "hearth/error.h"

START_TEST(names)
{
	static const char *const good[][2] = { { "ab", "ab" }, { "Staff", "staff" },
		{ "chess-club-2", "chess-club-2" }, { "0a", "0a" },
		{ "a234567890123456789012345678901234567890",
			"a234567890123456789012345678901234567890" } };
	static const char *const bad[] = { "", "a", "-a", "a-", "-", "--", "a b", "a.b", "a_b",
		"a+b", "a@b", "a%", "st\u0430ff", "\uff53taff", "a\nb",
		"a2345678901234567890123456789012345678901" };
	char out[GROUP_NAME_MAX + 1];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(group_name_check(slice_str(good[i][0]), out) == 0, "%s", good[i][0]);
		ck_assert_str_eq(out, good[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(
			group_name_check(slice_str(bad[i]), out) == HEARTH_EINVAL, "%s", bad[i]);
	ck_assert_int_eq(group_name_check(slice_of("a\0b", 3), out), HEARTH_EINVAL);
	ck_assert_int_eq(group_name_check((struct slice){ 0 }, out), HEARTH_EINVAL);
}
END_TEST

START_TEST(descriptions)
{
	struct strbuf text = { 0 };

	ck_assert(group_description_valid(SLICE("")));
	ck_assert(group_description_valid(SLICE("Who plays on Fridays.\nAll welcome: 山田, أحمد")));
	ck_assert(!group_description_valid(SLICE("a\x01")));
	ck_assert(!group_description_valid(SLICE("a\rb")));
	ck_assert(!group_description_valid(SLICE("a\x7f")));
	ck_assert(!group_description_valid(SLICE("a\u202e")));
	ck_assert(!group_description_valid(SLICE("a\xff")));
	for (int i = 0; i < GROUP_DESCRIPTION_MAX; i++)
		strbuf_adds(&text, "山");
	ck_assert(group_description_valid(strbuf_slice(&text)));
	strbuf_addc(&text, 'a');
	ck_assert(!group_description_valid(strbuf_slice(&text)));
	strbuf_free(&text);
}
END_TEST

START_TEST(quotas)
{
	static const char *const bad[] = { "", "0", "-1", "+1", "1.5G", "1T", "G", "0K", "none ",
		"1 G", "10GB", "9999999999999999999", "2000000G", "\uff11" };
	int64_t n = -7;

	ck_assert(quota_read(SLICE("none"), &n) == 0 && n == 0);
	ck_assert(quota_read(SLICE("1"), &n) == 0 && n == 1);
	ck_assert(quota_read(SLICE("64K"), &n) == 0 && n == 65536);
	ck_assert(quota_read(SLICE("512m"), &n) == 0 && n == 512 << 20);
	ck_assert(quota_read(SLICE("10G"), &n) == 0 && n == INT64_C(10) << 30);
	ck_assert(quota_read(SLICE("1048576G"), &n) == 0 && n == QUOTA_BYTES_MAX);
	n = -7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(quota_read(slice_str(bad[i]), &n) == HEARTH_EINVAL, "%s", bad[i]);
	ck_assert_int_eq(n, -7);
}
END_TEST

TEST_MAIN("group_check", names, descriptions, quotas)
