/*
 * battleship.c: two boards, each with ships and with the shots at it. A view has the ships of its viewer
 * alone, and of the other what shots have found; a placing is told to nobody but who places. When it is
 * over, however it ended, nothing is secret.
 *
 * A saved game is, with a line for each seat's ships in their order and one for the shots at them:
 *
 *	battleship 1
 *	B2-B6 D1-G1 …
 *	..x…			a hundred squares, A1 B1 …, x: shot at
 *	(the same for the other seat)
 *
 * Whose turn it is follows from how many shots there were. Pure; a state has 408 bytes.
 */
#include "rules/battleship.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/json.h"

#include "rules/fleet.h"
#include "rules/plain.h"

#define SAVE_SIZE (sizeof(head) + 2 * (FLEET_SHIPS * FLEET_MOVE_SIZE + FLEET_SQUARES + 2))

static const char head[] = "battleship 1\n";
static const char *const seats[2] = { "first", "second" };

/* What a shot of a seat finds, as its notation. */
static void write_shot(
	const struct fleets *before, unsigned seat, unsigned square, char out[GAME_MOVE_MAX])
{
	struct fleets after = *before;
	unsigned ship = before->ship[seat ^ 1][square];
	char text[4];

	after.shot[seat ^ 1][square] = 1;
	fleet_write_square(square, text);
	snprintf(out, GAME_MOVE_MAX, "%s:%s", text,
		!ship                                ? "miss"
		: fleet_sunk(&after, seat ^ 1, ship) ? "sunk"
						     : "hit");
}

static int init(void *state, unsigned n, struct slice setup, const uint8_t seed[GAME_SEED_SIZE],
	const char **why)
{
	(void)n, (void)seed;
	if (setup.n) {
		*why = "this game has no setup: both place their ships";
		return HEARTH_EINVAL;
	}
	memset(state, 0, sizeof(struct fleets));
	return 0;
}

static uint64_t to_move(const void *state)
{
	const struct fleets *g = state;

	if (g->won)
		return 0;
	if (fleets_placing(g))
		return (uint64_t)(g->placed[0] < FLEET_SHIPS) |
		       (uint64_t)(g->placed[1] < FLEET_SHIPS) << 1;
	return UINT64_C(1) << g->turn;
}

static int apply_place(struct fleets *g, unsigned seat, struct slice text, struct game_move *made,
	const char **why)
{
	const char *fault;
	struct fleet_span s;

	if (!fleet_read_span(text, &s)) {
		*why = "a ship is placed by its first and last square, as in B2-B6";
		return HEARTH_EINVAL;
	}
	fault = fleet_fault(g, seat, s);
	if (fault) {
		*why = fault;
		return HEARTH_EDENIED;
	}
	fleet_place(g, seat, s);
	if (made) {
		fleet_write_span(s, made->text);
		fleet_write_span(s, made->notation);
	}
	return 0;
}

static int apply(
	void *state, unsigned seat, struct slice text, struct game_move *made, const char **why)
{
	struct fleets *g = state;
	unsigned square;

	if (game_check_turn(to_move(g), seat, why))
		return HEARTH_EDENIED;
	if (fleets_placing(g))
		return apply_place(g, seat, text, made, why);
	if (!fleet_read_square(text, &square)) {
		*why = "a shot is a square, as in E5";
		return HEARTH_EINVAL;
	}
	if (g->shot[seat ^ 1][square]) {
		*why = "that square was shot at before";
		return HEARTH_EDENIED;
	}
	if (made) {
		fleet_write_square(square, made->text);
		write_shot(g, seat, square, made->notation);
	}
	fleets_shoot(g, square);
	return 0;
}

/* One ship of a fleet; a shot is a turn. */
static bool is_part(struct slice move)
{
	struct fleet_span s;

	return fleet_read_span(move, &s);
}

static void add_placings(const struct fleets *g, unsigned seat, struct strbuf *out)
{
	static const unsigned steps[2] = { 1, FLEET_SIDE };
	unsigned more = fleet_lengths[g->placed[seat]] - 1u;
	size_t from = out->n;
	char text[FLEET_MOVE_SIZE];

	for (unsigned i = 0; i < FLEET_SQUARES; i++) {
		for (unsigned k = 0; k < 2; k++) {
			struct fleet_span s = { i, i + more * steps[k], steps[k], more + 1 };
			bool fits = k ? s.to < FLEET_SQUARES : s.to / FLEET_SIDE == i / FLEET_SIDE;

			if (!fits || fleet_fault(g, seat, s))
				continue;
			fleet_write_span(s, text);
			game_add_word(out, from, text);
		}
	}
}

static void legal(const void *state, unsigned seat, struct strbuf *out)
{
	const struct fleets *g = state;
	size_t from = out->n;
	const char *why;
	char text[4];

	if (game_check_turn(to_move(g), seat, &why))
		return;
	if (fleets_placing(g)) {
		add_placings(g, seat, out);
		return;
	}
	for (unsigned i = 0; i < FLEET_SQUARES; i++) {
		if (g->shot[seat ^ 1][i])
			continue;
		fleet_write_square(i, text);
		game_add_word(out, from, text);
	}
}

static void outcome(const void *state, struct game_result *out)
{
	const struct fleets *g = state;

	*out = g->won ? game_over(g->won - 1, "all ships are sunk") : game_goes_on();
}

/*
 * A seat's board as somebody sees it: `.`, o shot at in vain, x hit, # of a ship that is sunk, s a ship
 * that was not hit, for its owner alone and at the end.
 */
static void put_board(struct json_writer *w, const struct fleets *g, unsigned seat, bool ships)
{
	char board[FLEET_SQUARES];

	for (unsigned i = 0; i < FLEET_SQUARES; i++) {
		unsigned ship = g->ship[seat][i];

		if (!g->shot[seat][i])
			board[i] = ship && ships ? 's' : '.';
		else
			board[i] = !ship ? 'o' : fleet_sunk(g, seat, ship) ? '#' : 'x';
	}
	json_text(w, slice_of(board, sizeof(board)));
}

static void view(const void *state, int viewer, struct strbuf *out)
{
	const struct fleets *g = state;
	struct game_result result;
	struct json_writer w;

	outcome(g, &result);
	json_writer_init(&w, out);
	json_open_object(&w);
	json_put_str(&w, "phase", g->won ? "over" : fleets_placing(g) ? "placing" : "shooting");
	json_name(&w, "placed"); /* how many ships, not where */
	json_open_array(&w);
	json_i64(&w, g->placed[0]);
	json_i64(&w, g->placed[1]);
	json_close_array(&w);
	json_name(&w, "boards");
	json_open_array(&w);
	for (unsigned seat = 0; seat < 2; seat++)
		put_board(&w, g, seat, g->won || viewer == GAME_VIEWER_ALL || viewer == (int)seat);
	json_close_array(&w);
	json_put_str(&w, "turn", g->won || fleets_placing(g) ? NULL : seats[g->turn]);
	json_put_str(&w, "status", result.status);
	json_put_str(&w, "reason", result.reason);
	json_close_object(&w);
}

static void told(
	const void *before, unsigned seat, struct slice move, int viewer, struct game_move *out)
{
	const struct fleets *g = before;
	unsigned square;

	memset(out, 0, sizeof(*out));
	if (!fleets_placing(g) && fleet_read_square(move, &square)) {
		fleet_write_square(square, out->text);
		write_shot(g, seat, square, out->notation);
	} else if (viewer == (int)seat && move.n < GAME_MOVE_MAX) {
		memcpy(out->text, move.p, move.n);
		memcpy(out->notation, move.p, move.n);
	}
}

static void save(const void *state, struct strbuf *out)
{
	const struct fleets *g = state;
	char text[FLEET_MOVE_SIZE];

	strbuf_adds(out, head);
	for (unsigned seat = 0; seat < 2; seat++) {
		size_t from = out->n;

		for (unsigned ship = 1; ship <= g->placed[seat]; ship++) {
			fleet_write_span(fleet_span_of(g, seat, ship), text);
			game_add_word(out, from, text);
		}
		strbuf_addc(out, '\n');
		for (unsigned i = 0; i < FLEET_SQUARES; i++)
			strbuf_addc(out, g->shot[seat][i] ? 'x' : '.');
		strbuf_addc(out, '\n');
	}
}

static bool load_seat(struct fleets *g, unsigned seat, struct slice ships, struct slice shots)
{
	struct fleet_span s;

	while (ships.p && (ships.n || g->placed[seat])) {
		if (g->placed[seat] == FLEET_SHIPS ||
			!fleet_read_span(slice_split(&ships, ' '), &s) || fleet_fault(g, seat, s))
			return false;
		fleet_place(g, seat, s);
	}
	if (shots.n != FLEET_SQUARES)
		return false;
	for (unsigned i = 0; i < FLEET_SQUARES; i++) {
		if (shots.p[i] != '.' && shots.p[i] != 'x')
			return false;
		g->shot[seat][i] = shots.p[i] == 'x';
	}
	return true;
}

/* Nobody shoots before all is placed; seats shoot in turn; the last shot is the winner's. */
static bool settle(struct fleets *g)
{
	unsigned at[2] = { 0, 0 };

	for (unsigned i = 0; i < FLEET_SQUARES; i++) {
		at[0] += g->shot[0][i];
		at[1] += g->shot[1][i];
	}
	if (fleets_placing(g))
		return at[0] + at[1] == 0;
	if (at[1] != at[0] && at[1] != at[0] + 1)
		return false;
	g->turn = at[1] != at[0];
	if (fleet_lost(g, g->turn ^ 1))
		return false;
	if (fleet_lost(g, g->turn))
		g->won = (uint8_t)((g->turn ^ 1) + 1);
	return true;
}

static int load(void *state, struct slice saved)
{
	struct fleets *g = state;

	memset(g, 0, sizeof(*g));
	if (!slice_starts(saved, slice_str(head)))
		return HEARTH_ECORRUPT;
	saved = slice_skip(saved, sizeof(head) - 1);
	for (unsigned seat = 0; seat < 2; seat++) {
		struct slice ships = slice_split(&saved, '\n'), shots = slice_split(&saved, '\n');

		if (!saved.p || !load_seat(g, seat, ships, shots))
			return HEARTH_ECORRUPT;
	}
	return saved.n == 0 && settle(g) ? 0 : HEARTH_ECORRUPT;
}

static uint64_t hash(const void *state)
{
	return game_hash_bytes(state, sizeof(struct fleets));
}

static void record(const struct game_record *match, struct strbuf *out)
{
	game_record_lines(&battleship_rules, match, out);
}

const struct game_rules battleship_rules = {
	.version = GAME_RULES_VERSION,
	.id = "battleship",
	.name = "Battleship",
	.seat_names = seats,
	.seats_min = 2,
	.seats_max = 2,
	.has_secrets = true,
	.state_size = sizeof(struct fleets),
	.setup_size_max = 1,
	.save_size_max = SAVE_SIZE,
	.init = init,
	.to_move = to_move,
	.apply = apply,
	.is_part = is_part,
	.legal = legal,
	.view = view,
	.told = told,
	.outcome = outcome,
	.save = save,
	.load = load,
	.hash = hash,
	.record = record,
	.record_file = "games.txt",
};
