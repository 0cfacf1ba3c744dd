/*
 * attacks.h: where a piece attacks from a square, and how two squares lie to each other.
 *
 * Bishops, rooks and queens use hyperbola quintessence: on a line through a square, occupied
 * squares as a number minus the slider's own bit flips every bit up to the first blocker; the
 * other direction is the same on the number with its bytes reversed. It takes some arithmetic
 * and 66 KiB of tables, most of which one position never touches. Magic multiplication would
 * want 700 KiB of cache that a server has better use for.
 *
 * The tables are filled by chess_ready() (board.h), which everything that makes a board calls.
 */
#ifndef CHESS_ATTACKS_H
#define CHESS_ATTACKS_H

#include "rules/chess/bits.h"

struct chess_attack_tables {
	/* The lines through a square, without the square. */
	struct {
		uint64_t file, diagonal, antidiagonal;
	} line[CHESS_SQUARES];
	/* Attacks on the first rank: by the six inner occupied bits, and the slider's file. */
	uint8_t rank[64][8];
	uint64_t pawn[2][CHESS_SQUARES];
	uint64_t knight[CHESS_SQUARES];
	uint64_t king[CHESS_SQUARES];
	uint64_t between[CHESS_SQUARES][CHESS_SQUARES];
	uint64_t through[CHESS_SQUARES][CHESS_SQUARES];
};

extern struct chess_attack_tables chess_attacks;

/* Fills the tables; chess_ready() calls it once. */
void chess_attacks_fill(void);

/* Squares a pawn of the colour attacks. Read backwards: where the other colour's pawns attack. */
static inline uint64_t chess_pawn_attacks(unsigned colour, unsigned square)
{
	return chess_attacks.pawn[colour][square];
}

static inline uint64_t chess_knight_attacks(unsigned square)
{
	return chess_attacks.knight[square];
}

static inline uint64_t chess_king_attacks(unsigned square)
{
	return chess_attacks.king[square];
}

/* Squares a slider on `square` attacks along a file or diagonal, blockers included. */
static inline uint64_t chess_line_attacks(unsigned square, uint64_t line, uint64_t occupied)
{
	uint64_t up = occupied & line, down = __builtin_bswap64(up);

	up -= chess_bit(square);
	down -= chess_bit(square ^ 56);
	return (up ^ __builtin_bswap64(down)) & line;
}

static inline uint64_t chess_rook_attacks(unsigned square, uint64_t occupied)
{
	unsigned first = square & 56;
	uint64_t rank = chess_attacks.rank[occupied >> (first + 1) & 63][square & 7];

	return rank << first |
	       chess_line_attacks(square, chess_attacks.line[square].file, occupied);
}

static inline uint64_t chess_bishop_attacks(unsigned square, uint64_t occupied)
{
	return chess_line_attacks(square, chess_attacks.line[square].diagonal, occupied) |
	       chess_line_attacks(square, chess_attacks.line[square].antidiagonal, occupied);
}

/* Any piece but a pawn. */
static inline uint64_t chess_piece_attacks(unsigned piece, unsigned square, uint64_t occupied)
{
	switch (piece) {
	case CHESS_KNIGHT: return chess_knight_attacks(square);
	case CHESS_BISHOP: return chess_bishop_attacks(square, occupied);
	case CHESS_ROOK: return chess_rook_attacks(square, occupied);
	case CHESS_QUEEN:
		return chess_bishop_attacks(square, occupied) |
		       chess_rook_attacks(square, occupied);
	default: return chess_king_attacks(square);
	}
}

/* The squares strictly between two squares on one line; empty when they share none. */
static inline uint64_t chess_between(unsigned a, unsigned b)
{
	return chess_attacks.between[a][b];
}

/* The whole line through two squares, edge to edge; empty when they share none. */
static inline uint64_t chess_through(unsigned a, unsigned b)
{
	return chess_attacks.through[a][b];
}

#endif
