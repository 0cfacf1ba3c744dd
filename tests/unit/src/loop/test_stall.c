/*
 * test_stall.c: a round that computes or blocks too long is a stall; one that lacks a processor is
 * none.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "hearth/metric.h"
#include "loop/executor.h"
#include "loop/loop.h"

static int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void compute(void *arg)
{
	int64_t until_us = cpu_us() + *(int *)arg * 1000;

	while (cpu_us() < until_us)
		;
}

static void block(void *arg)
{
	usleep((useconds_t) * (int *)arg * 1000);
}

static void nothing(void *arg)
{
	(void)arg;
}

static int64_t stalls(const char *label)
{
	return metric_value(metric_counter("hearth_loop_stalls_total", label, ""));
}

/* How many stalls the executor "t" counts while it runs fn(&ms) `times` times, a round each. */
static int64_t stalls_of(exec_fn *fn, int ms, int times)
{
	struct exec *e = exec_new("t");
	int64_t before = stalls("executor=\"t\"");

	for (int i = 0; i < times; i++)
		exec_call(e, fn, &ms);
	exec_free(&e);
	return stalls("executor=\"t\"") - before;
}

START_TEST(a_round_that_computes_long_is_a_stall)
{
	ck_assert_int_eq(stalls_of(compute, 30, 3), 3);
}
END_TEST

START_TEST(a_round_that_blocks_long_is_a_stall)
{
	/*
	 * The clock's part may be excused by a machine that was busy just then: not all, but some.
	 */
	ck_assert_int_ge(stalls_of(block, 60, 5), 1);
}
END_TEST

START_TEST(many_short_rounds_and_waiting_for_work_are_none)
{
	struct exec *e = exec_new("idle");
	int one = 1;

	for (int i = 0; i < 30; i++)
		exec_call(e, compute, &one);
	usleep(60 * 1000);
	exec_call(e, nothing, NULL);
	usleep(60 * 1000);
	exec_free(&e);
	ck_assert_int_eq(stalls("executor=\"idle\""), 0);
}
END_TEST

START_TEST(many_functions_at_once_are_several_rounds)
{
	struct exec *e = exec_new("batch");
	int five = 5, gate = 10;

	/* While the first runs, the rest gathers; together they would take 50 ms. */
	exec_post(e, block, &gate);
	for (int i = 0; i < 10; i++)
		exec_post(e, compute, &five);
	exec_free(&e);
	ck_assert_int_eq(stalls("executor=\"batch\""), 0);
}
END_TEST

/* ---- without a processor ---- */

static atomic_bool over;

static void stay_on_first_cpu(void)
{
	cpu_set_t allowed, first;

	CPU_ZERO(&first);
	ck_assert_int_eq(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &allowed)) {
			CPU_SET(i, &first);
			break;
		}
	ck_assert_int_eq(sched_setaffinity(0, sizeof(first), &first), 0);
}

static void *take_the_cpu(void *arg)
{
	(void)arg;
	stay_on_first_cpu();
	while (!atomic_load(&over))
		;
	return NULL;
}

static void be_last_on_first_cpu(void *arg)
{
	(void)arg;
	stay_on_first_cpu();
	ck_assert_int_eq(setpriority(PRIO_PROCESS, (id_t)gettid(), 10), 0);
}

START_TEST(a_round_that_lacks_a_processor_is_none)
{
	struct exec *e;
	pthread_t thief;
	int64_t late = 0;
	int ten = 10, rounds = 0;

	if (access("/proc/thread-self/schedstat", R_OK) != 0)
		return;
	e = exec_new("poor");
	exec_call(e, be_last_on_first_cpu, NULL);
	pthread_create(&thief, NULL, take_the_cpu, NULL);
	/* Until its heartbeat was late at least once: that is seldom where it sees little work. */
	for (; rounds < 20 || (late == 0 && rounds < 500); rounds++) {
		exec_call(e, compute, &ten);
		late = metric_value(
			metric_counter("hearth_loop_late_timers_total", "executor=\"poor\"", ""));
	}
	atomic_store(&over, true);
	pthread_join(thief, NULL);
	exec_free(&e);
	/*
	 * Each took some 100 ms, and what was due meanwhile was late; but not by its own doing. (A
	 * machine that is itself without a processor now and then does not tell.)
	 */
	ck_assert_int_ge(late, 1);
	ck_assert_int_le(stalls("executor=\"poor\""), rounds / 5);
}
END_TEST

/* ---- the loop ---- */

static void stop_loop(void *arg)
{
	(void)arg;
	loop_stop();
}

START_TEST(the_loop_counts_its_own_and_its_lag)
{
	struct timer slow = { 0 }, stop = { 0 };
	const double bound = 1;
	struct metric *lag;
	int thirty = 30;

	loop_init();
	timer_start(&slow, 150, 0, compute, &thirty);
	timer_start(&stop, 350, 0, stop_loop, NULL);
	loop_run();
	ck_assert_int_eq(stalls("executor=\"loop\""), 1);
	/* The two, and a heartbeat. */
	lag = metric_histogram("hearth_loop_lag_seconds", "executor=\"loop\"", "", &bound, 1);
	ck_assert_int_ge(metric_value(lag), 3);
}
END_TEST

TEST_MAIN("stall", a_round_that_computes_long_is_a_stall, a_round_that_blocks_long_is_a_stall,
	many_short_rounds_and_waiting_for_work_are_none, many_functions_at_once_are_several_rounds,
	a_round_that_lacks_a_processor_is_none, the_loop_counts_its_own_and_its_lag)
