/*
 * perft.c: the count, by copying the board for each move.
 *
 * Pure; deep counts take as long as there are positions, for tests only.
 */
#include "rules/chess/perft.h"

#include "rules/chess/moves.h"

uint64_t chess_perft(const struct chess_board *b, unsigned depth)
{
	struct chess_move moves[CHESS_MOVES_MAX];
	uint64_t sum = 0;
	size_t n;

	if (depth == 0)
		return 1;
	if (depth == 1)
		return chess_moves_count(b);
	n = chess_moves_legal(b, moves);
	for (size_t i = 0; i < n; i++) {
		struct chess_board next = *b;

		chess_board_play(&next, moves[i]);
		sum += chess_perft(&next, depth - 1);
	}
	return sum;
}
