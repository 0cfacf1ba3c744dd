/*
 * members.c: the members that describe a match, in frames and in answers of HTTP alike: players, clocks, position,
 * result, moves, events; each as its viewer may see it. On the executor of the match; as long as that has
 * moves.
 */
#include "engine/speed.h"
#include "wire/frames_private.h"

/* Milliseconds left; null where there is no end to them. */
static void put_left(struct json_writer *w, const struct match *m, int seat, int64_t left_us)
{
	json_name(w, m->rules->seat_names[seat]);
	if (m->clock.control.kind == GAME_UNLIMITED)
		json_null(w);
	else
		json_i64(w, left_us / 1000);
}

void game_write_clock(struct json_writer *w, const struct match *m, int64_t now_us)
{
	json_name(w, "clock");
	json_open_object(w);
	for (int seat = 0; seat < (int)m->seats; seat++)
		put_left(w, m, seat, game_clock_left_us(&m->clock, seat, now_us));
	json_close_object(w);
	if (m->clock.control.kind != GAME_BYOYOMI)
		return;
	json_name(w, "periods");
	json_open_object(w);
	for (int seat = 0; seat < (int)m->seats; seat++)
		json_put_i64(
			w, m->rules->seat_names[seat], game_clock_periods(&m->clock, seat, now_us));
	json_close_object(w);
}

/* An array of the words of `text`. */
static void write_words(struct json_writer *w, const char *name, struct slice text)
{
	json_name(w, name);
	json_open_array(w);
	while (text.n > 0)
		json_text(w, slice_split(&text, ' '));
	json_close_array(w);
}

void game_write_legal(struct json_writer *w, const struct match *m, int viewer)
{
	struct strbuf moves = { 0 };

	if (match_is_turn(m, viewer))
		m->rules->legal(m->state, (unsigned)viewer, &moves);
	write_words(w, "legal", strbuf_slice(&moves));
	strbuf_free(&moves);
}

void game_write_result(struct json_writer *w, const struct match *m)
{
	int winner = match_winner(m);

	json_put_str(w, "status", m->status);
	if (!m->over)
		return;
	json_put_str(w, "winner", winner == GAME_NOBODY ? NULL : m->rules->seat_names[winner]);
	json_put_str(w, "reason", m->reason);
	json_name(w, "scores");
	json_open_object(w);
	for (int seat = 0; seat < (int)m->seats; seat++) {
		json_name(w, m->rules->seat_names[seat]);
		json_double(w, m->scores[seat] / 2.0);
	}
	json_close_object(w);
}

void game_write_position(struct json_writer *w, const struct match *m, int viewer)
{
	struct strbuf view = { 0 };

	json_name(w, "position");
	if (m->rules->has_secrets && m->state)
		m->rules->view(m->state, m->over ? GAME_VIEWER_ALL : viewer, &view);
	if (view.n || m->position.n)
		json_ready(w, strbuf_slice(view.n ? &view : &m->position));
	else
		json_null(w);
	strbuf_free(&view);
}

/* What is told of a seat, or null for none. */
void game_put_seat(struct json_writer *w, const struct match *m, const char *name, int seat)
{
	json_put_str(w, name, seat >= 0 ? m->rules->seat_names[seat] : NULL);
}

/* What a player was rated when it began, and by how much that has changed since it is over. */
static void write_rating(struct json_writer *w, const struct match_rating *r)
{
	if (r->rating) {
		json_put_i64(w, "rating", r->rating);
		json_put_bool(w, "provisional", r->provisional);
	}
	if (r->changed)
		json_put_i64(w, "rating_change", r->change);
}

/* The name alone, as it always was; and with the number that no two people share. */
void game_write_players(struct json_writer *w, const struct match *m)
{
	char room[ACCOUNTS_NAME_ROOM];

	for (int seat = 0; seat < (int)m->seats; seat++)
		json_put_str(w, m->rules->seat_names[seat], match_name(m, seat, room));
	json_name(w, "players");
	json_open_object(w);
	for (int seat = 0; seat < (int)m->seats; seat++) {
		json_name(w, m->rules->seat_names[seat]);
		json_open_object(w);
		json_name(w, "id");
		if (m->accounts[seat])
			json_i64(w, m->accounts[seat]);
		else
			json_null(w);
		json_put_str(w, "name", match_name(m, seat, room));
		if (m->rated)
			write_rating(w, &m->ratings[seat]);
		json_close_object(w);
	}
	json_close_object(w);
}

void game_write_time_control(struct json_writer *w, const struct match *m)
{
	json_name(w, "time_control");
	game_control_write(w, &m->clock.control);
}

/* Whose clock runs and what stands between the players: with each frame that changes it. */
void game_write_turn(struct json_writer *w, const struct match *m, int64_t now_us)
{
	game_write_clock(w, m, now_us);
	game_put_seat(w, m, "running", m->over ? -1 : m->clock.side);
	game_put_seat(w, m, "draw_offer", m->offers[MATCH_DRAW].by);
	game_put_seat(w, m, "takeback_offer", m->offers[MATCH_TAKEBACK].by);
}

/* A move's text, or null where it is not told. */
static void write_told(struct json_writer *w, struct slice text)
{
	if (text.n)
		json_text(w, text);
	else
		json_null(w);
}

void game_put_told(struct json_writer *w, const char *name, struct slice text)
{
	json_name(w, name);
	write_told(w, text);
}

/* All moves on the board, null where one is not told. */
static void write_line(
	struct json_writer *w, const struct match *m, const char *name, int viewer, bool notation)
{
	struct match_event e;

	json_name(w, name);
	json_open_array(w);
	for (int i = 0; i < m->ply; i++) {
		match_log_get(&m->log, m->line[i], viewer, &e);
		write_told(w, notation ? e.notation : e.text);
	}
	json_close_array(w);
}

/* Chance, which was secret until then: who has it can play the match again from its setup. */
static void write_seed(struct json_writer *w, const struct match *m)
{
	char hex[2 * GAME_SEED_SIZE + 1];

	hex_encode(m->seed, sizeof(m->seed), hex);
	json_put_str(w, "seed", hex);
}

void game_write_match(
	struct json_writer *w, const struct match *m, int viewer, bool moves, int64_t now_us)
{
	json_put_i64(w, "match", m->id);
	json_put_i64(w, "seq", m->seq);
	json_put_str(w, "rules", m->rules->id);
	json_put_bool(w, "rated", m->rated);
	json_put_str(w, "speed", game_speed_name(game_speed_of(&m->clock.control)));
	game_write_players(w, m);
	if (m->setup && m->setup[0])
		json_put_str(w, "setup", m->setup);
	game_write_time_control(w, m);
	json_put_i64(w, "started_at", m->started_at);
	if (m->ended_at)
		json_put_i64(w, "ended_at", m->ended_at);
	json_put_i64(w, "ply", m->ply);
	game_put_told(w, "last", match_last(m, viewer));
	if (moves) {
		write_line(w, m, "moves", viewer, true);
		write_line(w, m, "uci", viewer, false);
	}
	game_write_turn(w, m, now_us);
	game_write_result(w, m);
	if (moves && m->over)
		write_seed(w, m);
}

/* What a move took, and what was done about its lag: so that everybody can see it. */
void game_write_spent(struct json_writer *w, const struct game_turn *turn)
{
	json_put_i64(w, "used_us", turn->used_us);
	json_put_i64(w, "ping_us", turn->lag_us);
	json_put_i64(w, "forgiven_us", turn->forgiven_us);
	json_put_i64(w, "quota_us", turn->quota_us);
}

static void write_event(struct json_writer *w, const struct match *m, int seq, int viewer)
{
	struct match_event e;

	match_log_get(&m->log, seq, viewer, &e);
	json_open_object(w);
	json_put_i64(w, "seq", seq);
	json_put_str(w, "kind", match_event_name(e.kind));
	game_put_seat(w, m, "seat", e.seat);
	json_put_i64(w, "ply", e.ply);
	if (e.kind == MATCH_MOVED) {
		game_put_told(w, "move", e.text);
		game_put_told(w, "san", e.notation);
		game_write_spent(w, &e.turn);
	} else if (e.kind == MATCH_ENDED) {
		json_put_text(w, "status", e.text);
		json_put_text(w, "reason", e.notation);
	} else if (e.text.n && !m->rules->has_secrets) {
		json_put_text(w, "text", e.text);
	}
	json_name(w, "clock");
	json_open_object(w);
	for (int seat = 0; seat < (int)m->seats; seat++)
		put_left(w, m, seat, e.left_us[seat]);
	json_close_object(w);
	json_put_i64(w, "at", e.at_ms);
	json_close_object(w);
}

void game_write_events(struct json_writer *w, const struct match *m, int since, int max, int viewer)
{
	int last = since < m->log.n - max ? since + max : m->log.n;

	json_name(w, "events");
	json_open_array(w);
	for (int seq = since + 1; seq <= last; seq++)
		write_event(w, m, seq, viewer);
	json_close_array(w);
}
