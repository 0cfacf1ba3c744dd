/*
 * store.c: writing: a match begun, a step with all that its row shows, an end, an account forgotten.
 * Reading is store_read.c. Inside a db_fn.
 */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/bus.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/log.h"
#include "personal/preferences.h"
#include "store/store_rating.h"

/* ---- events for other modules ---- */

/* Publishes under the match's own key, so that its events come in order. */
static int publish(struct db_tx *tx, const char *topic, int64_t match, struct strbuf *payload)
{
	char key[24];
	int rc;

	snprintf(key, sizeof(key), "%lld", (long long)match);
	rc = bus_publish(tx, topic, slice_str(key), strbuf_slice(payload));
	strbuf_free(payload);
	return rc;
}

static int publish_started(struct db_tx *tx, const struct game_match_row *row)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_i64(&w, "match", row->id);
	json_put_str(&w, "rules", row->rules->id);
	for (unsigned seat = 0; seat < row->seats; seat++)
		json_put_i64(&w, row->rules->seat_names[seat], row->accounts[seat]);
	json_close_object(&w);
	return publish(tx, "game.started", row->id, &out);
}

static int publish_ended(struct db_tx *tx, const struct match *m, const struct match_step *step)
{
	int winner = game_winner(step->scores, m->seats);
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_i64(&w, "match", m->id);
	json_put_str(&w, "status", step->status);
	json_put_str(&w, "winner", winner == GAME_NOBODY ? NULL : m->rules->seat_names[winner]);
	json_name(&w, "scores");
	json_open_array(&w);
	for (unsigned seat = 0; seat < m->seats; seat++)
		json_double(&w, step->scores[seat] / 2.0);
	json_close_array(&w);
	json_put_i64(&w, "ply", step->ply);
	json_close_object(&w);
	return publish(tx, "game.ended", m->id, &out);
}

/* ---- accounts ---- */

static int is_gone(struct db_tx *tx, int64_t account)
{
	int64_t gone = 0;
	int rc = db_get_int(
		tx, &gone, "SELECT count(*) FROM forgotten WHERE account = $1", db_int(account));

	return rc == 0 && gone ? HEARTH_EDENIED : rc;
}

/* In matches of the version before that wait to be taken over (adopt.c); of others they are empty. */
static int forget_unadopted(struct db_tx *tx, int64_t account)
{
	static const char *const sides[] = {
		"UPDATE match SET white = 0, white_name = '', due_us = CASE status WHEN 'started'"
		" THEN $2 ELSE due_us END WHERE white = $1",
		"UPDATE match SET black = 0, black_name = '', due_us = CASE status WHEN 'started'"
		" THEN $2 ELSE due_us END WHERE black = $1",
	};
	int rc = 0;

	for (int i = 0; i < 2 && rc >= 0; i++)
		rc = db_run(tx, sides[i], db_int(account), db_int(INT64_MIN));
	return rc;
}

int game_store_forget(struct db_tx *tx, int64_t account)
{
	int rc;

	INVARIANT(account > 0); /* 0 is who is gone already */
	rc = db_run(tx, "INSERT INTO forgotten (account) VALUES ($1) ON CONFLICT DO NOTHING",
		db_int(account));
	/* Those that go on are due at once: the shards end them. */
	if (rc >= 0)
		rc = db_run(tx,
			"UPDATE match SET due_us = $2 WHERE id IN"
			" (SELECT match FROM seat WHERE account = $1 AND live = 1)",
			db_int(account), db_int(INT64_MIN));
	if (rc >= 0)
		rc = db_run(tx, "UPDATE seat SET account = 0, name = '' WHERE account = $1",
			db_int(account));
	if (rc >= 0)
		rc = forget_unadopted(tx, account);
	if (rc >= 0)
		rc = game_store_ratings_forget(tx, account);
	return rc < 0 ? rc : 0;
}

static int count_one(void *arg, int64_t id)
{
	(void)id;
	++*(int64_t *)arg;
	return 0;
}

/* 0 where an account may have one more match. */
static int has_room(struct db_tx *tx, int64_t account, int64_t now_ms, int64_t live_max)
{
	int64_t live = 0, began_ms = 0;
	int rc = game_store_live_of_account(tx, account, live_max, count_one, &live);

	if (rc == 0)
		rc = db_get_int(tx, &began_ms,
			"SELECT started_at FROM match WHERE id = (SELECT match FROM seat WHERE"
			" account = $1 ORDER BY match DESC LIMIT 1 OFFSET $2)",
			db_int(account), db_int(GAME_STORE_BEGUN_MAX - 1));
	if (rc < 0 && rc != HEARTH_ENOTFOUND)
		return rc;
	return live >= live_max || (rc == 0 && began_ms > now_ms - 60000) ? HEARTH_ETOOBIG : 0;
}

/* ---- a match begins ---- */

/* The view of a match at its beginning. HEARTH_EINVAL: not by these rules. */
static int first_position(const struct game_match_row *row, struct strbuf *out)
{
	void *state = mem_zalloc(row->rules->state_size);
	const char *why;
	int rc = row->rules->init(state, row->seats, row->setup, row->seed, &why);

	if (rc == 0)
		row->rules->view(state, GAME_VIEWER_PUBLIC, out);
	free(state);
	return rc;
}

static void write_clock(const struct game_clock *clock, struct strbuf *out)
{
	struct json_writer w;

	json_writer_init(&w, out);
	game_clock_write(&w, clock);
}

static int insert(struct db_tx *tx, struct game_match_row *row, struct slice position)
{
	const struct slice seed = slice_of(row->seed, sizeof(row->seed));
	char control[GAME_CONTROL_TEXT_MAX];
	struct game_clock clock;
	struct strbuf text = { 0 };
	int rc;

	game_clock_init(&clock, &row->control, (int)row->seats);
	game_control_print(&row->control, control);
	write_clock(&clock, &text);
	/*
	 * Due at once, so that its shard finds it though nobody should ask for it. The columns of a
	 * white and a black are of the version before (schema.c), and may not be left out; limit and
	 * increment are what that knows of a clock.
	 */
	rc = db_get_int(tx, &row->id,
		"INSERT INTO match (rules, setup, seed, seats, clock, limit_ms, increment_ms,"
		" started_at, position, turn_us, due_us, status, reason, winner, white, black,"
		" white_name, black_name, control, rated) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, "
		"$9,"
		" $10, 0, 'started', '', -1, 0, 0, '', '', $11, $12) RETURNING id",
		db_str(row->rules->id), db_text(row->setup), db_bytes(seed), db_int(row->seats),
		db_text(strbuf_slice(&text)), db_int(row->control.stages[0].time_ms),
		db_int(row->control.stages[0].bonus_ms), db_int(row->started_at), db_text(position),
		db_int(GAME_NOT_BEGUN), db_str(control), db_int(row->rated));
	strbuf_free(&text);
	for (unsigned seat = 0; seat < row->seats && rc >= 0; seat++)
		rc = db_run(tx,
			"INSERT INTO seat (match, seat, account, name, score, live)"
			" VALUES ($1, $2, $3, $4, 0, 1)",
			db_int(row->id), db_int(seat), db_int(row->accounts[seat]),
			db_str(row->names[seat]));
	if (rc >= 0 && row->rated)
		rc = game_store_rated_start(tx, row->id, row->rules, row->setup,
			game_speed_of(&row->control), row->started_at, row->ratings);
	return rc < 0 ? rc : 0;
}

int game_store_add(struct db_tx *tx, struct game_match_row *row, int64_t live_max)
{
	struct strbuf position = { 0 };
	int rc = 0;

	for (unsigned seat = 0; seat < row->seats && rc == 0; seat++) {
		INVARIANT(row->accounts[seat] > 0);
		rc = is_gone(tx, row->accounts[seat]);
		if (rc == 0)
			rc = has_room(tx, row->accounts[seat], row->started_at, live_max);
	}
	if (rc == 0)
		rc = first_position(row, &position);
	if (rc == 0)
		rc = insert(tx, row, strbuf_slice(&position));
	if (rc == 0)
		rc = game_store_completes(tx, row->seats, row->accounts, row->completes);
	strbuf_free(&position);
	return rc < 0 ? rc : publish_started(tx, row);
}

int game_store_begin(struct db_tx *tx, int64_t match, int64_t now_us, int64_t due_us)
{
	int rc;

	INVARIANT(now_us >= 0 && due_us >= now_us);
	rc = db_run(tx,
		"UPDATE match SET turn_us = $2, due_us = CASE due_us WHEN 0 THEN $3 ELSE due_us END"
		" WHERE id = $1 AND turn_us = $4",
		db_int(match), db_int(now_us), db_int(due_us), db_int(GAME_NOT_BEGUN));
	return rc < 0 ? rc : 0;
}

/* ---- steps ---- */

/*
 * Each statement names the sequence that the step was made for, and a match that goes on: whoever
 * else has written to this match meanwhile (another node that believes to own it) wins, and this
 * step changes nothing. One statement a move, beside the event itself.
 */
static int changed_one(int rc)
{
	return rc == 0 ? HEARTH_ECONFLICT : rc < 0 ? rc : 0;
}

/* What a step is written by. */
struct writing {
	struct db_tx *tx;
	const struct match *m;
	const struct match_step *step;
	const struct game_store_times *at;
	struct slice clock; /* behind it */
};

static int add_event(const struct writing *w, int i)
{
	struct match_event e;

	match_step_event(w->step, i, &e);
	return db_run(w->tx,
		"INSERT INTO event (match, seq, kind, seat, ply, text, notation, used_us,"
		" forgiven_us, ping_us, clock, at_ms)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
		db_int(w->m->id), db_int(w->step->seq + 1 + i), db_str(match_event_name(e.kind)),
		db_int(e.seat), db_int(e.ply), db_text(e.text), db_text(e.notation),
		db_int(e.turn.used_us), db_int(e.turn.forgiven_us), db_int(e.turn.lag_us),
		db_text(w->clock), db_int(w->at->wall_ms));
}

/* An offer of this kind behind the step; the seat, or -1. */
static int offer_behind(const struct writing *w, enum match_offer_kind kind)
{
	const struct match_step *s = w->step;
	const struct match_offer *offer = &w->m->offers[kind];
	enum match_event_kind last = s->events[s->n - 1];

	if (last == (kind == MATCH_DRAW ? MATCH_DRAW_OFFERED : MATCH_TAKEBACK_OFFERED))
		return s->seat;
	if (last == (kind == MATCH_DRAW ? MATCH_DRAW_DECLINED : MATCH_TAKEBACK_DECLINED))
		return -1;
	if (s->state) /* a move, or one taken back, answers what others ask */
		return kind == MATCH_DRAW && s->events[0] == MATCH_MOVED && offer->by >= 0 &&
				       offer->agreed >> s->seat & 1
			       ? offer->by
			       : -1;
	return offer->by;
}

/* The latest move behind a step, as all may know it: GAME_VIEWER_PUBLIC, or _ALL when it is over. */
static struct slice last_behind(const struct writing *w, int viewer)
{
	const struct match_step *s = w->step;
	struct match_event e;

	if (s->events[0] == MATCH_MOVED)
		return slice_str(
			s->told && viewer != GAME_VIEWER_ALL ? s->told[0].text : s->move.text);
	if (s->ply == 0)
		return SLICE("");
	match_log_get(&w->m->log, w->m->line[s->ply - 1], viewer, &e);
	return e.text;
}

/*
 * Since when the turn runs. One that goes on and was held (engine/grace.h) has that with its clock, and
 * here, where it can be in time to come, what tells how late it is at least.
 */
static int64_t turn_behind(const struct writing *w)
{
	int64_t since_us = w->step->turns ? w->at->now_us : w->m->clock.started_us;

	return since_us < w->at->now_us ? since_us : w->at->now_us;
}

#define BOARD(due)                                                                           \
	"UPDATE match SET seq = $2, ply = $3, last = $4, position = $5, clock = $6, running" \
	" = $7, turn_us = $8, draw_offer = $9, takeback_offer = $10" due                     \
	" WHERE id = $1 AND seq = $11 AND status = 'started'"

/* The board is another one. */
static int set_board(const struct writing *w, int seq)
{
	const struct match_step *s = w->step;
	const struct db_value values[] = { db_int(w->m->id), db_int(seq), db_int(s->ply),
		db_text(last_behind(w, GAME_VIEWER_PUBLIC)), db_text(strbuf_slice(&s->position)),
		db_text(w->clock), db_int(s->clock.side), db_int(turn_behind(w)),
		db_int(offer_behind(w, MATCH_DRAW)), db_int(offer_behind(w, MATCH_TAKEBACK)),
		db_int(s->seq), db_int(w->at->due_us) };
	bool stands = w->at->due_us == GAME_DUE_STANDS;

	return changed_one(db_run_values(
		w->tx, stands ? BOARD("") : BOARD(", due_us = $12"), values, stands ? 11 : 12));
}

/* What is asked leaves the clock, which runs on, as it was. */
static int set_offers(const struct writing *w, int seq)
{
	return changed_one(db_run(w->tx,
		"UPDATE match SET seq = $2, draw_offer = $3, takeback_offer = $4"
		" WHERE id = $1 AND seq = $5 AND status = 'started'",
		db_int(w->m->id), db_int(seq), db_int(offer_behind(w, MATCH_DRAW)),
		db_int(offer_behind(w, MATCH_TAKEBACK)), db_int(w->step->seq)));
}

/* What was secret is not any more, in lists too, whatever has ended the match. */
static int open_secrets(const struct writing *w)
{
	const void *state = w->step->state ? w->step->state : w->m->state;
	struct strbuf view = { 0 };
	int rc;

	if (!w->m->rules->has_secrets || !state)
		return 0;
	w->m->rules->view(state, GAME_VIEWER_ALL, &view);
	rc = db_run(w->tx, "UPDATE match SET position = $2, last = $3 WHERE id = $1",
		db_int(w->m->id), db_text(strbuf_slice(&view)),
		db_text(last_behind(w, GAME_VIEWER_ALL)));
	strbuf_free(&view);
	return rc;
}

static int end_match(const struct writing *w, int from_seq, int seq)
{
	const struct match_step *s = w->step;
	int rc = changed_one(db_run(w->tx,
		"UPDATE match SET seq = $2, status = $3, reason = $4, ended_at = $5, clock = $6,"
		" running = -1, draw_offer = -1, takeback_offer = -1"
		" WHERE id = $1 AND seq = $7 AND status = 'started'",
		db_int(w->m->id), db_int(seq), db_str(s->status), db_str(s->reason),
		db_int(w->at->wall_ms), db_text(w->clock), db_int(from_seq)));

	if (rc >= 0)
		rc = open_secrets(w);
	for (unsigned seat = 0; seat < w->m->seats && rc >= 0; seat++)
		rc = db_run(w->tx,
			"UPDATE seat SET score = $3, live = 0 WHERE match = $1 AND seat = $2",
			db_int(w->m->id), db_int(seat), db_int(s->scores[seat]));
	return rc < 0 ? rc : publish_ended(w->tx, w->m, s);
}

static int write_step(const struct writing *w)
{
	const struct match_step *s = w->step;
	int behind = s->seq + s->n, rc = 0, seq = s->seq;

	if (s->state) {
		seq = s->ends ? behind - 1 : behind;
		rc = set_board(w, seq);
	} else if (!s->ends) {
		rc = set_offers(w, behind);
	}
	if (rc == 0 && s->ends)
		rc = end_match(w, seq, behind);
	for (int i = 0; i < s->n && rc >= 0; i++)
		rc = add_event(w, i);
	return rc < 0 ? rc : 0;
}

int game_store_step(struct db_tx *tx, const struct match *m, const struct match_step *step,
	const struct game_store_times *at)
{
	struct strbuf clock = { 0 };
	struct writing w = { tx, m, step, at, { 0 } };
	int rc;

	INVARIANT(step->n > 0 && step->n <= MATCH_STEP_MAX && step->seat < (int)m->seats);
	INVARIANT(step->ends == (step->status[0] != 0));
	write_clock(&step->clock, &clock);
	w.clock = strbuf_slice(&clock);
	rc = write_step(&w);
	strbuf_free(&clock);
	return rc;
}
