/*
 * share.c: what a lane does where other nodes follow the same databases.
 *
 *   heard ──── told by `everywhere` here ────▶ cursor ──── to be applied by some node ────▶ end
 *
 * The cursor stands in the database, and whoever moves it has applied what it passed. So before a
 * lane looks for new events it tells its node of those that others have applied since it last
 * looked; if some of them are removed already, that it may have missed something. Which node goes
 * on with new ones does not matter to their effect. Where preparing them is work, two nodes would
 * do it for one: there the lane takes a lease for as long as it has some, and the other leaves them
 * to it. A commit on another node wakes nobody here: ten times a second, and after a knock, the files are
 * looked at.
 *
 * On the lane's worker, but for what says otherwise. A lane that nobody shares does nothing here.
 */
#include <stdio.h>

#include "bus/batch.h"
#include "bus/outbox.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

/* ---- what others applied ---- */

static int read_heard(struct db_tx *tx, void *arg)
{
	struct batch *b = arg;
	const struct lane *l = b->lane;
	int64_t trimmed;
	int rc = outbox_trimmed(tx, l->subscription->topic, &trimmed);

	if (rc < 0)
		return rc;
	b->missed = trimmed > l->heard;
	b->count =
		outbox_read(tx, l->subscription->topic, l->heard, b->events, BATCH_MAX, b->arena);
	return b->count < 0 ? b->count : 0;
}

bool lane_hear(struct batch *b)
{
	struct lane *l = b->lane;
	int64_t cursor;

	if (!l->bus->leases || lane_read_cursor(l) < 0)
		return false;
	cursor = atomic_load(&l->position);
	if (l->heard < 0 || !l->subscription->everywhere)
		l->heard = cursor;
	if (l->heard >= cursor || db_read_wait(l->from, read_heard, b) < 0)
		return false;
	while (b->told < b->count && b->events[b->told].position <= cursor)
		b->told++;
	/* Where all that were read are told of, there may be more before the cursor. */
	l->heard = b->told > 0 && b->told == b->count ? b->events[b->told - 1].position : cursor;
	return b->told > 0 || b->missed;
}

/* ---- whose turn it is ---- */

static bool takes_turns(const struct lane *l)
{
	return l->bus->leases && l->subscription->prepare;
}

struct taking {
	struct lane *lane;
	struct lease lease; /* the new one */
};

static int take(struct db_tx *tx, void *arg)
{
	struct taking *t = arg;
	const struct lane *l = t->lane;
	char name[LEASE_NAME_MAX + 1];
	int64_t cursor;
	int attempts, rc;

	/* Another node may have had it, and applied what is in hand here. */
	rc = cursor_read(tx, l->subscription->name, db_name(l->from), &cursor, &attempts);
	if (rc == 0 && cursor != atomic_load(&l->position))
		rc = HEARTH_ECONFLICT;
	snprintf(name, sizeof(name), "bus.%s.%s", l->subscription->name, db_name(l->from));
	return rc < 0 ? rc : lease_take(l->bus->leases, tx, name, &t->lease);
}

int lane_own(struct lane *l)
{
	struct taking t = { .lane = l };
	int64_t now_ms = clock_mono_ms();
	int rc;

	if (!takes_turns(l) || (l->lease.epoch && now_ms < l->lease_until_ms))
		return 0;
	lane_disown(l);
	rc = db_write_wait(l->into, take, &t);
	if (rc == 0) {
		l->lease = t.lease;
		l->lease_until_ms = now_ms + leases_ttl_ms(l->bus->leases) / 2;
	}
	/* Another node has them in hand. */
	return rc == HEARTH_EBUSY ? HEARTH_ECONFLICT : rc;
}

static int end(struct db_tx *tx, void *arg)
{
	int rc = lease_end(tx, arg);

	return rc == HEARTH_ECONFLICT ? 0 : rc;
}

void lane_disown(struct lane *l)
{
	/* Where it cannot be written, time frees it. */
	if (l->lease.epoch)
		db_write_wait(l->into, end, &l->lease);
	l->lease.epoch = 0;
}

int lane_check(struct db_tx *tx, const struct lane *l)
{
	return l->lease.epoch ? lease_check(tx, &l->lease) : 0;
}

/* ---- waking; on the loop ---- */

static bool has_changed(const struct bus *b, const struct db *db)
{
	for (size_t i = 0; i < b->source_count; i++)
		if (b->sources[i].db == db)
			return b->sources[i].changed;
	return false;
}

void lanes_glance(void *arg)
{
	struct bus *b = arg;

	for (size_t i = 0; i < b->source_count; i++)
		b->sources[i].changed = !db_is_quiet(b->sources[i].db, &b->sources[i].glance);
	b->relay->glance(b->relay_state);
	LIST_FOREACH (&b->lanes, node) {
		struct lane *l = LIST_ENTRY(node, struct lane, node);

		if (!l->subscription->gathers &&
			(has_changed(b, l->from) || has_changed(b, l->into)))
			runner_wake(&l->runner);
	}
}
