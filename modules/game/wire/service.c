/*
 * service.c: the frames that clients send: each is read, checked for form, and handed to the lobby
 * or to the shard of the match; where that is another node's, to it. On the loop; a frame is as long
 * as the gateway lets it be.
 */
#include <stdio.h>

#include "engine/shard.h"
#include "engine/tenure.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/text.h"
#include "lobby/seek.h"
#include "wire/frames.h"
#include "wire/relay.h"
#include "wire/service_private.h"

void game_send_error(
	struct game *g, const struct frame_message *from, const char *code, const char *text)
{
	game_send(g, from->client, game_frame_error(code, text));
}

bool game_hand_on(struct game *g, const struct frame_message *from, int what)
{
	if (game_owns(g, what))
		return false;
	if (g->relay)
		game_relay_ask(g->relay, what, from);
	else
		game_send(g, from->client, game_frame_elsewhere());
	return true;
}

bool game_read_flag(struct game *g, const struct frame_message *from, const struct json *frame,
	const char *name, bool *out)
{
	char text[64];

	if (json_get_bool(frame, name, out) != HEARTH_EINVAL)
		return true;
	snprintf(text, sizeof(text), "%s: expected true or false", name);
	game_send_error(g, from, "bad-frame", text);
	return false;
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
		game_send_error(g, from, "bad-frame", text);
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
		game_send_error(g, from, "bad-frame", "expected match, the number of a match");
		return;
	}
	shard = game_shard_number(in->match);
	if (game_hand_on(g, from, shard) || !game_read_flag(g, from, frame, "legal", &in->legal) ||
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
		game_send_error(
			g, from, "bad-frame", "move: expected move as text, such as \"e2e4\"");
		return;
	}
	if (json_get_i64(frame, "ply", 0, MATCH_PLY_MAX, &ply) == HEARTH_EINVAL) {
		game_send_error(
			g, from, "bad-frame", "move: expected ply, the moves made before this one");
		return;
	}
	/* Sent again over another connection it must not be made again, where it is as good then. */
	if (ply < 0 && !json_get(frame, "seq")) {
		game_send_error(
			g, from, "bad-frame", "move: expected ply or seq, what was seen before it");
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

	if (game_read_flag(g, from, frame, "draw", &draw))
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

	if (game_read_flag(g, from, frame, "legal", &legal))
		game_current(g, from->client, from->account, legal);
}

/* ---- the table of frames ---- */

static const struct {
	const char *type;
	void (*handle)(struct game *g, const struct frame_message *from, const struct json *frame);
	enum game_intent_kind kind; /* without a function of its own: of a match, with no more */
} frames[] = {
	{ "seek", game_on_seek, 0 },
	{ "cancel", game_on_cancel, 0 },
	{ "seeks", game_on_seeks, 0 },
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
	game_send_error(g, from, "bad-frame",
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
