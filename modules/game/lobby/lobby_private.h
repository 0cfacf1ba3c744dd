/*
 * lobby_private.h: what the files of the lobby share: lobby.c has the seeks, pairing.c makes matches of
 * those that fit. On the loop.
 */
#ifndef GAME_LOBBY_PRIVATE_H
#define GAME_LOBBY_PRIVATE_H

#include "hearth/list.h"
#include "hearth/map.h"
#include "lobby/lobby.h"

struct game_lobby {
	struct game *g;
	struct map *kinds;    /* "chess 300000 3000" → struct kind */
	struct map *clients;  /* client id → struct waiting */
	struct map *seekers;  /* account id → struct seeker */
	struct list pairings; /* on their way to disk */
};

/* ---- lobby.c ---- */

/*
 * An account's other seeks for the same are over: one of them has found its opponent. Those for
 * another clock come from another connection, which plays beside this one: they stand.
 */
void lobby_end_seeks(struct game_lobby *l, const struct game_seek *found);

/* ---- pairing.c ---- */

/* Makes a match of so many seeks, and ends all that they stand for. Copies them. */
void lobby_pair(struct game_lobby *l, const struct game_seek *const seeks[], unsigned n);
/* The connection is gone: it hears of no match that it is being paired for. */
void lobby_pairings_close(struct game_lobby *l, uint64_t client);

#endif
