/*
 * chores.h: what nobody asks for and must be done: matches that are not in memory are found when
 * their time is over, and the game clock is noted. Of the node that owns the matches (tenure.h); on
 * the loop.
 */
#ifndef GAME_CHORES_H
#define GAME_CHORES_H

#include "game.h"

/* From now on, until it is freed. */
struct game_chores *game_chores_new(struct game *g);
/* What is at the database then comes to nothing. Sets *c to NULL; legal on NULL. */
void game_chores_free(struct game_chores **c);

#endif
