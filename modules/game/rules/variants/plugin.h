/*
 * plugin.h: lichess's variants of chess as games that the match engine can host.
 *
 * Seat 0 plays white, seat 1 black. A setup is a FEN (fen.h); moves are UCI texts, their notation is SAN
 * (notation.h). The seed is not used.
 */
#ifndef CHESS_VARIANTS_PLUGIN_H
#define CHESS_VARIANTS_PLUGIN_H

#include "rules/rules.h"

extern const struct game_rules crazyhouse_rules, atomic_rules, antichess_rules, horde_rules,
	king_of_the_hill_rules, racing_kings_rules, three_check_rules;

#endif
