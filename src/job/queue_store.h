/*
 * queue_store.h: durable queues as they are stored: their engine, and what consumer.c does with
 * them. Inside a db_fn that writes, on a database thread.
 *
 * A task is pushed and completed in transactions of the module's database. So its store is no
 * service of its own, a stream of Redis say, which could not be part of them; it is a table beside
 * the module's, and its engine comes with the database's (struct db_engine). There is more than one
 * because taking is where engines differ: several takers at a time ask PostgreSQL for the first row
 * that nobody else has in hand (FOR UPDATE SKIP LOCKED; plain SQL was seen to fail three times of
 * four there), and the time is the server's.
 */
#ifndef HEARTH_SRC_QUEUE_STORE_H
#define HEARTH_SRC_QUEUE_STORE_H

#include "hearth/db.h"
#include "hearth/job.h"

/* An engine is a folder beside sqlite/. Spans are counted from now by the engine's clock. */
struct queue_engine {
	/* As queue_push, without the signal. */
	int (*push)(struct db_tx *tx, const char *queue, struct slice key, struct slice payload,
		int priority, int64_t not_before_ms);
	/* The first one that is ready and in nobody's hand, key and payload in `a`: 1, or 0. */
	int (*ready)(struct db_tx *tx, const char *queue, struct arena *a, struct queue_task *out);
	/* It is in hand for lease_ms, and task->attempt is its number. */
	int (*lease)(struct db_tx *tx, const struct queue_task *task, int64_t lease_ms);
	/* As queue_next_due. */
	int (*next_due)(struct db_tx *tx, const char *queue, int64_t *due_ms);
	/* As queue_count. */
	int (*count)(struct db_tx *tx, const char *queue, int64_t *open, int64_t *dead);

	/* These four: HEARTH_ECONFLICT when the task is gone, dead, or at a later attempt. */
	int (*extend)(struct db_tx *tx, const struct queue_task *task, int64_t lease_ms);
	int (*complete)(struct db_tx *tx, const struct queue_task *task);
	int (*retry)(struct db_tx *tx, const struct queue_task *task, int64_t delay_ms, int error);
	int (*bury)(struct db_tx *tx, const struct queue_task *task, int error);
};

extern const struct queue_engine queue_sqlite;

/*
 * Takes the next task that is ready and gives it a lease of lease_ms: 1, or 0 when there is none.
 * Its key and payload lie in `a`. A task whose last attempt ended without a word becomes dead.
 */
int queue_take(struct db_tx *tx, const struct queue_consumer *consumer, struct arena *a,
	struct queue_task *out);
/*
 * When the next task that waits is ready: a delay or a lease is over; INT64_MAX where none waits.
 */
int queue_next_due(struct db_tx *tx, const char *queue, int64_t *due_ms);
/*
 * Gives back a task that failed with `error`: it is ready again after a delay that grows with its
 * attempts, or dead after the last one: then *dead is set. HEARTH_ECONFLICT when the lease was
 * lost.
 */
int queue_fail(struct db_tx *tx, const struct queue_consumer *consumer,
	const struct queue_task *task, int error, bool *dead);

#endif
