/*
 * test_str.c: slices: comparison, search, splitting, numbers, hexadecimal.
 */
#include "check_slice.h"
#include "harness.h"
#include "hearth/error.h"
#include "hearth/rand.h"

#include <inttypes.h>
#include <stdio.h>

static const struct slice none = { NULL, 0 };

START_TEST(null_is_empty)
{
	struct slice rest = none;

	ck_assert(slice_eq(none, SLICE("")) && slice_ieq(none, none) && slice_cmp(none, none) == 0);
	ck_assert(slice_starts(none, none) && slice_istarts(none, none));
	ck_assert(!slice_starts(none, SLICE("a")) && !slice_istarts(none, SLICE("a")));
	ck_assert_int_eq(slice_chr(none, 'a'), -1);
	ck_assert_int_eq(slice_find(none, SLICE("a")), -1);
	ck_assert_int_eq(slice_find(none, none), 0);
	ck_assert_uint_eq(slice_trim(none).n, 0);
	ck_assert_uint_eq(slice_skip(none, 5).n, 0);
	ck_assert_uint_eq(slice_head(none, 5).n, 0);
	ck_assert_uint_eq(slice_split(&rest, ',').n, 0);
	ck_assert_ptr_null(slice_str(NULL).p);
}
END_TEST

START_TEST(compares)
{
	ck_assert(slice_eq(SLICE("a\0b"), SLICE("a\0b")));
	ck_assert(!slice_eq(SLICE("a\0b"), SLICE("a\0c")));
	ck_assert(!slice_eq(SLICE("ab"), SLICE("abc")));
	ck_assert(slice_ieq(SLICE("Content-TYPE"), SLICE("cONTENT-type")));
	ck_assert(!slice_ieq(SLICE("abc"), SLICE("ab")));
	/* Neighbours of the letters and bytes above 0x7F are not letters. */
	ck_assert(!slice_ieq(SLICE("@["), SLICE("`{")));
	ck_assert(!slice_ieq(SLICE("\xC4"), SLICE("\xE4")));
	ck_assert_int_lt(slice_cmp(SLICE("a"), SLICE("ab")), 0);
	ck_assert_int_gt(slice_cmp(SLICE("b"), SLICE("ab")), 0);
	ck_assert_int_gt(slice_cmp(SLICE("\xFF"), SLICE("a")), 0);
	ck_assert(
		slice_starts(SLICE("abc"), SLICE("ab")) && !slice_starts(SLICE("abc"), SLICE("b")));
	ck_assert(slice_istarts(SLICE("Bearer x"), SLICE("bearer ")));
	ck_assert(!slice_istarts(SLICE("bear"), SLICE("bearer ")));
}
END_TEST

START_TEST(searches)
{
	ck_assert_int_eq(slice_chr(SLICE("a,b,c"), ','), 1);
	ck_assert_int_eq(slice_chr(SLICE("abc"), '\0'), -1);
	ck_assert_int_eq(slice_find(SLICE("the\0end"), SLICE("end")), 4);
	ck_assert_int_eq(slice_find(SLICE("aaab"), SLICE("aab")), 1);
	ck_assert_int_eq(slice_find(SLICE("ab"), SLICE("abc")), -1);
	ck_assert_int_eq(slice_find(SLICE("ab"), SLICE("")), 0);
}
END_TEST

START_TEST(trims_and_cuts)
{
	ck_slice_eq(slice_trim(SLICE(" \t\r\na b\n ")), "a b");
	ck_assert_uint_eq(slice_trim(SLICE(" \r\n\t ")).n, 0);
	ck_slice_eq(slice_trim(SLICE("\va\f")), "\va\f");
	ck_slice_eq(slice_skip(SLICE("abc"), 1), "bc");
	ck_slice_eq(slice_skip(SLICE("abc"), 3), "");
	ck_slice_eq(slice_skip(SLICE("abc"), SIZE_MAX), "");
	ck_slice_eq(slice_head(SLICE("abc"), 2), "ab");
	ck_slice_eq(slice_head(SLICE("abc"), SIZE_MAX), "abc");
}
END_TEST

START_TEST(splits_into_every_part)
{
	static const struct {
		const char *in, *parts;
	} cases[] = {
		{ "a,b", "<a><b>" },
		{ "", "<>" },
		{ ",", "<><>" },
		{ "a,,b,", "<a><><b><>" },
		{ "abc", "<abc>" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice rest = slice_str(cases[i].in);
		struct strbuf seen = { 0 };

		while (rest.p) {
			strbuf_addc(&seen, '<');
			strbuf_add(&seen, slice_split(&rest, ','));
			strbuf_addc(&seen, '>');
		}
		ck_assert_str_eq(seen.p, cases[i].parts);
		strbuf_free(&seen);
	}
}
END_TEST

START_TEST(reads_unsigned_numbers)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "1a", "0x1", "101", "256",
		"99999999999999999999999", "18446744073709551616", "\xB2" };
	uint64_t out = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(slice_u64(slice_str(bad[i]), 100, &out), HEARTH_EINVAL);
	ck_assert_int_eq(slice_u64(SLICE("18446744073709551616"), UINT64_MAX, &out), HEARTH_EINVAL);
	ck_assert_int_eq(slice_u64(SLICE("1"), 0, &out), HEARTH_EINVAL);
	ck_assert_uint_eq(out, 7);
	ck_assert_int_eq(slice_u64(SLICE("18446744073709551615"), UINT64_MAX, &out), 0);
	ck_assert(out == UINT64_MAX);
	ck_assert_int_eq(slice_u64(SLICE("100"), 100, &out), 0);
	ck_assert_uint_eq(out, 100);
	ck_assert_int_eq(slice_u64(SLICE("000"), 0, &out), 0);
	ck_assert_uint_eq(out, 0);
}
END_TEST

START_TEST(reads_signed_numbers)
{
	static const char *const bad[] = { "", "-", "--1", "+1", "-9223372036854775809",
		"9223372036854775808", "1.0", "1-" };
	int64_t out = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(
			slice_i64(slice_str(bad[i]), INT64_MIN, INT64_MAX, &out), HEARTH_EINVAL);
	ck_assert_int_eq(slice_i64(SLICE("-3"), -2, 2, &out), HEARTH_EINVAL);
	ck_assert_int_eq(slice_i64(SLICE("3"), -2, 2, &out), HEARTH_EINVAL);
	ck_assert_int_eq(out, 7);
	ck_assert_int_eq(slice_i64(SLICE("-9223372036854775808"), INT64_MIN, 0, &out), 0);
	ck_assert(out == INT64_MIN);
	ck_assert_int_eq(slice_i64(SLICE("-0"), 0, 0, &out), 0);
	ck_assert_int_eq(out, 0);
}
END_TEST

START_TEST(reads_what_printf_wrote)
{
	char text[32];

	rand_seed_for_tests(1);
	for (int i = 0; i < 20000; i++) {
		uint64_t number = rand_u64() >> rand_below(64), read;
		int64_t number_i = (int64_t)number * (rand_below(2) ? 1 : -1), read_i;

		snprintf(text, sizeof(text), "%" PRIu64, number);
		ck_assert_int_eq(slice_u64(slice_str(text), number, &read), 0);
		ck_assert(read == number);
		if (number)
			ck_assert_int_ne(slice_u64(slice_str(text), number - 1, &read), 0);
		snprintf(text, sizeof(text), "%" PRId64, number_i);
		ck_assert_int_eq(slice_i64(slice_str(text), number_i, number_i, &read_i), 0);
		ck_assert(read_i == number_i);
	}
}
END_TEST

START_TEST(hexadecimal_goes_both_ways)
{
	unsigned char all[256], back[256];
	char text[513];

	for (int i = 0; i < 256; i++)
		all[i] = (unsigned char)i;
	hex_encode(all, 256, text);
	ck_assert_uint_eq(strlen(text), 512);
	ck_assert_mem_eq(text, "000102030405060708090a", 22);
	ck_assert_int_eq(hex_decode(slice_str(text), back, 256), 0);
	ck_assert_mem_eq(all, back, 256);
	ck_assert_int_eq(hex_decode(SLICE("aBCdEf"), back, 3), 0);
	ck_assert_mem_eq(back, "\xAB\xCD\xEF", 3);
	ck_assert_int_eq(hex_decode(SLICE("abcd"), back, 3), HEARTH_EINVAL);
	ck_assert_int_eq(hex_decode(SLICE("abc"), back, 1), HEARTH_EINVAL);
	ck_assert_int_eq(hex_decode(SLICE("0g"), back, 1), HEARTH_EINVAL);
	ck_assert_int_eq(hex_decode(SLICE("@0"), back, 1), HEARTH_EINVAL);
	ck_assert_int_eq(hex_decode(none, back, 0), 0);
	hex_encode(all, 0, text);
	ck_assert_str_eq(text, "");
}
END_TEST

TEST_MAIN("str", null_is_empty, compares, searches, trims_and_cuts, splits_into_every_part,
	reads_unsigned_numbers, reads_signed_numbers, reads_what_printf_wrote,
	hexadecimal_goes_both_ways)
