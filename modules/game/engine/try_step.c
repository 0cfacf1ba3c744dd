/*
 * try_step.c: what the steps of try.c and try_offer.c are made of (try_private.h): how one begins, the ends
 * it can bring, and who may take any. Pure, and the cost is that of the seats.
 */
#include "engine/try_private.h"
#include "hearth/error.h"
#include "hearth/log.h"

/* A step of one seat (-1: time) that changes nothing yet. */
void try_begin(const struct match *m, int seat, struct match_step *step)
{
	*step = (struct match_step){
		.seq = m->seq, .ply = m->ply, .seat = seat, .clock = m->clock
	};
}

void try_add(struct match_step *step, enum match_event_kind kind)
{
	INVARIANT(step->n < MATCH_STEP_MAX);
	step->events[step->n++] = kind;
}

/* A step that ends the match without a move: by what somebody does, or (MATCH_ENDED) by itself. */
void try_begin_end(const struct match *m, int seat, enum match_event_kind kind, int64_t now_us,
	struct match_step *step)
{
	try_begin(m, seat, step);
	if (kind != MATCH_ENDED)
		try_add(step, kind);
	game_clock_stop(&step->clock, now_us);
}

void try_end(struct match_step *step, const int scores[GAME_SEATS_MAX], const char *status,
	const char *reason)
{
	try_add(step, MATCH_ENDED);
	step->ends = true;
	memcpy(step->scores, scores, sizeof(step->scores));
	match_set_word(step->status, status);
	match_set_word(step->reason, reason);
}

void try_end_drawn(const struct match *m, struct match_step *step, const char *reason)
{
	int scores[GAME_SEATS_MAX];

	game_score(scores, m->seats, GAME_NOBODY);
	try_end(step, scores, "draw", reason);
}

/* Nobody scores anything. */
void try_end_aborted(struct match_step *step, const char *reason)
{
	try_end(step, (const int[GAME_SEATS_MAX]){ 0 }, "aborted", reason);
}

static bool can_win(const struct match *m, unsigned seat)
{
	return !m->rules->can_win || m->rules->can_win(m->state, seat);
}

/*
 * What a match is worth when one gives in: the others have won, who could have; where that is nobody
 * it is drawn, and where it is several they have drawn among themselves.
 */
void try_end_against(const struct match *m, int loser, struct match_step *step, const char *status,
	const char *reason)
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
	try_end(step, scores, status, reason);
}

/* The same for who may say that all others have given in. */
void try_end_for(const struct match *m, int winner, struct match_step *step, const char *status,
	const char *reason)
{
	int scores[GAME_SEATS_MAX];

	game_score(scores, m->seats, can_win(m, (unsigned)winner) ? winner : GAME_NOBODY);
	try_end(step, scores, status, reason);
}

int try_goes_on(const struct match *m, const char **why)
{
	if (m->over)
		*why = "the match is over";
	return m->over ? HEARTH_EDENIED : 0;
}

/* Whether the match goes on, and the seat's time too; else *why. */
int try_may_move(const struct match *m, int64_t now_us, int64_t lag_us, const char **why)
{
	int rc = try_goes_on(m, why);

	if (rc == 0 && game_clock_out(&m->clock, now_us, lag_us)) {
		*why = "the time is over";
		rc = HEARTH_EDENIED;
	}
	return rc;
}
