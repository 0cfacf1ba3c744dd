/*
 * memory.c: the embedded cache: one table in memory behind one lock, bounded in bytes.
 *
 * A call takes effect at once, on the caller's thread, under the lock; only its answer travels
 * (cache.c), so that `done` never runs from inside the call. What expires
 * is never seen (each look asks the clock) and is dropped by a timer on the loop, which is when
 * watchers hear of it: a second later at the most.
 */
#include "cache/cache_internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "cache/memory/table.h"
#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"

#define KEY_MAX       200
#define VALUE_MAX     (64u << 10)
#define SWEEP_MIN_MS  200  /* between two sweeps, */
#define SWEEP_REST_MS 1000 /* and where nothing expires sooner */
#define SWEEP_MAX     5000 /* entries a sweep, so that the loop is not held up */

struct watcher {
	struct list_node node;
	struct exec *exec;
	cache_gone_fn *gone;
	void *arg;
	struct slice prefix; /* owned */
};

struct memory {
	pthread_mutex_t lock; /* guards the table and the watchers */
	struct cache_table *table;
	struct list watchers;
	struct timer sweep; /* loop only */
	struct metric *hits, *misses, *evicted, *bytes, *entries;
	int64_t evicted_seen; /* loop only: how many `evicted` has counted */
};

/* ---- watchers ---- */

struct notice {
	cache_gone_fn *gone;
	void *arg;
	size_t key_n;
	char key[];
};

static void deliver_notice(void *arg)
{
	struct notice *n = arg;

	n->gone(n->arg, slice_of(n->key, n->key_n));
	free(n);
}

/* From the table, under the lock: an entry expired or was evicted. */
static void entry_gone(void *arg, struct slice key)
{
	struct memory *c = arg;

	LIST_FOREACH (&c->watchers, it) {
		struct watcher *w = LIST_ENTRY(it, struct watcher, node);
		struct notice *n;

		if (!slice_starts(key, w->prefix))
			continue;
		n = mem_alloc(sizeof(*n) + key.n);
		n->gone = w->gone;
		n->arg = w->arg;
		n->key_n = key.n;
		if (key.n)
			memcpy(n->key, key.p, key.n);
		exec_post(w->exec, deliver_notice, n);
	}
}

static void watch(void *state, const char *prefix, cache_gone_fn *gone, void *arg)
{
	struct memory *c = state;
	struct watcher *w = mem_zalloc(sizeof(*w));

	INVARIANT(exec_current());
	w->exec = exec_current();
	w->gone = gone;
	w->arg = arg;
	w->prefix = slice_str(mem_strdup(slice_str(prefix)));
	pthread_mutex_lock(&c->lock);
	list_push(&c->watchers, &w->node);
	pthread_mutex_unlock(&c->lock);
}

static const struct cache_engine engine;

/* ---- making and sweeping ---- */

static void sweep(void *arg)
{
	struct memory *c = arg;
	int64_t evicted, rest_ms;

	pthread_mutex_lock(&c->lock);
	rest_ms = cache_table_expire(c->table, clock_mono_ms(), SWEEP_MAX);
	evicted = (int64_t)cache_table_evicted(c->table);
	metric_set(c->bytes, (int64_t)cache_table_bytes(c->table));
	metric_set(c->entries, (int64_t)cache_table_count(c->table));
	pthread_mutex_unlock(&c->lock);
	metric_add(c->evicted, evicted - c->evicted_seen);
	c->evicted_seen = evicted;
	if (rest_ms > SWEEP_REST_MS)
		rest_ms = SWEEP_REST_MS;
	timer_start(&c->sweep, rest_ms < SWEEP_MIN_MS ? SWEEP_MIN_MS : rest_ms, 0, sweep, c);
}

struct cache *cache_new(size_t bytes_max)
{
	struct memory *c = mem_zalloc(sizeof(*c));

	pthread_mutex_init(&c->lock, NULL);
	list_init(&c->watchers);
	c->table = cache_table_new(
		bytes_max < CACHE_BYTES_MIN ? CACHE_BYTES_MIN : bytes_max, entry_gone, c);
	c->hits = metric_counter("hearth_cache_hits_total", NULL, "Looks that found an entry");
	c->misses = metric_counter("hearth_cache_misses_total", NULL, "Looks that found none");
	c->evicted = metric_counter("hearth_cache_evicted_total", NULL, "Entries dropped for room");
	c->bytes = metric_gauge("hearth_cache_bytes", NULL, "Memory in use, with bookkeeping");
	c->entries = metric_gauge("hearth_cache_entries", NULL, "Entries");
	timer_start(&c->sweep, SWEEP_MIN_MS, 0, sweep, c);
	return cache_open(&engine, c);
}

static void close_memory(void *state)
{
	struct memory *c = state;

	timer_stop(&c->sweep);
	cache_table_free(&c->table);
	LIST_FOREACH (&c->watchers, it) {
		struct watcher *w = LIST_ENTRY(it, struct watcher, node);

		list_remove(&w->node);
		free((char *)(uintptr_t)w->prefix.p);
		free(w);
	}
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* ---- the calls ---- */

static void get(void *state, struct slice key, struct cache_call *call)
{
	struct memory *c = state;
	struct buf *value = NULL;
	struct cache_entry *e;

	pthread_mutex_lock(&c->lock);
	e = cache_table_find(c->table, key, clock_mono_ms());
	if (e)
		value = buf_ref(e->value);
	pthread_mutex_unlock(&c->lock);
	metric_add(value ? c->hits : c->misses, 1);
	cache_answer(call, value ? 0 : HEARTH_ENOTFOUND, value, 0);
}

static void put(
	void *state, struct slice key, struct slice value, int64_t ttl_ms, struct cache_call *call)
{
	struct memory *c = state;
	struct buf *b = buf_copy(value);

	pthread_mutex_lock(&c->lock);
	cache_table_set(c->table, key, b, clock_mono_ms(), ttl_ms);
	pthread_mutex_unlock(&c->lock);
	cache_answer(call, 0, NULL, 0);
}

static void cas(void *state, struct slice key, struct slice expected, struct slice value,
	int64_t ttl_ms, struct cache_call *call)
{
	struct memory *c = state;
	struct buf *b = buf_copy(value);
	int64_t now_ms = clock_mono_ms();
	struct cache_entry *e;
	int rc = 0;

	pthread_mutex_lock(&c->lock);
	e = cache_table_find(c->table, key, now_ms);
	if (e ? expected.p && slice_eq(buf_slice(e->value), expected) : !expected.p)
		cache_table_set(c->table, key, buf_ref(b), now_ms, ttl_ms);
	else
		rc = HEARTH_ECONFLICT;
	pthread_mutex_unlock(&c->lock);
	buf_unref(&b);
	cache_answer(call, rc, NULL, 0);
}

static void remove_entry(void *state, struct slice key, struct cache_call *call)
{
	struct memory *c = state;
	struct cache_entry *e;

	pthread_mutex_lock(&c->lock);
	e = cache_table_find(c->table, key, clock_mono_ms());
	if (e)
		cache_table_remove(c->table, e);
	pthread_mutex_unlock(&c->lock);
	cache_answer(call, e ? 0 : HEARTH_ENOTFOUND, NULL, 0);
}

/* A counter is its decimal text, as in Redis, so that cache_get and cache_cas see it too. */
static struct buf *decimal(int64_t n)
{
	char text[24];

	return buf_copy(slice_of(text, (size_t)snprintf(text, sizeof(text), "%lld", (long long)n)));
}

/* Under the lock. */
static int add(struct cache_table *t, struct slice key, int64_t delta, int64_t ttl_ms, int64_t *sum)
{
	int64_t now_ms = clock_mono_ms();
	struct cache_entry *e = cache_table_find(t, key, now_ms);
	int64_t n = 0;

	if (e && slice_i64(buf_slice(e->value), INT64_MIN, INT64_MAX, &n) < 0)
		return HEARTH_EINVAL;
	if (__builtin_add_overflow(n, delta, sum))
		return HEARTH_EINVAL;
	if (e)
		cache_table_replace(t, e, decimal(*sum));
	else
		cache_table_set(t, key, decimal(*sum), now_ms, ttl_ms);
	return 0;
}

static void count(
	void *state, struct slice key, int64_t delta, int64_t ttl_ms, struct cache_call *call)
{
	struct memory *c = state;
	int64_t sum = 0;
	int rc;

	pthread_mutex_lock(&c->lock);
	rc = add(c->table, key, delta, ttl_ms, &sum);
	pthread_mutex_unlock(&c->lock);
	cache_answer(call, rc, NULL, rc == 0 ? sum : 0);
}

static const struct cache_engine engine = {
	.at_once = true,
	.close = close_memory,
	.get = get,
	.put = put,
	.cas = cas,
	.remove = remove_entry,
	.count = count,
	.watch = watch,
};
