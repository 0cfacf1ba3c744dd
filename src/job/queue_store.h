/*
 * queue_store.h: a durable queue in its table: what consumer.c does with it. Inside a db_fn, on the
 * database's writer thread.
 */
#ifndef HEARTH_SRC_QUEUE_STORE_H
#define HEARTH_SRC_QUEUE_STORE_H

#include "hearth/db.h"
#include "hearth/job.h"

/*
 * Takes the next task that is ready and gives it a lease of lease_ms: 1, or 0 when there is none.
 * Its key and payload lie in `a`. A task whose last attempt ended without a word becomes dead.
 * Within a write transaction.
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
