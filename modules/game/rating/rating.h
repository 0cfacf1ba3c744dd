/*
 * rating.h: how strong somebody is in one game at one speed: Glicko-2 with the numbers that Lichess
 * plays by, a game at a time. Between games a rating grows uncertain, by the day. Pure; times are the
 * caller's, on the wall.
 */
#ifndef GAME_RATING_H
#define GAME_RATING_H

#include <stdbool.h>
#include <stdint.h>

#include "rating/glicko2.h"

#define RATING_START         1500.0
#define RATING_MIN           400.0
#define RATING_MAX           4000.0
#define RATING_DEVIATION_MIN 45.0
#define RATING_DEVIATION_MAX 500.0 /* and at first */
#define RATING_PROVISIONAL   110.0 /* from that deviation on it is shown with a question mark */
#define RATING_CHANGE_MAX    700.0 /* by one game */

struct rating {
	struct glicko glicko; /* as it was behind the latest game */
	int64_t games;
	int64_t latest_ms; /* when that was; 0: there was none */
};

void rating_init(struct rating *r);
/* Brings what was read from elsewhere within the bounds; what is no number becomes a first rating. */
void rating_bound(struct rating *r);
/* How uncertain it is now. */
double rating_deviation(const struct rating *r, int64_t now_ms);
bool rating_provisional(const struct rating *r, int64_t now_ms);
/*
 * Two have played: `score` is the first one's, in half points, 0 to 2. Both change by what both were
 * before.
 */
void rating_play(struct rating *first, struct rating *second, int score, int64_t now_ms);

#endif
