/*
 * consumer.c: handing the tasks of a durable queue to workers.
 *
 * A consumer is a runner: each of its up to `concurrency` runs takes one task, handles it, settles
 * it, and goes round again until there is none. It is woken after commits that pushed to its queue.
 * One slow tick for all sees to the rest: a consumer is woken when a lease or a delay of its queue
 * is over, and when its database was written to, since that may have been another process. So where
 * nobody writes and nothing is due, nothing is asked.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "db/database.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "job/queue.h"
#include "job/queue_store.h"
#include "job/runner.h"

#define TICK_MS 1000

struct consumer {
	struct list_node node; /* in `consumers` */
	const struct queue_consumer *spec;
	struct db *db;
	void *module;
	struct runner runner;
	struct db_watch watch;
	struct db_quiet quiet;  /* the tick's */
	_Atomic int64_t due_ms; /* when a waiting task is ready, if none is now; 0: not known */
	struct metric *done, *failed, *dead;
};

/* The starting executor's thread; empty before the first queue_start. */
static struct list consumers;
static struct timer tick;

/* A task in a worker's hand; lies on its stack. */
struct hand {
	struct consumer *consumer;
	struct queue_task task;
	struct arena *arena;
	bool taken;
	int result; /* the handler's */
	bool dead;
};

static int take(struct db_tx *tx, void *arg)
{
	struct hand *h = arg;
	int64_t due_ms = 0;
	int rc = queue_take(tx, h->consumer->spec, h->arena, &h->task);

	h->taken = rc > 0;
	if (rc == 0)
		rc = queue_next_due(tx, h->consumer->spec->name, &due_ms);
	atomic_store(&h->consumer->due_ms, due_ms);
	return rc < 0 ? rc : 0;
}

static int settle(struct db_tx *tx, void *arg)
{
	struct hand *h = arg;

	if (h->result < 0)
		return queue_fail(tx, h->consumer->spec, &h->task, h->result, &h->dead);
	return queue_complete(tx, &h->task);
}

static void log_failure(const struct hand *h)
{
	log_event(h->dead ? LOG_ERROR : LOG_WARN, "queue",
		h->dead ? "task failed for good" : "task failed, it will be retried", "queue", "%s",
		h->task.queue, "task", "%lld", (long long)h->task.id, "key", "%s",
		arena_strdup(h->arena, h->task.key), "attempt", "%d", h->task.attempt, "why", "%s",
		error_name(h->result), NULL);
}

static void handle(struct hand *h)
{
	struct consumer *c = h->consumer;
	int rc;

	h->result = c->spec->handle(c->module, &h->task, h->arena);
	rc = db_write_wait(c->db, settle, h);
	/* A conflict: the handler completed it itself, or its lease was lost to another. */
	if (rc < 0 && rc != HEARTH_ECONFLICT)
		log_error("queue",
			"result of a task not saved, it is retried when its lease expires", "queue",
			"%s", h->task.queue, "task", "%lld", (long long)h->task.id, "why", "%s",
			error_name(rc), NULL);
	metric_add(h->result >= 0 ? c->done : h->dead ? c->dead : c->failed, 1);
	if (h->result < 0)
		log_failure(h);
}

static bool run(void *arg)
{
	struct consumer *c = arg;
	struct hand h = { .consumer = c, .arena = arena_new() };

	if (db_write_wait(c->db, take, &h) < 0) {
		h.taken = false;
		atomic_store(&c->due_ms, 0);
	}
	if (h.taken) {
		runner_wake(&c->runner); /* there may be another one, for another worker */
		handle(&h);
	}
	arena_free(&h.arena);
	return h.taken;
}

static void wake(void *arg)
{
	struct consumer *c = arg;

	runner_wake(&c->runner);
}

static void on_tick(void *arg)
{
	(void)arg;
	LIST_FOREACH (&consumers, node) {
		struct consumer *c = LIST_ENTRY(node, struct consumer, node);
		bool quiet = db_is_quiet(c->db, &c->quiet);

		if (!quiet || clock_wall_ms() >= atomic_load(&c->due_ms))
			runner_wake(&c->runner);
	}
}

static struct metric *task_metric(const char *queue, const char *result)
{
	char label[120];

	snprintf(label, sizeof(label), "queue=\"%s\",result=\"%s\"", queue, result);
	return metric_counter(
		"hearth_queue_tasks_total", label, "Tasks that workers have ended, by result.");
}

int queue_start(struct db *db, const struct queue_consumer *spec, struct pool *pool, void *module)
{
	struct consumer *c = mem_zalloc(sizeof(*c));

	INVARIANT(exec_current() && spec->concurrency > 0 && spec->lease_ms > 0 &&
		  spec->attempts_max > 0);
	if (!consumers.head.next)
		list_init(&consumers);
	c->spec = spec;
	c->db = db;
	c->module = module;
	c->done = task_metric(spec->name, "done");
	c->failed = task_metric(spec->name, "failed");
	c->dead = task_metric(spec->name, "dead");
	runner_init(&c->runner, pool, spec->concurrency, run, c);
	c->watch = (struct db_watch){
		.bits = db_signal_bit(slice_str(spec->name)), .fn = wake, .arg = c
	};
	db_watch(db, &c->watch);
	list_push(&consumers, &c->node);
	timer_start(&tick, 0, TICK_MS, on_tick, NULL);
	return 0;
}

void queue_stop_all(void)
{
	struct list_node *node;

	if (!consumers.head.next)
		return;
	timer_stop(&tick);
	LIST_FOREACH (&consumers, it) {
		struct consumer *c = LIST_ENTRY(it, struct consumer, node);

		db_unwatch(c->db, &c->watch);
		runner_stop(&c->runner);
	}
	while ((node = list_pop(&consumers))) {
		struct consumer *c = LIST_ENTRY(node, struct consumer, node);

		runner_clear(&c->runner);
		free(c);
	}
}
