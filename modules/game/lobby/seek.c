/*
 * seek.c: a seek on its way to the lobby: name, clock and number of matches are looked up. On the loop;
 * the matches are counted inside a db_fn.
 *
 *   NAMING ──the name──▶ LOOKING ──clock, matches──▶ to the lobby, or refused
 *
 * One is looked into for each connection at a time, and is the db_fn's meanwhile. What the connection
 * seeks next waits beside it, of a flood of seeks the latest, and is looked into when that is back.
 */
#include "lobby/seek.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/map.h"
#include "personal/preferences.h"
#include "store/store.h"
#include "store/store_rating.h"
#include "wire/frames.h"

struct seeking {
	struct game *g;
	uint64_t client;
	int64_t account;
	char name[ACCOUNTS_NAME_ROOM];
	bool wanted;           /* else cancelled, or the account is paired */
	bool gone;             /* the connection is */
	bool replaced;         /* by `next` */
	struct game_seek next; /* the loop's */
	/* What is looked into: the db_fn's, while there is one. */
	struct game_seek seek;
	struct game_preferences chosen;
};

static void finish(struct seeking *s)
{
	INVARIANT(s->gone || map_get_u64(s->g->seeking, s->client) == s);
	if (!s->gone)
		map_remove_u64(s->g->seeking, s->client);
	hearth_release(s->g->h);
	free(s);
}

static void fail(struct seeking *s, const char *code, const char *text)
{
	game_send(s->g, s->client, game_frame_error(code, text));
	finish(s);
}

/* The latest that was asked for is what is looked into now. False: there is nothing, and s is gone. */
static bool take_latest(struct seeking *s)
{
	if (s->gone || !s->wanted) {
		finish(s);
		return false;
	}
	if (s->replaced)
		s->seek = s->next;
	s->replaced = false;
	return true;
}

static void to_lobby(struct seeking *s)
{
	struct game *g = s->g;
	struct game_seek seek = s->seek;
	int rc;

	memcpy(seek.name, s->name, sizeof(seek.name));
	INVARIANT(!seek.own_clock && seek.rules);
	finish(s);
	if (!game_owns(g, GAME_LOBBY)) {
		game_send(g, seek.client, game_frame_elsewhere());
		return;
	}
	rc = game_lobby_seek(g->lobby, &seek);
	if (rc == HEARTH_ECONFLICT)
		game_send(g, seek.client,
			game_frame_error(
				"paired", "an opponent was found already: your match begins"));
	else if (rc == HEARTH_ETOOBIG)
		game_send(g, seek.client,
			game_frame_error("too-many-seeks",
				"you are waiting for as many games as one person may"));
	else if (rc < 0)
		game_send(g, seek.client,
			game_frame_error("busy", "too many are waiting for a game"));
}

/* By the clock, which may be the one that was just looked up. */
static int look_up_rating(struct db_tx *tx, struct seeking *s)
{
	struct game_seek *seek = &s->seek;
	struct rating rating;
	int rc;

	if (seek->own_clock && s->chosen.base_s > 0) {
		seek->control =
			game_control_fischer(s->chosen.base_s * 1000, s->chosen.increment_s * 1000);
		seek->own_clock = false;
	}
	if (seek->own_clock)
		return 0;
	rc = game_store_rating(tx, seek->account, seek->rules, slice_str(seek->setup),
		game_speed_of(&seek->control), &rating);
	seek->rating = (int)lround(rating.glicko.rating);
	return rc;
}

static int look(struct db_tx *tx, void *arg)
{
	struct seeking *s = arg;
	int rc = game_store_preferences(tx, s->account, &s->chosen);

	if (rc == 0)
		rc = game_store_may_begin(tx, s->account, clock_wall_ms(), s->g->matches_max);
	return rc < 0 ? rc : look_up_rating(tx, s);
}

static void look_up(struct seeking *s);

static void on_looked(void *arg, int status)
{
	struct seeking *s = arg;
	bool replaced = s->replaced;

	if (!take_latest(s))
		return;
	if (replaced)
		look_up(s);
	else if (status == HEARTH_ETOOBIG)
		fail(s, "too-many-matches",
			"as many matches of yours go on, or began within a minute, as one person "
			"may have");
	else if (status < 0)
		fail(s, "try-again", "your matches could not be looked up");
	else if (s->seek.own_clock)
		fail(s, "bad-frame", "seek: expected clock.limit in seconds, 1 to 10800");
	else
		to_lobby(s);
}

static void look_up(struct seeking *s)
{
	if (db_read(s->g->db, look, on_looked, s) < 0)
		on_looked(s, HEARTH_EBUSY);
}

static void on_name(void *arg, int status, const char *name)
{
	struct seeking *s = arg;

	if (!take_latest(s))
		return;
	if (status < 0) {
		fail(s, "try-again", "your name could not be looked up");
		return;
	}
	snprintf(s->name, sizeof(s->name), "%s", name);
	look_up(s);
}

void game_seek_begin(struct game *g, const struct game_seek *seek)
{
	struct seeking *s = map_get_u64(g->seeking, seek->client);
	bool is_new = !s;

	if (s && seek->beside && s->wanted) {
		game_send(g, seek->client,
			game_frame_error("busy", "your last seek is being looked into"));
		return;
	}
	if (is_new) {
		s = mem_zalloc(sizeof(*s));
		s->g = g;
		s->client = seek->client;
		s->account = seek->account;
		hearth_hold(g->h);
		map_set_u64(g->seeking, seek->client, s);
	}
	s->next = *seek;
	s->replaced = s->wanted = true;
	if (is_new)
		g->accounts->name_of(g->accounts->self, seek->account, on_name, s);
}

void game_seek_drop(struct game *g, int64_t account)
{
	size_t it = 0;
	void *value;

	while (map_next(g->seeking, &it, NULL, &value)) {
		struct seeking *s = value;

		if (s->account == account)
			s->wanted = false;
	}
}

void game_seek_close(struct game *g, uint64_t client)
{
	struct seeking *s = map_remove_u64(g->seeking, client);

	if (s)
		s->gone = true;
}
