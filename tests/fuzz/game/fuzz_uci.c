/*
 * fuzz_uci.c: any bytes as a game: the first line is the setup, every further one a move by the
 * seat to move. A move that is refused leaves every byte as it was; the state that remains is
 * saved and read back as the same bytes.
 */
#include <assert.h>
#include <stdlib.h>

#include "rules/chess/game.h"
#include "rules/chess/plugin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reload(const struct chess_game *g)
{
	static struct chess_game again;
	struct strbuf saved = { 0 };

	chess_rules.save(g, &saved);
	assert(saved.n <= chess_rules.save_size_max);
	assert(chess_rules.load(&again, strbuf_slice(&saved)) == 0);
	assert(memcmp(&again, g, sizeof(again)) == 0);
	assert(chess_rules.hash(&again) == chess_rules.hash(g));
	strbuf_free(&saved);
}

static void try_claims(const struct chess_game *g, struct slice move)
{
	struct game_result r;
	const char *why = NULL;

	for (unsigned seat = 0; seat < 2; seat++) {
		if (chess_rules.claim(g, seat, move, &r, &why) == 0)
			assert(r.over && game_winner(r.scores, 2) == GAME_NOBODY);
		else
			assert(why);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[GAME_SEED_SIZE];
	static struct chess_game g, before;
	struct slice rest = slice_of(data, size), setup = slice_split(&rest, '\n');
	const char *why = NULL;

	if (chess_rules.init(&g, 2, setup, seed, &why)) {
		assert(why);
		return 0;
	}
	while (rest.p) {
		struct slice move = slice_split(&rest, '\n');
		struct game_move made;

		before = g;
		try_claims(&g, move);
		if (chess_rules.apply(&g, g.board.turn, move, &made, &why)) {
			assert(why && memcmp(&g, &before, sizeof(g)) == 0);
			continue;
		}
		assert(!chess_board_fault(&g.board));
		assert(chess_rules.hash(&g) != chess_rules.hash(&before));
	}
	check_reload(&g);
	return 0;
}
