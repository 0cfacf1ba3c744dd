/*
 * queue.c: durable queues: the table job_queue, which every database has.
 *
 *            ┌───────────── failed: after a delay ─────────────┐
 *            ▼                                                 │
 *   push ─▶ WAITING ──due_ms──▶ READY ──take──▶ WAITING for the end of its lease ──complete──▶ gone
 *            │                    ▲                │           │
 *            └── at once ─────────┘                └─ expired ─┘ … or DEAD after the last attempt
 *
 * A task in hand is one that waits for the end of its lease: so a worker that died needs no other
 * care than time. `attempt` is counted up by each take and is the proof of ownership: whoever was
 * handed an earlier attempt finds that the number has changed.
 */
#include "job/queue.h"

#include "hearth/clock.h"
#include "hearth/db.h"
#include "hearth/error.h"
#include "hearth/job.h"
#include "hearth/log.h"

#include "db/database.h"
#include "job/queue_store.h"

#define DELAY_MS     INT64_C(1000) /* before the second attempt; doubles */
#define DELAY_MAX_MS INT64_C(3600000)

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

int queue_push(struct db_tx *tx, const char *queue, struct slice key, struct slice payload,
	int priority, int64_t not_before_ms)
{
	int64_t now_ms = clock_wall_ms();
	int rc = db_run(tx,
		"INSERT INTO job_queue"
		" (queue, key, payload, priority, state, due_ms, attempt, pushed_ms, error)"
		" VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 0) ON CONFLICT DO NOTHING",
		db_str(queue), db_bytes(key), db_bytes(payload), db_int(priority),
		db_int(not_before_ms <= now_ms), db_int(not_before_ms), db_int(now_ms));

	if (rc == 0)
		return HEARTH_EEXIST;
	if (rc < 0)
		return rc;
	db_tx_signal(tx, db_signal_bit(slice_str(queue)));
	return 0;
}

/* What a statement returned that must change one row, or none when the lease was lost. */
static int owned(int changed)
{
	return changed < 0 ? changed : changed == 0 ? HEARTH_ECONFLICT : 0;
}

int queue_complete(struct db_tx *tx, const struct queue_task *task)
{
	return owned(
		db_run(tx, "DELETE FROM job_queue WHERE id = $1 AND attempt = $2 AND state <> 2",
			db_int(task->id), db_int(task->lease)));
}

struct extension {
	const struct queue_task *task;
	int64_t until_ms;
};

static int extend(struct db_tx *tx, void *arg)
{
	const struct extension *e = arg;

	return owned(db_run(tx,
		"UPDATE job_queue SET state = 0, due_ms = $3"
		" WHERE id = $1 AND attempt = $2 AND state <> 2",
		db_int(e->task->id), db_int(e->task->lease), db_int(e->until_ms)));
}

int queue_extend(struct db *db, const struct queue_task *task, int64_t lease_ms)
{
	struct extension e = { task, clock_wall_ms() + lease_ms };

	return db_write_wait(db, extend, &e);
}

int queue_count(struct db_tx *tx, const char *queue, int64_t *open, int64_t *dead)
{
	int rc = db_get_int(tx, open,
		"SELECT count(*) FROM job_queue WHERE queue = $1 AND state <> 2", db_str(queue));

	if (rc < 0)
		return rc;
	return db_get_int(tx, dead, "SELECT count(*) FROM job_queue WHERE queue = $1 AND state = 2",
		db_str(queue));
}

/* ---- for consumers ---- */

/* The first of the ready ones, as it stands in the table: 1, or 0 when there is none. */
static int first_ready(struct db_tx *tx, const char *queue, struct arena *a, struct queue_task *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT id, attempt, key, payload FROM job_queue WHERE queue = $1 AND state = 1"
		" ORDER BY priority DESC, id LIMIT 1",
		db_str(queue));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0)
		*out = (struct queue_task){
			.id = db_col_int(&rows, 0),
			.queue = queue,
			.attempt = (int)db_col_int(&rows, 1),
			.key = arena_slice(a, db_col_bytes(&rows, 2)),
			.payload = arena_slice(a, db_col_bytes(&rows, 3)),
		};
	db_end(&rows);
	return rc;
}

static int bury(struct db_tx *tx, const struct queue_task *task, int error)
{
	return owned(db_run(tx,
		"UPDATE job_queue SET state = 2, error = $3 WHERE id = $1 AND attempt = $2",
		db_int(task->id), db_int(task->attempt), db_int(error)));
}

int queue_take(struct db_tx *tx, const struct queue_consumer *consumer, struct arena *a,
	struct queue_task *out)
{
	int64_t now_ms = clock_wall_ms();
	int rc = db_run(tx,
		"UPDATE job_queue SET state = 1 WHERE queue = $1 AND state = 0 AND due_ms <= $2",
		db_str(consumer->name), db_int(now_ms));

	while (rc >= 0 && (rc = first_ready(tx, consumer->name, a, out)) > 0) {
		if (out->attempt < consumer->attempts_max)
			break;
		log_error("queue", "task failed for good: its last attempt never ended", "queue",
			"%s", consumer->name, "task", "%lld", (long long)out->id, NULL);
		rc = bury(tx, out, HEARTH_ETIMEOUT);
	}
	if (rc <= 0)
		return rc;
	out->lease = ++out->attempt;
	return db_run(tx, "UPDATE job_queue SET state = 0, due_ms = $2, attempt = $3 WHERE id = $1",
		db_int(out->id), db_int(now_ms + consumer->lease_ms), db_int(out->attempt));
}

int queue_next_due(struct db_tx *tx, const char *queue, int64_t *due_ms)
{
	return db_get_int(tx, due_ms,
		"SELECT coalesce(min(due_ms), 9223372036854775807) FROM job_queue"
		" WHERE queue = $1 AND state = 0",
		db_str(queue));
}

static int64_t delay_ms(int attempt)
{
	int doublings = attempt - 1 < 12 ? attempt - 1 : 12;
	int64_t ms = DELAY_MS << doublings;

	return ms < DELAY_MAX_MS ? ms : DELAY_MAX_MS;
}

int queue_fail(struct db_tx *tx, const struct queue_consumer *consumer,
	const struct queue_task *task, int error, bool *dead)
{
	*dead = task->attempt >= consumer->attempts_max;
	if (*dead)
		return bury(tx, task, error);
	return owned(db_run(tx,
		"UPDATE job_queue SET state = 0, due_ms = $3, error = $4"
		" WHERE id = $1 AND attempt = $2 AND state <> 2",
		db_int(task->id), db_int(task->lease),
		db_int(clock_wall_ms() + delay_ms(task->attempt)), db_int(error)));
}
