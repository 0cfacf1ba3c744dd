/*
 * test_pool.c: worker pools: the promises of job.h for job_run.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness.h"
#include "hearth/error.h"
#include "hearth/job.h"
#include "loop/loop.h"
#include "src/dies.h"

#define JOBS 5000

struct work {
	int number;
	atomic_int *running_max, *running, *started;
	int started_as;      /* the how-many-eth job this was to start */
	struct exec *ran_on; /* while working: NULL on a worker */
	struct exec *done_on;
	int *left;
};

static void work_a_moment(void *arg)
{
	struct work *w = arg;
	int now = atomic_fetch_add(w->running, 1) + 1;

	w->started_as = atomic_fetch_add(w->started, 1);
	w->ran_on = exec_current();
	if (now > atomic_load(w->running_max))
		atomic_store(w->running_max, now);
	atomic_fetch_sub(w->running, 1);
}

static void note_done(void *arg, int status)
{
	struct work *w = arg;

	ck_assert_int_eq(status, 0);
	w->done_on = exec_current();
	--*w->left;
}

static int none_left(void *arg)
{
	return *(int *)arg == 0;
}

static void run_many(int threads, struct work *w, atomic_int *running_max)
{
	struct pool *p = pool_new("test", threads, JOBS);
	static atomic_int running, started;
	int left = 0;

	loop_init();
	atomic_store(&started, 0);
	for (int i = 0; i < JOBS; i++) {
		w[i] = (struct work){ .number = i,
			.running_max = running_max,
			.running = &running,
			.started = &started,
			.left = &left,
			.ran_on = exec_loop() };
		left++;
		ck_assert_int_eq(job_run(p, work_a_moment, note_done, &w[i]), 0);
	}
	ck_assert(loop_run_until(none_left, &left, 20000));
	pool_free(&p);
	ck_assert_ptr_null(p);
	for (int i = 0; i < JOBS; i++) {
		ck_assert_ptr_null(w[i].ran_on);
		ck_assert_ptr_eq(w[i].done_on, exec_loop());
	}
	loop_stop();
	loop_run();
}

START_TEST(one_thread_runs_jobs_in_order)
{
	static struct work w[JOBS];
	atomic_int max = 0;

	run_many(1, w, &max);
	ck_assert_int_eq(max, 1);
	for (int i = 0; i < JOBS; i++)
		ck_assert_int_eq(w[i].started_as, i);
}
END_TEST

START_TEST(many_threads_run_every_job_once)
{
	static struct work w[JOBS];
	static bool seen[JOBS];
	atomic_int max = 0;

	run_many(4, w, &max);
	ck_assert_int_le(max, 4);
	for (int i = 0; i < JOBS; i++) {
		ck_assert(!seen[w[i].started_as]);
		seen[w[i].started_as] = true;
	}
}
END_TEST

/* ---- bounds ---- */

struct gate {
	pthread_mutex_t lock;
	atomic_int ran, waiting;
};

static void pass_gate(void *arg)
{
	struct gate *g = arg;

	atomic_fetch_add(&g->waiting, 1);
	pthread_mutex_lock(&g->lock);
	pthread_mutex_unlock(&g->lock);
	atomic_fetch_add(&g->ran, 1);
}

START_TEST(a_full_queue_refuses_and_free_runs_what_waits)
{
	struct pool *p = pool_new("test", 1, 3);
	struct gate g = { .lock = PTHREAD_MUTEX_INITIALIZER };

	pthread_mutex_lock(&g.lock);
	ck_assert_int_eq(job_run(p, pass_gate, NULL, &g), 0);
	while (atomic_load(&g.waiting) == 0)
		usleep(1000);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(job_run(p, pass_gate, NULL, &g), 0);
	ck_assert_int_eq(job_run(p, pass_gate, NULL, &g), HEARTH_EBUSY);
	pthread_mutex_unlock(&g.lock);
	pool_free(&p);
	ck_assert_int_eq(g.ran, 4);
	pool_free(&p);
}
END_TEST

struct from_exec {
	struct pool *p;
	struct exec *e;
	struct work w;
	atomic_int running_max, running, started;
	int left;
};

static void ask(void *arg)
{
	struct from_exec *f = arg;

	f->w = (struct work){ .running_max = &f->running_max,
		.running = &f->running,
		.started = &f->started,
		.left = &f->left };
	f->left = 1;
	ck_assert_int_eq(job_run(f->p, work_a_moment, note_done, &f->w), 0);
}

START_TEST(done_comes_to_the_executor_that_asked)
{
	struct from_exec f = { .p = pool_new("test", 2, 4), .e = exec_new("shard") };
	struct exec *shard = f.e;

	exec_call(f.e, ask, &f);
	pool_free(&f.p);
	exec_free(&f.e);
	ck_assert_int_eq(f.left, 0);
	ck_assert_ptr_eq(f.w.done_on, shard);
}
END_TEST

/* ---- computing ---- */

static int nice_now(void)
{
	return getpriority(PRIO_PROCESS, (id_t)gettid());
}

static void note_nice(void *arg)
{
	*(int *)arg = nice_now();
}

/* What a job and its computing ran with. */
struct standing {
	int before, computing, after;
	pid_t threads[2];
};

static void note_thread(void *arg)
{
	*(pid_t *)arg = gettid();
}

static void compute_in_job(void *arg)
{
	struct standing *s = arg;

	s->before = nice_now();
	job_compute(note_nice, &s->computing);
	s->after = nice_now();
	for (int i = 0; i < 2; i++)
		job_compute(note_thread, &s->threads[i]);
}

START_TEST(computing_stands_back_and_its_worker_does_not)
{
	struct pool *p = pool_new("test", 2, 20);
	struct standing s[20] = { 0 };
	int usual = nice_now();

	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(job_run(p, compute_in_job, NULL, &s[i]), 0);
	pool_free(&p);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(s[i].before, usual);
		ck_assert_int_gt(s[i].computing, usual);
		ck_assert_int_eq(s[i].after, usual);
		ck_assert_int_ne(s[i].threads[0], gettid());
		ck_assert_int_eq(s[i].threads[0], s[i].threads[1]);
	}
}
END_TEST

START_TEST(computing_outside_a_pool_runs_here)
{
	pid_t ran = 0;

	job_compute(note_thread, &ran);
	ck_assert_int_eq(ran, gettid());
}
END_TEST

static void nothing(void *arg)
{
	(void)arg;
}

static void nothing_done(void *arg, int status)
{
	(void)arg;
	(void)status;
}

static void ask_without_executor(void *arg)
{
	job_run(arg, nothing, nothing_done, NULL);
}

START_TEST(a_done_without_an_executor_ends_the_process)
{
	struct pool *p = pool_new("test", 1, 1);

	ck_assert_ptr_null(exec_current());
	ck_assert(dies(ask_without_executor, p));
	ck_assert_int_eq(job_run(p, nothing, NULL, NULL), 0);
	pool_free(&p);
}
END_TEST

TEST_MAIN("pool", computing_stands_back_and_its_worker_does_not, computing_outside_a_pool_runs_here,
	one_thread_runs_jobs_in_order, many_threads_run_every_job_once,
	a_full_queue_refuses_and_free_runs_what_waits, done_comes_to_the_executor_that_asked,
	a_done_without_an_executor_ends_the_process)
