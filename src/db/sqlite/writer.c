/*
 * writer.c: the one thread that writes a database. It commits in groups: an fsync takes a
 * millisecond or ten, a function some ten microseconds, so whoever waits while one commit is on its
 * way shares the next.
 *
 * The first of a group, if nobody waits behind it, needs no savepoint: nothing else is in the
 * transaction that its failure could undo.
 *
 *   idle ─▶ BEGIN ─▶ SAVEPOINT, function, RELEASE (or ROLLBACK TO) ─▶ … ─▶ COMMIT ─▶ answer ─▶ idle
 *                              │ the transaction is gone                      │ failed
 *                              └──────────▶ ROLLBACK ─▶ each alone, once ◀────┘
 *
 * Nobody is answered before the commit. When it fails, every function runs once more in a
 * transaction of its own, so that one that fills the disk does not take the others with it; what
 * fails again is answered HEARTH_EIO, or what the database has against it.
 *
 * All of it runs on the writer's thread.
 */
#include <stdio.h>

#include "db/identity.h"
#include "db/sqlite/work.h"
#include "hearth/error.h"
#include "hearth/health.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "hearth/room.h"

#define GROUP_MAX        256            /* functions in a commit */
#define FAILURES_TO_TELL 3              /* functions in a row, each alone */
#define GROUP_MAX_US     INT64_C(10000) /* after this no further one is begun: the first ones wait */

struct group {
	struct db_job jobs[GROUP_MAX];
	int status[GROUP_MAX];
	size_t count;
	uint64_t signals; /* of those that succeeded */
};

/* Takes the oldest function; *more says whether another one waits. */
static bool take(struct db *db, struct db_job *job, bool *more)
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

/* Waits for a first function; false at the end. */
static bool wait_for_work(struct db *db)
{
	bool there;

	pthread_mutex_lock(&db->lock);
	while (db->writing.count == 0 && !db->closing)
		pthread_cond_wait(&db->filled, &db->lock);
	there = db->writing.count > 0;
	pthread_mutex_unlock(&db->lock);
	return there;
}

/*
 * What is answered for a transaction that did not come to be: that the database refuses this very
 * work (it is damaged where the work goes, or a rule is broken) or, for all else, HEARTH_EIO.
 */
static int cause(int rc)
{
	return rc == HEARTH_ECORRUPT || rc == HEARTH_EINVAL || rc == HEARTH_ETOOBIG ? rc
										    : HEARTH_EIO;
}

/* For tests (HEARTH_DB_TWICE): a first run of which nothing is left but what it did elsewhere. */
static void run_and_undo(struct connection *c, struct db_tx *tx, const struct db_job *job)
{
	job->fn(tx, job->arg);
	connection_end_rows(c);
	if (connection_in_transaction(c))
		connection_run(c, "ROLLBACK TO job");
	tx->signals = 0;
}

/*
 * Runs one function under a savepoint of the open transaction. Its result, or with *lost set when
 * the whole transaction must be given up.
 */
static int run_in_savepoint(struct db *db, const struct db_job *job, uint64_t *signals, bool *lost)
{
	struct connection *c = db->writer;
	struct db_tx tx = { .db = db, .connection = c, .writes = true };
	int rc, ended;

	*lost = connection_run(c, "SAVEPOINT job") < 0;
	if (*lost)
		return HEARTH_EIO;
	if (db->twice)
		run_and_undo(c, &tx, job);
	rc = job->fn(&tx, job->arg);
	connection_end_rows(c);
	if (!connection_in_transaction(c)) {
		*lost = true;
		return HEARTH_EIO;
	}
	ended = rc < 0 ? connection_run(c, "ROLLBACK TO job") : 0;
	if (ended == 0)
		ended = connection_run(c, "RELEASE job");
	*lost = ended < 0;
	if (rc >= 0 && ended == 0)
		*signals |= tx.signals;
	return rc >= 0 && ended < 0 ? cause(ended) : rc;
}

/*
 * Says in health that nothing can be written, once that is no accident any more. What a transaction
 * was refused for by its own doing says nothing of others.
 */
static void judge_health(struct db *db, int status)
{
	char name[HEALTH_NAME_MAX + 1];

	if (status != 0 && status != HEARTH_EIO)
		return;
	snprintf(name, sizeof(name), "db.%s", db->name);
	if (status < 0 && ++db->failed_in_a_row == FAILURES_TO_TELL)
		health_set(name, "nothing can be written to %s.db; the log says why", db->name);
	if (status == 0 && db->failed_in_a_row >= FAILURES_TO_TELL)
		health_clear(name);
	if (status == 0)
		db->failed_in_a_row = 0;
}

static int commit(struct db *db)
{
	struct connection *c = db->writer;
	struct db_tx tx = { .db = db, .connection = c, .writes = true };
	int64_t number = 0;
	int rc = connection_in_transaction(c) ? identity_count(&tx, &number) : HEARTH_EIO;

	if (rc == 0)
		rc = connection_run(c, "COMMIT");
	if (rc == 0) {
		judge_health(db, 0);
		identity_note(db, number);
		metric_add(db->commits, 1);
		room_wrote();
		return 0;
	}
	metric_add(db->failures, 1);
	if (connection_in_transaction(c))
		connection_run(c, "ROLLBACK");
	return cause(rc);
}

/* A transaction for one function. */
static int run_alone(struct db *db, const struct db_job *job, uint64_t *signals)
{
	uint64_t raised = 0;
	bool lost = false;
	int rc, ended;

	if (connection_run(db->writer, "BEGIN IMMEDIATE") < 0) {
		judge_health(db, HEARTH_EIO);
		return HEARTH_EIO;
	}
	rc = run_in_savepoint(db, job, &raised, &lost);
	if (lost && connection_in_transaction(db->writer))
		connection_run(db->writer, "ROLLBACK");
	ended = commit(db);
	if (lost || ended < 0) {
		rc = cause(lost && rc < 0 ? rc : ended);
		judge_health(db, rc);
		return rc;
	}
	*signals |= raised;
	return rc;
}

/* Runs the first function of a group straight in the open transaction. */
static int run_bare(struct db *db, const struct db_job *job, uint64_t *signals, bool *lost)
{
	struct connection *c = db->writer;
	struct db_tx tx = { .db = db, .connection = c, .writes = true };
	int rc = job->fn(&tx, job->arg);

	connection_end_rows(c);
	*lost = !connection_in_transaction(c);
	if (rc >= 0)
		*signals |= tx.signals;
	else if (!*lost)
		*lost = connection_run(c, "ROLLBACK") < 0 ||
			connection_run(c, "BEGIN IMMEDIATE") < 0;
	return rc;
}

/* Fills the group from the queue and runs it in the open transaction. True when all went well. */
static bool run_together(struct db *db, struct group *g)
{
	int64_t end_us = exec_now_us() + GROUP_MAX_US;
	bool lost = false, more;

	while (!lost && g->count < GROUP_MAX && (g->count == 0 || exec_now_us() < end_us)) {
		const struct db_job *job = &g->jobs[g->count];

		if (!take(db, &g->jobs[g->count], &more))
			break;
		g->status[g->count] = g->count == 0 && !more && !db->twice
					      ? run_bare(db, job, &g->signals, &lost)
					      : run_in_savepoint(db, job, &g->signals, &lost);
		g->count++;
	}
	if (lost && connection_in_transaction(db->writer))
		connection_run(db->writer, "ROLLBACK");
	return commit(db) == 0;
}

static void run_group(struct db *db, struct group *g)
{
	bool more;

	g->count = 0;
	g->signals = 0;
	if (connection_run(db->writer, "BEGIN IMMEDIATE") < 0) {
		room_make();
		judge_health(db, HEARTH_EIO);
		metric_add(db->failures, 1);
		g->count = take(db, &g->jobs[0], &more);
		g->status[0] = HEARTH_EIO;
		return;
	}
	if (run_together(db, g))
		return;
	/* It may be for want of room. */
	room_make();
	log_warn("db", "commit failed, trying its transactions one by one", "database", "%s",
		db->name, "functions", "%zu", g->count, NULL);
	g->signals = 0;
	for (size_t i = 0; i < g->count; i++)
		g->status[i] = run_alone(db, &g->jobs[i], &g->signals);
}

/* With the lock held, so that db_unwatch can promise that fn is not running. */
static void call_watches(struct db *db, uint64_t signals)
{
	if (!signals)
		return;
	pthread_mutex_lock(&db->lock);
	LIST_FOREACH (&db->watches, node) {
		struct db_watch *w = LIST_ENTRY(node, struct db_watch, node);

		if (w->bits & signals)
			w->fn(w->arg);
	}
	pthread_mutex_unlock(&db->lock);
}

void *writer_main(void *arg)
{
	struct db *db = arg;
	struct group *g = mem_alloc(sizeof(*g));

	pthread_setname_np(pthread_self(), "db-writer");
	db_thread_enter();
	while (wait_for_work(db)) {
		run_group(db, g);
		metric_add(db->jobs, (int64_t)g->count);
		metric_observe(db->jobs_per_commit, (double)g->count);
		for (size_t i = 0; i < g->count; i++)
			db_job_answer(&g->jobs[i], g->status[i]);
		atomic_fetch_add(&db->answered, (long long)g->count);
		call_watches(db, g->signals);
		connection_checkpoint(db->writer);
	}
	free(g);
	return NULL;
}
