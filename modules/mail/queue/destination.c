/*
 * destination.c: one domain that mail goes to (internal.h): its recipients that are due, read some at a
 * time; the way there; and how many connections it gets.
 *
 *   woken ─▶ rows are read ─▶ looked up ─▶ attempts, each taking batch after batch ─▶ dry ─▶ freed
 *                               └──none works──▶ what is loaded is put off, and the domain for a while
 *
 * As many connections at a time as it has shown to bear: two at first, one more with each mail that
 * went, down to one after a failure; never more than [queue] per_destination. After a failure nothing is
 * tried for FAILED_MS, twice as long after each further one, and no longer than a mail that failed waits.
 *
 * On the loop. Bounds: LOADED_MAX rows in memory beside the batches in hand.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "queue/internal.h"

#define ROUTE_KEPT_MS INT64_C(1800000) /* at most, whatever its records say */
#define FAILED_MS     INT64_C(30000)
#define FAILED_MAX_MS INT64_C(1800000)
#define LOAD_AGAIN_MS INT64_C(1000)
#define ALLOWED_FIRST 2

/* ---- its life ---- */

static struct destination *destination_new(struct mail_queue *q, struct slice domain)
{
	struct destination *d = mem_zalloc(sizeof(*d));

	d->q = q;
	d->a = arena_new();
	snprintf(d->domain, sizeof(d->domain), "%.*s", SLICE_ARG(domain));
	list_init(&d->attempts);
	list_init(&d->batches);
	d->allowed = ALLOWED_FIRST;
	list_push(&q->list, &d->node);
	q->count++;
	map_set(q->destinations, slice_str(d->domain), d);
	return d;
}

void destination_free(struct destination *d)
{
	route_drop(&d->lookup);
	route_clear(&d->route);
	timer_stop(&d->timer);
	attempt_free_all(d);
	map_remove(d->q->destinations, slice_str(d->domain));
	list_remove(&d->node);
	d->q->count--;
	arena_free(&d->a);
	free(d);
}

static bool is_held_back(const struct destination *d)
{
	return clock_mono_ms() < d->not_before_ms;
}

static bool is_resting(const struct destination *d)
{
	return !d->loading && !d->lookup.done && d->attempt_count == 0 && d->in_hand == 0;
}

/* Nothing is under way; what is remembered of a failure is worth keeping for as long as it counts. */
static bool is_idle(const struct destination *d)
{
	return is_resting(d) && d->next == d->count &&
	       (d->dry || d->q->draining || !d->q->lease.epoch) && !is_held_back(d);
}

/* Of those that are held back the one that would be tried first is forgotten, for another to have room. */
static bool make_room(struct mail_queue *q)
{
	struct destination *first = NULL;

	if (q->count < DESTINATIONS_MAX)
		return true;
	LIST_FOREACH (&q->list, it) {
		struct destination *d = LIST_ENTRY(it, struct destination, node);

		if (is_resting(d) && is_held_back(d) &&
			(!first || d->not_before_ms < first->not_before_ms))
			first = d;
	}
	if (first)
		destination_free(first);
	return first != NULL;
}

struct destination *destination_get(struct mail_queue *q, struct slice domain)
{
	struct destination *d = map_get(q->destinations, domain);

	return d ? d : make_room(q) ? destination_new(q, domain) : NULL;
}

bool destination_wake(struct mail_queue *q, struct slice domain)
{
	struct destination *d = destination_get(q, domain);

	if (!d)
		return false;
	d->dry = false;
	destination_pump(d);
	return true;
}

/* ---- rows ---- */

struct load {
	struct destination *d;
	struct arena *a;
	struct mail_queued rows[LOADED_MAX];
	size_t count;
	int64_t now_ms;
};

static int read_rows(struct db_tx *tx, void *arg)
{
	struct load *l = arg;

	arena_reset(l->a);
	return mail_store_queue_due(tx, slice_str(l->d->domain), l->now_ms, l->d->after_ms,
		l->d->after_id, LOADED_MAX, l->a, l->rows, &l->count);
}

static void on_rows(void *arg, int status)
{
	struct load *l = arg;
	struct destination *d = l->d;

	d->loading = false;
	d->dry = status < 0 || l->count < LOADED_MAX;
	if (status < 0)
		mail_queue_due(d->q, LOAD_AGAIN_MS);
	if (status == 0 && l->count > 0) {
		arena_free(&d->a);
		d->a = l->a;
		l->a = NULL;
		d->rows = arena_alloc(d->a, l->count * sizeof(*d->rows));
		memcpy(d->rows, l->rows, l->count * sizeof(*d->rows));
		d->count = l->count;
		d->next = 0;
		d->after_ms = d->rows[d->count - 1].due_ms;
		d->after_id = d->rows[d->count - 1].id;
	}
	arena_free(&l->a);
	free(l);
	destination_pump(d);
}

/* Behind those in hand; from the beginning when there are none, since they may be due again. */
static void load(struct destination *d)
{
	struct load *l = mem_zalloc(sizeof(*l));

	if (d->in_hand == 0)
		d->after_ms = d->after_id = 0;
	l->d = d;
	l->a = arena_new();
	l->now_ms = clock_wall_ms();
	d->loading = true;
	if (db_read(d->q->m->db, read_rows, on_rows, l) < 0)
		on_rows(l, HEARTH_EBUSY);
}

/* How many rows of one mail stand at i, up to max. */
static size_t count_together(const struct destination *d, size_t i, size_t max)
{
	size_t n = 1;

	while (n < max && n < BATCH_MAX && i + n < d->count &&
		d->rows[i + n].outgoing == d->rows[i].outgoing &&
		!d->rows[i + n].here == !d->rows[i].here)
		n++;
	return n;
}

/* The next mail that waives proof, or does not, to the front: LOADED_MAX rows at most are moved. */
static bool bring_to_front(struct destination *d, bool waived)
{
	size_t i = d->next, n;
	struct mail_queued *moved;

	while (i < d->count && (d->rows[i].tls == MAIL_TLS_WAIVED) != waived)
		i++;
	if (i == d->count)
		return false;
	n = count_together(d, i, BATCH_MAX);
	moved = mem_alloc(n * sizeof(*moved));
	memcpy(moved, &d->rows[i], n * sizeof(*moved));
	memmove(&d->rows[d->next + n], &d->rows[d->next], (i - d->next) * sizeof(*moved));
	memcpy(&d->rows[d->next], moved, n * sizeof(*moved));
	free(moved);
	return true;
}

static struct mail_batch *take_front(struct destination *d, size_t max)
{
	size_t n = count_together(d, d->next, max);
	struct mail_batch *b = mail_batch_new(d, n);

	for (size_t i = 0; i < n; i++)
		mail_batch_put(b, i, &d->rows[d->next++]);
	return b;
}

struct mail_batch *destination_take(struct destination *d, size_t max, enum mail_tls_asked which)
{
	bool waived = which == MAIL_TLS_WAIVED;

	if (d->next == d->count || d->q->draining || !d->q->lease.epoch)
		return NULL;
	if (waived ? !bring_to_front(d, true) : is_held_back(d))
		return NULL;
	return take_front(d, max);
}

/* ---- the way there ---- */

static void on_route(void *arg)
{
	struct destination *d = arg;

	d->routed_ms = clock_mono_ms();
	if (d->route.verdict == ROUTE_FOUND)
		destination_pump(d);
	else
		destination_failed(d,
			d->route.verdict == ROUTE_FAILED ? OUTCOME_FAILED : OUTCOME_DEFERRED,
			d->route.enhanced, d->route.why);
}

/* It may be tried again. */
static void on_held_back(void *arg)
{
	struct destination *d = arg;

	d->not_before_ms = 0;
	d->dry = false;
	destination_pump(d);
}

/*
 * As long as its records hold, up to a bound; and while connections are under way, behind which it is looked up
 * anew, so that one that hangs keeps no others from beginning. But what is proven holds no longer than that.
 */
static bool has_route(const struct destination *d)
{
	int64_t kept_ms = d->route.ttl_s * INT64_C(1000);

	if (kept_ms == 0 || kept_ms > ROUTE_KEPT_MS || (d->attempt_count > 0 && !d->route.proven))
		kept_ms = ROUTE_KEPT_MS;
	return d->routed_ms && d->route.verdict == ROUTE_FOUND &&
	       clock_mono_ms() - d->routed_ms < kept_ms;
}

/* Before it is tried again. */
static int64_t pause_ms(const struct destination *d)
{
	const struct mail_queue_limits *l = mail_queue_limits(d->q->m);
	unsigned doubled = d->failures < 6 ? d->failures : 6;
	int64_t first = l->retry_ms < FAILED_MS ? l->retry_ms : FAILED_MS;
	int64_t most = l->retry_max_ms < FAILED_MAX_MS ? l->retry_max_ms : FAILED_MAX_MS;

	return first << doubled < most ? first << doubled : most;
}

/* What is loaded is through for now, but for mails that waive proof, where they are spared. */
static void give_up(struct destination *d, enum outcome outcome, const char *enhanced,
	const char *why, bool spare)
{
	struct mail_batch *b;

	while (d->next < d->count && !d->q->draining && d->q->lease.epoch &&
		(!spare || bring_to_front(d, false))) {
		b = take_front(d, BATCH_MAX);
		for (size_t i = 0; i < b->count; i++)
			mail_batch_set(
				&b->recipients[i], b->a, outcome, 0, enhanced, slice_str(why));
		outcome_write(b);
	}
}

/* For a while, longer after each further failure, nothing is begun. */
static void hold_back(struct destination *d)
{
	int64_t wait = pause_ms(d);

	d->failures++;
	d->not_before_ms = clock_mono_ms() + wait;
	timer_start(&d->timer, wait, 0, on_held_back, d);
}

static void log_failed(const struct destination *d, const char *why)
{
	log_info("queue", "a destination cannot be reached", "domain", "%s", d->domain, "why", "%s",
		why, NULL);
}

void destination_failed(
	struct destination *d, enum outcome outcome, const char *enhanced, const char *why)
{
	log_failed(d, why);
	give_up(d, outcome, enhanced, why, d->lax);
	d->routed_ms = 0;
	d->allowed = 1;
	d->hangups = 0;
	/* Who has no such domain is no reason to wait: the next may be answered at once as well. */
	if (outcome == OUTCOME_DEFERRED)
		hold_back(d);
	destination_pump(d);
}

/* The way there stands for as long as those that waive proof go it. */
void destination_unproven(struct destination *d, const char *why)
{
	log_failed(d, why);
	give_up(d, OUTCOME_DEFERRED, "4.7.5", why, true);
	d->allowed = 1;
	d->hangups = 0;
	hold_back(d);
	if (d->lax || d->next == d->count) {
		if (!d->lax)
			d->routed_ms = 0;
		destination_pump(d);
	} else {
		attempt_begin(d, true);
	}
}

void destination_works(struct destination *d)
{
	size_t max = (size_t)mail_queue_limits(d->q->m)->per_destination;

	d->failures = d->hangups = 0;
	if (d->allowed < max)
		d->allowed++;
}

/* ---- what can begin ---- */

/* How many connections what is loaded keeps busy, as far as it matters. */
static size_t batches_left(const struct destination *d)
{
	size_t n = 0;

	for (size_t i = d->next; i < d->count && n <= d->allowed; i++)
		n += i == d->next || d->rows[i].outgoing != d->rows[i - 1].outgoing;
	return n;
}

/*
 * Those who are here need no way there: the first of what is loaded, one batch at a time, and of what has
 * failed one recipient. False: the first goes to another server.
 */
static bool take_here(struct destination *d)
{
	const struct mail_queued *first = &d->rows[d->next];

	if (!first->here)
		return false;
	if (d->in_hand == 0)
		here_file(take_front(d, first->attempts > 0 ? 1 : BATCH_MAX));
	return true;
}

void destination_pump(struct destination *d)
{
	struct mail_queue *q = d->q;
	size_t total = (size_t)mail_queue_limits(q->m)->connections;

	if (!q->lease.epoch)
		d->next = d->count; /* they are another node's */
	if (is_idle(d)) {
		destination_free(d);
		mail_queue_room(q);
		return;
	}
	if (q->draining || !q->lease.epoch || is_held_back(d))
		return;
	if (d->next == d->count && !d->dry && !d->loading)
		load(d);
	if (d->next == d->count || take_here(d))
		return;
	if (!has_route(d)) {
		if (!d->lookup.done && d->attempt_count == 0)
			route_look(&d->lookup, q->m, slice_str(d->domain), &d->route, on_route, d);
		return;
	}
	/* Those that are connected come for more by themselves. */
	for (size_t left = batches_left(d);
		left > d->hungry && d->attempt_count < d->allowed && q->connections < total;)
		attempt_begin(d, false);
}
