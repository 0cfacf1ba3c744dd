/*
 * plugin.h: chess as a game that the match engine can host.
 *
 * Seat 0 plays white, seat 1 black. A setup is a FEN (fen.h), also of a Chess960 start, or "chess960":
 * one of those, by the seed, which nothing else draws from. Moves are UCI texts, and their notation is
 * SAN.
 */
#ifndef CHESS_PLUGIN_H
#define CHESS_PLUGIN_H

#include "rules/rules.h"

extern const struct game_rules chess_rules;

#endif
