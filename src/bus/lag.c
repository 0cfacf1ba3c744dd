/*
 * lag.c: how far each subscription is behind, for /metrics and health: a subscriber that fails, or
 * hangs, holds up what is behind it and must not do so unseen.
 *
 *	bus.SUBSCRIPTION.SOURCE   an event has been waiting for longer than the bus's lag_max_ms
 *	bus-dead.DATABASE         events were set aside in this database within the last day
 *
 * All of it runs on the worker of the source that is surveyed, but for lane_measure.
 */
#include <stdio.h>

#include "bus/dispatch.h"
#include "bus/outbox.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/health.h"

#define COUNT_MAX 100000 /* beyond it, the metric says this many */
#define DEAD_MS   (INT64_C(24) * 60 * 60 * 1000)

void lane_measure(struct lane *l)
{
	char label[160];

	snprintf(label, sizeof(label), "subscription=\"%s\",source=\"%s\"", l->subscription->name,
		db_name(l->from));
	l->lag_events = metric_gauge("hearth_bus_lag_events", label,
		"Events that wait for a subscription (at most 100000 are counted)");
	l->lag_seconds = metric_gauge(
		"hearth_bus_lag_seconds", label, "How long the oldest of them has been waiting");
	l->set_aside = metric_counter(
		"hearth_bus_set_aside_total", label, "Events that failed too often (bus_dead)");
}

struct behind {
	const char *topic;
	int64_t position, n, at_ms;
};

static int read_behind(struct db_tx *tx, void *arg)
{
	struct behind *b = arg;

	return outbox_behind(tx, b->topic, b->position, COUNT_MAX, &b->n, &b->at_ms);
}

static void tell_lag(struct lane *l, const struct behind *b, int64_t age_ms, int64_t max_ms)
{
	char name[HEALTH_NAME_MAX + 1];
	int error = atomic_load(&l->error);

	if (age_ms <= max_ms && !l->lags)
		return;
	snprintf(name, sizeof(name), "bus.%s.%s", l->subscription->name, db_name(l->from));
	l->lags = age_ms > max_ms;
	if (l->lags)
		health_set(name,
			"%lld events of \"%s\" wait for %s, the first for %lld s; its last error: "
			"%s",
			(long long)b->n, b->topic, l->subscription->name,
			(long long)(age_ms / 1000), error ? error_name(error) : "none");
	else
		health_clear(name);
}

/* Whether the outbox has anything of the topic. */
static bool has_topic(const struct outbox_topic *topics, const char *topic)
{
	for (const struct outbox_topic *t = topics; t; t = t->next)
		if (strcmp(t->topic, topic) == 0)
			return true;
	return false;
}

static void measure_lane(struct source *s, struct lane *l, const struct outbox_topic *topics)
{
	int64_t position = atomic_load(&l->position), age_ms;
	struct behind b = { .topic = l->subscription->topic, .position = position };

	/* While it reads its cursor anew, nobody knows: what was said stands. */
	if (position < 0 && atomic_load(&l->error) == 0)
		return;
	if (has_topic(topics, b.topic) && db_read_wait(s->db, read_behind, &b) < 0)
		return;
	age_ms = b.n > 0 ? clock_wall_ms() - b.at_ms : 0;
	metric_set(l->lag_events, b.n);
	metric_set(l->lag_seconds, age_ms / 1000);
	tell_lag(l, &b, age_ms, s->bus->lag_max_ms);
}

struct dead {
	int64_t n;     /* of the last day */
	int64_t again; /* that shall be tried anew */
};

static int read_dead(struct db_tx *tx, void *arg)
{
	struct dead *d = arg;
	int rc = dead_since(tx, clock_wall_ms() - DEAD_MS, &d->n);

	return rc < 0 ? rc : dead_again(tx, &d->again);
}

static void wake_for_again(const struct source *s)
{
	LIST_FOREACH (&s->bus->lanes, node) {
		struct lane *l = LIST_ENTRY(node, struct lane, node);

		if (l->into != s->db)
			continue;
		atomic_store(&l->again, true);
		runner_wake(&l->runner);
	}
}

/* The events set aside in this database, by whichever source they came from. */
static void measure_dead(struct source *s)
{
	char name[HEALTH_NAME_MAX + 1];
	struct dead dead = { 0 };
	int64_t n;

	if (db_read_wait(s->db, read_dead, &dead) < 0)
		return;
	n = dead.n;
	if (dead.again > 0)
		wake_for_again(s);
	if (n == 0 && !s->has_dead)
		return;
	snprintf(name, sizeof(name), "bus-dead.%s", db_name(s->db));
	s->has_dead = n > 0;
	if (n > 0)
		health_set(name,
			"%lld events of the last day failed too often and were set aside (hearth "
			"bus "
			"list; once the cause is gone: hearth bus retry; database %s, and the "
			"log)",
			(long long)n, db_name(s->db));
	else
		health_clear(name);
}

void source_measure(struct source *s, const struct outbox_topic *topics)
{
	LIST_FOREACH (&s->bus->lanes, node) {
		struct lane *l = LIST_ENTRY(node, struct lane, node);

		if (l->from == s->db)
			measure_lane(s, l, topics);
	}
	measure_dead(s);
}
