/*
 * store.h: every SQL statement of the game module. Inside a db_fn on the database "game".
 *
 * A match is a row and its moves; the state itself is never stored: the moves are the match.
 */
#ifndef GAME_STORE_H
#define GAME_STORE_H

#include "hearth/db.h"
#include "match.h"

extern const char *const game_migrations[];

/* What a match is made of. Slices stay the caller's. */
struct game_match_row {
	int64_t id;
	const char *rules;
	struct slice setup;
	uint8_t seed[GAME_SEED_SIZE];
	int64_t accounts[MATCH_SEATS];
	char names[MATCH_SEATS][256];
	int64_t limit_ms, increment_ms;
	int64_t started_at;          /* wall, ms */
	bool completes[MATCH_SEATS]; /* out of game_store_add: as struct match has it */
	bool over;
	int winner;
	char status[MATCH_WORD_MAX], reason[MATCH_WORD_MAX];
};

/*
 * Adds a match, gives it its id, and publishes "game.started". HEARTH_EDENIED: a player's account
 * was deleted meanwhile.
 */
int game_store_add(struct db_tx *tx, struct game_match_row *row);
/*
 * Adds what a step says: its move, and when it ends the match also the result, with "game.ended".
 * HEARTH_EEXIST when a move of this ply is there already: it was played.
 */
int game_store_step(struct db_tx *tx, int64_t match, const struct match_step *step, int64_t now_ms);

/* One match; HEARTH_ENOTFOUND. The setup's slice is in the arena. */
int game_store_get(struct db_tx *tx, int64_t id, struct arena *a, struct game_match_row *out);
/* Its moves in order, with the time the mover had left behind each. */
int game_store_moves(struct db_tx *tx, int64_t match,
	int (*each)(void *arg, struct slice text, int64_t left_us), void *arg);
/* The ids of the matches that are going on, all or an account's; of an account's, latest first. */
int game_store_live(struct db_tx *tx, int (*each)(void *arg, int64_t id), void *arg);
int game_store_live_of_account(
	struct db_tx *tx, int64_t account, int (*each)(void *arg, int64_t id), void *arg);
int game_store_of_account(struct db_tx *tx, int64_t account, int64_t limit,
	int (*each)(void *arg, int64_t id), void *arg);

/*
 * Builds the match from its row and moves, its clock stopped. HEARTH_ENOTFOUND, HEARTH_ECORRUPT,
 * HEARTH_EUNSUPPORTED (rules that are not in this build).
 */
int game_store_load(struct db_tx *tx, int64_t id, struct match **out);

/*
 * An account is gone: its seats are nobody's (account 0, no name), and no match is added for it
 * any more. Its matches that are going on are for the shards to end.
 */
int game_store_forget(struct db_tx *tx, int64_t account);

/* The rules of this name, or NULL. Any thread. */
const struct game_rules *game_rules_find(const char *id);

#endif
