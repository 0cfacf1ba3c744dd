/*
 * board.h: a position of one of lichess's variants of chess, and what a move does to it.
 *
 *	crazyhouse        what is captured may be put back, for the captor
 *	atomic            a capture explodes: captor, captive, and all around them but pawns
 *	antichess         who has no move, or no men, wins; captures are a duty; the king is a man
 *	horde             36 white pawns without a king
 *	king of the hill  a king on d4, e4, d5 or e5 wins
 *	racing kings      nobody may give check; the first king on the eighth rank wins
 *	three-check       so does the third check
 *
 * It is a chess board (rules/chess/board.h, whose key is not kept) and what the variants add. Attacks and
 * castling are those of chess; play and legality are this folder's own, since half of the variants have
 * no king to ask about. Pure; a board is of one size.
 */
#ifndef CHESS_VARIANTS_BOARD_H
#define CHESS_VARIANTS_BOARD_H

#include "rules/chess/board.h"

enum variant {
	VARIANT_CRAZYHOUSE,
	VARIANT_ATOMIC,
	VARIANT_ANTICHESS,
	VARIANT_HORDE,
	VARIANT_KING_OF_THE_HILL,
	VARIANT_RACING_KINGS,
	VARIANT_THREE_CHECK,
	VARIANTS,
};

#define VARIANT_CHECKS  3 /* that win */
#define VARIANT_POCKETS 5 /* kinds of men in a pocket: pawn to queen */

struct variant_board {
	struct chess_board chess;
	uint64_t promoted;                  /* crazyhouse: men that are pawns again when captured */
	uint8_t pocket[2][VARIANT_POCKETS]; /* by colour and kind */
	uint8_t checks[2];                  /* three-check: given by each */
	uint8_t variant;
	uint8_t unused[3]; /* zero */
};

/* How a game ends by its variant alone. */
enum variant_end {
	VARIANT_GOES_ON,
	VARIANT_WHITE_WINS,
	VARIANT_BLACK_WINS,
	VARIANT_DRAWN, /* both kings have raced to the eighth rank */
};

/* A man that comes from the pocket has no square it comes from. */
static inline bool variant_is_drop(struct chess_move m)
{
	return m.from == CHESS_NO_SQUARE;
}

/* Whether the colour's king is in check: never where kings are men as others, or nobody may check. */
bool variant_in_check(const struct variant_board *b, unsigned colour);
/* Whether an enemy of `colour` attacks a square that its king would stand on. */
bool variant_attacked(
	const struct variant_board *b, unsigned colour, unsigned square, uint64_t occupied);
/* Whether a move whose pieces may move so (moves.c) leaves a board that the rules allow. */
bool variant_allows(const struct variant_board *b, struct chess_move m);
/* Whether a move captures, in passing too. */
bool variant_captures(const struct variant_board *b, struct chess_move m);
/* A legal move in place. */
void variant_play(struct variant_board *b, struct chess_move m);
/* Sets the square where a pawn may be captured in passing, if it may. `square` was passed just now. */
void variant_offer_ep(struct variant_board *b, unsigned square);
enum variant_end variant_ended(const struct variant_board *b);

#endif
