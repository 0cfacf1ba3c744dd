/*
 * job.h: port: work that blocks or is heavy.
 *
 * Two things. A *pool* is a named set of worker threads that run plain synchronous functions. A
 * *durable queue* is work that must survive a crash: a row in the database of the module that owns
 * it, taken by workers under a lease.
 *
 * What is promised (and what a second implementation must keep)
 *   order       A pool starts jobs in the order they were queued; they end in any order. A queue
 *               hands out ready tasks by priority (higher first), then by age.
 *   durability  job_run: none, a crash forgets it. queue_push: the task is there exactly when the
 *               transaction it was pushed in is.
 *   delivery    A task is handed out at least once, to one worker at a time as long as the lease
 *               lasts. Its effect happens once if the handler completes it (queue_complete) in the
 *               transaction of that effect: a worker whose lease was lost gets HEARTH_ECONFLICT
 *               there and must roll back.
 *   visibility  A task can be handed out as soon as its transaction is committed.
 * On several nodes the queue lives in the shared database (SELECT … FOR UPDATE SKIP LOCKED) and
 * pools stay local; nothing here needs more than clocks that agree to well within a lease, and a
 * look at the table every second, since a commit on another node wakes nobody here.
 */
#ifndef HEARTH_JOB_H
#define HEARTH_JOB_H

#include "hearth/arena.h"
#include "hearth/exec.h"

struct db;
struct db_tx;

/* ---- pools ---- */

struct pool;

typedef void job_fn(void *arg);              /* on a worker */
typedef void done_fn(void *arg, int status); /* on the executor that asked */

/* Starts a pool with this many threads; at most queue_max jobs wait. Names are at most 11 bytes. */
struct pool *pool_new(const char *name, int threads, int queue_max);
/* Runs the jobs that wait, ends the threads, sets *p to NULL. */
void pool_free(struct pool **p);

/*
 * Runs work(arg) on a worker, then done(arg, 0) on the calling executor (`done` may be NULL).
 * Returns 0, or HEARTH_EBUSY when the queue is full: then neither is called. From an executor, or
 * from any thread when `done` is NULL.
 */
int job_run(struct pool *p, job_fn *work, done_fn *done, void *arg);

/*
 * Runs fn(arg), which computes for long, on a thread that stands back (nice 10) where processors
 * are scarce, and waits for it. From a job of a pool; elsewhere it runs fn itself. fn takes no
 * lock, allocates nothing and touches no memory for the first time: a thread that lacks a processor
 * while it holds a lock, be it the allocator's or the kernel's, holds up whoever wants that next.
 */
void job_compute(job_fn *fn, void *arg);

/* ---- durable queues ---- */

struct queue_task {
	int64_t id;
	const char *queue;
	struct slice key;     /* as pushed: unique among the tasks of its queue that are not done */
	struct slice payload; /* as pushed; the handler's own format */
	int attempt;          /* 1 for the first time it is handed out */
	int64_t lease;        /* proof of ownership for queue_complete */
};

/*
 * Handles one task; on a worker of the consumer's pool, with an arena that is reset afterwards.
 * 0: done (completed here if the handler did not do it in a transaction of its own).
 * < 0: failed; it is handed out again after a growing delay, and after attempts_max it is kept as
 * dead and logged. So is a task whose last attempt never ended (the process died, the lease ran
 * out): its handler does not hear of that.
 */
typedef int queue_fn(void *module, const struct queue_task *task, struct arena *a);

/* A module's table of the queues it consumes; ends with name == NULL. */
struct queue_consumer {
	const char *name;     /* "video.transcode" */
	const char *database; /* the module's database that holds it */
	const char *pool;     /* "work" or another pool the kernel has */
	int concurrency;      /* tasks in hand at once */
	int64_t lease_ms;     /* a worker must be done, or extend, within this */
	int attempts_max;
	queue_fn *handle;
};

/*
 * Adds a task within a transaction. A task with this key that is not done yet stays as it is and
 * gives HEARTH_EEXIST. not_before_ms is wall time, 0 for at once.
 */
int queue_push(struct db_tx *tx, const char *queue, struct slice key, struct slice payload,
	int priority, int64_t not_before_ms);
/* Ends a task within the transaction of its effect; HEARTH_ECONFLICT when the lease was lost. */
int queue_complete(struct db_tx *tx, const struct queue_task *task);
/*
 * Prolongs the lease from now by lease_ms; blocks: workers only. HEARTH_ECONFLICT when it was lost.
 */
int queue_extend(struct db *db, const struct queue_task *task, int64_t lease_ms);
/* Tasks that wait or are in hand, and dead ones; within a transaction. */
int queue_count(struct db_tx *tx, const char *queue, int64_t *open, int64_t *dead);

#endif
