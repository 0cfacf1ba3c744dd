/*
 * cache_internal.h: the embedded cache, for who assembles the program and for its tests. Made and
 * freed on the main thread, which is the loop's.
 */
#ifndef HEARTH_SRC_CACHE_INTERNAL_H
#define HEARTH_SRC_CACHE_INTERNAL_H

#include "hearth/cache.h"

/*
 * An empty cache that holds at most bytes_max, counted with what its own bookkeeping costs;
 * CACHE_BYTES_MIN when that is more, so that the largest entry always fits. On the loop.
 */
#define CACHE_BYTES_MIN (256u << 10)
struct cache *cache_new(size_t bytes_max);
/*
 * On the loop's thread, when no other thread calls any more; legal on NULL, sets *c to NULL.
 * Answers and notices that are on their way still arrive.
 */
void cache_free(struct cache **c);

#endif
