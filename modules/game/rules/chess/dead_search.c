/*
 * dead_search.c: looks at every position that legal moves lead to, the nearest first, until a mate is found,
 * none is left, or there are more than BOARDS_MAX. Lines end where another test says that there is no mate:
 * by the material, and after a capture or a pawn's move by the squares within reach.
 *
 * Positions that were seen are found by their key and compared whole. Any thread, which waits for another
 * that looks; at most BOARDS_MAX positions and WORK_MAX moves, about a millisecond. Nothing is kept.
 */
#include "rules/chess/dead_search.h"

#include <pthread.h>
#include <string.h>

#include "rules/chess/moves.h"

#define BOARDS_MAX 10000
#define SLOTS      32768 /* a power of two, so many that few keys meet */
#define WORK_MAX   36000 /* moves that are made; a test of what is within reach costs as much as */
#define REACH_WORK 50    /* so many of them */

struct seen {
	struct chess_board boards[BOARDS_MAX];
	uint16_t slots[SLOTS]; /* index of a board, plus one */
	unsigned n, work;
};

/* One at a time looks: it is asked when a match ends, and a stack has no room for it. */
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;
static struct seen seen;

/* The clocks do not decide what may come about (a game that they end has no mate after it). */
static bool same(const struct chess_board *a, const struct chess_board *b)
{
	return a->key == b->key && memcmp(a->piece, b->piece, sizeof(a->piece)) == 0 &&
	       memcmp(a->colour, b->colour, sizeof(a->colour)) == 0 && a->castling == b->castling &&
	       a->turn == b->turn && a->ep == b->ep;
}

/* Remembers a board unless it is there. False when there is no room for it. */
static bool add(struct seen *s, const struct chess_board *b)
{
	size_t at = b->key % SLOTS;

	for (; s->slots[at]; at = (at + 1) % SLOTS)
		if (same(&s->boards[s->slots[at] - 1], b))
			return true;
	if (s->n == BOARDS_MAX)
		return false;
	s->boards[s->n++] = *b;
	s->slots[at] = (uint16_t)s->n;
	return true;
}

/* What a capture or a pawn's move has changed for good. */
static bool is_hopeless(struct seen *s, const struct chess_board *b, unsigned colour)
{
	if (!chess_material_mates(b, colour))
		return true;
	s->work += REACH_WORK;
	return !chess_reach_mates(b, colour);
}

/* What legal moves lead to is added. Whether a mate was found, or may be where there is no room. */
static bool expand(struct seen *s, const struct chess_board *b, unsigned colour)
{
	struct chess_move moves[CHESS_MOVES_MAX];
	size_t n = chess_moves_legal(b, moves);

	if (n == 0)
		return b->turn != colour && chess_checkers(b);
	for (size_t i = 0; i < n; i++) {
		struct chess_board next = *b;

		chess_board_play(&next, moves[i]);
		s->work++;
		if (next.halfmove == 0 && is_hopeless(s, &next, colour))
			continue;
		if (!add(s, &next) || s->work > WORK_MAX)
			return true;
	}
	return false;
}

static bool search(struct seen *s, const struct chess_board *b, unsigned colour)
{
	struct chess_board start = *b;

	memset(s->slots, 0, sizeof(s->slots));
	s->n = s->work = 0;
	start.halfmove = 0;
	add(s, &start);
	for (unsigned i = 0; i < s->n; i++) {
		struct chess_board from = s->boards[i];

		if (expand(s, &from, colour))
			return true;
	}
	return false;
}

bool chess_search_mates(const struct chess_board *b, unsigned colour)
{
	bool mates;

	pthread_mutex_lock(&seen_lock);
	mates = search(&seen, b, colour);
	pthread_mutex_unlock(&seen_lock);
	return mates;
}
