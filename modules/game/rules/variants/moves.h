/*
 * moves.h: the legal moves of a variant's board.
 */
#ifndef CHESS_VARIANTS_MOVES_H
#define CHESS_VARIANTS_MOVES_H

#include "rules/variants/board.h"

/*
 * Room for the moves of any board: 31 men of 27 moves each at most, as crazyhouse may have them, and
 * five kinds in the pocket.
 */
#define VARIANT_MOVES_MAX 1280

/* All legal moves of the side to move, in no promised order; returns how many. None: it is over. */
size_t variant_moves(const struct variant_board *b, struct chess_move out[VARIANT_MOVES_MAX]);
/* Lines of exactly `depth` legal moves, as chess_perft counts them. */
uint64_t variant_perft(const struct variant_board *b, unsigned depth);

#endif
