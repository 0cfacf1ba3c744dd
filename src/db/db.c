/*
 * db.c: the database port: opening and closing, and the queues in front of writer and readers.
 * Queueing is for any thread, opening and closing for the main one. WAITING_MAX functions may wait
 * for one database; then it is "busy", or who may block waits.
 */
#include "hearth/db.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/sqlite/work.h"
#include "hearth/clock.h"
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

void db_job_answer(const struct db_job *job, int status)
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
		pthread_cond_signal(&db->filled);
	}
	pthread_mutex_unlock(&db->lock);
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

/* ---- inside a db_fn ---- */

struct db *db_tx_db(struct db_tx *tx)
{
	return tx->db;
}

bool db_tx_writes(const struct db_tx *tx)
{
	return tx->writes;
}

bool db_slice_over(const struct db_tx *tx)
{
	return !tx->writes && clock_mono_ms() >= tx->slice_end_ms;
}

int db_one_values(struct db_tx *tx, struct db_rows *rows, const char *sql,
	const struct db_value *values, size_t n)
{
	int rc = db_query_values(tx, rows, sql, values, n);

	if (rc == 0)
		rc = db_next(rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

int db_each_values(struct db_tx *tx, db_row_fn *each, void *arg, const char *sql,
	const struct db_value *values, size_t n)
{
	struct db_rows rows;
	int stop = 0, rc = db_query_values(tx, &rows, sql, values, n);

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = each(&rows, arg);
	rc = db_end(&rows);
	return stop ? stop : rc;
}

int db_get_int_values(
	struct db_tx *tx, int64_t *out, const char *sql, const struct db_value *values, size_t n)
{
	struct db_rows rows;
	bool found = false;
	int rc;

	if (db_query_values(tx, &rows, sql, values, n) < 0)
		return rows.error;
	if ((rc = db_next(&rows)) > 0 && !db_col_is_null(&rows, 0)) {
		*out = db_col_int(&rows, 0);
		found = true;
	}
	while (rc > 0)
		rc = db_next(&rows);
	return rc < 0 ? rc : found ? 0 : HEARTH_ENOTFOUND;
}

const char *db_name(const struct db *db)
{
	return db->name;
}

/* ---- signals ---- */

uint64_t db_signal_bit(struct slice name)
{
	uint32_t hash = 2166136261u; /* FNV-1a: spread is all that is asked of it */

	for (size_t i = 0; i < name.n; i++)
		hash = (hash ^ (unsigned char)name.p[i]) * 16777619u;
	return UINT64_C(1) << ((hash ^ (hash >> 16)) & 63);
}

void db_tx_signal(struct db_tx *tx, uint64_t bits)
{
	INVARIANT(tx->writes);
	tx->signals |= bits;
}

void db_watch(struct db *db, struct db_watch *w)
{
	pthread_mutex_lock(&db->lock);
	list_push(&db->watches, &w->node);
	pthread_mutex_unlock(&db->lock);
}

void db_unwatch(struct db *db, struct db_watch *w)
{
	pthread_mutex_lock(&db->lock);
	list_remove(&w->node);
	pthread_mutex_unlock(&db->lock);
}

/* ---- opening and closing ---- */

static void register_metrics(struct db *db)
{
	static const double bounds[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256 };
	char label[80];

	snprintf(label, sizeof(label), "database=\"%s\"", db->name);
	db->commits =
		metric_counter("hearth_db_commits_total", label, "Write transactions committed.");
	db->jobs = metric_counter(
		"hearth_db_writes_total", label, "Functions that took part in a commit.");
	db->jobs_per_commit = metric_histogram("hearth_db_commit_writes", label,
		"Functions that shared a commit.", bounds, sizeof(bounds) / sizeof(bounds[0]));
	db->waiting =
		metric_gauge("hearth_db_waiting", label, "Functions that wait for the writer.");
	db->failures =
		metric_counter("hearth_db_commit_failures_total", label, "Commits that failed.");
	db->slow_reads = metric_counter("hearth_db_slow_reads_total", label,
		"Reads queued as short ones that took more than 100 ms.");
}

static void db_free(struct db **dbp)
{
	struct db *db = *dbp;

	connection_close(&db->writer);
	pthread_cond_destroy(&db->room);
	pthread_cond_destroy(&db->filled);
	pthread_mutex_destroy(&db->lock);
	ring_free(&db->writing);
	free(db->path);
	free(db->wal_path);
	free(db->name);
	free(db);
	*dbp = NULL;
}

static struct db *db_new(const char *dir, const char *name)
{
	struct db *db = mem_zalloc(sizeof(*db));
	struct strbuf path = { 0 }, wal_path = { 0 };

	strbuf_printf(&path, "%s/%s.db", dir, name);
	db->path = path.p;
	strbuf_printf(&wal_path, "%s-wal", path.p);
	db->wal_path = wal_path.p;
	db->name = mem_strdup(slice_str(name));
	pthread_mutex_init(&db->lock, NULL);
	pthread_cond_init(&db->filled, NULL);
	pthread_cond_init(&db->room, NULL);
	list_init(&db->watches);
	db->twice = getenv("HEARTH_DB_TWICE") != NULL;
	atomic_init(&db->note_fd, -1);
	return db;
}

int db_open(const char *dir, const struct db_schema *schema, struct db **out, struct strbuf *why)
{
	struct db *db = db_new(dir, schema->name);
	int rc = connection_open(db->path, db->name, CONNECTION_WRITES, &db->writer, why);

	if (rc == 0)
		rc = migrate(db->writer, schema, why);
	if (rc < 0) {
		db_free(&db);
		*out = NULL;
		return rc;
	}
	register_metrics(db);
	db->writer->index_broken = &db->index_broken;
	if (pthread_create(&db->thread, NULL, writer_main, db) != 0)
		log_fatal("db", "cannot start the writer of %s", db->name);
	readers_join_in();
	*out = db;
	return 0;
}

void db_close(struct db **dbp)
{
	struct db *db = *dbp;

	if (!db)
		return;
	INVARIANT(!database_thread);
	pthread_mutex_lock(&db->lock);
	db->closing = true;
	pthread_cond_broadcast(&db->filled);
	pthread_cond_broadcast(&db->room);
	pthread_mutex_unlock(&db->lock);
	pthread_join(db->thread, NULL);
	readers_leave(db);
	for (int i = 0; i < READERS; i++)
		connection_close(&db->readers[i]);
	db_free(dbp);
}
