/*
 * test_loop.c: the loop: posts from other threads, timers in order, how it stops.
 */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "harness.h"
#include "hearth/metric.h"
#include "loop/executor.h"
#include "loop/loop.h"

#define MANY 2000

static int is_set(void *arg)
{
	return *(int *)arg;
}

static void add_one(void *arg)
{
	++*(int *)arg;
}

static int all_there(void *arg)
{
	return *(int *)arg >= 4 * MANY;
}

static void *post_from_thread(void *arg)
{
	for (int i = 0; i < MANY; i++)
		exec_post(exec_loop(), add_one, arg);
	return NULL;
}

START_TEST(other_threads_wake_the_loop)
{
	pthread_t t[4];
	int count = 0;

	loop_init();
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, post_from_thread, &count);
	ck_assert(loop_run_until(all_there, &count, 20000));
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	ck_assert_int_eq(count, 4 * MANY);
}
END_TEST

/* ---- timers ---- */

struct firing {
	struct timer timer;
	int64_t due_us;
	int *order_wrong, *left;
	int64_t *last_due_us;
	bool stopped;
};

static void note_firing(void *arg)
{
	struct firing *f = arg;

	if (f->stopped || f->due_us < *f->last_due_us || exec_now_us() < f->due_us)
		++*f->order_wrong;
	*f->last_due_us = f->due_us;
	--*f->left;
}

static int none_left(void *arg)
{
	return *(int *)arg == 0;
}

START_TEST(timers_fire_in_order_and_not_early)
{
	static struct firing f[MANY];
	int wrong = 0, left = 0;
	int64_t last = 0;
	unsigned seed = 7;

	loop_init();
	for (int i = 0; i < MANY; i++) {
		f[i] = (struct firing){
			.order_wrong = &wrong, .left = &left, .last_due_us = &last
		};
		timer_start(&f[i].timer, rand_r(&seed) % 300, 0, note_firing, &f[i]);
		f[i].due_us = f[i].timer.due_us;
		left++;
	}
	/* A third is stopped, a third started anew. */
	for (int i = 0; i < MANY; i += 3) {
		timer_stop(&f[i].timer);
		f[i].stopped = true;
		left--;
		if (i + 1 < MANY) {
			timer_start(
				&f[i + 1].timer, rand_r(&seed) % 300, 0, note_firing, &f[i + 1]);
			f[i + 1].due_us = f[i + 1].timer.due_us;
		}
	}
	ck_assert(loop_run_until(none_left, &left, 20000));
	ck_assert_int_eq(wrong, 0);
	for (int i = 0; i < MANY; i++)
		ck_assert_ptr_null(f[i].timer.owner);
}
END_TEST

struct repeated {
	struct timer timer;
	int fired, done;
};

static void fire_five_times(void *arg)
{
	struct repeated *r = arg;

	if (++r->fired < 5)
		return;
	timer_stop(&r->timer);
	r->done = 1;
}

START_TEST(a_repeated_timer_stops_from_inside)
{
	struct repeated r = { 0 };
	int never = 0;

	loop_init();
	timer_start(&r.timer, 1, 2, fire_five_times, &r);
	ck_assert(loop_run_until(is_set, &r.done, 20000));
	ck_assert(!loop_run_until(is_set, &never, 30));
	ck_assert_int_eq(r.fired, 5);
}
END_TEST

static void restart_at_once(void *arg)
{
	struct repeated *r = arg;

	r->fired++;
	timer_start(&r->timer, 0, 0, restart_at_once, r);
}

static void set_done(void *arg)
{
	((struct repeated *)arg)->done = 1;
}

START_TEST(a_timer_that_restarts_itself_starves_nobody)
{
	struct repeated r = { 0 };
	struct timer other = { 0 };

	loop_init();
	timer_start(&r.timer, 0, 0, restart_at_once, &r);
	timer_start(&other, 5, 0, set_done, &r);
	ck_assert(loop_run_until(is_set, &r.done, 20000));
	ck_assert_int_gt(r.fired, 1);
	timer_stop(&r.timer);
}
END_TEST

static void be_slow(void *arg)
{
	(void)arg;
	usleep(50 * 1000);
}

START_TEST(late_timers_are_counted)
{
	struct metric *late;
	struct repeated r = { 0 };
	struct timer slow = { 0 };
	int64_t before;

	loop_init();
	late = metric_counter("hearth_loop_late_timers_total", "executor=\"loop\"", "");
	before = metric_value(late);
	timer_start(&slow, 0, 0, be_slow, NULL);
	timer_start(&r.timer, 5, 0, set_done, &r);
	ck_assert(loop_run_until(is_set, &r.done, 20000));
	ck_assert_int_ge(metric_value(late), before + 1);
}
END_TEST

/* ---- the end ---- */

static void *stop_from_thread(void *arg)
{
	for (int i = 0; i < MANY; i++)
		exec_post(exec_loop(), add_one, arg);
	loop_stop();
	return NULL;
}

START_TEST(stop_runs_what_is_queued_and_the_loop_can_begin_anew)
{
	for (int round = 0; round < 3; round++) {
		struct repeated forgotten = { 0 };
		pthread_t t;
		int count = 0;

		loop_init();
		timer_start(&forgotten.timer, 1000000, 0, fire_five_times, &forgotten);
		pthread_create(&t, NULL, stop_from_thread, &count);
		loop_run();
		pthread_join(t, NULL);
		ck_assert_int_eq(count, MANY);
		ck_assert_ptr_null(exec_loop());
		ck_assert_ptr_null(exec_current());
		ck_assert_ptr_null(forgotten.timer.owner);
	}
}
END_TEST

static void remember(void *arg)
{
	*(struct exec **)arg = exec_current();
}

static void stop_loop(void *arg)
{
	(void)arg;
	loop_stop();
}

START_TEST(what_is_posted_after_the_end_is_dropped)
{
	struct exec *e, *ran_on = NULL;

	loop_init();
	e = exec_loop();
	exec_post(e, stop_loop, NULL);
	loop_run();
	exec_post(e, remember, &ran_on);
	loop_init();
	exec_post(exec_loop(), stop_loop, NULL);
	loop_run();
	ck_assert_ptr_null(ran_on);
}
END_TEST

START_TEST(a_broken_pipe_does_not_kill)
{
	int fd[2];

	loop_init();
	ck_assert_int_eq(pipe(fd), 0);
	close(fd[0]);
	ck_assert_int_eq(write(fd[1], "x", 1), -1);
	close(fd[1]);
}
END_TEST

TEST_MAIN("loop", other_threads_wake_the_loop, timers_fire_in_order_and_not_early,
	a_repeated_timer_stops_from_inside, a_timer_that_restarts_itself_starves_nobody,
	late_timers_are_counted, stop_runs_what_is_queued_and_the_loop_can_begin_anew,
	what_is_posted_after_the_end_is_dropped, a_broken_pipe_does_not_kill)
