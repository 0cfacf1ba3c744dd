/*
 * exec.h: executors: where code runs.
 *
 * An executor is one thread that runs posted functions one at a time, in order, and keeps timers.
 * The main loop is one, and the only one that has sockets; a game shard is another. State that
 * belongs to an executor needs no lock. Functions on an executor must not block: what blocks is a
 * job for a worker (job.h), and its `done` comes back to the executor that asked.
 */
#ifndef HEARTH_EXEC_H
#define HEARTH_EXEC_H

#include <stdint.h>

struct exec;

typedef void exec_fn(void *arg);

/* The main loop's executor. Any thread. */
struct exec *exec_loop(void);
/* The executor whose thread this is; NULL on a worker or in a command without a loop. */
struct exec *exec_current(void);

/*
 * Microseconds in which the loop was there for people: runs as clock_mono_us does, but stands still
 * while the loop is held up or the process is stopped, since then nobody can be heard. What people
 * have a limited time for is measured by it. Any thread.
 */
int64_t exec_served_us(void);

/* Starts a thread of its own with this name (at most 15 characters). */
struct exec *exec_new(const char *name);
/*
 * Runs what is posted so far, drops timers, ends the thread, sets *e to NULL. Called from another
 * thread; legal on NULL.
 */
void exec_free(struct exec **e);

/*
 * Runs fn(arg) on `e` later: always queued, also when called on `e` itself. Any thread. Functions
 * posted by one thread run in the order they were posted.
 */
void exec_post(struct exec *e, exec_fn *fn, void *arg);
/*
 * As exec_post, and waits until it has run. From a thread that is not `e`'s; for start and tests.
 */
void exec_call(struct exec *e, exec_fn *fn, void *arg);

/*
 * A timer on the calling executor; the struct lies in its owner and starts zeroed. Timers are for
 * time-outs and schedules: they fire at or after their time, with a millisecond's grain.
 */
struct timer {
	struct exec *owner; /* NULL when not running */
	int64_t due_us;     /* monotonic */
	int64_t repeat_ms;  /* 0: once */
	exec_fn *fn;
	void *arg;
	uint32_t slot; /* place in the executor's heap */
};

/*
 * Starts, or starts anew, to fire after delay_ms and then, when repeat_ms > 0, every repeat_ms.
 * On an executor's own thread only.
 */
void timer_start(struct timer *t, int64_t delay_ms, int64_t repeat_ms, exec_fn *fn, void *arg);
/* Legal on a timer that is not running. After it returns, fn is not called again. */
void timer_stop(struct timer *t);

#endif
