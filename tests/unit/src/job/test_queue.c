/*
 * test_queue.c: durable queues in SQLite through the suite of the job port.
 */
#include "src/ports/embedded.h"
#include "src/ports/suite_job.h"

TEST_MAIN("queue", SUITE_JOB)
