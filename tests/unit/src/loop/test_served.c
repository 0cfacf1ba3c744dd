/*
 * test_served.c: the time in which the loop was there for people stands still while it is held up.
 */
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#include "harness.h"
#include "hearth/clock.h"
#include "hearth/exec.h"
#include "loop/loop.h"

static int never(void *arg)
{
	(void)arg;
	return 0;
}

static int64_t seen_within_us, seen_behind_us;

/* Half a second of a round, as a flood of frames takes it. */
static void hold_up(void *arg)
{
	int64_t begun_us = exec_served_us();

	(void)arg;
	usleep(500000);
	seen_within_us = exec_served_us() - begun_us;
}

START_TEST(it_runs_as_the_clock_does_while_all_is_well)
{
	int64_t served_us, clock_us;

	loop_init();
	loop_run_until(never, NULL, 20);
	served_us = exec_served_us();
	clock_us = clock_mono_us();
	loop_run_until(never, NULL, 300);
	served_us = exec_served_us() - served_us;
	clock_us = clock_mono_us() - clock_us;
	/* Never more than the clock; less only where the machine was busy with others. */
	ck_assert_int_le(served_us, clock_us + 2000);
	ck_assert_int_ge(served_us, 50000);
}
END_TEST

START_TEST(it_stands_still_while_the_loop_is_held_up)
{
	int64_t served_us;

	loop_init();
	loop_run_until(never, NULL, 20);
	served_us = exec_served_us();
	exec_post(exec_loop(), hold_up, NULL);
	loop_run_until(never, NULL, 50);
	seen_behind_us = exec_served_us() - served_us;
	ck_assert_int_le(seen_within_us, 20000 + 1000);
	/* Nothing is made up for later. */
	ck_assert_int_lt(seen_behind_us, 400000);
}
END_TEST

static void *watch(void *arg)
{
	int64_t last_us = exec_served_us();

	while (!__atomic_load_n((bool *)arg, __ATOMIC_RELAXED)) {
		int64_t now_us = exec_served_us();

		/* Two clocks are read one after the other: a thread may lose its turn between. */
		ck_assert_int_ge(now_us, last_us - 500000);
		last_us = now_us;
		usleep(200);
	}
	return NULL;
}

START_TEST(other_threads_may_ask_also_while_the_loop_closes)
{
	bool enough = false;
	pthread_t thread;

	loop_init();
	ck_assert_int_eq(pthread_create(&thread, NULL, watch, &enough), 0);
	loop_run_until(never, NULL, 100);
	loop_close();
	usleep(20000);
	__atomic_store_n(&enough, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}
END_TEST

TEST_MAIN("served", it_runs_as_the_clock_does_while_all_is_well,
	it_stands_still_while_the_loop_is_held_up, other_threads_may_ask_also_while_the_loop_closes)
