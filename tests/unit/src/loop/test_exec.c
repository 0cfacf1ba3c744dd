/*
 * test_exec.c: executors with a thread of their own: order, calls, what exec_free still runs.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "harness.h"
#include "hearth/clock.h"
#include "hearth/exec.h"
#include "loop/executor.h"
#include "loop/loop.h"

#define POSTS   20000
#define THREADS 8

struct sequence {
	struct exec *e;
	int seen[THREADS]; /* e's thread only: what each poster's next number is */
	int wrong;
	atomic_int posted;
};

struct step {
	struct sequence *s;
	int thread, number;
};

static void take_step(void *arg)
{
	struct step *st = arg;

	if (exec_current() != st->s->e || st->s->seen[st->thread] != st->number)
		st->s->wrong++;
	st->s->seen[st->thread]++;
	free(st);
}

static void *post_many(void *arg)
{
	struct sequence *s = arg;
	int thread = atomic_fetch_add(&s->posted, 1);

	for (int i = 0; i < POSTS; i++) {
		struct step *st = malloc(sizeof(*st));

		*st = (struct step){ s, thread, i };
		exec_post(s->e, take_step, st);
	}
	return NULL;
}

START_TEST(posts_of_each_thread_run_in_order)
{
	struct sequence s = { .e = exec_new("test") };
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, post_many, &s);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	exec_free(&s.e);
	ck_assert_ptr_null(s.e);
	ck_assert_int_eq(s.wrong, 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(s.seen[i], POSTS);
}
END_TEST

static void count_down(void *arg)
{
	int *left = arg;

	if (--*left > 0)
		exec_post(exec_current(), count_down, left);
}

START_TEST(free_runs_what_was_posted_meanwhile)
{
	struct exec *e = exec_new("test");
	int left = 1000;

	exec_post(e, count_down, &left);
	exec_free(&e);
	ck_assert_int_eq(left, 0);
	exec_free(&e);
}
END_TEST

struct nested {
	bool inner_ran, inner_ran_inside;
};

static void inner(void *arg)
{
	((struct nested *)arg)->inner_ran = true;
}

static void outer(void *arg)
{
	struct nested *n = arg;

	exec_post(exec_current(), inner, n);
	n->inner_ran_inside = n->inner_ran;
}

START_TEST(a_post_never_runs_inside_the_call)
{
	struct exec *e = exec_new("test");
	struct nested n = { 0 };

	exec_call(e, outer, &n);
	exec_free(&e);
	ck_assert(n.inner_ran && !n.inner_ran_inside);
}
END_TEST

static void see_current(void *arg)
{
	*(struct exec **)arg = exec_current();
}

static void see_blocking(void *arg)
{
	*(bool *)arg = exec_may_block();
}

START_TEST(current_is_the_thread_that_runs)
{
	struct exec *e = exec_new("test"), *seen = NULL;
	bool may_block = true;

	ck_assert_ptr_null(exec_current());
	ck_assert(exec_may_block());
	exec_call(e, see_current, &seen);
	exec_call(e, see_blocking, &may_block);
	ck_assert_ptr_eq(seen, e);
	ck_assert(!may_block);
	exec_free(&e);
}
END_TEST

struct stack_user {
	struct timer timer;
	int fired;
};

static void fired(void *arg)
{
	((struct stack_user *)arg)->fired++;
}

static void start_far_timer(void *arg)
{
	struct stack_user *u = arg;

	timer_start(&u->timer, 3600 * 1000, 0, fired, u);
}

START_TEST(free_drops_timers)
{
	struct exec *e = exec_new("test");
	struct stack_user u = { 0 };

	exec_call(e, start_far_timer, &u);
	exec_free(&e);
	ck_assert_int_eq(u.fired, 0);
	ck_assert_ptr_null(u.timer.owner);
}
END_TEST

static void start_near_timer(void *arg)
{
	struct stack_user *u = arg;

	timer_start(&u->timer, 10, 10, fired, u);
}

static void read_and_stop(void *arg)
{
	struct stack_user *u = arg;

	timer_stop(&u->timer);
}

START_TEST(a_thread_keeps_timers_too)
{
	struct exec *e = exec_new("test");
	struct stack_user u = { 0 };
	int64_t begun_ms = clock_mono_ms();

	exec_call(e, start_near_timer, &u);
	usleep(200 * 1000);
	exec_call(e, read_and_stop, &u);
	ck_assert_int_ge(u.fired, 3);
	ck_assert_int_le(u.fired, (clock_mono_ms() - begun_ms) / 10 + 1);
	exec_free(&e);
}
END_TEST

TEST_MAIN("exec", posts_of_each_thread_run_in_order, free_runs_what_was_posted_meanwhile,
	a_post_never_runs_inside_the_call, current_is_the_thread_that_runs, free_drops_timers,
	a_thread_keeps_timers_too)
