/*
 * lobby.h: who wants to play: seeks, and pairing them. On the loop.
 *
 * A seek is a wish of one connection and ends with it. Two seeks that want the same (rules, clock)
 * by different accounts are paired at once, oldest first; colours by lot. A match exists when its
 * row is on disk; only then do the players hear of it.
 */
#ifndef GAME_LOBBY_H
#define GAME_LOBBY_H

#include "game.h"

#define GAME_LIMIT_MIN_S     1
#define GAME_LIMIT_MAX_S     10800
#define GAME_INCREMENT_MAX_S 180

struct game_seek {
	uint64_t client;
	int64_t account;
	char name[256];
	const struct game_rules *rules;
	int64_t limit_ms, increment_ms;
	bool legal; /* frames with legal moves */
};

struct game_lobby *game_lobby_new(struct game *g);
void game_lobby_free(struct game_lobby **l);

/*
 * Adds a seek, in place of an earlier one of this connection; pairs it if it can. HEARTH_EBUSY when
 * too many are waiting.
 */
int game_lobby_seek(struct game_lobby *l, const struct game_seek *seek);
/* Takes the seek of this connection back, if there is one. */
void game_lobby_cancel(struct game_lobby *l, uint64_t client);

/* Takes back all seeks of an account. */
void game_lobby_forget(struct game_lobby *l, int64_t account);

#endif
