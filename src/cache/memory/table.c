/*
 * table.c: entries by key (map), by last use (list) and by expiry (binary heap). See table.h.
 *
 * Invariants: an entry is in all three or in none; `bytes` is the sum of entry_bytes over all
 * entries; heap[i]->place == i, and no entry expires before its parent heap[(i - 1) / 2]. Pure,
 * under the lock of memory.c. Bounded by bytes: where there is no room the entry used longest ago
 * goes.
 */
#include "cache/memory/table.h"

#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/log.h"
#include "hearth/map.h"

/* What an entry costs besides its key and value: slot and key of the map, buffer head, heap. */
#define ENTRY_OVERHEAD 160

struct cache_table {
	struct map *entries;
	struct list uses;          /* the longest unused first */
	struct cache_entry **heap; /* the first to expire at 0 */
	size_t count, room;        /* of the heap */
	size_t bytes, bytes_max;
	uint64_t evicted;
	cache_table_gone_fn *gone;
	void *arg;
};

struct cache_table *cache_table_new(size_t bytes_max, cache_table_gone_fn *gone, void *arg)
{
	struct cache_table *t = mem_zalloc(sizeof(*t));

	t->entries = map_new();
	list_init(&t->uses);
	t->bytes_max = bytes_max;
	t->gone = gone;
	t->arg = arg;
	return t;
}

void cache_table_free(struct cache_table **tp)
{
	struct cache_table *t = *tp;

	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++) {
		buf_unref(&t->heap[i]->value);
		free(t->heap[i]);
	}
	free(t->heap);
	map_free(&t->entries);
	free(t);
	*tp = NULL;
}

static size_t entry_bytes(const struct cache_entry *e)
{
	return sizeof(*e) + ENTRY_OVERHEAD + 2 * e->key_n + e->value->n;
}

static struct slice entry_key(const struct cache_entry *e)
{
	return slice_of(e->key, e->key_n);
}

/* ---- the heap ---- */

static void heap_put(struct cache_table *t, size_t place, struct cache_entry *e)
{
	t->heap[place] = e;
	e->place = place;
}

static void heap_rise(struct cache_table *t, struct cache_entry *e)
{
	size_t at = e->place;

	for (size_t parent; at > 0; at = parent) {
		parent = (at - 1) / 2;
		if (t->heap[parent]->expires_ms <= e->expires_ms)
			break;
		heap_put(t, at, t->heap[parent]);
	}
	heap_put(t, at, e);
}

static void heap_sink(struct cache_table *t, struct cache_entry *e)
{
	size_t at = e->place;

	for (size_t child; (child = 2 * at + 1) < t->count; at = child) {
		if (child + 1 < t->count &&
			t->heap[child + 1]->expires_ms < t->heap[child]->expires_ms)
			child++;
		if (e->expires_ms <= t->heap[child]->expires_ms)
			break;
		heap_put(t, at, t->heap[child]);
	}
	heap_put(t, at, e);
}

/* Restores the order around an entry whose expiry changed. */
static void heap_settle(struct cache_table *t, struct cache_entry *e)
{
	heap_rise(t, e);
	heap_sink(t, e);
}

static void heap_add(struct cache_table *t, struct cache_entry *e)
{
	if (t->count == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->heap = mem_realloc(t->heap, t->room * sizeof(struct cache_entry *));
	}
	heap_put(t, t->count++, e);
	heap_rise(t, e);
}

static void heap_remove(struct cache_table *t, struct cache_entry *e)
{
	struct cache_entry *last;

	INVARIANT(t->count > 0 && e->place < t->count && t->heap[e->place] == e);
	last = t->heap[--t->count];
	if (last == e)
		return;
	heap_put(t, e->place, last);
	heap_settle(t, last);
}

/* ---- entries ---- */

void cache_table_remove(struct cache_table *t, struct cache_entry *e)
{
	INVARIANT(t->bytes >= entry_bytes(e));
	t->bytes -= entry_bytes(e);
	heap_remove(t, e);
	list_remove(&e->use);
	map_remove(t->entries, entry_key(e));
	buf_unref(&e->value);
	free(e);
}

static void drop(struct cache_table *t, struct cache_entry *e)
{
	t->gone(t->arg, entry_key(e));
	cache_table_remove(t, e);
}

static void used(struct cache_table *t, struct cache_entry *e)
{
	list_remove(&e->use);
	list_push(&t->uses, &e->use);
}

/* Evicts until all fit; the entry used last stays in any case. */
static void fit(struct cache_table *t)
{
	LIST_FOREACH (&t->uses, it) {
		if (t->bytes <= t->bytes_max || t->count == 1)
			break;
		drop(t, LIST_ENTRY(it, struct cache_entry, use));
		t->evicted++;
	}
	INVARIANT(t->count == map_count(t->entries));
}

struct cache_entry *cache_table_find(struct cache_table *t, struct slice key, int64_t now_ms)
{
	struct cache_entry *e = map_get(t->entries, key);

	if (!e)
		return NULL;
	if (e->expires_ms <= now_ms) {
		drop(t, e);
		return NULL;
	}
	used(t, e);
	return e;
}

void cache_table_replace(struct cache_table *t, struct cache_entry *e, struct buf *value)
{
	INVARIANT(t->bytes >= entry_bytes(e));
	t->bytes -= entry_bytes(e);
	buf_unref(&e->value);
	e->value = value;
	t->bytes += entry_bytes(e);
	used(t, e);
	fit(t);
}

void cache_table_set(
	struct cache_table *t, struct slice key, struct buf *value, int64_t now_ms, int64_t ttl_ms)
{
	int64_t expires_ms = ttl_ms > INT64_MAX - now_ms ? INT64_MAX : now_ms + ttl_ms;
	struct cache_entry *e = cache_table_find(t, key, now_ms);

	if (e) {
		e->expires_ms = expires_ms;
		heap_settle(t, e);
		cache_table_replace(t, e, value);
		return;
	}
	e = mem_zalloc(sizeof(*e) + key.n);
	e->expires_ms = expires_ms;
	e->value = value;
	e->key_n = key.n;
	if (key.n)
		memcpy(e->key, key.p, key.n);
	map_set(t->entries, key, e);
	heap_add(t, e);
	list_push(&t->uses, &e->use);
	t->bytes += entry_bytes(e);
	fit(t);
}

int64_t cache_table_expire(struct cache_table *t, int64_t now_ms, size_t max)
{
	/* NOLINTBEGIN(clang-analyzer-unix.Malloc): heap[0] is another one after drop */
	for (size_t n = 0; n < max && t->count > 0 && t->heap[0]->expires_ms <= now_ms; n++)
		drop(t, t->heap[0]);
	return t->count > 0 ? t->heap[0]->expires_ms - now_ms : INT64_MAX;
	/* NOLINTEND(clang-analyzer-unix.Malloc) */
}

size_t cache_table_bytes(const struct cache_table *t)
{
	return t->bytes;
}

size_t cache_table_count(const struct cache_table *t)
{
	return t->count;
}

uint64_t cache_table_evicted(const struct cache_table *t)
{
	return t->evicted;
}
