/*
 * timer.c: the timers of an executor: a binary heap ordered by due time. Everything here runs on
 * the executor's own thread.
 */
#include "loop/executor.h"

#include <stdlib.h>

#include "hearth/log.h"
#include "hearth/metric.h"

static void put(struct timer_heap *h, uint32_t slot, struct timer *t)
{
	h->items[slot] = t;
	t->slot = slot;
}

/* Moves the timer at `slot` towards the top while it is due before its parent. */
static void sift_up(struct timer_heap *h, uint32_t slot)
{
	struct timer *t = h->items[slot];

	while (slot > 0) {
		uint32_t parent = (slot - 1) / 2;

		if (h->items[parent]->due_us <= t->due_us)
			break;
		put(h, slot, h->items[parent]);
		slot = parent;
	}
	put(h, slot, t);
}

/* Moves the timer at `slot` towards the leaves while a child is due before it. */
static void sift_down(struct timer_heap *h, uint32_t slot)
{
	struct timer *t = h->items[slot];

	for (;;) {
		uint32_t child = 2 * slot + 1;

		if (child >= h->count)
			break;
		if (child + 1 < h->count && h->items[child + 1]->due_us < h->items[child]->due_us)
			child++;
		if (t->due_us <= h->items[child]->due_us)
			break;
		put(h, slot, h->items[child]);
		slot = child;
	}
	put(h, slot, t);
}

static void heap_add(struct timer_heap *h, struct timer *t)
{
	if (h->count == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 16;
		h->items = mem_realloc(h->items, h->cap * sizeof(struct timer *));
	}
	put(h, h->count++, t);
	sift_up(h, t->slot);
}

static void heap_remove(struct timer_heap *h, struct timer *t)
{
	uint32_t slot = t->slot;
	struct timer *last = h->items[--h->count];

	if (last == t)
		return;
	put(h, slot, last);
	sift_up(h, slot);
	sift_down(h, last->slot);
}

void timer_heap_clear(struct timer_heap *h)
{
	for (uint32_t i = 0; i < h->count; i++)
		h->items[i]->owner = NULL;
	free(h->items);
	*h = (struct timer_heap){ 0 };
}

void timer_start(struct timer *t, int64_t delay_ms, int64_t repeat_ms, exec_fn *fn, void *arg)
{
	struct exec *e = exec_current();

	INVARIANT(e && delay_ms >= 0 && repeat_ms >= 0);
	timer_stop(t);
	*t = (struct timer){
		.owner = e,
		.due_us = exec_now_us() + delay_ms * 1000,
		.repeat_ms = repeat_ms,
		.fn = fn,
		.arg = arg,
	};
	heap_add(&e->timers, t);
}

void timer_stop(struct timer *t)
{
	if (!t->owner)
		return;
	INVARIANT(t->owner == exec_current());
	heap_remove(&t->owner->timers, t);
	t->owner = NULL;
}

int64_t exec_next_due_us(const struct exec *e)
{
	return e->timers.count ? e->timers.items[0]->due_us : -1;
}

/* Takes a timer off, or sets it to its next time, before its function runs: that may free it. */
static void fire(struct exec *e, struct timer *t, int64_t now_us)
{
	exec_fn *fn = t->fn;
	void *arg = t->arg;

	if (now_us - t->due_us > STALL_US)
		metric_add(e->late, 1);
	metric_observe(e->lag, (double)(now_us - t->due_us) / 1e6);
	heap_remove(&e->timers, t);
	if (t->repeat_ms > 0) {
		t->due_us += t->repeat_ms * 1000;
		if (t->due_us <= now_us)
			t->due_us = now_us + t->repeat_ms * 1000;
		heap_add(&e->timers, t);
	} else {
		t->owner = NULL;
	}
	fn(arg);
}

/* Only what was due at the beginning: a timer that starts itself anew cannot starve the rest. */
void exec_run_timers(struct exec *e)
{
	int64_t until_us = exec_now_us();

	while (e->timers.count && e->timers.items[0]->due_us <= until_us)
		fire(e, e->timers.items[0], exec_now_us());
}
