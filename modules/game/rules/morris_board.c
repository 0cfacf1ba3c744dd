/*
 * morris_board.c: two sets of the 24 points, and the sixteen rows of three: neighbours in a row are what a
 * man may go between, so the lines of the board follow from them. Pure.
 */
#include "rules/morris_board.h"

#include "rules/plain.h"

#define ROWS 16

static const char points[MORRIS_POINTS][3] = { "a1", "a4", "a7", "b2", "b4", "b6", "c3", "c4", "c5",
	"d1", "d2", "d3", "d5", "d6", "d7", "e3", "e4", "e5", "f2", "f4", "f6", "g1", "g4", "g7" };

/* By number of the point, each row in its order. */
static const uint8_t rows[ROWS][3] = { { 0, 9, 21 }, { 3, 10, 18 }, { 6, 11, 15 }, { 1, 4, 7 },
	{ 16, 19, 22 }, { 8, 12, 17 }, { 5, 13, 20 }, { 2, 14, 23 }, { 0, 1, 2 }, { 3, 4, 5 },
	{ 6, 7, 8 }, { 9, 10, 11 }, { 12, 13, 14 }, { 15, 16, 17 }, { 18, 19, 20 },
	{ 21, 22, 23 } };

static uint32_t bit(int point)
{
	return UINT32_C(1) << point;
}

static bool in_mill(uint32_t men, int point)
{
	for (int i = 0; i < ROWS; i++) {
		uint32_t row = bit(rows[i][0]) | bit(rows[i][1]) | bit(rows[i][2]);

		if ((row & bit(point)) && (men & row) == row)
			return true;
	}
	return false;
}

static uint32_t neighbours(int point)
{
	uint32_t set = 0;

	for (int i = 0; i < ROWS; i++) {
		if (rows[i][1] == point)
			set |= bit(rows[i][0]) | bit(rows[i][2]);
		if (rows[i][0] == point || rows[i][2] == point)
			set |= bit(rows[i][1]);
	}
	return set;
}

static int count(uint32_t set)
{
	return __builtin_popcount(set);
}

static uint32_t empty(const struct morris *g)
{
	return ~(g->now.men[0] | g->now.men[1]) & (bit(MORRIS_POINTS) - 1);
}

/* Where the man on `from` may go. */
static uint32_t targets(const struct morris *g, int from)
{
	return empty(g) & (count(g->now.men[g->turn]) == 3 ? ~UINT32_C(0) : neighbours(from));
}

/* What a mill on `to` may take; empty when there is no mill, or nobody to take. */
static uint32_t prey(const struct morris *g, int from, int to)
{
	uint32_t own = g->now.men[g->turn], other = g->now.men[g->turn ^ 1], loose = 0;

	own = (from < 0 ? own : own & ~bit(from)) | bit(to);
	if (!in_mill(own, to))
		return 0;
	for (uint32_t set = other; set; set &= set - 1)
		if (!in_mill(other, __builtin_ctz(set)))
			loose |= set & -set;
	return loose ? loose : other;
}

static bool can_move(const struct morris *g)
{
	if (g->hand[g->turn])
		return empty(g) != 0;
	for (uint32_t set = g->now.men[g->turn]; set; set &= set - 1)
		if (targets(g, __builtin_ctz(set)))
			return true;
	return false;
}

static enum morris_end end_of(const struct morris *g)
{
	unsigned seen = 0;

	if (count(g->now.men[g->turn]) + g->hand[g->turn] < 3)
		return MORRIS_TOO_FEW;
	if (!can_move(g))
		return MORRIS_BLOCKED;
	for (int i = g->past_n - 1; i >= 0; i -= 2)
		seen += memcmp(&g->past[i], &g->now, sizeof(g->now)) == 0;
	if (seen >= 3)
		return MORRIS_REPEATED;
	return g->past_n > MORRIS_QUIET_MAX ? MORRIS_QUIET : MORRIS_GOES_ON;
}

/* The present position is the first that can come again. */
static void begin_past(struct morris *g)
{
	memset(g->past, 0, sizeof(g->past));
	g->start = g->past[0] = g->now;
	g->past_n = 1;
}

void morris_play(struct morris *g, struct morris_move m)
{
	uint32_t *own = &g->now.men[g->turn], *other = &g->now.men[g->turn ^ 1];

	*own |= bit(m.to);
	if (m.from < 0)
		g->hand[g->turn]--;
	else
		*own &= ~bit(m.from);
	if (m.takes >= 0)
		*other &= ~bit(m.takes);
	g->turn ^= 1;
	if (m.from < 0 || m.takes >= 0)
		begin_past(g);
	else
		g->past[g->past_n++] = g->now;
	g->end = (uint8_t)end_of(g);
}

static int read_point(struct slice *text)
{
	for (int i = 0; i < MORRIS_POINTS; i++) {
		if (slice_starts(*text, slice_str(points[i]))) {
			*text = slice_skip(*text, 2);
			return i;
		}
	}
	return -1;
}

/* The form of a move alone. */
bool morris_read_move(struct slice text, struct morris_move *m)
{
	*m = (struct morris_move){ .from = -1, .to = read_point(&text), .takes = -1 };
	if (m->to < 0)
		return false;
	if (text.n && text.p[0] == '-') {
		text = slice_skip(text, 1);
		m->from = m->to;
		m->to = read_point(&text);
	}
	if (m->to >= 0 && text.n && text.p[0] == 'x') {
		text = slice_skip(text, 1);
		m->takes = read_point(&text);
		return m->takes >= 0 && text.n == 0;
	}
	return m->to >= 0 && text.n == 0;
}

void morris_write_move(struct morris_move m, char out[MORRIS_MOVE_SIZE])
{
	size_t n = 0;

	if (m.from >= 0) {
		memcpy(out, points[m.from], 2);
		out[2] = '-';
		n = 3;
	}
	memcpy(out + n, points[m.to], 2);
	n += 2;
	if (m.takes >= 0) {
		out[n++] = 'x';
		memcpy(out + n, points[m.takes], 2);
		n += 2;
	}
	out[n] = '\0';
}

/* NULL, or what the rules have against a move. */
const char *morris_fault(const struct morris *g, struct morris_move m)
{
	uint32_t taken;

	if ((m.from < 0) != (g->hand[g->turn] > 0))
		return g->hand[g->turn] ? "there are men to place" : "all men are placed";
	if (m.from >= 0 && !(g->now.men[g->turn] & bit(m.from)))
		return "no man of yours is there";
	if (!((m.from < 0 ? empty(g) : targets(g, m.from)) & bit(m.to)))
		return "a man cannot go there";
	taken = prey(g, m.from, m.to);
	if (m.takes < 0)
		return taken ? "a mill takes a man" : NULL;
	return taken & bit(m.takes) ? NULL : "that man cannot be taken";
}

static const char *read_board(struct morris *g, struct slice text)
{
	struct slice board = slice_split(&text, ' '), turn = slice_split(&text, ' ');
	uint64_t hand[2];

	memset(g, 0, sizeof(*g));
	if (board.n != MORRIS_POINTS)
		return "a position begins with 24 points";
	for (int i = 0; i < MORRIS_POINTS; i++) {
		if (board.p[i] == 'w' || board.p[i] == 'b')
			g->now.men[board.p[i] == 'b'] |= bit(i);
		else if (board.p[i] != '.')
			return "a point is ., w or b";
	}
	if (!slice_eq(turn, SLICE("w")) && !slice_eq(turn, SLICE("b")))
		return "the side to move is neither w nor b";
	if (slice_u64(slice_split(&text, ' '), MORRIS_MEN, &hand[0]) || !text.p ||
		slice_u64(text, MORRIS_MEN, &hand[1]))
		return "the men to place are no numbers from 0 to 9";
	g->turn = turn.p[0] == 'b';
	for (int side = 0; side < 2; side++) {
		int all = count(g->now.men[side]) + (int)hand[side];

		g->hand[side] = (uint8_t)hand[side];
		if (all > MORRIS_MEN || all < 2 || (all < 3 && side != g->turn))
			return "a side has too many men, or too few";
	}
	if (g->hand[g->turn] > g->hand[g->turn ^ 1] + 1 || g->hand[g->turn ^ 1] > g->hand[g->turn])
		return "the sides place in turn";
	return NULL;
}

const char *morris_read_position(struct morris *g, struct slice text)
{
	const char *why = read_board(g, text);

	if (why)
		return why;
	begin_past(g);
	g->end = (uint8_t)end_of(g);
	return NULL;
}

void morris_write_points(const struct morris_position *p, char out[MORRIS_POINTS])
{
	for (int i = 0; i < MORRIS_POINTS; i++)
		out[i] = p->men[0] & bit(i) ? 'w' : p->men[1] & bit(i) ? 'b' : '.';
}

/* Appends the moves of a man (-1: from the hand), each with all it may take. */
static void add_moves(const struct morris *g, int from, size_t begin, struct strbuf *out)
{
	uint32_t to = from < 0 ? empty(g) : targets(g, from);
	char text[MORRIS_MOVE_SIZE];

	for (; to; to &= to - 1) {
		struct morris_move m = { from, __builtin_ctz(to), -1 };
		uint32_t taken = prey(g, from, m.to);

		do {
			m.takes = taken ? __builtin_ctz(taken) : -1;
			morris_write_move(m, text);
			game_add_word(out, begin, text);
			taken &= taken - 1;
		} while (taken);
	}
}

void morris_moves(const struct morris *g, struct strbuf *out)
{
	size_t begin = out->n;

	if (g->end != MORRIS_GOES_ON)
		return;
	if (g->hand[g->turn]) {
		add_moves(g, -1, begin, out);
		return;
	}
	for (uint32_t set = g->now.men[g->turn]; set; set &= set - 1)
		add_moves(g, __builtin_ctz(set), begin, out);
}
