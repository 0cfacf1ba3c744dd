/*
 * exec.c: executors: posted functions, and executors with a thread of their own.
 *
 * Posting appends to an array under the executor's lock and wakes its thread if it was empty
 * (wakeup.h); the thread takes the whole array at once, so the lock is held for moments only and a
 * burst costs one wake-up. What is posted meanwhile waits for the next round, after timers and sockets had theirs,
 * and so does what is left of the array after POSTED_US.
 */
#include "loop/executor.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "hearth/arena.h"
#include "hearth/list.h"
#include "hearth/log.h"
#include "hearth/metric.h"

#define KEEP_MAX  1024 /* posts: room that is kept after a burst */
#define BEAT_MS   100  /* a heartbeat while there is work, */
#define REST_MS   500  /* and while there is hardly any */
#define REST_PART 50   /* of the time is hardly any */
#define TURN_NS   500000
#define POSTED_US 6000

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
	wakeup_gather(on);
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

void exec_init(struct exec *e, const char *name, void (*wake)(struct wakeup *w))
{
	static const double bounds[] = { 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1 };
	char label[40];
	pthread_condattr_t attr;

	*e = (struct exec){ .wake = { .now = wake } };
	snprintf(e->name, sizeof(e->name), "%s", name);
	pthread_mutex_init(&e->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&e->posted, &attr);
	pthread_condattr_destroy(&attr);
	snprintf(label, sizeof(label), "executor=\"%s\"", e->name);
	e->late = metric_counter(
		"hearth_loop_late_timers_total", label, "Timers that fired more than 20 ms late.");
	e->lag = metric_histogram("hearth_loop_lag_seconds", label,
		"How late timers fired; a heartbeat is among them, ten times a second where there "
		"is work.",
		bounds, sizeof(bounds) / sizeof(bounds[0]));
	e->stall.schedstat = -1;
}

/* timer.c has noted how late it is. Where hardly anything happens nobody need wake often for it. */
static void beat(void *arg)
{
	struct exec *e = arg;
	int64_t worked_us = e->stall.cpu_us - e->beat_cpu_us;

	e->beat_ms = worked_us > e->beat_ms * 1000 / REST_PART ? BEAT_MS : REST_MS;
	e->beat_cpu_us = e->stall.cpu_us;
	timer_start(&e->beat, e->beat_ms, 0, beat, e);
}

/*
 * An executor runs for moments, often. Where the scheduler takes a thread's word for how long a
 * turn it wants (Linux 6.12), one that asks for short turns gets them sooner, also from a thread
 * that computes; its share of the processor is the same. Elsewhere the wish is refused or has no
 * effect.
 */
static void ask_for_short_turns(void)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} wish = { .policy = SCHED_OTHER, .runtime = TURN_NS };

	wish.size = sizeof(wish);
	wish.nice = getpriority(PRIO_PROCESS, (id_t)gettid());
	syscall(SYS_sched_setattr, 0, &wish, 0);
}

void exec_begin(struct exec *e)
{
	ask_for_short_turns();
	stall_init(&e->stall, e->name);
	e->beat_ms = BEAT_MS;
	timer_start(&e->beat, e->beat_ms, 0, beat, e);
}

void exec_close(struct exec *e)
{
	pthread_mutex_lock(&e->lock);
	e->closed = true;
	pthread_mutex_unlock(&e->lock);
	wakeup_wait(&e->wake);
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
	stall_clear(&e->stall);
}

/* Wakes without the lock: a thread that is woken, and runs at once, wants it. */
static void post(struct exec *e, struct posted p)
{
	struct posted_list *l = &e->waiting;
	bool wake;

	pthread_mutex_lock(&e->lock);
	if (!e->closed) {
		if (l->count == l->cap) {
			l->cap = l->cap ? l->cap * 2 : 16;
			l->items = mem_realloc(l->items, l->cap * sizeof(struct posted));
		}
		l->items[l->count++] = p;
	}
	wake = !e->closed && l->count == 1;
	if (wake)
		wakeup_note(&e->wake);
	pthread_mutex_unlock(&e->lock);
	if (wake)
		wakeup_noted(&e->wake);
}

void exec_post(struct exec *e, exec_fn *fn, void *arg)
{
	post(e, (struct posted){ .fn = fn, .arg = arg });
}

void exec_post_done(struct exec *e, done_fn *done, void *arg, int status)
{
	post(e, (struct posted){ .done = done, .arg = arg, .status = status });
}

/* Something that was taken has not run yet. */
static bool has_running(const struct exec *e)
{
	return e->running.at < e->running.count;
}

static void take_waiting(struct exec *e)
{
	struct posted_list empty = e->running;

	pthread_mutex_lock(&e->lock);
	e->running = e->waiting;
	e->waiting = empty;
	pthread_mutex_unlock(&e->lock);
}

void exec_run_posted(struct exec *e)
{
	int64_t until_us = exec_now_us() + POSTED_US;
	struct posted_list *l = &e->running;

	bool rest = has_running(e);

	if (!rest)
		take_waiting(e);
	while (has_running(e)) {
		const struct posted *p = &l->items[l->at++];

		if (p->fn)
			p->fn(p->arg);
		else
			p->done(p->arg, p->status);
		if (exec_now_us() > until_us)
			break;
		wakeup_late();
	}
	if (!has_running(e)) {
		l->count = l->at = 0;
		if (l->cap > KEEP_MAX)
			posted_list_clear(l);
	}
	/* What was posted meanwhile has woken us, but for this run. */
	if (rest || has_running(e))
		e->wake.now(&e->wake);
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
	wakeup_all();
	pthread_mutex_lock(&c.lock);
	while (!c.over)
		pthread_cond_wait(&c.ended, &c.lock);
	pthread_mutex_unlock(&c.lock);
	pthread_cond_destroy(&c.ended);
	pthread_mutex_destroy(&c.lock);
}

/* ---- an executor with a thread of its own ---- */

static void wake_thread(struct wakeup *w)
{
	pthread_cond_signal(&LIST_ENTRY(w, struct exec, wake)->posted);
}

/*
 * Waits until something was posted, a timer is due or the end was asked for; true at the end. Adds
 * to idle_us how long it waited.
 */
static bool wait_for_work(struct exec *e, int64_t *idle_us)
{
	int64_t since_us = exec_now_us();
	int64_t due_us = exec_next_due_us(e);
	struct timespec until = { .tv_sec = due_us / 1000000, .tv_nsec = due_us % 1000000 * 1000 };
	bool over;

	pthread_mutex_lock(&e->lock);
	while (e->waiting.count == 0 && !has_running(e) && !e->stopping) {
		if (due_us < 0)
			pthread_cond_wait(&e->posted, &e->lock);
		else if (pthread_cond_timedwait(&e->posted, &e->lock, &until) != 0)
			break;
	}
	over = e->stopping && e->waiting.count == 0 && !has_running(e);
	pthread_mutex_unlock(&e->lock);
	*idle_us += exec_now_us() - since_us;
	return over;
}

static void *thread_main(void *arg)
{
	struct exec *e = arg;
	int64_t idle_us = 0;

	pthread_setname_np(pthread_self(), e->name);
	exec_set_current(e);
	exec_set_running(true);
	exec_begin(e);
	while (!wait_for_work(e, &idle_us)) {
		exec_run_posted(e);
		exec_run_timers(e);
		stall_round(&e->stall, idle_us);
		wakeup_all();
	}
	exec_set_running(false);
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
	wakeup_all();
	wakeup_wait(&e->wake);
	pthread_cond_destroy(&e->posted);
	pthread_mutex_destroy(&e->lock);
	free(e);
	*ep = NULL;
}
