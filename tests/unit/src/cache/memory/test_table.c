/*
 * test_table.c: the table behind the embedded cache, held against a model under random calls.
 */
#include "cache/memory/table.h"

#include <stdio.h>
#include <string.h>

#include "harness.h"

#define KEYS 64

static struct {
	int64_t expires_ms[KEYS]; /* 0: not there */
	int value[KEYS];
	int told; /* entries that were said to be gone */
	int64_t now_ms;
} model;

static struct slice key_of(char *room, int i)
{
	return slice_of(room, (size_t)snprintf(room, 16, "%d", i));
}

static void gone(void *arg, struct slice key)
{
	uint64_t i = 0;

	(void)arg;
	ck_assert_int_eq(slice_u64(key, KEYS - 1, &i), 0);
	ck_assert_int_gt(model.expires_ms[i], 0);
	ck_assert_int_le(model.expires_ms[i], model.now_ms);
	model.expires_ms[i] = 0;
	model.told++;
}

static void check(struct cache_table *t, int i)
{
	char room[16];
	struct cache_entry *e = cache_table_find(t, key_of(room, i), model.now_ms);

	ck_assert_int_eq(e != NULL, model.expires_ms[i] > model.now_ms);
	if (e)
		ck_assert_int_eq(*(const int *)e->value->p, model.value[i]);
}

START_TEST(is_what_a_plain_array_is)
{
	struct cache_table *t = cache_table_new(1u << 20, gone, NULL);
	unsigned seed = 7;
	char room[16];

	memset(&model, 0, sizeof(model));
	for (int step = 1; step < 200000; step++) {
		int i = rand_r(&seed) % KEYS, what = rand_r(&seed) % 10;
		int64_t ttl_ms = 1 + rand_r(&seed) % 200;
		struct cache_entry *e;

		if (what < 5) {
			cache_table_set(t, key_of(room, i), buf_copy(slice_of(&step, sizeof(step))),
				model.now_ms, ttl_ms);
			model.value[i] = step;
			model.expires_ms[i] = model.now_ms + ttl_ms;
		} else if (what < 6) {
			e = cache_table_find(t, key_of(room, i), model.now_ms);
			if (e) {
				cache_table_remove(t, e);
				model.expires_ms[i] = 0;
			}
		} else if (what < 7) {
			cache_table_expire(t, model.now_ms, 1 + (size_t)(rand_r(&seed) % 3));
		} else {
			check(t, i);
		}
		model.now_ms += rand_r(&seed) % 3;
	}
	ck_assert_int_gt(model.told, 1000);
	while (cache_table_expire(t, model.now_ms + 1, 5) <= 0)
		;
	for (int i = 0; i < KEYS; i++)
		check(t, i);
	cache_table_free(&t);
	ck_assert_ptr_null(t);
}
END_TEST

START_TEST(counts_its_bytes_back_to_nothing)
{
	struct cache_table *t = cache_table_new(1u << 20, gone, NULL);
	char room[16];

	memset(&model, 0, sizeof(model));
	for (int i = 0; i < KEYS; i++) {
		cache_table_set(t, key_of(room, i), buf_copy(slice_str("value")), 0, INT64_MAX);
		cache_table_set(
			t, key_of(room, i), buf_copy(slice_str("a longer value")), 0, INT64_MAX);
		ck_assert_uint_eq(cache_table_count(t), (size_t)i + 1);
	}
	ck_assert_uint_gt(cache_table_bytes(t), KEYS * 14);
	for (int i = 0; i < KEYS; i++)
		cache_table_remove(t, cache_table_find(t, key_of(room, i), INT64_MAX - 1));
	ck_assert_uint_eq(cache_table_bytes(t), 0);
	ck_assert_uint_eq(cache_table_count(t), 0);
	cache_table_free(&t);
}
END_TEST

TEST_MAIN("cache table", is_what_a_plain_array_is, counts_its_bytes_back_to_nothing)
