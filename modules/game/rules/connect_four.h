/*
 * connect_four.h: connect four, on seven columns and six rows.
 *
 * Seat 0 plays red and begins, seat 1 yellow. A move is the number of a column, 1 to 7 from the left.
 * A setup is the columns played so far in one word ("4453"), as solvers take it.
 */
#ifndef GAME_CONNECT_FOUR_H
#define GAME_CONNECT_FOUR_H

#include "rules/rules.h"

extern const struct game_rules connect_four_rules;

#endif
