/*
 * dead_search.h: what dead.c is made of: tests that are sound by themselves. Each says that there is no
 * mate, or that there may be one.
 */
#ifndef CHESS_DEAD_SEARCH_H
#define CHESS_DEAD_SEARCH_H

#include "rules/chess/board.h"

/* Whether the armies could mate, wherever they stand. */
bool chess_material_mates(const struct chess_board *b, unsigned colour);
/* Whether, by the squares that every piece could come to, there is a mate to be thought of. */
bool chess_reach_mates(const struct chess_board *b, unsigned colour);
/* Whether one is found among all positions that can come about, or these are too many. */
bool chess_search_mates(const struct chess_board *b, unsigned colour);

#endif
