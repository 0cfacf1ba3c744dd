/*
 * cache_internal.h: the cache from the inside: its engines, and opening it, for who assembles the
 * program and for tests. On the loop.
 */
#ifndef HEARTH_SRC_CACHE_INTERNAL_H
#define HEARTH_SRC_CACHE_INTERNAL_H

#include <stdbool.h>

#include "hearth/cache.h"

#define CACHE_BYTES_MIN (256u << 10) /* so that the largest entry always fits */

/* A call on its way, for an engine to answer (cache.c). */
struct cache_call;

/*
 * Answers a call: once for each, be it with an error, or what the call holds is lost. Takes over the
 * reference to `value` (of a get; else NULL); `n` is a counter's. Any thread, also from inside.
 */
void cache_answer(struct cache_call *call, int status, struct buf *value, int64_t n);

/*
 * What an engine does; `state` is its own. Its functions are called on any executor's thread; what
 * they set is within the bounds of cache.h, and all of it is valid during the call.
 */
struct cache_engine {
	bool at_once; /* answers from inside each call: no deadline has to be watched */
	void (*close)(void *state);
	void (*get)(void *state, struct slice key, struct cache_call *call);
	void (*put)(void *state, struct slice key, struct slice value, int64_t ttl_ms,
		struct cache_call *call);
	void (*cas)(void *state, struct slice key, struct slice expected, struct slice value,
		int64_t ttl_ms, struct cache_call *call);
	void (*remove)(void *state, struct slice key, struct cache_call *call);
	void (*count)(void *state, struct slice key, int64_t delta, int64_t ttl_ms,
		struct cache_call *call);
	void (*watch)(void *state, const char *prefix, cache_gone_fn *gone, void *arg);
};

/* A cache of this engine; `state` is closed with it. */
struct cache *cache_open(const struct cache_engine *engine, void *state);

/*
 * The embedded one: an empty cache in memory (memory/memory.c) that keeps within bytes_max, with its
 * bookkeeping; at least CACHE_BYTES_MIN. On the loop's thread.
 */
struct cache *cache_new(size_t bytes_max);
/*
 * Frees it with all entries; answers and notices that are on their way are still delivered.
 * On the loop's thread, when no other thread calls any more; legal on NULL, sets *c to NULL.
 */
void cache_free(struct cache **c);

#endif
