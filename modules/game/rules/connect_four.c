/*
 * connect_four.c: two sets of squares, seven bits a column of which the seventh stays empty: so a row of
 * four is found by shifting a set onto itself, and never runs from one column into the next.
 *
 * A saved game is "connect-four 1", then the rows from the top, `.`, `r` and `y`, a slash between. Who
 * moves follows from how many discs there are.
 *
 * Pure; a state has 24 bytes.
 */
#include "rules/connect_four.h"

#include "hearth/error.h"
#include "hearth/json.h"

#include "rules/plain.h"

#define COLUMNS     7
#define ROWS        6
#define HEIGHT      (ROWS + 1) /* bits a column */
#define SQUARES     42         /* COLUMNS times ROWS */
#define BOARD_BYTES (sizeof("1234567/1234567/1234567/1234567/1234567/1234567") - 1)

static const char head[] = "connect-four 1\n";
static const char *const colours[2] = { "red", "yellow" };

struct board {
	uint64_t discs[2];
	uint8_t played;
	uint8_t won;       /* by whom, plus one */
	uint8_t unused[6]; /* zero */
};

static uint64_t bit(unsigned column, unsigned row)
{
	return UINT64_C(1) << (column * HEIGHT + row);
}

static bool four_in_a_row(uint64_t discs)
{
	static const unsigned steps[4] = { 1, HEIGHT - 1, HEIGHT, HEIGHT + 1 };

	for (unsigned i = 0; i < 4; i++) {
		uint64_t pairs = discs & discs >> steps[i];

		if (pairs & pairs >> 2 * steps[i])
			return true;
	}
	return false;
}

static unsigned turn_of(const struct board *b)
{
	return b->played & 1;
}

static bool is_over(const struct board *b)
{
	return b->won || b->played == SQUARES;
}

/* The row a disc falls to, ROWS when the column is full. */
static unsigned row_of(const struct board *b, unsigned column)
{
	uint64_t all = b->discs[0] | b->discs[1];
	unsigned row = 0;

	while (row < ROWS && (all & bit(column, row)))
		row++;
	return row;
}

/* 0, or HEARTH_EDENIED: the column is full. */
static int drop(struct board *b, unsigned column)
{
	unsigned us = turn_of(b), row = row_of(b, column);

	if (row == ROWS)
		return HEARTH_EDENIED;
	b->discs[us] |= bit(column, row);
	b->played++;
	if (four_in_a_row(b->discs[us]))
		b->won = (uint8_t)(us + 1);
	return 0;
}

static int read_column(struct slice text, unsigned *column)
{
	if (text.n != 1 || text.p[0] < '1' || text.p[0] > '0' + COLUMNS)
		return HEARTH_EINVAL;
	*column = (unsigned)(text.p[0] - '1');
	return 0;
}

static int init(void *state, unsigned seats, struct slice setup, const uint8_t seed[GAME_SEED_SIZE],
	const char **why)
{
	struct board *b = state;
	unsigned column;

	(void)seats, (void)seed;
	memset(b, 0, sizeof(*b));
	if (setup.n > SQUARES) {
		*why = "there are more moves than squares";
		return HEARTH_EINVAL;
	}
	for (size_t i = 0; i < setup.n; i++) {
		if (read_column(slice_of(setup.p + i, 1), &column)) {
			*why = "a column is a number from 1 to 7";
			return HEARTH_EINVAL;
		}
		if (is_over(b) || drop(b, column)) {
			*why = "a move is behind the end of the game, or in a column that is full";
			return HEARTH_EINVAL;
		}
	}
	return 0;
}

static uint64_t to_move(const void *state)
{
	return is_over(state) ? 0 : UINT64_C(1) << turn_of(state);
}

static int apply(
	void *state, unsigned seat, struct slice text, struct game_move *made, const char **why)
{
	char word[2] = "";
	unsigned column;

	if (game_check_turn(to_move(state), seat, why))
		return HEARTH_EDENIED;
	if (read_column(text, &column)) {
		*why = "a move is the number of a column, 1 to 7";
		return HEARTH_EINVAL;
	}
	if (drop(state, column)) {
		*why = "the column is full";
		return HEARTH_EDENIED;
	}
	word[0] = (char)('1' + column);
	if (made) {
		game_put_text(made->text, word);
		game_put_text(made->notation, word);
	}
	return 0;
}

static void legal(const void *state, unsigned seat, struct strbuf *out)
{
	size_t from = out->n;
	const char *why;

	if (game_check_turn(to_move(state), seat, &why))
		return;
	for (unsigned column = 0; column < COLUMNS; column++)
		if (row_of(state, column) < ROWS)
			game_add_word(out, from, (char[]){ (char)('1' + column), 0 });
}

static void write_board(const struct board *b, char out[BOARD_BYTES])
{
	size_t n = 0;

	for (unsigned row = ROWS; row-- > 0;) {
		for (unsigned column = 0; column < COLUMNS; column++)
			out[n++] = b->discs[0] & bit(column, row)   ? 'r'
				   : b->discs[1] & bit(column, row) ? 'y'
								    : '.';
		if (row > 0)
			out[n++] = '/';
	}
}

static void outcome(const void *state, struct game_result *out)
{
	const struct board *b = state;

	if (!is_over(b))
		*out = game_goes_on();
	else if (b->won)
		*out = game_over(b->won - 1, "four in a row");
	else
		*out = game_over(GAME_NOBODY, "the board is full");
}

static void view(const void *state, int viewer, struct strbuf *out)
{
	const struct board *b = state;
	struct game_result result;
	char board[BOARD_BYTES];
	struct json_writer w;

	(void)viewer; /* nothing is hidden */
	outcome(state, &result);
	write_board(b, board);
	json_writer_init(&w, out);
	json_open_object(&w);
	json_put_text(&w, "board", slice_of(board, sizeof(board)));
	json_put_str(&w, "turn", colours[turn_of(b)]);
	json_put_str(&w, "status", result.status);
	json_put_str(&w, "reason", result.reason);
	json_close_object(&w);
}

/* Some row of four has none of the other's discs in it. */
static bool can_win(const void *state, unsigned seat)
{
	const struct board *b = state;
	uint64_t board = 0;

	if (is_over(b) || seat > 1)
		return b->won == seat + 1;
	for (unsigned column = 0; column < COLUMNS; column++)
		board |= ((UINT64_C(1) << ROWS) - 1) << column * HEIGHT;
	return four_in_a_row(board & ~b->discs[seat ^ 1]);
}

static void save(const void *state, struct strbuf *out)
{
	char board[BOARD_BYTES];

	write_board(state, board);
	strbuf_adds(out, head);
	strbuf_add(out, slice_of(board, sizeof(board)));
}

/* Discs lie on each other, are as many as turns make them, and four are of who moved last. */
static bool can_stand(struct board *b)
{
	uint64_t all = b->discs[0] | b->discs[1];
	int red = __builtin_popcountll(b->discs[0]), yellow = __builtin_popcountll(b->discs[1]);

	for (unsigned column = 0; column < COLUMNS; column++)
		if ((all >> column * HEIGHT & 127) & ((all >> column * HEIGHT & 127) + 1))
			return false;
	if (red != yellow && red != yellow + 1)
		return false;
	b->played = (uint8_t)(red + yellow);
	if (four_in_a_row(b->discs[turn_of(b)]))
		return false;
	if (four_in_a_row(b->discs[turn_of(b) ^ 1]))
		b->won = (uint8_t)((turn_of(b) ^ 1) + 1);
	return true;
}

static int load(void *state, struct slice saved)
{
	struct board *b = state;

	memset(b, 0, sizeof(*b));
	if (!slice_starts(saved, slice_str(head)))
		return HEARTH_ECORRUPT;
	saved = slice_skip(saved, sizeof(head) - 1);
	if (saved.n != BOARD_BYTES)
		return HEARTH_ECORRUPT;
	for (size_t i = 0; i < saved.n; i++) {
		unsigned column = (unsigned)(i % (COLUMNS + 1));
		unsigned row = ROWS - 1 - (unsigned)(i / (COLUMNS + 1));
		char c = saved.p[i];

		if (column == COLUMNS ? c != '/' : c != '.' && c != 'r' && c != 'y')
			return HEARTH_ECORRUPT;
		if (c == 'r' || c == 'y')
			b->discs[c == 'y'] |= bit(column, row);
	}
	return can_stand(b) ? 0 : HEARTH_ECORRUPT;
}

static uint64_t hash(const void *state)
{
	return game_hash_bytes(state, sizeof(struct board));
}

static void record(const struct game_record *match, struct strbuf *out)
{
	game_record_lines(&connect_four_rules, match, out);
}

const struct game_rules connect_four_rules = {
	.version = GAME_RULES_VERSION,
	.id = "connect-four",
	.name = "Connect four",
	.seat_names = colours,
	.seats_min = 2,
	.seats_max = 2,
	.state_size = sizeof(struct board),
	.setup_size_max = SQUARES,
	.save_size_max = sizeof(head) - 1 + BOARD_BYTES,
	.init = init,
	.to_move = to_move,
	.apply = apply,
	.legal = legal,
	.view = view,
	.outcome = outcome,
	.can_win = can_win,
	.save = save,
	.load = load,
	.hash = hash,
	.record = record,
	.record_file = "games.txt",
};
