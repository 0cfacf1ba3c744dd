/*
 * seek_frames.c: the frames by which clients seek a match, call that back and ask for what they seek: each is
 * read, checked for form, and handed to the lobby, where that is this node's. On the loop.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "lobby/seek.h"
#include "wire/frames.h"
#include "wire/service_private.h"

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
		game_send_error(g, from, "bad-frame", text);
		return false;
	}
	if (json_get_i64(clock, "limit", GAME_LIMIT_MIN_S, GAME_LIMIT_MAX_S, &limit) < 0) {
		game_send_error(
			g, from, "bad-frame", "seek: expected clock.limit in seconds, 1 to 10800");
		return false;
	}
	if (json_get_i64(clock, "increment", 0, GAME_INCREMENT_MAX_S, &increment) ==
		HEARTH_EINVAL) {
		game_send_error(g, from, "bad-frame",
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
		game_send_error(g, from, "bad-setup", why);
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
		game_send_error(g, from, "no-rules", "seek: no such game is played here");
		return false;
	}
	seats = out->rules->seats_min;
	if (json_get_i64(frame, "seats", seats, out->rules->seats_max, &seats) == HEARTH_EINVAL) {
		game_send_error(
			g, from, "bad-frame", "seek: expected seats, as many as the game has");
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
		game_send_error(g, from, "bad-frame", "seek: expected color, the name of a seat");
		return false;
	}
	if (json_get_i64(frame, "ttl", 1, ttl_s, &ttl_s) == HEARTH_EINVAL) {
		game_send_error(g, from, "bad-frame",
			"seek: expected ttl in seconds, no more than this server lets a seek wait");
		return false;
	}
	out->ttl_ms = ttl_s * 1000;
	return game_read_flag(g, from, frame, "legal", &out->legal) &&
	       game_read_flag(g, from, frame, "beside", &out->beside);
}

/* Whether it is to count, and whom the person wants to play: nobody beyond that is ever paired. */
static bool read_rating(struct game *g, const struct frame_message *from, const struct json *frame,
	struct game_seek *out)
{
	const struct json *range = json_get(frame, "range");
	int64_t min = 0, max = INT32_MAX;

	if (!game_read_flag(g, from, frame, "rated", &out->rated))
		return false;
	if (range && (range->type != JSON_OBJECT ||
			     json_get_i64(range, "min", 0, INT32_MAX, &min) == HEARTH_EINVAL ||
			     json_get_i64(range, "max", min, INT32_MAX, &max) == HEARTH_EINVAL)) {
		game_send_error(g, from, "bad-frame",
			"seek: expected range with min and max, the ratings to play against");
		return false;
	}
	out->rating_min = (int)min;
	out->rating_max = (int)max;
	if (out->rated && (out->seats != 2 || out->seat >= 0 ||
				  !game_rules_rating(out->rules, slice_str(out->setup)) ||
				  (!out->own_clock && out->control.kind == GAME_UNLIMITED))) {
		game_send_error(g, from, "bad-frame",
			"seek: a rated game is of two, with a clock, by lot, from a start that is "
			"fair to both");
		return false;
	}
	return true;
}

void game_on_seek(struct game *g, const struct frame_message *from, const struct json *frame)
{
	struct game_seek wanted = { .client = from->client, .account = from->account };
	const struct json *clock = json_get(frame, "clock");

	if (game_hand_on(g, from, GAME_LOBBY))
		return;
	if (clock && !read_clock(g, from, clock, &wanted))
		return;
	wanted.own_clock = !clock;
	if (read_game(g, from, frame, &wanted) && read_wishes(g, from, frame, &wanted) &&
		read_rating(g, from, frame, &wanted))
		game_seek_begin(g, &wanted);
}

/* A seek, or all of the account; what was cancelled is never paired afterwards. */
void game_on_cancel(struct game *g, const struct frame_message *from, const struct json *frame)
{
	int64_t id = 0;

	if (game_hand_on(g, from, GAME_LOBBY))
		return;
	if (json_get_i64(frame, "seek", 1, INT64_MAX, &id) == HEARTH_EINVAL) {
		game_send_error(g, from, "bad-frame", "cancel: expected seek, the number of one");
		return;
	}
	if (!id)
		game_seek_drop(g, from->account);
	if (game_lobby_cancel(g->lobby, from->account, id, from->client) < 0 &&
		!game_lobby_is_pairing(g->lobby, from->account))
		game_send_error(g, from, "no-seek", "you have no such seek");
	else if (game_lobby_is_pairing(g->lobby, from->account))
		game_send_error(
			g, from, "paired", "an opponent was found already: your match begins");
	else
		game_send(g, from->client, game_frame_cancelled(id));
}

void game_on_seeks(struct game *g, const struct frame_message *from, const struct json *frame)
{
	bool legal = false;

	if (!game_hand_on(g, from, GAME_LOBBY) && game_read_flag(g, from, frame, "legal", &legal))
		game_lobby_list(g->lobby, from->account, from->client, legal);
}
