/*
 * test_rand.c: randomness: a seed repeats, the system's source does not, and bounds hold evenly.
 */
#include "harness.h"
#include "hearth/rand.h"
#include "src/dies.h"

#include <string.h>

START_TEST(system_source_does_not_repeat)
{
	char a[32] = { 0 }, b[32] = { 0 }, zero[32] = { 0 };

	rand_bytes(a, sizeof(a));
	rand_bytes(b, sizeof(b));
	ck_assert_mem_ne(a, b, sizeof(a));
	ck_assert_mem_ne(a, zero, sizeof(a));
	rand_bytes(NULL, 0);
}
END_TEST

START_TEST(seed_repeats)
{
	char a[21], b[21];
	uint64_t first;

	rand_seed_for_tests(42);
	first = rand_u64();
	rand_bytes(a, sizeof(a));
	rand_seed_for_tests(42);
	ck_assert(rand_u64() == first);
	rand_bytes(b, sizeof(b));
	ck_assert_mem_eq(a, b, sizeof(a));
	rand_seed_for_tests(43);
	ck_assert(rand_u64() != first);
	rand_seed_for_tests(0);
	first = rand_u64();
	rand_seed_for_tests(0);
	ck_assert(rand_u64() != first);
}
END_TEST

/* SplitMix64's published sequence from the seed 1234567. */
START_TEST(seed_is_splitmix64)
{
	rand_seed_for_tests(1234567);
	ck_assert(rand_u64() == 6457827717110365317u);
	ck_assert(rand_u64() == 3203168211198807973u);
	ck_assert(rand_u64() == 9817491932198370423u);
}
END_TEST

START_TEST(bounds_hold_evenly)
{
	static const uint64_t bounds[] = { 1, 2, 3, 10, 1000, (uint64_t)1 << 63, UINT64_MAX };
	int counts[10] = { 0 };

	rand_seed_for_tests(9);
	for (size_t b = 0; b < sizeof(bounds) / sizeof(bounds[0]); b++)
		for (int i = 0; i < 10000; i++)
			ck_assert(rand_below(bounds[b]) < bounds[b]);
	for (int i = 0; i < 100000; i++)
		counts[rand_below(10)]++;
	for (int i = 0; i < 10; i++)
		ck_assert_msg(counts[i] > 9600 && counts[i] < 10400, "%d times %d", counts[i], i);
}
END_TEST

static void below_nothing(void)
{
	rand_below(0);
}

START_TEST(nothing_is_below_zero)
{
	ck_assert(dies_alone(below_nothing));
}
END_TEST

TEST_MAIN("rand", system_source_does_not_repeat, seed_repeats, seed_is_splitmix64,
	bounds_hold_evenly, nothing_is_below_zero)
