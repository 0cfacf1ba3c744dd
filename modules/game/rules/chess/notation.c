/*
 * notation.c: UCI read and write, SAN write.
 *
 * Pure; a move's text is CHESS_UCI_MAX or CHESS_SAN_MAX bytes at most.
 */
#include "rules/chess/notation.h"

#include "hearth/error.h"

#include "rules/chess/attacks.h"
#include "rules/chess/moves.h"

/* from, to and promotion of a UCI text; whose piece it is stays open. */
static bool read_text(struct slice text, struct chess_move *m)
{
	static const char promotions[] = " nbrq";
	const char *letter;

	*m = (struct chess_move){ 0 };
	if (text.n != 4 && text.n != 5)
		return false;
	if (!chess_square_read(text.p, &m->from) || !chess_square_read(text.p + 2, &m->to))
		return false;
	if (text.n == 4)
		return true;
	letter = memchr(promotions + 1, text.p[4], sizeof(promotions) - 2);
	if (!letter)
		return false;
	m->promotion = (uint8_t)(letter - promotions);
	return true;
}

/* Whether a castling move may also be written from the king to `to`: not as a plain king move. */
static bool castles_to(const struct chess_board *b, struct chess_move m, unsigned to)
{
	return chess_is_castling(b, m) && to == chess_castled_king(m.from, m.to) && to != m.from &&
	       !(chess_king_attacks(m.from) & chess_bit(to));
}

int chess_uci_read(const struct chess_board *b, struct slice text, struct chess_move *m)
{
	struct chess_move moves[CHESS_MOVES_MAX], want;
	size_t n;

	if (!read_text(text, &want))
		return HEARTH_EINVAL;
	n = chess_moves_legal(b, moves);
	for (size_t i = 0; i < n; i++) {
		if (moves[i].from != want.from || moves[i].promotion != want.promotion)
			continue;
		if (moves[i].to == want.to || castles_to(b, moves[i], want.to)) {
			*m = moves[i];
			return 0;
		}
	}
	return HEARTH_EDENIED;
}

size_t chess_uci_write(const struct chess_board *b, struct chess_move m, char out[CHESS_UCI_MAX])
{
	unsigned to = m.to;
	size_t n = 0;

	if (chess_is_castling(b, m) && !b->chess960)
		to = chess_castled_king(m.from, m.to);
	n += chess_square_write(out + n, m.from);
	n += chess_square_write(out + n, to);
	if (m.promotion)
		out[n++] = "pnbrq"[m.promotion];
	out[n] = '\0';
	return n;
}

/* The file, the rank or both, as far as other legal moves of such a piece make it necessary. */
static size_t write_origin(const struct chess_board *b, struct chess_move m, char *out)
{
	struct chess_move moves[CHESS_MOVES_MAX];
	bool other = false, same_file = false, same_rank = false;
	size_t n = chess_moves_legal(b, moves), len = 0;

	for (size_t i = 0; i < n; i++) {
		if (moves[i].piece != m.piece || moves[i].to != m.to || moves[i].from == m.from)
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

static size_t write_piece_move(const struct chess_board *b, struct chess_move m, char *out)
{
	bool captures = chess_occupied(b) & chess_bit(m.to);
	size_t n = 0;

	if (m.piece == CHESS_PAWN) {
		captures |= m.to == b->ep;
		if (captures)
			out[n++] = (char)('a' + chess_file(m.from));
	} else {
		out[n++] = "PNBRQK"[m.piece];
		n += write_origin(b, m, out + n);
	}
	if (captures)
		out[n++] = 'x';
	n += chess_square_write(out + n, m.to);
	if (m.promotion) {
		out[n++] = '=';
		out[n++] = "PNBRQ"[m.promotion];
	}
	return n;
}

size_t chess_san_write(const struct chess_board *b, struct chess_move m, char out[CHESS_SAN_MAX])
{
	struct chess_board next = *b;
	struct slice castling = m.to > m.from ? SLICE("O-O") : SLICE("O-O-O");
	size_t n;

	if (chess_is_castling(b, m)) {
		n = castling.n;
		memcpy(out, castling.p, n);
	} else {
		n = write_piece_move(b, m, out);
	}
	chess_board_play(&next, m);
	if (chess_checkers(&next))
		out[n++] = chess_moves_count(&next) ? '+' : '#';
	out[n] = '\0';
	return n;
}
