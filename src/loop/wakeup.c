/*
 * wakeup.c: whom the calling thread is to wake (wakeup.h): a few places in its own memory. WAKEUPS_MAX are
 * noted; who comes on top of them is woken at once. Any thread, each with its own list.
 */
#include "loop/wakeup.h"

#include <sched.h>

#include "hearth/log.h"
#include "loop/executor.h"

#define WAKEUPS_MAX 16

static _Thread_local struct {
	struct wakeup *noted[WAKEUPS_MAX];
	int count;
	bool gathers;
	int64_t first_us; /* when the first of them was noted */
} mine;

void wakeup_note(struct wakeup *w)
{
	atomic_fetch_add(&w->waiting, 1);
}

static void wake_one(struct wakeup *w)
{
	w->now(w);
	atomic_fetch_sub(&w->waiting, 1);
}

static bool is_noted(const struct wakeup *w)
{
	for (int i = 0; i < mine.count; i++)
		if (mine.noted[i] == w)
			return true;
	return false;
}

void wakeup_noted(struct wakeup *w)
{
	if (!mine.gathers || mine.count == WAKEUPS_MAX) {
		wake_one(w);
		return;
	}
	if (is_noted(w)) {
		atomic_fetch_sub(&w->waiting, 1);
		return;
	}
	if (mine.count == 0)
		mine.first_us = exec_now_us();
	mine.noted[mine.count++] = w;
}

void wakeup_all(void)
{
	int count = mine.count;

	mine.count = 0; /* `now` may not note any: it only wakes */
	for (int i = 0; i < count; i++)
		wake_one(mine.noted[i]);
}

void wakeup_late(void)
{
	if (mine.count && exec_now_us() - mine.first_us > WAKEUP_GATHER_US)
		wakeup_all();
}

void wakeup_gather(bool on)
{
	wakeup_all();
	mine.gathers = on;
}

void wakeup_wait(struct wakeup *w)
{
	INVARIANT(mine.count == 0);
	while (atomic_load(&w->waiting) > 0)
		sched_yield();
}
