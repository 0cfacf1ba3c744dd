/*
 * again.c: events that were set aside and that somebody asks for once more (hearth bus retry): the
 * lane takes them one by one, before those that came later. One that fails again stays set aside
 * and is not tried by itself.
 *
 * On the lane's worker, but for apply_again.
 */
#include "bus/batch.h"
#include "bus/outbox.h"
#include "hearth/error.h"
#include "hearth/log.h"

/* One that is tried; lies on the worker's stack. */
struct again {
	struct batch *batch; /* of this one event */
	int64_t id;
	int found; /* 1, 0 or an error */
	int error; /* what it failed with */
};

static int read_again(struct db_tx *tx, void *arg)
{
	struct again *g = arg;
	const struct lane *l = g->batch->lane;

	g->found = dead_read(tx, l->subscription->name, db_name(l->from), g->batch->arena,
		&g->batch->events[0], &g->id);
	return g->found < 0 ? g->found : 0;
}

/* On the writer; may be run again. */
static int apply_again(struct db_tx *tx, void *arg)
{
	struct again *g = arg;
	const struct lane *l = g->batch->lane;
	int rc = dead_remove(tx, g->id);

	return rc < 0 ? rc
		      : l->subscription->apply(
				l->module, tx, &g->batch->events[0], g->batch->prepared[0]);
}

/* On the writer; may be run again. */
static int fail_again(struct db_tx *tx, void *arg)
{
	const struct again *g = arg;

	return dead_failed(tx, g->id, g->error);
}

static int take(struct again *g)
{
	struct batch *b = g->batch;
	const struct lane *l = b->lane;
	int rc = 0;

	if (l->subscription->prepare)
		rc = l->subscription->prepare(l->module, &b->events[0], b->arena, &b->prepared[0]);
	return rc < 0 ? rc : db_write_wait(l->into, apply_again, g);
}

static void say(const struct again *g, int rc)
{
	const struct lane *l = g->batch->lane;

	log_event(rc < 0 ? LOG_ERROR : LOG_INFO, "bus",
		rc < 0 ? "an event that was set aside failed again"
		       : "an event that was set aside was delivered",
		"subscription", "%s", l->subscription->name, "topic", "%s",
		g->batch->events[0].topic, "source", "%s", db_name(l->from), "position", "%lld",
		(long long)g->batch->events[0].position, "why", "%s", error_name(rc), NULL);
}

bool lane_try_again(struct lane *l)
{
	struct again g = { .batch = batch_new(l) };
	int rc = db_read_wait(l->into, read_again, &g);

	if (rc < 0 || g.found == 0) {
		atomic_store(&l->again, false);
		batch_end(g.batch);
		return false;
	}
	g.error = rc = take(&g);
	if (rc < 0 && db_write_wait(l->into, fail_again, &g) == 0)
		say(&g, rc);
	else if (rc == 0)
		say(&g, 0);
	else
		atomic_store(&l->again, false); /* the disk, or another process has it: later */
	g.batch->applied = g.batch->told = rc == 0;
	batch_end(g.batch);
	return atomic_load(&l->again);
}
