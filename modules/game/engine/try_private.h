/*
 * try_private.h: what try.c and try_offer.c make their steps of. All of it pure (match.h).
 */
#ifndef GAME_TRY_PRIVATE_H
#define GAME_TRY_PRIVATE_H

#include "engine/match.h"

/* A step of one seat (-1: time) that changes nothing yet; and one more event in it. */
void try_begin(const struct match *m, int seat, struct match_step *step);
void try_add(struct match_step *step, enum match_event_kind kind);
/* A step that ends the match without a move: by what somebody does, or (MATCH_ENDED) by itself. */
void try_begin_end(const struct match *m, int seat, enum match_event_kind kind, int64_t now_us,
	struct match_step *step);

/* The end that a step brings: with these scores, … */
void try_end(struct match_step *step, const int scores[GAME_SEATS_MAX], const char *status,
	const char *reason);
void try_end_drawn(const struct match *m, struct match_step *step, const char *reason);
/* … nobody scoring anything, … */
void try_end_aborted(struct match_step *step, const char *reason);
/* … what a match is worth when one gives in, and when all others have. */
void try_end_against(const struct match *m, int loser, struct match_step *step, const char *status,
	const char *reason);
void try_end_for(const struct match *m, int winner, struct match_step *step, const char *status,
	const char *reason);

/* Whether the match goes on; and the seat's time too. HEARTH_EDENIED, with *why. */
int try_goes_on(const struct match *m, const char **why);
int try_may_move(const struct match *m, int64_t now_us, int64_t lag_us, const char **why);

/*
 * A draw claimed by the position (empty text), or by a move about to be made. HEARTH_EDENIED, with *why,
 * when it is none.
 */
int try_may_ask(
	const struct match *m, enum match_offer_kind kind, int seat, int ply, const char **why);
int try_claim(const struct match *m, int seat, struct slice text, int64_t now_us,
	struct match_step *step, const char **why);

#endif
