/*
 * suite_cache.h: what cache.h promises, as tests that any implementation is run through.
 *
 * It knows nothing but include/hearth. The program that includes it says before that how a cache is
 * opened and how time passes, by defining:
 *
 *	static struct cache *suite_cache_open(void);
 *	static void suite_cache_close(struct cache **c);
 *	static void suite_pass_time(int64_t ms);    // so that entries expire
 *	static int suite_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);  // the loop
 *
 * and puts SUITE_CACHE in its list of tests.
 */
#ifndef HEARTH_TESTS_SUITE_CACHE_H
#define HEARTH_TESTS_SUITE_CACHE_H

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "harness.h"
#include "hearth/arena.h"
#include "hearth/cache.h"
#include "hearth/error.h"

#define ANSWER_WITHIN_MS 10000
#define LONG_MS          600000

/* ---- one call, waited for ---- */

struct answer {
	atomic_bool there;
	int status;
	bool has_value;
	struct buf *value;
	int64_t count;
};

static int answered(void *arg)
{
	return atomic_load(&((struct answer *)arg)->there);
}

static void on_get(void *arg, int status, struct buf *value)
{
	struct answer *a = arg;

	a->status = status;
	a->has_value = value != NULL;
	a->value = buf_ref(value);
	atomic_store(&a->there, true);
}

static void on_done(void *arg, int status)
{
	struct answer *a = arg;

	a->status = status;
	atomic_store(&a->there, true);
}

static void on_count(void *arg, int status, int64_t value)
{
	struct answer *a = arg;

	a->count = value;
	on_done(arg, status);
}

/* No answer comes from inside the call; then it comes. */
static int wait_for(struct answer *a)
{
	ck_assert_msg(!answered(a), "answered from inside the call");
	ck_assert_msg(suite_run_until(answered, a, ANSWER_WITHIN_MS), "no answer");
	return a->status;
}

static int put(struct cache *c, struct slice key, struct slice value, int64_t ttl_ms)
{
	struct answer a = { .there = false };

	cache_put(c, key, value, ttl_ms, on_done, &a);
	return wait_for(&a);
}

static int cas(struct cache *c, struct slice key, struct slice expected, struct slice value)
{
	struct answer a = { .there = false };

	cache_cas(c, key, expected, value, LONG_MS, on_done, &a);
	return wait_for(&a);
}

static int remove_key(struct cache *c, struct slice key)
{
	struct answer a = { .there = false };

	cache_remove(c, key, on_done, &a);
	return wait_for(&a);
}

static int count(struct cache *c, struct slice key, int64_t delta, int64_t ttl_ms, int64_t *value)
{
	struct answer a = { .there = false };

	cache_count(c, key, delta, ttl_ms, on_count, &a);
	*value = -12345;
	if (wait_for(&a) == 0)
		*value = a.count;
	return a.status;
}

/* Whether the value under `key` is this one; p == NULL: whether there is none. */
static bool holds(struct cache *c, struct slice key, struct slice value)
{
	struct answer a = { .there = false };
	bool same;

	cache_get(c, key, on_get, &a);
	wait_for(&a);
	ck_assert_int_eq(a.status, a.has_value ? 0 : HEARTH_ENOTFOUND);
	same = a.has_value ? value.p && slice_eq(buf_slice(a.value), value) : !value.p;
	buf_unref(&a.value);
	return same;
}

#define NOTHING slice_of(NULL, 0)
#define S(text) slice_str(text)

/* ---- get, put, remove ---- */

START_TEST(cache_gives_back_what_was_put)
{
	struct cache *c = suite_cache_open();
	struct slice binary = slice_of("\0\xff\n\0", 4);

	ck_assert(holds(c, S("k"), NOTHING));
	ck_assert_int_eq(put(c, S("k"), S("one"), LONG_MS), 0);
	ck_assert(holds(c, S("k"), S("one")));
	ck_assert_int_eq(put(c, S("k"), S("two"), LONG_MS), 0);
	ck_assert(holds(c, S("k"), S("two")));
	ck_assert_int_eq(put(c, S("k"), slice_of("", 0), LONG_MS), 0);
	ck_assert(holds(c, S("k"), slice_of("", 0)));
	ck_assert_int_eq(put(c, binary, binary, LONG_MS), 0);
	ck_assert(holds(c, binary, binary));
	ck_assert(holds(c, slice_head(binary, 3), NOTHING));
	suite_cache_close(&c);
}
END_TEST

START_TEST(cache_removes)
{
	struct cache *c = suite_cache_open();

	ck_assert_int_eq(remove_key(c, S("k")), HEARTH_ENOTFOUND);
	put(c, S("k"), S("v"), LONG_MS);
	ck_assert_int_eq(remove_key(c, S("k")), 0);
	ck_assert(holds(c, S("k"), NOTHING));
	ck_assert_int_eq(remove_key(c, S("k")), HEARTH_ENOTFOUND);
	suite_cache_close(&c);
}
END_TEST

START_TEST(cache_wants_bounded_keys_and_values)
{
	struct cache *c = suite_cache_open();
	char *big = mem_zalloc(65537);
	struct slice key = slice_of(big, 200), value = slice_of(big, 65536);
	int64_t n;

	ck_assert_int_eq(put(c, key, value, LONG_MS), 0);
	ck_assert(holds(c, key, value));
	ck_assert_int_eq(put(c, slice_of(big, 201), S("v"), LONG_MS), HEARTH_ETOOBIG);
	ck_assert_int_eq(put(c, S("k"), slice_of(big, 65537), LONG_MS), HEARTH_ETOOBIG);
	ck_assert_int_eq(cas(c, slice_of(big, 201), NOTHING, S("v")), HEARTH_ETOOBIG);
	ck_assert_int_eq(cas(c, S("k"), NOTHING, slice_of(big, 65537)), HEARTH_ETOOBIG);
	ck_assert_int_eq(count(c, slice_of(big, 201), 1, LONG_MS, &n), HEARTH_ETOOBIG);
	ck_assert(holds(c, slice_of(big, 201), NOTHING));
	ck_assert(holds(c, S("k"), NOTHING));
	ck_assert_int_eq(put(c, S("k"), S("v"), 0), HEARTH_EINVAL);
	ck_assert_int_eq(put(c, S("k"), S("v"), -1), HEARTH_EINVAL);
	ck_assert(holds(c, S("k"), NOTHING));
	free(big);
	suite_cache_close(&c);
}
END_TEST

START_TEST(cache_needs_no_callback)
{
	struct cache *c = suite_cache_open();

	cache_put(c, S("k"), S("v"), LONG_MS, NULL, NULL);
	cache_get(c, S("k"), NULL, NULL);
	ck_assert(holds(c, S("k"), S("v")));
	cache_cas(c, S("k"), S("v"), S("w"), LONG_MS, NULL, NULL);
	cache_count(c, S("n"), 3, LONG_MS, NULL, NULL);
	ck_assert(holds(c, S("k"), S("w")));
	ck_assert(holds(c, S("n"), S("3")));
	cache_remove(c, S("k"), NULL, NULL);
	ck_assert(holds(c, S("k"), NOTHING));
	suite_cache_close(&c);
}
END_TEST

/* ---- compare and set ---- */

START_TEST(cache_sets_only_what_is_as_expected)
{
	struct cache *c = suite_cache_open();

	ck_assert_int_eq(cas(c, S("k"), S("old"), S("new")), HEARTH_ECONFLICT);
	ck_assert_int_eq(cas(c, S("k"), slice_of("", 0), S("new")), HEARTH_ECONFLICT);
	ck_assert(holds(c, S("k"), NOTHING));
	ck_assert_int_eq(cas(c, S("k"), NOTHING, S("first")), 0);
	ck_assert_int_eq(cas(c, S("k"), NOTHING, S("again")), HEARTH_ECONFLICT);
	ck_assert_int_eq(cas(c, S("k"), S("firs"), S("other")), HEARTH_ECONFLICT);
	ck_assert(holds(c, S("k"), S("first")));
	ck_assert_int_eq(cas(c, S("k"), S("first"), slice_of("", 0)), 0);
	ck_assert(holds(c, S("k"), slice_of("", 0)));
	ck_assert_int_eq(cas(c, S("k"), NOTHING, S("again")), HEARTH_ECONFLICT);
	ck_assert_int_eq(cas(c, S("k"), slice_of("", 0), S("last")), 0);
	ck_assert(holds(c, S("k"), S("last")));
	suite_cache_close(&c);
}
END_TEST

/* ---- counters ---- */

START_TEST(cache_counts)
{
	struct cache *c = suite_cache_open();
	int64_t n;

	ck_assert_int_eq(count(c, S("n"), 5, LONG_MS, &n), 0);
	ck_assert_int_eq(n, 5);
	ck_assert_int_eq(count(c, S("n"), -7, LONG_MS, &n), 0);
	ck_assert_int_eq(n, -2);
	ck_assert_int_eq(count(c, S("n"), 0, LONG_MS, &n), 0);
	ck_assert_int_eq(n, -2);
	ck_assert(holds(c, S("n"), S("-2")));
	ck_assert_int_eq(remove_key(c, S("n")), 0);
	ck_assert_int_eq(count(c, S("n"), 1, LONG_MS, &n), 0);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(put(c, S("n"), S("40"), LONG_MS), 0);
	ck_assert_int_eq(count(c, S("n"), 2, LONG_MS, &n), 0);
	ck_assert_int_eq(n, 42);
	suite_cache_close(&c);
}
END_TEST

START_TEST(cache_refuses_to_count_what_is_no_number)
{
	struct cache *c = suite_cache_open();
	int64_t n;

	put(c, S("k"), S("text"), LONG_MS);
	ck_assert_int_eq(count(c, S("k"), 1, LONG_MS, &n), HEARTH_EINVAL);
	ck_assert(holds(c, S("k"), S("text")));
	ck_assert_int_eq(count(c, S("n"), INT64_MAX, LONG_MS, &n), 0);
	ck_assert_int_eq(count(c, S("n"), 1, LONG_MS, &n), HEARTH_EINVAL);
	ck_assert(holds(c, S("n"), S("9223372036854775807")));
	ck_assert_int_eq(count(c, S("new"), 1, 0, &n), HEARTH_EINVAL);
	ck_assert(holds(c, S("new"), NOTHING));
	suite_cache_close(&c);
}
END_TEST

/* The time to live is that of the first count: a fixed window. */
START_TEST(cache_counts_in_a_fixed_window)
{
	struct cache *c = suite_cache_open();
	int64_t n;

	ck_assert_int_eq(count(c, S("n"), 1, 400, &n), 0);
	suite_pass_time(250);
	ck_assert_int_eq(count(c, S("n"), 1, 400, &n), 0);
	ck_assert_int_eq(n, 2);
	suite_pass_time(250);
	ck_assert_int_eq(count(c, S("n"), 1, 400, &n), 0);
	ck_assert_int_eq(n, 1);
	suite_cache_close(&c);
}
END_TEST

/* ---- expiry ---- */

START_TEST(cache_forgets_in_time)
{
	struct cache *c = suite_cache_open();

	put(c, S("short"), S("v"), 300);
	put(c, S("long"), S("v"), LONG_MS);
	put(c, S("renewed"), S("v"), 300);
	put(c, S("shortened"), S("v"), LONG_MS);
	put(c, S("renewed"), S("v"), LONG_MS);
	put(c, S("shortened"), S("v"), 300);
	suite_pass_time(100);
	ck_assert(holds(c, S("short"), S("v")));
	suite_pass_time(300);
	ck_assert(holds(c, S("short"), NOTHING));
	ck_assert(holds(c, S("shortened"), NOTHING));
	ck_assert(holds(c, S("long"), S("v")));
	ck_assert(holds(c, S("renewed"), S("v")));
	suite_cache_close(&c);
}
END_TEST

START_TEST(cache_takes_what_expired_for_absent)
{
	struct cache *c = suite_cache_open();

	put(c, S("a"), S("v"), 100);
	put(c, S("b"), S("v"), 100);
	put(c, S("c"), S("v"), 100);
	suite_pass_time(200);
	ck_assert_int_eq(cas(c, S("a"), S("v"), S("w")), HEARTH_ECONFLICT);
	ck_assert_int_eq(cas(c, S("b"), NOTHING, S("w")), 0);
	ck_assert_int_eq(remove_key(c, S("c")), HEARTH_ENOTFOUND);
	suite_cache_close(&c);
}
END_TEST

/* ---- watchers ---- */

struct heard {
	atomic_int n;
	char keys[16][32];
};

static void on_gone(void *arg, struct slice key)
{
	struct heard *h = arg;
	int n = atomic_load(&h->n);

	ck_assert_int_lt(n, 16);
	snprintf(h->keys[n], sizeof(h->keys[n]), "%.*s", SLICE_ARG(key));
	atomic_store(&h->n, n + 1);
}

static bool heard_key(struct heard *h, const char *key)
{
	int times = 0;

	for (int i = 0; i < atomic_load(&h->n); i++)
		times += strcmp(h->keys[i], key) == 0;
	ck_assert_int_le(times, 1);
	return times == 1;
}

static int heard_two(void *arg)
{
	return atomic_load(&((struct heard *)arg)->n) >= 2;
}

START_TEST(cache_tells_watchers_of_expiry)
{
	struct cache *c = suite_cache_open();
	struct heard h = { .n = 0 };

	cache_watch(c, "on/", on_gone, &h);
	put(c, S("on/1"), S("v"), 100);
	put(c, S("on/2"), S("v"), 100);
	put(c, S("on/removed"), S("v"), 100);
	put(c, S("on/renewed"), S("v"), 100);
	put(c, S("off/1"), S("v"), 100);
	ck_assert_int_eq(remove_key(c, S("on/removed")), 0);
	put(c, S("on/renewed"), S("w"), LONG_MS);
	ck_assert_int_eq(atomic_load(&h.n), 0);
	suite_pass_time(200);
	ck_assert(suite_run_until(heard_two, &h, 5000));
	put(c, S("on/1"), S("v"), LONG_MS);
	ck_assert(heard_key(&h, "on/1"));
	ck_assert(heard_key(&h, "on/2"));
	ck_assert_int_eq(atomic_load(&h.n), 2);
	suite_cache_close(&c);
}
END_TEST

/* ---- order, visibility, atomicity ---- */

struct in_order {
	int next, total;
	bool broken;
};

struct numbered {
	struct in_order *all;
	int number;
};

static void on_numbered(void *arg, int status)
{
	struct numbered *n = arg;

	n->all->broken |= status != 0 || n->number != n->all->next;
	n->all->next++;
}

static int all_in(void *arg)
{
	struct in_order *o = arg;

	return o->next == o->total;
}

START_TEST(cache_keeps_the_order_of_one_caller)
{
	struct cache *c = suite_cache_open();
	struct in_order order = { .total = 500 };
	struct numbered calls[500];
	char text[16];

	for (int i = 0; i < 500; i++) {
		calls[i] = (struct numbered){ &order, i };
		snprintf(text, sizeof(text), "%d", i);
		cache_put(c, S("k"), S(text), LONG_MS, on_numbered, &calls[i]);
	}
	ck_assert(suite_run_until(all_in, &order, ANSWER_WITHIN_MS));
	ck_assert(!order.broken);
	ck_assert(holds(c, S("k"), S("499")));
	suite_cache_close(&c);
}
END_TEST

/* A caller on an executor of its own that counts, one call after the other was answered. */
#define CALLS 300

struct caller {
	struct cache *c;
	struct exec *exec;
	int left;
	int64_t last;
	bool broken;   /* a count that was not above the one before */
	char text[24]; /* what it last saw under "cas" */
	bool known;    /* `text` is there */
	atomic_bool over;
};

static void next_call(struct caller *me);
static void try_cas(struct caller *me);

static void on_my_cas(void *arg, int status)
{
	struct caller *me = arg;

	if (status == 0)
		next_call(me);
	else
		try_cas(me);
}

static void on_my_get(void *arg, int status, struct buf *value)
{
	struct caller *me = arg;
	long long n = 0;
	char next[24];

	me->known = status == 0;
	if (value) {
		snprintf(me->text, sizeof(me->text), "%.*s", SLICE_ARG(buf_slice(value)));
		n = strtoll(me->text, NULL, 10);
	}
	snprintf(next, sizeof(next), "%lld", n + 1);
	cache_cas(me->c, S("cas"), me->known ? S(me->text) : NOTHING, S(next), LONG_MS, on_my_cas,
		me);
}

static void try_cas(struct caller *me)
{
	cache_get(me->c, S("cas"), on_my_get, me);
}

static void on_my_count(void *arg, int status, int64_t value)
{
	struct caller *me = arg;

	me->broken |= status != 0 || value <= me->last;
	me->last = value;
	try_cas(me);
}

static void next_call(struct caller *me)
{
	if (me->left-- > 0)
		cache_count(me->c, S("count"), 1, LONG_MS, on_my_count, me);
	else
		atomic_store(&me->over, true);
}

static void first_call(void *arg)
{
	next_call(arg);
}

static int callers_over(void *arg)
{
	struct caller *callers = arg;

	for (int i = 0; i < 3; i++)
		if (!atomic_load(&callers[i].over))
			return 0;
	return 1;
}

START_TEST(cache_is_one_for_all_threads)
{
	struct cache *c = suite_cache_open();
	struct caller callers[3];
	int64_t n;
	char total[16];

	memset(callers, 0, sizeof(callers));
	for (int i = 0; i < 3; i++) {
		callers[i].c = c;
		callers[i].left = CALLS;
		callers[i].exec = exec_new("caller");
		exec_post(callers[i].exec, first_call, &callers[i]);
	}
	ck_assert(suite_run_until(callers_over, callers, 60000));
	for (int i = 0; i < 3; i++) {
		exec_free(&callers[i].exec);
		ck_assert(!callers[i].broken);
	}
	snprintf(total, sizeof(total), "%d", 3 * CALLS);
	ck_assert_int_eq(count(c, S("count"), 0, LONG_MS, &n), 0);
	ck_assert_int_eq(n, 3 * CALLS);
	ck_assert(holds(c, S("cas"), S(total)));
	suite_cache_close(&c);
}
END_TEST

#define SUITE_CACHE                                                                         \
	cache_gives_back_what_was_put, cache_removes, cache_wants_bounded_keys_and_values,  \
		cache_needs_no_callback, cache_sets_only_what_is_as_expected, cache_counts, \
		cache_refuses_to_count_what_is_no_number, cache_counts_in_a_fixed_window,   \
		cache_forgets_in_time, cache_takes_what_expired_for_absent,                 \
		cache_tells_watchers_of_expiry, cache_keeps_the_order_of_one_caller,        \
		cache_is_one_for_all_threads

#endif
