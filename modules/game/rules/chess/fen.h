/*
 * fen.h: a position as text, in Forsyth-Edwards Notation.
 *
 * Read strictly: six fields, or four with the counters left out, one space between. Castling may
 * be KQkq (the outermost rook of that side, X-FEN) or rook files (HAha, Shredder-FEN). What no
 * game can contain is refused. What is merely idle is dropped, as is usual: a castling right
 * without its king or rook at home, and an en passant square where no pawn can legally capture.
 */
#ifndef CHESS_FEN_H
#define CHESS_FEN_H

#include "hearth/str.h"

#include "rules/chess/board.h"

#define CHESS_FEN_MAX 96 /* bytes of the longest text, with the NUL */

#define CHESS960_STARTS 960
#define CHESS960_USUAL  518 /* the number of the usual start */

/* 0, or HEARTH_EINVAL with *why (lives for ever) for people; *b is then undefined. */
int chess_fen_read(struct slice text, struct chess_board *b, const char **why);
/*
 * Reads the fields alone, without asking whether the position can stand, or whether a pawn can be captured
 * on the en passant square: for games like chess, which judge by rules of their own. NULL or what is wrong
 * with the text.
 */
const char *chess_fen_read_fields(struct slice text, struct chess_board *b);
/* Whether a pawn of the side that is not `us` may have passed the square with the latest move. */
bool chess_ep_stands(const struct chess_board *b, unsigned us, unsigned ep);
/* Writes it, and the en passant square only where a capture is legal. Returns the length. */
size_t chess_fen_write(const struct chess_board *b, char out[CHESS_FEN_MAX]);
/* The Chess960 start of a number below CHESS960_STARTS, as R. Scharnagl numbers them. */
void chess_fen_960(unsigned number, char out[CHESS_FEN_MAX]);

#endif
