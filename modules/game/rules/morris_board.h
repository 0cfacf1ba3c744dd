/*
 * morris_board.h: the board of nine men's morris, its moves, and how a game ends.
 *
 * A side that has men to place places one; then it moves one to a neighbouring point; with three left, to
 * any point. Who fills a row of three with the move takes a man of the opponent's that is in no mill, or
 * any if all are. Lost: fewer than three men, or no move. Drawn: the same position with the same side to
 * move for the third time, and a hundred moves since a man was placed or taken. Only positions since then
 * can come again, so a state keeps those.
 *
 * Pure; a state has MORRIS_QUIET_MAX + 1 positions.
 */
#ifndef GAME_MORRIS_BOARD_H
#define GAME_MORRIS_BOARD_H

#include "rules/rules.h"

#define MORRIS_POINTS        24
#define MORRIS_MEN           9
#define MORRIS_QUIET_MAX     100
#define MORRIS_MOVE_SIZE     9                   /* "d2-d3xa7" and the NUL */
#define MORRIS_POSITION_SIZE (MORRIS_POINTS + 6) /* as text */

/* What is on the board; who moves next is told apart by which half of the past it is in. */
struct morris_position {
	uint32_t men[2];
};

struct morris {
	struct morris_position now, start; /* start: the first of `past` */
	uint8_t hand[2];                   /* men to place; nobody has any once there is a past */
	uint8_t turn;
	uint8_t end;     /* enum morris_end */
	uint16_t past_n; /* the present position included */
	uint8_t unused[2];
	struct morris_position past[MORRIS_QUIET_MAX + 1];
};

enum morris_end { MORRIS_GOES_ON, MORRIS_TOO_FEW, MORRIS_BLOCKED, MORRIS_REPEATED, MORRIS_QUIET };

struct morris_move {
	int from, to, takes; /* points; -1: the man is placed; nothing is taken */
};

/* NULL, or why the text is no position (morris.h); then *g is undefined. */
const char *morris_read_position(struct morris *g, struct slice text);
void morris_write_points(const struct morris_position *p, char out[MORRIS_POINTS]);
/* The form of a move alone: false when it has none. And back. */
bool morris_read_move(struct slice text, struct morris_move *m);
void morris_write_move(struct morris_move m, char out[MORRIS_MOVE_SIZE]);
/* NULL, or what the rules have against a move of whose turn it is. */
const char *morris_fault(const struct morris *g, struct morris_move m);
/* Plays a move without fault; the game must go on. */
void morris_play(struct morris *g, struct morris_move m);
/* Appends all moves there are, a space between. */
void morris_moves(const struct morris *g, struct strbuf *out);

#endif
