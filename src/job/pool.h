/*
 * pool.h: pools from the inside, for src/ only. Made and freed on the main thread; its workers are
 * threads of their own.
 */
#ifndef HEARTH_SRC_POOL_H
#define HEARTH_SRC_POOL_H

#include "hearth/job.h"

/*
 * Whether jobs wait or run; one whose `done` is not posted yet does. Adds to *ended how many ended
 * since the program began. Any thread.
 */
bool pool_busy(struct pool *p, int64_t *ended);

#endif
