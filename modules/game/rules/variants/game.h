/*
 * game.h: a game of a variant: the board, and as much of the past as repetitions are looked for in.
 *
 * As in chess (rules/chess/game.h) positions before the last capture or pawn move cannot come again, and
 * 150 moves after it the game ends. In crazyhouse what is captured comes back, so all positions of the
 * last 150 moves are kept there, whatever those were. Unused room is zero: two games with the same past
 * are equal byte for byte.
 */
#ifndef CHESS_VARIANTS_GAME_H
#define CHESS_VARIANTS_GAME_H

#include "rules/chess/game.h"
#include "rules/variants/board.h"

/* What ends a game; the first of them as in chess, and claims as there. */
enum variant_outcome {
	VARIANT_OUTCOME_NONE,
	VARIANT_OUTCOME_MATE,
	VARIANT_OUTCOME_STALEMATE,
	VARIANT_OUTCOME_DEAD,
	VARIANT_OUTCOME_FIVEFOLD,
	VARIANT_OUTCOME_SEVENTY_FIVE,
	VARIANT_OUTCOME_THREEFOLD,
	VARIANT_OUTCOME_FIFTY,
	VARIANT_OUTCOME_WHITE,   /* wins by the variant's own rule */
	VARIANT_OUTCOME_BLACK,   /* so does black */
	VARIANT_OUTCOME_DRAWN,   /* both kings are there */
	VARIANT_OUTCOME_NO_MOVE, /* antichess: who is to move has won */
};

/* All that makes two positions the same: four bits a square, as planes, and the rest. */
struct variant_packed {
	uint64_t planes[4];
	uint64_t promoted;
	uint8_t pocket[2][VARIANT_POCKETS];
	uint8_t checks[2];
	uint8_t ep;
	uint8_t unused[3];
};

struct variant_game {
	struct variant_board board; /* now */
	struct variant_board start; /* the first board of `past` */
	uint16_t past_n;            /* how many positions there are, the present one included */
	uint8_t outcome;            /* enum variant_outcome; never one that needs a claim */
	uint8_t unused[5];
	struct variant_packed past[CHESS_HALFMOVES_MAX + 1];
	struct chess_move moves[CHESS_HALFMOVES_MAX]; /* moves[i] leads from past[i] to the next */
};

/* Begins with a board, which may have ended already. */
void variant_game_start(struct variant_game *g, const struct variant_board *board);
/* Plays a legal move; the game must not have ended. */
void variant_game_play(struct variant_game *g, struct chess_move m);
/* How often the present position has been on the board, this time included. */
unsigned variant_game_repeated(const struct variant_game *g);
/* As chess_game_claim: what a claim of the side to move is right by, or VARIANT_OUTCOME_NONE. */
enum variant_outcome variant_game_claim(
	const struct variant_game *g, unsigned colour, const struct chess_move *move);

#endif
