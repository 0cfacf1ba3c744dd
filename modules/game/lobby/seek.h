/*
 * seek.h: a seek on its way from a client to the lobby: what others may call the player, the clock
 * they prefer and how many matches they have are looked up first. On the loop.
 */
#ifndef GAME_SEEK_H
#define GAME_SEEK_H

#include "lobby/lobby.h"

/*
 * Looks a seek up and hands it to the lobby; the client hears of both. With own_clock it is for the clock
 * the person prefers. A later one of the same connection takes its place; where it is to stand beside
 * that, it is refused until that has come through.
 */
void game_seek_begin(struct game *g, const struct game_seek *seek);
/* Those of an account, or that of a connection that is gone, come to nothing. */
void game_seek_drop(struct game *g, int64_t account);
void game_seek_close(struct game *g, uint64_t client);

#endif
