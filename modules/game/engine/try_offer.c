/*
 * try_offer.c: what is asked of the others in a match, and what a player may have without them (match.h): draws
 * offered and claimed, takebacks. Pure; what costs most is a takeback, which plays the moves before it
 * again.
 */
#include <stdio.h>

#include "engine/try_private.h"
#include "hearth/error.h"
#include "hearth/log.h"

/* A draw claimed by the position, or by a move about to be made. */
int try_claim(const struct match *m, int seat, struct slice text, int64_t now_us,
	struct match_step *step, const char **why)
{
	struct game_result result;
	int rc;

	if (!m->rules->claim) {
		*why = "no draw can be claimed in this game";
		return HEARTH_EDENIED;
	}
	rc = m->rules->claim(m->state, (unsigned)seat, text, &result, why);
	if (rc < 0)
		return rc;
	try_begin_end(m, seat, MATCH_CLAIMED, now_us, step);
	snprintf(step->move.text, sizeof(step->move.text), "%.*s", SLICE_ARG(text));
	try_end(step, result.scores, result.status, result.reason);
	return 0;
}

/* ---- what all others must agree to ---- */

/*
 * Whether a seat may ask anew, behind so many moves: HEARTH_EEXIST when its word stands already. Each asks once between two
 * moves of its own, and nothing is asked where the log is nearly full.
 */
int try_may_ask(
	const struct match *m, enum match_offer_kind kind, int seat, int ply, const char **why)
{
	const struct match_offer *offer = &m->offers[kind];

	if (offer->by >= 0 && offer->agreed >> seat & 1) {
		*why = "your word stands already: the others are to answer";
		return HEARTH_EEXIST;
	}
	if (offer->asked[seat] >= 0 && ply - offer->asked[seat] < (int)m->seats) {
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
	int rc = try_may_move(m, now_us, 0, why);

	if (rc < 0)
		return rc;
	if (is_asked(m, MATCH_DRAW, seat)) {
		try_begin(m, seat, step);
		try_add(step, MATCH_DRAW_AGREED);
		if (!all_agree(m, MATCH_DRAW, seat))
			return 0;
		game_clock_stop(&step->clock, now_us);
		try_end_drawn(m, step, "agreement");
		return 0;
	}
	if (try_claim(m, seat, (struct slice){ 0 }, now_us, step, why) == 0)
		return 0;
	rc = try_may_ask(m, MATCH_DRAW, seat, m->ply, why);
	if (rc < 0)
		return rc;
	try_begin(m, seat, step);
	try_add(step, MATCH_DRAW_OFFERED);
	return 0;
}

/* How many moves go with the latest one of a seat; 0: it has made none. */
static int plies_back(const struct match *m, int seat)
{
	struct match_event e;

	for (int i = m->ply; i > 0; i--) {
		match_log_get(&m->log, m->line[i - 1], GAME_VIEWER_ALL, &e);
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
	try_add(step, MATCH_TAKEN_BACK);
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
	int rc = try_may_move(m, now_us, 0, why);

	if (rc < 0)
		return rc;
	if (is_asked(m, MATCH_TAKEBACK, seat)) {
		try_begin(m, seat, step);
		try_add(step, MATCH_TAKEBACK_AGREED);
		rc = all_agree(m, MATCH_TAKEBACK, seat) ? take_back(m, now_us, step) : 0;
		if (rc < 0) {
			*why = "these moves cannot be played again";
			match_step_clear(step);
		}
		return rc;
	}
	rc = try_may_ask(m, MATCH_TAKEBACK, seat, m->ply, why);
	if (rc < 0)
		return rc;
	if (m->rules->has_secrets || plies_back(m, seat) == 0) {
		*why = m->rules->has_secrets ? "what was seen cannot be taken back"
					     : "you have no move to take back";
		return HEARTH_EDENIED;
	}
	try_begin(m, seat, step);
	try_add(step, MATCH_TAKEBACK_OFFERED);
	return 0;
}

int match_try_decline(const struct match *m, int seat, enum match_offer_kind what,
	struct match_step *step, const char **why)
{
	const struct match_offer *offer = &m->offers[what];
	int rc = try_goes_on(m, why);

	if (rc < 0)
		return rc;
	/* An offer of a draw cannot be withdrawn (FIDE 9.1.2.1). */
	if (offer->by < 0 || (what == MATCH_DRAW && offer->by == seat)) {
		*why = what == MATCH_DRAW ? "no draw is offered" : "no takeback is asked for";
		return HEARTH_EDENIED;
	}
	try_begin(m, seat, step);
	try_add(step, what == MATCH_DRAW ? MATCH_DRAW_DECLINED : MATCH_TAKEBACK_DECLINED);
	return 0;
}
