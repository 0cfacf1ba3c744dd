/*
 * arena.c: memory thrown away whole. Blocks are chained, the newest first; each new one is twice
 * as large up to BLOCK_MAX. What is larger than a quarter of that gets a block of its own behind
 * the newest, so that the room left in the newest is not lost.
 *
 * Under AddressSanitizer the unused part of a block is poisoned and a gap is left after each
 * allocation, so that writing past the end is found here as on the heap. Pure; an arena belongs to
 * one thread at a time. It grows as far as its owner lets it.
 */
#include "hearth/arena.h"
#include "hearth/buf.h"
#include "hearth/log.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(ARENA_ASAN)
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#define GAP            16
#else
#define POISON(p, n)   ((void)0)
#define UNPOISON(p, n) ((void)0)
#define GAP            0
#endif

#define ALIGN     16
#define BLOCK_MIN 2048
#define BLOCK_MAX 65536

struct block {
	struct block *next; /* the older one */
	size_t size;        /* bytes in data */
	size_t used;
	_Alignas(ALIGN) char data[];
};

struct link {
	struct link *next;
	struct buf *buf;
};

struct arena {
	struct block *blocks; /* the newest, where small allocations go */
	struct link *links;
	size_t block_size; /* of the next block */
	size_t size;       /* bytes of all blocks */
};

struct arena *arena_new(void)
{
	struct arena *a = mem_zalloc(sizeof(*a));

	a->block_size = BLOCK_MIN;
	return a;
}

static void block_free(struct arena *a, struct block *b)
{
	a->size -= sizeof(*b) + b->size;
	UNPOISON(b->data, b->size);
	free(b);
}

static void drop_links(struct arena *a)
{
	for (struct link *l = a->links; l; l = l->next)
		buf_unref(&l->buf);
	a->links = NULL;
}

void arena_reset(struct arena *a)
{
	struct block *kept = NULL;

	drop_links(a);
	for (struct block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		if (kept || b->size > BLOCK_MAX)
			block_free(a, b);
		else
			kept = b;
	}
	a->blocks = kept;
	if (kept) {
		kept->next = NULL;
		kept->used = 0;
		POISON(kept->data, kept->size);
	}
}

void arena_free(struct arena **a)
{
	if (!*a)
		return;
	drop_links(*a);
	for (struct block *b = (*a)->blocks, *next; b; b = next) {
		next = b->next;
		block_free(*a, b);
	}
	free(*a);
	*a = NULL;
}

static struct block *block_new(struct arena *a, size_t size)
{
	struct block *b = mem_alloc(sizeof(*b) + size);

	*b = (struct block){ .size = size };
	POISON(b->data, size);
	a->size += sizeof(*b) + size;
	return b;
}

/* A block with room for `need` bytes: the newest, or a new one. */
static struct block *block_for(struct arena *a, size_t need)
{
	struct block *newest = a->blocks, **at = &a->blocks, *b;

	if (newest && newest->size - newest->used >= need)
		return newest;
	if (need > BLOCK_MAX / 4) {
		b = block_new(a, need);
		at = newest ? &newest->next : at;
	} else {
		while (a->block_size < need)
			a->block_size *= 2;
		b = block_new(a, a->block_size);
		if (a->block_size < BLOCK_MAX)
			a->block_size *= 2;
	}
	b->next = *at;
	*at = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct block *b;
	size_t need;
	char *p;

	INVARIANT(n <= SIZE_MAX / 2);
	need = (n + GAP + ALIGN - 1) / ALIGN * ALIGN;
	b = block_for(a, need);
	p = b->data + b->used;
	b->used += need;
	UNPOISON(p, n);
	return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
	void *p = arena_alloc(a, n);

	return memset(p, 0, n);
}

void *arena_dup(struct arena *a, const void *p, size_t n)
{
	void *copy = arena_alloc(a, n);

	return n ? memcpy(copy, p, n) : copy;
}

char *arena_strdup(struct arena *a, struct slice s)
{
	char *copy = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}

struct slice arena_slice(struct arena *a, struct slice s)
{
	return slice_of(arena_dup(a, s.p, s.n), s.n);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	INVARIANT(n >= 0);
	text = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return text;
}

void arena_link(struct arena *a, struct buf *b)
{
	struct link *l = arena_alloc(a, sizeof(*l));

	l->buf = buf_ref(b);
	l->next = a->links;
	a->links = l;
}

size_t arena_size(const struct arena *a)
{
	return a->size;
}
