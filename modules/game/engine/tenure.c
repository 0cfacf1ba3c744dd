/*
 * tenure.c: taking, keeping and losing the matches (tenure.h). On the loop; the functions that get a
 * transaction on a database thread. One transaction at a time is under way.
 */
#include "engine/tenure.h"

#include <stdlib.h>

#include "engine/chores.h"
#include "engine/shard.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "lobby/lobby.h"
#include "store/store.h"
#include "store/store_relay.h"
#include "wire/relay.h"

#define TRY_EVERY_MS 1000

struct game_waiting {
	struct game *g;
	struct timer timer;
	bool under_way;
	int64_t grace_us;
	/* What `take` finds. */
	struct game_tenure found;
	int64_t live;
};

static void on_try(void *arg);

int64_t game_now_us(const struct game *g)
{
	return game_owned(g)->clock_base_us + exec_served_us();
}

int game_fence(struct db_tx *tx, const struct game_tenure *t)
{
	return t->lease.epoch ? lease_check(tx, &t->lease) : 0;
}

int game_times(struct db_tx *tx, const struct game *g, int64_t *now_us, struct game_starts *starts)
{
	const struct game_tenure *t = game_owned(g);
	int rc;

	if (t && game_fence(tx, t) == 0) {
		*now_us = game_now_us(g);
		*starts = t->starts;
		return 0;
	}
	rc = game_store_clock_now(tx, clock_wall_ms(), now_us);
	return rc < 0 ? rc : game_store_starts(tx, starts);
}

/*
 * The clock goes on behind all that was ever told, so that turns from before are told from those
 * that follow.
 */
static int take(struct db_tx *tx, void *arg)
{
	struct game_waiting *w = arg;
	int64_t clock_us = 0;
	int rc = lease_take(hearth_leases(w->g->h), tx, GAME_TENURE_LEASE, &w->found.lease);

	if (rc == 0)
		rc = game_store_clock(tx, &clock_us);
	if (rc == 0)
		rc = game_store_start(
			tx, clock_us + 1, clock_wall_ms(), w->grace_us, &w->found.starts);
	if (rc == 0)
		rc = game_store_relay_purge(tx, clock_wall_ms(), "");
	if (rc == 0)
		rc = game_store_count_live(tx, &w->live);
	w->found.clock_base_us = clock_us + 1 - exec_served_us();
	return rc;
}

/* Somebody else has taken the matches, or may have: they are theirs from now on. */
static void on_lost(void *arg)
{
	struct game *g = arg;

	lease_unkeep(&g->keeper);
	g->owns = false;
	log_warn("game", "the matches are another node's now", NULL);
	metric_add(g->live, -metric_value(g->live));
	game_chores_free(&g->chores);
	game_lobby_clear(g->lobby);
	for (int i = 0; i < g->shard_count; i++)
		game_shard_drop(g->shards[i]);
	timer_start(&g->waiting->timer, TRY_EVERY_MS, 0, on_try, g->waiting);
}

static void begin(struct game_waiting *w)
{
	struct game *g = w->g;
	struct game_tenure *t = mem_alloc(sizeof(*t));

	INVARIANT(!g->owns && !g->chores && !g->keeper);
	*t = w->found;
	t->before = atomic_load(&g->tenure);
	atomic_store(&g->tenure, t);
	g->owns = true;
	game_relay_begin(g->relay);
	g->keeper = lease_keep(hearth_leases(g->h), g->db, &t->lease, on_lost, g);
	metric_add(g->live, w->live);
	g->chores = game_chores_new(g);
}

static void on_taken(void *arg, int status)
{
	struct game_waiting *w = arg;

	w->under_way = false;
	if (status == 0) {
		log_info("game", "the matches are this node's now", NULL);
		begin(w);
		return;
	}
	if (status != HEARTH_EBUSY)
		log_warn("game", "the matches cannot be taken", "why", "%s", error_name(status),
			NULL);
	timer_start(&w->timer, TRY_EVERY_MS, 0, on_try, w);
}

static void on_try(void *arg)
{
	struct game_waiting *w = arg;

	w->under_way = true;
	if (db_write(w->g->db, take, on_taken, w) < 0)
		on_taken(w, HEARTH_EBUSY);
}

int game_tenure_start(struct game *g, int64_t grace_ms)
{
	struct game_waiting *w = mem_zalloc(sizeof(*w));
	int rc;

	w->g = g;
	w->grace_us = grace_ms * 1000;
	g->waiting = w;
	rc = db_write_wait(g->db, take, w);
	if (rc == 0) {
		begin(w);
	} else if (rc == HEARTH_EBUSY) {
		log_info("game", "another node has the matches", NULL);
		timer_start(&w->timer, TRY_EVERY_MS, 0, on_try, w);
	} else {
		log_error("game", "the matches cannot be read", "why", "%s", error_name(rc), NULL);
		return rc;
	}
	return 0;
}

static int give_up(struct db_tx *tx, void *arg)
{
	struct game *g = arg;
	const struct lease *l = &game_owned(g)->lease;
	int rc = lease_check(tx, l);

	if (rc == 0)
		rc = game_store_set_clock(tx, game_now_us(g), clock_wall_ms());
	return rc < 0 ? rc : lease_end(tx, l);
}

void game_tenure_stop(struct game *g)
{
	struct game_tenure *t = atomic_load(&g->tenure);

	if (g->waiting)
		timer_stop(&g->waiting->timer);
	lease_unkeep(&g->keeper);
	if (g->owns && db_write_wait(g->db, give_up, g) < 0)
		log_warn("game", "the game clock could not be noted", NULL);
	g->owns = false;
	for (struct game_tenure *before; t; t = before) {
		before = t->before;
		free(t);
	}
	free(g->waiting);
}
