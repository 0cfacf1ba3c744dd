/*
 * waiting.c: what waits for a database: functions queued by any thread, taken by the engine's
 * threads that write and by the readers (reader.c), and answered. WAITING_MAX may wait for one
 * database; then it is "busy", or who may block waits.
 */
#include <stdlib.h>
#include <time.h>

#include "db/engine.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"

static _Thread_local bool database_thread;

void db_thread_enter(void)
{
	database_thread = true;
}

/* ---- waiting for an answer ---- */

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t answered;
	bool over;  /* lock */
	int status; /* lock */
};

void db_answer(struct db *db, const struct db_job *job, int status)
{
	struct waiter *w = job->waiter;

	if (w) {
		pthread_mutex_lock(&w->lock);
		w->over = true;
		w->status = status;
		pthread_cond_signal(&w->answered);
		pthread_mutex_unlock(&w->lock);
	} else if (job->done) {
		exec_post_done(job->asker, job->done, job->arg, status);
	}
	atomic_fetch_add(&db->answered, 1);
}

static int wait_for_answer(struct waiter *w)
{
	pthread_mutex_lock(&w->lock);
	while (!w->over)
		pthread_cond_wait(&w->answered, &w->lock);
	pthread_mutex_unlock(&w->lock);
	pthread_cond_destroy(&w->answered);
	pthread_mutex_destroy(&w->lock);
	return w->status;
}

/* ---- queueing ---- */

static int queue_write(struct db *db, const struct db_job *job, bool wait)
{
	int rc = 0;

	pthread_mutex_lock(&db->lock);
	while (wait && !db->closing && db->writing.count >= WAITING_MAX)
		pthread_cond_wait(&db->room, &db->lock);
	if (db->closing)
		rc = HEARTH_ECLOSED;
	else if (db->writing.count >= WAITING_MAX)
		rc = HEARTH_EBUSY;
	if (rc == 0) {
		metric_add(db->waiting, 1);
		atomic_fetch_add(&db->asked, 1);
		ring_push(&db->writing, job, sizeof(*job));
		wakeup_note(&db->wake);
	}
	pthread_mutex_unlock(&db->lock);
	if (rc == 0)
		wakeup_noted(&db->wake);
	return rc;
}

bool db_busy(struct db *db, int64_t *ended)
{
	long long answered = atomic_load(&db->answered);

	*ended += answered;
	return atomic_load(&db->asked) != answered;
}

int db_write(struct db *db, db_fn *fn, done_fn *done, void *arg)
{
	struct db_job job = { .fn = fn, .arg = arg, .done = done, .asker = exec_current() };

	INVARIANT(!done || job.asker);
	return queue_write(db, &job, false);
}

int db_write_to(struct db *db, struct exec *to, db_fn *fn, done_fn *done, void *arg)
{
	struct db_job job = { .fn = fn, .arg = arg, .done = done, .asker = to };

	return queue_write(db, &job, false);
}

int db_read(struct db *db, db_fn *fn, done_fn *done, void *arg)
{
	struct db_job job = { .fn = fn, .arg = arg, .done = done, .asker = exec_current() };

	INVARIANT(!done || job.asker);
	return readers_queue(db, &job, false);
}

int db_read_long(struct db *db, int64_t owner, db_fn *fn, done_fn *done, void *arg)
{
	struct db_job job = { .fn = fn, .arg = arg, .done = done, .asker = exec_current() };

	INVARIANT(!done || job.asker);
	return readers_queue_long(db, owner, &job, false);
}

static void waiter_init(struct waiter *w)
{
	INVARIANT(exec_may_block() && !database_thread);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->answered, NULL);
}

int db_write_wait(struct db *db, db_fn *fn, void *arg)
{
	struct waiter w = { .over = false };
	struct db_job job = { .fn = fn, .arg = arg, .waiter = &w };
	int rc;

	waiter_init(&w);
	rc = queue_write(db, &job, true);
	return rc < 0 ? rc : wait_for_answer(&w);
}

int db_read_wait(struct db *db, db_fn *fn, void *arg)
{
	struct waiter w = { .over = false };
	struct db_job job = { .fn = fn, .arg = arg, .waiter = &w };
	int rc;

	waiter_init(&w);
	rc = readers_queue(db, &job, true);
	return rc < 0 ? rc : wait_for_answer(&w);
}

int db_read_begin(struct db *db, db_fn *fn, void *arg, struct waiter **out)
{
	struct waiter *w = mem_zalloc(sizeof(*w));
	struct db_job job = { .fn = fn, .arg = arg, .waiter = w };
	int rc;

	waiter_init(w);
	rc = readers_queue(db, &job, false);
	if (rc < 0) {
		free(w);
		w = NULL;
	}
	*out = w;
	return rc;
}

int db_wait(struct waiter **w)
{
	int status = wait_for_answer(*w);

	free(*w);
	*w = NULL;
	return status;
}

int db_read_long_wait(struct db *db, int64_t owner, db_fn *fn, void *arg)
{
	struct waiter w = { .over = false };
	struct db_job job = { .fn = fn, .arg = arg, .waiter = &w };
	int rc;

	waiter_init(&w);
	rc = readers_queue_long(db, owner, &job, true);
	return rc < 0 ? rc : wait_for_answer(&w);
}

void db_refuse_more(struct db *db)
{
	INVARIANT(!database_thread);
	pthread_mutex_lock(&db->lock);
	db->closing = true;
	pthread_cond_broadcast(&db->filled);
	pthread_cond_broadcast(&db->room);
	pthread_mutex_unlock(&db->lock);
}

/* ---- taking what waits, for engines ---- */

bool db_take(struct db *db, struct db_job *job, bool *more)
{
	bool taken;

	pthread_mutex_lock(&db->lock);
	taken = ring_pop(&db->writing, job, sizeof(*job));
	*more = db->writing.count > 0;
	if (taken)
		pthread_cond_signal(&db->room);
	pthread_mutex_unlock(&db->lock);
	if (taken)
		metric_add(db->waiting, -1);
	return taken;
}

bool db_stays_quiet(struct db *db, int ms)
{
	struct timespec end;
	bool quiet;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += ms / 1000;
	pthread_mutex_lock(&db->lock);
	while (db->writing.count == 0 && !db->closing &&
		pthread_cond_clockwait(&db->filled, &db->lock, CLOCK_MONOTONIC, &end) == 0)
		;
	quiet = db->writing.count == 0 && !db->closing;
	pthread_mutex_unlock(&db->lock);
	return quiet;
}

bool db_wait_for_work(struct db *db)
{
	bool there;

	pthread_mutex_lock(&db->lock);
	while (db->writing.count == 0 && !db->closing)
		pthread_cond_wait(&db->filled, &db->lock);
	there = db->writing.count > 0;
	pthread_mutex_unlock(&db->lock);
	return there;
}
