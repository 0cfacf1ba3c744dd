/*
 * morris.h: nine men's morris.
 *
 * Seat 0 plays white and begins, seat 1 black. Points are named as on a board of seven files and ranks
 * (a1, d1, g1, b2 …). A man is placed by its point ("d2"), moved by two ("d2-d3"); a mill takes one of
 * the opponent's men, written behind it ("d2-d3xa7"). A setup is the 24 points in the order a1 a4 a7 b2
 * b4 b6 c3 … g7 (`.`, `w`, `b`), the side to move (w or b) and how many men each has still to place:
 * "........................ w 9 9".
 */
#ifndef GAME_MORRIS_H
#define GAME_MORRIS_H

#include "rules/rules.h"

extern const struct game_rules morris_rules;

#endif
