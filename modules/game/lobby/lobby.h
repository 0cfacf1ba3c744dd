/*
 * lobby.h: who wants to play: seeks, and pairing them. On the loop.
 *
 * A seek is made by a connection and ends with it, and belongs to the account: cancelling takes
 * back all of an account's, and a pair all that want the same, whichever connection had sought. Two
 * seeks that want the same (rules, clock) by different accounts are paired at once, with the newest
 * connection that waits; seats by lot. A match exists when its row is on disk; only then do the
 * players hear of it. Until then their accounts are "being paired" for such a game.
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
	char name[ACCOUNTS_NAME_ROOM]; /* what others see */
	const struct game_rules *rules;
	int64_t limit_ms, increment_ms;
	bool legal; /* frames with legal moves */
};

struct game_lobby *game_lobby_new(struct game *g);
void game_lobby_free(struct game_lobby **l);

/*
 * Adds a seek, in place of an earlier one of this connection; pairs it if it can. HEARTH_EBUSY: too
 * many are waiting; HEARTH_ETOOBIG: too many of this account; HEARTH_ECONFLICT: it is being paired.
 */
int game_lobby_seek(struct game_lobby *l, const struct game_seek *seek);
/* Whether an account is being paired, for a game as `seek` wants it (NULL: for any). */
bool game_lobby_is_pairing(
	const struct game_lobby *l, int64_t account, const struct game_seek *seek);
/*
 * Takes back all seeks of an account, and tells the connections that had them, but for `except`.
 */
void game_lobby_cancel(struct game_lobby *l, int64_t account, uint64_t except);
/* This node has the lobby no more: all seeks are taken back, and who had them is told. */
void game_lobby_clear(struct game_lobby *l);
/* The connection is gone, and with it its seek. */
void game_lobby_close(struct game_lobby *l, uint64_t client);

#endif
