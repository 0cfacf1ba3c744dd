/*
 * exec.c: executors: posted functions, and executors with a thread of their own.
 *
 * Posting appends to an array under the executor's lock and wakes its thread if it was empty; the
 * thread takes the whole array at once, so the lock is held for moments only and a burst costs one
 * wake-up. What is posted meanwhile waits for the next round, after timers and sockets had theirs.
 */
#include "loop/executor.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "hearth/arena.h"
#include "hearth/log.h"
#include "hearth/metric.h"

#define KEEP_MAX 1024 /* posts: room that is kept after a burst */

static _Thread_local struct exec *current;
static _Thread_local bool running;

struct exec *exec_current(void)
{
	return current;
}

void exec_set_current(struct exec *e)
{
	current = e;
}

void exec_set_running(bool on)
{
	running = on;
}

bool exec_may_block(void)
{
	return !running;
}

int64_t exec_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void exec_init(struct exec *e, const char *name, void (*wake)(struct exec *e))
{
	char label[40];
	pthread_condattr_t attr;

	*e = (struct exec){ .wake = wake };
	snprintf(e->name, sizeof(e->name), "%s", name);
	pthread_mutex_init(&e->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&e->posted, &attr);
	pthread_condattr_destroy(&attr);
	snprintf(label, sizeof(label), "executor=\"%s\"", e->name);
	e->late = metric_counter(
		"hearth_loop_late_timers_total", label, "Timers that fired more than 20 ms late.");
}

void exec_close(struct exec *e)
{
	pthread_mutex_lock(&e->lock);
	e->closed = true;
	pthread_mutex_unlock(&e->lock);
}

static void posted_list_clear(struct posted_list *l)
{
	free(l->items);
	*l = (struct posted_list){ 0 };
}

void exec_clear(struct exec *e)
{
	pthread_mutex_lock(&e->lock);
	posted_list_clear(&e->waiting);
	pthread_mutex_unlock(&e->lock);
	posted_list_clear(&e->running);
	timer_heap_clear(&e->timers);
}

static void post(struct exec *e, struct posted p)
{
	struct posted_list *l = &e->waiting;

	pthread_mutex_lock(&e->lock);
	if (!e->closed) {
		if (l->count == l->cap) {
			l->cap = l->cap ? l->cap * 2 : 16;
			l->items = mem_realloc(l->items, l->cap * sizeof(struct posted));
		}
		l->items[l->count++] = p;
		if (l->count == 1)
			e->wake(e);
	}
	pthread_mutex_unlock(&e->lock);
}

void exec_post(struct exec *e, exec_fn *fn, void *arg)
{
	post(e, (struct posted){ .fn = fn, .arg = arg });
}

void exec_post_done(struct exec *e, done_fn *done, void *arg, int status)
{
	post(e, (struct posted){ .done = done, .arg = arg, .status = status });
}

void exec_run_posted(struct exec *e)
{
	struct posted_list batch;

	pthread_mutex_lock(&e->lock);
	batch = e->waiting;
	e->waiting = e->running;
	e->running = (struct posted_list){ 0 };
	pthread_mutex_unlock(&e->lock);

	for (size_t i = 0; i < batch.count; i++) {
		const struct posted *p = &batch.items[i];

		if (p->fn)
			p->fn(p->arg);
		else
			p->done(p->arg, p->status);
	}
	batch.count = 0;
	if (batch.cap > KEEP_MAX)
		posted_list_clear(&batch);
	e->running = batch;
}

/* ---- exec_call ---- */

struct call {
	exec_fn *fn;
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool over; /* lock */
};

static void run_call(void *arg)
{
	struct call *c = arg;

	c->fn(c->arg);
	pthread_mutex_lock(&c->lock);
	c->over = true;
	pthread_cond_signal(&c->ended);
	pthread_mutex_unlock(&c->lock);
}

void exec_call(struct exec *e, exec_fn *fn, void *arg)
{
	struct call c = { .fn = fn, .arg = arg };

	INVARIANT(e != current);
	pthread_mutex_init(&c.lock, NULL);
	pthread_cond_init(&c.ended, NULL);
	exec_post(e, run_call, &c);
	pthread_mutex_lock(&c.lock);
	while (!c.over)
		pthread_cond_wait(&c.ended, &c.lock);
	pthread_mutex_unlock(&c.lock);
	pthread_cond_destroy(&c.ended);
	pthread_mutex_destroy(&c.lock);
}

/* ---- an executor with a thread of its own ---- */

static void wake_thread(struct exec *e)
{
	pthread_cond_signal(&e->posted);
}

/* Waits until something was posted, a timer is due or the end was asked for; true at the end. */
static bool wait_for_work(struct exec *e)
{
	int64_t due_us = exec_next_due_us(e);
	struct timespec until = { .tv_sec = due_us / 1000000, .tv_nsec = due_us % 1000000 * 1000 };
	bool over;

	pthread_mutex_lock(&e->lock);
	while (e->waiting.count == 0 && !e->stopping) {
		if (due_us < 0)
			pthread_cond_wait(&e->posted, &e->lock);
		else if (pthread_cond_timedwait(&e->posted, &e->lock, &until) != 0)
			break;
	}
	over = e->stopping && e->waiting.count == 0;
	pthread_mutex_unlock(&e->lock);
	return over;
}

static void *thread_main(void *arg)
{
	struct exec *e = arg;

	pthread_setname_np(pthread_self(), e->name);
	exec_set_current(e);
	exec_set_running(true);
	while (!wait_for_work(e)) {
		exec_run_posted(e);
		exec_run_timers(e);
	}
	exec_clear(e);
	return NULL;
}

struct exec *exec_new(const char *name)
{
	struct exec *e = mem_alloc(sizeof(*e));

	exec_init(e, name, wake_thread);
	if (pthread_create(&e->thread, NULL, thread_main, e) != 0)
		log_fatal("loop", "cannot start a thread for executor %s", name);
	return e;
}

void exec_free(struct exec **ep)
{
	struct exec *e = *ep;

	if (!e)
		return;
	INVARIANT(e != current && e != exec_loop());
	pthread_mutex_lock(&e->lock);
	e->stopping = true;
	pthread_cond_signal(&e->posted);
	pthread_mutex_unlock(&e->lock);
	pthread_join(e->thread, NULL);
	pthread_cond_destroy(&e->posted);
	pthread_mutex_destroy(&e->lock);
	free(e);
	*ep = NULL;
}
