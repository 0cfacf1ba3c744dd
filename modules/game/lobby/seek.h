/*
 * seek.h: a seek on its way from a client to the lobby: what others may call the player, the clock
 * they prefer and how many matches they have are looked up first. On the loop.
 */
#ifndef GAME_SEEK_H
#define GAME_SEEK_H

#include "lobby/lobby.h"

/*
 * Looks a seek up and hands it to the lobby; the client hears of both. A limit_ms of 0 is the clock
 * the person prefers. A later one of the same connection takes its place.
 */
void game_seek_begin(struct game *g, const struct game_seek *seek);
/* Whether two want the same game: rules and clock. */
bool game_seek_same(const struct game_seek *a, const struct game_seek *b);
/*
 * Those of an account that want the same as `like` (NULL: all of it), or that of a connection that
 * is gone, come to nothing.
 */
void game_seek_drop(struct game *g, int64_t account, const struct game_seek *like);
void game_seek_close(struct game *g, uint64_t client);

#endif
