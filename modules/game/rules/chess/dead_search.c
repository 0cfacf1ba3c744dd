/*
 * dead_search.c: looks at every position that legal moves lead to, the nearest first, until a mate is found,
 * none is left, or there are more than BOARDS_MAX. Lines end where another test says that there is no mate:
 * by the material, and after a capture or a pawn's move by the squares within reach.
 *
 * Positions that were seen are found by their key and compared whole. Any thread, ROOMS_MAX of
 * them at once; each at most BOARDS_MAX positions and WORK_MAX moves, about a millisecond. Nothing is kept.
 */
#include "rules/chess/dead_search.h"

#include <pthread.h>
#include <string.h>

#include "rules/chess/moves.h"

#define BOARDS_MAX 10000
#define SLOTS      32768 /* a power of two, so many that few keys meet */
#define WORK_MAX   36000 /* moves that are made; a test of what is within reach costs as much as */
#define REACH_WORK 50    /* so many of them */
#define ROOMS_MAX  16    /* who looks at the same time; more wait */

struct seen {
	struct chess_board boards[BOARDS_MAX];
	uint16_t slots[SLOTS]; /* index of a board, plus one */
	unsigned n, work;
};

/*
 * A stack has no room for it, and one match does not wait for another's: each takes a room that is free,
 * the lowest, so that memory is used as far as there was ever need.
 */
static struct seen rooms[ROOMS_MAX];
static uint32_t rooms_taken; /* a bit each */
static pthread_mutex_t rooms_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t room_freed = PTHREAD_COND_INITIALIZER;

static unsigned take_room(void)
{
	unsigned room = 0;

	pthread_mutex_lock(&rooms_lock);
	while (rooms_taken == (UINT32_C(1) << ROOMS_MAX) - 1)
		pthread_cond_wait(&room_freed, &rooms_lock);
	while (rooms_taken >> room & 1)
		room++;
	rooms_taken |= UINT32_C(1) << room;
	pthread_mutex_unlock(&rooms_lock);
	return room;
}

static void leave_room(unsigned room)
{
	pthread_mutex_lock(&rooms_lock);
	rooms_taken &= ~(UINT32_C(1) << room);
	pthread_cond_signal(&room_freed);
	pthread_mutex_unlock(&rooms_lock);
}

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
	unsigned room = take_room();
	bool mates = search(&rooms[room], b, colour);

	leave_room(room);
	return mates;
}
