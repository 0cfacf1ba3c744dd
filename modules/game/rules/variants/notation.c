/*
 * notation.c: UCI read and write, SAN write. Pure; a legal move is found among all there are.
 */
#include "rules/variants/notation.h"

#include "hearth/error.h"

#include "rules/chess/attacks.h"
#include "rules/chess/notation.h"
#include "rules/variants/moves.h"

static const char small[] = "pnbrqk", large[] = "PNBRQK";

/* What a text says; the piece stays open unless it is dropped. */
static bool read_text(struct slice text, struct chess_move *m)
{
	const char *letter;

	*m = (struct chess_move){ .piece = CHESS_NO_PIECE };
	if (text.n != 4 && text.n != 5)
		return false;
	if (text.n == 4 && text.p[1] == '@') {
		letter = memchr(large, text.p[0], VARIANT_POCKETS);
		m->from = CHESS_NO_SQUARE;
		m->piece = letter ? (uint8_t)(letter - large) : 0;
		return letter && chess_square_read(text.p + 2, &m->to);
	}
	if (!chess_square_read(text.p, &m->from) || !chess_square_read(text.p + 2, &m->to))
		return false;
	if (text.n == 4)
		return true;
	letter = memchr(small + 1, text.p[4], sizeof(small) - 2);
	if (letter)
		m->promotion = (uint8_t)(letter - small);
	return letter;
}

/* Castling may be written as the king's own step, unless a plain step goes there. */
static bool castles_to(const struct variant_board *b, struct chess_move m, unsigned to)
{
	return chess_is_castling(&b->chess, m) && to == chess_castled_king(m.from, m.to) &&
	       to != m.from && !(chess_king_attacks(m.from) & chess_bit(to));
}

int variant_uci_read(const struct variant_board *b, struct slice text, struct chess_move *m)
{
	struct chess_move moves[VARIANT_MOVES_MAX], want;
	size_t n;

	if (!read_text(text, &want))
		return HEARTH_EINVAL;
	n = variant_moves(b, moves);
	for (size_t i = 0; i < n; i++) {
		if (moves[i].from != want.from || moves[i].promotion != want.promotion)
			continue;
		if (variant_is_drop(want) && moves[i].piece != want.piece)
			continue;
		if (moves[i].to == want.to || castles_to(b, moves[i], want.to)) {
			*m = moves[i];
			return 0;
		}
	}
	return HEARTH_EDENIED;
}

size_t variant_uci_write(
	const struct variant_board *b, struct chess_move m, char out[VARIANT_UCI_MAX])
{
	size_t n = 0;

	if (variant_is_drop(m)) {
		out[n++] = large[m.piece];
		out[n++] = '@';
	} else {
		n += chess_square_write(out, m.from);
	}
	n += chess_square_write(
		out + n, chess_is_castling(&b->chess, m) ? chess_castled_king(m.from, m.to) : m.to);
	if (m.promotion)
		out[n++] = small[m.promotion];
	out[n] = '\0';
	return n;
}

/* The file, the rank or both, as far as other legal moves of such a piece make it necessary. */
static size_t write_origin(const struct variant_board *b, struct chess_move m, char *out)
{
	struct chess_move moves[VARIANT_MOVES_MAX];
	bool other = false, same_file = false, same_rank = false;
	size_t n = variant_moves(b, moves), len = 0;

	for (size_t i = 0; i < n; i++) {
		if (moves[i].piece != m.piece || moves[i].to != m.to || moves[i].from == m.from ||
			variant_is_drop(moves[i]) || chess_is_castling(&b->chess, moves[i]))
			continue;
		other = true;
		same_file |= chess_file(moves[i].from) == chess_file(m.from);
		same_rank |= chess_rank(moves[i].from) == chess_rank(m.from);
	}
	if (other && (!same_file || same_rank))
		out[len++] = (char)('a' + chess_file(m.from));
	if (same_file)
		out[len++] = (char)('1' + chess_rank(m.from));
	return len;
}

static size_t write_man_move(const struct variant_board *b, struct chess_move m, char *out)
{
	bool captures = variant_captures(b, m);
	size_t n = 0;

	if (m.piece != CHESS_PAWN) {
		out[n++] = large[m.piece];
		n += write_origin(b, m, out + n);
	} else if (captures) {
		out[n++] = (char)('a' + chess_file(m.from));
	}
	if (captures)
		out[n++] = 'x';
	n += chess_square_write(out + n, m.to);
	if (m.promotion) {
		out[n++] = '=';
		out[n++] = large[m.promotion];
	}
	return n;
}

/* Whether somebody has won: who has just moved, or in antichess perhaps the other. */
static bool is_won(const struct variant_board *b)
{
	struct chess_move moves[VARIANT_MOVES_MAX];
	enum variant_end end = variant_ended(b);

	if (end != VARIANT_GOES_ON)
		return end != VARIANT_DRAWN;
	return variant_moves(b, moves) == 0 &&
	       (b->variant == VARIANT_ANTICHESS || variant_in_check(b, b->chess.turn));
}

size_t variant_san_write(
	const struct variant_board *b, struct chess_move m, char out[VARIANT_SAN_MAX])
{
	struct variant_board next = *b;
	struct slice castling = m.to > m.from ? SLICE("O-O") : SLICE("O-O-O");
	size_t n;

	if (variant_is_drop(m)) {
		n = variant_uci_write(b, m, out);
	} else if (chess_is_castling(&b->chess, m)) {
		n = castling.n;
		memcpy(out, castling.p, n);
	} else {
		n = write_man_move(b, m, out);
	}
	variant_play(&next, m);
	if (is_won(&next))
		out[n++] = '#';
	else if (variant_in_check(&next, next.chess.turn))
		out[n++] = '+';
	out[n] = '\0';
	return n;
}
