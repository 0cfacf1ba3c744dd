/*
 * match.c: making a match, who sits there, making a step so, and what time leaves (match.h). Pure; a
 * match grows with its moves, of which there are MATCH_PLY_MAX at most.
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

struct match *match_shell(int64_t id, const struct game_rules *rules)
{
	struct match *m = mem_zalloc(sizeof(*m));

	m->id = id;
	m->rules = rules;
	m->draw_offer = -1;
	m->clock.side = -1;
	match_set_word(m->status, "started");
	for (int seat = 0; seat < MATCH_SEATS; seat++) {
		m->offered_ply[seat] = -1;
		m->gone_since_us[seat] = MATCH_PRESENT;
	}
	return m;
}

struct match *match_new(int64_t id, const struct game_rules *rules, struct slice setup,
	const uint8_t seed[GAME_SEED_SIZE], const int64_t accounts[MATCH_SEATS],
	const char *const names[MATCH_SEATS], int64_t limit_ms, int64_t increment_ms,
	int64_t now_us, const char **why)
{
	struct match *m = match_shell(id, rules);
	struct game_control control;

	INVARIANT(rules->seats_min <= MATCH_SEATS && rules->seats_max >= MATCH_SEATS);
	m->state = mem_zalloc(rules->state_size);
	m->limit_ms = limit_ms;
	m->waiting_since_us = now_us;
	control = game_control_fischer(limit_ms, increment_ms);
	game_clock_init(&m->clock, &control, MATCH_SEATS);
	for (int seat = 0; seat < MATCH_SEATS; seat++) {
		m->accounts[seat] = accounts[seat];
		m->names[seat] = mem_strdup(slice_str(names[seat]));
	}
	if (rules->init(m->state, MATCH_SEATS, setup, seed, why) < 0)
		match_free(&m);
	else
		match_look(m);
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
	for (int seat = 0; seat < MATCH_SEATS; seat++)
		free(m->names[seat]);
	strbuf_free(&m->notation);
	strbuf_free(&m->uci);
	strbuf_free(&m->position);
	free(m->state);
	free(m);
	*mp = NULL;
}

int match_seat(const struct match *m, int64_t account)
{
	for (int seat = 0; seat < MATCH_SEATS; seat++)
		if (m->accounts[seat] == account)
			return seat;
	return -1;
}

void match_forget(struct match *m, int seat)
{
	INVARIANT(seat >= 0 && seat < MATCH_SEATS);
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

	for (int seat = 0; seat < MATCH_SEATS; seat++)
		if (seats & UINT64_C(1) << seat)
			return seat;
	return -1;
}

int match_turn(const struct match *m)
{
	return m->over ? -1 : match_turn_in(m, m->state);
}

int64_t match_time_left_us(const struct match *m, int64_t first_move_us, int64_t now_us)
{
	int64_t waited;

	if (m->over)
		return -1;
	if (m->clock.side >= 0)
		return game_clock_flag_in_us(&m->clock, now_us);
	waited = now_us - m->waiting_since_us;
	return waited < first_move_us ? first_move_us - waited : 0;
}

static void add_word(struct strbuf *words, struct slice word)
{
	if (words->n)
		strbuf_addc(words, ' ');
	strbuf_add(words, word);
}

void match_note(struct match *m, struct slice text, struct slice notation)
{
	add_word(&m->uci, text);
	add_word(&m->notation, notation);
}

static void leave_room(struct match *m)
{
	if (m->room && !m->room->state)
		*m->room = (struct match_room){ m->state, m->rules };
	else
		free(m->state);
}

void match_take(struct match *m, struct match_step *step, int64_t now_us)
{
	INVARIANT(!m->over && step->ply == m->ply + step->is_move);
	INVARIANT(!step->is_move == !step->state && step->ends == (step->status[0] != 0));
	if (step->is_move) {
		leave_room(m);
		m->state = step->state;
		step->state = NULL;
		strbuf_free(&m->position);
		m->position = step->position;
		step->position = (struct strbuf){ 0 };
		m->ply = step->ply;
		m->waiting_since_us = now_us;
		m->due_us = step->due_us;
		memcpy(m->last, step->move.text, sizeof(m->last));
		match_note(m, slice_str(step->move.text), slice_str(step->move.notation));
	}
	m->draw_offer = step->ends ? -1 : step->draw_offer;
	memcpy(m->offered_ply, step->offered_ply, sizeof(m->offered_ply));
	m->clock = step->clock;
	/* What the disk took is nobody's time: the other side hears of the move only now. */
	if (step->is_move && m->clock.side >= 0)
		game_clock_start(&m->clock, m->clock.side, now_us);
	if (step->ends) {
		m->over = true;
		memcpy(m->scores, step->scores, sizeof(m->scores));
		memcpy(m->status, step->status, sizeof(m->status));
		memcpy(m->reason, step->reason, sizeof(m->reason));
	}
	match_step_clear(step);
}

void match_step_clear(struct match_step *step)
{
	free(step->state);
	strbuf_free(&step->position);
	*step = (struct match_step){ 0 };
}

int match_replay(struct match *m, struct slice text, struct slice notation)
{
	int seat = match_turn_in(m, m->state); /* also of a match that is over */
	const char *why;

	if (seat < 0 || m->rules->apply(m->state, (unsigned)seat, text, NULL, &why) < 0)
		return HEARTH_ECORRUPT;
	match_note(m, text, notation);
	return 0;
}

int64_t match_due_us(const struct match *m, int64_t first_move_us)
{
	if (m->over)
		return INT64_MAX;
	if (m->clock.side >= 0)
		return m->clock.started_us + game_clock_room_us(&m->clock);
	return m->waiting_since_us + first_move_us;
}

int64_t match_step_due_us(const struct match_step *step, int64_t first_move_us, int64_t now_us)
{
	if (step->ends)
		return INT64_MAX;
	return now_us + (step->clock.side >= 0 ? game_clock_room_us(&step->clock) : first_move_us);
}
