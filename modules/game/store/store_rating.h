/*
 * store_rating.h: how strong accounts are, a row for each game and speed (table `rating`), and what
 * the players of a rated match were rated before and behind it (in its rows of `seat`). Inside a db_fn
 * on the database "game". Numbers are whole ones: rating and deviation in GLICKO_STEP, volatility in
 * GLICKO_VOLATILITY_STEP.
 */
#ifndef GAME_STORE_RATING_H
#define GAME_STORE_RATING_H

#include "engine/match.h"
#include "engine/speed.h"
#include "hearth/db.h"
#include "rating/rating.h"

/*
 * What an account is rated in games from this setup (game_rules_rating; where those are never rated, in
 * those from the usual start); where there is none yet a first rating.
 */
int game_store_rating(struct db_tx *tx, int64_t account, const struct game_rules *rules,
	struct slice setup, enum game_speed speed, struct rating *out);

/* A rating that an account has, for a list. `game` is as the rules call it, valid during the call. */
struct game_rated {
	struct slice game;
	enum game_speed speed;
	struct rating rating;
};
/* All of an account, by game and speed; as many as there are games times GAME_SPEEDS. */
int game_store_ratings(struct db_tx *tx, int64_t account,
	int (*each)(void *arg, const struct game_rated *r), void *arg);

/* A rated match that was just stored: what its players are rated now is put down with their seats. */
int game_store_rated_start(struct db_tx *tx, int64_t match, const struct game_rules *rules,
	struct slice setup, enum game_speed speed, int64_t now_ms,
	struct match_rating shown[GAME_SEATS_MAX]);
/*
 * A rated match of two has ended with these scores (in half points): both change, in the transaction
 * of the end, and `shown` says what to. Nothing changes where one of them is gone.
 */
int game_store_rate(struct db_tx *tx, const struct match *m, const int scores[GAME_SEATS_MAX],
	int64_t now_ms, struct match_rating shown[GAME_SEATS_MAX]);
/* A rating as it lies in a row of `seat` (NULL: unrated, NULL: not over yet), to be shown. */
struct match_rating game_rating_shown(
	struct db_rows *rows, int rating_column, int deviation_column, int after_column);
/* An account is gone. */
int game_store_ratings_forget(struct db_tx *tx, int64_t account);

#endif
