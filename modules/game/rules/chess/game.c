/*
 * game.c: keeps the past in step with the board and says when a game is over.
 *
 * Pure; at most 151 positions are looked through.
 */
#include "rules/chess/game.h"

#include <assert.h>

#include "rules/chess/dead.h"
#include "rules/chess/moves.h"

/* Mate comes before the counted draws: FIDE 9.6.2. */
static enum chess_end end_of(const struct chess_game *g)
{
	const struct chess_board *b = &g->board;

	if (chess_moves_count(b) == 0)
		return chess_checkers(b) ? CHESS_CHECKMATE : CHESS_STALEMATE;
	if (chess_is_dead(b))
		return CHESS_DEAD_POSITION;
	if (chess_game_repeated(g) >= 5)
		return CHESS_FIVEFOLD_REPETITION;
	if (b->halfmove >= CHESS_HALFMOVES_MAX)
		return CHESS_SEVENTY_FIVE_MOVES;
	return CHESS_GOES_ON;
}

/* Forgets the past: none of it can come again. */
static void begin_past(struct chess_game *g)
{
	g->start = g->board;
	memset(g->past, 0, sizeof(g->past));
	memset(g->moves, 0, sizeof(g->moves));
	chess_board_pack(&g->board, &g->past[0]);
	g->past_n = 1;
}

void chess_game_start(struct chess_game *g, const struct chess_board *board)
{
	memset(g, 0, sizeof(*g));
	g->board = *board;
	begin_past(g);
	g->end = (uint8_t)end_of(g);
}

void chess_game_play(struct chess_game *g, struct chess_move m)
{
	assert(g->end == CHESS_GOES_ON && g->past_n <= CHESS_HALFMOVES_MAX);
	chess_board_play(&g->board, m);
	if (g->board.halfmove == 0) {
		begin_past(g);
	} else {
		g->moves[g->past_n - 1] = m;
		chess_board_pack(&g->board, &g->past[g->past_n++]);
	}
	g->end = (uint8_t)end_of(g);
}

/* How often `now` stands in the past, for the side that moved at past[last], last - 2, … */
static unsigned seen(const struct chess_game *g, const struct chess_packed *now, int last)
{
	unsigned n = 0;

	for (int i = last; i >= 0; i -= 2)
		n += memcmp(&g->past[i], now, sizeof(*now)) == 0;
	return n;
}

unsigned chess_game_repeated(const struct chess_game *g)
{
	return seen(g, &g->past[g->past_n - 1], g->past_n - 1);
}

static enum chess_end claim_by_board(unsigned repeated, unsigned halfmove)
{
	if (repeated >= 3)
		return CHESS_THREEFOLD_REPETITION;
	return halfmove >= 100 ? CHESS_FIFTY_MOVES : CHESS_GOES_ON;
}

static enum chess_end claim_by_move(const struct chess_game *g, struct chess_move m)
{
	struct chess_board next = g->board;
	struct chess_packed packed;
	unsigned repeated = 1;

	chess_board_play(&next, m);
	chess_board_pack(&next, &packed);
	if (next.halfmove > 0)
		repeated += seen(g, &packed, g->past_n - 2);
	return claim_by_board(repeated, next.halfmove);
}

enum chess_end chess_game_claim(
	const struct chess_game *g, unsigned colour, const struct chess_move *move)
{
	enum chess_end end = CHESS_GOES_ON;

	if (g->end != CHESS_GOES_ON)
		return CHESS_GOES_ON;
	if (g->board.turn == colour)
		end = move ? claim_by_move(g, *move)
			   : claim_by_board(chess_game_repeated(g), g->board.halfmove);
	if (end == CHESS_GOES_ON && !chess_can_mate(&g->board, colour ^ 1))
		end = CHESS_CANNOT_LOSE;
	return end;
}

static uint64_t stir(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 32;
}

uint64_t chess_game_hash(const struct chess_game *g)
{
	const struct chess_board *b = &g->board;
	uint64_t hash = stir(b->key, (uint64_t)b->fullmove << 16 | b->halfmove << 8 | b->chess960);

	for (size_t i = 0; i < g->past_n; i++) {
		uint64_t words[sizeof(g->past[0]) / sizeof(uint64_t)];

		memcpy(words, &g->past[i], sizeof(words));
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			hash = stir(hash, words[k]);
	}
	return hash;
}
