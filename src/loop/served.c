/*
 * served.c: time in which the loop was there for people.
 *
 * Everything people send and hear goes through the loop. While one of its rounds takes long, or
 * the whole process stands still, nobody can be heard: that time must not be taken from a player's
 * clock. So of each round count
 *
 *   at most 20 ms of work, and of waiting at most until the next heartbeat and 50 ms
 *
 * and the rest is nobody's. The sum grows as the clock does while all is well, stands still while
 * the loop is held up, and never jumps.
 *
 * One writer, the loop's thread; readers on any thread take the numbers of the last mark
 * under a sequence lock, so that nobody ever waits for a thread without a processor.
 */
#include "loop/served.h"

#include <stdatomic.h>

#include "loop/executor.h"

#define WORK_MAX_US INT64_C(20000)
#define LATE_MAX_US INT64_C(50000)

static struct {
	atomic_uint sequence; /* odd while the numbers change */
	_Atomic int64_t served_us, at_us, idle_us, wait_max_us;
} mark;

static int64_t at_most(int64_t value, int64_t max)
{
	return value < 0 ? 0 : value < max ? value : max;
}

/* What a mark says, taken at once. */
struct seen {
	int64_t served_us, at_us, idle_us, wait_max_us;
};

static int64_t count(const struct seen *m, int64_t idle_us)
{
	int64_t waited_us = idle_us - m->idle_us;
	int64_t worked_us = exec_now_us() - m->at_us - waited_us;

	return m->served_us + at_most(worked_us, WORK_MAX_US) + at_most(waited_us, m->wait_max_us);
}

static struct seen read_mark(void)
{
	return (struct seen){ mark.served_us, mark.at_us, mark.idle_us, mark.wait_max_us };
}

void served_mark(int64_t idle_us, int64_t beat_ms)
{
	struct seen last = read_mark();
	int64_t served_us = count(&last, idle_us);

	atomic_fetch_add(&mark.sequence, 1);
	mark.served_us = served_us;
	mark.at_us = exec_now_us();
	mark.idle_us = idle_us;
	mark.wait_max_us = beat_ms * 1000 + LATE_MAX_US;
	atomic_fetch_add(&mark.sequence, 1);
}

int64_t served_now_us(int64_t idle_us)
{
	struct seen last;
	unsigned sequence;

	do {
		sequence = mark.sequence;
		last = read_mark();
	} while (sequence % 2 || sequence != mark.sequence);
	return count(&last, idle_us);
}
