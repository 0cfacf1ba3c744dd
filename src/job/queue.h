/*
 * queue.h: durable queues from the inside, for src/ only. On the loop.
 */
#ifndef HEARTH_SRC_QUEUE_H
#define HEARTH_SRC_QUEUE_H

#include "hearth/job.h"

/* The migrations every database gets for its queues. */
extern const char *const queue_migrations[];

/*
 * From now on tasks of the queue are handed to workers of `pool`, with `module` as the handler's
 * first argument. The consumer's row is kept, not copied. On an executor. Always 0.
 */
int queue_start(
	struct db *db, const struct queue_consumer *consumer, struct pool *pool, void *module);
/*
 * Ends all consumers: no task is handed out any more, and handlers that run are waited for. While
 * their databases and pools live; on the executor that started them, or after that has ended.
 */
void queue_stop_all(void);

#endif
