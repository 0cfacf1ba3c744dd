/*
 * batch.c: a batch's beginning and end: made on the lane's worker, and, where the subscription has
 * an `after` or `everywhere`, freed on the loop.
 */
#include "bus/batch.h"

#include <stdlib.h>

#include "hearth/exec.h"
#include "hearth/log.h"

struct batch *batch_new(struct lane *l)
{
	struct arena *a = arena_new();
	struct batch *b = ARENA_NEW(a, struct batch);

	b->lane = l;
	b->arena = a;
	b->failed_at = -1;
	return b;
}

static void batch_free(struct batch *b)
{
	struct arena *a = b->arena;

	arena_free(&a);
}

/* On the loop. */
static void run_afters(void *arg)
{
	struct lane *l = arg;
	struct batch *b = atomic_load(&l->afters);

	INVARIANT(b && b->lane == l);
	if (l->stopped)
		return;
	if (b->missed)
		l->subscription->everywhere(l->module, NULL);
	for (int i = 0; i < b->applied || i < b->told; i++) {
		if (i < b->applied && l->subscription->after)
			l->subscription->after(l->module, &b->events[i]);
		if (i < b->told && l->subscription->everywhere)
			l->subscription->everywhere(l->module, &b->events[i]);
	}
	batch_free(b);
	atomic_store(&l->afters, NULL);
	runner_wake(&l->runner);
}

void batch_end(struct batch *b)
{
	struct lane *l = b->lane;
	struct exec *loop = exec_loop();

	const struct bus_subscription *s = l->subscription;
	bool calls = b->missed || (b->applied > 0 && s->after) || (b->told > 0 && s->everywhere);

	if (calls && loop) {
		INVARIANT(!atomic_load(&l->afters)); /* lane_run does not begin before */
		atomic_store(&l->afters, b);
		exec_post(loop, run_afters, l);
	} else {
		batch_free(b);
	}
}

void lane_free(struct lane *l)
{
	struct batch *b = atomic_load(&l->afters);

	if (b)
		batch_free(b);
	free(l);
}
