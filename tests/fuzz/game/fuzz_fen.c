/*
 * fuzz_fen.c: any bytes as a FEN. What is taken must be written as a text that reads as the same
 * board, and every legal move must leave a board that can stand, with the right key and notation.
 */
#include <assert.h>

#include "rules/chess/dead.h"
#include "rules/chess/fen.h"
#include "rules/chess/moves.h"
#include "rules/chess/notation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_move(const struct chess_board *b, struct chess_move m)
{
	struct chess_board next = *b;
	struct chess_move again;
	char uci[CHESS_UCI_MAX], san[CHESS_SAN_MAX];
	size_t n = chess_uci_write(b, m, uci);

	assert(chess_uci_read(b, slice_of(uci, n), &again) == 0);
	assert(memcmp(&again, &m, sizeof(m)) == 0);
	assert(chess_san_write(b, m, san) < sizeof(san));
	chess_board_play(&next, m);
	assert(next.key == chess_board_key(&next));
	assert(!(chess_attackers(&next, chess_king(&next, b->turn), chess_occupied(&next)) &
		 next.colour[next.turn]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chess_board b, again;
	struct chess_move moves[CHESS_MOVES_MAX];
	char text[CHESS_FEN_MAX];
	const char *why = NULL;
	size_t n;

	if (chess_fen_read(slice_of(data, size), &b, &why)) {
		assert(why && why[0]);
		return 0;
	}
	n = chess_fen_write(&b, text);
	assert(n < sizeof(text) && text[n] == '\0');
	assert(chess_fen_read(slice_of(text, n), &again, &why) == 0);
	assert(memcmp(&b, &again, sizeof(b)) == 0);
	n = chess_moves_legal(&b, moves);
	assert(n <= CHESS_MOVES_MAX && n == chess_moves_count(&b));
	for (size_t i = 0; i < n; i++)
		try_move(&b, moves[i]);
	if (chess_is_dead(&b))
		assert(!chess_can_mate(&b, CHESS_WHITE) && !chess_can_mate(&b, CHESS_BLACK));
	return 0;
}
