/*
 * try.c: what a player may do to a match alone, and what time does (match.h): moves, giving up, the end of one
 * that others have left. Each function fills a step and leaves the match as it is. Pure; what costs most is
 * a move, which the rules bound.
 */
#include <stdio.h>

#include "engine/speed.h"
#include "engine/try_private.h"
#include "hearth/error.h"

/* ---- a move ---- */

/* Whether the mover goes on with the same turn: the clock is not pressed by a part of it. */
static bool is_part(const struct match *m, const struct match_step *step)
{
	return m->rules->is_part && (m->rules->to_move(step->state) >> step->seat & 1) &&
	       m->rules->is_part(slice_str(step->move.text));
}

/* The clock behind a move: pressed by whose runs, started once all have moved. */
static void step_clock(
	const struct match *m, struct match_step *step, int64_t now_us, int64_t lag_us)
{
	uint64_t moved = m->moved | UINT64_C(1) << step->seat;
	uint64_t comes = m->rules->to_move(step->state) & ~m->rules->to_move(m->state);
	int next = match_turn_in(m, step->state);
	bool part = is_part(m, step), runs = step->clock.side == step->seat;

	/*
	 * Where several are to move, another's may run: that one runs on. So does the wait for a first
	 * move, but where it is somebody's turn now whose it was not.
	 */
	step->turns = step->clock.side < 0 ? comes != 0 : runs && !part;
	if (part)
		step->turn = game_clock_run_on(&step->clock, step->seat);
	else if (runs)
		step->turn = game_clock_press(&step->clock, next, now_us, lag_us);
	else
		step->turn = game_clock_count(&step->clock, step->seat, lag_us);
	if (step->clock.side < 0 && moved == (UINT64_C(1) << m->seats) - 1 && next >= 0) {
		game_clock_start(&step->clock, next, now_us);
		step->turns = true;
	}
	if (step->ends)
		game_clock_stop(&step->clock, now_us);
}

/* What the position after the move means for the match. */
static void step_outcome(const struct match *m, struct match_step *step)
{
	struct game_result result;

	m->rules->outcome(step->state, &result);
	if (result.over)
		try_end(step, result.scores, result.status, result.reason);
	else if (step->ply >= MATCH_PLY_MAX || m->seq >= MATCH_EVENTS_MAX)
		try_end_drawn(m, step, "too many moves");
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

int match_try_move(const struct match *m, int seat, struct slice text, bool draw, int64_t now_us,
	int64_t lag_us, struct match_step *step, const char **why)
{
	int rc = try_may_move(m, now_us, lag_us, why);

	if (rc < 0)
		return rc;
	if (draw && text.n && try_claim(m, seat, text, now_us, step, why) == 0)
		return 0;
	try_begin(m, seat, step);
	try_add(step, MATCH_MOVED);
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
	/* What may not be offered is not, and keeps no move from being made. */
	if (draw && !step->ends && try_may_ask(m, MATCH_DRAW, seat, step->ply, why) == 0)
		try_add(step, MATCH_DRAW_OFFERED);
	step_clock(m, step, now_us, lag_us);
	return 0;
}

/* ---- giving up ---- */

static void abort_step(const struct match *m, int seat, int64_t now_us, struct match_step *step)
{
	char reason[MATCH_WORD_MAX];

	snprintf(reason, sizeof(reason), "aborted by %s", m->rules->seat_names[seat]);
	try_begin_end(m, seat, MATCH_ABORTED, now_us, step);
	try_end_aborted(step, reason);
}

int match_try_abort(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why)
{
	int rc = try_goes_on(m, why);

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
	int rc = try_goes_on(m, why);

	if (rc < 0)
		return rc;
	if (!match_begun(m)) {
		abort_step(m, seat, now_us, step);
		return 0;
	}
	try_begin_end(m, seat, MATCH_RESIGNED, now_us, step);
	try_end_against(m, seat, step, "resign", "resignation");
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
	int rc = try_goes_on(m, why);

	if (rc == 0 && match_claim_in_us(m, seat, claim_after_us, now_us) != 0) {
		*why = "the opponent has not been away for so long";
		return HEARTH_EDENIED;
	}
	if (rc < 0)
		return rc;
	try_begin_end(m, seat, MATCH_LEFT, now_us, step);
	snprintf(step->move.text, sizeof(step->move.text), "%s", draw ? "draw" : "win");
	if (draw)
		try_end_drawn(m, step, "the opponent left");
	else
		try_end_for(m, seat, step, "timeout", "the opponent left");
	return 0;
}

/* ---- time ---- */

int match_try_time(
	const struct match *m, int64_t first_move_us, int64_t now_us, struct match_step *step)
{
	if (match_time_left_us(m, first_move_us, now_us) != 0)
		return HEARTH_ENOTFOUND;
	try_begin_end(m, m->clock.side, MATCH_ENDED, now_us, step);
	if (m->clock.side >= 0 && m->clock.control.kind == GAME_UNLIMITED)
		try_end_against(m, m->clock.side, step, "timeout", "no move for three weeks");
	else if (m->clock.side >= 0)
		try_end_against(m, m->clock.side, step, "outoftime", "time");
	else
		try_end_aborted(step, "no first move");
	return 0;
}
