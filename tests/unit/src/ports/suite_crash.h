/*
 * suite_crash.h: what the ports promise across kill -9, as tests that any implementation is run
 * through.
 *
 *   parent ──starts──▶ child: writes, publishes or pushes, and says the number of what was answered
 *     ▲                  │
 *     └── numbers ───────┘     … until the parent kills it, at a random moment; twenty times. Then
 *                              the parent itself finishes what was begun, and looks.
 *
 * Threads do not live through a fork, so a child is this program started anew. It needs the
 * functions that suite_db.h, suite_job.h and suite_bus.h list, and:
 *
 *	static const char *suite_db_place(void);             // of the databases of suite_db_fresh
 *	static void suite_db_take_place(const char *place);  // in the child
 *
 * The program puts SUITE_CRASH in its list of tests and calls suite_crash_child first in main.
 */
#ifndef HEARTH_TESTS_SUITE_CRASH_H
#define HEARTH_TESTS_SUITE_CRASH_H

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "hearth/arena.h"
#include "hearth/bus.h"
#include "hearth/clock.h"
#include "hearth/db.h"
#include "hearth/error.h"
#include "hearth/job.h"

#define KILLS     20
#define IN_FLIGHT 8      /* numbers a child has asked for and not been answered */
#define ROUND     100000 /* numbers a round has at most */
#define WITHIN_MS 100000

/* A fact has two rows: neither may be there without the other. */
static const char *const crash_migrations[] = {
	"CREATE TABLE fact (id {id}, number BIGINT NOT NULL, half BIGINT NOT NULL);"
	"CREATE TABLE effect (id {id}, number BIGINT NOT NULL);"
	"CREATE INDEX fact_number ON fact (number); CREATE INDEX effect_number ON effect (number);",
	NULL,
};
static const struct db_schema source_schema = { "source", crash_migrations };
static const struct db_schema target_schema = { "target", crash_migrations };

/* The product in small: two databases, a bus from one to the other, a queue. */
struct world {
	struct db *dbs[2];
	struct db *source, *target;
	struct pool *pool;
	struct bus *bus;
};

static int64_t number_of(struct slice text)
{
	int64_t n = -1;

	slice_i64(text, 0, INT64_MAX, &n);
	return n;
}

static int put_effect(struct db_tx *tx, int64_t number)
{
	int rc = db_run(tx, "INSERT INTO effect (number) VALUES ($1)", db_int(number));

	return rc < 0 ? rc : 0;
}

static int apply_event(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	(void)module;
	(void)prepared;
	return put_effect(tx, number_of(ev->payload));
}

static const struct bus_subscription crash_subscription = {
	.topic = "crash.fact", .name = "crash.effect", .database = "target", .apply = apply_event
};

static int effect_and_complete(struct db_tx *tx, void *arg)
{
	const struct queue_task *task = arg;
	int rc = put_effect(tx, number_of(task->key));

	return rc < 0 ? rc : queue_complete(tx, task);
}

static int handle_task(void *module, const struct queue_task *task, struct arena *a)
{
	struct world *w = module;
	struct queue_task mine = *task;

	(void)a;
	usleep((useconds_t)(task->id % 7) * 300);
	return db_write_wait(w->source, effect_and_complete, &mine);
}

/* Short leases: what a killed child had in hand is taken up by the next one. */
static const struct queue_consumer crash_consumer = {
	.name = "crash.work",
	.database = "source",
	.pool = "work",
	.concurrency = 4,
	.lease_ms = 400,
	.attempts_max = 1000,
	.handle = handle_task,
};

static void world_open(struct world *w)
{
	struct strbuf why = { 0 };

	if (suite_db_open(&source_schema, &w->source, &why) < 0 ||
		suite_db_open(&target_schema, &w->target, &why) < 0)
		ck_abort_msg("cannot open: %s", why.p);
	strbuf_free(&why);
	w->dbs[0] = w->source;
	w->dbs[1] = w->target;
	suite_loop();
	w->pool = pool_new("work", 4, 64);
	w->bus = suite_bus_new(w->dbs, 2);
	suite_bus_subscribe(w->bus, &crash_subscription, w->target, w->pool, w);
	suite_bus_start(w->bus);
	suite_queue_start(w->source, &crash_consumer, w->pool, w);
}

static void world_close(struct world *w)
{
	suite_queue_stop();
	suite_bus_end(&w->bus);
	pool_free(&w->pool);
	suite_db_close(&w->target);
	suite_db_close(&w->source);
	suite_loop_end();
}

/* ---- the child: all of it on the loop, but for the functions in transactions ---- */

struct asking {
	struct world *world;
	const char *what; /* "facts", "events", "tasks" */
	int64_t number;   /* the one this slot asks for */
	int64_t *next;
};

static int put_fact(struct db_tx *tx, void *arg)
{
	const struct asking *a = arg;
	char text[24];
	int rc = 0;

	snprintf(text, sizeof(text), "%lld", (long long)a->number);
	for (int half = 0; half < 2 && rc >= 0; half++)
		rc = db_run(tx, "INSERT INTO fact (number, half) VALUES ($1, $2)",
			db_int(a->number), db_int(half));
	if (rc >= 0 && strcmp(a->what, "events") == 0)
		rc = bus_publish(tx, "crash.fact", slice_str(text), slice_str(text));
	if (rc >= 0 && strcmp(a->what, "tasks") == 0)
		rc = queue_push(tx, "crash.work", slice_str(text), slice_of(NULL, 0), 0, 0);
	return rc < 0 ? rc : 0;
}

static void ask_for_next(struct asking *a);

static void say_answered(void *arg, int status)
{
	struct asking *a = arg;

	if (status != 0 || write(STDOUT_FILENO, &a->number, sizeof(a->number)) != sizeof(a->number))
		abort();
	ask_for_next(a);
}

static void ask_for_next(struct asking *a)
{
	a->number = (*a->next)++;
	if (a->number % ROUND < ROUND - 1 &&
		db_write(a->world->source, put_fact, say_answered, a) != 0)
		abort();
}

/* Runs as a child, if this process is one; does not return then. */
static void suite_crash_child(int argc, char **argv)
{
	struct asking slots[IN_FLIGHT];
	struct world w;
	int64_t next;

	if (argc != 4)
		return;
	suite_db_take_place(argv[2]);
	next = number_of(slice_str(argv[3]));
	world_open(&w);
	for (int i = 0; i < IN_FLIGHT; i++) {
		slots[i] = (struct asking){ .world = &w, .what = argv[1], .next = &next };
		ask_for_next(&slots[i]);
	}
	suite_run_until(suite_never, NULL, WITHIN_MS);
	_exit(1);
}

/* ---- the parent ---- */

/* What a child has said was answered: the numbers of its round. */
struct round {
	int64_t first;
	bool *answered; /* ROUND of them */
	int count;
};

static pid_t start_child(const char *what, int64_t first, int *out)
{
	char number[24];
	char *const argv[] = { (char *)"child", (char *)what, (char *)suite_db_place(), number,
		NULL };
	posix_spawn_file_actions_t actions;
	int ends[2];
	pid_t child;

	snprintf(number, sizeof(number), "%lld", (long long)first);
	ck_assert_int_eq(pipe(ends), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	posix_spawn_file_actions_addclose(&actions, ends[1]);
	ck_assert_int_eq(posix_spawn(&child, "/proc/self/exe", &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	*out = ends[0];
	return child;
}

/* Reads numbers until so many are there or the time is over; false at the end of the pipe. */
static bool hear(struct round *r, int pipe_end, int enough, int timeout_ms)
{
	int64_t end_ms = clock_mono_ms() + timeout_ms, number, left_ms;

	while (r->count < enough && (left_ms = end_ms - clock_mono_ms()) > 0) {
		struct pollfd p = { .fd = pipe_end, .events = POLLIN };

		if (poll(&p, 1, (int)left_ms) <= 0)
			continue;
		if (read(pipe_end, &number, sizeof(number)) != sizeof(number))
			return false;
		ck_assert(number >= r->first && number < r->first + ROUND &&
			  !r->answered[number - r->first]);
		r->answered[number - r->first] = true;
		r->count++;
	}
	return true;
}

/* One child, killed after a random number of answers or a random time, whatever comes first. */
static void run_and_kill(const char *what, struct round *r, unsigned *seed)
{
	int enough = rand_r(seed) % 400, pipe_end;
	pid_t child = start_child(what, r->first, &pipe_end);

	hear(r, pipe_end, enough, rand_r(seed) % 4 ? 20000 : rand_r(seed) % 100);
	usleep((useconds_t)rand_r(seed) % 3000);
	kill(child, SIGKILL);
	while (hear(r, pipe_end, ROUND, 1000))
		;
	close(pipe_end);
	waitpid(child, NULL, 0);
}

/* ---- looking ---- */

struct look {
	const char *sql;
	int64_t n;
};

static int look_fn(struct db_tx *tx, void *arg)
{
	struct look *l = arg;
	struct db_rows rows;
	int rc = db_query(tx, &rows, l->sql);

	if (rc == 0 && (rc = db_next(&rows)) > 0)
		l->n = db_col_int(&rows, 0);
	return db_end(&rows);
}

static int64_t look(struct db *db, const char *sql)
{
	struct look l = { sql, -1 };

	ck_assert_int_eq(db_read_wait(db, look_fn, &l), 0);
	return l.n;
}

struct check {
	const struct round *round;
	int64_t missing;
};

/* Both halves of every answered fact, once. */
static int count_missing(struct db_tx *tx, void *arg)
{
	struct check *c = arg;

	for (int i = 0; i < ROUND; i++) {
		int64_t n = 0;

		if (!c->round->answered[i])
			continue;
		if (db_get_int(tx, &n, "SELECT count(*) FROM fact WHERE number = $1",
			    db_int(c->round->first + i)) < 0)
			return HEARTH_EIO;
		c->missing += n != 2;
	}
	return 0;
}

static int nothing_open(void *arg)
{
	struct world *w = arg;

	return look(w->source, "SELECT count(*) FROM job_queue") == 0 &&
	       look(w->source, "SELECT count(*) FROM bus_outbox") == 0;
}

/* Kills twenty children, finishes their work, and checks what every answer promised. */
static void kill_many(const char *what, struct world *w)
{
	unsigned seed = (unsigned)getpid();
	struct round rounds[KILLS];
	int answered = 0;

	suite_db_fresh();
	for (int i = 0; i < KILLS; i++) {
		rounds[i] = (struct round){ .first = (int64_t)i * ROUND,
			.answered = calloc(ROUND, sizeof(bool)) };
		run_and_kill(what, &rounds[i], &seed);
		answered += rounds[i].count;
	}
	ck_assert_int_gt(answered, 0);
	world_open(w);
	ck_assert(suite_run_until(nothing_open, w, WITHIN_MS));
	for (int i = 0; i < KILLS; i++) {
		struct check c = { &rounds[i], 0 };

		ck_assert_int_eq(db_read_wait(w->source, count_missing, &c), 0);
		ck_assert_int_eq(c.missing, 0);
		free(rounds[i].answered);
	}
	ck_assert_int_eq(
		look(w->source, "SELECT count(*) FROM (SELECT number FROM fact GROUP BY number"
				" HAVING count(*) <> 2 OR sum(half) <> 1)"),
		0);
}

static const char effects_sql[] = "SELECT count(*) FROM effect";
static const char distinct_effects_sql[] = "SELECT count(DISTINCT number) FROM effect";

START_TEST(crash_keeps_every_answered_write)
{
	struct world w;

	kill_many("facts", &w);
	world_close(&w);
}
END_TEST

START_TEST(crash_applies_every_event_exactly_once)
{
	struct world w;
	int64_t facts;

	kill_many("events", &w);
	facts = look(w.source, "SELECT count(*) / 2 FROM fact");
	ck_assert_int_eq(look(w.target, effects_sql), facts);
	ck_assert_int_eq(look(w.target, distinct_effects_sql), facts);
	world_close(&w);
}
END_TEST

START_TEST(crash_finishes_every_task_with_one_effect)
{
	struct world w;
	int64_t facts;

	kill_many("tasks", &w);
	facts = look(w.source, "SELECT count(*) / 2 FROM fact");
	ck_assert_int_eq(look(w.source, effects_sql), facts);
	ck_assert_int_eq(look(w.source, distinct_effects_sql), facts);
	world_close(&w);
}
END_TEST

#define SUITE_CRASH                                                               \
	crash_keeps_every_answered_write, crash_applies_every_event_exactly_once, \
		crash_finishes_every_task_with_one_effect

#endif
