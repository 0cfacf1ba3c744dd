/*
 * long_reads.h: the reads that wait and may take long, in turns of their owners, for reader.c only:
 * all of it under the readers' lock.
 *
 *   owner A: job, job, job    ◀ its turn next, unless one of its own is running
 *   owner B: job
 *   owner C: job, job         after one of its jobs was taken an owner goes to the end
 *
 * Bounds: WAITING_MAX jobs a database, and no more owners than jobs. Under that lock any thread may
 * call.
 */
#ifndef HEARTH_SRC_LONG_READS_H
#define HEARTH_SRC_LONG_READS_H

#include "db/engine.h"

/* A read that waits or runs. */
struct read {
	struct db *db;
	struct db_job job;
	bool is_long;
	int64_t owner; /* of a long one */
};

/* Zeroed but for list_init of `owners` it is empty. */
struct long_reads {
	struct list owners; /* who waits or runs, by turn */
	size_t waiting;     /* jobs of all of them */
};

void long_reads_push(struct long_reads *l, const struct read *r);
/* The next one; false when nobody waits who has none running. It must be ended afterwards. */
bool long_reads_take(struct long_reads *l, struct read *r);
void long_reads_end(struct long_reads *l, int64_t owner);

#endif
