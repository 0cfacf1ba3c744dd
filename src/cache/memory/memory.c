/*
 * memory.c: the embedded cache: one table in memory behind one lock.
 *
 * A call takes effect at once, on the caller's thread, under the lock; only its answer travels: it
 * is posted to the caller's executor, so that `done` never runs from inside the call. What expires
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

struct cache {
	pthread_mutex_t lock; /* guards the table and the watchers */
	struct cache_table *table;
	struct list watchers;
	struct timer sweep; /* loop only */
	struct metric *hits, *misses, *evicted, *bytes, *entries;
	int64_t evicted_seen; /* loop only: how many `evicted` has counted */
};

/* ---- answers: what travels to the caller's executor ---- */

struct answer {
	void *arg;
	int status;
	struct buf *value; /* owned; get */
	int64_t n;         /* count */
	union {
		cache_get_fn *get;
		cache_done_fn *done;
		cache_count_fn *count;
	} fn;
};

static void answer_post(exec_fn *deliver, const struct answer *what)
{
	struct answer *a = mem_alloc(sizeof(*a));

	INVARIANT(exec_current());
	*a = *what;
	exec_post(exec_current(), deliver, a);
}

static void deliver_get(void *arg)
{
	struct answer *a = arg;

	a->fn.get(a->arg, a->status, a->value);
	buf_unref(&a->value);
	free(a);
}

static void deliver_done(void *arg)
{
	struct answer *a = arg;

	a->fn.done(a->arg, a->status);
	free(a);
}

static void deliver_count(void *arg)
{
	struct answer *a = arg;

	a->fn.count(a->arg, a->status, a->n);
	free(a);
}

static void answer_done(cache_done_fn *done, void *arg, int status)
{
	if (done)
		answer_post(deliver_done,
			&(struct answer){ .arg = arg, .status = status, .fn.done = done });
}

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
	struct cache *c = arg;

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

void cache_watch(struct cache *c, const char *prefix, cache_gone_fn *gone, void *arg)
{
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

/* ---- making and sweeping ---- */

static void sweep(void *arg)
{
	struct cache *c = arg;
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
	struct cache *c = mem_zalloc(sizeof(*c));

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
	return c;
}

void cache_free(struct cache **cp)
{
	struct cache *c = *cp;

	if (!c)
		return;
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
	*cp = NULL;
}

/* ---- the calls ---- */

void cache_get(struct cache *c, struct slice key, cache_get_fn *done, void *arg)
{
	struct buf *value = NULL;
	struct cache_entry *e;

	pthread_mutex_lock(&c->lock);
	e = cache_table_find(c->table, key, clock_mono_ms());
	if (e)
		value = buf_ref(e->value);
	pthread_mutex_unlock(&c->lock);
	metric_add(value ? c->hits : c->misses, 1);
	if (done)
		answer_post(deliver_get, &(struct answer){ .arg = arg,
						 .status = value ? 0 : HEARTH_ENOTFOUND,
						 .value = value,
						 .fn.get = done });
	else
		buf_unref(&value);
}

static int check(struct slice key, struct slice value, int64_t ttl_ms)
{
	if (key.n > KEY_MAX || value.n > VALUE_MAX)
		return HEARTH_ETOOBIG;
	return ttl_ms > 0 ? 0 : HEARTH_EINVAL;
}

void cache_put(struct cache *c, struct slice key, struct slice value, int64_t ttl_ms,
	cache_done_fn *done, void *arg)
{
	int rc = check(key, value, ttl_ms);

	if (rc == 0) {
		struct buf *b = buf_copy(value);

		pthread_mutex_lock(&c->lock);
		cache_table_set(c->table, key, b, clock_mono_ms(), ttl_ms);
		pthread_mutex_unlock(&c->lock);
	}
	answer_done(done, arg, rc);
}

void cache_cas(struct cache *c, struct slice key, struct slice expected, struct slice value,
	int64_t ttl_ms, cache_done_fn *done, void *arg)
{
	int rc = check(key, value, ttl_ms);

	if (rc == 0) {
		struct buf *b = buf_copy(value);
		int64_t now_ms = clock_mono_ms();
		struct cache_entry *e;

		pthread_mutex_lock(&c->lock);
		e = cache_table_find(c->table, key, now_ms);
		if (e ? expected.p && slice_eq(buf_slice(e->value), expected) : !expected.p)
			cache_table_set(c->table, key, buf_ref(b), now_ms, ttl_ms);
		else
			rc = HEARTH_ECONFLICT;
		pthread_mutex_unlock(&c->lock);
		buf_unref(&b);
	}
	answer_done(done, arg, rc);
}

void cache_remove(struct cache *c, struct slice key, cache_done_fn *done, void *arg)
{
	struct cache_entry *e;

	pthread_mutex_lock(&c->lock);
	e = cache_table_find(c->table, key, clock_mono_ms());
	if (e)
		cache_table_remove(c->table, e);
	pthread_mutex_unlock(&c->lock);
	answer_done(done, arg, e ? 0 : HEARTH_ENOTFOUND);
}

/* A counter is its decimal text, as in Redis, so that cache_get and cache_cas see it too. */
static struct buf *decimal(int64_t n)
{
	char text[24];

	return buf_copy(slice_of(text, (size_t)snprintf(text, sizeof(text), "%lld", (long long)n)));
}

/* Under the lock. */
static int count(
	struct cache_table *t, struct slice key, int64_t delta, int64_t ttl_ms, int64_t *sum)
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

void cache_count(struct cache *c, struct slice key, int64_t delta, int64_t ttl_ms,
	cache_count_fn *done, void *arg)
{
	int rc = check(key, slice_of(NULL, 0), ttl_ms);
	int64_t sum = 0;

	if (rc == 0) {
		pthread_mutex_lock(&c->lock);
		rc = count(c->table, key, delta, ttl_ms, &sum);
		pthread_mutex_unlock(&c->lock);
	}
	if (done)
		answer_post(deliver_count, &(struct answer){ .arg = arg,
						   .status = rc,
						   .n = rc == 0 ? sum : 0,
						   .fn.count = done });
}
