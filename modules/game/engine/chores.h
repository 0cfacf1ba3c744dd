/*
 * chores.h: what nobody asks for and must be done: matches that are not in memory are found when
 * their time is over, and the game clock is noted. On the loop.
 */
#ifndef GAME_CHORES_H
#define GAME_CHORES_H

#include "game.h"

/*
 * At start: the game clock goes on from what it said last, with grace_ms for turns
 * from before (grace.h); counts the matches
 * that go on. 0 or a database error. Blocks.
 */
int game_clock_resume(struct game *g, int64_t grace_ms);

/* From now on, until it is freed. */
struct game_chores *game_chores_new(struct game *g);
/* Notes the clock a last time; blocks. Legal on NULL. */
void game_chores_free(struct game_chores **c);

#endif
