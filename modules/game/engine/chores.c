/*
 * chores.c: what nobody asks for (chores.h), for the shards that this node owns at the time. On the
 * loop; one look and one note at a time are at the database.
 *
 * A second after a match that nobody hears of has run out of time, it is found by its due time,
 * which is an index, and its shard looks at it. LOOK_SLICE at a time, so that a server that comes
 * back to thousands of them has its readers for people; a slice that was full is followed by the
 * next after a tenth of a second.
 */
#include "engine/chores.h"

#include <stdlib.h>

#include "engine/shard.h"
#include "engine/tenure.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "store/store.h"

#define LOOK_EVERY_MS  1000
#define LOOK_AGAIN_MS  100
#define LOOK_SLICE     16
#define CLOCK_EVERY_MS 10000 /* how much of the clock a crash can take back */
#define POSITIONS      4     /* old rows completed at a time */
#define ADOPTED        32    /* and matches of the version before taken over */

struct game_chores {
	struct game *g;
	struct timer look, note;
	bool noting;         /* at the database */
	bool adopts;         /* this node is to: one is */
	bool adopted;        /* there is none of the version before */
	bool positions_done; /* every row has its position */
	int64_t due[LOOK_SLICE];
	int n;
	int64_t count;
	struct game_adopted took;
};

static void on_look(void *arg);

/* ---- matches whose time is over ---- */

static int collect(void *arg, int64_t id)
{
	struct game_chores *c = arg;

	INVARIANT(c->n < LOOK_SLICE && id > 0);
	c->due[c->n++] = id;
	return 0;
}

static int find_due(struct db_tx *tx, void *arg)
{
	struct game_chores *c = arg;

	int64_t now_us[GAME_SHARDS];

	for (int i = 0; i < GAME_SHARDS; i++) {
		const struct game_tenure *t = game_owned(c->g, i);

		now_us[i] = game_tenure_lasts(t) ? game_now_us(t) : GAME_NOT_OURS;
	}
	c->n = 0;
	return game_store_due(tx, now_us, LOOK_SLICE, collect, c);
}

static void on_due(void *arg, int status)
{
	struct game_chores *c = arg;

	for (int i = 0; status == 0 && i < c->n; i++) {
		struct game_intent look = {
			.kind = GAME_LOOK, .match = c->due[i], .ply = -1, .seq = -1
		};

		/* Too many wait: it is found again. */
		if (game_shard_post(game_shard_of(c->g, look.match), &look) < 0)
			break;
	}
	timer_start(&c->look, status == 0 && c->n == LOOK_SLICE ? LOOK_AGAIN_MS : LOOK_EVERY_MS, 0,
		on_look, c);
}

static void on_look(void *arg)
{
	struct game_chores *c = arg;

	if (db_read(c->g->db, find_due, on_due, c) < 0)
		on_due(c, HEARTH_EBUSY);
}

/* ---- the clock, and rows of before ---- */

static void settle(struct game_chores *c, bool again)
{
	INVARIANT(c->noting);
	c->noting = false;
	if (again)
		timer_start(&c->note, LOOK_AGAIN_MS, CLOCK_EVERY_MS, c->note.fn, c);
}

/* Apart from the clock, which is noted whatever becomes of these. */
static int catch_up(struct db_tx *tx, void *arg)
{
	struct game_chores *c = arg;
	int rc = 0;

	c->count = 0;
	c->took = (struct game_adopted){ .left = !c->adopted };
	if (c->took.left && c->adopts)
		rc = game_store_adopt(tx, false, ADOPTED, &c->took);
	if (rc == 0 && !c->positions_done)
		rc = game_store_add_positions(tx, POSITIONS, &c->count);
	return rc;
}

static void on_caught_up(void *arg, int status)
{
	struct game_chores *c = arg;

	if (status == 0) {
		c->adopted = c->took.left == 0;
		c->positions_done = c->adopted && c->count < POSITIONS;
		if (c->took.aside)
			log_warn("game", "matches of before cannot be taken over", "matches",
				"%lld", (long long)c->took.aside, NULL);
	} else {
		log_warn("game", "rows of before could not be completed", "why", "%s",
			error_name(status), NULL);
	}
	settle(c, status == 0 && (c->count == POSITIONS || (c->adopts && !c->adopted)));
}

static int note(struct db_tx *tx, void *arg)
{
	struct game_chores *c = arg;
	int rc = 0;

	for (int i = 0; i < GAME_SHARDS && rc == 0; i++) {
		const struct game_tenure *t = game_owned(c->g, i);

		if (game_tenure_lasts(t) && game_fence(tx, t) == 0)
			rc = game_store_set_clock(tx, i, game_now_us(t), clock_wall_ms());
	}
	return rc;
}

static void on_noted(void *arg, int status)
{
	struct game_chores *c = arg;

	(void)status; /* noted again in some seconds */
	if ((c->positions_done && (c->adopted || !c->adopts)) ||
		db_write(c->g->db, catch_up, on_caught_up, c) < 0)
		settle(c, false);
}

static void on_note(void *arg)
{
	struct game_chores *c = arg;

	if (c->noting)
		return;
	c->adopts = game_owns(c->g, GAME_LOBBY);
	/* Where nobody plays nothing is written. */
	if (c->positions_done && (c->adopted || !c->adopts) && metric_value(c->g->live) <= 0)
		return;
	c->noting = true;
	if (db_write(c->g->db, note, on_noted, c) < 0)
		c->noting = false;
}

/* ---- start and end ---- */

struct game_chores *game_chores_new(struct game *g)
{
	struct game_chores *c = mem_zalloc(sizeof(*c));

	c->g = g;
	timer_start(&c->look, LOOK_EVERY_MS, 0, on_look, c);
	timer_start(&c->note, LOOK_EVERY_MS, CLOCK_EVERY_MS, on_note, c);
	return c;
}

void game_chores_free(struct game_chores **cp)
{
	struct game_chores *c = *cp;

	if (!c)
		return;
	timer_stop(&c->look);
	timer_stop(&c->note);
	INVARIANT(!c->noting);
	*cp = NULL;
	free(c);
}
