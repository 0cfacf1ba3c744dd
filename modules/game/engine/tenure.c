/*
 * tenure.c: taking, keeping, giving up and losing shards and the lobby (tenure.h). On the loop; the
 * functions that get a transaction on a database thread. One look and one taking at a time are under
 * way; with [server] nodes = one there is none after the start.
 */
#include "engine/tenure.h"

#include <stdlib.h>

#include "engine/shard.h"
#include "hearth/clock.h"
#include "hearth/config.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "lobby/lobby.h"
#include "store/store.h"
#include "store/store_relay.h"
#include "wire/relay.h"

#define LOOK_EVERY_MS 1000
#define ALL_SHARDS    ((1u << GAME_SHARDS) - 1)

/* A shard, or the lobby. */
struct ownable {
	struct game *g;
	int what;
	struct lease_keeper *keeper; /* while it is owned */
	struct game_tenure *ending;  /* while it is being given up */
};

struct game_owner {
	struct game *g;
	const char *node;
	struct ownable all[GAME_OWNABLE];
	struct timer timer;
	int64_t grace_us;
	bool shared, draining;
	bool looking, taking; /* at the database */
	struct game_view view;
	/* What `take` finds. */
	uint32_t got;
	struct game_tenure found[GAME_OWNABLE];
	struct game_shard_clock clocks[GAME_SHARDS];
};

static void on_look(void *arg);

int game_fence(struct db_tx *tx, const struct game_tenure *t)
{
	return t->lease.epoch ? lease_check(tx, &t->lease) : 0;
}

int game_times(struct db_tx *tx, const struct game *g, int shard, int64_t *now_us,
	struct game_starts *starts)
{
	const struct game_tenure *t = game_owned(g, shard);
	int rc;

	if (game_tenure_lasts(t) && game_fence(tx, t) == 0) {
		*now_us = game_now_us(t);
		*starts = t->starts;
		return 0;
	}
	rc = game_store_clock_now(tx, shard, clock_wall_ms(), now_us);
	return rc < 0 ? rc : game_store_starts(tx, shard, starts);
}

void game_live_add(struct game *g, int shard, int64_t n)
{
	atomic_fetch_add(&g->live_of[shard], n);
	metric_add(g->live, n);
}

/* ---- the end of owning ---- */

/* Nothing begins in it any more; who still has a frame of it hears where it is. */
static struct game_tenure *let_go(struct ownable *o)
{
	struct game *g = o->g;
	struct game_tenure *t = atomic_load(&g->tenures[o->what]);

	INVARIANT(game_owns(g, o->what) && t);
	g->owned &= ~(1u << o->what);
	atomic_store(&t->over, true);
	lease_unkeep(&o->keeper);
	if (o->what == GAME_LOBBY)
		game_lobby_clear(g->lobby);
	else
		metric_add(g->live, -atomic_exchange(&g->live_of[o->what], 0));
	game_relay_left(g->relay, o->what);
	return t;
}

static struct game_shard *thread_of(const struct ownable *o)
{
	return o->g->shards[o->what % o->g->shard_count];
}

/* Somebody else has taken it, or may have. */
static void on_lost(void *arg)
{
	struct ownable *o = arg;
	char name[LEASE_NAME_MAX + 1];

	game_lease_name(o->what, name);
	log_warn("game", "matches are another node's now", "lease", "%s", name, NULL);
	let_go(o);
	if (o->what != GAME_LOBBY)
		game_shard_drop(thread_of(o), o->what, NULL, NULL);
}

static int end(struct db_tx *tx, void *arg)
{
	const struct ownable *o = arg;
	int rc = lease_check(tx, &o->ending->lease);

	if (rc == 0 && o->what != GAME_LOBBY)
		rc = game_store_set_clock(tx, o->what, game_now_us(o->ending), clock_wall_ms());
	return rc < 0 ? rc : lease_end(tx, &o->ending->lease);
}

static void on_ended(void *arg, int status)
{
	struct ownable *o = arg;

	(void)status; /* what could not be ended is over in time */
	o->ending = NULL;
	wake_others(hearth_wake(o->g->h), WAKE_GAME);
	hearth_release(o->g->h);
}

/* The shard has put its matches away: what it wrote of them is before this. */
static void on_dropped(void *arg)
{
	struct ownable *o = arg;

	if (db_write(o->g->db, end, on_ended, o) < 0)
		on_ended(o, HEARTH_EBUSY);
}

static void give(struct ownable *o)
{
	INVARIANT(!o->ending);
	hearth_hold(o->g->h);
	o->ending = let_go(o);
	if (o->what == GAME_LOBBY)
		on_dropped(o);
	else
		game_shard_drop(thread_of(o), o->what, on_dropped, o);
}

static void give_all(struct game_owner *w, uint32_t which)
{
	int count = 0;

	for (int i = 0; i < GAME_OWNABLE; i++)
		if (which >> i & 1 && !w->all[i].ending) {
			give(&w->all[i]);
			count++;
		}
	if (count)
		log_info("game", "given up to other nodes", "parts", "%d", count, NULL);
}

/* ---- its beginning ---- */

static int take_one(struct db_tx *tx, struct game_owner *w, int what)
{
	char name[LEASE_NAME_MAX + 1];
	int rc;

	game_lease_name(what, name);
	rc = lease_take(hearth_leases(w->g->h), tx, name, &w->found[what].lease);
	if (rc == 0)
		w->got |= 1u << what;
	return rc == HEARTH_EBUSY ? 0 : rc;
}

/*
 * The clock goes on behind all that was ever told, so that turns from before are told from those
 * that follow.
 */
static int wind_up(struct db_tx *tx, struct game_owner *w, int shard)
{
	struct game_tenure *t = &w->found[shard];
	int64_t clock_us = w->clocks[shard].us + 1;

	t->clock_base_us = clock_us - exec_served_us();
	return game_store_start(tx, shard, clock_us, clock_wall_ms(), w->grace_us, &t->starts);
}

static int take(struct db_tx *tx, void *arg)
{
	struct game_owner *w = arg;
	struct game_view v;
	uint32_t takes;
	int rc;

	game_view_init(&v, w->node);
	rc = lease_each(tx, GAME_LEASE_ANY, game_view_add, &v);
	takes = game_view_takes(&v, w->node);
	w->got = 0;
	for (int i = 0; rc == 0 && i < GAME_OWNABLE; i++)
		if (takes >> i & 1)
			rc = take_one(tx, w, i);
	if (rc == 0 && w->got)
		rc = game_store_clocks(tx, w->clocks);
	for (int i = 0; rc == 0 && i < GAME_SHARDS; i++)
		if (w->got >> i & 1)
			rc = wind_up(tx, w, i);
	if (rc == 0 && w->got)
		rc = game_store_relay_purge(tx, clock_wall_ms(), "");
	return rc;
}

static void begin_one(struct game_owner *w, int what)
{
	struct game *g = w->g;
	struct game_tenure *t = mem_zalloc(sizeof(*t));

	INVARIANT(!game_owns(g, what) && !w->all[what].keeper);
	t->lease = w->found[what].lease;
	t->starts = w->found[what].starts;
	t->clock_base_us = w->found[what].clock_base_us;
	t->before = atomic_load(&g->tenures[what]);
	atomic_store(&g->tenures[what], t);
	g->owned |= 1u << what;
	w->all[what].keeper =
		lease_keep(hearth_leases(g->h), g->db, &t->lease, on_lost, &w->all[what]);
	if (what != GAME_LOBBY)
		game_live_add(g, what, w->clocks[what].live);
}

static void begin(struct game_owner *w)
{
	int count = 0;

	for (int i = 0; i < GAME_OWNABLE; i++)
		if (w->got >> i & 1) {
			begin_one(w, i);
			count += i != GAME_LOBBY;
		}
	/* Frames for them may have waited. */
	game_relay_look(w->g->relay);
	if (w->got)
		log_info("game", "matches are this node's now", "shards", "%d", count, "lobby",
			"%d", game_owns(w->g, GAME_LOBBY), NULL);
}

/* ---- several nodes: looking what there is to take and to give ---- */

static void look_again(struct game_owner *w)
{
	timer_start(&w->timer, LOOK_EVERY_MS, 0, on_look, w);
}

static void on_taken(void *arg, int status)
{
	struct game_owner *w = arg;

	w->taking = false;
	if (status == 0)
		begin(w);
	else if (status != HEARTH_EBUSY)
		log_warn("game", "the matches cannot be taken", "why", "%s", error_name(status),
			NULL);
	if (w->draining)
		give_all(w, w->g->owned);
	else
		look_again(w);
}

static int look(struct db_tx *tx, void *arg)
{
	struct game_owner *w = arg;

	game_view_init(&w->view, w->node);
	return lease_each(tx, GAME_LEASE_ANY, game_view_add, &w->view);
}

static void give_what_is_over(struct game_owner *w)
{
	struct game *g = w->g;
	int64_t live[GAME_SHARDS];

	for (int i = 0; i < GAME_SHARDS; i++)
		live[i] = atomic_load(&g->live_of[i]);
	give_all(w, game_view_gives(&w->view, w->node, g->owned & ALL_SHARDS, live));
}

static void on_looked(void *arg, int status)
{
	struct game_owner *w = arg;

	w->looking = false;
	if (status == 0)
		game_relay_view(w->g->relay, &w->view);
	if (w->draining)
		return;
	if (status == 0)
		give_what_is_over(w);
	w->taking = status == 0 && game_view_takes(&w->view, w->node);
	if (!w->taking || db_write(w->g->db, take, on_taken, w) < 0) {
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
	rc = db_write_wait(g->db, take, w);
	if (rc < 0) {
		log_error("game", "the matches cannot be taken", "why", "%s", error_name(rc), NULL);
		return rc;
	}
	begin(w);
	INVARIANT(w->shared || g->owned == (ALL_SHARDS | 1u << GAME_LOBBY));
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
	give_all(w, g->owned);
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
