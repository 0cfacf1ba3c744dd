/*
 * test_memory.c: the embedded cache: the suite of the port, and the bound on its memory.
 */
#include "hearth/clock.h"
#include "hearth/metric.h"

#include "cache/cache_internal.h"
#include "loop/loop.h"

static struct cache *suite_cache_open(void)
{
	loop_init();
	clock_fake(1000000, 1000000);
	return cache_new(8u << 20);
}

static void suite_cache_close(struct cache **c)
{
	cache_free(c);
	clock_fake(-1, 0);
}

static void suite_pass_time(int64_t ms)
{
	clock_fake_advance(ms);
}

static int suite_run_until(int (*fn)(void *arg), void *arg, int timeout_ms)
{
	return loop_run_until(fn, arg, timeout_ms);
}

#include "src/ports/suite_cache.h"

static struct slice key_of(char *room, int i)
{
	return slice_of(room, (size_t)snprintf(room, 16, "k%05d", i));
}

struct evicted {
	int first, last, n;
};

static void on_evicted(void *arg, struct slice key)
{
	struct evicted *e = arg;
	int64_t i = -1;

	ck_assert_int_eq(slice_i64(slice_skip(key, 1), 0, 99999, &i), 0);
	if (i < e->first)
		e->first = (int)i;
	if (i > e->last)
		e->last = (int)i;
	e->n++;
}

START_TEST(evicts_what_was_not_used_for_longest)
{
	struct cache *c;
	char value[1000] = { 0 }, room[16];
	struct evicted evicted = { 1000000, -1, 0 };

	loop_init();
	c = cache_new(CACHE_BYTES_MIN);
	cache_watch(c, "k", on_evicted, &evicted);
	put(c, S("used"), S("v"), LONG_MS);
	for (int i = 0; i < 400; i++) {
		put(c, key_of(room, i), slice_of(value, sizeof(value)), LONG_MS);
		ck_assert(holds(c, S("used"), S("v")));
	}
	ck_assert_int_gt(evicted.n, 400 - (int)(CACHE_BYTES_MIN / 1000));
	ck_assert_int_lt(evicted.n, 400 - (int)(CACHE_BYTES_MIN / 2000));
	ck_assert_int_eq(evicted.first, 0);
	ck_assert_int_eq(evicted.last, evicted.n - 1);
	ck_assert(holds(c, key_of(room, evicted.last), NOTHING));
	ck_assert(!holds(c, key_of(room, evicted.last + 1), NOTHING));
	cache_free(&c);
	ck_assert_ptr_null(c);
	cache_free(&c);
}
END_TEST

START_TEST(makes_room_when_values_grow)
{
	struct cache *c;
	char *value = mem_zalloc(65536), room[16];

	loop_init();
	c = cache_new(0);
	for (int i = 0; i < 100; i++)
		put(c, key_of(room, i), S("small"), LONG_MS);
	for (int i = 0; i < 100; i++)
		put(c, key_of(room, i), slice_of(value, 65536), LONG_MS);
	for (int i = 0; i < 100; i++)
		ck_assert(holds(c, key_of(room, i), NOTHING) == (i < 97));
	free(value);
	cache_free(&c);
}
END_TEST

static int sweep_shows(void *arg)
{
	return metric_value(metric_gauge("hearth_cache_entries", NULL, "")) == *(int64_t *)arg;
}

START_TEST(sweeps_what_nobody_asks_for)
{
	struct cache *c = suite_cache_open();
	char room[16];
	int64_t entries = 50;

	for (int i = 0; i < 100; i++)
		put(c, key_of(room, i), S("v"), i % 2 ? 1000 : 5000);
	suite_pass_time(2000);
	ck_assert(suite_run_until(sweep_shows, &entries, 5000));
	suite_pass_time(4000);
	entries = 0;
	ck_assert(suite_run_until(sweep_shows, &entries, 5000));
	suite_cache_close(&c);
}
END_TEST

TEST_MAIN("cache in memory", SUITE_CACHE, evicts_what_was_not_used_for_longest,
	makes_room_when_values_grow, sweeps_what_nobody_asks_for)
