/*
 * balance.c: what of the games this node has, beside others (tenure.h): it takes what is free of its
 * share, gives what it has beyond, and leaves all to them when it stops.
 *
 *   START ──its share taken──▶ LOOKING ──every LOOK_EVERY_MS, or after a knock: takes, gives──▶ LOOKING
 *                                 └──told to stop, and others are there──▶ DRAINING: gives all
 *
 * On the loop; the functions that get a transaction on a database thread. One look and one taking at
 * a time are under way; with [server] nodes = one there is none after the start.
 */
#include <stdlib.h>

#include "engine/tenure_private.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "wire/relay.h"

#define LOOK_EVERY_MS 1000

static void on_look(void *arg);

static void look_again(struct game_owner *w)
{
	timer_start(&w->timer, LOOK_EVERY_MS, 0, on_look, w);
}

static void on_taken(void *arg, int status)
{
	struct game_owner *w = arg;

	INVARIANT(w->taking && !w->looking);
	w->taking = false;
	if (status == 0 && w->took.aside)
		log_warn("game", "matches of before cannot be taken over", "matches", "%lld",
			(long long)w->took.aside, NULL);
	if (status == 0)
		owner_begin(w);
	else if (status != HEARTH_EBUSY)
		log_warn("game", "the matches cannot be taken", "why", "%s", error_name(status),
			NULL);
	if (w->draining)
		owner_give(w, w->g->owned);
	else
		look_again(w);
}

static int look(struct db_tx *tx, void *arg)
{
	struct game_owner *w = arg;

	return owner_see(tx, w->node, &w->view);
}

static void give_what_is_over(struct game_owner *w)
{
	struct game *g = w->g;
	int64_t live[GAME_SHARDS];

	for (int i = 0; i < GAME_SHARDS; i++)
		live[i] = atomic_load(&g->live_of[i]);
	owner_give(w, game_view_gives(&w->view, w->node, g->owned & OWNER_ALL_SHARDS, live));
}

static void on_looked(void *arg, int status)
{
	struct game_owner *w = arg;

	INVARIANT(w->looking && !w->taking);
	w->looking = false;
	if (status == 0)
		game_relay_view(w->g->relay, &w->view);
	if (w->draining)
		return;
	if (status == 0)
		give_what_is_over(w);
	w->taking = status == 0 && game_view_takes(&w->view, w->node);
	if (!w->taking || db_write(w->g->db, owner_take, on_taken, w) < 0) {
		w->taking = false;
		look_again(w);
	}
}

static void on_look(void *arg)
{
	struct game_owner *w = arg;

	w->looking = true;
	if (db_read(w->g->db, look, on_looked, w) < 0) {
		w->looking = false;
		look_again(w);
	}
}

void game_tenure_look(struct game *g)
{
	struct game_owner *w = g->owner;
	int count = 0;

	for (int i = 0; i < GAME_SHARDS; i++)
		count += game_owns(g, i);
	if (w->looking || w->taking || w->draining ||
		(game_owns(g, GAME_LOBBY) && count >= game_view_share(&w->view, w->node)))
		return;
	timer_stop(&w->timer);
	on_look(w);
}

/* ---- start and end ---- */

int game_tenure_start(struct game *g, int64_t grace_ms)
{
	struct game_owner *w = mem_zalloc(sizeof(*w));
	int rc;

	w->g = g;
	w->node = leases_node(hearth_leases(g->h));
	w->grace_us = grace_ms * 1000;
	w->shared = g->relay;
	game_view_init(&w->view, w->node);
	for (int i = 0; i < GAME_OWNABLE; i++)
		w->all[i] = (struct ownable){ .g = g, .what = i };
	g->owner = w;
	rc = db_write_wait(g->db, owner_take, w);
	if (rc < 0) {
		log_error("game", "the matches cannot be taken", "why", "%s", error_name(rc), NULL);
		return rc;
	}
	owner_begin(w);
	INVARIANT(w->shared || g->owned == (OWNER_ALL_SHARDS | 1u << GAME_LOBBY));
	if (w->shared)
		look_again(w);
	return 0;
}

void game_tenure_drain(struct game *g)
{
	struct game_owner *w = g->owner;

	if (!w->shared || w->view.node_count < 2)
		return;
	w->draining = true;
	game_relay_drain(g->relay);
	owner_give(w, g->owned);
}

static int give_up(struct db_tx *tx, void *arg)
{
	const struct game *g = arg;
	int rc = 0;

	for (int i = 0; rc == 0 && i < GAME_OWNABLE; i++) {
		const struct game_tenure *t = game_owned(g, i);

		if (!game_owns(g, i) || lease_check(tx, &t->lease) < 0)
			continue;
		if (i != GAME_LOBBY)
			rc = game_store_set_clock(tx, i, game_now_us(t), clock_wall_ms());
		if (rc == 0)
			rc = lease_end(tx, &t->lease);
	}
	return rc;
}

void game_tenure_stop(struct game *g)
{
	struct game_owner *w = g->owner;

	if (!w)
		return;
	timer_stop(&w->timer);
	for (int i = 0; i < GAME_OWNABLE; i++)
		lease_unkeep(&w->all[i].keeper);
	if (g->owned && db_write_wait(g->db, give_up, g) < 0)
		log_warn("game", "the game clock could not be noted", NULL);
	g->owned = 0;
	for (int i = 0; i < GAME_OWNABLE; i++)
		for (struct game_tenure *before, *t = atomic_load(&g->tenures[i]); t; t = before) {
			before = t->before;
			free(t);
		}
	free(w);
	g->owner = NULL;
}
