/*
 * dispatch.c: the bus as a whole: its lanes and sources, and their start and stop.
 *
 * Lanes are woken by commits that published on their topic, but for those that gather. Once a tick
 * each source is surveyed (source.c): lanes that are behind are woken, whatever the reason (another
 * process may have published, a lane may have rested), and what everybody has passed is removed.
 * A source that nobody writes to, and where nothing waits, is surveyed seldom.
 */

#include "bus/dispatch.h"

#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/log.h"

#define TICK_MS    1000
#define CALM_TICKS 30  /* a source without change is surveyed so seldom */
#define GLANCE_MS  100 /* where other nodes publish, too */
#define RETRY_MS   1000
#define LAG_MAX_MS 60000 /* an event that waits for longer is worth a word */

struct bus *bus_new(struct db *const *dbs, size_t db_count)
{
	struct bus *b = mem_zalloc(sizeof(*b));

	b->sources = mem_zalloc(db_count * sizeof(struct source));
	b->source_count = db_count;
	for (size_t i = 0; i < db_count; i++)
		b->sources[i] = (struct source){ .bus = b, .db = dbs[i] };
	list_init(&b->lanes);
	b->tick_ms = TICK_MS;
	b->retry_ms = RETRY_MS;
	b->lag_max_ms = LAG_MAX_MS;
	live_init(&b->live);
	return b;
}

void bus_set_pace(struct bus *b, int64_t tick_ms, int64_t retry_ms)
{
	b->tick_ms = tick_ms;
	b->retry_ms = retry_ms;
}

void bus_set_lag_max(struct bus *b, int64_t lag_max_ms)
{
	b->lag_max_ms = lag_max_ms;
}

/* ---- lanes ---- */

static void wake_lane(void *arg)
{
	struct lane *l = arg;

	runner_wake(&l->runner);
}

static void add_lane(struct bus *b, struct lane lane, struct pool *pool)
{
	struct lane *l = mem_alloc(sizeof(*l));

	*l = lane;
	l->bus = b;
	l->heard = -1;
	atomic_init(&l->position, -1);
	l->watch = (struct db_watch){
		.bits = db_signal_bit(slice_str(l->subscription->topic)), .fn = wake_lane, .arg = l
	};
	lane_measure(l);
	runner_init(&l->runner, pool, 1, lane_run, l);
	list_push(&b->lanes, &l->node);
}

int bus_subscribe(struct bus *b, const struct bus_subscription *s, struct db *db, struct pool *pool,
	void *module)
{
	INVARIANT(!b->pool && s->apply);
	LIST_FOREACH (&b->lanes, node)
		INVARIANT(strcmp(LIST_ENTRY(node, struct lane, node)->subscription->name,
				  s->name) != 0);
	for (size_t i = 0; i < b->source_count; i++)
		add_lane(b,
			(struct lane){ .subscription = s,
				.module = module,
				.from = b->sources[i].db,
				.into = db },
			pool);
	return 0;
}

void bus_share(
	struct bus *b, struct leases *ls, struct wake *wake, const struct relay_engine *relay)
{
	INVARIANT(!b->pool && b->source_count > 0);
	b->leases = ls;
	b->wake = wake;
	b->relay = relay;
	b->relay_state = relay->open(b);
}

void bus_keep_for(struct bus *b, const struct bus_subscription *s)
{
	INVARIANT(!b->pool && b->away_count < BUS_AWAY_MAX);
	b->away[b->away_count++] = s;
}

static void wake_sources(void *arg)
{
	struct bus *b = arg;

	for (size_t i = 0; i < b->source_count; i++) {
		struct source *s = &b->sources[i];

		if (db_is_quiet(s->db, &s->quiet) && atomic_load(&s->calm) &&
			++s->skipped < CALM_TICKS)
			continue;
		s->skipped = 0;
		runner_wake(&s->runner);
	}
}

/* ---- start and stop ---- */

int bus_start(struct bus *b)
{
	INVARIANT(!b->pool && exec_current());
	/* Room for each of the sources and the two of the relay to wait. */
	b->pool = pool_new("bus", 1, (int)b->source_count + 2);
	for (size_t i = 0; i < b->source_count; i++) {
		source_register(&b->sources[i]);
		runner_init(&b->sources[i].runner, b->pool, 1, source_run, &b->sources[i]);
	}
	LIST_FOREACH (&b->lanes, node) {
		struct lane *l = LIST_ENTRY(node, struct lane, node);

		if (!l->subscription->gathers)
			db_watch(l->from, &l->watch);
	}
	timer_start(&b->tick, 0, b->tick_ms, wake_sources, b);
	if (b->relay)
		b->relay->start(b->relay_state);
	if (b->leases) {
		timer_start(&b->glance, GLANCE_MS, GLANCE_MS, lanes_glance, b);
		wake_listen(b->wake, WAKE_BUS, lanes_glance, b);
	}
	return 0;
}

void bus_stop(struct bus *b)
{
	if (!b->pool)
		return;
	timer_stop(&b->tick);
	timer_stop(&b->glance);
	wake_unlisten(b->wake, WAKE_BUS);
	if (b->relay)
		b->relay->stop(b->relay_state);
	for (size_t i = 0; i < b->source_count; i++)
		runner_stop(&b->sources[i].runner);
	LIST_FOREACH (&b->lanes, node) {
		struct lane *l = LIST_ENTRY(node, struct lane, node);

		l->stopped = true;
		if (!l->subscription->gathers)
			db_unwatch(l->from, &l->watch);
		runner_stop(&l->runner);
	}
	for (size_t i = 0; i < b->source_count; i++)
		runner_clear(&b->sources[i].runner);
	LIST_FOREACH (&b->lanes, node)
		runner_clear(&LIST_ENTRY(node, struct lane, node)->runner);
	pool_free(&b->pool);
}

void bus_free(struct bus **bp)
{
	struct bus *b = *bp;
	struct list_node *node;

	if (!b)
		return;
	INVARIANT(!b->pool);
	while ((node = list_pop(&b->lanes)))
		lane_free(LIST_ENTRY(node, struct lane, node));
	if (b->relay)
		b->relay->close(b->relay_state);
	live_clear(&b->live);
	free(b->sources);
	free(b);
	*bp = NULL;
}
