/*
 * queue.c: durable queues: what their tasks go through, whatever the engine that stores them
 * (queue_store.h).
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
 *
 * Inside a db_fn, on a database thread, but for queue_extend. Nothing is kept here.
 */
#include "job/queue.h"

#include "db/engine.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "job/queue_store.h"

#define DELAY_MS     INT64_C(1000) /* before the second attempt; doubles */
#define DELAY_MAX_MS INT64_C(3600000)

int queue_push(struct db_tx *tx, const char *queue, struct slice key, struct slice payload,
	int priority, int64_t not_before_ms)
{
	int rc = tx->engine->queues->push(tx, queue, key, payload, priority, not_before_ms);

	if (rc == 0)
		db_tx_signal(tx, db_signal_bit(slice_str(queue)));
	return rc;
}

int queue_complete(struct db_tx *tx, const struct queue_task *task)
{
	return tx->engine->queues->complete(tx, task);
}

struct extension {
	const struct queue_task *task;
	int64_t lease_ms;
};

static int extend(struct db_tx *tx, void *arg)
{
	const struct extension *e = arg;

	return tx->engine->queues->extend(tx, e->task, e->lease_ms);
}

int queue_extend(struct db *db, const struct queue_task *task, int64_t lease_ms)
{
	struct extension e = { task, lease_ms };

	return db_write_wait(db, extend, &e);
}

int queue_count(struct db_tx *tx, const char *queue, int64_t *open, int64_t *dead)
{
	return tx->engine->queues->count(tx, queue, open, dead);
}

/* ---- for consumers ---- */

int queue_take(struct db_tx *tx, const struct queue_consumer *consumer, struct arena *a,
	struct queue_task *out)
{
	const struct queue_engine *engine = tx->engine->queues;
	int rc;

	while ((rc = engine->ready(tx, consumer->name, a, out)) > 0) {
		if (out->attempt < consumer->attempts_max)
			break;
		log_error("queue", "task failed for good: its last attempt never ended", "queue",
			"%s", consumer->name, "task", "%lld", (long long)out->id, NULL);
		rc = engine->bury(tx, out, HEARTH_ETIMEOUT);
		if (rc < 0)
			break;
	}
	if (rc <= 0)
		return rc;
	out->lease = ++out->attempt;
	rc = engine->lease(tx, out, consumer->lease_ms);
	return rc < 0 ? rc : 1;
}

int queue_next_due(struct db_tx *tx, const char *queue, int64_t *due_ms)
{
	return tx->engine->queues->next_due(tx, queue, due_ms);
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
	const struct queue_engine *engine = tx->engine->queues;

	*dead = task->attempt >= consumer->attempts_max;
	return *dead ? engine->bury(tx, task, error)
		     : engine->retry(tx, task, delay_ms(task->attempt), error);
}
