/*
 * executor.h: executors from the inside, for src/ only.
 *
 * What the loop and an executor with a thread of its own have in common: a queue of posted
 * functions, filled by any thread, and a heap of timers that only the own thread touches. How the
 * thread waits and is woken differs: exec.c waits on a condition, loop.c in libuv's poll.
 */
#ifndef HEARTH_SRC_EXECUTOR_H
#define HEARTH_SRC_EXECUTOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "hearth/exec.h"
#include "hearth/job.h"
#include "loop/stall.h"
#include "loop/wakeup.h"

struct metric;

/* One posted function: either fn(arg) or done(arg, status). */
struct posted {
	exec_fn *fn;
	done_fn *done;
	void *arg;
	int status;
};

struct posted_list {
	struct posted *items;
	size_t count, cap;
	size_t at; /* as many of them have run */
};

/* A binary heap, the earliest on top; timers know their place in it. */
struct timer_heap {
	struct timer **items;
	uint32_t count, cap;
};

struct exec {
	char name[16];
	pthread_t thread;           /* of its own; unused by the loop */
	pthread_mutex_t lock;       /* for the fields down to the blank line */
	pthread_cond_t posted;      /* signalled by exec_signal */
	struct posted_list waiting; /* posted and not yet taken */
	bool stopping;              /* exec_free was called: run what waits, then end */
	bool closed;                /* nothing will run any more: posts are dropped */

	/* own thread only */
	struct posted_list running; /* taken, being run */
	struct timer_heap timers;
	struct metric *late; /* timers that fired late */
	struct metric *lag;  /* by how much each did */
	struct timer beat;   /* so that lag is seen when nothing else is due */
	int64_t beat_ms;     /* how far apart they are now */
	int64_t beat_cpu_us; /* what the thread had used at the last one */
	struct stall stall;

	struct wakeup wake; /* when the first function waits */
};

/* `wake` wakes the thread of `e`; called without the lock, by any thread. */
void exec_init(struct exec *e, const char *name, void (*wake)(struct wakeup *w));
/*
 * Begins the heartbeat and the watch for stalls, and asks the scheduler for short turns soon. On
 * the thread of `e`, which is current.
 */
void exec_begin(struct exec *e);
/* Drops what waits and the timers, and frees their memory. Own thread, or when that has ended. */
void exec_clear(struct exec *e);
/* From now on posts are dropped, and nobody is waking the thread any more. Any thread. */
void exec_close(struct exec *e);

/* Makes `e` the calling thread's executor, or takes it off again (NULL). */
void exec_set_current(struct exec *e);
/*
 * Whether the calling thread is in the middle of running an executor: it may not wait then, and
 * gathers whom it wakes (wakeup.h). It is not before loop_run, when modules start: there the waiting
 * calls are allowed, though the thread is the loop's.
 */
void exec_set_running(bool running);
/* False where waiting would hold up an executor. Any thread. */
bool exec_may_block(void);

/* Posts done(arg, status). Any thread. */
void exec_post_done(struct exec *e, done_fn *done, void *arg, int status);
/*
 * Runs what was posted up to now, as much of it as fits in a few milliseconds; the rest is next, in
 * the round that follows. And: runs the timers that are due. Own thread.
 */
void exec_run_posted(struct exec *e);
void exec_run_timers(struct exec *e);
/* Monotonic microseconds, real even under a faked clock; and when the next timer is due, or -1. */
int64_t exec_now_us(void);
int64_t exec_next_due_us(const struct exec *e);

/* The heap, for timer.c's callers in this folder. */
void timer_heap_clear(struct timer_heap *h);

#endif
