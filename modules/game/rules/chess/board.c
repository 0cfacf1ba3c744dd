/*
 * board.c: putting pieces, asking who attacks what, and playing a move with its key.
 *
 * Pure; a move costs what its squares cost.
 */
#include "rules/chess/board.h"

#include <pthread.h>
#include <string.h>

#include "rules/chess/attacks.h"
#include "rules/chess/zobrist.h"

static void fill_tables(void)
{
	chess_attacks_fill();
	chess_zobrist_fill();
}

void chess_ready(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fill_tables);
}

void chess_board_start(struct chess_board *b)
{
	static const uint8_t home[8] = { CHESS_ROOK, CHESS_KNIGHT, CHESS_BISHOP, CHESS_QUEEN,
		CHESS_KING, CHESS_BISHOP, CHESS_KNIGHT, CHESS_ROOK };

	chess_ready();
	*b = (struct chess_board){ .fullmove = 1, .ep = CHESS_NO_SQUARE };
	for (unsigned file = 0; file < 8; file++) {
		chess_board_put(b, CHESS_WHITE, home[file], chess_square(file, 0));
		chess_board_put(b, CHESS_WHITE, CHESS_PAWN, chess_square(file, 1));
		chess_board_put(b, CHESS_BLACK, CHESS_PAWN, chess_square(file, 6));
		chess_board_put(b, CHESS_BLACK, home[file], chess_square(file, 7));
	}
	b->castling = b->piece[CHESS_ROOK];
	b->key = chess_board_key(b);
}

void chess_board_put(struct chess_board *b, unsigned colour, unsigned piece, unsigned square)
{
	b->colour[colour] |= chess_bit(square);
	b->piece[piece] |= chess_bit(square);
}

unsigned chess_board_piece(const struct chess_board *b, unsigned square)
{
	unsigned piece = 0;

	while (piece < CHESS_NO_PIECE && !(b->piece[piece] & chess_bit(square)))
		piece++;
	return piece;
}

uint64_t chess_board_key(const struct chess_board *b)
{
	uint64_t key = b->turn == CHESS_BLACK ? chess_zobrist.black : 0;

	for (unsigned colour = 0; colour < 2; colour++)
		for (unsigned piece = 0; piece < CHESS_NO_PIECE; piece++)
			for (uint64_t set = chess_pieces(b, colour, piece); set;
				set = chess_rest(set))
				key ^= chess_zobrist.piece[colour][piece][chess_first(set)];
	for (uint64_t set = b->castling; set; set = chess_rest(set))
		key ^= chess_zobrist.castling[chess_first(set)];
	if (b->ep != CHESS_NO_SQUARE)
		key ^= chess_zobrist.en_passant[b->ep];
	return key;
}

const char *chess_board_fault(const struct chess_board *b)
{
	unsigned us = b->turn, them = us ^ 1;

	for (unsigned colour = 0; colour < 2; colour++) {
		if (!chess_pieces(b, colour, CHESS_KING))
			return "a side has no king";
		if (chess_many(chess_pieces(b, colour, CHESS_KING)))
			return "a side has more than one king";
		if (chess_count(chess_pieces(b, colour, CHESS_PAWN)) > 8)
			return "a side has more than eight pawns";
		if (chess_count(b->colour[colour]) > CHESS_ARMY_MAX)
			return "a side has more than sixteen pieces";
	}
	if (b->piece[CHESS_PAWN] & CHESS_SET_ENDS)
		return "a pawn is on the first or last rank";
	if (chess_attackers(b, chess_king(b, them), chess_occupied(b)) & b->colour[us])
		return "the side that is not to move is in check";
	if (chess_count(chess_checkers(b)) > 2)
		return "the king is in check from more than two pieces";
	return NULL;
}

void chess_board_pack(const struct chess_board *b, struct chess_packed *out)
{
	enum { CASTLING_ROOK = 6, PASSING_PAWN = 7, BLACK = 8 };
	uint64_t passing = chess_shift(chess_ep(b), chess_forward(b->turn ^ 1));
	unsigned n = 0;

	*out = (struct chess_packed){ .occupied = chess_occupied(b) };
	for (uint64_t set = out->occupied; set; set = chess_rest(set), n++) {
		uint64_t lowest = chess_bit(chess_first(set));
		unsigned code = chess_board_piece(b, chess_first(set));

		if (b->castling & lowest)
			code = CASTLING_ROOK;
		if (passing & lowest)
			code = PASSING_PAWN;
		if (b->colour[CHESS_BLACK] & lowest)
			code |= BLACK;
		out->pieces[n / 2] |= (uint8_t)(n & 1 ? code << 4 : code);
	}
}

uint64_t chess_attackers(const struct chess_board *b, unsigned square, uint64_t occupied)
{
	uint64_t straight = b->piece[CHESS_ROOK] | b->piece[CHESS_QUEEN];
	uint64_t diagonal = b->piece[CHESS_BISHOP] | b->piece[CHESS_QUEEN];

	return (chess_pawn_attacks(CHESS_WHITE, square) &
		       chess_pieces(b, CHESS_BLACK, CHESS_PAWN)) |
	       (chess_pawn_attacks(CHESS_BLACK, square) &
		       chess_pieces(b, CHESS_WHITE, CHESS_PAWN)) |
	       (chess_knight_attacks(square) & b->piece[CHESS_KNIGHT]) |
	       (chess_king_attacks(square) & b->piece[CHESS_KING]) |
	       (chess_rook_attacks(square, occupied) & straight) |
	       (chess_bishop_attacks(square, occupied) & diagonal);
}

uint64_t chess_checkers(const struct chess_board *b)
{
	return chess_attackers(b, chess_king(b, b->turn), chess_occupied(b)) &
	       b->colour[b->turn ^ 1];
}

bool chess_ep_legal(const struct chess_board *b, unsigned from, unsigned to)
{
	unsigned us = b->turn, them = us ^ 1;
	uint64_t victim = chess_bit((unsigned)((int)to - chess_forward(us)));
	uint64_t occupied = (chess_occupied(b) ^ chess_bit(from) ^ victim) | chess_bit(to);

	/* Both pawns leave their rank at once: no pin shows what that opens, so look again. */
	return !(chess_attackers(b, chess_king(b, us), occupied) & b->colour[them] & ~victim);
}

/* Takes a piece off its square, or puts it there: the same XOR. */
static void toggle(struct chess_board *b, unsigned colour, unsigned piece, unsigned square)
{
	b->colour[colour] ^= chess_bit(square);
	b->piece[piece] ^= chess_bit(square);
	b->key ^= chess_zobrist.piece[colour][piece][square];
}

static void castle(struct chess_board *b, unsigned king, unsigned rook)
{
	toggle(b, b->turn, CHESS_KING, king);
	toggle(b, b->turn, CHESS_ROOK, rook);
	toggle(b, b->turn, CHESS_KING, chess_castled_king(king, rook));
	toggle(b, b->turn, CHESS_ROOK, chess_castled_rook(king, rook));
}

/* After a double step over `ep`: it counts only when the pawn can be captured there. */
static void offer_ep(struct chess_board *b, unsigned ep)
{
	uint64_t takers =
		chess_pawn_attacks(b->turn ^ 1, ep) & chess_pieces(b, b->turn, CHESS_PAWN);

	for (; takers; takers = chess_rest(takers)) {
		if (chess_ep_legal(b, chess_first(takers), ep)) {
			b->ep = (uint8_t)ep;
			b->key ^= chess_zobrist.en_passant[ep];
			return;
		}
	}
}

/* Rights end when the king moves, and when a rook leaves its square or is taken on it. */
static void end_rights(struct chess_board *b, struct chess_move m)
{
	uint64_t ended = chess_bit(m.from) | chess_bit(m.to);

	if (m.piece == CHESS_KING)
		ended |= chess_home_rank(b->turn);
	ended &= b->castling;
	b->castling ^= ended;
	for (; ended; ended = chess_rest(ended))
		b->key ^= chess_zobrist.castling[chess_first(ended)];
}

/* Any move but castling; `passed` is where a pawn may be captured in passing, as a set. */
static void step(struct chess_board *b, struct chess_move m, uint64_t passed)
{
	unsigned us = b->turn, them = us ^ 1;
	uint64_t to = chess_bit(m.to);

	if (b->colour[them] & to) {
		toggle(b, them, chess_board_piece(b, m.to), m.to);
		b->halfmove = 0;
	}
	toggle(b, us, m.piece, m.from);
	toggle(b, us, m.promotion ? m.promotion : m.piece, m.to);
	if (m.piece != CHESS_PAWN)
		return;
	b->halfmove = 0;
	if (to & passed)
		toggle(b, them, CHESS_PAWN, (unsigned)((int)m.to - chess_forward(us)));
}

void chess_board_play(struct chess_board *b, struct chess_move m)
{
	uint64_t passed = chess_ep(b);

	if (passed)
		b->key ^= chess_zobrist.en_passant[b->ep];
	b->ep = CHESS_NO_SQUARE;
	b->halfmove++;
	if (b->castling)
		end_rights(b, m);
	if (chess_is_castling(b, m))
		castle(b, m.from, m.to);
	else
		step(b, m, passed);
	if (b->turn == CHESS_BLACK && b->fullmove < CHESS_FULLMOVES_MAX)
		b->fullmove++;
	b->turn ^= 1;
	b->key ^= chess_zobrist.black;
	if (m.piece == CHESS_PAWN && (m.from ^ m.to) == 16)
		offer_ep(b, (m.from + m.to) / 2u);
}
