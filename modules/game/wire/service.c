/*
 * service.c: the frames that clients send: each is read, checked for form, and handed to the lobby
 * or to the shard of the match; where that is another node's, to it. On the loop; a frame is as long
 * as the gateway lets it be.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/shard.h"
#include "engine/tenure.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/text.h"
#include "lobby/seek.h"
#include "wire/frames.h"
#include "wire/relay.h"

static void send_error(
	struct game *g, const struct frame_message *from, const char *code, const char *text)
{
	game_send(g, from->client, game_frame_error(code, text));
}

/* True where a frame is for what another node owns: it goes there, if it can. */
static bool hand_on(struct game *g, const struct frame_message *from, int what)
{
	if (game_owns(g, what))
		return false;
	if (g->relay)
		game_relay_ask(g->relay, what, from);
	else
		game_send(g, from->client, game_frame_elsewhere());
	return true;
}

/* False, and an error to the client, when a member that is true or false is something else. */
static bool read_flag(struct game *g, const struct frame_message *from, const struct json *frame,
	const char *name, bool *out)
{
	char text[64];

	if (json_get_bool(frame, name, out) != HEARTH_EINVAL)
		return true;
	snprintf(text, sizeof(text), "%s: expected true or false", name);
	send_error(g, from, "bad-frame", text);
	return false;
}

/* ---- seek ---- */

/* False, and an error to the client, when the clock of a frame is none. */
static bool read_clock(struct game *g, const struct frame_message *from, const struct json *clock,
	struct game_seek *out)
{
	int64_t limit = 0, increment = 0;
	char text[160];
	const char *why;

	/* With a kind, or as text, it is any that there is. */
	if (clock->type == JSON_STRING || json_get(clock, "kind") || json_get(clock, "stages")) {
		if (game_control_read(clock, &out->control, &why) == 0)
			return true;
		snprintf(text, sizeof(text), "seek: clock: %s", why);
		send_error(g, from, "bad-frame", text);
		return false;
	}
	if (json_get_i64(clock, "limit", GAME_LIMIT_MIN_S, GAME_LIMIT_MAX_S, &limit) < 0) {
		send_error(
			g, from, "bad-frame", "seek: expected clock.limit in seconds, 1 to 10800");
		return false;
	}
	if (json_get_i64(clock, "increment", 0, GAME_INCREMENT_MAX_S, &increment) ==
		HEARTH_EINVAL) {
		send_error(g, from, "bad-frame",
			"seek: expected clock.increment in seconds, 0 to 180");
		return false;
	}
	out->control = game_control_fischer(limit * 1000, increment * 1000);
	return true;
}

/* Whether a match of so many can begin so; else *why. */
static bool can_begin(const struct game_seek *seek, struct slice setup, const char **why)
{
	static const uint8_t seed[GAME_SEED_SIZE];
	void *state = mem_zalloc(seek->rules->state_size);
	int rc = seek->rules->init(state, seek->seats, setup, seed, why);

	free(state);
	return rc == 0;
}

/* False, and an error to the client, when the rules cannot begin from what it says. */
static bool read_setup(struct game *g, const struct frame_message *from, const struct json *frame,
	struct game_seek *out)
{
	const char *why = "setup: expected the text of a position, such as a FEN";
	struct slice setup = SLICE("");

	if (json_get_text(frame, "setup", &setup) == HEARTH_EINVAL || setup.n >= GAME_SETUP_MAX ||
		setup.n > out->rules->setup_size_max ||
		(setup.n && (memchr(setup.p, 0, setup.n) || !can_begin(out, setup, &why)))) {
		send_error(g, from, "bad-setup", why);
		return false;
	}
	snprintf(out->setup, sizeof(out->setup), "%.*s", SLICE_ARG(setup));
	return true;
}

/* Likewise, when the game is none, or not for so many. */
static bool read_game(struct game *g, const struct frame_message *from, const struct json *frame,
	struct game_seek *out)
{
	struct slice rules = SLICE("chess");
	int64_t seats;

	if (json_get_text(frame, "rules", &rules) != HEARTH_EINVAL)
		out->rules = game_rules_find(rules);
	if (!out->rules) {
		send_error(g, from, "no-rules", "seek: no such game is played here");
		return false;
	}
	seats = out->rules->seats_min;
	if (json_get_i64(frame, "seats", seats, out->rules->seats_max, &seats) == HEARTH_EINVAL) {
		send_error(g, from, "bad-frame", "seek: expected seats, as many as the game has");
		return false;
	}
	out->seats = (unsigned)seats;
	return read_setup(g, from, frame, out);
}

/* The seat that is wished, and for how long the seek is to wait. */
static bool read_wishes(struct game *g, const struct frame_message *from, const struct json *frame,
	struct game_seek *out)
{
	struct slice color = { 0 };
	int64_t ttl_s = g->seek_ttl_ms / 1000;

	out->seat = -1;
	if (json_get_text(frame, "color", &color) != HEARTH_EINVAL)
		for (unsigned seat = 0; seat < out->seats; seat++)
			if (slice_eq(color, slice_str(out->rules->seat_names[seat])))
				out->seat = (int)seat;
	if (json_get(frame, "color") && out->seat < 0) {
		send_error(g, from, "bad-frame", "seek: expected color, the name of a seat");
		return false;
	}
	if (json_get_i64(frame, "ttl", 1, ttl_s, &ttl_s) == HEARTH_EINVAL) {
		send_error(g, from, "bad-frame",
			"seek: expected ttl in seconds, no more than this server lets a seek wait");
		return false;
	}
	out->ttl_ms = ttl_s * 1000;
	return read_flag(g, from, frame, "legal", &out->legal) &&
	       read_flag(g, from, frame, "beside", &out->beside);
}

/* Whether it is to count, and whom the person wants to play: nobody beyond that is ever paired. */
static bool read_rating(struct game *g, const struct frame_message *from, const struct json *frame,
	struct game_seek *out)
{
	const struct json *range = json_get(frame, "range");
	int64_t min = 0, max = INT32_MAX;

	if (!read_flag(g, from, frame, "rated", &out->rated))
		return false;
	if (range && (range->type != JSON_OBJECT ||
			     json_get_i64(range, "min", 0, INT32_MAX, &min) == HEARTH_EINVAL ||
			     json_get_i64(range, "max", min, INT32_MAX, &max) == HEARTH_EINVAL)) {
		send_error(g, from, "bad-frame",
			"seek: expected range with min and max, the ratings to play against");
		return false;
	}
	out->rating_min = (int)min;
	out->rating_max = (int)max;
	if (out->rated && (out->seats != 2 || out->setup[0] || out->seat >= 0 ||
				  (!out->own_clock && out->control.kind == GAME_UNLIMITED))) {
		send_error(g, from, "bad-frame",
			"seek: a rated game is of two, with a clock, from the usual start, by lot");
		return false;
	}
	return true;
}

static void on_seek(struct game *g, const struct frame_message *from, const struct json *frame)
{
	struct game_seek wanted = { .client = from->client, .account = from->account };
	const struct json *clock = json_get(frame, "clock");

	if (hand_on(g, from, GAME_LOBBY))
		return;
	if (clock && !read_clock(g, from, clock, &wanted))
		return;
	wanted.own_clock = !clock;
	if (read_game(g, from, frame, &wanted) && read_wishes(g, from, frame, &wanted) &&
		read_rating(g, from, frame, &wanted))
		game_seek_begin(g, &wanted);
}

/* A seek, or all of the account; what was cancelled is never paired afterwards. */
static void on_cancel(struct game *g, const struct frame_message *from, const struct json *frame)
{
	int64_t id = 0;

	if (hand_on(g, from, GAME_LOBBY))
		return;
	if (json_get_i64(frame, "seek", 1, INT64_MAX, &id) == HEARTH_EINVAL) {
		send_error(g, from, "bad-frame", "cancel: expected seek, the number of one");
		return;
	}
	if (!id)
		game_seek_drop(g, from->account);
	if (game_lobby_cancel(g->lobby, from->account, id, from->client) < 0 &&
		!game_lobby_is_pairing(g->lobby, from->account))
		send_error(g, from, "no-seek", "you have no such seek");
	else if (game_lobby_is_pairing(g->lobby, from->account))
		send_error(g, from, "paired", "an opponent was found already: your match begins");
	else
		game_send(g, from->client, game_frame_cancelled(id));
}

static void on_seeks(struct game *g, const struct frame_message *from, const struct json *frame)
{
	bool legal = false;

	if (!hand_on(g, from, GAME_LOBBY) && read_flag(g, from, frame, "legal", &legal))
		game_lobby_list(g->lobby, from->account, from->client, legal);
}

/* The event that the client has seen last: of whoever follows, and of who moves. */
static bool read_seq(struct game *g, const struct frame_message *from, const struct json *frame,
	struct game_intent *in)
{
	const char *name = in->kind == GAME_RESUME ? "since" : "seq";
	int64_t seq = -1;
	char text[64];

	if (json_get_i64(frame, name, 0, INT32_MAX, &seq) == HEARTH_EINVAL) {
		snprintf(text, sizeof(text), "%s: expected the number of an event", name);
		send_error(g, from, "bad-frame", text);
		return false;
	}
	in->seq = (int)seq;
	return true;
}

/* Hands an intent to the shard of its match. */
static void post_intent(struct game *g, const struct frame_message *from, const struct json *frame,
	struct game_intent *in)
{
	int shard;

	in->client = from->client;
	in->account = from->account;
	if (json_get_i64(frame, "match", 1, INT64_MAX, &in->match) < 0) {
		send_error(g, from, "bad-frame", "expected match, the number of a match");
		return;
	}
	shard = game_shard_number(in->match);
	if (hand_on(g, from, shard) || !read_flag(g, from, frame, "legal", &in->legal) ||
		!read_seq(g, from, frame, in))
		return;
	in->ping_us = from->ping_us;
	in->received_us = game_now_us(game_owned(g, shard)) - from->age_us;
	INVARIANT(game_tenure_lasts(game_owned(g, shard))); /* this node's, so it goes on */
	if (game_shard_post(game_shard_of(g, in->match), in) < 0)
		game_send(g, from->client,
			game_frame_rejected(in->match, NULL, slice_str(in->move), "busy",
				"the server has too much to do"));
}

/* A move, or a draw by the move that is about to be made. */
static void post_move(
	struct game *g, const struct frame_message *from, const struct json *frame, bool draw)
{
	struct game_intent in = { .kind = GAME_MOVE, .ply = -1, .draw = draw };
	struct slice move = { 0 };
	int64_t ply = -1;

	if (json_get_text(frame, "move", &move) < 0) {
		send_error(g, from, "bad-frame", "move: expected move as text, such as \"e2e4\"");
		return;
	}
	if (json_get_i64(frame, "ply", 0, MATCH_PLY_MAX, &ply) == HEARTH_EINVAL) {
		send_error(
			g, from, "bad-frame", "move: expected ply, the moves made before this one");
		return;
	}
	/* What is too long to be a move, or no text, is told back cut, and no rules take it. */
	if (memchr(move.p, 0, move.n))
		move = SLICE("?");
	if (move.n >= sizeof(in.move))
		move.n = sizeof(in.move) - 1;
	while (move.n > 0 && !utf8_valid(move))
		move.n--;
	snprintf(in.move, sizeof(in.move), "%.*s", SLICE_ARG(move));
	in.ply = (int)ply;
	post_intent(g, from, frame, &in);
}

static void on_move(struct game *g, const struct frame_message *from, const struct json *frame)
{
	bool draw = false;

	if (read_flag(g, from, frame, "draw", &draw))
		post_move(g, from, frame, draw);
}

static void on_draw(struct game *g, const struct frame_message *from, const struct json *frame)
{
	struct game_intent in = { .kind = GAME_DRAW, .ply = -1 };

	if (json_get(frame, "move"))
		post_move(g, from, frame, true);
	else
		post_intent(g, from, frame, &in);
}

static void on_current(struct game *g, const struct frame_message *from, const struct json *frame)
{
	bool legal = false;

	if (read_flag(g, from, frame, "legal", &legal))
		game_current(g, from->client, from->account, legal);
}

/* ---- the table of frames ---- */

static const struct {
	const char *type;
	void (*handle)(struct game *g, const struct frame_message *from, const struct json *frame);
	enum game_intent_kind kind; /* without a function of its own: of a match, with no more */
} frames[] = {
	{ "seek", on_seek, 0 },
	{ "cancel", on_cancel, 0 },
	{ "seeks", on_seeks, 0 },
	{ "move", on_move, 0 },
	{ "draw", on_draw, 0 },
	{ "current", on_current, 0 },
	{ "takeback", NULL, GAME_TAKEBACK },
	{ "decline", NULL, GAME_DECLINE },
	{ "resign", NULL, GAME_RESIGN },
	{ "abort", NULL, GAME_ABORT },
	{ "claim-victory", NULL, GAME_CLAIM_VICTORY },
	{ "claim-draw", NULL, GAME_CLAIM_DRAW },
	{ "resume", NULL, GAME_RESUME },
	{ "watch", NULL, GAME_RESUME },
};

/* Finds the function of the frame's type and calls it. */
static void handle(struct game *g, const struct frame_message *from, const struct json *frame)
{
	struct slice type = { 0 };

	json_get_text(frame, "type", &type);
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		if (slice_eq(type, slice_str(frames[i].type))) {
			struct game_intent in = { .kind = frames[i].kind, .ply = -1 };

			if (frames[i].handle)
				frames[i].handle(g, from, frame);
			else
				post_intent(g, from, frame, &in);
			return;
		}
	send_error(g, from, "bad-frame",
		"expected type: seek, seeks, cancel, move, draw, takeback, decline, resign, abort, "
		"claim-victory, claim-draw, watch, resume or current");
}

void game_take_frame(struct game *g, const struct frame_message *from)
{
	struct json *frame;

	if (from->json) {
		handle(g, from, from->json);
		return;
	}
	/* By way of another node, whose gateway has looked whether it is JSON. */
	if (json_read(g->arena, from->bytes, &frame, NULL) == 0)
		handle(g, from, frame);
	arena_reset(g->arena);
}

void game_client_gone(struct game *g, uint64_t client)
{
	game_seek_close(g, client);
	game_lobby_close(g->lobby, client);
	for (int i = 0; i < g->shard_count; i++)
		game_shard_forget(g->shards[i], client);
}

static void on_frame(void *self, const struct frame_message *from)
{
	game_take_frame(self, from);
}

static void on_gone(void *self, uint64_t client)
{
	struct game *g = self;

	if (g->relay)
		game_relay_gone(g->relay, client);
	game_client_gone(g, client);
}

void game_send(const struct game *g, uint64_t client, struct buf *frame)
{
	if (!game_relay_tell(g->relay, client, frame))
		g->connections->send(g->connections->self, "game", client, frame);
	buf_unref(&frame);
}

void game_send_account(const struct game *g, int64_t account, struct buf *frame)
{
	game_relay_tell_account(g->relay, account, frame);
	g->connections->send_account(g->connections->self, account, frame);
	buf_unref(&frame);
}

void game_service_init(struct game *g)
{
	g->service = (struct frame_service){ .self = g, .frame = on_frame, .gone = on_gone };
}
