/*
 * fen.c: takes out of a text what the variants add, has the rest read as a chess position, and asks
 * whether the whole can stand; and the writer, which puts it in again.
 *
 * Pure; a text of VARIANT_FEN_MAX at most.
 */
#include "rules/variants/fen.h"

#include <ctype.h>
#include <stdio.h>

#include "hearth/error.h"

#include "rules/chess/attacks.h"
#include "rules/chess/fen.h"

#define HORDE_MAX 36
#define USUAL     "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR"

static const char kinds[] = "pnbrq";

const char *variant_start(enum variant variant)
{
	static const char *const starts[VARIANTS] = {
		[VARIANT_CRAZYHOUSE] = USUAL "[] w KQkq - 0 1",
		[VARIANT_ATOMIC] = USUAL " w KQkq - 0 1",
		[VARIANT_ANTICHESS] = USUAL " w - - 0 1",
		[VARIANT_HORDE] = "rnbqkbnr/pppppppp/8/1PP2PP1/PPPPPPPP/PPPPPPPP/PPPPPPPP/PPPPPPPP"
				  " w kq - 0 1",
		[VARIANT_KING_OF_THE_HILL] = USUAL " w KQkq - 0 1",
		[VARIANT_RACING_KINGS] = "8/8/8/8/8/8/krbnNBRK/qrbnNBRQ w - - 0 1",
		[VARIANT_THREE_CHECK] = USUAL " w KQkq - 0 1 +0+0",
	};

	return starts[variant];
}

static const char *read_pockets(struct variant_board *b, struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		const char *kind = strchr(kinds, tolower(c));

		if (!c || !kind)
			return "a pocket has a letter that is no piece";
		if (b->pocket[islower(c) ? CHESS_BLACK : CHESS_WHITE][kind - kinds]++ >= 16)
			return "a pocket has more than sixteen of a kind";
	}
	return NULL;
}

/* The board as chess has it: without pockets, which are read, and without "~", which are kept. */
static const char *read_house(struct variant_board *b, struct slice board, char *out, size_t *n)
{
	unsigned rank = 7, file = 0;

	for (size_t i = 0; i < board.n; i++) {
		char c = board.p[i];

		if (c == '[') {
			if (board.p[board.n - 1] != ']')
				return "a pocket ends with ]";
			return read_pockets(b, slice_of(board.p + i + 1, board.n - i - 2));
		}
		if (c == '/' && rank == 0)
			return read_pockets(b, slice_skip(board, i + 1));
		if (c == '~') {
			if (file == 0 || file > 8)
				return "a ~ is behind no piece";
			b->promoted |= chess_bit(chess_square(file - 1, rank));
			continue;
		}
		if (c == '/') {
			rank--;
			file = 0;
		} else {
			file += c >= '1' && c <= '8' ? (unsigned)(c - '0') : 1;
		}
		out[(*n)++] = c;
	}
	return NULL;
}

/* Checks as "+1+0" (given) or "2+3" (to come). False when the text is neither. */
static bool read_checks(struct variant_board *b, struct slice text)
{
	bool given = text.n == 4 && text.p[0] == '+' && text.p[2] == '+';
	char white, black;

	if (!given && (text.n != 3 || text.p[1] != '+'))
		return false;
	white = text.p[given];
	black = text.p[given ? 3 : 2];
	if (white < '0' || white > '3' || black < '0' || black > '3')
		return false;
	b->checks[CHESS_WHITE] = (uint8_t)(given ? white - '0' : '3' - white);
	b->checks[CHESS_BLACK] = (uint8_t)(given ? black - '0' : '3' - black);
	return true;
}

/* Copies the fields of chess into `out`, and reads what is more. */
static const char *read_extensions(
	struct variant_board *b, struct slice text, char out[VARIANT_FEN_MAX], size_t *n)
{
	bool checks = b->variant != VARIANT_THREE_CHECK;

	*n = 0;
	for (unsigned field = 0; text.p; field++) {
		struct slice word = slice_split(&text, ' ');
		const char *why;

		if (field > 0 && !checks && (field == 4 || !text.p) && read_checks(b, word)) {
			checks = true;
			continue;
		}
		if (field > 0)
			out[(*n)++] = ' ';
		if (field == 0 && b->variant == VARIANT_CRAZYHOUSE) {
			why = read_house(b, word, out, n);
			if (why)
				return why;
			continue;
		}
		if (word.n)
			memcpy(out + *n, word.p, word.n);
		*n += word.n;
	}
	return NULL;
}

static unsigned count(const struct variant_board *b, unsigned colour, unsigned piece)
{
	return chess_count(chess_pieces(&b->chess, colour, piece));
}

static const char *king_fault(const struct variant_board *b)
{
	unsigned white = count(b, CHESS_WHITE, CHESS_KING);
	unsigned black = count(b, CHESS_BLACK, CHESS_KING);

	switch ((enum variant)b->variant) {
	case VARIANT_ANTICHESS: return NULL;
	case VARIANT_HORDE:
		return white        ? "the horde has a king"
		       : black != 1 ? "black has not one king"
				    : NULL;
	case VARIANT_ATOMIC:
		/* One may have exploded: then the game is over. */
		return white > 1 || black > 1 || white + black == 0 ? "a side has not one king"
								    : NULL;
	default: return white != 1 || black != 1 ? "a side has not one king" : NULL;
	}
}

static const char *army_fault(const struct variant_board *b)
{
	unsigned all = 0;

	for (unsigned colour = 0; colour < 2; colour++) {
		bool horde = b->variant == VARIANT_HORDE && colour == CHESS_WHITE;
		unsigned men = chess_count(b->chess.colour[colour]);
		unsigned pawns = count(b, colour, CHESS_PAWN);

		all += men;
		for (unsigned kind = 0; kind < VARIANT_POCKETS; kind++)
			all += b->pocket[colour][kind];
		if (b->variant == VARIANT_CRAZYHOUSE)
			continue;
		if (men > (horde ? HORDE_MAX : CHESS_ARMY_MAX) || pawns > (horde ? HORDE_MAX : 8))
			return "a side has too many men";
	}
	return all > (b->variant == VARIANT_HORDE ? 52 : 32) ? "there are too many men" : NULL;
}

static const char *fault_of(const struct variant_board *b)
{
	uint64_t pawns = b->chess.piece[CHESS_PAWN] & CHESS_SET_ENDS;
	unsigned them = b->chess.turn ^ 1;
	const char *why = king_fault(b);

	if (!why)
		why = army_fault(b);
	if (why)
		return why;
	if (b->variant == VARIANT_HORDE)
		pawns &= ~(CHESS_SET_RANK_1 & b->chess.colour[CHESS_WHITE]);
	if (pawns)
		return "a pawn is on the first or last rank";
	if (b->promoted & ~(chess_occupied(&b->chess) & ~b->chess.piece[CHESS_PAWN] &
				  ~b->chess.piece[CHESS_KING]))
		return "a ~ is behind no piece that a pawn becomes";
	if (b->variant == VARIANT_ATOMIC && !chess_pieces(&b->chess, b->chess.turn, CHESS_KING))
		return NULL; /* over: how its king stands does not matter */
	if (variant_in_check(b, them))
		return "the side that is not to move is in check";
	if (b->variant == VARIANT_RACING_KINGS && variant_in_check(b, b->chess.turn))
		return "nobody may give check";
	return NULL;
}

/* Drops the en passant square unless a pawn just passed it and one of ours may capture it. */
static void settle_en_passant(struct variant_board *b)
{
	unsigned us = b->chess.turn, ep = b->chess.ep;

	b->chess.ep = CHESS_NO_SQUARE;
	if (ep == CHESS_NO_SQUARE || !chess_ep_stands(&b->chess, us, ep) ||
		variant_ended(b) != VARIANT_GOES_ON)
		return;
	variant_offer_ep(b, ep);
}

int variant_fen_read(
	enum variant variant, struct slice text, struct variant_board *b, const char **why)
{
	char chess[VARIANT_FEN_MAX];
	size_t n;

	chess_ready();
	memset(b, 0, sizeof(*b));
	b->variant = (uint8_t)variant;
	if (text.n >= VARIANT_FEN_MAX)
		*why = "the text is longer than a position can be";
	else
		*why = read_extensions(b, text, chess, &n);
	if (!*why)
		*why = chess_fen_read_fields(slice_of(chess, n), &b->chess);
	if (variant == VARIANT_ANTICHESS || variant == VARIANT_RACING_KINGS)
		b->chess.castling = b->chess.chess960 = 0;
	if (!*why && b->chess.chess960)
		*why = "king and rooks castle from their usual squares";
	if (!*why)
		*why = fault_of(b);
	if (*why)
		return HEARTH_EINVAL;
	settle_en_passant(b);
	return 0;
}

/* The board of chess's text, with "~" behind what was promoted, and the pockets. */
static size_t write_house(const struct variant_board *b, struct slice board, char *out)
{
	unsigned rank = 7, file = 0;
	size_t n = 0;

	for (size_t i = 0; i < board.n; i++) {
		char c = board.p[i];

		out[n++] = c;
		if (c == '/') {
			rank--;
			file = 0;
		} else if (c >= '1' && c <= '8') {
			file += (unsigned)(c - '0');
		} else {
			if (b->promoted & chess_bit(chess_square(file, rank)))
				out[n++] = '~';
			file++;
		}
	}
	out[n++] = '[';
	for (unsigned colour = 0; colour < 2; colour++)
		for (unsigned kind = 0; kind < VARIANT_POCKETS; kind++)
			for (unsigned i = 0; i < b->pocket[colour][kind]; i++)
				out[n++] = colour == CHESS_WHITE
						   ? (char)toupper((unsigned char)kinds[kind])
						   : kinds[kind];
	out[n++] = ']';
	return n;
}

size_t variant_fen_write(const struct variant_board *b, char out[VARIANT_FEN_MAX])
{
	char chess[CHESS_FEN_MAX];
	struct slice rest = slice_of(chess, chess_fen_write(&b->chess, chess));
	struct slice board = slice_split(&rest, ' ');
	size_t n;

	if (b->variant == VARIANT_CRAZYHOUSE) {
		n = write_house(b, board, out);
	} else {
		memcpy(out, board.p, board.n);
		n = board.n;
	}
	n += (size_t)snprintf(out + n, VARIANT_FEN_MAX - n, " %.*s", SLICE_ARG(rest));
	if (b->variant == VARIANT_THREE_CHECK)
		n += (size_t)snprintf(out + n, VARIANT_FEN_MAX - n, " +%u+%u",
			b->checks[CHESS_WHITE], b->checks[CHESS_BLACK]);
	return n;
}
