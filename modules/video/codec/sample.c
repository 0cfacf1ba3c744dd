/*
 * sample.c: lists of samples: adding, moving the first of one to another, durations, freeing. Pure;
 * whoever owns a list bounds it.
 */
#include "codec/sample.h"

#include "hearth/arena.h"
#include "hearth/log.h"

#include <stdlib.h>

void media_samples_add(struct media_samples *list, struct media_sample s)
{
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 64;
		list->p = mem_realloc(list->p, list->cap * sizeof(*list->p));
	}
	list->p[list->n++] = s;
}

void media_samples_move(struct media_samples *to, struct media_samples *from, size_t n)
{
	INVARIANT(n <= from->n && to != from);
	for (size_t i = 0; i < n; i++)
		media_samples_add(to, from->p[i]);
	if (!n)
		return;
	from->n -= n;
	memmove(from->p, from->p + n, from->n * sizeof(*from->p));
}

void media_samples_set_durations(struct media_samples *list, size_t n, uint32_t lone)
{
	for (size_t i = 0; i < n; i++) {
		if (i + 1 < list->n)
			list->p[i].duration = (uint32_t)(list->p[i + 1].dts - list->p[i].dts);
		else
			list->p[i].duration = i ? list->p[i - 1].duration : lone;
	}
}

void media_samples_clear(struct media_samples *list)
{
	for (size_t i = 0; i < list->n; i++)
		buf_unref(&list->p[i].data);
	free(list->p);
	*list = (struct media_samples){ 0 };
}
