/*
 * fuzz_rules.c: any bytes as a saved state, or as setup and moves, of every game there is. The first
 * byte chooses the game, the second what the rest is. A saved state that is taken is saved again as one
 * that gives the same bytes; what is refused leaves every byte as it was.
 */
#include <assert.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/json.h"

#include "rules/rules.h"

#define MOVES_MAX 600

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *room(const struct game_rules *r, void **at)
{
	*at = mem_realloc(*at, r->state_size);
	return *at;
}

/* All that may be asked of a state, whatever it is. */
static void look(const struct game_rules *r, const void *state, void *copy)
{
	struct strbuf text = { 0 };
	struct game_result result;

	r->outcome(state, &result);
	assert(result.over == (r->to_move(state) == 0));
	for (int viewer = GAME_VIEWER_PUBLIC; viewer < (int)r->seats_max; viewer++) {
		struct arena *a = arena_new();
		struct json *json;

		strbuf_reset(&text);
		r->view(state, viewer, &text);
		assert(json_read(a, strbuf_slice(&text), &json, NULL) == 0);
		arena_free(&a);
		if (viewer < 0)
			continue;
		strbuf_reset(&text);
		r->legal(state, (unsigned)viewer, &text);
		assert((text.n > 0) == (r->to_move(state) >> viewer & 1));
		if (r->can_win)
			r->can_win(state, (unsigned)viewer);
	}
	strbuf_reset(&text);
	r->save(state, &text);
	assert(text.n <= r->save_size_max);
	assert(r->load(copy, strbuf_slice(&text)) == 0);
	assert(memcmp(copy, state, r->state_size) == 0);
	assert(r->hash(copy) == r->hash(state));
	strbuf_free(&text);
}

/* The first line is the setup, each further one a move of the next seat whose turn it is. */
static void play(const struct game_rules *r, struct slice text, void *state, void *copy)
{
	static const uint8_t seed[GAME_SEED_SIZE];
	struct slice setup = slice_split(&text, '\n');
	const char *why = NULL;

	if (r->init(state, r->seats_max, setup, seed, &why)) {
		assert(why && why[0] && !game_rules_rating(r, setup));
		return;
	}
	game_rules_rating(r, setup);
	for (unsigned n = 0; text.p && n < MOVES_MAX; n++) {
		struct slice move = slice_split(&text, '\n');
		uint64_t turn = r->to_move(state);
		struct game_result result;
		struct game_move made;

		for (unsigned seat = 0; seat < r->seats_max; seat++)
			if (r->claim)
				r->claim(state, seat, move, &result, &why);
		if (r->is_part)
			r->is_part(move);
		memcpy(copy, state, r->state_size);
		if (r->apply(state, turn ? (unsigned)__builtin_ctzll(turn) : 0, move, &made, &why))
			assert(why && memcmp(copy, state, r->state_size) == 0);
	}
	look(r, state, copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void *state, *copy;
	const struct game_rules *r;
	struct slice text;
	size_t n = 0;
	int rc;

	if (size < 2)
		return 0;
	while (game_rules_at(n))
		n++;
	r = game_rules_at(data[0] % n);
	text = slice_of(data + 2, size - 2);
	room(r, &state);
	room(r, &copy);
	if (data[1] & 1) {
		play(r, text, state, copy);
		return 0;
	}
	rc = r->load(state, text);
	assert(rc == 0 || rc == HEARTH_ECORRUPT);
	if (rc == 0)
		look(r, state, copy);
	return 0;
}
