/*
 * variant_test.h: what the tests of the variants share: boards from text, rows of moves.
 */
#ifndef VARIANT_TEST_H
#define VARIANT_TEST_H

#include <stdio.h>

#include "harness.h"

#include "rules/variants/fen.h"
#include "rules/variants/moves.h"
#include "rules/variants/notation.h"

static inline struct variant_board variant_of(enum variant variant, const char *fen)
{
	const char *text = fen[0] ? fen : variant_start(variant), *why = NULL;
	struct variant_board b;

	ck_assert_msg(
		variant_fen_read(variant, slice_str(text), &b, &why) == 0, "%s: %s", text, why);
	return b;
}

static inline bool variant_legal(const struct variant_board *b, const char *uci)
{
	struct chess_move m;

	return variant_uci_read(b, slice_str(uci), &m) == 0;
}

/* Plays moves that are separated by spaces. */
static inline void variant_line(struct variant_board *b, const char *line)
{
	struct slice rest = slice_str(line);

	while (rest.p && rest.n > 0) {
		struct slice text = slice_split(&rest, ' ');
		struct chess_move m;

		ck_assert_msg(
			variant_uci_read(b, text, &m) == 0, "%.*s in %s", SLICE_ARG(text), line);
		variant_play(b, m);
	}
}

static inline unsigned variant_random(uint64_t *state, unsigned n)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (unsigned)(*state >> 33) % n;
}

#endif
