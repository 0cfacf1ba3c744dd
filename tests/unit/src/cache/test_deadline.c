/*
 * test_deadline.c: a cache that hangs: each call is answered within its deadline, once, and what the
 * engine says later harms nobody.
 */
#include "cache/cache_internal.h"

#include "harness.h"
#include "hearth/arena.h"
#include "hearth/error.h"
#include "loop/loop.h"

#define CALLS 5

/* An engine that answers nothing by itself. */
static struct cache_call *owed[CALLS];
static int owes;

static void owe(struct cache_call *call)
{
	ck_assert_int_lt(owes, CALLS);
	owed[owes++] = call;
}

static void hang_close(void *state)
{
	(void)state;
}

static void hang_get(void *state, struct slice key, struct cache_call *call)
{
	(void)state;
	(void)key;
	owe(call);
}

static void hang_put(
	void *state, struct slice key, struct slice value, int64_t ttl_ms, struct cache_call *call)
{
	(void)value;
	(void)ttl_ms;
	hang_get(state, key, call);
}

static void hang_cas(void *state, struct slice key, struct slice expected, struct slice value,
	int64_t ttl_ms, struct cache_call *call)
{
	(void)expected;
	hang_put(state, key, value, ttl_ms, call);
}

static void hang_count(
	void *state, struct slice key, int64_t delta, int64_t ttl_ms, struct cache_call *call)
{
	(void)delta;
	(void)ttl_ms;
	hang_get(state, key, call);
}

static const struct cache_engine hanging = {
	.close = hang_close,
	.get = hang_get,
	.put = hang_put,
	.cas = hang_cas,
	.remove = hang_get,
	.count = hang_count,
};

struct told {
	int status[CALLS], times[CALLS];
	int count;
	bool value;
};
static struct told told;

static void note(intptr_t i, int status)
{
	told.status[i] = status;
	told.times[i]++;
	told.count++;
}

static void on_get(void *arg, int status, struct buf *value)
{
	told.value = value != NULL;
	note((intptr_t)arg, status);
}

static void on_done(void *arg, int status)
{
	note((intptr_t)arg, status);
}

static void on_count(void *arg, int status, int64_t n)
{
	(void)n;
	note((intptr_t)arg, status);
}

static int all_told(void *arg)
{
	(void)arg;
	return told.count >= CALLS;
}

static int never(void *arg)
{
	(void)arg;
	return 0;
}

static void ask_all(struct cache *c)
{
	struct slice k = SLICE("key"), v = SLICE("value");

	owes = 0;
	told = (struct told){ .count = 0 };
	cache_get(c, k, on_get, (void *)0);
	cache_put(c, k, v, 1000, on_done, (void *)1);
	cache_cas(c, k, v, v, 1000, on_done, (void *)2);
	cache_remove(c, k, on_done, (void *)3);
	cache_count(c, k, 1, 1000, on_count, (void *)4);
	ck_assert_int_eq(owes, CALLS);
	ck_assert_int_eq(told.count, 0);
}

START_TEST(a_call_is_answered_within_its_deadline)
{
	struct cache *c;

	loop_init();
	c = cache_open(&hanging, NULL);
	ask_all(c);
	ck_assert(loop_run_until(all_told, NULL, 20 * CACHE_DEADLINE_MS));
	for (int i = 0; i < CALLS; i++)
		ck_assert(told.status[i] == HEARTH_ETIMEOUT && told.times[i] == 1);
	/* The engine comes back: nobody hears of it any more, and nothing is lost. */
	for (int i = 0; i < CALLS; i++)
		cache_answer(owed[i], 0, i == 0 ? buf_copy(SLICE("value")) : NULL, 0);
	loop_run_until(never, NULL, 20);
	ck_assert_int_eq(told.count, CALLS);
	cache_free(&c);
}
END_TEST

START_TEST(an_answer_in_time_is_the_only_one)
{
	struct cache *c;

	loop_init();
	c = cache_open(&hanging, NULL);
	ask_all(c);
	for (int i = 0; i < CALLS; i++)
		cache_answer(owed[i], 0, i == 0 ? buf_copy(SLICE("value")) : NULL, 0);
	ck_assert_int_eq(told.count, 0); /* not from inside */
	loop_run_until(never, NULL, CACHE_DEADLINE_MS + 200);
	for (int i = 0; i < CALLS; i++)
		ck_assert(told.status[i] == 0 && told.times[i] == 1);
	ck_assert(told.value);
	cache_free(&c);
}
END_TEST

TEST_MAIN("a cache that hangs", a_call_is_answered_within_its_deadline,
	an_answer_in_time_is_the_only_one)
