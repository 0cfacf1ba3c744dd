/*
 * speed.h: how fast a game is, by what forty moves of a side may take: who is strong in one is not in
 * another, so each has ratings of its own. The names and borders are Lichess's. Pure.
 */
#ifndef GAME_SPEED_H
#define GAME_SPEED_H

#include "engine/control.h"

enum game_speed {
	GAME_ULTRABULLET,
	GAME_BULLET,
	GAME_BLITZ,
	GAME_RAPID,
	GAME_CLASSICAL,
	GAME_CORRESPONDENT, /* by the day, or as slow; unlimited too */
	GAME_SPEEDS,
};

#define GAME_SPEED_SLOW_S 21600 /* for forty moves: from there on it is as slow as correspondence */

enum game_speed game_speed_of(const struct game_control *c);
/* As programs know it: "ultraBullet", "bullet", … */
const char *game_speed_name(enum game_speed speed);
/* And back; GAME_SPEEDS: there is none of this name. */
enum game_speed game_speed_find(struct slice name);

#endif
