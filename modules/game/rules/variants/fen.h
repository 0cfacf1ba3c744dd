/*
 * fen.h: a variant's position as text: FEN (rules/chess/fen.h) and what lichess adds to it.
 *
 *	crazyhouse   pockets behind the board, "[QNpp]" or as a ninth rank "/QNpp"; "~" behind a man that
 *	             was a pawn
 *	three-check  checks given so far, "+1+0", as the last field; or those to come, "2+3", behind the en
 *	             passant square
 *
 * Pockets are written in brackets, checks as "+1+0".
 */
#ifndef CHESS_VARIANTS_FEN_H
#define CHESS_VARIANTS_FEN_H

#include "hearth/str.h"

#include "rules/variants/board.h"

#define VARIANT_FEN_MAX 176 /* bytes of the longest text, with the NUL */

/* Where the games of a variant begin. */
const char *variant_start(enum variant variant);
/* 0, or HEARTH_EINVAL with *why (lives for ever) for people; *b is then undefined. */
int variant_fen_read(
	enum variant variant, struct slice text, struct variant_board *b, const char **why);
/* Writes it, and the en passant square only where a capture is legal. Returns the length. */
size_t variant_fen_write(const struct variant_board *b, char out[VARIANT_FEN_MAX]);

#endif
