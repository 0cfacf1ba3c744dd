/*
 * material.c: which men can win at all in a variant, wherever they stand: the opponent helps, and the move
 * that wins need only be thinkable. "No" is always right.
 *
 * In horde white has no king that would hold squares, so black's own men must stand where his king could
 * flee to, and must neither capture who checks nor come between. Which of black's men can do so for which
 * of white's was counted over all squares; the sums below say the same in short. A pawn counts as itself
 * and as whatever it may become. Pure, without a walk over moves.
 */
#include "rules/variants/material.h"

/* The men of a side beside the king. */
struct men {
	unsigned pawns, knights, rooks, queens;
	unsigned bishops[2]; /* on light squares, on dark ones */
	unsigned n;
};

static struct men men_of(const struct variant_board *b, unsigned colour)
{
	uint64_t bishops = chess_pieces(&b->chess, colour, CHESS_BISHOP);
	struct men m = {
		.pawns = chess_count(chess_pieces(&b->chess, colour, CHESS_PAWN)),
		.knights = chess_count(chess_pieces(&b->chess, colour, CHESS_KNIGHT)),
		.rooks = chess_count(chess_pieces(&b->chess, colour, CHESS_ROOK)),
		.queens = chess_count(chess_pieces(&b->chess, colour, CHESS_QUEEN)),
		.bishops = { chess_count(bishops & CHESS_SET_LIGHT),
			chess_count(bishops & ~CHESS_SET_LIGHT) },
	};

	m.n = m.pawns + m.knights + m.rooks + m.queens + m.bishops[0] + m.bishops[1];
	return m;
}

/* Whether all men are bishops on squares of one colour, which is *side. */
static bool one_sided(const struct men *m, unsigned *side)
{
	*side = m->bishops[0] == 0;
	return m->n > 0 && m->bishops[*side] == m->n;
}

static unsigned at_most(unsigned n, unsigned most)
{
	return n < most ? n : most;
}

/* ---- horde ---- */

static bool queen_mates(const struct men *other)
{
	return other->rooks || other->pawns || other->bishops[0] > 1 || other->bishops[1] > 1;
}

static bool rook_mates(const struct men *other)
{
	return (other->pawns && other->pawns + other->knights + other->rooks > 1) ||
	       (other->knights && other->rooks);
}

static bool knight_mates(const struct men *other)
{
	unsigned bishops = at_most(other->bishops[0], 1) + at_most(other->bishops[1], 1);
	unsigned any = other->pawns + other->knights;

	return any + bishops + at_most(other->rooks, 2) + at_most(other->queens, 1) >= 3 &&
	       any + other->rooks > 0 && any + bishops > 0;
}

/* Bishops of one colour, at least two; `far`: black's on the other colour. */
static bool bishops_mate(const struct men *other, unsigned far)
{
	unsigned good = far + other->knights + other->pawns;

	return good > 1 || good + other->queens + other->rooks > 2;
}

static bool one_mates(const struct men *own, const struct men *other)
{
	if (own->pawns)
		return queen_mates(other) || knight_mates(other);
	if (own->queens)
		return queen_mates(other);
	if (own->rooks)
		return rook_mates(other);
	if (own->knights)
		return knight_mates(other);
	return other->bishops[own->bishops[0] > 0] + other->pawns > 1;
}

/* Two men, none of which is or becomes a queen, nor both bishops of one colour. */
static bool two_mate(const struct men *own, const struct men *other)
{
	unsigned bishops = other->bishops[0] + other->bishops[1];
	unsigned far = other->bishops[own->bishops[0] > 0];
	unsigned heavy = other->queens + other->rooks;

	if (own->rooks)
		return own->rooks + own->knights == 2 ||
		       far + other->knights + other->pawns + heavy > 0;
	if (own->knights == 2)
		return bishops + other->knights + other->pawns > 0 || heavy > 2;
	if (own->knights)
		return far + other->pawns > 0 || other->knights + heavy > 1;
	return bishops + other->pawns > 0 || (other->knights && heavy);
}

static bool horde_can_win(const struct men *own, const struct men *other)
{
	unsigned side;

	if (own->n < 2)
		return own->n == 1 && one_mates(own, other);
	if (own->pawns + own->queens)
		return true;
	if (one_sided(own, &side))
		return bishops_mate(other, other->bishops[side ^ 1]);
	return own->n > 2 || two_mate(own, other);
}

/* ---- the others ---- */

/*
 * A king alone captures nothing. A bare one explodes by nothing either: he is mated, and a king who may not
 * capture holds no square against him. Bishops that never meet mate only where two of his own stand in his
 * way.
 */
static bool atomic_can_win(const struct men *own, const struct men *other)
{
	bool heavy = own->pawns + own->queens > 0;
	unsigned side, far;

	if (own->n == 0)
		return false;
	if (one_sided(own, &side) && (other->n == 0 || (one_sided(other, &far) && far != side)))
		return other->n > 1;
	return other->n > 0 || heavy || (own->n > 1 && !(own->n == 2 && own->knights == 2));
}

static bool one_knight(const struct variant_board *b, const struct men *m)
{
	return m->n == 1 && m->knights == 1 && !b->chess.piece[CHESS_KING];
}

/* Knights change their colour with each move: who is to move onto the other's colour never captures. */
static bool may_be_captured(const struct variant_board *b, unsigned colour)
{
	uint64_t knights = b->chess.piece[CHESS_KNIGHT];
	bool alike = chess_count(knights & CHESS_SET_LIGHT) != 1;

	return alike == (b->chess.turn == colour);
}

/* Who has no man left wins: bishops on squares of different colours never meet. */
static bool antichess_can_win(const struct variant_board *b, unsigned colour)
{
	struct men own = men_of(b, colour), other = men_of(b, colour ^ 1);
	unsigned here, there;

	if (one_knight(b, &own) && one_knight(b, &other))
		return may_be_captured(b, colour);
	return b->chess.piece[CHESS_KING] || !one_sided(&own, &here) ||
	       !one_sided(&other, &there) || here == there;
}

/* What is captured comes back: men count wherever they are. One knight or bishop is too little. */
static bool crazyhouse_can_win(const struct variant_board *b)
{
	unsigned n = chess_count(chess_occupied(&b->chess)), light = 0;

	for (unsigned kind = 0; kind < VARIANT_POCKETS; kind++) {
		unsigned pocketed = b->pocket[0][kind] + b->pocket[1][kind];

		n += pocketed;
		if (kind == CHESS_KNIGHT || kind == CHESS_BISHOP)
			light += pocketed + chess_count(b->chess.piece[kind] & ~b->promoted);
	}
	return n > 3 || n - light > 2;
}

bool variant_can_win(const struct variant_board *b, unsigned colour)
{
	struct men own = men_of(b, colour), other = men_of(b, colour ^ 1);

	switch ((enum variant)b->variant) {
	case VARIANT_HORDE: return colour == CHESS_BLACK || horde_can_win(&own, &other);
	case VARIANT_ANTICHESS: return antichess_can_win(b, colour);
	case VARIANT_CRAZYHOUSE: return crazyhouse_can_win(b);
	case VARIANT_ATOMIC: return atomic_can_win(&own, &other);
	/* A king alone gives no check. */
	case VARIANT_THREE_CHECK: return own.n > 0;
	default: return true;
	}
}
