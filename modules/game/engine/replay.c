/*
 * replay.c: events happen to a match: one by one when it is read, or as a step that is on disk
 * (match.h). Both go through `happen`, so what is replayed is what was. Pure; an event costs what its
 * move costs, a takeback the moves before it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/match.h"
#include "hearth/error.h"
#include "hearth/log.h"

/* ---- states ---- */

void *match_take_room(const struct match *m)
{
	void *state = m->room && m->room->rules == m->rules ? m->room->state : NULL;

	if (!state)
		return mem_alloc(m->rules->state_size);
	m->room->state = NULL;
	return state;
}

static void leave_room(struct match *m)
{
	if (m->room && !m->room->state)
		*m->room = (struct match_room){ m->state, m->rules };
	else
		free(m->state);
}

int match_state_at(const struct match *m, int ply, void *state)
{
	struct match_event e;
	const char *why;

	INVARIANT(ply >= 0 && ply <= m->ply);
	if (m->rules->init(state, m->seats, slice_str(m->setup), m->seed, &why) < 0)
		return HEARTH_ECORRUPT;
	for (int i = 0; i < ply; i++) {
		match_log_get(&m->log, m->line[i], GAME_VIEWER_ALL, &e);
		if (m->rules->apply(state, (unsigned)e.seat, e.text, NULL, &why) < 0)
			return HEARTH_ECORRUPT;
	}
	return 0;
}

struct game_move *match_told(const struct match *m, int seat, struct slice text)
{
	struct game_move *told;

	if (!m->rules->has_secrets || !m->state)
		return NULL;
	told = mem_zalloc((1 + m->seats) * sizeof(*told));
	for (int viewer = GAME_VIEWER_PUBLIC; viewer < (int)m->seats; viewer++)
		m->rules->told(m->state, (unsigned)seat, text, viewer, &told[1 + viewer]);
	return told;
}

/* ---- what an event changes beside the state ---- */

static void ask(struct match_offer *offer, int seat, int ply)
{
	offer->by = seat;
	offer->agreed = UINT64_C(1) << seat;
	offer->asked[seat] = ply;
}

/* Who moves answers the others' offers with no; the own one of a draw stands (FIDE 9.1.2.1). */
static void moved(struct match *m, const struct match_event *e)
{
	if (m->ply == m->line_cap) {
		m->line_cap = m->line_cap ? 2 * m->line_cap : 16;
		m->line = mem_realloc(m->line, (size_t)m->line_cap * sizeof(*m->line));
	}
	m->line[m->ply++] = m->seq;
	m->moved |= UINT64_C(1) << e->seat;
	m->offers[MATCH_TAKEBACK].by = -1;
	if (!(m->offers[MATCH_DRAW].by >= 0 && m->offers[MATCH_DRAW].agreed >> e->seat & 1))
		m->offers[MATCH_DRAW].by = -1;
}

/* What was agreed to may be asked again; what was said of a draw since then was never said. */
static int taken_back(struct match *m, const struct match_event *e)
{
	int64_t plies;

	if (slice_i64(e->text, 1, m->ply, &plies) < 0)
		return HEARTH_ECORRUPT;
	m->ply -= (int)plies;
	for (unsigned seat = 0; seat < m->seats; seat++) {
		m->offers[MATCH_TAKEBACK].asked[seat] = -1;
		if (m->offers[MATCH_DRAW].asked[seat] > m->ply)
			m->offers[MATCH_DRAW].asked[seat] = m->ply;
	}
	m->offers[MATCH_TAKEBACK].by = m->offers[MATCH_DRAW].by = -1;
	return 0;
}

static int ended(struct match *m, const struct match_event *e)
{
	m->over = true;
	m->clock.side = -1;
	m->offers[MATCH_TAKEBACK].by = m->offers[MATCH_DRAW].by = -1;
	memcpy(m->scores, e->scores, sizeof(m->scores));
	snprintf(m->status, sizeof(m->status), "%.*s", SLICE_ARG(e->text));
	snprintf(m->reason, sizeof(m->reason), "%.*s", SLICE_ARG(e->notation));
	m->ended_at = e->at_ms;
	return 0;
}

/* An event that may follow is added to the log, and what it means is so. */
static int happen(struct match *m, const struct match_event *e, const struct game_move *told)
{
	bool needs_seat = e->kind != MATCH_ENDED;

	if (m->over || e->seat >= (int)m->seats || (needs_seat && e->seat < 0) ||
		e->kind >= MATCH_EVENT_KINDS)
		return HEARTH_ECORRUPT;
	match_log_add(&m->log, e, told);
	m->seq = m->log.n;
	memcpy(m->clock.left_us, e->left_us, m->seats * sizeof(m->clock.left_us[0]));
	switch (e->kind) {
	case MATCH_MOVED: moved(m, e); return 0;
	case MATCH_DRAW_OFFERED: ask(&m->offers[MATCH_DRAW], e->seat, m->ply); return 0;
	case MATCH_TAKEBACK_OFFERED: ask(&m->offers[MATCH_TAKEBACK], e->seat, m->ply); return 0;
	case MATCH_DRAW_AGREED: m->offers[MATCH_DRAW].agreed |= UINT64_C(1) << e->seat; return 0;
	case MATCH_TAKEBACK_AGREED:
		m->offers[MATCH_TAKEBACK].agreed |= UINT64_C(1) << e->seat;
		return 0;
	case MATCH_DRAW_DECLINED: m->offers[MATCH_DRAW].by = -1; return 0;
	case MATCH_TAKEBACK_DECLINED: m->offers[MATCH_TAKEBACK].by = -1; return 0;
	case MATCH_TAKEN_BACK: return taken_back(m, e);
	case MATCH_ENDED: return ended(m, e);
	default: return 0; /* the end that follows says what came of it */
	}
}

int match_replay(struct match *m, const struct match_event *e)
{
	struct game_move *told;
	const char *why;
	int rc = 0;

	if (m->over || e->seat >= (int)m->seats || (e->kind == MATCH_MOVED && e->seat < 0))
		return HEARTH_ECORRUPT;
	told = e->kind == MATCH_MOVED ? match_told(m, e->seat, e->text) : NULL;
	if (e->kind == MATCH_MOVED && m->state)
		rc = m->rules->apply(m->state, (unsigned)e->seat, e->text, NULL, &why) < 0
			     ? HEARTH_ECORRUPT
			     : 0;
	if (rc == 0)
		rc = happen(m, e, told);
	if (rc == 0 && e->kind == MATCH_TAKEN_BACK && m->state)
		rc = match_state_at(m, m->ply, m->state);
	if (rc == 0 && m->state && (e->kind == MATCH_MOVED || e->kind == MATCH_TAKEN_BACK))
		match_note_turns(m, e->kind == MATCH_MOVED ? e->seat : -1);
	free(told);
	return rc;
}

/* ---- steps ---- */

void match_step_event(const struct match_step *step, int i, struct match_event *out)
{
	INVARIANT(i >= 0 && i < step->n);
	*out = (struct match_event){
		.kind = step->events[i], .seat = step->seat, .ply = step->ply, .at_ms = step->at_ms
	};
	memcpy(out->left_us, step->clock.left_us, sizeof(out->left_us));
	if (out->kind == MATCH_ENDED) {
		memcpy(out->scores, step->scores, sizeof(out->scores));
		out->text = slice_str(step->status);
		out->notation = slice_str(step->reason);
		return;
	}
	out->text = slice_str(step->move.text);
	out->notation = slice_str(step->move.notation);
	if (out->kind == MATCH_MOVED)
		out->turn = step->turn;
	/* An offer behind a move has no text of its own. */
	else if (i > 0 && step->events[0] == MATCH_MOVED)
		out->text = out->notation = (struct slice){ 0 };
}

void match_take(struct match *m, struct match_step *step, int64_t now_us)
{
	INVARIANT(!m->over && step->seq == m->seq && m->seq == m->log.n && step->n > 0);
	INVARIANT(step->ends == (step->status[0] != 0));
	m->clock = step->clock;
	for (int i = 0; i < step->n; i++) {
		struct match_event e;
		int rc;

		match_step_event(step, i, &e);
		rc = happen(m, &e, step->told && e.kind == MATCH_MOVED ? step->told : NULL);
		INVARIANT(rc == 0);
	}
	INVARIANT(m->ply == step->ply && m->over == step->ends);
	if (step->state) {
		leave_room(m);
		m->state = step->state;
		step->state = NULL;
		match_note_turns(m, step->events[0] == MATCH_MOVED ? step->seat : -1);
		strbuf_free(&m->position);
		m->position = step->position;
		step->position = (struct strbuf){ 0 };
	}
	m->due_us = step->due_us;
	if (m->over && m->rated)
		memcpy(m->ratings, step->ratings, sizeof(m->ratings));
	/* What the disk took is nobody's time: the other side hears of the move only now. */
	if (step->turns) {
		m->waiting_since_us = now_us;
		game_clock_start(&m->clock, m->clock.side, now_us);
	}
	match_step_clear(step);
}

void match_step_clear(struct match_step *step)
{
	free(step->state);
	free(step->told);
	strbuf_free(&step->position);
	*step = (struct match_step){ 0 };
}
