/*
 * chess_test.h: what the chess tests share: boards from text, moves from text, fixed randomness.
 */
#ifndef CHESS_TEST_H
#define CHESS_TEST_H

#include <stdio.h>

#include "harness.h"

#include "rules/chess/fen.h"
#include "rules/chess/moves.h"
#include "rules/chess/notation.h"

#define START_FEN    "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"
#define KIWIPETE_FEN "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1"

static inline struct chess_board board_of(const char *fen)
{
	struct chess_board b;
	const char *why = NULL;

	ck_assert_msg(chess_fen_read(slice_str(fen), &b, &why) == 0, "%s: %s", fen, why);
	return b;
}

static inline struct chess_move move_of(const struct chess_board *b, const char *uci)
{
	struct chess_move m = { 0 };

	ck_assert_msg(chess_uci_read(b, slice_str(uci), &m) == 0, "%s is refused", uci);
	return m;
}

/* Plays moves that are separated by spaces. */
static inline void play_all(struct chess_board *b, const char *line)
{
	struct slice rest = slice_str(line);

	while (rest.p && rest.n > 0) {
		struct slice text = slice_split(&rest, ' ');
		struct chess_move m;

		ck_assert_msg(
			chess_uci_read(b, text, &m) == 0, "%.*s in %s", SLICE_ARG(text), line);
		chess_board_play(b, m);
	}
}

static inline bool is_legal(const struct chess_board *b, const char *uci)
{
	struct chess_move m;

	return chess_uci_read(b, slice_str(uci), &m) == 0;
}

/* xorshift64: the same numbers on every run. */
static inline unsigned random_below(uint64_t *state, unsigned n)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (unsigned)(*state >> 33) % n;
}

#endif
