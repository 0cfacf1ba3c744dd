/*
 * arena.h: memory thrown away whole.
 *
 * One arena a request, command or job: what it allocates lives until arena_reset or arena_free.
 * An arena belongs to one thread at a time and is handed over, never shared. When the system has
 * no memory the process ends: there is no NULL to check.
 */
#ifndef HEARTH_ARENA_H
#define HEARTH_ARENA_H

#include "hearth/str.h"

struct arena;
struct buf;

/* A new arena. Nothing is allocated from the system until the first allocation. */
struct arena *arena_new(void);
/* Frees all of it and sets *a to NULL; releases the buffers that were linked to it. */
void arena_free(struct arena **a);
/* Frees what was allocated and keeps one block for the next use. */
void arena_reset(struct arena *a);
/* `n` bytes, aligned for any type: not cleared; cleared. Never NULL, also for n == 0. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_zalloc(struct arena *a, size_t n);
/* Copies: bytes; a slice as NUL-terminated string; formatted text. */
void *arena_dup(struct arena *a, const void *p, size_t n);
char *arena_strdup(struct arena *a, struct slice s);
struct slice arena_slice(struct arena *a, struct slice s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Keeps a reference of its own to `b` until the arena is reset or freed. */
void arena_link(struct arena *a, struct buf *b);
/* Bytes taken from the system, for limits and metrics. */
size_t arena_size(const struct arena *a);

/* One zeroed struct from an arena. */
#define ARENA_NEW(a, type) ((type *)arena_zalloc((a), sizeof(type)))

/* Heap memory that ends the process rather than return NULL; freed with free(). */
void *mem_alloc(size_t n);
void *mem_zalloc(size_t n);
void *mem_realloc(void *p, size_t n);
char *mem_strdup(struct slice s);

#endif
