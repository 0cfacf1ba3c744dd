/*
 * reversi.h: reversi by the rules of Othello: the start is set, and who has no move passes.
 *
 * Seat 0 plays black and begins, seat 1 white. A move is a square as in "d3": files a to h from the
 * left, ranks 1 to 8 from the top. Passing is no move: the turn goes back by itself. A setup is the 64
 * squares from a1 on, `-`, `X` for black and `O` for white, a space, and X or O for the side to move.
 */
#ifndef GAME_REVERSI_H
#define GAME_REVERSI_H

#include "rules/rules.h"

extern const struct game_rules reversi_rules;

#endif
