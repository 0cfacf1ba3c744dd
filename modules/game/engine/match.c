/*
 * match.c: making a match, who sits there, what is on the board, and what time leaves (match.h). Pure.
 */
#include "engine/match.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"

void match_set_word(char out[MATCH_WORD_MAX], const char *word)
{
	snprintf(out, MATCH_WORD_MAX, "%s", word);
}

struct match *match_shell(int64_t id, const struct game_rules *rules, unsigned seats)
{
	struct match *m = mem_zalloc(sizeof(*m));

	INVARIANT(seats >= rules->seats_min && seats <= rules->seats_max);
	m->id = id;
	m->rules = rules;
	m->seats = m->log.seats = seats;
	m->clock.seats = (int)seats;
	m->clock.side = -1;
	match_set_word(m->status, "started");
	for (int kind = 0; kind < MATCH_OFFERS; kind++)
		m->offers[kind].by = -1;
	for (int seat = 0; seat < GAME_SEATS_MAX; seat++) {
		for (int kind = 0; kind < MATCH_OFFERS; kind++)
			m->offers[kind].asked[seat] = -1;
		m->gone_since_us[seat] = MATCH_PRESENT;
	}
	return m;
}

void match_begin(struct match *m, int64_t now_us)
{
	m->waiting_since_us = now_us;
	game_clock_start(&m->clock, -1, now_us);
}

int match_set_up(struct match *m)
{
	const char *why;

	INVARIANT(!m->state && m->setup);
	m->state = mem_zalloc(m->rules->state_size);
	if (m->rules->init(m->state, m->seats, slice_str(m->setup), m->seed, &why) < 0)
		return HEARTH_ECORRUPT;
	match_note_turns(m, -1);
	return 0;
}

struct match *match_new(
	int64_t id, const struct match_start *start, int64_t now_us, const char **why)
{
	struct match *m = match_shell(id, start->rules, start->seats);

	m->setup = mem_strdup(start->setup);
	memcpy(m->seed, start->seed, sizeof(m->seed));
	m->rated = start->rated;
	game_clock_init(&m->clock, &start->control, (int)m->seats);
	match_begin(m, now_us);
	for (unsigned seat = 0; seat < m->seats; seat++) {
		m->accounts[seat] = start->accounts[seat];
		m->names[seat] = mem_strdup(slice_str(start->names[seat]));
	}
	m->state = mem_zalloc(m->rules->state_size);
	if (m->rules->init(m->state, m->seats, start->setup, m->seed, why) < 0)
		match_free(&m);
	if (m) {
		match_note_turns(m, -1);
		match_look(m);
	}
	return m;
}

void match_look(struct match *m)
{
	strbuf_reset(&m->position);
	INVARIANT(m->state);
	m->rules->view(m->state, GAME_VIEWER_PUBLIC, &m->position);
}

void match_free(struct match **mp)
{
	struct match *m = *mp;

	if (!m)
		return;
	for (unsigned seat = 0; seat < m->seats; seat++)
		free(m->names[seat]);
	match_log_free(&m->log);
	strbuf_free(&m->position);
	free(m->line);
	free(m->last);
	free(m->setup);
	free(m->state);
	free(m);
	*mp = NULL;
}

/* ---- seats ---- */

int match_seat(const struct match *m, int64_t account)
{
	for (unsigned seat = 0; seat < m->seats; seat++)
		if (m->accounts[seat] == account)
			return (int)seat;
	return -1;
}

void match_forget(struct match *m, int seat)
{
	INVARIANT(seat >= 0 && seat < (int)m->seats);
	m->accounts[seat] = 0;
	memset(m->names[seat], 0, strlen(m->names[seat]));
}

int match_empty_seat(const struct match *m)
{
	return match_seat(m, 0);
}

const char *match_name(const struct match *m, int seat, char room[ACCOUNTS_NAME_ROOM])
{
	if (m->accounts[seat] == 0)
		return "deleted account";
	if (m->names[seat][0])
		return m->names[seat];
	accounts_nameless(m->accounts[seat], room);
	return room;
}

int match_turn_in(const struct match *m, const void *state)
{
	uint64_t seats = m->rules->to_move(state);

	return seats ? __builtin_ctzll(seats) : -1;
}

bool match_is_turn(const struct match *m, int seat)
{
	return !m->over && seat >= 0 && m->rules->to_move(m->state) >> seat & 1;
}

void match_note_turns(struct match *m, int mover)
{
	uint64_t seats = m->rules->to_move(m->state);

	for (int seat = 0; seat < (int)m->seats; seat++) {
		if (!(seats >> seat & 1))
			m->turn_at[seat] = -1;
		else if (m->turn_at[seat] < 0 || seat == mover || mover < 0)
			m->turn_at[seat] = m->ply;
	}
}

/* Whether all that happened behind this event is that others have moved. */
static bool others_moved(const struct match *m, int seat, int seq)
{
	for (; seq < m->seq; seq++) {
		const struct match_entry *e = &m->log.entries[seq];

		if (e->kind != MATCH_MOVED || e->seat == seat)
			return false;
	}
	return true;
}

bool match_stands(const struct match *m, int seat, int ply, int seq)
{
	int at = m->turn_at[seat];
	int turn_ply = at < 0 ? m->ply : at;
	int turn_seq = at < 0 ? m->seq : at > 0 ? m->line[at - 1] : 0;

	return (ply < 0 || (ply >= turn_ply && ply <= m->ply)) &&
	       (seq < 0 || seq == m->seq ||
		       (seq >= turn_seq && seq < m->seq && others_moved(m, seat, seq)));
}

bool match_begun(const struct match *m)
{
	return m->moved == (UINT64_C(1) << m->seats) - 1;
}

int match_winner(const struct match *m)
{
	return game_winner(m->scores, m->seats);
}

int match_rival(const struct match *m, int seat)
{
	return m->seats == 2 && seat >= 0 ? 1 - seat : -1;
}

/* ---- the board ---- */

void match_line(const struct match *m, int viewer, bool notation, struct strbuf *out)
{
	struct match_event e;

	for (int i = 0; i < m->ply; i++) {
		match_log_get(&m->log, m->line[i], viewer, &e);
		if (i > 0)
			strbuf_addc(out, ' ');
		if (notation ? e.notation.n : e.text.n)
			strbuf_add(out, notation ? e.notation : e.text);
		else
			strbuf_addc(out, '?');
	}
}

struct slice match_last(const struct match *m, int viewer)
{
	struct match_event e;

	if (m->last)
		return slice_str(m->last);
	if (m->ply == 0)
		return (struct slice){ 0 };
	match_log_get(&m->log, m->line[m->ply - 1], viewer, &e);
	return e.text;
}

/* ---- time ---- */

/* Who plays by the day has a day for the first move too, or as many. */
static int64_t first_move(const struct match *m, int64_t first_move_us)
{
	switch (m->clock.control.kind) {
	case GAME_CORRESPONDENCE: return m->clock.left_us[0];
	case GAME_UNLIMITED: return MATCH_IDLE_US;
	default: return first_move_us;
	}
}

/* Whose clock runs has no end of time, but must not be waited for for ever. */
static bool is_idle(const struct match *m)
{
	return m->clock.side >= 0 && m->clock.control.kind == GAME_UNLIMITED;
}

int64_t match_time_left_us(const struct match *m, int64_t first_move_us, int64_t now_us)
{
	int64_t waited;

	if (m->over)
		return -1;
	if (m->clock.side >= 0 && !is_idle(m))
		return game_clock_flag_in_us(&m->clock, now_us);
	first_move_us = first_move(m, first_move_us);
	waited = now_us - m->waiting_since_us;
	return waited < first_move_us ? first_move_us - waited : 0;
}

int64_t match_due_us(const struct match *m, int64_t first_move_us)
{
	if (m->over)
		return INT64_MAX;
	if (m->clock.side >= 0 && !is_idle(m))
		return m->clock.started_us + game_clock_room_us(&m->clock);
	return m->waiting_since_us + first_move(m, first_move_us);
}

int64_t match_step_due_us(
	const struct match *m, const struct match_step *step, int64_t first_move_us, int64_t now_us)
{
	if (step->ends)
		return INT64_MAX;
	if (!step->turns)
		return match_due_us(m, first_move_us);
	if (step->clock.side >= 0 && step->clock.control.kind != GAME_UNLIMITED)
		return now_us + game_clock_room_us(&step->clock);
	return now_us + first_move(m, first_move_us);
}
