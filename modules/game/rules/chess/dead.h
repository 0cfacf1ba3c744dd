/*
 * dead.h: whether a side can still mate, and whether nobody can.
 *
 * FIDE 5.2.2 ends a game at once when no series of legal moves leads to mate; 6.9 and 5.1.2 make
 * it a draw when a player runs out of time or resigns and the opponent cannot mate. The answer
 * errs to one side only: "cannot" is always true, "can" may be wrong in rare blocked positions.
 */
#ifndef CHESS_DEAD_H
#define CHESS_DEAD_H

#include "rules/chess/board.h"

/* Whether `colour` may mate by some series of legal moves, the opponent helping. */
bool chess_can_mate(const struct chess_board *b, unsigned colour);
/* The same by a closer look, of a millisecond at most: for where a match ends by the answer. */
bool chess_can_ever_mate(const struct chess_board *b, unsigned colour);
/* A dead position: neither side can mate. */
bool chess_is_dead(const struct chess_board *b);

#endif
