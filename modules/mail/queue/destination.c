/*
 * destination.c: one domain that mail goes to (internal.h): the way there, and how many connections it gets. Its
 * recipients that are due are read by destination_rows.c.
 *
 *   woken ─▶ rows are read ─▶ looked up ─▶ attempts, each taking batch after batch ─▶ dry ─▶ freed
 *                               └──none works──▶ what is loaded is put off, and the domain for a while
 *
 * As many connections at a time as it has shown to bear: two at first, one more with each mail that
 * went, down to one after a failure; never more than [queue] per_destination. After a failure nothing is
 * tried for FAILED_MS, twice as long after each further one, and no longer than a mail that failed waits.
 * Where all [queue] connections are in use, destinations that have none stand in line for the next that ends.
 *
 * On the loop. Bounds: DESTINATIONS_MAX of them, each with LOADED_MAX rows in memory beside the batches in hand.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "queue/internal.h"

#define ROUTE_KEPT_MS INT64_C(1800000) /* at most, whatever its records say */
#define FAILED_MS     INT64_C(30000)
#define FAILED_MAX_MS INT64_C(1800000)
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
	list_remove(&d->place);
	list_remove(&d->node);
	d->q->count--;
	arena_free(&d->a);
	free(d);
}

bool destination_is_held_back(const struct destination *d)
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
	       (d->dry || d->q->draining || !d->q->lease.epoch) && !destination_is_held_back(d);
}

/* Of those that are held back the one that would be tried first is forgotten, for another to have room. */
static bool make_room(struct mail_queue *q)
{
	struct destination *first = NULL;

	if (q->count < DESTINATIONS_MAX)
		return true;
	LIST_FOREACH (&q->list, it) {
		struct destination *d = LIST_ENTRY(it, struct destination, node);

		if (is_resting(d) && destination_is_held_back(d) &&
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

static void wake(struct destination *d)
{
	d->dry = false;
	d->woken = true;
	destination_pump(d);
}

bool destination_wake(struct mail_queue *q, struct slice domain)
{
	struct destination *d = destination_get(q, domain);

	if (d)
		wake(d);
	return d != NULL;
}

/* Who rests and is not held back has nothing due, and goes: else there would be no room for others. */
void destination_try_now(struct destination *d)
{
	d->not_before_ms = 0;
	timer_stop(&d->timer);
	wake(d);
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

static void on_held_back(void *arg)
{
	destination_try_now(arg);
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
		(!spare || destination_bring_to_front(d, false))) {
		b = destination_take_front(d, BATCH_MAX);
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

/* Of what has failed one recipient; but of members elsewhere none has a mailbox here that holds up the others. */
static size_t here_together(const struct mail_queued *first)
{
	return first->attempts > 0 && first->here > 0 ? 1 : BATCH_MAX;
}

/*
 * Those who are here need no way there: the first of what is loaded, one batch at a time. False: the first goes to
 * another server.
 */
static bool take_here(struct destination *d)
{
	const struct mail_queued *first = &d->rows[d->next];

	if (!first->here)
		return false;
	if (d->in_hand == 0)
		here_file(destination_take_front(d, here_together(first)));
	return true;
}

/*
 * Those that are connected come for more by themselves. Who has none, and finds all in use or others in line,
 * stands in line; `first`: it was the first there.
 */
static void connect_more(struct destination *d, bool first)
{
	struct mail_queue *q = d->q;
	size_t total = (size_t)mail_queue_limits(q->m)->connections;

	for (size_t left = batches_left(d); left > d->hungry && d->attempt_count < d->allowed;
		first = false) {
		if (q->connections >= total || (!first && !list_empty(&q->in_line))) {
			if (d->attempt_count == 0 && !list_linked(&d->place))
				list_push(&q->in_line, &d->place);
			return;
		}
		attempt_begin(d, false);
	}
}

static void pump(struct destination *d, bool first)
{
	struct mail_queue *q = d->q;

	if (!q->lease.epoch)
		d->next = d->count; /* they are another node's */
	/* What has come while others were read, or in hand, may stand before them. */
	if (d->woken && d->in_hand == 0 && !d->loading && d->next == d->count)
		d->dry = false;
	if (is_idle(d)) {
		destination_free(d);
		mail_queue_room(q);
		return;
	}
	if (q->draining || !q->lease.epoch || destination_is_held_back(d))
		return;
	if (d->next == d->count) {
		if (!d->dry && !d->loading)
			destination_load(d); /* and maybe it is freed then */
		return;
	}
	if (take_here(d))
		return;
	if (!has_route(d)) {
		if (!d->lookup.done && d->attempt_count == 0)
			route_look(&d->lookup, q->m, slice_str(d->domain), &d->route, on_route, d);
		return;
	}
	connect_more(d, first);
}

void destination_pump(struct destination *d)
{
	pump(d, false);
}

static void on_turn(void *arg)
{
	struct mail_queue *q = arg;
	size_t total = (size_t)mail_queue_limits(q->m)->connections;
	struct list_node *first;

	while (q->connections < total && (first = list_pop(&q->in_line)))
		pump(LIST_ENTRY(first, struct destination, place), true);
}

void destination_connection_free(struct mail_queue *q)
{
	if (!list_empty(&q->in_line) && !q->turn.owner)
		timer_start(&q->turn, 0, 0, on_turn, q);
}
