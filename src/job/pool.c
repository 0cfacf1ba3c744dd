/*
 * pool.c: a named set of worker threads with one bounded queue. A worker takes the oldest job, runs
 * it, and posts its `done` to the executor that asked.
 */
#include "job/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/job.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "job/compute.h"
#include "loop/executor.h"
#include "loop/ring.h"

struct pool_job {
	job_fn *work;
	done_fn *done; /* may be NULL */
	void *arg;
	struct exec *asker; /* where done runs; NULL without done */
};

struct pool {
	char name[12];
	int thread_count;
	size_t queue_max;
	struct metric *waiting, *jobs, *refused;
	pthread_mutex_t lock; /* for the rest */
	pthread_cond_t filled;
	struct ring queue; /* struct pool_job */
	int running;
	bool stopping;
	pthread_t threads[];
};

static void run_job(const struct pool_job *j)
{
	j->work(j->arg);
	if (j->done)
		exec_post_done(j->asker, j->done, j->arg, 0);
}

/* Takes the oldest job; false at the end. */
static bool take(struct pool *p, struct pool_job *j)
{
	bool taken;

	pthread_mutex_lock(&p->lock);
	while (p->queue.count == 0 && !p->stopping)
		pthread_cond_wait(&p->filled, &p->lock);
	taken = ring_pop(&p->queue, j, sizeof(*j));
	p->running += taken;
	pthread_mutex_unlock(&p->lock);
	return taken;
}

static void *worker_main(void *arg)
{
	struct pool *p = arg;
	struct pool_job j;

	pthread_setname_np(pthread_self(), p->name);
	compute_begin();
	while (take(p, &j)) {
		metric_add(p->waiting, -1);
		run_job(&j);
		metric_add(p->jobs, 1);
		pthread_mutex_lock(&p->lock);
		p->running--;
		pthread_mutex_unlock(&p->lock);
	}
	compute_end();
	return NULL;
}

struct pool *pool_new(const char *name, int threads, int queue_max)
{
	struct pool *p = mem_zalloc(sizeof(*p) + (size_t)threads * sizeof(pthread_t));
	char label[32];

	INVARIANT(threads > 0 && queue_max > 0 && strlen(name) < sizeof(p->name));
	snprintf(p->name, sizeof(p->name), "%s", name);
	snprintf(label, sizeof(label), "pool=\"%s\"", name);
	p->waiting = metric_gauge("hearth_pool_waiting", label, "Jobs that wait for a worker.");
	p->jobs = metric_counter("hearth_pool_jobs_total", label, "Jobs that workers have run.");
	p->refused = metric_counter(
		"hearth_pool_refused_total", label, "Jobs refused because the queue was full.");
	p->queue_max = (size_t)queue_max;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->filled, NULL);
	for (; p->thread_count < threads; p->thread_count++)
		if (pthread_create(&p->threads[p->thread_count], NULL, worker_main, p) != 0)
			log_fatal("job", "cannot start thread %d of pool %s", p->thread_count + 1,
				name);
	return p;
}

void pool_free(struct pool **pp)
{
	struct pool *p = *pp;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->filled);
	pthread_mutex_unlock(&p->lock);
	for (int i = 0; i < p->thread_count; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->filled);
	pthread_mutex_destroy(&p->lock);
	ring_free(&p->queue);
	free(p);
	*pp = NULL;
}

bool pool_busy(struct pool *p, int64_t *ended)
{
	bool busy;

	pthread_mutex_lock(&p->lock);
	busy = p->queue.count > 0 || p->running > 0;
	pthread_mutex_unlock(&p->lock);
	*ended += metric_value(p->jobs);
	return busy;
}

int job_run(struct pool *p, job_fn *work, done_fn *done, void *arg)
{
	struct pool_job j = { .work = work, .done = done, .arg = arg, .asker = exec_current() };
	bool full;

	INVARIANT(!done || j.asker);
	pthread_mutex_lock(&p->lock);
	full = p->queue.count >= p->queue_max;
	if (!full) {
		metric_add(p->waiting, 1);
		ring_push(&p->queue, &j, sizeof(j));
	}
	pthread_mutex_unlock(&p->lock);
	if (full)
		metric_add(p->refused, 1);
	else
		pthread_cond_signal(&p->filled);
	return full ? HEARTH_EBUSY : 0;
}
