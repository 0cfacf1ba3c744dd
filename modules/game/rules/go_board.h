/*
 * go_board.h: a game of go: stones, captures, ko, and what all moves so far were.
 *
 * The board is a row of points, a1 first; strings and their liberties are found by walking. A position may
 * not come again (positional superko): a number for each position there was is kept, 64 bits of Zobrist
 * keys, and a move that would bring one back is refused. The moves are kept since a game is saved by them.
 *
 * Pure; GO_MOVES_MAX stones and passes are played at most, after which the game is counted as it stands, all
 * stones alive. Marks count apart, GO_MARKS_MAX for each side, and end nothing: who has none left hands over
 * or plays on. So no side makes the other's stones dead alone. All together stays below what a host takes of
 * a match.
 */
#ifndef GAME_GO_BOARD_H
#define GAME_GO_BOARD_H

#include "rules/rules.h"

#define GO_SIZE_MAX   19
#define GO_POINTS_MAX (GO_SIZE_MAX * GO_SIZE_MAX)
#define GO_MOVES_MAX  1000
#define GO_MARKS_MAX  40
/* All there can be: beside these, each hands over once after a mark, once without, and one plays on. */
#define GO_LOG_MAX   (GO_MOVES_MAX + 4 * GO_MARKS_MAX + 3)
#define GO_MOVE_SIZE sizeof("dead:T19 ") /* a move, what separates it, and the NUL */

enum go_stone { GO_BLACK, GO_WHITE, GO_EMPTY };

/* What is done at this stage of the game. */
enum go_phase { GO_PLAY, GO_MARK, GO_OVER };

/* A move: a point, a point whose string is marked, or one of these. */
enum { GO_PASS = 400, GO_DONE, GO_RESUME, GO_DEAD = 512 };

struct go_game {
	uint64_t seen[GO_MOVES_MAX + 1]; /* positions so far, the present one last */
	uint16_t seen_n;
	uint16_t played; /* stones and passes */
	uint16_t moves_n;
	uint16_t moves[GO_LOG_MAX]; /* all moves, marks among them */
	int16_t komi; /* half points, what white gets for handicap stones not included */
	uint8_t size, handicap;
	uint8_t turn, phase;
	uint8_t passes;   /* in a row */
	uint8_t resumed;  /* the players did not agree: all stones live in the end */
	uint8_t handed;   /* the marking was handed over, and nothing has changed since */
	uint8_t marks[2]; /* that black, white has made */
	uint8_t unused;
	uint16_t captured[2];          /* stones that black, white has captured */
	uint8_t stones[GO_POINTS_MAX]; /* enum go_stone */
	uint8_t dead[GO_POINTS_MAX];   /* 1: marked */
};

/* Begins; size is 9, 13 or 19, handicap 0 or 2 to 9. */
void go_begin(struct go_game *g, unsigned size, int komi, unsigned handicap);
/* NULL, or what the rules have against a move of whose turn it is. */
const char *go_fault(const struct go_game *g, unsigned move);
/* Makes a move without fault; the game must go on. */
void go_play(struct go_game *g, unsigned move);
/* Points of the area of each, in half points, white's with komi; marked stones count as captured. */
void go_score(const struct go_game *g, int score[2]);
/* A move as text, and back: false when it is none on this board. */
void go_write_move(const struct go_game *g, unsigned move, char out[GO_MOVE_SIZE]);
bool go_read_move(const struct go_game *g, struct slice text, unsigned *move);

#endif
