/*
 * runner.c: something that runs on a pool when it is woken. Waking is for any thread; `run` runs on
 * workers, at most `limit` at once.
 */
#include "job/runner.h"

void runner_init(struct runner *r, struct pool *pool, int limit, bool (*run)(void *arg), void *arg)
{
	*r = (struct runner){ .pool = pool, .limit = limit, .run = run, .arg = arg };
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->quiet, NULL);
}

static void run_once(void *arg);

/* With the lock held: hands one of the active to the pool, or gives it up. */
static void queue_one(struct runner *r)
{
	if (!r->stopping && job_run(r->pool, run_once, NULL, r) == 0)
		return;
	if (--r->active == 0)
		pthread_cond_broadcast(&r->quiet);
}

/* Whether run() is to leave things as they are. */
static bool is_stopping(struct runner *r)
{
	bool stopping;

	pthread_mutex_lock(&r->lock);
	stopping = r->stopping;
	pthread_mutex_unlock(&r->lock);
	return stopping;
}

static void run_once(void *arg)
{
	struct runner *r = arg;
	bool more = !is_stopping(r) && r->run(r->arg);

	pthread_mutex_lock(&r->lock);
	if (more || r->woken) {
		r->woken = false;
		queue_one(r);
	} else if (--r->active == 0) {
		pthread_cond_broadcast(&r->quiet);
	}
	pthread_mutex_unlock(&r->lock);
}

void runner_wake(struct runner *r)
{
	pthread_mutex_lock(&r->lock);
	if (r->active < r->limit) {
		r->active++;
		queue_one(r);
	} else {
		r->woken = true;
	}
	pthread_mutex_unlock(&r->lock);
}

void runner_stop(struct runner *r)
{
	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	pthread_mutex_unlock(&r->lock);
}

void runner_clear(struct runner *r)
{
	pthread_mutex_lock(&r->lock);
	while (r->active > 0)
		pthread_cond_wait(&r->quiet, &r->lock);
	pthread_mutex_unlock(&r->lock);
	pthread_cond_destroy(&r->quiet);
	pthread_mutex_destroy(&r->lock);
}
