/*
 * reversi.c: two sets of squares, a1 the lowest bit. A move's discs are found along each of the eight
 * directions: as far as the opponent's discs go, if one of the mover's own is behind them.
 *
 * The side to move always has a move, unless the game is over: whoever has none is passed over when the
 * move before is made. A saved game is "reversi 1", then the board as a setup has it.
 *
 * Pure; a state has 24 bytes.
 */
#include "rules/reversi.h"

#include "hearth/error.h"
#include "hearth/json.h"

#include "rules/plain.h"

#define SQUARES     64
#define BOARD_BYTES (SQUARES + 2)

static const char head[] = "reversi 1\n";
static const char start[] = "---------------------------OX------XO--------------------------- X";
static const char *const colours[2] = { "black", "white" };

struct board {
	uint64_t discs[2];
	uint8_t turn;
	uint8_t over;
	uint8_t unused[6]; /* zero */
};

/* One step in a direction, off the board when it crosses an edge. */
static uint64_t step(uint64_t set, int file, int rank)
{
	if (file > 0)
		set = (set & 0x7f7f7f7f7f7f7f7fu) << 1;
	else if (file < 0)
		set = (set & 0xfefefefefefefefeu) >> 1;
	return rank > 0 ? set << 8 : rank < 0 ? set >> 8 : set;
}

/* What a disc of `own` on `square` would turn. */
static uint64_t turned(uint64_t own, uint64_t other, uint64_t square)
{
	uint64_t all = 0;

	for (int direction = 0; direction < 9; direction++) {
		int file = direction % 3 - 1, rank = direction / 3 - 1;
		uint64_t line = 0, at = step(square, file, rank);

		if (direction == 4)
			continue;
		for (; at & other; at = step(at, file, rank))
			line |= at;
		if (at & own)
			all |= line;
	}
	return all;
}

/* Squares where `own` may move. */
static uint64_t moves_of(uint64_t own, uint64_t other)
{
	uint64_t moves = 0;

	for (int direction = 0; direction < 9; direction++) {
		int file = direction % 3 - 1, rank = direction / 3 - 1;
		uint64_t at = own;

		if (direction == 4)
			continue;
		for (at = step(at, file, rank) & other; at; at = step(at, file, rank) & other)
			moves |= step(at, file, rank);
	}
	return moves & ~(own | other);
}

static uint64_t moves(const struct board *b)
{
	return b->over ? 0 : moves_of(b->discs[b->turn], b->discs[b->turn ^ 1]);
}

/* Passes over who has no move, and ends the game when nobody has. */
static void settle(struct board *b)
{
	if (moves(b))
		return;
	b->turn ^= 1;
	if (moves(b))
		return;
	b->turn = 0;
	b->over = 1;
}

static const char *read_board(struct board *b, struct slice text)
{
	memset(b, 0, sizeof(*b));
	if (text.n != BOARD_BYTES || text.p[SQUARES] != ' ')
		return "a position is 64 squares, a space, and the side to move";
	for (unsigned i = 0; i < SQUARES; i++) {
		if (text.p[i] == 'X' || text.p[i] == 'O')
			b->discs[text.p[i] == 'O'] |= UINT64_C(1) << i;
		else if (text.p[i] != '-')
			return "a square is -, X or O";
	}
	if (text.p[SQUARES + 1] != 'X' && text.p[SQUARES + 1] != 'O')
		return "the side to move is neither X nor O";
	b->turn = text.p[SQUARES + 1] == 'O';
	settle(b);
	return NULL;
}

static void write_board(const struct board *b, char out[BOARD_BYTES])
{
	for (unsigned i = 0; i < SQUARES; i++)
		out[i] = b->discs[0] >> i & 1 ? 'X' : b->discs[1] >> i & 1 ? 'O' : '-';
	out[SQUARES] = ' ';
	out[SQUARES + 1] = b->turn ? 'O' : 'X';
}

static int init(void *state, unsigned seats, struct slice setup, const uint8_t seed[GAME_SEED_SIZE],
	const char **why)
{
	const char *fault = read_board(state, setup.n ? setup : SLICE(start));

	(void)seats, (void)seed;
	if (!fault)
		return 0;
	*why = fault;
	return HEARTH_EINVAL;
}

static uint64_t to_move(const void *state)
{
	const struct board *b = state;

	return b->over ? 0 : UINT64_C(1) << b->turn;
}

static void write_square(unsigned square, char out[3])
{
	out[0] = (char)('a' + square % 8);
	out[1] = (char)('1' + square / 8);
	out[2] = '\0';
}

static int apply(
	void *state, unsigned seat, struct slice text, struct game_move *made, const char **why)
{
	struct board *b = state;
	uint64_t square, flips;
	unsigned at;

	if (game_check_turn(to_move(b), seat, why))
		return HEARTH_EDENIED;
	if (text.n != 2 || text.p[0] < 'a' || text.p[0] > 'h' || text.p[1] < '1' ||
		text.p[1] > '8') {
		*why = "a move is written as in d3";
		return HEARTH_EINVAL;
	}
	at = (unsigned)(text.p[0] - 'a') + 8 * (unsigned)(text.p[1] - '1');
	square = UINT64_C(1) << at;
	flips = turned(b->discs[seat], b->discs[seat ^ 1], square);
	if (((b->discs[0] | b->discs[1]) & square) || !flips) {
		*why = "a disc must turn at least one of the opponent's";
		return HEARTH_EDENIED;
	}
	b->discs[seat] |= square | flips;
	b->discs[seat ^ 1] &= ~flips;
	b->turn ^= 1;
	settle(b);
	if (made) {
		write_square(at, made->text);
		write_square(at, made->notation);
	}
	return 0;
}

static void legal(const void *state, unsigned seat, struct strbuf *out)
{
	const struct board *b = state;
	size_t from = out->n;
	char text[3];

	if (b->over || seat != b->turn)
		return;
	for (uint64_t set = moves(b); set; set &= set - 1) {
		write_square((unsigned)__builtin_ctzll(set), text);
		game_add_word(out, from, text);
	}
}

static void outcome(const void *state, struct game_result *out)
{
	const struct board *b = state;
	int black = __builtin_popcountll(b->discs[0]), white = __builtin_popcountll(b->discs[1]);

	if (!b->over)
		*out = game_goes_on();
	else if (black == white)
		*out = game_over(GAME_NOBODY, "as many discs each");
	else
		*out = game_over(black < white, "more discs");
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
	json_put_text(&w, "board", slice_of(board, SQUARES));
	json_put_str(&w, "turn", colours[b->turn]);
	json_put_i64(&w, "black", __builtin_popcountll(b->discs[0]));
	json_put_i64(&w, "white", __builtin_popcountll(b->discs[1]));
	json_put_str(&w, "status", result.status);
	json_put_str(&w, "reason", result.reason);
	json_close_object(&w);
}

static void save(const void *state, struct strbuf *out)
{
	char board[BOARD_BYTES];

	write_board(state, board);
	strbuf_adds(out, head);
	strbuf_add(out, slice_of(board, sizeof(board)));
}

static int load(void *state, struct slice saved)
{
	if (!slice_starts(saved, slice_str(head)) ||
		read_board(state, slice_skip(saved, sizeof(head) - 1)))
		return HEARTH_ECORRUPT;
	return 0;
}

static uint64_t hash(const void *state)
{
	return game_hash_bytes(state, sizeof(struct board));
}

static void record(const struct game_record *match, struct strbuf *out)
{
	game_record_lines(&reversi_rules, match, out);
}

const struct game_rules reversi_rules = {
	.version = GAME_RULES_VERSION,
	.id = "reversi",
	.name = "Reversi",
	.seat_names = colours,
	.seats_min = 2,
	.seats_max = 2,
	.state_size = sizeof(struct board),
	.setup_size_max = BOARD_BYTES,
	.save_size_max = sizeof(head) - 1 + BOARD_BYTES,
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
