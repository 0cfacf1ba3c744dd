/*
 * try.c: what may be done to a match: by a player, and by time (match.h). Each function fills a step
 * and leaves the match as it is. Pure; what costs most is a move, which the rules bound, and a
 * takeback, which plays those before it again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/match.h"
#include "engine/speed.h"
#include "hearth/error.h"
#include "hearth/log.h"

/* A step of one seat (-1: time) that changes nothing yet. */
static void begin(const struct match *m, int seat, struct match_step *step)
{
	*step = (struct match_step){
		.seq = m->seq, .ply = m->ply, .seat = seat, .clock = m->clock
	};
}

static void add(struct match_step *step, enum match_event_kind kind)
{
	INVARIANT(step->n < MATCH_STEP_MAX);
	step->events[step->n++] = kind;
}

/* A step that ends the match without a move: by what somebody does, or (MATCH_ENDED) by itself. */
static void begin_end(const struct match *m, int seat, enum match_event_kind kind, int64_t now_us,
	struct match_step *step)
{
	begin(m, seat, step);
	if (kind != MATCH_ENDED)
		add(step, kind);
	game_clock_stop(&step->clock, now_us);
}

static void end_step(struct match_step *step, const int scores[GAME_SEATS_MAX], const char *status,
	const char *reason)
{
	add(step, MATCH_ENDED);
	step->ends = true;
	memcpy(step->scores, scores, sizeof(step->scores));
	match_set_word(step->status, status);
	match_set_word(step->reason, reason);
}

static void end_drawn(const struct match *m, struct match_step *step, const char *reason)
{
	int scores[GAME_SEATS_MAX];

	game_score(scores, m->seats, GAME_NOBODY);
	end_step(step, scores, "draw", reason);
}

/* Nobody scores anything. */
static void end_aborted(struct match_step *step, const char *reason)
{
	end_step(step, (const int[GAME_SEATS_MAX]){ 0 }, "aborted", reason);
}

static bool can_win(const struct match *m, unsigned seat)
{
	return !m->rules->can_win || m->rules->can_win(m->state, seat);
}

/*
 * What a match is worth when one gives in: the others have won, who could have; where that is nobody
 * it is drawn, and where it is several they have drawn among themselves.
 */
static void end_against(const struct match *m, int loser, struct match_step *step,
	const char *status, const char *reason)
{
	int scores[GAME_SEATS_MAX] = { 0 }, could = 0;

	for (unsigned seat = 0; seat < m->seats; seat++)
		if ((int)seat != loser && can_win(m, seat)) {
			scores[seat] = GAME_DRAWN;
			could++;
		}
	for (unsigned seat = 0; seat < m->seats && could == 1; seat++)
		scores[seat] = scores[seat] ? GAME_WON : GAME_LOST;
	if (could == 0)
		game_score(scores, m->seats, GAME_NOBODY);
	end_step(step, scores, status, reason);
}

/* The same for who may say that all others have given in. */
static void end_for(const struct match *m, int winner, struct match_step *step, const char *status,
	const char *reason)
{
	int scores[GAME_SEATS_MAX];

	game_score(scores, m->seats, can_win(m, (unsigned)winner) ? winner : GAME_NOBODY);
	end_step(step, scores, status, reason);
}

static int goes_on(const struct match *m, const char **why)
{
	if (m->over)
		*why = "the match is over";
	return m->over ? HEARTH_EDENIED : 0;
}

/* Whether the match goes on, and the seat's time too; else *why. */
static int may_move(const struct match *m, int64_t now_us, int64_t lag_us, const char **why)
{
	int rc = goes_on(m, why);

	if (rc == 0 && game_clock_out(&m->clock, now_us, lag_us)) {
		*why = "the time is over";
		rc = HEARTH_EDENIED;
	}
	return rc;
}

/* ---- a move ---- */

/* The clock behind a move: pressed by whose runs, started once all have moved. */
static void step_clock(
	const struct match *m, struct match_step *step, int64_t now_us, int64_t lag_us)
{
	uint64_t moved = m->moved | UINT64_C(1) << step->seat;
	int next = match_turn_in(m, step->state);

	/* Where several are to move, another's may run: that one runs on. */
	step->turns = step->clock.side < 0 || step->clock.side == step->seat;
	if (step->clock.side == step->seat)
		step->turn = game_clock_press(&step->clock, next, now_us, lag_us);
	else
		step->turn = game_clock_count(&step->clock, step->seat, lag_us);
	if (step->clock.side < 0 && moved == (UINT64_C(1) << m->seats) - 1 && next >= 0)
		game_clock_start(&step->clock, next, now_us);
	if (step->ends)
		game_clock_stop(&step->clock, now_us);
}

/* What the position after the move means for the match. */
static void step_outcome(const struct match *m, struct match_step *step)
{
	struct game_result result;

	m->rules->outcome(step->state, &result);
	if (result.over)
		end_step(step, result.scores, result.status, result.reason);
	else if (step->ply >= MATCH_PLY_MAX || m->seq >= MATCH_EVENTS_MAX)
		end_drawn(m, step, "too many moves");
}

/* As it was written, or else made whole, if the player wants that. */
static int apply_move(const struct match *m, int seat, struct slice text, struct match_step *step,
	const char **why)
{
	char whole[GAME_MOVE_MAX];
	int rc = m->rules->apply(step->state, (unsigned)seat, text, &step->move, why);

	if (rc == 0 || !m->completes[seat] || !m->rules->complete ||
		m->rules->complete(m->state, text, whole) < 0)
		return rc;
	return m->rules->apply(step->state, (unsigned)seat, slice_str(whole), &step->move, why);
}

/* A draw claimed by the position, or by a move about to be made. */
static int try_claim(const struct match *m, int seat, struct slice text, int64_t now_us,
	struct match_step *step, const char **why)
{
	struct game_result result;
	int rc = m->rules->claim ? m->rules->claim(m->state, (unsigned)seat, text, &result, why)
				 : HEARTH_EDENIED;

	if (rc < 0)
		return rc;
	begin_end(m, seat, MATCH_CLAIMED, now_us, step);
	snprintf(step->move.text, sizeof(step->move.text), "%.*s", SLICE_ARG(text));
	end_step(step, result.scores, result.status, result.reason);
	return 0;
}

int match_try_move(const struct match *m, int seat, struct slice text, bool draw, int64_t now_us,
	int64_t lag_us, struct match_step *step, const char **why)
{
	int rc = may_move(m, now_us, lag_us, why);

	if (rc < 0)
		return rc;
	if (draw && text.n && try_claim(m, seat, text, now_us, step, why) == 0)
		return 0;
	begin(m, seat, step);
	add(step, MATCH_MOVED);
	step->ply = m->ply + 1;
	step->state = match_take_room(m);
	memcpy(step->state, m->state, m->rules->state_size);
	rc = apply_move(m, seat, text, step, why);
	if (rc < 0) {
		match_step_clear(step);
		return rc;
	}
	step->told = match_told(m, seat, slice_str(step->move.text));
	m->rules->view(step->state, GAME_VIEWER_PUBLIC, &step->position);
	step_outcome(m, step);
	if (draw && !step->ends)
		add(step, MATCH_DRAW_OFFERED);
	step_clock(m, step, now_us, lag_us);
	return 0;
}

/* ---- giving up ---- */

static void abort_step(const struct match *m, int seat, int64_t now_us, struct match_step *step)
{
	char reason[MATCH_WORD_MAX];

	snprintf(reason, sizeof(reason), "aborted by %s", m->rules->seat_names[seat]);
	begin_end(m, seat, MATCH_ABORTED, now_us, step);
	end_aborted(step, reason);
}

int match_try_abort(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why)
{
	int rc = goes_on(m, why);

	if (rc < 0)
		return rc;
	if (match_begun(m)) {
		*why = "all have moved: the match can be resigned, not aborted";
		return HEARTH_EDENIED;
	}
	abort_step(m, seat, now_us, step);
	return 0;
}

int match_try_resign(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why)
{
	int rc = goes_on(m, why);

	if (rc < 0)
		return rc;
	if (!match_begun(m)) {
		abort_step(m, seat, now_us, step);
		return 0;
	}
	begin_end(m, seat, MATCH_RESIGNED, now_us, step);
	end_against(m, seat, step, "resign", "resignation");
	return 0;
}

/* ---- what all others must agree to ---- */

/*
 * Whether a seat may ask anew: HEARTH_EEXIST when its word stands already. Each asks once between two
 * moves of its own, and nothing is asked where the log is nearly full.
 */
static int may_ask(const struct match *m, enum match_offer_kind kind, int seat, const char **why)
{
	const struct match_offer *offer = &m->offers[kind];

	if (offer->by >= 0 && offer->agreed >> seat & 1)
		return HEARTH_EEXIST;
	if (offer->asked[seat] >= 0 && m->ply - offer->asked[seat] < (int)m->seats) {
		*why = "the last offer was declined: make a move before the next";
		return HEARTH_EBUSY;
	}
	if (m->seq >= MATCH_EVENTS_MAX) {
		*why = "too much has happened in this match";
		return HEARTH_EDENIED;
	}
	return 0;
}

/* Whether another asks, and has not had this seat's word. */
static bool is_asked(const struct match *m, enum match_offer_kind kind, int seat)
{
	const struct match_offer *offer = &m->offers[kind];

	return offer->by >= 0 && !(offer->agreed >> seat & 1);
}

static bool all_agree(const struct match *m, enum match_offer_kind kind, int seat)
{
	return (m->offers[kind].agreed | UINT64_C(1) << seat) == (UINT64_C(1) << m->seats) - 1;
}

int match_try_draw(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why)
{
	int rc = may_move(m, now_us, 0, why);

	if (rc < 0)
		return rc;
	if (is_asked(m, MATCH_DRAW, seat)) {
		begin(m, seat, step);
		add(step, MATCH_DRAW_AGREED);
		if (!all_agree(m, MATCH_DRAW, seat))
			return 0;
		game_clock_stop(&step->clock, now_us);
		end_drawn(m, step, "agreement");
		return 0;
	}
	if (try_claim(m, seat, (struct slice){ 0 }, now_us, step, why) == 0)
		return 0;
	rc = may_ask(m, MATCH_DRAW, seat, why);
	if (rc < 0)
		return rc;
	begin(m, seat, step);
	add(step, MATCH_DRAW_OFFERED);
	return 0;
}

/* How many moves go with the latest one of a seat; 0: it has made none. */
static int plies_back(const struct match *m, int seat)
{
	struct match_event e;

	for (int i = m->ply; i > 0; i--) {
		match_log_get(&m->log, m->line[i - 1], MATCH_VIEWER_ALL, &e);
		if (e.seat == seat)
			return m->ply - i + 1;
	}
	return 0;
}

/* All agree: the board as it was, and the clock runs on for whose turn it is then. */
static int take_back(const struct match *m, int64_t now_us, struct match_step *step)
{
	int plies = plies_back(m, m->offers[MATCH_TAKEBACK].by);

	INVARIANT(plies > 0);
	add(step, MATCH_TAKEN_BACK);
	snprintf(step->move.text, sizeof(step->move.text), "%d", plies);
	step->ply = m->ply - plies;
	step->state = match_take_room(m);
	if (match_state_at(m, step->ply, step->state) < 0)
		return HEARTH_ECORRUPT;
	m->rules->view(step->state, GAME_VIEWER_PUBLIC, &step->position);
	step->turns = true;
	game_clock_hand(&step->clock, match_turn_in(m, step->state), now_us);
	return 0;
}

int match_try_takeback(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why)
{
	int rc = may_move(m, now_us, 0, why);

	if (rc < 0)
		return rc;
	if (is_asked(m, MATCH_TAKEBACK, seat)) {
		begin(m, seat, step);
		add(step, MATCH_TAKEBACK_AGREED);
		rc = all_agree(m, MATCH_TAKEBACK, seat) ? take_back(m, now_us, step) : 0;
		if (rc < 0) {
			*why = "these moves cannot be played again";
			match_step_clear(step);
		}
		return rc;
	}
	rc = may_ask(m, MATCH_TAKEBACK, seat, why);
	if (rc < 0)
		return rc;
	if (m->rules->has_secrets || plies_back(m, seat) == 0) {
		*why = m->rules->has_secrets ? "what was seen cannot be taken back"
					     : "you have no move to take back";
		return HEARTH_EDENIED;
	}
	begin(m, seat, step);
	add(step, MATCH_TAKEBACK_OFFERED);
	return 0;
}

int match_try_decline(const struct match *m, int seat, enum match_offer_kind what,
	struct match_step *step, const char **why)
{
	const struct match_offer *offer = &m->offers[what];
	int rc = goes_on(m, why);

	if (rc < 0)
		return rc;
	/* An offer of a draw cannot be withdrawn (FIDE 9.1.2.1). */
	if (offer->by < 0 || (what == MATCH_DRAW && offer->by == seat)) {
		*why = what == MATCH_DRAW ? "no draw is offered" : "no takeback is asked for";
		return HEARTH_EDENIED;
	}
	begin(m, seat, step);
	add(step, what == MATCH_DRAW ? MATCH_DRAW_DECLINED : MATCH_TAKEBACK_DECLINED);
	return 0;
}

/* ---- others who are away ---- */

int64_t match_claim_in_us(const struct match *m, int seat, int64_t claim_after_us, int64_t now_us)
{
	int64_t since_us = INT64_MIN;

	/* Who plays by the day is not expected to be there. */
	if (game_speed_of(&m->clock.control) == GAME_CORRESPONDENT)
		return -1;
	for (int other = 0; other < (int)m->seats; other++)
		if (other != seat && m->gone_since_us[other] > since_us)
			since_us = m->gone_since_us[other];
	if (m->over || !match_begun(m) || since_us == MATCH_PRESENT || since_us == INT64_MIN)
		return -1;
	return now_us - since_us >= claim_after_us ? 0 : since_us + claim_after_us - now_us;
}

int match_try_left(const struct match *m, int seat, bool draw, int64_t claim_after_us,
	int64_t now_us, struct match_step *step, const char **why)
{
	int rc = goes_on(m, why);

	if (rc == 0 && match_claim_in_us(m, seat, claim_after_us, now_us) != 0) {
		*why = "the opponent has not been away for so long";
		return HEARTH_EDENIED;
	}
	if (rc < 0)
		return rc;
	begin_end(m, seat, MATCH_LEFT, now_us, step);
	snprintf(step->move.text, sizeof(step->move.text), "%s", draw ? "draw" : "win");
	if (draw)
		end_drawn(m, step, "the opponent left");
	else
		end_for(m, seat, step, "timeout", "the opponent left");
	return 0;
}

/* ---- time ---- */

int match_try_time(
	const struct match *m, int64_t first_move_us, int64_t now_us, struct match_step *step)
{
	if (match_time_left_us(m, first_move_us, now_us) != 0)
		return HEARTH_ENOTFOUND;
	begin_end(m, m->clock.side, MATCH_ENDED, now_us, step);
	if (m->clock.side >= 0 && m->clock.control.kind == GAME_UNLIMITED)
		end_against(m, m->clock.side, step, "timeout", "no move for three weeks");
	else if (m->clock.side >= 0)
		end_against(m, m->clock.side, step, "outoftime", "time");
	else
		end_aborted(step, "no first move");
	return 0;
}
