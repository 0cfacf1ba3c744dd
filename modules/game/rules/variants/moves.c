/*
 * moves.c: what men may do by their way of moving, then what of it the rules allow (board.c), by making
 * each move on a copy. In antichess only captures are left if there is one.
 *
 * Pure; VARIANT_MOVES_MAX moves at most.
 */
#include "rules/variants/moves.h"

#include "rules/chess/attacks.h"

struct list {
	const struct variant_board *b;
	unsigned us;
	uint64_t own, enemy, occupied;
	struct chess_move *out;
	size_t n;
};

static void add(struct list *l, unsigned piece, unsigned from, unsigned to, unsigned promotion)
{
	struct chess_move m = { (uint8_t)from, (uint8_t)to, (uint8_t)piece, (uint8_t)promotion };

	if (variant_allows(l->b, m))
		l->out[l->n++] = m;
}

static void add_pawn(struct list *l, unsigned from, unsigned to)
{
	unsigned last = l->b->variant == VARIANT_ANTICHESS ? CHESS_KING : CHESS_QUEEN;

	if (!(chess_bit(to) & chess_home_rank(l->us ^ 1))) {
		add(l, CHESS_PAWN, from, to, 0);
		return;
	}
	for (unsigned piece = CHESS_KNIGHT; piece <= last; piece++)
		add(l, CHESS_PAWN, from, to, piece);
}

/* Ranks from which a pawn goes two squares, as a set. */
static uint64_t double_steps(const struct list *l)
{
	if (l->us == CHESS_BLACK)
		return CHESS_SET_RANK_8 >> 8;
	return CHESS_SET_RANK_1 << 8 | (l->b->variant == VARIANT_HORDE ? CHESS_SET_RANK_1 : 0);
}

static void pawn_moves(struct list *l)
{
	uint64_t targets = l->enemy | chess_ep(&l->b->chess);
	int forward = chess_forward(l->us);

	for (uint64_t set = l->own & l->b->chess.piece[CHESS_PAWN]; set; set = chess_rest(set)) {
		unsigned from = chess_first(set), one = (unsigned)((int)from + forward);
		uint64_t to = chess_pawn_attacks(l->us, from) & targets;

		for (; to; to = chess_rest(to))
			add_pawn(l, from, chess_first(to));
		if (l->occupied & chess_bit(one))
			continue;
		add_pawn(l, from, one);
		if ((set & -set & double_steps(l)) &&
			!(l->occupied & chess_bit((unsigned)((int)one + forward))))
			add(l, CHESS_PAWN, from, (unsigned)((int)one + forward), 0);
	}
}

static void piece_moves(struct list *l, unsigned piece)
{
	/* A king that captures would explode. */
	uint64_t barred = piece == CHESS_KING && l->b->variant == VARIANT_ATOMIC ? l->enemy : 0;

	for (uint64_t set = l->own & l->b->chess.piece[piece]; set; set = chess_rest(set)) {
		unsigned from = chess_first(set);
		uint64_t to = chess_piece_attacks(piece, from, l->occupied) & ~l->own & ~barred;

		for (; to; to = chess_rest(to))
			add(l, piece, from, chess_first(to), 0);
	}
}

static bool may_castle(const struct list *l, unsigned king, unsigned rook)
{
	unsigned king_to = chess_castled_king(king, rook), rook_to = chess_castled_rook(king, rook);
	uint64_t king_path = chess_between(king, king_to) | chess_bit(king_to) | chess_bit(king);
	uint64_t rook_path = chess_between(rook, rook_to) | chess_bit(rook_to);
	uint64_t others = l->occupied ^ chess_bit(king) ^ chess_bit(rook);

	if ((king_path | rook_path) & others)
		return false;
	for (; king_path; king_path = chess_rest(king_path))
		if (variant_attacked(
			    l->b, l->us, chess_first(king_path), l->occupied ^ chess_bit(king)))
			return false;
	return true;
}

static void castling_moves(struct list *l)
{
	for (uint64_t set = l->b->chess.castling & l->own; set; set = chess_rest(set)) {
		unsigned king = chess_king(&l->b->chess, l->us);

		if (may_castle(l, king, chess_first(set)))
			add(l, CHESS_KING, king, chess_first(set), 0);
	}
}

static void drops(struct list *l)
{
	/* What is put somewhere opens no line: without a check all of them are legal. */
	bool check = variant_in_check(l->b, l->us);

	for (unsigned piece = CHESS_PAWN; piece < VARIANT_POCKETS; piece++) {
		uint64_t to = ~l->occupied;

		if (l->b->pocket[l->us][piece] == 0)
			continue;
		if (piece == CHESS_PAWN)
			to &= ~CHESS_SET_ENDS;
		for (; to; to = chess_rest(to)) {
			struct chess_move m = { CHESS_NO_SQUARE, (uint8_t)chess_first(to),
				(uint8_t)piece, 0 };

			if (!check || variant_allows(l->b, m))
				l->out[l->n++] = m;
		}
	}
}

static void keep_captures(struct list *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (variant_captures(l->b, l->out[i]))
			l->out[n++] = l->out[i];
	if (n)
		l->n = n;
}

size_t variant_moves(const struct variant_board *b, struct chess_move out[VARIANT_MOVES_MAX])
{
	struct list l = { .b = b, .us = b->chess.turn, .out = out };

	if (variant_ended(b) != VARIANT_GOES_ON)
		return 0;
	l.own = b->chess.colour[l.us];
	l.enemy = b->chess.colour[l.us ^ 1];
	l.occupied = l.own | l.enemy;
	pawn_moves(&l);
	for (unsigned piece = CHESS_KNIGHT; piece <= CHESS_KING; piece++)
		piece_moves(&l, piece);
	castling_moves(&l);
	if (b->variant == VARIANT_CRAZYHOUSE)
		drops(&l);
	if (b->variant == VARIANT_ANTICHESS)
		keep_captures(&l);
	return l.n;
}

uint64_t variant_perft(const struct variant_board *b, unsigned depth)
{
	struct chess_move moves[VARIANT_MOVES_MAX];
	uint64_t sum = 0;
	size_t n;

	if (depth == 0)
		return 1;
	n = variant_moves(b, moves);
	if (depth == 1)
		return n;
	for (size_t i = 0; i < n; i++) {
		struct variant_board next = *b;

		variant_play(&next, moves[i]);
		sum += variant_perft(&next, depth - 1);
	}
	return sum;
}
