/*
 * notation.h: a move as text: UCI between programs, SAN for people.
 */
#ifndef CHESS_NOTATION_H
#define CHESS_NOTATION_H

#include "hearth/str.h"

#include "rules/chess/board.h"

#define CHESS_UCI_MAX 6 /* "e7e8q" and the NUL */
#define CHESS_SAN_MAX 8 /* "Qa1xb2#", "exd8=N+" and the NUL */

/* A square as two letters, "e4"; returns 2. And back: false, and *square stays, when it is none. */
static inline size_t chess_square_write(char *out, unsigned square)
{
	out[0] = (char)('a' + chess_file(square));
	out[1] = (char)('1' + chess_rank(square));
	return 2;
}

static inline bool chess_square_read(const char *p, uint8_t *square)
{
	if (p[0] < 'a' || p[0] > 'h' || p[1] < '1' || p[1] > '8')
		return false;
	*square = (uint8_t)chess_square((unsigned)(p[0] - 'a'), (unsigned)(p[1] - '1'));
	return true;
}

/*
 * Finds the legal move that a UCI text means. Castling may be written as the king's own step
 * (e1g1) and as king takes rook (e1h1). 0, HEARTH_EINVAL when it is no UCI text, or
 * HEARTH_EDENIED when the move is not legal; then *m keeps its value.
 */
int chess_uci_read(const struct chess_board *b, struct slice text, struct chess_move *m);
/* The one UCI text of a legal move: in Chess960 king takes rook, else the king's step. */
size_t chess_uci_write(const struct chess_board *b, struct chess_move m, char out[CHESS_UCI_MAX]);
/* A legal move in SAN, with what tells it from other legal moves and with + or #. */
size_t chess_san_write(const struct chess_board *b, struct chess_move m, char out[CHESS_SAN_MAX]);

#endif
