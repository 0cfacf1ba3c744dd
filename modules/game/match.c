/*
 * match.c: see match.h.
 */
#include "match.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/error.h"

/* The clock runs once each side has made its first move. */
#define FREE_PLIES MATCH_SEATS

static void set_word(char out[MATCH_WORD_MAX], const char *word)
{
	snprintf(out, MATCH_WORD_MAX, "%s", word);
}

struct match *match_new(int64_t id, const struct game_rules *rules, struct slice setup,
	const uint8_t seed[GAME_SEED_SIZE], const int64_t accounts[MATCH_SEATS],
	const char *const names[MATCH_SEATS], int64_t limit_ms, int64_t increment_ms,
	int64_t now_us, const char **why)
{
	struct match *m = mem_zalloc(sizeof(*m));

	m->id = id;
	m->rules = rules;
	m->state = mem_zalloc(rules->state_size);
	m->draw_offer = -1;
	m->winner = GAME_NOBODY;
	m->waiting_since_us = now_us;
	set_word(m->status, "started");
	game_clock_init(&m->clock, limit_ms, increment_ms);
	for (int seat = 0; seat < MATCH_SEATS; seat++) {
		m->accounts[seat] = accounts[seat];
		m->names[seat] = mem_strdup(slice_str(names[seat]));
	}
	if (rules->init(m->state, setup, seed, why) < 0)
		match_free(&m);
	return m;
}

void match_free(struct match **mp)
{
	struct match *m = *mp;

	if (!m)
		return;
	for (int seat = 0; seat < MATCH_SEATS; seat++)
		free(m->names[seat]);
	strbuf_free(&m->notation);
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
	m->accounts[seat] = 0;
	memset(m->names[seat], 0, strlen(m->names[seat]));
}

int match_empty_seat(const struct match *m)
{
	return match_seat(m, 0);
}

const char *match_name(const struct match *m, int seat)
{
	return m->names[seat][0] ? m->names[seat] : "deleted account";
}

int match_turn(const struct match *m)
{
	uint64_t seats = m->over ? 0 : m->rules->to_move(m->state);

	return seats & 1 ? 0 : seats & 2 ? 1 : -1;
}

static void end_step(struct match_step *step, int winner, const char *status, const char *reason)
{
	step->ends = true;
	step->winner = winner;
	set_word(step->status, status);
	set_word(step->reason, reason);
}

/* A step that ends the match without a move. */
static void begin_end(const struct match *m, int64_t now_us, struct match_step *step)
{
	*step = (struct match_step){ .ply = m->ply, .clock = m->clock, .winner = GAME_NOBODY };
	game_clock_stop(&step->clock, now_us);
}

/* The winner when `loser` gives in: nobody, when the other side could not have won. */
static int winner_against(const struct match *m, int loser)
{
	int other = 1 - loser;

	return m->rules->can_win(m->state, (unsigned)other) ? other : GAME_NOBODY;
}

/* The clock after a move: pressed when it runs, started once both have moved. */
static void step_clock(const struct match *m, struct match_step *step, int64_t now_us)
{
	step->clock = m->clock;
	if (step->clock.side >= 0)
		step->used_us = game_clock_press(&step->clock, now_us);
	else if (step->ply >= FREE_PLIES)
		game_clock_start(&step->clock, step->ply % MATCH_SEATS, now_us);
	if (step->ends)
		step->clock.side = -1;
}

/* What the position after the move means for the match. */
static void step_outcome(const struct match *m, struct match_step *step)
{
	struct game_result result;

	m->rules->outcome(step->state, &result);
	if (result.over)
		end_step(step, result.winner, result.status, result.reason);
	else if (step->ply >= MATCH_PLY_MAX)
		end_step(step, GAME_NOBODY, "draw", "too many moves");
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

int match_try_move(const struct match *m, int seat, struct slice text, int64_t now_us,
	struct match_step *step, const char **why)
{
	int rc;

	if (m->over) {
		*why = "the match is over";
		return HEARTH_EDENIED;
	}
	if (game_clock_out(&m->clock, now_us)) {
		*why = "the time is over";
		return HEARTH_EDENIED;
	}
	*step = (struct match_step){ .is_move = true, .ply = m->ply + 1, .winner = GAME_NOBODY };
	step->state = mem_alloc(m->rules->state_size);
	memcpy(step->state, m->state, m->rules->state_size);
	rc = apply_move(m, seat, text, step, why);
	if (rc < 0) {
		match_step_clear(step);
		return rc;
	}
	step_outcome(m, step);
	step_clock(m, step, now_us);
	return 0;
}

int match_try_resign(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why)
{
	if (m->over) {
		*why = "the match is over";
		return HEARTH_EDENIED;
	}
	begin_end(m, now_us, step);
	end_step(step, winner_against(m, seat), "resign", "resignation");
	return 0;
}

int match_try_draw(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why)
{
	struct game_result result;

	if (m->over) {
		*why = "the match is over";
		return HEARTH_EDENIED;
	}
	if (m->draw_offer == 1 - seat) {
		begin_end(m, now_us, step);
		end_step(step, GAME_NOBODY, "draw", "agreement");
		return 0;
	}
	if (m->rules->claim(m->state, (unsigned)seat, (struct slice){ 0 }, &result, why) == 0) {
		begin_end(m, now_us, step);
		end_step(step, result.winner, result.status, result.reason);
		return 0;
	}
	return HEARTH_ENOTFOUND;
}

void match_offer_draw(struct match *m, int seat)
{
	m->draw_offer = seat;
}

int64_t match_time_left_us(const struct match *m, int64_t first_move_us, int64_t now_us)
{
	int64_t waited;

	if (m->over)
		return -1;
	if (m->clock.side >= 0)
		return game_clock_left_us(&m->clock, m->clock.side, now_us);
	waited = now_us - m->waiting_since_us;
	return waited < first_move_us ? first_move_us - waited : 0;
}

int match_try_time(
	const struct match *m, int64_t first_move_us, int64_t now_us, struct match_step *step)
{
	if (match_time_left_us(m, first_move_us, now_us) != 0)
		return HEARTH_ENOTFOUND;
	begin_end(m, now_us, step);
	if (m->clock.side >= 0)
		end_step(step, winner_against(m, m->clock.side), "outoftime", "time");
	else
		end_step(step, GAME_NOBODY, "aborted", "no first move");
	return 0;
}

static void add_notation(struct match *m, const char *text)
{
	if (m->notation.n)
		strbuf_addc(&m->notation, ' ');
	strbuf_adds(&m->notation, text);
}

void match_take(struct match *m, struct match_step *step, int64_t now_us)
{
	if (step->is_move) {
		free(m->state);
		m->state = step->state;
		step->state = NULL;
		m->ply = step->ply;
		m->draw_offer = -1;
		m->waiting_since_us = now_us;
		memcpy(m->last, step->move.text, sizeof(m->last));
		add_notation(m, step->move.notation);
	}
	m->clock = step->clock;
	/* What the disk took is nobody's time: the other side hears of the move only now. */
	if (step->is_move && m->clock.side >= 0)
		game_clock_start(&m->clock, m->clock.side, now_us);
	if (step->ends) {
		m->over = true;
		m->winner = step->winner;
		memcpy(m->status, step->status, sizeof(m->status));
		memcpy(m->reason, step->reason, sizeof(m->reason));
	}
	match_step_clear(step);
}

void match_step_clear(struct match_step *step)
{
	free(step->state);
	*step = (struct match_step){ 0 };
}

int match_replay(struct match *m, struct slice text, int64_t left_us)
{
	int seat = match_turn(m);
	struct game_move made;
	const char *why;

	if (seat < 0 || m->rules->apply(m->state, (unsigned)seat, text, &made, &why) < 0)
		return HEARTH_ECORRUPT;
	m->ply++;
	m->clock.left_us[seat] = left_us;
	memcpy(m->last, made.text, sizeof(m->last));
	add_notation(m, made.notation);
	return 0;
}

void match_resume(struct match *m, int64_t now_us)
{
	m->waiting_since_us = now_us;
	if (!m->over && m->ply >= FREE_PLIES)
		game_clock_start(&m->clock, match_turn(m), now_us);
}
