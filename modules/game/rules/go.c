/*
 * go.c: go as a game that is hosted (go_board.h). It is saved as its setup and all its moves, which are
 * played again when it is loaded:
 *
 *	go 1
 *	SETUP
 *	MOVE MOVE …
 *
 * Pure; a state is of one size.
 */
#include "rules/go.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/json.h"

#include "rules/go_board.h"
#include "rules/plain.h"

#define SETUP_SIZE 48
#define SAVE_SIZE  (sizeof(head) + SETUP_SIZE + GO_LOG_MAX * GO_MOVE_SIZE + 2)
#define KOMI_MAX   200 /* half points */
#define KOMI_USUAL 15

static const char head[] = "go 1\n";
static const char *const colours[2] = { "black", "white" };

/* Takes a word and its value off the front, if it is this one. */
static bool take_word(struct slice *text, struct slice word, struct slice *value)
{
	struct slice rest = *text;

	if (!slice_eq(slice_split(&rest, ' '), word) || !rest.p)
		return false;
	*value = slice_split(&rest, ' ');
	*text = rest;
	return true;
}

/* A number with ".5" behind it or not, in half points. */
static bool read_komi(struct slice text, int *out)
{
	bool half = text.n > 2 && slice_eq(slice_skip(text, text.n - 2), SLICE(".5"));
	bool minus = text.n > 0 && text.p[0] == '-';
	uint64_t whole;

	text = slice_skip(slice_head(text, text.n - (half ? 2 : 0)), minus);
	if (slice_u64(text, KOMI_MAX / 2 - 1, &whole))
		return false;
	*out = (int)(2 * whole) + half;
	if (minus)
		*out = -*out;
	return true;
}

static const char *read_setup(struct go_game *g, struct slice text)
{
	uint64_t size = 19, handicap = 0;
	struct slice value;
	bool komi_said;
	int komi = 0;

	if (text.n > SETUP_SIZE)
		return "the setup is too long";
	if (take_word(&text, SLICE("boardsize"), &value) &&
		(slice_u64(value, 19, &size) || (size != 9 && size != 13 && size != 19)))
		return "a board has 9, 13 or 19 lines";
	komi_said = take_word(&text, SLICE("komi"), &value);
	if (komi_said && !read_komi(value, &komi))
		return "komi is a number of points, perhaps with .5";
	if (take_word(&text, SLICE("handicap"), &value) &&
		(slice_u64(value, 9, &handicap) || handicap < 2))
		return "a handicap is 2 to 9 stones";
	if (text.n)
		return "a setup is boardsize, komi and handicap, in this order";
	if (!komi_said)
		komi = handicap ? 1 : KOMI_USUAL;
	go_begin(g, (unsigned)size, komi, (unsigned)handicap);
	return NULL;
}

static void write_komi(int komi, char out[8])
{
	snprintf(out, 8, "%s%d%s", komi < 0 ? "-" : "", komi < 0 ? -komi / 2 % 200 : komi / 2 % 200,
		komi % 2 ? ".5" : "");
}

static int init(void *state, unsigned seats, struct slice setup, const uint8_t seed[GAME_SEED_SIZE],
	const char **why)
{
	const char *fault = read_setup(state, setup);

	(void)seats, (void)seed;
	if (!fault)
		return 0;
	*why = fault;
	return HEARTH_EINVAL;
}

/* Any board without a handicap, and with the usual komi: each has its own rating, as skill differs. */
static const char *rating(struct slice setup)
{
	struct go_game g;

	if (read_setup(&g, setup) || g.handicap || g.komi != KOMI_USUAL)
		return NULL;
	return g.size == 9 ? "go:9" : g.size == 13 ? "go:13" : "go";
}

static uint64_t to_move(const void *state)
{
	const struct go_game *g = state;

	return g->phase == GO_OVER ? 0 : UINT64_C(1) << g->turn;
}

static int apply(
	void *state, unsigned seat, struct slice text, struct game_move *made, const char **why)
{
	struct go_game *g = state;
	const char *fault;
	unsigned move;

	if (game_check_turn(to_move(g), seat, why))
		return HEARTH_EDENIED;
	if (!go_read_move(g, text, &move)) {
		*why = "a move is written as in D4, pass, dead:D4, done or resume";
		return HEARTH_EINVAL;
	}
	fault = go_fault(g, move);
	if (fault) {
		*why = fault;
		return HEARTH_EDENIED;
	}
	if (made) {
		go_write_move(g, move, made->text);
		go_write_move(g, move, made->notation);
	}
	go_play(g, move);
	return 0;
}

static bool is_part(struct slice move)
{
	return slice_starts(move, SLICE("dead:"));
}

static void add_legal(const struct go_game *g, unsigned move, size_t from, struct strbuf *out)
{
	char text[GO_MOVE_SIZE];

	if (go_fault(g, move))
		return;
	go_write_move(g, move, text);
	game_add_word(out, from, text);
}

static void legal(const void *state, unsigned seat, struct strbuf *out)
{
	const struct go_game *g = state;
	unsigned first = g->phase == GO_MARK ? GO_DEAD : 0;
	size_t from = out->n;

	if (g->phase == GO_OVER || seat != g->turn)
		return;
	for (unsigned i = 0; i < (unsigned)g->size * g->size; i++)
		add_legal(g, first + i, from, out);
	for (unsigned move = GO_PASS; move <= GO_RESUME; move++)
		add_legal(g, move, from, out);
}

static void outcome(const void *state, struct game_result *out)
{
	const struct go_game *g = state;
	int score[2];

	if (g->phase != GO_OVER) {
		*out = game_goes_on();
		return;
	}
	go_score(g, score);
	if (score[0] == score[1])
		*out = game_over(GAME_NOBODY, "as much area each");
	else
		*out = game_over(score[0] < score[1], "more area");
}

/* Rows from the top: `.`, X for black, O for white; small where marked dead. */
static void put_board(struct json_writer *w, const struct go_game *g)
{
	char board[GO_POINTS_MAX];
	size_t n = 0;

	for (unsigned row = g->size; row-- > 0;)
		for (unsigned column = 0; column < g->size; column++) {
			unsigned point = row * g->size + column;

			board[n++] = (g->dead[point] ? "xo." : "XO.")[g->stones[point]];
		}
	json_put_text(w, "board", slice_of(board, n));
}

static void put_pair(struct json_writer *w, const char *name, int black, int white)
{
	json_name(w, name);
	json_open_array(w);
	json_i64(w, black);
	json_i64(w, white);
	json_close_array(w);
}

static void view(const void *state, int viewer, struct strbuf *out)
{
	static const char *const phases[] = { "play", "marking", "over" };
	const struct go_game *g = state;
	struct game_result result;
	struct json_writer w;
	char komi[8];
	int score[2];

	(void)viewer; /* nothing is hidden */
	outcome(g, &result);
	write_komi(g->komi, komi);
	json_writer_init(&w, out);
	json_open_object(&w);
	json_put_i64(&w, "size", g->size);
	put_board(&w, g);
	json_put_str(&w, "turn", colours[g->turn]);
	json_put_str(&w, "phase", phases[g->phase]);
	json_put_str(&w, "komi", komi);
	json_put_i64(&w, "handicap", g->handicap);
	put_pair(&w, "captured", g->captured[0], g->captured[1]);
	if (g->phase != GO_PLAY) {
		go_score(g, score);
		put_pair(&w, "half_points", score[0], score[1]);
	}
	json_put_str(&w, "status", result.status);
	json_put_str(&w, "reason", result.reason);
	json_close_object(&w);
}

static void save(const void *state, struct strbuf *out)
{
	const struct go_game *g = state;
	char text[GO_MOVE_SIZE], komi[8];

	write_komi(g->komi, komi);
	strbuf_printf(out, "%sboardsize %d komi %s", head, g->size, komi);
	if (g->handicap)
		strbuf_printf(out, " handicap %d", g->handicap);
	strbuf_addc(out, '\n');
	for (unsigned i = 0; i < g->moves_n; i++) {
		if (i > 0)
			strbuf_addc(out, ' ');
		go_write_move(g, g->moves[i], text);
		strbuf_adds(out, text);
	}
	strbuf_addc(out, '\n');
}

static int load(void *state, struct slice saved)
{
	struct go_game *g = state;
	struct slice setup, moves;
	unsigned move;

	if (saved.n > SAVE_SIZE || !slice_starts(saved, slice_str(head)))
		return HEARTH_ECORRUPT;
	saved = slice_skip(saved, sizeof(head) - 1);
	setup = slice_split(&saved, '\n');
	moves = slice_split(&saved, '\n');
	if (!saved.p || saved.n || read_setup(g, setup))
		return HEARTH_ECORRUPT;
	if (moves.n == 0)
		return 0;
	while (moves.p) {
		if (g->phase == GO_OVER || !go_read_move(g, slice_split(&moves, ' '), &move) ||
			go_fault(g, move))
			return HEARTH_ECORRUPT;
		go_play(g, move);
	}
	return 0;
}

static uint64_t hash(const void *state)
{
	return game_hash_bytes(state, sizeof(struct go_game));
}

static void add_property(struct strbuf *out, const char *name, struct slice value)
{
	strbuf_printf(out, "%s[", name);
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == ']' || value.p[i] == '\\')
			strbuf_addc(out, '\\');
		strbuf_addc(out, (unsigned char)value.p[i] < 0x20 ? ' ' : value.p[i]);
	}
	strbuf_addc(out, ']');
}

/* A point as SGF has it: columns and rows by letter, from the upper left corner. */
static void add_point(struct strbuf *out, const struct go_game *g, unsigned point)
{
	strbuf_printf(out, "[%c%c]", 'a' + (int)(point % g->size),
		'a' + (int)(g->size - 1 - point / g->size));
}

static void add_moves(struct strbuf *out, struct go_game *g, struct slice moves)
{
	unsigned move;

	while (moves.n) {
		if (!go_read_move(g, slice_split(&moves, ' '), &move) || g->phase == GO_OVER ||
			go_fault(g, move))
			return;
		if (move <= GO_PASS)
			strbuf_printf(out, "\n;%c", g->turn == GO_BLACK ? 'B' : 'W');
		if (move < GO_PASS)
			add_point(out, g, move);
		else if (move == GO_PASS)
			strbuf_adds(out, "[]");
		go_play(g, move);
	}
}

/* SGF (FF[4]): what was marked is in the result alone. */
static void record(const struct game_record *match, struct strbuf *out)
{
	static const char *const results[] = { "B+", "W+", "0" };
	int winner = game_winner(match->scores, 2), score[2];
	struct go_game g;
	char text[16];

	if (read_setup(&g, match->setup))
		go_begin(&g, 19, KOMI_USUAL, 0);
	write_komi(g.komi, text);
	strbuf_printf(out, "(;GM[1]FF[4]CA[UTF-8]RU[Chinese]SZ[%d]KM[%s]", g.size, text);
	add_property(out, "PC", match->site);
	add_property(out, "PB", slice_str(match->names[0]));
	add_property(out, "PW", slice_str(match->names[1]));
	if (match->scored)
		strbuf_printf(out, "RE[%s%s]", results[winner == GAME_NOBODY ? 2 : winner],
			winner == GAME_NOBODY                         ? ""
			: slice_eq(match->status, SLICE("resign"))    ? "R"
			: slice_eq(match->status, SLICE("outoftime")) ? "T"
								      : "");
	if (g.handicap) {
		strbuf_printf(out, "HA[%d]AB", g.handicap);
		for (unsigned i = 0; i < (unsigned)g.size * g.size; i++)
			if (g.stones[i] == GO_BLACK)
				add_point(out, &g, i);
	}
	add_moves(out, &g, match->moves);
	go_score(&g, score);
	if (g.phase == GO_OVER)
		strbuf_printf(out, "C[%d.%d : %d.%d]", score[0] / 2, score[0] % 2 * 5, score[1] / 2,
			score[1] % 2 * 5);
	strbuf_adds(out, ")\n\n");
}

const struct game_rules go_rules = {
	.version = GAME_RULES_VERSION,
	.id = "go",
	.name = "Go",
	.seat_names = colours,
	.seats_min = 2,
	.seats_max = 2,
	.state_size = sizeof(struct go_game),
	.setup_size_max = SETUP_SIZE,
	.save_size_max = SAVE_SIZE,
	.init = init,
	.rating = rating,
	.to_move = to_move,
	.apply = apply,
	.is_part = is_part,
	.legal = legal,
	.view = view,
	.outcome = outcome,
	.save = save,
	.load = load,
	.hash = hash,
	.record = record,
	.record_file = "games.sgf",
};
