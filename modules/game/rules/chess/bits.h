/*
 * bits.h: colours, pieces, squares and sets of squares.
 *
 * A square is a number, a1 = 0, b1 = 1, … h8 = 63. A set of squares is a uint64_t with the bit of
 * each square in it. The target CPU may lack a population count, so it is written out.
 */
#ifndef CHESS_BITS_H
#define CHESS_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum chess_colour { CHESS_WHITE, CHESS_BLACK };

enum chess_piece {
	CHESS_PAWN,
	CHESS_KNIGHT,
	CHESS_BISHOP,
	CHESS_ROOK,
	CHESS_QUEEN,
	CHESS_KING,
	CHESS_NO_PIECE,
};

enum {
	CHESS_SQUARES = 64,
	CHESS_NO_SQUARE = 64,
	CHESS_FILE_C = 2,
	CHESS_FILE_D = 3,
	CHESS_FILE_E = 4,
	CHESS_FILE_F = 5,
	CHESS_FILE_G = 6,
};

#define CHESS_SET_FILE_A 0x0101010101010101u
#define CHESS_SET_FILE_H 0x8080808080808080u
#define CHESS_SET_RANK_1 0x00000000000000ffu
#define CHESS_SET_RANK_3 0x0000000000ff0000u
#define CHESS_SET_RANK_6 0x0000ff0000000000u
#define CHESS_SET_RANK_8 0xff00000000000000u
#define CHESS_SET_LIGHT  0x55aa55aa55aa55aau
#define CHESS_SET_ENDS   (CHESS_SET_RANK_1 | CHESS_SET_RANK_8)

static inline unsigned chess_file(unsigned square)
{
	return square & 7;
}

static inline unsigned chess_rank(unsigned square)
{
	return square >> 3;
}

static inline unsigned chess_square(unsigned file, unsigned rank)
{
	return rank << 3 | file;
}

static inline uint64_t chess_bit(unsigned square)
{
	return UINT64_C(1) << square;
}

/* The rank where a colour's pieces start, as a set. */
static inline uint64_t chess_home_rank(unsigned colour)
{
	return colour == CHESS_WHITE ? CHESS_SET_RANK_1 : CHESS_SET_RANK_8;
}

/* How far one step forward is for a colour's pawns. */
static inline int chess_forward(unsigned colour)
{
	return colour == CHESS_WHITE ? 8 : -8;
}

/* The lowest square of a set that is not empty. */
static inline unsigned chess_first(uint64_t set)
{
	return (unsigned)__builtin_ctzll(set);
}

/* The set without its lowest square: `for (; set; set = chess_rest(set))` sees each. */
static inline uint64_t chess_rest(uint64_t set)
{
	return set & (set - 1);
}

static inline bool chess_many(uint64_t set)
{
	return chess_rest(set) != 0;
}

static inline unsigned chess_count(uint64_t set)
{
	set -= set >> 1 & 0x5555555555555555u;
	set = (set & 0x3333333333333333u) + (set >> 2 & 0x3333333333333333u);
	set = (set + (set >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return (unsigned)(set * 0x0101010101010101u >> 56);
}

/* Every square of the set moved by `by`: 8 is one rank up, -1 one file to the left. Squares that
   leave the board at the side come in again at the other: the caller takes those files out. */
static inline uint64_t chess_shift(uint64_t set, int by)
{
	return by > 0 ? set << by : set >> -by;
}

#endif
