/*
 * pgn.h: a game of chess as text: Portable Game Notation (the standard of 1994, export format).
 * Pure.
 */
#ifndef GAME_PGN_H
#define GAME_PGN_H

#include "rules/rules.h"

enum pgn_result {
	PGN_GOES_ON, /* also of a game that was aborted */
	PGN_WHITE_WON,
	PGN_BLACK_WON,
	PGN_DRAWN,
};

struct pgn_game {
	struct slice site;         /* where it was played: the server's name */
	struct slice white, black; /* names; empty: unknown, written as "?" */
	int64_t started_at;        /* wall, ms */
	enum pgn_result result;
	struct slice status, reason; /* in one word, and in the words of the rules; or empty */
	struct slice setup;          /* FEN; empty for the usual start */
	struct slice time_control;   /* empty: none */
	bool rated;
	int white_rating, black_rating; /* 0: not known */
	struct slice moves;             /* SAN, separated by one space */
	const int64_t *left_us; /* of each: the mover's time behind it; NULL: none is told */
	struct slice variant;   /* as lichess names it: "Chess960"; empty: chess */
};

/*
 * Appends the game: tags, an empty line, the moves in lines of at most 79 bytes, an empty line. Clocks stand
 * behind each move as its comment, "{ [%clk 0:04:59.7] }" (the supplement of 2001, with tenths where
 * there are some).
 */
void pgn_write(struct strbuf *out, const struct pgn_game *game);

/*
 * A match of chess or of a variant, as the host knows it: its start and the variant's name are told, since
 * each game knows its own.
 */
void pgn_record(const struct game_record *match, struct slice setup, struct slice variant,
	struct strbuf *out);

#endif
