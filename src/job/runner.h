/*
 * runner.h: something that runs on a pool when it is woken, for src/ only.
 *
 *   asleep ──wake──▶ queued ──a worker is free──▶ running ──run() is false──▶ asleep
 *                      ▲                             │
 *                      └── run() is true, or woken ──┘
 *
 * A wake is never lost: after it, run() begins at least once more. Up to `limit` run at once.
 */
#ifndef HEARTH_SRC_RUNNER_H
#define HEARTH_SRC_RUNNER_H

#include <pthread.h>
#include <stdbool.h>

#include "hearth/job.h"

struct runner {
	struct pool *pool;
	bool (*run)(void *arg); /* on a worker; true: there is more to do */
	void *arg;
	int limit;

	pthread_mutex_t lock; /* for the rest */
	pthread_cond_t quiet;
	int active; /* queued and running */
	bool woken; /* while all of them were active */
	bool stopping;
};

void runner_init(struct runner *r, struct pool *pool, int limit, bool (*run)(void *arg), void *arg);
/*
 * Any thread; does not block. When the pool is full it may do nothing: something has to wake anew.
 */
void runner_wake(struct runner *r);
/* From now on wakes do nothing. Any thread. */
void runner_stop(struct runner *r);
/* After runner_stop: waits until none runs, then frees what runner_init made. */
void runner_clear(struct runner *r);

#endif
