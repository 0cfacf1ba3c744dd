/*
 * game.c: keeps the past in step with the board and says when a game is over. Pure; at most 151 positions
 * are looked through.
 */
#include "rules/variants/game.h"

#include <assert.h>

#include "rules/variants/material.h"
#include "rules/variants/moves.h"

static void pack(const struct variant_board *b, struct variant_packed *out)
{
	enum { CASTLING_ROOK = 7 };

	*out = (struct variant_packed){ .promoted = b->promoted, .ep = b->chess.ep };
	memcpy(out->pocket, b->pocket, sizeof(out->pocket));
	memcpy(out->checks, b->checks, sizeof(out->checks));
	for (uint64_t set = chess_occupied(&b->chess); set; set = chess_rest(set)) {
		unsigned square = chess_first(set);
		unsigned code = chess_board_piece(&b->chess, square) + 1;

		if (b->chess.castling & chess_bit(square))
			code = CASTLING_ROOK;
		for (unsigned plane = 0; plane < 3; plane++)
			out->planes[plane] |= (uint64_t)(code >> plane & 1) << square;
	}
	out->planes[3] = b->chess.colour[CHESS_BLACK];
}

static enum variant_outcome stuck_outcome(const struct variant_board *b)
{
	if (b->variant == VARIANT_ANTICHESS)
		return VARIANT_OUTCOME_NO_MOVE;
	return variant_in_check(b, b->chess.turn) ? VARIANT_OUTCOME_MATE
						  : VARIANT_OUTCOME_STALEMATE;
}

static enum variant_outcome outcome_of(const struct variant_game *g)
{
	const struct variant_board *b = &g->board;
	struct chess_move moves[VARIANT_MOVES_MAX];

	switch (variant_ended(b)) {
	case VARIANT_WHITE_WINS: return VARIANT_OUTCOME_WHITE;
	case VARIANT_BLACK_WINS: return VARIANT_OUTCOME_BLACK;
	case VARIANT_DRAWN: return VARIANT_OUTCOME_DRAWN;
	case VARIANT_GOES_ON: break;
	}
	if (variant_moves(b, moves) == 0)
		return stuck_outcome(b);
	if (!variant_can_win(b, CHESS_WHITE) && !variant_can_win(b, CHESS_BLACK))
		return VARIANT_OUTCOME_DEAD;
	if (variant_game_repeated(g) >= 5)
		return VARIANT_OUTCOME_FIVEFOLD;
	if (b->chess.halfmove >= CHESS_HALFMOVES_MAX)
		return VARIANT_OUTCOME_SEVENTY_FIVE;
	return VARIANT_OUTCOME_NONE;
}

static void begin_past(struct variant_game *g)
{
	g->start = g->board;
	memset(g->past, 0, sizeof(g->past));
	memset(g->moves, 0, sizeof(g->moves));
	pack(&g->board, &g->past[0]);
	g->past_n = 1;
}

void variant_game_start(struct variant_game *g, const struct variant_board *board)
{
	memset(g, 0, sizeof(*g));
	g->board = *board;
	begin_past(g);
	g->outcome = (uint8_t)outcome_of(g);
}

/* Room is made by letting the oldest position go. */
static void slide(struct variant_game *g)
{
	variant_play(&g->start, g->moves[0]);
	memmove(&g->past[0], &g->past[1], (g->past_n - 1) * sizeof(g->past[0]));
	memmove(&g->moves[0], &g->moves[1], (g->past_n - 2) * sizeof(g->moves[0]));
	g->past_n--;
}

void variant_game_play(struct variant_game *g, struct chess_move m)
{
	assert(g->outcome == VARIANT_OUTCOME_NONE && g->past_n <= CHESS_HALFMOVES_MAX + 1);
	variant_play(&g->board, m);
	if (g->board.chess.halfmove == 0 && g->board.variant != VARIANT_CRAZYHOUSE) {
		begin_past(g);
	} else {
		if (g->past_n > CHESS_HALFMOVES_MAX)
			slide(g);
		g->moves[g->past_n - 1] = m;
		pack(&g->board, &g->past[g->past_n++]);
	}
	g->outcome = (uint8_t)outcome_of(g);
}

/* How often `now` stands in the past, for the side that moved at past[last], last - 2, … */
static unsigned seen(const struct variant_game *g, const struct variant_packed *now, int last)
{
	unsigned n = 0;

	for (int i = last; i >= 0; i -= 2)
		n += memcmp(&g->past[i], now, sizeof(*now)) == 0;
	return n;
}

unsigned variant_game_repeated(const struct variant_game *g)
{
	return seen(g, &g->past[g->past_n - 1], g->past_n - 1);
}

static enum variant_outcome claim_by_board(unsigned repeated, unsigned halfmove)
{
	if (repeated >= 3)
		return VARIANT_OUTCOME_THREEFOLD;
	return halfmove >= 100 ? VARIANT_OUTCOME_FIFTY : VARIANT_OUTCOME_NONE;
}

enum variant_outcome variant_game_claim(
	const struct variant_game *g, unsigned colour, const struct chess_move *move)
{
	struct variant_board next = g->board;
	struct variant_packed packed;

	if (g->outcome != VARIANT_OUTCOME_NONE || g->board.chess.turn != colour)
		return VARIANT_OUTCOME_NONE;
	if (!move)
		return claim_by_board(variant_game_repeated(g), g->board.chess.halfmove);
	variant_play(&next, *move);
	pack(&next, &packed);
	return claim_by_board(1 + seen(g, &packed, g->past_n - 2), next.chess.halfmove);
}
