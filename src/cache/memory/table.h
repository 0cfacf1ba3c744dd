/*
 * table.h: the table behind the embedded cache: entries with a time to live, bounded by bytes.
 *
 * No thread, no clock, no executor: the caller says what time it is and holds the lock. Each entry
 * stands in three structures: a map by key, a list by last use, a heap by expiry.
 */
#ifndef HEARTH_SRC_CACHE_TABLE_H
#define HEARTH_SRC_CACHE_TABLE_H

#include "hearth/buf.h"
#include "hearth/list.h"

struct cache_entry {
	struct list_node use; /* in the table's list, the longest unused first */
	size_t place;         /* in the heap */
	int64_t expires_ms;   /* monotonic; from this moment on it is not there */
	struct buf *value;    /* owned */
	size_t key_n;
	char key[];
};

struct cache_table;

/* Called for each entry that expired or was evicted, just before it is freed. */
typedef void cache_table_gone_fn(void *arg, struct slice key);

struct cache_table *cache_table_new(size_t bytes_max, cache_table_gone_fn *gone, void *arg);
/* Frees the table with its entries, of which nobody is told. Sets *t to NULL. */
void cache_table_free(struct cache_table **t);

/* The entry, which counts as used; NULL when there is none or it has expired by now_ms. */
struct cache_entry *cache_table_find(struct cache_table *t, struct slice key, int64_t now_ms);
/*
 * Sets or replaces, takes over `value`, and evicts what was not used for longest until all fit.
 * One entry alone is never evicted for its own size: the caller bounds keys and values.
 */
void cache_table_set(
	struct cache_table *t, struct slice key, struct buf *value, int64_t now_ms, int64_t ttl_ms);
/* Gives an entry another value, which it takes over, and leaves its time to live. */
void cache_table_replace(struct cache_table *t, struct cache_entry *e, struct buf *value);
/* Removes an entry: `gone` is not called. */
void cache_table_remove(struct cache_table *t, struct cache_entry *e);
/*
 * Drops at most `max` of the entries that have expired by now_ms; returns in how long the next one
 * does, which is 0 or less when there are more; INT64_MAX when none is left.
 */
int64_t cache_table_expire(struct cache_table *t, int64_t now_ms, size_t max);

/* For metrics. */
size_t cache_table_bytes(const struct cache_table *t);
size_t cache_table_count(const struct cache_table *t);
uint64_t cache_table_evicted(const struct cache_table *t);

#endif
