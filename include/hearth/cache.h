/*
 * cache.h: port: the shared cache: small values with a time to live, counters, compare-and-set.
 *
 * What is promised (and what a second implementation must keep)
 *   durability  None. An entry may be gone at any time (bound reached, restart): whatever must not
 *               be lost has its record in a database, and the cache is filled from it again. A
 *               cache that cannot be reached answers every call with HEARTH_EIO.
 *   deadline    Every call is answered within CACHE_DEADLINE_MS, with HEARTH_ETIMEOUT if need be:
 *               then it has taken effect, will yet, or never. So a cache that hangs holds nobody up
 *               for longer; whoever asked goes to the record.
 *   order       Calls made by one thread take effect in that order; each call is atomic.
 *   visibility  A call that starts after another was answered sees its effect, on every node.
 *   expiry      An entry is never seen after its time to live. Watchers are told of expiry and
 *               eviction some time after it, at most once: now or never.
 *   filling     An answer of the database that was on its way while somebody changed the record
 *               must not come to stand in the cache. So whoever changes it puts a tombstone in the
 *               entry's place, on whatever node, and whoever fills sets only where there is nothing
 *               (cache_cas), and nothing that took longer to find than a tombstone lives. No
 *               process keeps a count of its own for it.
 *   bounds      Keys are at most 200 bytes, values at most 64 KiB (HEARTH_ETOOBIG).
 * Redis: one connection a thread, so that its calls stay in order, to one master; GET, SET PX, DEL;
 * a script for INCRBY with PEXPIRE … NX, and one for compare-and-set; keyspace events of expiry and
 * eviction (notify-keyspace-events Exe). A failover may lose entries, which is no breach.
 *
 * All calls are from an executor; the answer comes there, later. `done` may be NULL.
 */
#ifndef HEARTH_CACHE_H
#define HEARTH_CACHE_H

#include "hearth/buf.h"
#include "hearth/exec.h"

struct cache;

#define CACHE_DEADLINE_MS 1000

/* 0 with a reference that stays the cache's (buf_ref to keep it), or HEARTH_ENOTFOUND and NULL. */
typedef void cache_get_fn(void *arg, int status, struct buf *value);
typedef void cache_done_fn(void *arg, int status);
typedef void cache_count_fn(void *arg, int status, int64_t value);

void cache_get(struct cache *c, struct slice key, cache_get_fn *done, void *arg);
/* Sets or replaces; HEARTH_EINVAL unless ttl_ms > 0, here and below. */
void cache_put(struct cache *c, struct slice key, struct slice value, int64_t ttl_ms,
	cache_done_fn *done, void *arg);
/*
 * Sets only if the value is still `expected` (p == NULL: only if there is none);
 * HEARTH_ECONFLICT otherwise.
 */
void cache_cas(struct cache *c, struct slice key, struct slice expected, struct slice value,
	int64_t ttl_ms, cache_done_fn *done, void *arg);
/* Removes; HEARTH_ENOTFOUND when it was not there. */
void cache_remove(struct cache *c, struct slice key, cache_done_fn *done, void *arg);
/*
 * Adds to a counter, which starts at 0 with this time to live when it is not there (the time to
 * live of one that is there stays: a fixed window), and answers its new value. A counter is its
 * decimal text to the other calls; HEARTH_EINVAL, and nothing changed, when what is there is no
 * number or the sum has no room in 64 bits.
 */
void cache_count(struct cache *c, struct slice key, int64_t delta, int64_t ttl_ms,
	cache_count_fn *done, void *arg);

/*
 * Tells of entries under `prefix` that expired or were evicted, not of removed or replaced ones; on
 * the calling executor, for as long as the cache lives.
 */
typedef void cache_gone_fn(void *arg, struct slice key);
void cache_watch(struct cache *c, const char *prefix, cache_gone_fn *gone, void *arg);

#endif
