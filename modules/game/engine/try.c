/*
 * try.c: what may be done to a match: by a player, and by time (match.h). Each function fills a step
 * and leaves the match as it is. Pure; what costs most is a move, which the rules bound.
 */
#include "engine/match.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"

static void end_step(struct match_step *step, const int scores[GAME_SEATS_MAX], const char *status,
	const char *reason)
{
	step->ends = true;
	memcpy(step->scores, scores, sizeof(step->scores));
	match_set_word(step->status, status);
	match_set_word(step->reason, reason);
}

/* With a winner, or GAME_NOBODY: drawn. */
static void end_won(struct match_step *step, int winner, const char *status, const char *reason)
{
	int scores[GAME_SEATS_MAX];

	game_score(scores, MATCH_SEATS, winner);
	end_step(step, scores, status, reason);
}

/* Nobody scores anything. */
static void end_aborted(struct match_step *step, const char *reason)
{
	end_step(step, (const int[GAME_SEATS_MAX]){ 0 }, "aborted", reason);
}

/* A step that changes nothing yet. */
static void begin(const struct match *m, struct match_step *step)
{
	*step = (struct match_step){
		.ply = m->ply, .clock = m->clock, .draw_offer = m->draw_offer
	};
	memcpy(step->offered_ply, m->offered_ply, sizeof(step->offered_ply));
}

/* A step that ends the match without a move. */
static void begin_end(const struct match *m, int64_t now_us, struct match_step *step)
{
	begin(m, step);
	game_clock_stop(&step->clock, now_us);
}

/* The winner when `loser` gives in: nobody, when the other side could not have won. */
static int winner_against(const struct match *m, int loser)
{
	int other = match_rival(loser);

	return !m->rules->can_win || m->rules->can_win(m->state, (unsigned)other) ? other
										  : GAME_NOBODY;
}

/* The clock after a move: pressed when it runs, started once both have moved. */
static void step_clock(const struct match *m, struct match_step *step, int64_t now_us)
{
	step->clock = m->clock;
	if (step->clock.side >= 0)
		step->used_us =
			game_clock_press(&step->clock, match_turn_in(m, step->state), now_us, 0)
				.used_us;
	else
		game_clock_count(&step->clock, step->seat);
	if (step->clock.side < 0 && step->ply >= MATCH_FREE_PLIES)
		game_clock_start(&step->clock, match_turn_in(m, step->state), now_us);
	if (step->ends)
		step->clock.side = -1;
}

/* What the position after the move means for the match. */
static void step_outcome(const struct match *m, struct match_step *step)
{
	struct game_result result;

	m->rules->outcome(step->state, &result);
	if (result.over)
		end_step(step, result.scores, result.status, result.reason);
	else if (step->ply >= MATCH_PLY_MAX)
		end_won(step, GAME_NOBODY, "draw", "too many moves");
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

/* Whether the match goes on, and the seat's time too; else *why. */
static int may_move(const struct match *m, int64_t now_us, const char **why)
{
	if (!m->over && !game_clock_out(&m->clock, now_us, 0))
		return 0;
	*why = m->over ? "the match is over" : "the time is over";
	return HEARTH_EDENIED;
}

/* Who moves answers the other's offer with no; the own one stands (FIDE 9.1.2.1). */
static void step_offer(struct match_step *step, int seat, int ply, bool offers)
{
	if (step->draw_offer != seat)
		step->draw_offer = -1;
	if (offers) {
		step->offers = true;
		step->draw_offer = seat;
		step->offered_ply[seat] = ply;
	}
}

static void *take_room(const struct match *m)
{
	void *state = m->room && m->room->rules == m->rules ? m->room->state : NULL;

	if (!state)
		return mem_alloc(m->rules->state_size);
	m->room->state = NULL;
	return state;
}

int match_try_move(const struct match *m, int seat, struct slice text, bool draw, int64_t now_us,
	struct match_step *step, const char **why)
{
	struct game_result result;
	int rc = may_move(m, now_us, why);

	if (rc < 0)
		return rc;
	if (draw && text.n && m->rules->claim &&
		m->rules->claim(m->state, (unsigned)seat, text, &result, why) == 0) {
		begin_end(m, now_us, step);
		end_step(step, result.scores, result.status, result.reason);
		return 0;
	}
	begin(m, step);
	step->is_move = true;
	step->seat = seat;
	step->ply = m->ply + 1;
	step->state = take_room(m);
	memcpy(step->state, m->state, m->rules->state_size);
	rc = apply_move(m, seat, text, step, why);
	if (rc < 0) {
		match_step_clear(step);
		return rc;
	}
	m->rules->view(step->state, GAME_VIEWER_PUBLIC, &step->position);
	step_offer(step, seat, step->ply, draw);
	step_outcome(m, step);
	step_clock(m, step, now_us);
	return 0;
}

static int goes_on(const struct match *m, const char **why)
{
	if (m->over)
		*why = "the match is over";
	return m->over ? HEARTH_EDENIED : 0;
}

static void abort_step(const struct match *m, int seat, int64_t now_us, struct match_step *step)
{
	char reason[MATCH_WORD_MAX];

	snprintf(reason, sizeof(reason), "aborted by %s", m->rules->seat_names[seat]);
	begin_end(m, now_us, step);
	end_aborted(step, reason);
}

int match_try_abort(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why)
{
	int rc = goes_on(m, why);

	if (rc < 0)
		return rc;
	if (m->ply >= MATCH_FREE_PLIES) {
		*why = "both sides have moved: the match can be resigned, not aborted";
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
	if (m->ply < MATCH_FREE_PLIES) {
		abort_step(m, seat, now_us, step);
		return 0;
	}
	begin_end(m, now_us, step);
	end_won(step, winner_against(m, seat), "resign", "resignation");
	return 0;
}

int match_try_draw(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why)
{
	struct game_result result;
	int rc = may_move(m, now_us, why);

	if (rc < 0)
		return rc;
	if (m->draw_offer == match_rival(seat)) {
		begin_end(m, now_us, step);
		end_won(step, GAME_NOBODY, "draw", "agreement");
		return 0;
	}
	if (m->rules->claim &&
		m->rules->claim(m->state, (unsigned)seat, (struct slice){ 0 }, &result, why) == 0) {
		begin_end(m, now_us, step);
		end_step(step, result.scores, result.status, result.reason);
		return 0;
	}
	if (m->draw_offer == seat)
		return HEARTH_EEXIST;
	if (m->offered_ply[seat] >= 0 && m->ply - m->offered_ply[seat] < MATCH_SEATS) {
		*why = "the last offer was declined: make a move before the next";
		return HEARTH_EBUSY;
	}
	begin(m, step);
	step_offer(step, seat, m->ply, true);
	return 0;
}

int match_try_decline(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why)
{
	int rc = goes_on(m, why);

	(void)now_us;
	if (rc == 0 && m->draw_offer != match_rival(seat)) {
		*why = "no draw is offered";
		return HEARTH_EDENIED;
	}
	if (rc < 0)
		return rc;
	begin(m, step);
	step->offers = true;
	step->draw_offer = -1;
	return 0;
}

int64_t match_claim_in_us(const struct match *m, int seat, int64_t claim_after_us, int64_t now_us)
{
	int64_t since_us = m->gone_since_us[match_rival(seat)];

	if (m->over || m->ply < MATCH_FREE_PLIES || since_us == MATCH_PRESENT)
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
	begin_end(m, now_us, step);
	if (draw)
		end_won(step, GAME_NOBODY, "draw", "the opponent left");
	else
		end_won(step, winner_against(m, match_rival(seat)), "timeout", "the opponent left");
	return 0;
}

int match_try_time(
	const struct match *m, int64_t first_move_us, int64_t now_us, struct match_step *step)
{
	if (match_time_left_us(m, first_move_us, now_us) != 0)
		return HEARTH_ENOTFOUND;
	begin_end(m, now_us, step);
	if (m->clock.side >= 0)
		end_won(step, winner_against(m, m->clock.side), "outoftime", "time");
	else
		end_aborted(step, "no first move");
	return 0;
}
