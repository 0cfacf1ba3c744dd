/*
 * match.c: see match.h.
 */
#include "engine/match.h"

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

struct match *match_shell(int64_t id, const struct game_rules *rules)
{
	struct match *m = mem_zalloc(sizeof(*m));

	m->id = id;
	m->rules = rules;
	m->draw_offer = -1;
	m->winner = GAME_NOBODY;
	m->clock.side = -1;
	set_word(m->status, "started");
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

	m->state = mem_zalloc(rules->state_size);
	m->limit_ms = limit_ms;
	m->waiting_since_us = now_us;
	game_clock_init(&m->clock, limit_ms, increment_ms);
	for (int seat = 0; seat < MATCH_SEATS; seat++) {
		m->accounts[seat] = accounts[seat];
		m->names[seat] = mem_strdup(slice_str(names[seat]));
	}
	if (rules->init(m->state, setup, seed, why) < 0)
		match_free(&m);
	else
		match_look(m);
	return m;
}

void match_look(struct match *m)
{
	strbuf_reset(&m->position);
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

/* A step that changes nothing yet. */
static void begin(const struct match *m, struct match_step *step)
{
	*step = (struct match_step){
		.ply = m->ply, .clock = m->clock, .draw_offer = m->draw_offer, .winner = GAME_NOBODY
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

/* Whether the match goes on, and the seat's time too; else *why. */
static int may_move(const struct match *m, int64_t now_us, const char **why)
{
	if (!m->over && !game_clock_out(&m->clock, now_us))
		return 0;
	*why = m->over ? "the match is over" : "the time is over";
	return HEARTH_EDENIED;
}

/* Who moves answers the other's offer with no; the own one stands (FIDE 9.1.2.1). */
static void step_offer(struct match_step *step, int seat, int ply, bool offers)
{
	if (step->draw_offer == 1 - seat)
		step->draw_offer = -1;
	if (offers) {
		step->offers = true;
		step->draw_offer = seat;
		step->offered_ply[seat] = ply;
	}
}

int match_try_move(const struct match *m, int seat, struct slice text, bool draw, int64_t now_us,
	struct match_step *step, const char **why)
{
	struct game_result result;
	int rc = may_move(m, now_us, why);

	if (rc < 0)
		return rc;
	if (draw && text.n && m->rules->claim(m->state, (unsigned)seat, text, &result, why) == 0) {
		begin_end(m, now_us, step);
		end_step(step, result.winner, result.status, result.reason);
		return 0;
	}
	begin(m, step);
	step->is_move = true;
	step->ply = m->ply + 1;
	step->state = mem_alloc(m->rules->state_size);
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
	begin_end(m, now_us, step);
	end_step(step, GAME_NOBODY, "aborted", seat ? "aborted by black" : "aborted by white");
}

int match_try_abort(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why)
{
	int rc = goes_on(m, why);

	if (rc < 0)
		return rc;
	if (m->ply >= FREE_PLIES) {
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
	if (m->ply < FREE_PLIES) {
		abort_step(m, seat, now_us, step);
		return 0;
	}
	begin_end(m, now_us, step);
	end_step(step, winner_against(m, seat), "resign", "resignation");
	return 0;
}

int match_try_draw(
	const struct match *m, int seat, int64_t now_us, struct match_step *step, const char **why)
{
	struct game_result result;
	int rc = may_move(m, now_us, why);

	if (rc < 0)
		return rc;
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
	if (rc == 0 && m->draw_offer != 1 - seat) {
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
	int64_t since_us = m->gone_since_us[1 - seat];

	if (m->over || m->ply < FREE_PLIES || since_us == MATCH_PRESENT)
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
		end_step(step, GAME_NOBODY, "draw", "the opponent left");
	else
		end_step(step, winner_against(m, 1 - seat), "timeout", "the opponent left");
	return 0;
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

void match_take(struct match *m, struct match_step *step, int64_t now_us)
{
	if (step->is_move) {
		free(m->state);
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
		m->winner = step->winner;
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
	int seat = match_turn(m);
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
		return m->clock.started_us + m->clock.left_us[m->clock.side];
	return m->waiting_since_us + first_move_us;
}

int64_t match_step_due_us(const struct match_step *step, int64_t first_move_us, int64_t now_us)
{
	if (step->ends)
		return INT64_MAX;
	return now_us +
	       (step->clock.side >= 0 ? step->clock.left_us[step->clock.side] : first_move_us);
}
