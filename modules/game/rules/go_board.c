/*
 * go_board.c: strings, captures and areas, each found by a walk over the points (go_board.h).
 *
 * Pure; a walk sees each point once.
 */
#include "rules/go_board.h"

#include <assert.h>
#include <stdio.h>

/* A set of points that are reached, as a list and as marks. */
struct walk {
	uint16_t list[GO_POINTS_MAX];
	uint8_t in[GO_POINTS_MAX];
	unsigned n;
};

static unsigned points(const struct go_game *g)
{
	return (unsigned)g->size * g->size;
}

/* The neighbours of a point; returns how many. */
static unsigned around(const struct go_game *g, unsigned point, unsigned out[4])
{
	unsigned column, row, n = 0;

	assert(g->size > 0);
	column = point % g->size;
	row = point / g->size;
	if (column > 0)
		out[n++] = point - 1;
	if (column + 1u < g->size)
		out[n++] = point + 1;
	if (row > 0)
		out[n++] = point - g->size;
	if (row + 1u < g->size)
		out[n++] = point + g->size;
	return n;
}

static void reach(struct walk *w, unsigned point)
{
	if (!w->in[point]) {
		w->in[point] = 1;
		w->list[w->n++] = (uint16_t)point;
	}
}

/* What holds a stone, as the game is counted: a marked one is gone. */
static unsigned living(const struct go_game *g, unsigned point)
{
	return g->dead[point] ? GO_EMPTY : g->stones[point];
}

/* The string of the stone on a point; whether it has a liberty on another point than `but`. */
static bool string_of(const struct go_game *g, unsigned point, unsigned but, struct walk *w)
{
	bool liberty = false;
	unsigned next[4];

	memset(w, 0, sizeof(*w));
	reach(w, point);
	for (unsigned i = 0; i < w->n; i++) {
		unsigned n = around(g, w->list[i], next);

		for (unsigned k = 0; k < n; k++) {
			if (g->stones[next[k]] == g->stones[point])
				reach(w, next[k]);
			else if (g->stones[next[k]] == GO_EMPTY && next[k] != but)
				liberty = true;
		}
	}
	return liberty;
}

/* splitmix64 of the place: the same on every machine. */
static uint64_t key(unsigned point, unsigned stone)
{
	uint64_t z = (point * 2 + stone + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* What a stone of the mover on an empty point does. */
struct effect {
	uint8_t taken[GO_POINTS_MAX]; /* 1: captured */
	unsigned taken_n;
	bool alive; /* the new stone has a liberty, or captures */
	uint64_t position;
};

static void take_string(const struct go_game *g, const struct walk *w, struct effect *e)
{
	for (unsigned i = 0; i < w->n; i++) {
		if (e->taken[w->list[i]])
			continue;
		e->taken[w->list[i]] = 1;
		e->taken_n++;
		e->position ^= key(w->list[i], g->turn ^ 1);
	}
}

static void effect_of(const struct go_game *g, unsigned point, struct effect *e)
{
	unsigned next[4], n = around(g, point, next);
	struct walk w;

	*e = (struct effect){ .position = g->seen[g->seen_n - 1] ^ key(point, g->turn) };
	for (unsigned i = 0; i < n; i++) {
		unsigned stone = g->stones[next[i]];

		if (stone == GO_EMPTY) {
			e->alive = true;
		} else if (stone == g->turn) {
			e->alive |= string_of(g, next[i], point, &w);
		} else if (!e->taken[next[i]] && !string_of(g, next[i], point, &w)) {
			take_string(g, &w, e);
			e->alive = true;
		}
	}
}

static bool was_there(const struct go_game *g, uint64_t position)
{
	for (unsigned i = 0; i < g->seen_n; i++)
		if (g->seen[i] == position)
			return true;
	return false;
}

static const char *stone_fault(const struct go_game *g, unsigned point)
{
	struct effect e;

	if (g->stones[point] != GO_EMPTY)
		return "the point is taken";
	effect_of(g, point, &e);
	if (!e.alive)
		return "the stone would have no liberty";
	return was_there(g, e.position) ? "the position was on the board before (ko)" : NULL;
}

static const char *mark_fault(const struct go_game *g, unsigned move)
{
	if (move == GO_DONE || move == GO_RESUME)
		return NULL;
	if (move < GO_DEAD)
		return "dead stones are being marked";
	if (g->stones[move - GO_DEAD] == GO_EMPTY)
		return "no stone is there";
	return g->marks[g->turn] == GO_MARKS_MAX ? "that was marked often: done, or resume" : NULL;
}

const char *go_fault(const struct go_game *g, unsigned move)
{
	if (g->phase == GO_MARK)
		return mark_fault(g, move);
	if (move == GO_PASS)
		return NULL;
	return move < points(g) ? stone_fault(g, move)
				: "nothing is marked before both have passed";
}

static void place(struct go_game *g, unsigned point)
{
	struct effect e;

	effect_of(g, point, &e);
	g->stones[point] = g->turn;
	for (unsigned i = 0; i < points(g); i++)
		if (e.taken[i])
			g->stones[i] = GO_EMPTY;
	g->captured[g->turn] = (uint16_t)(g->captured[g->turn] + e.taken_n);
	g->seen[g->seen_n++] = e.position;
	g->passes = 0;
	g->turn ^= 1;
}

static void pass(struct go_game *g)
{
	g->turn ^= 1;
	if (++g->passes < 2)
		return;
	g->passes = 0;
	g->phase = g->resumed ? GO_OVER : GO_MARK;
}

/* Marks a string dead, or alive again: who has handed the marking over sees it once more. */
static void mark(struct go_game *g, unsigned point)
{
	uint8_t dead = !g->dead[point];
	struct walk w;

	string_of(g, point, GO_POINTS_MAX, &w);
	for (unsigned i = 0; i < w.n; i++)
		g->dead[w.list[i]] = dead;
	g->handed = 0;
	g->marks[g->turn]++;
}

static void hand_over(struct go_game *g)
{
	if (g->handed)
		g->phase = GO_OVER;
	g->handed = 1;
	g->turn ^= 1;
}

static void resume(struct go_game *g)
{
	memset(g->dead, 0, sizeof(g->dead));
	g->handed = 0;
	g->resumed = 1;
	g->phase = GO_PLAY;
	g->turn ^= 1;
}

void go_play(struct go_game *g, unsigned move)
{
	assert(g->moves_n < GO_LOG_MAX);
	g->moves[g->moves_n++] = (uint16_t)move;
	if (move >= GO_DEAD)
		mark(g, move - GO_DEAD);
	else if (move == GO_PASS)
		pass(g);
	else if (move == GO_DONE)
		hand_over(g);
	else if (move == GO_RESUME)
		resume(g);
	else
		place(g, move);
	if (move <= GO_PASS && ++g->played == GO_MOVES_MAX)
		g->phase = GO_OVER;
}

/* Handicap stones in the order they are placed: corners, sides, and the centre for an odd number. */
static void place_handicap(struct go_game *g, unsigned stones)
{
	/* Columns and rows of the star points: near, far, middle, in each of nine places. */
	static const char places[9][2] = { "nn", "ff", "fn", "nf", "nm", "fm", "mn", "mf", "mm" };
	unsigned edge = g->size > 9 ? 3 : 2, middle = g->size / 2u;
	uint64_t position = 0;

	for (unsigned i = 0; i < stones; i++) {
		const char *at = places[i];
		unsigned line[2];

		if ((stones == 5 || stones == 7) && i == stones - 1)
			at = places[8];
		for (unsigned k = 0; k < 2; k++)
			line[k] = at[k] == 'n' ? edge : at[k] == 'f' ? g->size - 1 - edge : middle;
		g->stones[line[1] * g->size + line[0]] = GO_BLACK;
		position ^= key(line[1] * g->size + line[0], GO_BLACK);
	}
	g->seen[0] = position;
}

void go_begin(struct go_game *g, unsigned size, int komi, unsigned handicap)
{
	memset(g, 0, sizeof(*g));
	g->size = (uint8_t)size;
	g->komi = (int16_t)komi;
	g->handicap = (uint8_t)handicap;
	g->turn = handicap ? GO_WHITE : GO_BLACK;
	for (unsigned i = 0; i < GO_POINTS_MAX; i++)
		g->stones[i] = GO_EMPTY;
	place_handicap(g, handicap);
	g->seen_n = 1;
}

/* The empty region around a point, and whose living stones it touches: a bit each. */
static unsigned region_of(const struct go_game *g, unsigned point, struct walk *w)
{
	unsigned next[4], touched = 0, from = w->n;

	reach(w, point);
	for (unsigned i = from; i < w->n; i++) {
		unsigned n = around(g, w->list[i], next);

		for (unsigned k = 0; k < n; k++) {
			unsigned stone = living(g, next[k]);

			if (stone == GO_EMPTY)
				reach(w, next[k]);
			else
				touched |= 1u << stone;
		}
	}
	return touched;
}

void go_score(const struct go_game *g, int score[2])
{
	struct walk w = { .n = 0 };

	score[GO_BLACK] = 0;
	score[GO_WHITE] = g->komi + 2 * g->handicap;
	for (unsigned i = 0; i < points(g); i++) {
		unsigned stone = living(g, i), from = w.n, touched;

		if (stone != GO_EMPTY) {
			score[stone] += 2;
			continue;
		}
		if (w.in[i])
			continue;
		touched = region_of(g, i, &w);
		if (touched == 1u << GO_BLACK || touched == 1u << GO_WHITE)
			score[touched == 1u << GO_WHITE] += 2 * (int)(w.n - from);
	}
}

static const char columns[] = "ABCDEFGHJKLMNOPQRST";

void go_write_move(const struct go_game *g, unsigned move, char out[GO_MOVE_SIZE])
{
	unsigned point = move >= GO_DEAD ? move - GO_DEAD : move;

	if (move == GO_PASS || move == GO_DONE || move == GO_RESUME)
		snprintf(out, GO_MOVE_SIZE, "%s",
			move == GO_PASS   ? "pass"
			: move == GO_DONE ? "done"
					  : "resume");
	else
		snprintf(out, GO_MOVE_SIZE, "%s%c%u", move >= GO_DEAD ? "dead:" : "",
			columns[point % g->size], point / g->size % 100 + 1);
}

bool go_read_move(const struct go_game *g, struct slice text, unsigned *move)
{
	static const struct {
		const char *word;
		unsigned move;
	} words[] = { { "pass", GO_PASS }, { "done", GO_DONE }, { "resume", GO_RESUME } };
	bool dead = slice_starts(text, SLICE("dead:"));
	const char *column;
	uint64_t row;

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (slice_eq(text, slice_str(words[i].word))) {
			*move = words[i].move;
			return true;
		}
	}
	text = slice_skip(text, dead ? 5 : 0);
	column = text.n > 1 ? memchr(columns, text.p[0], g->size) : NULL;
	if (!column || text.p[1] == '0' || slice_u64(slice_skip(text, 1), g->size, &row) ||
		row == 0)
		return false;
	*move = (unsigned)(row - 1) * g->size + (unsigned)(column - columns) + (dead ? GO_DEAD : 0);
	return true;
}
