/*
 * queue_sqlite.c: durable queues in SQLite: the table job_queue, which every database has.
 *
 * A database has one writer at a time, so whoever takes has the row: it is only read, and updated.
 * All nodes are on one machine; the clock is this process's. Inside a db_fn, all of it.
 */
#include "hearth/clock.h"
#include "hearth/error.h"
#include "job/queue.h"
#include "job/queue_store.h"

/* state: 0 waits until due_ms (also when in hand), 1 is ready, 2 is dead. */
const char *const queue_migrations[] = {
	"CREATE TABLE job_queue (id {id}, queue TEXT NOT NULL, key {bytes} NOT NULL,"
	" payload {bytes} NOT NULL, priority BIGINT NOT NULL, state BIGINT NOT NULL,"
	" due_ms BIGINT NOT NULL, attempt BIGINT NOT NULL, pushed_ms BIGINT NOT NULL,"
	" error BIGINT NOT NULL);"
	"CREATE UNIQUE INDEX job_queue_key ON job_queue (queue, key) WHERE state <> 2;"
	"CREATE INDEX job_queue_ready ON job_queue (queue, state, priority DESC, id);"
	"CREATE INDEX job_queue_due ON job_queue (queue, state, due_ms);",
	NULL,
};

static int push(struct db_tx *tx, const char *queue, struct slice key, struct slice payload,
	int priority, int64_t not_before_ms)
{
	int64_t now_ms = clock_wall_ms();
	int rc = db_run(tx,
		"INSERT INTO job_queue"
		" (queue, key, payload, priority, state, due_ms, attempt, pushed_ms, error)"
		" VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 0) ON CONFLICT DO NOTHING",
		db_str(queue), db_bytes(key), db_bytes(payload), db_int(priority),
		db_int(not_before_ms <= now_ms), db_int(not_before_ms), db_int(now_ms));

	return rc < 0 ? rc : rc == 0 ? HEARTH_EEXIST : 0;
}

static int ready(struct db_tx *tx, const char *queue, struct arena *a, struct queue_task *out)
{
	struct db_rows rows;
	int rc = db_run(tx,
		"UPDATE job_queue SET state = 1 WHERE queue = $1 AND state = 0 AND due_ms <= $2",
		db_str(queue), db_int(clock_wall_ms()));

	if (rc >= 0)
		rc = db_one(tx, &rows,
			"SELECT id, attempt, key, payload FROM job_queue"
			" WHERE queue = $1 AND state = 1 ORDER BY priority DESC, id LIMIT 1",
			db_str(queue));
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	*out = (struct queue_task){
		.id = db_col_int(&rows, 0),
		.queue = queue,
		.attempt = (int)db_col_int(&rows, 1),
		.key = arena_slice(a, db_col_bytes(&rows, 2)),
		.payload = arena_slice(a, db_col_bytes(&rows, 3)),
	};
	db_end(&rows);
	return 1;
}

static int lease(struct db_tx *tx, const struct queue_task *task, int64_t lease_ms)
{
	int rc = db_run(tx,
		"UPDATE job_queue SET state = 0, due_ms = $2, attempt = $3 WHERE id = $1",
		db_int(task->id), db_int(clock_wall_ms() + lease_ms), db_int(task->attempt));

	return rc < 0 ? rc : 0;
}

static int next_due(struct db_tx *tx, const char *queue, int64_t *due_ms)
{
	return db_get_int(tx, due_ms,
		"SELECT coalesce(min(due_ms), 9223372036854775807) FROM job_queue"
		" WHERE queue = $1 AND state = 0",
		db_str(queue));
}

static int count(struct db_tx *tx, const char *queue, int64_t *open, int64_t *dead)
{
	int rc = db_get_int(tx, open,
		"SELECT count(*) FROM job_queue WHERE queue = $1 AND state <> 2", db_str(queue));

	if (rc < 0)
		return rc;
	return db_get_int(tx, dead, "SELECT count(*) FROM job_queue WHERE queue = $1 AND state = 2",
		db_str(queue));
}

/* What a statement returned that must change one row, or none when the lease was lost. */
static int owned(int changed)
{
	return changed < 0 ? changed : changed == 0 ? HEARTH_ECONFLICT : 0;
}

static int extend(struct db_tx *tx, const struct queue_task *task, int64_t lease_ms)
{
	return owned(db_run(tx,
		"UPDATE job_queue SET state = 0, due_ms = $3"
		" WHERE id = $1 AND attempt = $2 AND state <> 2",
		db_int(task->id), db_int(task->lease), db_int(clock_wall_ms() + lease_ms)));
}

static int complete(struct db_tx *tx, const struct queue_task *task)
{
	return owned(
		db_run(tx, "DELETE FROM job_queue WHERE id = $1 AND attempt = $2 AND state <> 2",
			db_int(task->id), db_int(task->lease)));
}

static int retry(struct db_tx *tx, const struct queue_task *task, int64_t delay_ms, int error)
{
	return owned(db_run(tx,
		"UPDATE job_queue SET state = 0, due_ms = $3, error = $4"
		" WHERE id = $1 AND attempt = $2 AND state <> 2",
		db_int(task->id), db_int(task->lease), db_int(clock_wall_ms() + delay_ms),
		db_int(error)));
}

static int bury(struct db_tx *tx, const struct queue_task *task, int error)
{
	return owned(db_run(tx,
		"UPDATE job_queue SET state = 2, error = $3 WHERE id = $1 AND attempt = $2",
		db_int(task->id), db_int(task->attempt), db_int(error)));
}

const struct queue_engine queue_sqlite = { push, ready, lease, next_due, count, extend, complete,
	retry, bury };
