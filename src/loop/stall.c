/*
 * stall.c: which rounds of an executor took long by its own doing.
 *
 * A timer is late when the executor was at fault, and also when the machine was: another process
 * had the processor. Late timers (timer.c) count both, since both are what a player feels. A stall
 * is the executor's own fault alone, so it can be a test's business on any machine: in one round,
 * between two waits for work, the functions that ran
 *
 *   used more than 20 ms of processor time, or
 *   took more than 20 ms by the clock beyond what the thread stood in the run queue, ready but
 *   without a processor: they waited for a disk or a lock.
 *
 * The kernel counts the time in the run queue (/proc/thread-self/schedstat). It is read at most
 * every 10 ms, so the second kind may be excused by a wait up to 10 ms before its round; where
 * there is no such file, waiting for the processor counts as stalling.
 */
#include "loop/stall.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "hearth/metric.h"
#include "loop/executor.h"

#define DELAY_EVERY_US INT64_C(10000)

static int64_t cpu_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The second of the file's three numbers, in nanoseconds there. */
static int64_t read_delay_us(const struct stall *s)
{
	char text[96], *second;
	ssize_t n = s->schedstat < 0 ? -1 : pread(s->schedstat, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = 0;
	second = strchr(text, ' ');
	return second ? strtoll(second, NULL, 10) / 1000 : 0;
}

void stall_init(struct stall *s, const char *executor)
{
	char label[40];

	snprintf(label, sizeof(label), "executor=\"%s\"", executor);
	*s = (struct stall){ .schedstat =
				     open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC) };
	s->stalls = metric_counter("hearth_loop_stalls_total", label,
		"Rounds whose own work took more than 20 ms, waiting for a processor not counted.");
	stall_skip(s, 0);
}

void stall_skip(struct stall *s, int64_t idle_us)
{
	s->wall_us = exec_now_us();
	s->cpu_us = cpu_now_us();
	s->idle_us = idle_us;
	s->delay_us = read_delay_us(s);
	s->delay_read_us = s->wall_us;
}

int64_t stall_busy_us(const struct stall *s, int64_t idle_us)
{
	return exec_now_us() - s->wall_us - (idle_us - s->idle_us);
}

void stall_round(struct stall *s, int64_t idle_us)
{
	int64_t wall_us = exec_now_us(), cpu_us = cpu_now_us();
	int64_t busy_us = stall_busy_us(s, idle_us);

	if (cpu_us - s->cpu_us > STALL_US)
		metric_add(s->stalls, 1);
	else if (busy_us > STALL_US && busy_us - (read_delay_us(s) - s->delay_us) > STALL_US)
		metric_add(s->stalls, 1);
	s->wall_us = wall_us;
	s->cpu_us = cpu_us;
	s->idle_us = idle_us;
	if (busy_us > STALL_US || wall_us - s->delay_read_us > DELAY_EVERY_US) {
		s->delay_us = read_delay_us(s);
		s->delay_read_us = wall_us;
	}
}

void stall_clear(struct stall *s)
{
	if (s->schedstat >= 0)
		close(s->schedstat);
	s->schedstat = -1;
}
