/*
 * suite_job.h: what job.h promises of durable queues, as tests that any implementation is run
 * through.
 *
 * It knows nothing but include/hearth. The program that includes it defines before that what
 * suite_db.h lists, and:
 *
 *	static void suite_queue_start(struct db *db, const struct queue_consumer *c, struct pool *p,
 *	                              void *module);
 *	static void suite_queue_stop(void);          // of all of them
 *	static void suite_pass_time(int64_t ms);     // for delays and leases
 *	static int suite_never(void *arg);           // 0
 *
 * and puts SUITE_JOB in its list of tests.
 */
#ifndef HEARTH_TESTS_SUITE_JOB_H
#define HEARTH_TESTS_SUITE_JOB_H

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "harness.h"
#include "hearth/clock.h"
#include "hearth/db.h"
#include "hearth/error.h"
#include "hearth/job.h"

#define WITHIN_MS 60000
#define SEEN_MAX  2048

static const char *const shop_migrations[] = {
	"CREATE TABLE effect (id {id}, key {bytes} NOT NULL, attempt BIGINT NOT NULL);", NULL
};
static const struct db_schema shop_schema = { "shop", shop_migrations };

struct shop;

typedef int shop_fn(struct shop *s, const struct queue_task *task, struct arena *a);

/* What the tests' handler does and has seen. */
struct shop {
	struct db *db;
	struct pool *pool;
	shop_fn *work;
	pthread_mutex_t lock; /* for the rest */
	int seen;
	char keys[SEEN_MAX][16]; /* in the order they were handed out */
	int attempts[SEEN_MAX];
	int inside, inside_max;
	atomic_int ended;
};

static int handle(void *module, const struct queue_task *task, struct arena *a)
{
	struct shop *s = module;
	int rc;

	pthread_mutex_lock(&s->lock);
	ck_assert_int_lt(s->seen, SEEN_MAX);
	snprintf(s->keys[s->seen], sizeof(s->keys[0]), "%.*s", SLICE_ARG(task->key));
	s->attempts[s->seen++] = task->attempt;
	if (++s->inside > s->inside_max)
		s->inside_max = s->inside;
	pthread_mutex_unlock(&s->lock);
	rc = s->work ? s->work(s, task, a) : 0;
	pthread_mutex_lock(&s->lock);
	s->inside--;
	pthread_mutex_unlock(&s->lock);
	atomic_fetch_add(&s->ended, 1);
	return rc;
}

static const struct queue_consumer one_at_a_time = {
	.name = "shop.work",
	.database = "shop",
	.pool = "work",
	.concurrency = 1,
	.lease_ms = 60000,
	.attempts_max = 3,
	.handle = handle,
};
static const struct queue_consumer four_at_once = {
	.name = "shop.work",
	.database = "shop",
	.pool = "work",
	.concurrency = 4,
	.lease_ms = 60000,
	.attempts_max = 3,
	.handle = handle,
};

static struct shop *shop_open(shop_fn *work)
{
	struct shop *s = mem_zalloc(sizeof(*s));
	struct strbuf why = { 0 };

	suite_db_fresh();
	if (suite_db_open(&shop_schema, &s->db, &why) < 0)
		ck_abort_msg("cannot open: %s", why.p);
	strbuf_free(&why);
	suite_loop();
	s->pool = pool_new("work", 4, 64);
	s->work = work;
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

static void shop_close(struct shop *s)
{
	suite_queue_stop();
	pool_free(&s->pool);
	suite_db_close(&s->db);
	suite_loop_end();
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- pushing and counting ---- */

struct push {
	const char *key, *payload;
	int priority;
	int64_t not_before_ms;
	int and_then; /* what the function returns after pushing */
	int pushed;
};

static int push_fn(struct db_tx *tx, void *arg)
{
	struct push *p = arg;

	p->pushed = queue_push(tx, "shop.work", slice_str(p->key), slice_str(p->payload),
		p->priority, p->not_before_ms);
	return p->and_then;
}

static int push(struct shop *s, struct push p)
{
	ck_assert_int_eq(db_write_wait(s->db, push_fn, &p), p.and_then);
	return p.pushed;
}

struct counts {
	int64_t open, dead;
};

static int count_fn(struct db_tx *tx, void *arg)
{
	struct counts *c = arg;

	return queue_count(tx, "shop.work", &c->open, &c->dead);
}

static struct counts count(struct shop *s)
{
	struct counts c = { -1, -1 };

	ck_assert_int_eq(db_read_wait(s->db, count_fn, &c), 0);
	return c;
}

static int none_open(void *arg)
{
	return count(arg).open == 0;
}

static int one_ended(void *arg)
{
	return atomic_load(&((struct shop *)arg)->ended) >= 1;
}

static int two_ended(void *arg)
{
	return atomic_load(&((struct shop *)arg)->ended) >= 2;
}

/* ---- a task's way ---- */

static int check_first(struct shop *s, const struct queue_task *task, struct arena *a)
{
	(void)s;
	ck_assert_ptr_null(exec_current());
	ck_assert_str_eq(task->queue, "shop.work");
	ck_assert(slice_eq(task->key, slice_str("k")));
	ck_assert(slice_eq(task->payload, slice_str("load")));
	ck_assert_int_eq(task->attempt, 1);
	memset(arena_alloc(a, 1000), 'x', 1000);
	return 0;
}

START_TEST(queue_hands_out_what_was_committed)
{
	struct shop *s = shop_open(check_first);

	suite_queue_start(s->db, &one_at_a_time, s->pool, s);
	ck_assert_int_eq(
		push(s, (struct push){ .key = "lost", .payload = "load", .and_then = HEARTH_EIO }),
		0);
	ck_assert_int_eq(push(s, (struct push){ .key = "k", .payload = "load" }), 0);
	ck_assert(suite_run_until(none_open, s, WITHIN_MS));
	ck_assert_int_eq(s->seen, 1);
	shop_close(s);
}
END_TEST

START_TEST(queue_is_woken_by_a_commit)
{
	struct shop *s = shop_open(NULL);
	int64_t begin_ms;

	suite_queue_start(s->db, &one_at_a_time, s->pool, s);
	begin_ms = clock_mono_ms();
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(push(s, (struct push){ .key = "k", .payload = "load" }), 0);
		ck_assert(suite_run_until(none_open, s, WITHIN_MS));
	}
	/* A poll of once a second would need twenty. */
	ck_assert_int_lt(clock_mono_ms() - begin_ms, 10000);
	shop_close(s);
}
END_TEST

START_TEST(queue_keeps_one_task_a_key)
{
	struct shop *s = shop_open(NULL);

	ck_assert_int_eq(push(s, (struct push){ .key = "k", .payload = "load" }), 0);
	ck_assert_int_eq(push(s, (struct push){ .key = "k", .payload = "other" }), HEARTH_EEXIST);
	ck_assert_int_eq(count(s).open, 1);
	suite_queue_start(s->db, &one_at_a_time, s->pool, s);
	ck_assert(suite_run_until(none_open, s, WITHIN_MS));
	ck_assert_int_eq(push(s, (struct push){ .key = "k", .payload = "again" }), 0);
	ck_assert(suite_run_until(none_open, s, WITHIN_MS));
	ck_assert_int_eq(s->seen, 2);
	shop_close(s);
}
END_TEST

START_TEST(queue_orders_by_priority_then_age)
{
	static const char *const expected[] = { "d", "f", "a", "c", "b", "e" };
	struct shop *s = shop_open(NULL);

	push(s, (struct push){ .key = "a", .priority = 0 });
	push(s, (struct push){ .key = "b", .priority = -5 });
	push(s, (struct push){ .key = "c", .priority = 0 });
	push(s, (struct push){ .key = "d", .priority = 9 });
	push(s, (struct push){ .key = "e", .priority = -5 });
	push(s, (struct push){ .key = "f", .priority = 9 });
	suite_queue_start(s->db, &one_at_a_time, s->pool, s);
	ck_assert(suite_run_until(none_open, s, WITHIN_MS));
	for (int i = 0; i < 6; i++)
		ck_assert_str_eq(s->keys[i], expected[i]);
	shop_close(s);
}
END_TEST

START_TEST(queue_waits_until_a_task_is_due)
{
	struct shop *s = shop_open(NULL);

	suite_pass_time(0);
	push(s, (struct push){ .key = "later", .not_before_ms = clock_wall_ms() + 60000 });
	push(s, (struct push){ .key = "now" });
	suite_queue_start(s->db, &one_at_a_time, s->pool, s);
	ck_assert(suite_run_until(one_ended, s, WITHIN_MS));
	ck_assert(!suite_run_until(two_ended, s, 1500));
	ck_assert_int_eq(count(s).open, 1);
	suite_pass_time(60000);
	ck_assert(suite_run_until(none_open, s, WITHIN_MS));
	ck_assert_str_eq(s->keys[0], "now");
	ck_assert_str_eq(s->keys[1], "later");
	shop_close(s);
}
END_TEST

/* ---- failing ---- */

static int fail_always(struct shop *s, const struct queue_task *task, struct arena *a)
{
	(void)s;
	(void)task;
	(void)a;
	return HEARTH_ETIMEOUT;
}

static int is_dead(void *arg)
{
	return count(arg).dead == 1;
}

START_TEST(queue_tries_again_and_gives_up)
{
	struct shop *s = shop_open(fail_always);

	suite_pass_time(0);
	suite_queue_start(s->db, &one_at_a_time, s->pool, s);
	push(s, (struct push){ .key = "k" });
	ck_assert(suite_run_until(one_ended, s, WITHIN_MS));
	ck_assert(!suite_run_until(two_ended, s, 1500)); /* there is a delay */
	/* When it is due again is written after the attempt: so time passes until it is. */
	for (int i = 0; i < 60 && !is_dead(s); i++) {
		suite_pass_time(3600 * 1000);
		suite_run_until(is_dead, s, 1500);
	}
	ck_assert(is_dead(s));
	ck_assert_int_eq(s->seen, 3);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(s->attempts[i], i + 1);
	suite_pass_time(3600 * 1000);
	suite_run_until(suite_never, NULL, 1200);
	ck_assert_int_eq(s->seen, 3);
	ck_assert_int_eq(count(s).open, 0);
	/* What was given up does not bar the same work later. */
	ck_assert_int_eq(push(s, (struct push){ .key = "k", .not_before_ms = INT64_MAX }), 0);
	ck_assert_int_eq(count(s).open, 1);
	shop_close(s);
}
END_TEST

/* ---- leases ---- */

static int effect_and_complete(struct db_tx *tx, void *arg)
{
	const struct queue_task *task = arg;
	int rc = db_run(tx, "INSERT INTO effect (key, attempt) VALUES ($1, $2)",
		db_bytes(task->key), db_int(task->attempt));

	return rc < 0 ? rc : queue_complete(tx, task);
}

static int effects_fn(struct db_tx *tx, void *arg)
{
	return db_get_int(tx, arg, "SELECT count(*) FROM effect");
}

static int64_t effects(struct shop *s)
{
	int64_t n = -1;

	ck_assert_int_eq(db_read_wait(s->db, effects_fn, &n), 0);
	return n;
}

/* The first to get the task loses it and comes back late; the second does it. */
static int lose_the_lease(struct shop *s, const struct queue_task *task, struct arena *a)
{
	struct queue_task mine = *task;

	(void)a;
	if (task->attempt > 1)
		return db_write_wait(s->db, effect_and_complete, &mine);
	suite_pass_time(61000);
	while (atomic_load(&s->ended) == 0)
		usleep(1000);
	ck_assert_int_eq(db_write_wait(s->db, effect_and_complete, &mine), HEARTH_ECONFLICT);
	ck_assert_int_eq(queue_extend(s->db, task, 60000), HEARTH_ECONFLICT);
	return HEARTH_ECONFLICT;
}

START_TEST(queue_gives_an_expired_task_to_another)
{
	struct shop *s = shop_open(lose_the_lease);

	suite_pass_time(0);
	suite_queue_start(s->db, &four_at_once, s->pool, s);
	push(s, (struct push){ .key = "k" });
	ck_assert(suite_run_until(two_ended, s, WITHIN_MS));
	ck_assert(suite_run_until(none_open, s, WITHIN_MS));
	ck_assert_int_eq(s->seen, 2);
	ck_assert_int_eq(effects(s), 1);
	ck_assert_int_eq(count(s).dead, 0);
	shop_close(s);
}
END_TEST

static int extend_and_take_long(struct shop *s, const struct queue_task *task, struct arena *a)
{
	struct queue_task mine = *task;

	(void)a;
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(queue_extend(s->db, task, 60000), 0);
		suite_pass_time(50000);
		usleep(1100 * 1000); /* so that whoever looks for expired leases has looked */
	}
	return db_write_wait(s->db, effect_and_complete, &mine);
}

START_TEST(queue_leaves_an_extended_task_alone)
{
	struct shop *s = shop_open(extend_and_take_long);

	suite_pass_time(0);
	suite_queue_start(s->db, &four_at_once, s->pool, s);
	push(s, (struct push){ .key = "k" });
	ck_assert(suite_run_until(none_open, s, WITHIN_MS));
	ck_assert_int_eq(s->seen, 1);
	ck_assert_int_eq(effects(s), 1);
	shop_close(s);
}
END_TEST

/*
 * A worker that dies says nothing: here it never ends the task, and its lease runs out each time.
 */
static int vanish(struct shop *s, const struct queue_task *task, struct arena *a)
{
	(void)a;
	if (task->attempt <= 3)
		suite_pass_time(61000);
	while (task->attempt <= 3 && count(s).dead == 0)
		usleep(1000);
	return 0;
}

START_TEST(queue_gives_up_a_task_that_nobody_survives)
{
	struct shop *s = shop_open(vanish);

	suite_pass_time(0);
	suite_queue_start(s->db, &four_at_once, s->pool, s);
	push(s, (struct push){ .key = "k" });
	ck_assert(suite_run_until(is_dead, s, WITHIN_MS));
	ck_assert_int_eq(s->seen, 3);
	shop_close(s);
}
END_TEST

/* ---- many ---- */

static int do_once(struct shop *s, const struct queue_task *task, struct arena *a)
{
	struct queue_task mine = *task;

	(void)a;
	usleep(500);
	return db_write_wait(s->db, effect_and_complete, &mine);
}

#define PUSHERS 8
#define PUSHES  100

struct pusher {
	struct shop *shop;
	int number;
};

static void *push_many(void *arg)
{
	struct pusher *p = arg;
	char key[16];

	for (int i = 0; i < PUSHES; i++) {
		snprintf(key, sizeof(key), "%d/%d", p->number, i);
		ck_assert_int_eq(push(p->shop, (struct push){ .key = key }), 0);
	}
	return NULL;
}

START_TEST(queue_hands_each_of_many_out_once)
{
	struct shop *s = shop_open(do_once);
	struct pusher p[PUSHERS];
	pthread_t t[PUSHERS];

	suite_queue_start(s->db, &four_at_once, s->pool, s);
	for (int i = 0; i < PUSHERS; i++) {
		p[i] = (struct pusher){ s, i };
		pthread_create(&t[i], NULL, push_many, &p[i]);
	}
	for (int i = 0; i < PUSHERS; i++)
		pthread_join(t[i], NULL);
	ck_assert(suite_run_until(none_open, s, WITHIN_MS));
	suite_queue_stop();
	ck_assert_int_eq(s->seen, PUSHERS * PUSHES);
	ck_assert_int_eq(effects(s), PUSHERS * PUSHES);
	ck_assert_int_le(s->inside_max, 4);
	ck_assert_int_ge(s->inside_max, 2);
	shop_close(s);
}
END_TEST

/* ---- the end ---- */

static int take_a_while(struct shop *s, const struct queue_task *task, struct arena *a)
{
	(void)s;
	(void)task;
	(void)a;
	usleep(100 * 1000);
	return 0;
}

static int one_inside(void *arg)
{
	struct shop *s = arg;
	int inside;

	pthread_mutex_lock(&s->lock);
	inside = s->inside;
	pthread_mutex_unlock(&s->lock);
	return inside > 0;
}

START_TEST(queue_stop_waits_for_the_hand_and_leaves_the_rest)
{
	struct shop *s = shop_open(take_a_while);

	for (int i = 0; i < 9; i++)
		push(s, (struct push){ .key = (const char[]){ (char)('a' + i), 0 } });
	suite_queue_start(s->db, &one_at_a_time, s->pool, s);
	ck_assert(suite_run_until(one_inside, s, WITHIN_MS));
	suite_queue_stop();
	ck_assert_int_eq(s->inside, 0);
	ck_assert_int_eq(count(s).open, 9 - s->seen);
	ck_assert_int_lt(s->seen, 9);
	suite_queue_start(s->db, &four_at_once, s->pool, s);
	ck_assert(suite_run_until(none_open, s, WITHIN_MS));
	ck_assert_int_eq(s->seen, 9);
	shop_close(s);
}
END_TEST

#define SUITE_JOB                                                                              \
	queue_hands_out_what_was_committed, queue_is_woken_by_a_commit,                        \
		queue_keeps_one_task_a_key, queue_orders_by_priority_then_age,                 \
		queue_waits_until_a_task_is_due, queue_tries_again_and_gives_up,               \
		queue_gives_an_expired_task_to_another, queue_leaves_an_extended_task_alone,   \
		queue_gives_up_a_task_that_nobody_survives, queue_hands_each_of_many_out_once, \
		queue_stop_waits_for_the_hand_and_leaves_the_rest

#endif
