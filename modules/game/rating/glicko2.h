/*
 * glicko2.h: Glicko-2, a rating with its uncertainty (Mark Glickman, "Example of the Glicko-2 system",
 * 2013), with rating periods of any length, fractions too. Pure arithmetic: no bounds, no clock; those
 * are rating.h's.
 *
 * What comes out is rounded to GLICKO_STEP and GLICKO_VOLATILITY_STEP, so that machines whose exp and
 * log differ in the last bit agree all the same.
 */
#ifndef GAME_GLICKO2_H
#define GAME_GLICKO2_H

#define GLICKO_STEP            1e-4
#define GLICKO_VOLATILITY_STEP 1e-9

struct glicko {
	double rating;
	double deviation;  /* RD, above 0 */
	double volatility; /* sigma, above 0 */
};

/* A game: against whom, and the score, 0 to 1. */
struct glicko_game {
	struct glicko opponent;
	double score;
};

/*
 * Who played n games in this rating period, which lasted so many of the usual ones (0: nothing was
 * forgotten meanwhile). `tau` bounds how fast volatility changes: 0.3 to 1.2. Of n == 0 only the
 * deviation changes.
 */
struct glicko glicko_update(
	const struct glicko *r, const struct glicko_game *games, int n, double periods, double tau);
/* The deviation after so many periods without a game. */
double glicko_deviation_after(const struct glicko *r, double periods);
/* The score that is expected of `r` against an opponent. */
double glicko_expected(const struct glicko *r, const struct glicko *opponent);

#endif
