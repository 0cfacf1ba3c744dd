/*
 * moves.h: the legal moves of a board.
 */
#ifndef CHESS_MOVES_H
#define CHESS_MOVES_H

#include "rules/chess/board.h"

/*
 * Room for the moves of any board: fifteen queens of 27 moves each and a king are 413. (218 is
 * the most known in a position that a game can reach.)
 */
#define CHESS_MOVES_MAX 416

/* All legal moves of the side to move, in no promised order; returns how many. */
size_t chess_moves_legal(const struct chess_board *b, struct chess_move out[CHESS_MOVES_MAX]);
/* How many there are, faster. */
size_t chess_moves_count(const struct chess_board *b);

#endif
