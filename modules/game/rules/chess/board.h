/*
 * board.h: a chess position, and what a move does to it.
 *
 * A board is a small struct without pointers: copy it to keep it. Boards come from
 * chess_board_start or chess_fen_read (fen.h) and are legal: one king each, and the side that is
 * not to move is not in check. chess_board_play keeps that true when the move is one of
 * chess_moves_legal (moves.h).
 *
 * Castling is kept for Chess960, of which the usual game is a case: the rights are the set of
 * rooks that may still castle, and a castling move goes from the king to its own rook.
 *
 * Pure; a board is of one size.
 */
#ifndef CHESS_BOARD_H
#define CHESS_BOARD_H

#include "rules/chess/bits.h"

/* The 75-move rule ends the game here, so the clock of a board never passes it. */
#define CHESS_HALFMOVES_MAX 150
/* The move number stays here: a game from move 1 ends before it by the 75-move rule. */
#define CHESS_FULLMOVES_MAX 9999
/* A side never has more: setups with more are refused, and promotion replaces a pawn. */
#define CHESS_ARMY_MAX 16

struct chess_board {
	uint64_t piece[6];  /* squares of the pawns, knights, … of both colours */
	uint64_t colour[2]; /* squares of the white and of the black pieces */
	uint64_t castling;  /* rooks that may still castle */
	uint64_t key;       /* Zobrist key of pieces, mover, castling and en passant */
	uint16_t fullmove;  /* from 1, counted up after black's move, at most 9999 */
	uint8_t halfmove;   /* moves since the last capture or pawn move, one a side */
	uint8_t turn;       /* the colour to move */
	uint8_t ep;         /* where a pawn may now be captured in passing, legally; else none */
	uint8_t chess960;   /* castling is written as in Chess960: king takes rook, rook files */
	uint8_t unused[2];
};

/* `promotion` is CHESS_KNIGHT … CHESS_QUEEN, or 0 when the move promotes nothing. */
struct chess_move {
	uint8_t from, to, piece, promotion;
};

/*
 * All that FIDE 9.2.3 compares but the mover: pieces, castling rights, en passant. Squares that
 * are occupied, then half a byte for each piece in the order of squares.
 */
struct chess_packed {
	uint64_t occupied;
	uint8_t pieces[CHESS_ARMY_MAX];
};

/* Fills all tables once; any thread, cheap ever after. Whatever makes a board has called it. */
void chess_ready(void);

/* The usual start. */
void chess_board_start(struct chess_board *b);
/* Puts a piece on an empty square; the key stays behind (chess_board_key). */
void chess_board_put(struct chess_board *b, unsigned colour, unsigned piece, unsigned square);
/* The piece on a square, or CHESS_NO_PIECE. */
unsigned chess_board_piece(const struct chess_board *b, unsigned square);
/* The key, counted anew from what is on the board. */
uint64_t chess_board_key(const struct chess_board *b);
/* NULL, or why the board cannot stand in any game, for people. */
const char *chess_board_fault(const struct chess_board *b);
void chess_board_pack(const struct chess_board *b, struct chess_packed *out);

/* Pieces of both colours that attack a square when `occupied` squares block. */
uint64_t chess_attackers(const struct chess_board *b, unsigned square, uint64_t occupied);
/* Enemy pieces that give check to the side to move. */
uint64_t chess_checkers(const struct chess_board *b);
/* Whether the pawn on `from` may capture in passing on `to` without exposing its king. */
bool chess_ep_legal(const struct chess_board *b, unsigned from, unsigned to);

/* A legal move in place; move it back by keeping a copy. */
void chess_board_play(struct chess_board *b, struct chess_move m);

static inline uint64_t chess_occupied(const struct chess_board *b)
{
	return b->colour[CHESS_WHITE] | b->colour[CHESS_BLACK];
}

/* The square of b->ep as a set, empty when there is none. */
static inline uint64_t chess_ep(const struct chess_board *b)
{
	return b->ep == CHESS_NO_SQUARE ? 0 : chess_bit(b->ep);
}

static inline uint64_t chess_pieces(const struct chess_board *b, unsigned colour, unsigned piece)
{
	return b->colour[colour] & b->piece[piece];
}

static inline unsigned chess_king(const struct chess_board *b, unsigned colour)
{
	return chess_first(chess_pieces(b, colour, CHESS_KING));
}

/* Whether a move of this board castles. */
static inline bool chess_is_castling(const struct chess_board *b, struct chess_move m)
{
	return m.piece == CHESS_KING && (b->colour[b->turn] & chess_bit(m.to));
}

/* Where king and rook go when the king on `king` castles with the rook on `rook`. */
static inline unsigned chess_castled_king(unsigned king, unsigned rook)
{
	return (king & 56) | (rook > king ? CHESS_FILE_G : CHESS_FILE_C);
}

static inline unsigned chess_castled_rook(unsigned king, unsigned rook)
{
	return (king & 56) | (rook > king ? CHESS_FILE_F : CHESS_FILE_D);
}

#endif
