/*
 * mem.c: heap memory that ends the process rather than return NULL. Every allocation of the
 * program goes through here or through an arena, which stands on it.
 */
#include "hearth/arena.h"
#include "hearth/log.h"

#include <stdlib.h>

static void *mem_check(void *p, size_t n)
{
	if (!p)
		log_fatal("memory", "no memory for %zu bytes", n);
	return p;
}

void *mem_alloc(size_t n)
{
	return mem_check(malloc(n ? n : 1), n);
}

void *mem_zalloc(size_t n)
{
	return mem_check(calloc(1, n ? n : 1), n);
}

void *mem_realloc(void *p, size_t n)
{
	return mem_check(realloc(p, n ? n : 1), n);
}

char *mem_strdup(struct slice s)
{
	char *copy = mem_alloc(s.n + 1);

	if (s.n)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}
