/*
 * notation.h: a variant's move as text: UCI and SAN as in chess, and drops, "N@f3" in both ("P@e4" for a
 * pawn), as lichess writes them. The sign of mate stands behind every move that ends the game with a
 * winner.
 */
#ifndef CHESS_VARIANTS_NOTATION_H
#define CHESS_VARIANTS_NOTATION_H

#include "hearth/str.h"

#include "rules/variants/board.h"

#define VARIANT_UCI_MAX 6 /* "e7e8q" and the NUL */
#define VARIANT_SAN_MAX 8 /* "Qa1xb2#" and the NUL */

/* As chess_uci_read: 0, HEARTH_EINVAL when it is no UCI text, HEARTH_EDENIED when it is not legal. */
int variant_uci_read(const struct variant_board *b, struct slice text, struct chess_move *m);
/* The one UCI text of a legal move; castling is the king's step. */
size_t variant_uci_write(
	const struct variant_board *b, struct chess_move m, char out[VARIANT_UCI_MAX]);
size_t variant_san_write(
	const struct variant_board *b, struct chess_move m, char out[VARIANT_SAN_MAX]);

#endif
