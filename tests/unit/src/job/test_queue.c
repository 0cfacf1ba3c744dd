/*
 * test_queue.c: durable queues in SQLite through the suite of the job port.
 */
#include "hearth/clock.h"

#include "job/queue.h"
#include "src/ports/embedded.h"

static inline void suite_queue_start(
	struct db *db, const struct queue_consumer *consumer, struct pool *pool, void *module)
{
	queue_start(db, consumer, pool, module);
}

static inline void suite_queue_stop(void)
{
	queue_stop_all();
}

/* The clock stands still from the first call on. */
static inline void suite_pass_time(int64_t ms)
{
	if (ms == 0)
		clock_fake(1700000000000, 1000000);
	clock_fake_advance(ms);
}

#include "src/ports/suite_job.h"

TEST_MAIN("queue", SUITE_JOB)
