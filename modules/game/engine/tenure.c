/*
 * tenure.c: a tenure's beginning and end, and what holds in it (tenure.h): taking, losing and giving
 * up shards and the lobby. On the loop; the functions that get a transaction on a database thread.
 * GAME_OWNABLE things at most.
 */
#include "engine/tenure_private.h"

#include <stdlib.h>

#include "engine/shard.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "lobby/lobby.h"
#include "store/store.h"
#include "store/store_relay.h"
#include "wire/relay.h"

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
	return t;
}

/* Clients of other nodes that had frames of it were told where it is; they ask elsewhere now. */
static void on_left(void *arg)
{
	struct ownable *o = arg;

	if (!game_owns(o->g, o->what))
		game_relay_left(o->g->relay, o->what);
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
	if (o->what == GAME_LOBBY)
		on_left(o);
	else
		game_shard_drop(thread_of(o), o->what, on_left, o);
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

	INVARIANT(o->ending && !game_tenure_lasts(o->ending));
	(void)status; /* what could not be ended is over in time */
	o->ending = NULL;
	wake_others(hearth_wake(o->g->h), WAKE_GAME);
	hearth_release(o->g->h);
}

/* The shard has put its matches away: what it wrote of them is before this. */
static void on_dropped(void *arg)
{
	struct ownable *o = arg;

	on_left(o);
	if (db_write(o->g->db, end, on_ended, o) < 0)
		on_ended(o, HEARTH_EBUSY);
}

static void give(struct ownable *o)
{
	INVARIANT(!o->ending && o->keeper);
	hearth_hold(o->g->h);
	o->ending = let_go(o);
	if (o->what == GAME_LOBBY)
		on_dropped(o);
	else
		game_shard_drop(thread_of(o), o->what, on_dropped, o);
}

void owner_give(struct game_owner *w, uint32_t which)
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

	INVARIANT(clock_us > 0 && t->lease.epoch > 0);
	t->clock_base_us = clock_us - exec_served_us();
	return game_store_start(tx, shard, clock_us, clock_wall_ms(), w->grace_us, &t->starts);
}

int owner_see(struct db_tx *tx, const char *node, struct game_view *out)
{
	int rc;

	game_view_init(out, node);
	rc = lease_each(tx, GAME_LEASE_ANY, game_view_add, out);
	return rc < 0 ? rc : lease_each(tx, GAME_LEASE_OLD, game_view_add, out);
}

int owner_take(struct db_tx *tx, void *arg)
{
	struct game_owner *w = arg;
	struct game_view v;
	uint32_t takes;
	int rc;

	rc = owner_see(tx, w->node, &v);
	takes = game_view_takes(&v, w->node);
	w->got = 0;
	w->took = (struct game_adopted){ 0 };
	for (int i = 0; rc == 0 && i < GAME_OWNABLE; i++)
		if (takes >> i & 1)
			rc = take_one(tx, w, i);
	if (rc == 0 && w->got)
		rc = game_store_adopt(tx, true, INT64_MAX, &w->took);
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

void owner_begin(struct game_owner *w)
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
