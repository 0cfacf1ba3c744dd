/*
 * guess.c: the limits on guesses (guess.h). A guess climbs from ladder to ladder, keeping its place
 * on those it has passed:
 *
 *   name and network ─▶ name ─▶ network ─▶ it is looked at ─▶ right, wrong: all places are free
 *
 *   at each: it waits? ──▶ known to the database? ──no──▶ refused        (the first: refused)
 *            no place? ──▶ in the ladder's queue, until somebody leaves
 *
 * Places are always taken in this order, so no two can wait for each other. Nothing climbs or is
 * answered from inside a call of somebody else: those whose turn came stand in `ready`, and one
 * posted function takes them from there.
 */
#include "session/guess.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/metric.h"
#include "session/known.h"

#define PUMP_MAX    256 /* climb at one go; then the loop has its turn */
#define NAME_FACTOR 10  /* times guesses_per_account: free over all networks */

enum { PAIR, NAME, NETWORK }; /* places in `on` */

struct guesses {
	struct ladders *ladders;
	struct list ready;   /* to climb on: struct auth_guess */
	struct list waiting; /* for a place: struct auth_guess's `queued` */
	int waiting_count;
	bool posted; /* pump is on its way */
	bool draining;
	struct metric *waiting_metric, *refused;
};

static void pump(void *arg);

static void post(struct guesses *gs)
{
	if (gs->posted)
		return;
	gs->posted = true;
	exec_post(exec_loop(), pump, gs);
}

static void make_ready(struct guesses *gs, struct auth_guess *g)
{
	list_push(&gs->ready, &g->node);
	post(gs);
}

/* Who waits counts for the pair and for the network, wherever they wait. */
static void count_waiting(struct guesses *gs, struct auth_guess *g, int by)
{
	g->on[PAIR]->queued += by;
	g->on[NETWORK]->queued += by;
	gs->waiting_count += by;
	metric_set(gs->waiting_metric, gs->waiting_count);
}

static void stop_waiting(struct guesses *gs, struct auth_guess *g)
{
	list_remove(&g->node);
	list_remove(&g->queued);
	count_waiting(gs, g, -1);
	make_ready(gs, g);
}

/*
 * Somebody left, or a wait began: who stands at the head gets the place at once, before anybody who
 * comes now. While the ladder waits there is no place: all look for themselves what becomes of
 * them.
 */
static void wake(struct guesses *gs, struct ladder *l)
{
	while (!list_empty(&l->waiting)) {
		struct auth_guess *g = LIST_ENTRY(l->waiting.head.next, struct auth_guess, node);

		if (ladder_wait_ms(l) == 0) {
			if (!ladder_has_place(gs->ladders, l))
				return;
			l->looking++;
			g->held++;
		}
		stop_waiting(gs, g);
	}
}

/* Gives back every place and ladder. */
static void leave(struct auth_guess *g)
{
	struct guesses *gs = g->a->guesses;

	for (int i = GUESS_LADDERS - 1; i >= 0; i--) {
		struct ladder *l = g->on[i];

		if (i < g->held)
			l->looking--;
		wake(gs, l);
		ladder_put(gs->ladders, l);
		g->on[i] = NULL;
	}
	g->held = 0;
}

static void refuse(struct auth_guess *g, int64_t retry_ms)
{
	metric_add(g->a->guesses->refused, 1);
	leave(g);
	g->done(g->arg, HEARTH_EBUSY, retry_ms);
}

/* ---- is it known? ---- */

static void climb(struct auth_guess *g);

static int find_known(struct db_tx *tx, void *arg)
{
	struct auth_guess *g = arg;

	return auth_store_is_known(
		tx, g->address, g->network, g->device, clock_wall_ms(), &g->known);
}

static void on_asked(void *arg, int status)
{
	struct auth_guess *g = arg;

	g->asked = true;
	if (status == 0 && g->known)
		climb(g);
	else
		refuse(g, g->retry_ms);
}

static void ask(struct auth_guess *g, int64_t retry_ms)
{
	g->retry_ms = retry_ms;
	if (g->asked || db_read(g->a->db, find_known, on_asked, g) < 0)
		refuse(g, retry_ms);
}

/* ---- climbing ---- */

static bool is_full(const struct guesses *gs, const struct auth_guess *g)
{
	return gs->draining || gs->waiting_count >= GUESS_WAITING_MAX ||
	       g->on[PAIR]->queued >= GUESS_PAIR_MAX ||
	       g->on[NETWORK]->queued >= GUESS_WAITING_MAX / 2;
}

static void wait_for_place(struct auth_guess *g, struct ladder *l)
{
	struct guesses *gs = g->a->guesses;

	if (is_full(gs, g)) {
		refuse(g, GUESS_BUSY_MS);
		return;
	}
	count_waiting(gs, g, 1);
	list_push(&l->waiting, &g->node);
	list_push(&gs->waiting, &g->queued);
}

static void climb(struct auth_guess *g)
{
	while (g->held < GUESS_LADDERS) {
		struct ladder *l = g->on[g->held];
		int64_t wait_ms = ladder_wait_ms(l);
		bool exempt = g->known && l->kind != LADDER_PAIR;

		if (wait_ms > 0 && !exempt) {
			if (l->kind == LADDER_PAIR)
				refuse(g, wait_ms);
			else
				ask(g, wait_ms);
			return;
		}
		if (!exempt && (!list_empty(&l->waiting) ||
				       !ladder_has_place(g->a->guesses->ladders, l))) {
			wait_for_place(g, l);
			return;
		}
		l->looking++;
		g->held++;
	}
	g->done(g->arg, 0, 0);
}

static void pump(void *arg)
{
	struct guesses *gs = arg;
	struct list_node *node;

	gs->posted = false;
	for (int i = 0; i < PUMP_MAX && (node = list_pop(&gs->ready)) != NULL; i++)
		climb(LIST_ENTRY(node, struct auth_guess, node));
	if (!list_empty(&gs->ready))
		post(gs);
}

void auth_guess_take(struct auth_guess *g, struct auth *a, const char *name, const char *address,
	const char *peer, const char *device_hex, auth_guess_fn *done, void *arg)
{
	struct ladders *t = a->guesses->ladders;
	char both[400];

	*g = (struct auth_guess){ .a = a, .done = done, .arg = arg };
	snprintf(g->address, sizeof(g->address), "%s", address);
	snprintf(g->device, sizeof(g->device), "%s", device_hex);
	auth_network(peer, g->network);
	snprintf(both, sizeof(both), "%s\n%s", g->network, name);
	g->on[PAIR] = ladder_get(t, LADDER_PAIR, slice_str(both));
	g->on[NAME] = ladder_get(t, LADDER_NAME, slice_str(name));
	g->on[NETWORK] = ladder_get(t, LADDER_NETWORK, slice_str(g->network));
	make_ready(a->guesses, g);
}

void auth_guess_right(struct auth_guess *g)
{
	ladder_forget(g->on[PAIR]);
	leave(g);
}

void auth_guess_wrong(struct auth_guess *g)
{
	/* Where they are known, mistyping does not slow them down elsewhere. */
	for (int i = 0; i < GUESS_LADDERS; i++)
		if (i != NAME || !g->known)
			ladder_wrong(g->a->guesses->ladders, g->on[i]);
	leave(g);
}

void auth_guess_cancel(struct auth_guess *g)
{
	leave(g);
}

int auth_registration_take(struct auth *a, const char *peer, int64_t *retry_ms)
{
	struct ladders *t = a->guesses->ladders;
	char network[AUTH_NETWORK_MAX];
	struct ladder *l;

	auth_network(peer, network);
	l = ladder_get(t, LADDER_REGISTRATION, slice_str(network));
	*retry_ms = ladder_wait_ms(l);
	if (*retry_ms == 0)
		ladder_wrong(t, l);
	ladder_put(t, l);
	return *retry_ms > 0 ? HEARTH_EBUSY : 0;
}

/* ---- start and stop ---- */

struct guesses *guesses_new(const struct auth *a)
{
	const int64_t limits[LADDER_KINDS] = { [LADDER_PAIR] = a->guesses_per_account,
		[LADDER_NAME] = a->guesses_per_account * NAME_FACTOR,
		[LADDER_NETWORK] = a->guesses_per_network,
		[LADDER_REGISTRATION] = a->registrations_per_network };
	struct guesses *gs = mem_zalloc(sizeof(*gs));

	gs->ladders = ladders_new(a->guess_window_ms, limits);
	list_init(&gs->ready);
	list_init(&gs->waiting);
	gs->waiting_metric = metric_gauge("hearth_auth_guesses_waiting", NULL,
		"Log-ins and codes that wait for their turn to be looked at");
	gs->refused = metric_counter("hearth_auth_guesses_refused_total", NULL,
		"Log-ins and codes that were not looked at: after too many wrong ones");
	return gs;
}

void guesses_drain(struct guesses *gs)
{
	gs->draining = true;
	LIST_FOREACH (&gs->waiting, it)
		stop_waiting(gs, LIST_ENTRY(it, struct auth_guess, queued));
}

void guesses_free(struct guesses **gs)
{
	if (!*gs)
		return;
	ladders_free(&(*gs)->ladders);
	free(*gs);
	*gs = NULL;
}
