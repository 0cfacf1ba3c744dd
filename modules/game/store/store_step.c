/*
 * store_step.c: writing a step of a match: its events, and all that its row shows behind them; an end, with its
 * scores. Inside a db_fn; two statements a move, a row for each seat more at the end.
 */
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/log.h"
#include "store/store_private.h"

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
	return game_store_publish(tx, "game.ended", m->id, &out);
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
	game_store_write_clock(&step->clock, &clock);
	w.clock = strbuf_slice(&clock);
	rc = write_step(&w);
	strbuf_free(&clock);
	return rc;
}
