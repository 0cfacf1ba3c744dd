/*
 * morris.c: nine men's morris as a game that is hosted (morris_board.h). It is saved as the first position
 * that can come again, and the moves from there:
 *
 *	nine-mens-morris 1
 *	POSITION
 *	MOVE MOVE …
 *
 * Pure.
 */
#include "rules/morris.h"

#include "hearth/error.h"
#include "hearth/json.h"

#include "rules/morris_board.h"
#include "rules/plain.h"

/* The head, a position with what its numbers need, and the moves, none of which takes. */
#define SAVE_SIZE (sizeof(head) + MORRIS_POSITION_SIZE + MORRIS_QUIET_MAX * sizeof("d2-d3") + 2)

static const char head[] = "nine-mens-morris 1\n";
static const char *const colours[2] = { "white", "black" };

static int init(void *state, unsigned seats, struct slice setup, const uint8_t seed[GAME_SEED_SIZE],
	const char **why)
{
	const char *fault = morris_read_position(
		state, setup.n ? setup : SLICE("........................ w 9 9"));

	(void)seats, (void)seed;
	if (!fault)
		return 0;
	*why = fault;
	return HEARTH_EINVAL;
}

static uint64_t to_move(const void *state)
{
	const struct morris *g = state;

	return g->end == MORRIS_GOES_ON ? UINT64_C(1) << g->turn : 0;
}

static int apply(
	void *state, unsigned seat, struct slice text, struct game_move *made, const char **why)
{
	struct morris *g = state;
	const char *fault;
	struct morris_move m;

	if (game_check_turn(to_move(g), seat, why))
		return HEARTH_EDENIED;
	if (!morris_read_move(text, &m)) {
		*why = "a move is written as in d2, d2-d3 or d2-d3xa7";
		return HEARTH_EINVAL;
	}
	fault = morris_fault(g, m);
	if (fault) {
		*why = fault;
		return HEARTH_EDENIED;
	}
	morris_play(g, m);
	if (made) {
		morris_write_move(m, made->text);
		morris_write_move(m, made->notation);
	}
	return 0;
}

static void legal(const void *state, unsigned seat, struct strbuf *out)
{
	const struct morris *g = state;

	if (seat == g->turn)
		morris_moves(g, out);
}

static void outcome(const void *state, struct game_result *out)
{
	const struct morris *g = state;

	switch ((enum morris_end)g->end) {
	case MORRIS_GOES_ON: *out = game_goes_on(); break;
	case MORRIS_TOO_FEW: *out = game_over(g->turn ^ 1, "fewer than three men"); break;
	case MORRIS_BLOCKED: *out = game_over(g->turn ^ 1, "no move is left"); break;
	case MORRIS_REPEATED: *out = game_over(GAME_NOBODY, "threefold repetition"); break;
	case MORRIS_QUIET: *out = game_over(GAME_NOBODY, "100 moves without a man taken"); break;
	}
}

static void view(const void *state, int viewer, struct strbuf *out)
{
	const struct morris *g = state;
	struct game_result result;
	char board[MORRIS_POINTS];
	struct json_writer w;

	(void)viewer; /* nothing is hidden */
	outcome(g, &result);
	morris_write_points(&g->now, board);
	json_writer_init(&w, out);
	json_open_object(&w);
	json_put_text(&w, "board", slice_of(board, sizeof(board)));
	json_put_str(&w, "turn", colours[g->turn]);
	json_name(&w, "hand");
	json_open_array(&w);
	json_i64(&w, g->hand[0]);
	json_i64(&w, g->hand[1]);
	json_close_array(&w);
	json_put_str(&w, "status", result.status);
	json_put_str(&w, "reason", result.reason);
	json_close_object(&w);
}

static void save(const void *state, struct strbuf *out)
{
	const struct morris *g = state;
	char board[MORRIS_POINTS], text[MORRIS_MOVE_SIZE];
	unsigned mover = g->turn ^ ((g->past_n - 1) & 1);

	morris_write_points(&g->start, board);
	strbuf_adds(out, head);
	strbuf_add(out, slice_of(board, sizeof(board)));
	strbuf_printf(out, " %c %d %d\n", mover ? 'b' : 'w', g->hand[0], g->hand[1]);
	for (unsigned i = 0; i + 1 < g->past_n; i++, mover ^= 1) {
		uint32_t before = g->past[i].men[mover], after = g->past[i + 1].men[mover];
		struct morris_move m = { __builtin_ctz(before & ~after),
			__builtin_ctz(after & ~before), -1 };

		if (i > 0)
			strbuf_addc(out, ' ');
		morris_write_move(m, text);
		strbuf_adds(out, text);
	}
	strbuf_addc(out, '\n');
}

static int load(void *state, struct slice saved)
{
	struct morris *g = state;
	struct slice position, moves;
	struct morris_move m;

	if (saved.n > SAVE_SIZE || !slice_starts(saved, slice_str(head)))
		return HEARTH_ECORRUPT;
	saved = slice_skip(saved, sizeof(head) - 1);
	position = slice_split(&saved, '\n');
	moves = slice_split(&saved, '\n');
	if (!saved.p || saved.n || morris_read_position(g, position))
		return HEARTH_ECORRUPT;
	while (moves.p && (moves.n || g->past_n > 1)) {
		if (g->end != MORRIS_GOES_ON || !morris_read_move(slice_split(&moves, ' '), &m) ||
			m.from < 0 || m.takes >= 0 || morris_fault(g, m))
			return HEARTH_ECORRUPT;
		morris_play(g, m);
	}
	return 0;
}

static uint64_t hash(const void *state)
{
	return game_hash_bytes(state, sizeof(struct morris));
}

static void record(const struct game_record *match, struct strbuf *out)
{
	game_record_lines(&morris_rules, match, out);
}

const struct game_rules morris_rules = {
	.version = GAME_RULES_VERSION,
	.id = "nine-mens-morris",
	.name = "Nine men's morris",
	.seat_names = colours,
	.seats_min = 2,
	.seats_max = 2,
	.state_size = sizeof(struct morris),
	.setup_size_max = MORRIS_POSITION_SIZE,
	.save_size_max = SAVE_SIZE,
	.init = init,
	.to_move = to_move,
	.apply = apply,
	.legal = legal,
	.view = view,
	.outcome = outcome,
	.save = save,
	.load = load,
	.hash = hash,
	.record = record,
	.record_file = "games.txt",
};
