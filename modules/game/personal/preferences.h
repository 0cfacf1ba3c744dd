/*
 * preferences.h: what games keep of a person's preferences (event "auth.preferences.changed"): the
 * clock of a seek that names none, and whether their moves are completed (a pawn becomes a queen).
 */
#ifndef GAME_PREFERENCES_H
#define GAME_PREFERENCES_H

#include "game.h"

/* A row. */
struct game_preferences {
	int64_t account, version; /* of the preferences; 0: nothing was chosen */
	int64_t base_s;           /* 0: no clock was chosen */
	int64_t increment_s;
	bool auto_queen;
};

/* The subscription (bus.h). */
int game_preferences_prepare(
	void *module, const struct bus_event *ev, struct arena *a, void **prepared);
int game_preferences_apply(
	void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
/* Matches that are going on hear of it. */
void game_preferences_changed(void *module, const struct bus_event *ev);

/* ---- store_preferences.c; inside a db_fn on the database "game" ---- */

/* All zero but the account when there is no row. */
int game_store_preferences(struct db_tx *tx, int64_t account, struct game_preferences *out);
/* Which of the players want their moves made whole. */
int game_store_completes(struct db_tx *tx, unsigned seats, const int64_t accounts[GAME_SEATS_MAX],
	bool completes[GAME_SEATS_MAX]);
/* Unless a later version is there already, or the account is gone. */
int game_store_set_preferences(struct db_tx *tx, const struct game_preferences *p);
int game_store_forget_preferences(struct db_tx *tx, int64_t account);

#endif
