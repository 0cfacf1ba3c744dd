/*
 * test_map.c: the map against an array that is done the same to; iteration with removal.
 */
#include "check_slice.h"
#include "harness.h"
#include "hearth/map.h"
#include "hearth/rand.h"
#include "src/dies.h"

static char values[4096]; /* each address is a value */

START_TEST(empty)
{
	struct map *m = map_new(), *never = NULL;
	size_t it = 0;
	void *value;

	ck_assert_uint_eq(map_count(m), 0);
	ck_assert_ptr_null(map_get(m, SLICE("a")));
	ck_assert_ptr_null(map_remove(m, SLICE("a")));
	ck_assert(!map_next(m, &it, NULL, &value));
	map_free(&m);
	ck_assert_ptr_null(m);
	map_free(&never);
}
END_TEST

START_TEST(sets_replaces_removes)
{
	struct map *m = map_new();
	char key[] = "key";

	ck_assert_ptr_null(map_set(m, slice_str(key), &values[1]));
	key[0] = 'x'; /* the map has its own copy */
	ck_assert_ptr_eq(map_get(m, SLICE("key")), &values[1]);
	ck_assert_ptr_eq(map_set(m, SLICE("key"), &values[2]), &values[1]);
	ck_assert_uint_eq(map_count(m), 1);
	ck_assert_ptr_null(map_get(m, SLICE("xey")));
	ck_assert_ptr_eq(map_remove(m, SLICE("key")), &values[2]);
	ck_assert_ptr_null(map_get(m, SLICE("key")));
	ck_assert_uint_eq(map_count(m), 0);
	map_free(&m);
}
END_TEST

/* Lengths on both sides of what lies in the slot; NUL and the empty key are keys. */
START_TEST(keys_of_every_length)
{
	struct map *m = map_new();
	char key[64] = { 0 };

	for (size_t n = 0; n < sizeof(key); n++)
		ck_assert_ptr_null(map_set(m, slice_of(key, n), &values[n]));
	ck_assert_uint_eq(map_count(m), sizeof(key));
	for (size_t n = 0; n < sizeof(key); n++)
		ck_assert_ptr_eq(map_get(m, slice_of(key, n)), &values[n]);
	for (size_t n = 0; n < sizeof(key); n += 2)
		ck_assert_ptr_eq(map_remove(m, slice_of(key, n)), &values[n]);
	ck_assert_ptr_null(map_get(m, slice_of(key, 32)));
	ck_assert_ptr_eq(map_get(m, slice_of(key, 33)), &values[33]);
	map_free(&m);
}
END_TEST

START_TEST(behaves_as_an_array)
{
	enum { KEYS = 2000 };
	static void *model[KEYS];
	struct map *m = map_new();
	size_t count = 0;

	rand_seed_for_tests(4);
	for (int i = 0; i < 300000; i++) {
		uint64_t key = rand_below(KEYS);
		void *value = &values[rand_below(sizeof(values))];

		switch (rand_below(3)) {
		case 0:
			ck_assert_ptr_eq(map_set_u64(m, key << 32, value), model[key]);
			count += !model[key];
			model[key] = value;
			break;
		case 1:
			ck_assert_ptr_eq(map_remove_u64(m, key << 32), model[key]);
			count -= model[key] != NULL;
			model[key] = NULL;
			break;
		default: ck_assert_ptr_eq(map_get_u64(m, key << 32), model[key]);
		}
		ck_assert_uint_eq(map_count(m), count);
	}
	map_free(&m);
}
END_TEST

/* Coming and going must not fill the table with removed entries. */
START_TEST(churn_stays_fast)
{
	struct map *m = map_new();

	for (uint64_t i = 0; i < 1000000; i++) {
		map_set_u64(m, i, &values[1]);
		if (i >= 10)
			ck_assert_ptr_eq(map_remove_u64(m, i - 10), &values[1]);
	}
	ck_assert_uint_eq(map_count(m), 10);
	map_free(&m);
}
END_TEST

static struct map *map_of_numbers(uint64_t n)
{
	struct map *m = map_new();

	for (uint64_t i = 0; i < n; i++)
		map_set_u64(m, i, &values[i]);
	return m;
}

START_TEST(visits_each_once)
{
	struct map *m = map_of_numbers(1000);
	bool seen[1000] = { false };
	struct slice key;
	void *value;
	size_t it = 0;

	while (map_next(m, &it, &key, &value)) {
		uint64_t number;

		ck_assert_uint_eq(key.n, sizeof(number));
		memcpy(&number, key.p, sizeof(number));
		ck_assert_uint_lt(number, 1000);
		ck_assert(!seen[number]);
		ck_assert_ptr_eq(value, &values[number]);
		seen[number] = true;
	}
	for (int i = 0; i < 1000; i++)
		ck_assert(seen[i]);
	ck_assert(!map_next(m, &it, NULL, &value));
	map_free(&m);
}
END_TEST

START_TEST(loses_what_is_visited)
{
	for (uint64_t size = 0; size < 300; size++) {
		struct map *m = map_of_numbers(size);
		void *value;
		size_t visited = 0, it = 0;

		while (map_next(m, &it, NULL, &value)) {
			uint64_t number = (uint64_t)((char *)value - values);

			if (number % 3)
				ck_assert_ptr_eq(map_remove_u64(m, number), value);
			visited++;
		}
		ck_assert_uint_eq(visited, size);
		ck_assert_uint_eq(map_count(m), (size + 2) / 3);
		map_free(&m);
	}
}
END_TEST

static void set_null(void)
{
	map_set(map_new(), SLICE("a"), NULL);
}

START_TEST(null_is_no_value)
{
	ck_assert(dies_alone(set_null));
}
END_TEST

TEST_MAIN("map", empty, sets_replaces_removes, keys_of_every_length, behaves_as_an_array,
	churn_stays_fast, visits_each_once, loses_what_is_visited, null_is_no_value)
