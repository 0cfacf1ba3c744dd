/*
 * strbuf.c: text under construction. The invariant: p is NULL and cap 0, or n < cap and p[n] is
 * NUL, so that p is a C string at every moment. Pure.
 */
#include "hearth/arena.h"
#include "hearth/log.h"

#include <stdio.h>
#include <stdlib.h>

#define STRBUF_CAP_MIN 64

void strbuf_free(struct strbuf *b)
{
	free(b->p);
	*b = (struct strbuf){ 0 };
}

void strbuf_reset(struct strbuf *b)
{
	b->n = 0;
	if (b->p)
		b->p[0] = '\0';
}

char *strbuf_reserve(struct strbuf *b, size_t extra)
{
	INVARIANT(extra < SIZE_MAX / 4 - b->n);
	if (b->n + extra >= b->cap) {
		size_t cap = b->cap ? b->cap : STRBUF_CAP_MIN;

		while (cap <= b->n + extra)
			cap *= 2;
		b->p = mem_realloc(b->p, cap);
		b->cap = cap;
		b->p[b->n] = '\0';
	}
	return b->p + b->n;
}

void strbuf_commit(struct strbuf *b, size_t n)
{
	INVARIANT(n == 0 || n < b->cap - b->n);
	b->n += n;
	if (b->p)
		b->p[b->n] = '\0';
}

void strbuf_add(struct strbuf *b, struct slice s)
{
	char *to = strbuf_reserve(b, s.n);

	if (s.n)
		memcpy(to, s.p, s.n);
	strbuf_commit(b, s.n);
}

void strbuf_adds(struct strbuf *b, const char *s)
{
	strbuf_add(b, slice_str(s));
}

void strbuf_addc(struct strbuf *b, char c)
{
	char *to = strbuf_reserve(b, 1);

	to[0] = c;
	to[1] = '\0';
	b->n++;
}

void strbuf_printf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vprintf(b, fmt, ap);
	va_end(ap);
}

void strbuf_vprintf(struct strbuf *b, const char *fmt, va_list ap)
{
	char *to = strbuf_reserve(b, 0);
	size_t room = b->cap - b->n;
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(to, room, fmt, ap);
	INVARIANT(n >= 0);
	if ((size_t)n >= room)
		vsnprintf(strbuf_reserve(b, (size_t)n), (size_t)n + 1, fmt, again);
	va_end(again);
	strbuf_commit(b, (size_t)n);
}

void strbuf_consume(struct strbuf *b, size_t n)
{
	if (n >= b->n) {
		strbuf_reset(b);
		return;
	}
	b->n -= n;
	memmove(b->p, b->p + n, b->n + 1);
}
