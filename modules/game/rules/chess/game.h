/*
 * game.h: a game of chess: the board, and as much of the past as the rules look back on.
 *
 * Positions before the last capture or pawn move cannot come again, and the 75-move rule ends the
 * game 150 moves after it. So a game keeps at most 151 positions, of fixed size: no list to grow.
 * Unused room is zero: two games with the same past are equal byte for byte.
 */
#ifndef CHESS_GAME_H
#define CHESS_GAME_H

#include "hearth/str.h"

#include "rules/chess/board.h"

/* How a game ends by itself (FIDE 5.1.1, 5.2.1, 5.2.2, 9.6), and what a player may claim (9.2,
   9.3, and that who cannot lose need not play on). */
enum chess_end {
	CHESS_GOES_ON,
	CHESS_CHECKMATE,
	CHESS_STALEMATE,
	CHESS_DEAD_POSITION,
	CHESS_FIVEFOLD_REPETITION,
	CHESS_SEVENTY_FIVE_MOVES,
	CHESS_THREEFOLD_REPETITION,
	CHESS_FIFTY_MOVES,
	CHESS_CANNOT_LOSE,
};

struct chess_game {
	struct chess_board board; /* now */
	struct chess_board start; /* the first board of `past` */
	uint16_t past_n;          /* how many positions there are, the present one included */
	uint8_t end;              /* enum chess_end; never one that needs a claim */
	uint8_t unused[5];
	struct chess_packed past[CHESS_HALFMOVES_MAX + 1];
	struct chess_move moves[CHESS_HALFMOVES_MAX]; /* moves[i] leads from past[i] to the next */
};

/* Begins with a board, which may have ended already. */
void chess_game_start(struct chess_game *g, const struct chess_board *board);
/* Plays a legal move; the game must not have ended. */
void chess_game_play(struct chess_game *g, struct chess_move m);
/* How often the present position has been on the board, this time included. */
unsigned chess_game_repeated(const struct chess_game *g);
/*
 * What a draw claim of the colour is right by, or CHESS_GOES_ON when it is wrong. With `move` (a
 * legal one, or NULL) it is a claim by the move about to be played; such claims and those by
 * repetition or the 50-move rule are for the side to move.
 */
enum chess_end chess_game_claim(
	const struct chess_game *g, unsigned colour, const struct chess_move *move);
/* A number for all that decides how the game may go on. */
uint64_t chess_game_hash(const struct chess_game *g);

#endif
