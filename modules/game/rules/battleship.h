/*
 * battleship.h: battleship, on ten columns (A to J) and ten rows: what each has where is a secret.
 *
 * First both place their ships, each when they like: one after another, of 5, 4, 3, 3 and 2 squares, by
 * the first and last square ("B2-B6"). Then they shoot in turn, seat 0 first, a square each ("E5"); the
 * notation says what became of it ("E5:miss", "E5:hit", "E5:sunk"). Who has sunk all ships has won. There
 * is no setup.
 */
#ifndef GAME_BATTLESHIP_H
#define GAME_BATTLESHIP_H

#include "rules/rules.h"

extern const struct game_rules battleship_rules;

#endif
