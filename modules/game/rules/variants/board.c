/*
 * board.c: playing a move, and whether what it leaves is allowed, by making it on a copy.
 *
 * Pure; a move costs what its squares cost.
 */
#include "rules/variants/board.h"

#include "rules/chess/attacks.h"

#define HILL UINT64_C(0x0000001818000000)

static uint64_t king_set(const struct variant_board *b, unsigned colour)
{
	return chess_pieces(&b->chess, colour, CHESS_KING);
}

/* Kings that touch cannot be captured: it would explode both. */
static bool kings_touch(const struct variant_board *b)
{
	uint64_t white = king_set(b, CHESS_WHITE);

	return white && (chess_king_attacks(chess_first(white)) & king_set(b, CHESS_BLACK));
}

bool variant_attacked(
	const struct variant_board *b, unsigned colour, unsigned square, uint64_t occupied)
{
	if (b->variant == VARIANT_ATOMIC && (chess_king_attacks(square) & king_set(b, colour ^ 1)))
		return false;
	return chess_attackers(&b->chess, square, occupied) & b->chess.colour[colour ^ 1];
}

static bool king_attacked(const struct variant_board *b, unsigned colour)
{
	uint64_t king = king_set(b, colour);

	return king && variant_attacked(b, colour, chess_first(king), chess_occupied(&b->chess));
}

bool variant_in_check(const struct variant_board *b, unsigned colour)
{
	return b->variant != VARIANT_ANTICHESS && king_attacked(b, colour);
}

/* Whether the board may be left so by `mover`. */
static bool may_stand(const struct variant_board *b, unsigned mover)
{
	switch ((enum variant)b->variant) {
	case VARIANT_ANTICHESS: return true;
	case VARIANT_RACING_KINGS: return !king_attacked(b, mover) && !king_attacked(b, mover ^ 1);
	case VARIANT_ATOMIC:
		if (!king_set(b, mover))
			return false;
		return !king_set(b, mover ^ 1) || kings_touch(b) || !king_attacked(b, mover);
	default: return !king_attacked(b, mover);
	}
}

/* Takes the man off a square, whoever's it is. */
static void lift(struct variant_board *b, unsigned square)
{
	uint64_t keep = ~chess_bit(square);

	b->chess.colour[CHESS_WHITE] &= keep;
	b->chess.colour[CHESS_BLACK] &= keep;
	for (unsigned piece = 0; piece < CHESS_NO_PIECE; piece++)
		b->chess.piece[piece] &= keep;
	b->promoted &= keep;
}

/* All around a capture but pawns, and what stands on it. */
static void explode(struct variant_board *b, unsigned square)
{
	uint64_t set = chess_king_attacks(square) & chess_occupied(&b->chess) &
		       ~b->chess.piece[CHESS_PAWN];

	for (set |= chess_bit(square); set; set = chess_rest(set))
		lift(b, chess_first(set));
}

static void capture(struct variant_board *b, unsigned square)
{
	unsigned piece = chess_board_piece(&b->chess, square);

	if (b->variant == VARIANT_CRAZYHOUSE) {
		if (b->promoted & chess_bit(square))
			piece = CHESS_PAWN;
		b->pocket[b->chess.turn][piece]++;
	}
	lift(b, square);
}

static void castle(struct variant_board *b, unsigned king, unsigned rook)
{
	unsigned us = b->chess.turn;

	lift(b, king);
	lift(b, rook);
	chess_board_put(&b->chess, us, CHESS_KING, chess_castled_king(king, rook));
	chess_board_put(&b->chess, us, CHESS_ROOK, chess_castled_rook(king, rook));
}

static bool in_passing(const struct variant_board *b, struct chess_move m)
{
	return m.piece == CHESS_PAWN && !variant_is_drop(m) && m.to == b->chess.ep &&
	       chess_file(m.from) != chess_file(m.to);
}

bool variant_captures(const struct variant_board *b, struct chess_move m)
{
	return (b->chess.colour[b->chess.turn ^ 1] & chess_bit(m.to)) || in_passing(b, m);
}

/* Any move of a man on the board but castling. */
static void step(struct variant_board *b, struct chess_move m)
{
	unsigned us = b->chess.turn;
	bool captures = variant_captures(b, m);
	bool was_promoted = b->promoted & chess_bit(m.from);

	if (captures)
		capture(b, in_passing(b, m) ? (unsigned)((int)m.to - chess_forward(us)) : m.to);
	lift(b, m.from);
	chess_board_put(&b->chess, us, m.promotion ? m.promotion : m.piece, m.to);
	if (b->variant == VARIANT_CRAZYHOUSE && (m.promotion || was_promoted))
		b->promoted |= chess_bit(m.to);
	if (captures && b->variant == VARIANT_ATOMIC)
		explode(b, m.to);
	if (captures || m.piece == CHESS_PAWN)
		b->chess.halfmove = 0;
}

/* Rights end with a king's move, and with the rook on its square. */
static void end_rights(struct variant_board *b, struct chess_move m)
{
	if (m.piece == CHESS_KING)
		b->chess.castling &= ~chess_home_rank(b->chess.turn);
	if (!variant_is_drop(m))
		b->chess.castling &= ~(chess_bit(m.from) | chess_bit(m.to));
}

/* Everything of a move but whose turn it is, and what may be captured in passing then. */
static void make(struct variant_board *b, struct chess_move m)
{
	bool castles = chess_is_castling(&b->chess, m);

	if (b->chess.halfmove < CHESS_HALFMOVES_MAX)
		b->chess.halfmove++;
	end_rights(b, m);
	if (variant_is_drop(m)) {
		chess_board_put(&b->chess, b->chess.turn, m.piece, m.to);
		b->pocket[b->chess.turn][m.piece]--;
		if (m.piece == CHESS_PAWN)
			b->chess.halfmove = 0;
	} else if (castles) {
		castle(b, m.from, m.to);
	} else {
		step(b, m);
	}
	b->chess.castling &= b->chess.piece[CHESS_ROOK];
	for (unsigned colour = 0; colour < 2; colour++)
		if (!king_set(b, colour))
			b->chess.castling &= ~b->chess.colour[colour];
	b->chess.ep = CHESS_NO_SQUARE;
}

bool variant_allows(const struct variant_board *b, struct chess_move m)
{
	struct variant_board next = *b;

	make(&next, m);
	return may_stand(&next, b->chess.turn);
}

void variant_offer_ep(struct variant_board *b, unsigned square)
{
	unsigned us = b->chess.turn;
	uint64_t takers =
		chess_pawn_attacks(us ^ 1, square) & chess_pieces(&b->chess, us, CHESS_PAWN);

	b->chess.ep = (uint8_t)square;
	for (; takers; takers = chess_rest(takers)) {
		struct chess_move m = { (uint8_t)chess_first(takers), (uint8_t)square, CHESS_PAWN,
			0 };

		if (variant_allows(b, m))
			return;
	}
	b->chess.ep = CHESS_NO_SQUARE;
}

/* A pawn of the horde may go two squares from its first rank too: that is not passing by. */
static bool passes(struct chess_move m, unsigned us)
{
	return m.piece == CHESS_PAWN && !variant_is_drop(m) && (m.from ^ m.to) == 16 &&
	       chess_rank(m.from) == (us == CHESS_WHITE ? 1 : 6);
}

void variant_play(struct variant_board *b, struct chess_move m)
{
	unsigned us = b->chess.turn;

	make(b, m);
	if (us == CHESS_BLACK && b->chess.fullmove < CHESS_FULLMOVES_MAX)
		b->chess.fullmove++;
	b->chess.turn ^= 1;
	if (b->variant == VARIANT_THREE_CHECK && b->checks[us] < VARIANT_CHECKS)
		b->checks[us] = (uint8_t)(b->checks[us] + king_attacked(b, us ^ 1));
	if (passes(m, us) && variant_ended(b) == VARIANT_GOES_ON)
		variant_offer_ep(b, (m.from + m.to) / 2u);
}

static enum variant_end won_by(unsigned colour)
{
	return colour == CHESS_WHITE ? VARIANT_WHITE_WINS : VARIANT_BLACK_WINS;
}

/* Whether black, to move, can follow white's king onto the eighth rank. */
static bool can_follow(const struct variant_board *b)
{
	unsigned king = chess_king(&b->chess, CHESS_BLACK);
	uint64_t to = chess_king_attacks(king) & CHESS_SET_RANK_8 & ~b->chess.colour[CHESS_BLACK];

	for (; to; to = chess_rest(to)) {
		struct chess_move m = { (uint8_t)king, (uint8_t)chess_first(to), CHESS_KING, 0 };

		if (variant_allows(b, m))
			return true;
	}
	return false;
}

static enum variant_end race_ended(const struct variant_board *b)
{
	bool white = king_set(b, CHESS_WHITE) & CHESS_SET_RANK_8;
	bool black = king_set(b, CHESS_BLACK) & CHESS_SET_RANK_8;

	if (white && black)
		return VARIANT_DRAWN;
	if (black)
		return VARIANT_BLACK_WINS;
	if (!white || (b->chess.turn == CHESS_BLACK && can_follow(b)))
		return VARIANT_GOES_ON;
	return VARIANT_WHITE_WINS;
}

enum variant_end variant_ended(const struct variant_board *b)
{
	for (unsigned colour = 0; colour < 2; colour++) {
		bool won = false;

		if (b->variant == VARIANT_ATOMIC)
			won = !king_set(b, colour ^ 1);
		else if (b->variant == VARIANT_KING_OF_THE_HILL)
			won = king_set(b, colour) & HILL;
		else if (b->variant == VARIANT_THREE_CHECK)
			won = b->checks[colour] >= VARIANT_CHECKS;
		else if (b->variant == VARIANT_HORDE)
			won = colour == CHESS_BLACK && !b->chess.colour[CHESS_WHITE];
		if (won)
			return won_by(colour);
	}
	return b->variant == VARIANT_RACING_KINGS ? race_ended(b) : VARIANT_GOES_ON;
}
