/*
 * writer.c: the one thread that writes a database. It commits in groups: an fsync takes a
 * millisecond or ten, a function some ten microseconds, so whoever waits while one commit is on its
 * way shares the next.
 *
 * A savepoint for each costs a copy of every page it touches, and hardly any function fails after it
 * has changed something. So they run without, until one does: then all of the group run once more,
 * each under a savepoint, so that what one has done can be undone alone.
 *
 *   idle ─▶ BEGIN ─▶ function ─▶ … ────────────────────────────────────▶ COMMIT ─▶ answer ─▶ idle
 *                      │ failed, with changes                           ▲  │ failed
 *                      ▼                                                │  │
 *             ROLLBACK, BEGIN ─▶ SAVEPOINT, function, RELEASE ─▶ … ─────┘  │
 *                                      │ the transaction is gone           ▼
 *                                      └─────────────▶ ROLLBACK ─▶ each alone, once
 *
 * Nobody is answered before the commit. When it fails, every function runs once more in a
 * transaction of its own, so that one that fills the disk does not take the others with it; what
 * fails again is answered HEARTH_EIO, or what the database has against it.
 *
 * When nothing came for some seconds after much, the caches of all its connections are given back.
 *
 * All of it runs on the writer's thread.
 */
#include <malloc.h>
#include <stdio.h>

#include "db/identity.h"
#include "db/sqlite/sqlite.h"
#include "hearth/error.h"
#include "hearth/health.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "hearth/room.h"

#define GROUP_MAX        256            /* functions in a commit */
#define FAILURES_TO_TELL 3              /* functions in a row, each alone */
#define REST_MS          5000           /* of quiet, after which caches are given back */
#define REST_BYTES       (512 << 10)    /* that are kept without a look */
#define GROUP_MAX_US     INT64_C(10000) /* after this no further one is begun: the first ones wait */

struct group {
	struct db_job jobs[GROUP_MAX];
	int status[GROUP_MAX];
	size_t count;
	uint64_t signals; /* of those that succeeded */
};

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
static int run_in_savepoint(
	struct sqlite_db *s, const struct db_job *job, uint64_t *signals, bool *lost)
{
	struct connection *c = s->writer;
	struct db_tx tx = sqlite_tx(s, c, true);
	int rc, ended;

	*lost = connection_run(c, "SAVEPOINT job") < 0;
	if (*lost)
		return HEARTH_EIO;
	if (s->db->twice)
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
static void judge_health(struct sqlite_db *s, int status)
{
	char name[HEALTH_NAME_MAX + 1];

	if (status != 0 && status != HEARTH_EIO)
		return;
	snprintf(name, sizeof(name), "db.%s", s->db->name);
	if (status < 0 && ++s->failed_in_a_row == FAILURES_TO_TELL)
		health_set(name, "nothing can be written to %s.db; the log says why", s->db->name);
	if (status == 0 && s->failed_in_a_row >= FAILURES_TO_TELL)
		health_clear(name);
	if (status == 0)
		s->failed_in_a_row = 0;
}

/* Counts the commit that is about to be (identity.h), if anything has changed. */
static int count_commit(struct sqlite_db *s, struct db_tx *tx, int64_t *number)
{
	int rc = 0;

	if (sqlite3_total_changes64(s->writer->sqlite) != s->changes)
		rc = identity_count(tx, number);
	s->changes = sqlite3_total_changes64(s->writer->sqlite);
	return rc;
}

static int commit(struct sqlite_db *s)
{
	struct connection *c = s->writer;
	struct db_tx tx = sqlite_tx(s, c, true);
	int64_t number = 0;
	int rc = connection_in_transaction(c) ? count_commit(s, &tx, &number) : HEARTH_EIO;

	if (rc == 0)
		rc = connection_run(c, "COMMIT");
	if (rc == 0) {
		judge_health(s, 0);
		identity_note(s->db, number);
		metric_add(s->db->commits, 1);
		room_wrote();
		return 0;
	}
	metric_add(s->db->failures, 1);
	if (connection_in_transaction(c))
		connection_run(c, "ROLLBACK");
	return cause(rc);
}

/* A transaction for one function. */
static int run_alone(struct sqlite_db *s, const struct db_job *job, uint64_t *signals)
{
	uint64_t raised = 0;
	bool lost = false;
	int rc, ended;

	if (connection_run(s->writer, "BEGIN IMMEDIATE") < 0) {
		judge_health(s, HEARTH_EIO);
		return HEARTH_EIO;
	}
	rc = run_in_savepoint(s, job, &raised, &lost);
	if (lost && connection_in_transaction(s->writer))
		connection_run(s->writer, "ROLLBACK");
	ended = commit(s);
	if (lost || ended < 0) {
		rc = cause(lost && rc < 0 ? rc : ended);
		judge_health(s, rc);
		return rc;
	}
	*signals |= raised;
	return rc;
}

/*
 * Runs a function straight in the open transaction. False: it failed and has left something there,
 * or the transaction is gone.
 */
static bool run_bare(struct sqlite_db *s, struct group *g, size_t at)
{
	struct connection *c = s->writer;
	struct db_tx tx = sqlite_tx(s, c, true);
	int64_t changes = sqlite3_total_changes64(c->sqlite);
	int rc = g->jobs[at].fn(&tx, g->jobs[at].arg);

	connection_end_rows(c);
	g->status[at] = rc;
	if (rc >= 0)
		g->signals |= tx.signals;
	return connection_in_transaction(c) &&
	       (rc >= 0 || sqlite3_total_changes64(c->sqlite) == changes);
}

/* Begins the transaction of a group anew. False: that cannot be. */
static bool begin_anew(struct sqlite_db *s, struct group *g)
{
	struct connection *c = s->writer;

	g->signals = 0;
	return (!connection_in_transaction(c) || connection_run(c, "ROLLBACK") == 0) &&
	       connection_run(c, "BEGIN IMMEDIATE") == 0;
}

/* Fills the group from the queue and runs it in the open transaction. True when all went well. */
static bool run_together(struct sqlite_db *s, struct group *g)
{
	int64_t end_us = exec_now_us() + GROUP_MAX_US;
	bool bare = !s->db->twice, lost = false, more;

	while (!lost && g->count < GROUP_MAX && (g->count == 0 || exec_now_us() < end_us)) {
		size_t at = g->count, end;

		if (!db_take(s->db, &g->jobs[at], &more))
			break;
		g->count++;
		if (bare && run_bare(s, g, at))
			continue;
		end = g->count;
		if (bare) {
			/* What it has left goes with all the others did; they do that again, it has failed. */
			end -= connection_in_transaction(s->writer) ? 1 : 0;
			bare = false;
			lost = !begin_anew(s, g);
			at = 0;
		}
		for (; !lost && at < end; at++)
			g->status[at] = run_in_savepoint(s, &g->jobs[at], &g->signals, &lost);
	}
	if (lost && connection_in_transaction(s->writer))
		connection_run(s->writer, "ROLLBACK");
	return commit(s) == 0;
}

static void run_group(struct sqlite_db *s, struct group *g)
{
	bool more;

	g->count = 0;
	g->signals = 0;
	if (connection_run(s->writer, "BEGIN IMMEDIATE") < 0) {
		room_make();
		judge_health(s, HEARTH_EIO);
		metric_add(s->db->failures, 1);
		g->count = db_take(s->db, &g->jobs[0], &more);
		g->status[0] = HEARTH_EIO;
		return;
	}
	if (run_together(s, g))
		return;
	/* It may be for want of room. */
	room_make();
	log_warn("db", "commit failed, trying its transactions one by one", "database", "%s",
		s->db->name, "functions", "%zu", g->count, NULL);
	g->signals = 0;
	for (size_t i = 0; i < g->count; i++)
		g->status[i] = run_alone(s, &g->jobs[i], &g->signals);
}

/* ---- rest ---- */

static int64_t cache_of(struct connection *c)
{
	int used = 0, most;

	if (c)
		sqlite3_db_status(c->sqlite, SQLITE_DBSTATUS_CACHE_USED, &used, &most, 0);
	return used;
}

static void release_readers(void *arg)
{
	struct sqlite_db *s = arg;

	for (int i = 0; i < READERS; i++)
		if (s->readers[i])
			sqlite3_db_release_memory(s->readers[i]->sqlite);
}

/*
 * After a busy time pages of the database lie in each connection's cache, which nobody may ask for
 * again for hours; the kernel has them as well. Where there is little nobody is woken for it.
 */
static void rest(struct sqlite_db *s)
{
	if (cache_of(s->writer) < REST_BYTES || !db_stays_quiet(s->db, REST_MS))
		return;
	sqlite3_db_release_memory(s->writer->sqlite);
	readers_keep_out(s->db, release_readers, s);
	malloc_trim(0);
}

static void *writer_main(void *arg)
{
	struct sqlite_db *s = arg;
	struct group *g = mem_alloc(sizeof(*g));

	pthread_setname_np(pthread_self(), "db-writer");
	db_thread_enter();
	while (db_wait_for_work(s->db)) {
		run_group(s, g);
		metric_add(s->db->jobs, (int64_t)g->count);
		metric_observe(s->db->jobs_per_commit, (double)g->count);
		wakeup_gather(true);
		for (size_t i = 0; i < g->count; i++)
			db_answer(s->db, &g->jobs[i], g->status[i]);
		wakeup_gather(false);
		db_call_watches(s->db, g->signals);
		connection_checkpoint(s->writer);
		rest(s);
	}
	free(g);
	return NULL;
}

void sqlite_start(void *state)
{
	struct sqlite_db *s = state;

	if (pthread_create(&s->thread, NULL, writer_main, s) != 0)
		log_fatal("db", "cannot start the writer of %s", s->db->name);
}

void sqlite_stop(void *state)
{
	struct sqlite_db *s = state;

	pthread_join(s->thread, NULL);
}
