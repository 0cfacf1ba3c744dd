/*
 * zobrist.h: the random numbers whose XOR names a position in 64 bits.
 *
 * They come from a generator with a fixed seed, so that a key means the same position in every
 * process and on every machine. Two positions may share a key: what must not err compares boards.
 */
#ifndef CHESS_ZOBRIST_H
#define CHESS_ZOBRIST_H

#include "rules/chess/bits.h"

struct chess_zobrist_keys {
	uint64_t piece[2][6][CHESS_SQUARES];
	uint64_t castling[CHESS_SQUARES];   /* by the square of the rook */
	uint64_t en_passant[CHESS_SQUARES]; /* by the square captured on */
	uint64_t black;                     /* black is to move */
};

extern struct chess_zobrist_keys chess_zobrist;

/* Fills the table; chess_ready() calls it once. */
void chess_zobrist_fill(void);

#endif
