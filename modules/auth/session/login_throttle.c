/*
 * login_throttle.c: how often one may try (login_throttle.h). An attempt goes from backoff to
 * backoff, keeping its place at those it has passed. On the loop; who waits is bounded by
 * THROTTLE_WAITING_MAX.
 *
 *   name and network ─▶ name ─▶ network ─▶ it is looked at ─▶ right, wrong: all places are free
 *
 *   at each: it waits? ──▶ known to the database? ──no──▶ refused        (the first: refused)
 *            no place? ──▶ in the backoff's queue, until somebody leaves
 *
 * Places are always taken in this order, so no two can wait for each other. Nothing advances or is
 * answered from inside a call of somebody else: those whose turn came stand in `ready`, and one
 * posted function takes them from there.
 */
#include "session/login_throttle.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "session/known.h"
#include "session/throttle_share.h"

#define PUMP_MAX    256 /* advance at one go; then the loop has its turn */
#define NAME_FACTOR 10  /* times guesses_per_account: free over all networks */

enum { PAIR, NAME, NETWORK }; /* places in `on` */
static const enum backoff_kind kinds[] = { BACKOFF_PAIR, BACKOFF_NAME, BACKOFF_NETWORK };

struct login_throttle {
	struct backoffs *backoffs;
	struct throttle_share *share; /* NULL in a unit test */
	struct list ready;            /* to advance: struct login_attempt */
	struct list waiting;          /* for a place: struct login_attempt's `queued` */
	int waiting_count;
	bool posted; /* pump is on its way */
	bool draining;
	struct metric *waiting_metric, *refused;
};

static void pump(void *arg);

static void post(struct login_throttle *throttle)
{
	if (throttle->posted)
		return;
	throttle->posted = true;
	exec_post(exec_loop(), pump, throttle);
}

static void make_ready(struct login_throttle *throttle, struct login_attempt *at)
{
	list_push(&throttle->ready, &at->node);
	post(throttle);
}

/* Who waits counts for the pair and for the network, wherever they wait. */
static void count_waiting(struct login_throttle *throttle, struct login_attempt *at, int by)
{
	at->on[PAIR]->queued += by;
	at->on[NETWORK]->queued += by;
	throttle->waiting_count += by;
	INVARIANT(throttle->waiting_count >= 0 && at->on[PAIR]->queued >= 0 &&
		  at->on[NETWORK]->queued >= 0);
	metric_set(throttle->waiting_metric, throttle->waiting_count);
}

static void stop_waiting(struct login_throttle *throttle, struct login_attempt *at)
{
	list_remove(&at->node);
	list_remove(&at->queued);
	count_waiting(throttle, at, -1);
	make_ready(throttle, at);
}

/*
 * Somebody left, or a wait began: who stands at the head gets the place at once, before anybody who
 * comes now. While the backoff waits there is no place: all look for themselves what becomes of
 * them.
 */
static void wake(struct login_throttle *throttle, struct backoff *b)
{
	while (!list_empty(&b->waiting)) {
		struct login_attempt *at =
			LIST_ENTRY(b->waiting.head.next, struct login_attempt, node);

		if (backoff_wait_ms(b) == 0) {
			if (!backoff_has_place(throttle->backoffs, b))
				return;
			b->looking++;
			at->held++;
		}
		stop_waiting(throttle, at);
	}
}

/* Gives back every place and backoff. */
static void leave(struct login_attempt *at)
{
	struct login_throttle *throttle = at->a->throttle;

	for (int i = THROTTLE_BACKOFFS - 1; i >= 0; i--) {
		struct backoff *b = at->on[i];

		if (i < at->held)
			b->looking--;
		wake(throttle, b);
		backoff_put(throttle->backoffs, b);
		at->on[i] = NULL;
	}
	at->held = 0;
}

static void refuse(struct login_attempt *at, int64_t retry_ms)
{
	INVARIANT(retry_ms > 0);
	metric_add(at->a->throttle->refused, 1);
	leave(at);
	at->done(at->arg, HEARTH_EBUSY, retry_ms);
}

/* ---- is it known? ---- */

static void advance(struct login_attempt *at);

static int find_known(struct db_tx *tx, void *arg)
{
	struct login_attempt *at = arg;

	return auth_store_is_known(
		tx, at->address, at->network, at->device, clock_wall_ms(), &at->known);
}

static void on_asked(void *arg, int status)
{
	struct login_attempt *at = arg;

	at->asked = true;
	if (status == 0 && at->known)
		advance(at);
	else
		refuse(at, at->retry_ms);
}

static void ask(struct login_attempt *at, int64_t retry_ms)
{
	at->retry_ms = retry_ms;
	if (at->asked || db_read(at->a->db, find_known, on_asked, at) < 0)
		refuse(at, retry_ms);
}

/* ---- from one to the next ---- */

static bool is_full(const struct login_throttle *throttle, const struct login_attempt *at)
{
	return throttle->draining || throttle->waiting_count >= THROTTLE_WAITING_MAX ||
	       at->on[PAIR]->queued >= THROTTLE_PAIR_MAX ||
	       at->on[NETWORK]->queued >= THROTTLE_WAITING_MAX / 2;
}

static void wait_for_place(struct login_attempt *at, struct backoff *b)
{
	struct login_throttle *throttle = at->a->throttle;

	if (is_full(throttle, at)) {
		refuse(at, THROTTLE_BUSY_MS);
		return;
	}
	count_waiting(throttle, at, 1);
	list_push(&b->waiting, &at->node);
	list_push(&throttle->waiting, &at->queued);
}

static void advance(struct login_attempt *at)
{
	while (at->held < THROTTLE_BACKOFFS) {
		struct backoff *b = at->on[at->held];
		int64_t wait_ms = backoff_wait_ms(b);
		bool exempt = at->known && b->kind != BACKOFF_PAIR;

		if (wait_ms > 0 && !exempt) {
			if (b->kind == BACKOFF_PAIR)
				refuse(at, wait_ms);
			else
				ask(at, wait_ms);
			return;
		}
		if (!exempt && (!list_empty(&b->waiting) ||
				       !backoff_has_place(at->a->throttle->backoffs, b))) {
			wait_for_place(at, b);
			return;
		}
		b->looking++;
		at->held++;
	}
	at->done(at->arg, 0, 0);
}

static void pump(void *arg)
{
	struct login_throttle *throttle = arg;
	struct list_node *node;

	throttle->posted = false;
	for (int i = 0; i < PUMP_MAX && (node = list_pop(&throttle->ready)) != NULL; i++)
		advance(LIST_ENTRY(node, struct login_attempt, node));
	if (!list_empty(&throttle->ready))
		post(throttle);
}

void login_attempt_take(struct login_attempt *at, struct auth *a, const char *name,
	const char *address, const char *peer, const char *device_hex, login_attempt_fn *done,
	void *arg)
{
	struct backoffs *t = a->throttle->backoffs;
	char both[400];

	INVARIANT(a->throttle && name[0]);
	*at = (struct login_attempt){ .a = a, .done = done, .arg = arg };
	snprintf(at->address, sizeof(at->address), "%s", address);
	snprintf(at->device, sizeof(at->device), "%s", device_hex);
	auth_network(peer, at->network);
	snprintf(both, sizeof(both), "%s\n%s", at->network, name);
	backoff_what(slice_str(both), at->what[PAIR]);
	backoff_what(slice_str(name), at->what[NAME]);
	backoff_what(slice_str(at->network), at->what[NETWORK]);
	for (int i = 0; i < THROTTLE_BACKOFFS; i++)
		at->on[i] = backoff_get(t, kinds[i], at->what[i]);
	make_ready(a->throttle, at);
}

void login_attempt_right(struct login_attempt *at)
{
	INVARIANT(at->held == THROTTLE_BACKOFFS);
	if (at->on[PAIR]->wrong)
		throttle_share_tell(at->a->throttle->share,
			(const unsigned char *[BACKOFF_KINDS]){ [BACKOFF_PAIR] = at->what[PAIR] },
			false);
	backoff_forget(at->on[PAIR]);
	leave(at);
}

void login_attempt_wrong(struct login_attempt *at)
{
	const unsigned char *what[BACKOFF_KINDS] = { NULL };

	INVARIANT(at->held == THROTTLE_BACKOFFS);
	/* Where they are known, mistyping does not slow them down elsewhere. */
	for (int i = 0; i < THROTTLE_BACKOFFS; i++)
		if (i != NAME || !at->known) {
			backoff_wrong(at->a->throttle->backoffs, at->on[i]);
			what[kinds[i]] = at->what[i];
		}
	throttle_share_tell(at->a->throttle->share, what, true);
	leave(at);
}

void login_attempt_cancel(struct login_attempt *at)
{
	INVARIANT(at->held == THROTTLE_BACKOFFS);
	leave(at);
}

int auth_registration_take(struct auth *a, const char *peer, int64_t *retry_ms)
{
	struct backoffs *t = a->throttle->backoffs;
	char network[AUTH_NETWORK_MAX];
	unsigned char what[BACKOFF_KEY];
	struct backoff *b;

	auth_network(peer, network);
	backoff_what(slice_str(network), what);
	b = backoff_get(t, BACKOFF_REGISTRATION, what);
	*retry_ms = backoff_wait_ms(b);
	if (*retry_ms == 0) {
		backoff_wrong(t, b);
		throttle_share_tell(a->throttle->share,
			(const unsigned char *[BACKOFF_KINDS]){ [BACKOFF_REGISTRATION] = what },
			true);
	}
	backoff_put(t, b);
	return *retry_ms > 0 ? HEARTH_EBUSY : 0;
}

/* Another node counted it, or forgets it. */
static void on_heard(
	void *arg, enum backoff_kind kind, const unsigned char what[BACKOFF_KEY], bool wrong)
{
	struct login_throttle *throttle = arg;
	struct backoff *b = backoff_get(throttle->backoffs, kind, what);

	if (wrong)
		backoff_wrong(throttle->backoffs, b);
	else
		backoff_forget(b);
	wake(throttle, b);
	backoff_put(throttle->backoffs, b);
}

/* ---- start and stop ---- */

struct login_throttle *login_throttle_new(const struct auth *a)
{
	const int64_t limits[BACKOFF_KINDS] = { [BACKOFF_PAIR] = a->guesses_per_account,
		[BACKOFF_NAME] = a->guesses_per_account * NAME_FACTOR,
		[BACKOFF_NETWORK] = a->guesses_per_network,
		[BACKOFF_REGISTRATION] = a->registrations_per_network };
	struct login_throttle *throttle = mem_zalloc(sizeof(*throttle));

	throttle->backoffs = backoffs_new(a->guess_window_ms, limits);
	if (a->h)
		throttle->share = throttle_share_new(hearth_bus(a->h), on_heard, throttle);
	list_init(&throttle->ready);
	list_init(&throttle->waiting);
	throttle->waiting_metric = metric_gauge("hearth_auth_guesses_waiting", NULL,
		"Log-ins and codes that wait for their turn to be looked at");
	throttle->refused = metric_counter("hearth_auth_guesses_refused_total", NULL,
		"Log-ins and codes that were not looked at: after too many wrong ones");
	return throttle;
}

void login_throttle_drain(struct login_throttle *throttle)
{
	throttle->draining = true;
	LIST_FOREACH (&throttle->waiting, it)
		stop_waiting(throttle, LIST_ENTRY(it, struct login_attempt, queued));
}

void login_throttle_free(struct login_throttle **throttle)
{
	if (!*throttle)
		return;
	throttle_share_free(&(*throttle)->share);
	backoffs_free(&(*throttle)->backoffs);
	free(*throttle);
	*throttle = NULL;
}
