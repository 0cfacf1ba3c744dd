/*
 * perft.h: counting the positions at the end of all legal lines, the field's measure of whether
 * a move generator is right and how fast it is.
 */
#ifndef CHESS_PERFT_H
#define CHESS_PERFT_H

#include "rules/chess/board.h"

/* Lines of exactly `depth` legal moves; 1 for depth 0. The last move is counted, not made. */
uint64_t chess_perft(const struct chess_board *b, unsigned depth);

#endif
