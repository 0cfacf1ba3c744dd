/*
 * ring.h: a first-in-first-out queue of small structs, copied in and out, that grows by doubling.
 * It has no lock and no bound of its own: whoever owns it has both. Pure.
 */
#ifndef HEARTH_SRC_RING_H
#define HEARTH_SRC_RING_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "hearth/arena.h"

struct ring {
	char *items;
	size_t head;  /* index of the oldest */
	size_t count; /* how many wait */
	size_t cap;   /* room; a power of two, or 0 */
};

static inline void ring_free(struct ring *r)
{
	free(r->items);
	*r = (struct ring){ 0 };
}

static inline void ring_grow_(struct ring *r, size_t size)
{
	size_t cap = r->cap ? r->cap * 2 : 16;
	char *items = mem_alloc(cap * size);
	size_t first = r->cap - r->head < r->count ? r->cap - r->head : r->count;

	if (r->count) {
		memcpy(items, r->items + r->head * size, first * size);
		memcpy(items + first * size, r->items, (r->count - first) * size);
	}
	free(r->items);
	*r = (struct ring){ .items = items, .count = r->count, .cap = cap };
}

/* Adds a copy of the `size` bytes at `item`; one ring holds items of one size. */
static inline void ring_push(struct ring *r, const void *item, size_t size)
{
	if (r->count == r->cap)
		ring_grow_(r, size);
	memcpy(r->items + ((r->head + r->count++) & (r->cap - 1)) * size, item, size);
}

/* Takes the oldest; false when there is none. */
static inline bool ring_pop(struct ring *r, void *item, size_t size)
{
	if (r->count == 0)
		return false;
	memcpy(item, r->items + r->head * size, size);
	r->head = (r->head + 1) & (r->cap - 1);
	r->count--;
	return true;
}

#endif
