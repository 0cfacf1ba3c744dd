/*
 * skeleton.h: a game to begin with: a heap, of which both take one to three in turn.
 *
 * Seat 0 begins. A move is how many are taken, "1" to "3"; who takes the last has won. A setup is how many
 * there are, "1" to "99"; the usual start is 21.
 */
#ifndef GAME_SKELETON_H
#define GAME_SKELETON_H

#include "rules/rules.h"

extern const struct game_rules skeleton_rules;

#endif
