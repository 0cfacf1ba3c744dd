/*
 * service.c: the frames that clients send: each is read, checked for form, and handed to the lobby
 * or to the shard that owns the match. On the loop.
 */
#include <stdio.h>
#include <stdlib.h>

#include "frames.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/map.h"
#include "lobby.h"
#include "preferences.h"
#include "shard.h"
#include "store.h"

static void send_error(
	struct game *g, const struct client *from, const char *code, const char *text)
{
	game_send(g, from->id, game_frame_error(code, text));
}

/* ---- seek ---- */

#define CLOCK_EXPECTED "seek: expected clock.limit in seconds, 1 to 10800"

/* A seek that waits for the clock which the person has chosen. */
struct clockless {
	struct game *g;   /* NULL: the client has sought otherwise, cancelled or gone */
	struct hearth *h; /* held until it is known */
	struct game_seek seek;
	struct game_preferences chosen;
};

static void forget_clockless(struct game *g, uint64_t client)
{
	struct clockless *c = map_remove_u64(g->clockless, client);

	if (c)
		c->g = NULL;
}

static void seek(struct game *g, const struct game_seek *wanted)
{
	if (game_lobby_seek(g->lobby, wanted) < 0)
		game_send(g, wanted->client,
			game_frame_error("busy", "too many are waiting for a game"));
}

static int find_clock(struct db_tx *tx, void *arg)
{
	struct clockless *c = arg;

	return game_store_preferences(tx, c->seek.account, &c->chosen);
}

static void on_clock_found(void *arg, int status)
{
	struct clockless *c = arg;
	struct game *g = c->g;

	if (g)
		map_remove_u64(g->clockless, c->seek.client);
	if (g && status < 0) {
		game_send(g, c->seek.client,
			game_frame_error("try-again", "your clock could not be looked up"));
	} else if (g && c->chosen.base_s == 0) {
		game_send(g, c->seek.client, game_frame_error("bad-frame", CLOCK_EXPECTED));
	} else if (g) {
		c->seek.limit_ms = c->chosen.base_s * 1000;
		c->seek.increment_ms = c->chosen.increment_s * 1000;
		seek(g, &c->seek);
	}
	hearth_release(c->h);
	free(c);
}

static void seek_with_chosen_clock(struct game *g, const struct game_seek *wanted)
{
	struct clockless *c = mem_zalloc(sizeof(*c));

	c->g = g;
	c->h = g->h;
	c->seek = *wanted;
	hearth_hold(g->h);
	map_set_u64(g->clockless, wanted->client, c);
	if (db_read(g->db, find_clock, on_clock_found, c) < 0)
		on_clock_found(c, HEARTH_EBUSY);
}

/* False, and an error to the client, when the clock of a frame is none. */
static bool read_clock(
	struct game *g, const struct client *from, const struct json *clock, struct game_seek *out)
{
	int64_t limit = 0, increment = 0;

	if (json_get_i64(clock, "limit", GAME_LIMIT_MIN_S, GAME_LIMIT_MAX_S, &limit) < 0) {
		send_error(g, from, "bad-frame", CLOCK_EXPECTED);
		return false;
	}
	if (json_get_i64(clock, "increment", 0, GAME_INCREMENT_MAX_S, &increment) ==
		HEARTH_EINVAL) {
		send_error(g, from, "bad-frame",
			"seek: expected clock.increment in seconds, 0 to 180");
		return false;
	}
	out->limit_ms = limit * 1000;
	out->increment_ms = increment * 1000;
	return true;
}

static void on_seek(struct game *g, const struct client *from, const struct json *frame)
{
	struct game_seek wanted = { .client = from->id, .account = from->account };
	struct slice rules = SLICE("chess");
	const struct json *clock = json_get(frame, "clock");

	if (clock && !read_clock(g, from, clock, &wanted))
		return;
	json_get_text(frame, "rules", &rules);
	wanted.rules = game_rules_find(rules.p);
	if (!wanted.rules) {
		send_error(g, from, "no-rules", "seek: no such game is played here");
		return;
	}
	json_get_bool(frame, "legal", &wanted.legal);
	snprintf(wanted.name, sizeof(wanted.name), "%s", from->address);
	/* A later seek of a client replaces the one that still waits for its clock. */
	forget_clockless(g, from->id);
	if (clock)
		seek(g, &wanted);
	else
		seek_with_chosen_clock(g, &wanted);
}

static void on_cancel(struct game *g, const struct client *from, const struct json *frame)
{
	(void)frame;
	forget_clockless(g, from->id);
	game_lobby_cancel(g->lobby, from->id);
	game_send(g, from->id, game_frame_plain("cancelled"));
}

/* Hands an intent to the shard of its match. */
static void post_intent(
	struct game *g, const struct client *from, const struct json *frame, struct game_intent *in)
{
	in->client = from->id;
	in->account = from->account;
	in->received_us = clock_mono_us();
	if (json_get_i64(frame, "match", 1, INT64_MAX, &in->match) < 0) {
		send_error(g, from, "bad-frame", "expected match, the number of a match");
		return;
	}
	json_get_bool(frame, "legal", &in->legal);
	if (game_shard_post(game_shard_of(g, in->match), in) < 0)
		game_send(g, from->id,
			game_frame_rejected(in->match, -1, slice_str(in->move), "busy",
				"the server has too much to do"));
}

static void on_move(struct game *g, const struct client *from, const struct json *frame)
{
	struct game_intent in = { .kind = GAME_MOVE, .ply = -1 };
	struct slice move = { 0 };
	int64_t ply = -1;

	if (json_get_text(frame, "move", &move) < 0) {
		send_error(g, from, "bad-frame", "move: expected move as text, such as \"e2e4\"");
		return;
	}
	if (json_get_i64(frame, "ply", 0, MATCH_PLY_MAX, &ply) == HEARTH_EINVAL) {
		send_error(g, from, "bad-frame",
			"move: expected ply, the half-moves made before this one");
		return;
	}
	/* What is too long to be a move is cut, and no rules take it. */
	snprintf(
		in.move, sizeof(in.move), "%.*s", SLICE_ARG(slice_head(move, sizeof(in.move) - 1)));
	in.ply = (int)ply;
	post_intent(g, from, frame, &in);
}

static void on_resign(struct game *g, const struct client *from, const struct json *frame)
{
	struct game_intent in = { .kind = GAME_RESIGN, .ply = -1 };

	post_intent(g, from, frame, &in);
}

static void on_draw(struct game *g, const struct client *from, const struct json *frame)
{
	struct game_intent in = { .kind = GAME_DRAW, .ply = -1 };

	post_intent(g, from, frame, &in);
}

static void on_resume(struct game *g, const struct client *from, const struct json *frame)
{
	struct game_intent in = { .kind = GAME_RESUME, .ply = -1 };

	post_intent(g, from, frame, &in);
}

/* ---- current: the matches of an account that are going on ---- */

struct current {
	struct game *g;
	uint64_t client;
	int64_t account;
	bool legal;
	int64_t live[8];
	int n;
};

static int collect_live(void *arg, int64_t id)
{
	struct current *c = arg;

	c->live[c->n++] = id;
	return c->n == (int)(sizeof(c->live) / sizeof(c->live[0]));
}

static int find_current(struct db_tx *tx, void *arg)
{
	struct current *c = arg;
	int rc;

	c->n = 0;
	rc = game_store_live_of_account(tx, c->account, collect_live, c);
	return rc < 0 ? rc : 0;
}

static void on_current_found(void *arg, int status)
{
	struct current *c = arg;

	if (status < 0)
		game_send(c->g, c->client,
			game_frame_error("try-again", "your matches could not be looked up"));
	for (int i = 0; status == 0 && i < c->n; i++) {
		struct game_intent in = { .kind = GAME_RESUME,
			.match = c->live[i],
			.client = c->client,
			.account = c->account,
			.ply = -1,
			.legal = c->legal };

		if (game_shard_post(game_shard_of(c->g, in.match), &in) < 0)
			game_send(c->g, c->client,
				game_frame_rejected(in.match, -1, slice_str(""), "busy",
					"the server has too much to do"));
	}
	hearth_release(c->g->h);
	free(c);
}

static void on_current(struct game *g, const struct client *from, const struct json *frame)
{
	struct current *c = mem_zalloc(sizeof(*c));

	c->g = g;
	c->client = from->id;
	c->account = from->account;
	json_get_bool(frame, "legal", &c->legal);
	hearth_hold(g->h);
	if (db_read(g->db, find_current, on_current_found, c) < 0)
		on_current_found(c, HEARTH_EBUSY);
}

/* ---- the table of frames ---- */

static const struct {
	const char *type;
	void (*handle)(struct game *g, const struct client *from, const struct json *frame);
} frames[] = {
	{ "seek", on_seek },
	{ "cancel", on_cancel },
	{ "move", on_move },
	{ "resign", on_resign },
	{ "draw", on_draw },
	{ "resume", on_resume },
	{ "current", on_current },
};

static void on_frame(
	void *self, const struct client *from, const struct json *frame, struct slice raw)
{
	struct slice type = { 0 };

	(void)raw;
	json_get_text(frame, "type", &type);
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		if (slice_eq(type, slice_str(frames[i].type))) {
			frames[i].handle(self, from, frame);
			return;
		}
	send_error(self, from, "bad-frame",
		"expected type: seek, cancel, move, resign, draw, resume or current");
}

static void on_closed(void *self, const struct client *client)
{
	struct game *g = self;

	forget_clockless(g, client->id);
	game_lobby_cancel(g->lobby, client->id);
	for (int i = 0; i < g->shard_count; i++)
		game_shard_forget(g->shards[i], client->id);
}

void game_service_init(struct game *g)
{
	g->service = (struct frame_service){ .self = g, .frame = on_frame, .closed = on_closed };
}
