/*
 * go.h: go, by area scoring (Chinese counting) with positional superko; suicide is not allowed.
 *
 * Seat 0 plays black, seat 1 white. A move is a point as GTP writes it ("D4", letters without I), or
 * "pass". After two passes dead stones are marked, in turn: "dead:D4" marks the stones of a string dead, or
 * alive again; "done" hands the marking to the other, and ends the game when the other has just handed it
 * over as it is; "resume" goes on playing, the other to move. Two passes after that end the game with
 * all stones alive. Each side has so many marks (go_board.h) that an honest one does not run out of them.
 *
 * A setup is words and numbers in this order, each of which may be left out: "boardsize 9", 13 or 19 (the
 * usual); "komi 7.5" (the usual; 0.5 with a handicap); "handicap 2" to 9, black's stones on the star
 * points, for each of which white gets a point.
 */
#ifndef GAME_GO_H
#define GAME_GO_H

#include "rules/rules.h"

extern const struct game_rules go_rules;

#endif
