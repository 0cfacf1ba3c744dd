/*
 * lane.c: one subscription following one database's outbox.
 *
 *   ASLEEP ──wake──▶ read ──▶ prepare ──▶ apply + cursor, one transaction ──▶ after, on the loop
 *     ▲               │ none                │ an event fails                     │
 *     └───────────────┴── RESTING ◀─────────┘                                    └─▶ read …
 *
 * Events are taken in batches, for one transaction and one move of the cursor. When one fails, what
 * is before it is applied without it; then it stands first, its failure is counted beside the
 * cursor, and the lane rests. After the last attempt it is moved to bus_dead. When the commit
 * itself is refused for what was done in it (an index is damaged where the event's text goes), the
 * event that stands first is tried alone, and if need be is the one that failed.
 *
 * Where one event was set aside for a reason that time does not mend, the next will often meet the
 * same: as long as none was taken since, ATTEMPTS_AFTER are enough, so that a broken subscriber
 * does not fill the outbox.
 *
 * The cursor only moves from where this lane believes it to be, so even two processes that follow
 * the same outbox cannot apply an event twice. Where nodes share the databases they take turns
 * besides, and tell of what others applied (share.c).
 *
 * All of it runs on workers, one at a time a lane, but for what says otherwise.
 */
#include <stdlib.h>

#include "bus/batch.h"
#include "bus/outbox.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/room.h"

#define BATCH_BYTES_MAX (8u << 20) /* of what prepare made: no more events are prepared then */
#define APPLY_MAX_MS    10         /* other writers wait meanwhile: no further event is begun */
#define ATTEMPTS_MAX    10
#define ATTEMPTS_AFTER  2
#define REST_MAX_MS     INT64_C(300000)

static void rest(struct lane *l, int attempts)
{
	int64_t ms;

	INVARIANT(attempts >= 0 && attempts <= ATTEMPTS_MAX);
	ms = l->bus->retry_ms << (attempts > 1 ? attempts - 1 : 0);

	l->rest_until_ms = clock_mono_ms() + (ms < REST_MAX_MS ? ms : REST_MAX_MS);
}

/* Whether trying once more can help. */
static bool may_pass(int error)
{
	return error == HEARTH_EIO || error == HEARTH_EBUSY || error == HEARTH_ETIMEOUT ||
	       error == HEARTH_ECLOSED || error == HEARTH_ECONFLICT;
}

/* The one in hand has failed with `error`: whether that was its last attempt. */
static bool is_last(const struct lane *l, int error)
{
	return l->attempts + 1 >= (l->poisoned && !may_pass(error) ? ATTEMPTS_AFTER : ATTEMPTS_MAX);
}

/*
 * Nothing of this is an event's fault: the disk, say. That another node was faster is no fault at
 * all; the tick comes back to what it leaves.
 */
static void stand_by(struct lane *l, int error)
{
	atomic_store(&l->position, -1);
	if (error == HEARTH_ECONFLICT) {
		l->lease.epoch = 0;
		return;
	}
	atomic_store(&l->error, error);
	if (l->stuck < ATTEMPTS_MAX)
		l->stuck++;
	rest(l, l->stuck);
	log_error("bus", "events could not be applied", "subscription", "%s", l->subscription->name,
		"source", "%s", db_name(l->from), "why", "%s", error_name(error), NULL);
}

/* ---- reading ---- */

static int read_cursor(struct db_tx *tx, void *arg)
{
	struct lane *l = arg;
	int64_t position;
	int rc = cursor_read(tx, l->subscription->name, db_name(l->from), &position, &l->attempts);

	if (rc == 0)
		atomic_store(&l->position, position);
	return rc;
}

static int read_events(struct db_tx *tx, void *arg)
{
	struct batch *b = arg;

	b->count = outbox_read(tx, b->lane->subscription->topic, atomic_load(&b->lane->position),
		b->events, BATCH_MAX, b->arena);
	return b->count < 0 ? b->count : 0;
}

int lane_read_cursor(struct lane *l)
{
	return db_read_wait(l->into, read_cursor, l);
}

/* Whether there are events; the lane rests when they cannot be read. */
static bool read_batch(struct batch *b)
{
	struct lane *l = b->lane;
	int rc = 0;

	if (atomic_load(&l->position) < 0)
		rc = lane_read_cursor(l);
	if (rc == 0)
		rc = db_read_wait(l->from, read_events, b);
	if (rc < 0)
		stand_by(l, rc);
	return rc == 0 && b->count > 0;
}

/* ---- preparing and applying ---- */

static void note_failed(struct batch *b, int event, int error)
{
	INVARIANT(event >= 0 && event < b->count && error < 0);
	b->failed_at = event;
	b->error = error;
}

static void prepare(struct batch *b)
{
	const struct lane *l = b->lane;

	for (int i = 0; i < b->count && (i == 0 || arena_size(b->arena) < BATCH_BYTES_MAX); i++) {
		int rc = 0;

		if (l->subscription->prepare)
			rc = l->subscription->prepare(
				l->module, &b->events[i], b->arena, &b->prepared[i]);
		if (rc < 0) {
			note_failed(b, i, rc);
			return;
		}
		b->ready++;
	}
}

/* On the writer; may be run again from its beginning. */
static int apply_events(struct db_tx *tx, void *arg)
{
	struct batch *b = arg;
	const struct lane *l = b->lane;
	int64_t end_ms = clock_mono_ms() + APPLY_MAX_MS;
	int i = 0, rc;

	INVARIANT(b->ready > 0);
	b->failed_at = -1;
	while (i < b->ready && (i == 0 || clock_mono_ms() < end_ms)) {
		rc = l->subscription->apply(l->module, tx, &b->events[i], b->prepared[i]);
		if (rc < 0) {
			note_failed(b, i, rc);
			return rc;
		}
		i++;
	}
	b->applied = i;
	rc = lane_check(tx, l);
	if (rc < 0)
		return rc;
	return cursor_move(tx, l->subscription->name, db_name(l->from), atomic_load(&l->position),
		b->events[i - 1].position, 0);
}

/*
 * After a transaction that failed with `rc`: how many events to try next, 0 when it is the first
 * one that failed, or an error that is none's fault.
 */
static int try_less(struct batch *b, int rc)
{
	if (b->failed_at >= 0 && b->failed_at < b->ready)
		return b->failed_at;
	if (may_pass(rc))
		return rc;
	if (b->ready > 1)
		return 1;
	note_failed(b, 0, rc);
	return 0;
}

/* Applies what is ready, up to the first event that is refused. */
static int apply(struct batch *b)
{
	struct lane *l = b->lane;
	int rc = 0;

	while (b->ready > 0 && (rc = db_write_wait(l->into, apply_events, b)) < 0) {
		b->applied = 0;
		rc = try_less(b, rc);
		if (rc < 0)
			return rc;
		b->ready = rc;
	}
	INVARIANT(b->applied <= b->ready && b->ready <= b->count);
	if (b->applied > 0) {
		INVARIANT(b->events[b->applied - 1].position > atomic_load(&l->position));
		l->attempts = l->stuck = 0;
		l->poisoned = false;
		atomic_store(&l->error, 0);
		atomic_store(&l->position, b->events[b->applied - 1].position);
		l->heard = b->events[b->applied - 1].position;
		b->told = b->applied;
	}
	return 0;
}

/* ---- failing ---- */

/* On the writer: the first event has failed once more. */
static int count_failure(struct db_tx *tx, void *arg)
{
	struct batch *b = arg;
	const struct lane *l = b->lane;
	const char *name = l->subscription->name, *source = db_name(l->from);
	int64_t from = atomic_load(&l->position);
	int rc;

	if (!is_last(l, b->error))
		return cursor_move(tx, name, source, from, from, l->attempts + 1);
	rc = cursor_bury(tx, name, source, &b->events[0], b->error);
	return rc < 0 ? rc : cursor_move(tx, name, source, from, b->events[0].position, 0);
}

/* True when the event was set aside, so that the next one can be tried. */
static bool fail(struct batch *b)
{
	struct lane *l = b->lane;
	bool last = is_last(l, b->error);
	int rc = db_write_wait(l->into, count_failure, b);

	if (rc < 0) {
		stand_by(l, rc);
		return false;
	}
	l->stuck = 0;
	atomic_store(&l->error, b->error);

	log_event(last ? LOG_ERROR : LOG_WARN, "bus",
		last ? "event delivery failed for good, the event is set aside"
		     : "event delivery failed, it will be retried",
		"subscription", "%s", l->subscription->name, "topic", "%s", l->subscription->topic,
		"source", "%s", db_name(l->from), "position", "%lld",
		(long long)b->events[0].position, "attempt", "%d", l->attempts + 1, "why", "%s",
		error_name(b->error), NULL);
	l->attempts = last ? 0 : l->attempts + 1;
	if (last) {
		l->poisoned = true;
		metric_add(l->set_aside, 1);
		atomic_store(&l->position, b->events[0].position);
		l->heard = b->events[0].position;
	} else {
		rest(l, l->attempts);
	}
	return last;
}

/* ---- the whole way ---- */

/* True when there may be more events to take at once. */
static bool take_through(struct batch *b)
{
	struct lane *l = b->lane;
	int rc = lane_own(l);

	if (rc == 0) {
		prepare(b);
		rc = apply(b);
	}
	if (rc < 0) {
		stand_by(l, rc);
		return false;
	}
	if (b->failed_at == 0)
		return fail(b);
	return true;
}

/* All that there was is taken: what comes now gathers until the next tick. */
static bool may_gather(const struct batch *b)
{
	return b->lane->subscription->gathers && b->applied == b->count && b->count < BATCH_MAX;
}

bool lane_run(void *arg)
{
	struct lane *l = arg;
	struct batch *b;
	bool more = false;

	/* One batch at most waits on the loop; it wakes the lane when it is through. */
	if (clock_mono_ms() < l->rest_until_ms || atomic_load(&l->afters))
		return false;
	/* What gathers can wait for room as well, and the tick comes back to it. */
	if (l->subscription->gathers && !room_left())
		return false;
	if (atomic_load(&l->again) && lane_try_again(l))
		return true;
	b = batch_new(l);
	if (lane_hear(b))
		more = true;
	else if (read_batch(b))
		more = take_through(b) && !may_gather(b);
	else
		lane_disown(l);
	batch_end(b);
	return more;
}
