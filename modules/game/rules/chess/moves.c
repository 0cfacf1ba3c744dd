/*
 * moves.c: legal move generation, without making a move to see whether it was one.
 *
 * First it finds what limits the side to move: who gives check, and which of its pieces are
 * pinned. Then every piece but the king goes to `targets`: anywhere not its own, or in check only
 * where the checker is captured or blocked; with two checkers nowhere. A pinned piece stays on
 * the line through its king. The king goes where no enemy attacks once the king itself is gone
 * from the board. En passant and castling are tested on the board they would leave.
 *
 * Pure; CHESS_MOVES_MAX moves at most.
 */
#include "rules/chess/moves.h"

#include "rules/chess/attacks.h"

struct generator {
	const struct chess_board *b;
	uint64_t own, enemy, occupied;
	uint64_t checkers;
	uint64_t pinned;
	uint64_t targets;
	unsigned us, king;
	struct chess_move *out; /* NULL to count only */
	size_t n;
};

static inline void emit(struct generator *g, unsigned piece, unsigned from, uint64_t to)
{
	if (!g->out) {
		g->n += chess_count(to);
		return;
	}
	for (; to; to = chess_rest(to))
		g->out[g->n++] = (struct chess_move){ (uint8_t)from, (uint8_t)chess_first(to),
			(uint8_t)piece, 0 };
}

/* Pawns that arrive on `to`, each from `by` squares before it. */
static inline void emit_pawns(struct generator *g, uint64_t to, int by)
{
	uint64_t last = to & CHESS_SET_ENDS;

	if (!g->out) {
		g->n += chess_count(to) + 3 * chess_count(last);
		return;
	}
	for (; to; to = chess_rest(to)) {
		unsigned square = chess_first(to);
		struct chess_move m = { (uint8_t)((int)square - by), (uint8_t)square, CHESS_PAWN,
			0 };

		if (!(chess_bit(square) & CHESS_SET_ENDS)) {
			g->out[g->n++] = m;
			continue;
		}
		for (m.promotion = CHESS_KNIGHT; m.promotion <= CHESS_QUEEN; m.promotion++)
			g->out[g->n++] = m;
	}
}

/* Who gives check, and who of ours stands alone between the king and an enemy slider. */
static inline void find_checks_and_pins(struct generator *g)
{
	const struct chess_board *b = g->b;
	uint64_t straight = b->piece[CHESS_ROOK] | b->piece[CHESS_QUEEN];
	uint64_t diagonal = b->piece[CHESS_BISHOP] | b->piece[CHESS_QUEEN];
	uint64_t sliders = ((chess_rook_attacks(g->king, g->enemy) & straight) |
				   (chess_bishop_attacks(g->king, g->enemy) & diagonal)) &
			   g->enemy;

	g->checkers = ((chess_pawn_attacks(g->us, g->king) & b->piece[CHESS_PAWN]) |
			      (chess_knight_attacks(g->king) & b->piece[CHESS_KNIGHT])) &
		      g->enemy;
	for (; sliders; sliders = chess_rest(sliders)) {
		unsigned slider = chess_first(sliders);
		uint64_t shield = chess_between(g->king, slider) & g->own;

		if (!shield)
			g->checkers |= chess_bit(slider);
		else if (!chess_many(shield))
			g->pinned |= shield;
	}
}

/* Every square the enemy attacks when our king does not stand in the way. */
static inline uint64_t enemy_attacks(const struct generator *g)
{
	const struct chess_board *b = g->b;
	uint64_t occupied = g->occupied ^ chess_bit(g->king);
	uint64_t pawns = g->enemy & b->piece[CHESS_PAWN];
	int forward = chess_forward(g->us ^ 1);
	uint64_t set = chess_shift(pawns & ~CHESS_SET_FILE_A, forward - 1) |
		       chess_shift(pawns & ~CHESS_SET_FILE_H, forward + 1);

	for (uint64_t s = g->enemy & b->piece[CHESS_KNIGHT]; s; s = chess_rest(s))
		set |= chess_knight_attacks(chess_first(s));
	for (uint64_t s = g->enemy & (b->piece[CHESS_BISHOP] | b->piece[CHESS_QUEEN]); s;
		s = chess_rest(s))
		set |= chess_bishop_attacks(chess_first(s), occupied);
	for (uint64_t s = g->enemy & (b->piece[CHESS_ROOK] | b->piece[CHESS_QUEEN]); s;
		s = chess_rest(s))
		set |= chess_rook_attacks(chess_first(s), occupied);
	return set | chess_king_attacks(chess_king(b, g->us ^ 1));
}

static inline void pawn_moves(struct generator *g, uint64_t pawns, uint64_t targets)
{
	int forward = chess_forward(g->us);
	uint64_t empty = ~g->occupied;
	uint64_t third = g->us == CHESS_WHITE ? CHESS_SET_RANK_3 : CHESS_SET_RANK_6;
	uint64_t one = chess_shift(pawns, forward) & empty;
	uint64_t two = chess_shift(one & third, forward) & empty;
	uint64_t prey = g->enemy & targets;

	emit_pawns(g, one & targets, forward);
	emit_pawns(g, two & targets, 2 * forward);
	emit_pawns(g, chess_shift(pawns & ~CHESS_SET_FILE_A, forward - 1) & prey, forward - 1);
	emit_pawns(g, chess_shift(pawns & ~CHESS_SET_FILE_H, forward + 1) & prey, forward + 1);
}

static inline void en_passant_moves(struct generator *g, uint64_t pawns)
{
	unsigned ep = g->b->ep;

	for (pawns &= chess_pawn_attacks(g->us ^ 1, ep); pawns; pawns = chess_rest(pawns))
		if (chess_ep_legal(g->b, chess_first(pawns), ep))
			emit(g, CHESS_PAWN, chess_first(pawns), chess_bit(ep));
}

static inline void pieces_moves(struct generator *g, unsigned piece)
{
	uint64_t set = g->own & g->b->piece[piece];

	for (; set; set = chess_rest(set)) {
		unsigned from = chess_first(set);
		uint64_t to = chess_piece_attacks(piece, from, g->occupied) & g->targets;

		if (g->pinned & chess_bit(from))
			to &= chess_through(g->king, from);
		emit(g, piece, from, to);
	}
}

static bool may_castle(const struct generator *g, unsigned rook, uint64_t attacked)
{
	const struct chess_board *b = g->b;
	unsigned king_to = chess_castled_king(g->king, rook);
	unsigned rook_to = chess_castled_rook(g->king, rook);
	uint64_t king_path = chess_between(g->king, king_to) | chess_bit(king_to);
	uint64_t rook_path = chess_between(rook, rook_to) | chess_bit(rook_to);
	uint64_t others = g->occupied ^ chess_bit(g->king) ^ chess_bit(rook);
	uint64_t straight = g->enemy & (b->piece[CHESS_ROOK] | b->piece[CHESS_QUEEN]);

	if ((king_path | rook_path) & others || king_path & attacked)
		return false;
	/* In Chess960 the rook may have been the king's shield on the first rank. */
	return !(chess_rook_attacks(king_to, others | chess_bit(rook_to)) & straight);
}

static inline void king_moves(struct generator *g)
{
	uint64_t attacked = enemy_attacks(g);
	uint64_t rooks = g->checkers ? 0 : g->b->castling & g->own;

	emit(g, CHESS_KING, g->king, chess_king_attacks(g->king) & ~g->own & ~attacked);
	for (; rooks; rooks = chess_rest(rooks))
		if (may_castle(g, chess_first(rooks), attacked))
			emit(g, CHESS_KING, g->king, chess_bit(chess_first(rooks)));
}

static inline void limit_targets(struct generator *g)
{
	g->targets = ~g->own;
	if (chess_many(g->checkers))
		g->targets = 0;
	else if (g->checkers)
		g->targets = g->checkers | chess_between(g->king, chess_first(g->checkers));
}

static inline size_t generate(const struct chess_board *b, struct chess_move *out)
{
	struct generator g = { .b = b, .us = b->turn, .out = out };
	uint64_t pawns, pinned;

	g.own = b->colour[g.us];
	g.enemy = b->colour[g.us ^ 1];
	g.occupied = g.own | g.enemy;
	g.king = chess_king(b, g.us);
	find_checks_and_pins(&g);
	limit_targets(&g);
	king_moves(&g);
	if (!g.targets)
		return g.n;
	pawns = g.own & b->piece[CHESS_PAWN];
	pawn_moves(&g, pawns & ~g.pinned, g.targets);
	for (pinned = pawns & g.pinned; pinned; pinned = chess_rest(pinned))
		pawn_moves(&g, pinned & -pinned,
			g.targets & chess_through(g.king, chess_first(pinned)));
	if (b->ep != CHESS_NO_SQUARE)
		en_passant_moves(&g, pawns);
	for (unsigned piece = CHESS_KNIGHT; piece <= CHESS_QUEEN; piece++)
		pieces_moves(&g, piece);
	return g.n;
}

size_t chess_moves_legal(const struct chess_board *b, struct chess_move out[CHESS_MOVES_MAX])
{
	return generate(b, out);
}

size_t chess_moves_count(const struct chess_board *b)
{
	return generate(b, NULL);
}
