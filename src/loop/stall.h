/*
 * stall.h: notices the rounds of an executor that took long by its own doing, for src/loop only.
 */
#ifndef HEARTH_SRC_STALL_H
#define HEARTH_SRC_STALL_H

#include <stdint.h>

struct metric;

/* Longer than this is late for a timer, and a stall for a round. */
#define STALL_US INT64_C(20000)

/* Where the last round ended; belongs to the executor's thread. */
struct stall {
	struct metric *stalls;
	int64_t wall_us, cpu_us, idle_us; /* clocks at the end of the last round */
	int64_t delay_us;                 /* the thread's time on the run queue when last read */
	int64_t delay_read_us;            /* when that was */
	int schedstat;                    /* file descriptor; -1 */
};

/* On the executor's thread, before its first round; `executor` is its name in the metric. */
void stall_init(struct stall *s, const char *executor);
/*
 * A round ended: all that ran since the last call. idle_us is how long the thread has waited for
 * work in all, by its own clock. On the executor's thread.
 */
void stall_round(struct stall *s, int64_t idle_us);
/* For how long the present round has worked. */
int64_t stall_busy_us(const struct stall *s, int64_t idle_us);
/*
 * Forgets the waiting up to now, as if a round had ended: after a pause that nobody has to excuse.
 */
void stall_skip(struct stall *s, int64_t idle_us);
void stall_clear(struct stall *s);

#endif
