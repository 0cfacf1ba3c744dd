/*
 * chores.h: what nobody asks for and must be done: matches that are not in memory are found when
 * their time is over, and the game clocks are noted. Of the shards that this node owns (tenure.h);
 * on the loop.
 */
#ifndef GAME_CHORES_H
#define GAME_CHORES_H

#include "game.h"

/* From now on, until it is freed. */
struct game_chores *game_chores_new(struct game *g);
/* When nothing of it is at the database any more. Sets *c to NULL; legal on NULL. */
void game_chores_free(struct game_chores **c);

#endif
