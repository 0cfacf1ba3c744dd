/*
 * dead.c: who can still mate.
 *
 * Three tests, each sound by itself:
 *
 * 1. Material: which armies can mate at all.
 * 2. Reach, for blocked pawns: the largest set of squares every piece could ever come to, as a
 *    least fixpoint that forgets turns and checks and so finds too much, never too little.
 *    A square is `stuck` while its first occupant can neither leave it nor be captured on it.
 *	- A piece steps to neighbouring squares in its directions, but not onto its own stuck ones.
 *	  (A slide is a row of steps: what it passes is empty, so not stuck.)
 *	- A king does not step where a stuck enemy pawn attacks.
 *	- A pawn goes forward to a square that is not stuck, and captures where an enemy may come.
 *	- Two enemy pawns that face each other on a file do not pass, as long as neither captures and none
 *	  can be captured by the other's side.
 *	- A stuck square is freed when its occupant reaches another, or an enemy reaches it.
 *	If a pawn could promote, the test gives up. Otherwise a mate on a square k needs that the
 *	king reaches k, that an enemy attacks k, and that every neighbour of k may be attacked or
 *	occupied. Where no such k is left, there is no mate.
 * 3. Some moves ahead: a side cannot mate when it cannot after any of the legal moves. Where a
 *	mate is possible the first line tried mostly shows it, so this costs little.
 *
 * That is cheap enough for every move of every game. Where it is asked once, since a match ends by it, all
 * positions that can come about are looked at, as long as they are few (dead_search.c).
 *
 * Pure. The second test ends when nothing new is reached, after 32 pieces times 64 squares at the
 * latest; the third looks at POSITIONS_MAX positions.
 */
#include "rules/chess/dead.h"

#include "rules/chess/attacks.h"
#include "rules/chess/dead_search.h"
#include "rules/chess/moves.h"

#define DEPTH         4   /* moves ahead */
#define POSITIONS_MAX 200 /* looked at in all */
#define MEN_OPEN      8   /* men on the board, and moves to choose from, */
#define MOVES_OPEN    8   /* with which nothing is looked at ahead */

bool chess_material_mates(const struct chess_board *b, unsigned colour)
{
	uint64_t own = b->colour[colour], other = b->colour[colour ^ 1];
	uint64_t knights = own & b->piece[CHESS_KNIGHT], bishops = own & b->piece[CHESS_BISHOP];
	uint64_t squares = bishops & CHESS_SET_LIGHT ? CHESS_SET_LIGHT : ~CHESS_SET_LIGHT;

	if (own & (b->piece[CHESS_PAWN] | b->piece[CHESS_ROOK] | b->piece[CHESS_QUEEN]))
		return true;
	if (knights)
		/* One knight mates only a king whom his own men hem in; queens would not let it. */
		return bishops || chess_many(knights) ||
		       (other & ~b->piece[CHESS_KING] & ~b->piece[CHESS_QUEEN]);
	if (!bishops)
		return false;
	/* Bishops on squares of one colour need somebody on the other colour to be in the way. */
	return (b->piece[CHESS_BISHOP] & ~squares) ||
	       (other & (b->piece[CHESS_PAWN] | b->piece[CHESS_KNIGHT]));
}

/* One piece of the board, and all squares it may ever stand on. */
struct walker {
	uint64_t reach;
	uint64_t home; /* where it stands now, as a set */
	uint8_t colour, piece;
	int8_t facing; /* of a pawn: the nearest enemy pawn before it on its file; -1: none */
};

struct walkers {
	struct walker w[2 * CHESS_ARMY_MAX];
	size_t n, pawns; /* pawns come first */
	uint64_t stuck;
	uint64_t reach[2]; /* of all pieces of a colour; the king apart: */
	uint64_t king[2];
	uint64_t captures[2]; /* where a colour may capture */
};

static uint64_t pawn_span(unsigned colour, uint64_t from)
{
	int forward = chess_forward(colour);

	return chess_shift(from & ~CHESS_SET_FILE_A, forward - 1) |
	       chess_shift(from & ~CHESS_SET_FILE_H, forward + 1);
}

static void place_walkers(const struct chess_board *b, struct walkers *all)
{
	*all = (struct walkers){ .stuck = chess_occupied(b) };
	for (unsigned piece = CHESS_PAWN; piece < CHESS_NO_PIECE; piece++) {
		for (uint64_t set = b->piece[piece]; set; set = chess_rest(set)) {
			uint64_t home = set & -set;
			uint8_t colour = b->colour[CHESS_BLACK] & home ? CHESS_BLACK : CHESS_WHITE;

			all->w[all->n++] =
				(struct walker){ home, home, colour, (uint8_t)piece, -1 };
			if (piece == CHESS_KING)
				all->king[colour] = home;
			else
				all->reach[colour] |= home;
		}
		if (piece == CHESS_PAWN)
			all->pawns = all->n;
	}
}

/* All squares before a pawn on its file. */
static uint64_t file_before(const struct walker *w)
{
	uint64_t file = CHESS_SET_FILE_A << chess_file(chess_first(w->home));

	return w->colour == CHESS_WHITE ? file & ~(w->home | (w->home - 1)) : file & (w->home - 1);
}

static void find_facing(struct walkers *all)
{
	for (size_t i = 0; i < all->pawns; i++) {
		struct walker *w = &all->w[i];

		for (size_t k = 0; k < all->pawns; k++) {
			const struct walker *other = &all->w[k];

			if (other->colour == w->colour || !(other->home & file_before(w)))
				continue;
			if (w->facing < 0 || (file_before(other) & all->w[w->facing].home) == 0)
				w->facing = (int8_t)k;
		}
	}
}

/* Where each side may come to capture something, as things are now known. */
static void find_captures(struct walkers *all)
{
	uint64_t pawns[2] = { 0, 0 };

	for (unsigned colour = 0; colour < 2; colour++)
		all->captures[colour] = all->king[colour];
	for (size_t i = 0; i < all->n; i++) {
		const struct walker *w = &all->w[i];

		if (i < all->pawns)
			pawns[w->colour] |= w->reach;
		else if (w->piece != CHESS_KING)
			all->captures[w->colour] |= w->reach;
	}
	for (unsigned colour = 0; colour < 2; colour++)
		all->captures[colour] |= pawn_span(colour, pawns[colour]);
}

/* Squares before a pawn that it cannot come to, since an enemy pawn stays before it. */
static uint64_t behind_facing(const struct walkers *all, const struct walker *w)
{
	uint64_t file = CHESS_SET_FILE_A << chess_file(chess_first(w->home));
	const struct walker *other;

	if (w->facing < 0)
		return 0;
	other = &all->w[w->facing];
	if ((w->reach | other->reach) & ~file || (all->captures[w->colour] & other->reach))
		return 0;
	return other->home | (file_before(w) & ~file_before(other));
}

static uint64_t pawn_steps(const struct walkers *all, const struct walker *w)
{
	return (chess_shift(w->reach, chess_forward(w->colour)) & ~all->stuck &
		       ~behind_facing(all, w)) |
	       (pawn_span(w->colour, w->reach) & all->reach[w->colour ^ 1]);
}

/* All squares a piece walks to, step by step, as things are now known. */
static uint64_t piece_walk(
	const struct walkers *all, const struct chess_board *b, const struct walker *w)
{
	uint64_t barred = all->stuck & b->colour[w->colour], reach = w->reach;

	if (w->piece == CHESS_KING)
		barred |= pawn_span(
			w->colour ^ 1, all->stuck & chess_pieces(b, w->colour ^ 1, CHESS_PAWN));
	for (uint64_t fresh = reach; fresh;) {
		uint64_t next = 0;

		/* On a full board every slide is one step. */
		for (; fresh; fresh = chess_rest(fresh))
			next |= chess_piece_attacks(w->piece, chess_first(fresh), ~UINT64_C(0));
		fresh = next & ~barred & ~reach;
		reach |= fresh;
	}
	return reach;
}

/* Takes over what a walker reaches; whether that is more than before. */
static bool extend(struct walkers *all, struct walker *w, uint64_t reach)
{
	if (!(reach & ~w->reach))
		return false;
	w->reach |= reach;
	if (w->piece == CHESS_KING)
		all->king[w->colour] = w->reach;
	else
		all->reach[w->colour] |= w->reach;
	return true;
}

static void free_squares(struct walkers *all)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct walker *w = &all->w[i];
		unsigned enemy = w->colour ^ 1;

		if (w->reach != w->home || ((all->reach[enemy] | all->king[enemy]) & w->home))
			all->stuck &= ~w->home;
	}
}

/* Finds all reaches. False when a pawn may promote. */
static bool walk(struct walkers *all, const struct chess_board *b)
{
	bool more = true;

	while (more) {
		more = false;
		find_captures(all);
		for (size_t i = 0; i < all->pawns; i++)
			more |= extend(all, &all->w[i], pawn_steps(all, &all->w[i]));
		for (size_t i = 0; i < all->pawns; i++)
			if (all->w[i].reach & CHESS_SET_ENDS)
				return false;
		/* Pawns are quick to follow and most often settle it: pieces wait for them. */
		for (size_t i = all->pawns; i < all->n && !more; i++)
			more |= extend(all, &all->w[i], piece_walk(all, b, &all->w[i]));
		free_squares(all);
	}
	return true;
}

/*
 * Whether a king mated on `square` is thinkable: every neighbour that the enemy cannot hold is
 * filled by a man of the king's own, and no man fills two.
 */
static bool may_be_mated_on(
	const struct walkers *all, unsigned colour, unsigned square, uint64_t held)
{
	uint64_t open = chess_king_attacks(square) & ~held;
	unsigned men = 0;

	if (open & ~all->reach[colour])
		return false;
	for (size_t i = 0; i < all->n; i++) {
		const struct walker *w = &all->w[i];

		men += w->colour == colour && w->piece != CHESS_KING && (w->reach & open);
	}
	return men >= chess_count(open);
}

bool chess_reach_mates(const struct chess_board *b, unsigned colour)
{
	struct walkers all;
	uint64_t pawns = 0, pieces = 0, attacked, held, kings;

	if (!b->piece[CHESS_PAWN] || b->castling || b->ep != CHESS_NO_SQUARE)
		return true;
	place_walkers(b, &all);
	find_facing(&all);
	if (!walk(&all, b))
		return true;
	for (size_t i = 0; i < all.n; i++) {
		if (all.w[i].colour != colour || all.w[i].piece == CHESS_KING)
			continue;
		if (all.w[i].piece == CHESS_PAWN)
			pawns |= all.w[i].reach;
		else
			pieces |= all.w[i].reach;
	}
	attacked = pieces | pawn_span(colour, pawns);
	held = attacked | pawns | all.king[colour];
	for (kings = all.king[colour]; kings; kings = chess_rest(kings))
		held |= chess_king_attacks(chess_first(kings));
	for (kings = all.king[colour ^ 1] & attacked; kings; kings = chess_rest(kings))
		if (may_be_mated_on(&all, colour ^ 1, chess_first(kings), held))
			return true;
	return false;
}

/* The tests, then the moves ahead. `budget` counts the positions looked at. */
static bool search(const struct chess_board *b, unsigned colour, unsigned depth, unsigned *budget)
{
	struct chess_move moves[CHESS_MOVES_MAX];
	size_t n;

	if (!chess_material_mates(b, colour) || !chess_reach_mates(b, colour))
		return false;
	n = chess_moves_legal(b, moves);
	if (n == 0)
		return b->turn != colour && chess_checkers(b);
	if (depth == 0 || *budget < n)
		return true;
	*budget -= (unsigned)n;
	for (size_t i = 0; i < n; i++) {
		struct chess_board next = *b;

		chess_board_play(&next, moves[i]);
		if (search(&next, colour, depth - 1, budget))
			return true;
	}
	return false;
}

/*
 * With so many moves and men no line is forced: the common position costs one look at its moves. The
 * other tests find what is dead for good here as well.
 */
static bool is_open(const struct chess_board *b)
{
	return chess_count(chess_occupied(b)) >= MEN_OPEN && chess_moves_count(b) >= MOVES_OPEN;
}

bool chess_can_mate(const struct chess_board *b, unsigned colour)
{
	unsigned budget = POSITIONS_MAX;

	if (is_open(b))
		return chess_material_mates(b, colour) && chess_reach_mates(b, colour);
	return search(b, colour, DEPTH, &budget);
}

bool chess_can_ever_mate(const struct chess_board *b, unsigned colour)
{
	return chess_can_mate(b, colour) && chess_search_mates(b, colour);
}

bool chess_is_dead(const struct chess_board *b)
{
	return !chess_can_mate(b, b->turn) && !chess_can_mate(b, b->turn ^ 1);
}
