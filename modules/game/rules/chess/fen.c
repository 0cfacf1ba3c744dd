/*
 * fen.c: a reader that goes through the fields in order, then asks whether the whole can stand;
 * and the writer.
 *
 * Pure; a text of CHESS_FEN_MAX at most.
 */
#include "rules/chess/fen.h"

#include <ctype.h>
#include <stdio.h>

#include "hearth/error.h"

#include "rules/chess/attacks.h"

static const char letters[] = "pnbrqk";

/* Each reader of a field returns NULL, or what is wrong with it. */

static const char *read_square_contents(struct chess_board *b, char c, unsigned square)
{
	const char *letter = strchr(letters, tolower((unsigned char)c));

	if (!c || !letter)
		return "the board has a letter that is no piece";
	chess_board_put(b, islower((unsigned char)c) ? CHESS_BLACK : CHESS_WHITE,
		(unsigned)(letter - letters), square);
	return NULL;
}

static const char *read_rank(struct chess_board *b, struct slice text, unsigned rank)
{
	unsigned file = 0;
	bool digit = false;

	for (size_t i = 0; i < text.n; i++) {
		const char *why = NULL;

		if (text.p[i] >= '1' && text.p[i] <= '8') {
			if (digit)
				return "the board has two numbers in a row";
			digit = true;
			file += (unsigned)(text.p[i] - '0');
		} else {
			digit = false;
			if (file < 8)
				why = read_square_contents(b, text.p[i], chess_square(file, rank));
			file++;
		}
		if (why)
			return why;
		if (file > 8)
			return "a rank of the board has more than eight squares";
	}
	return file < 8 ? "a rank of the board has fewer than eight squares" : NULL;
}

static const char *read_pieces(struct chess_board *b, struct slice text)
{
	for (unsigned rank = 8; rank-- > 0;) {
		const char *why;

		if (!text.p)
			return "the board has fewer than eight ranks";
		why = read_rank(b, slice_split(&text, '/'), rank);
		if (why)
			return why;
	}
	return text.p ? "the board has more than eight ranks" : NULL;
}

static const char *read_turn(struct chess_board *b, struct slice text)
{
	if (text.n != 1 || (text.p[0] != 'w' && text.p[0] != 'b'))
		return "the side to move is neither w nor b";
	b->turn = text.p[0] == 'b' ? CHESS_BLACK : CHESS_WHITE;
	return NULL;
}

/* The rook that a castling letter means, as a set; empty when there is none. */
static uint64_t castling_rook(const struct chess_board *b, unsigned colour, char letter)
{
	uint64_t home = chess_home_rank(colour);
	uint64_t king = chess_pieces(b, colour, CHESS_KING) & home;
	uint64_t rooks = chess_pieces(b, colour, CHESS_ROOK) & home;
	uint64_t right, left;

	if (!king)
		return 0;
	right = rooks & ~(king - 1);
	left = rooks & (king - 1);
	if (letter == 'k')
		return right ? chess_bit(63u - (unsigned)__builtin_clzll(right)) : 0;
	if (letter == 'q')
		return left & -left;
	return rooks & CHESS_SET_FILE_A << (letter - 'a');
}

static const char *read_castling(struct chess_board *b, struct slice text)
{
	if (slice_eq(text, SLICE("-")))
		return NULL;
	if (text.n == 0 || text.n > 4)
		return "the castling rights are not one to four letters or -";
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		char letter = (char)tolower(c);
		uint64_t rook;

		if (letter != 'k' && letter != 'q' && (letter < 'a' || letter > 'h'))
			return "the castling rights have an unknown letter";
		if (memchr(text.p, c, i))
			return "the castling rights have a letter twice";
		rook = castling_rook(b, islower(c) ? CHESS_BLACK : CHESS_WHITE, letter);
		b->castling |= rook;
		if (rook && letter != 'k' && letter != 'q')
			b->chess960 = 1;
	}
	return NULL;
}

/* One rook a side of each king; and whether they stand as only Chess960 has them. */
static const char *check_castling(struct chess_board *b)
{
	for (unsigned colour = 0; colour < 2; colour++) {
		uint64_t rooks = b->castling & b->colour[colour];
		uint64_t king = chess_pieces(b, colour, CHESS_KING);

		if (chess_many(rooks & ~(king - 1)) || chess_many(rooks & (king - 1)))
			return "a king may castle with two rooks on the same side";
		if (rooks && chess_file(chess_first(king)) != CHESS_FILE_E)
			b->chess960 = 1;
		if (rooks & ~(CHESS_SET_FILE_A | CHESS_SET_FILE_H))
			b->chess960 = 1;
	}
	return NULL;
}

static const char *read_en_passant(struct chess_board *b, struct slice text)
{
	b->ep = CHESS_NO_SQUARE;
	if (slice_eq(text, SLICE("-")))
		return NULL;
	if (text.n != 2 || text.p[0] < 'a' || text.p[0] > 'h' ||
		text.p[1] != (b->turn == CHESS_WHITE ? '6' : '3'))
		return "the en passant square is neither - nor on the rank it must be";
	b->ep = (uint8_t)chess_square((unsigned)(text.p[0] - 'a'), (unsigned)(text.p[1] - '1'));
	return NULL;
}

bool chess_ep_stands(const struct chess_board *b, unsigned us, unsigned ep)
{
	uint64_t before = chess_bit((unsigned)((int)ep + chess_forward(us)));
	uint64_t after = chess_bit((unsigned)((int)ep - chess_forward(us)));

	return !(chess_occupied(b) & (before | chess_bit(ep))) &&
	       (chess_pieces(b, us ^ 1, CHESS_PAWN) & after);
}

/* Drops the en passant square unless a pawn just passed it and one of ours may capture it. */
static void settle_en_passant(struct chess_board *b)
{
	unsigned us = b->turn, them = us ^ 1, ep = b->ep;
	uint64_t takers;

	b->ep = CHESS_NO_SQUARE;
	if (ep == CHESS_NO_SQUARE || !chess_ep_stands(b, us, ep))
		return;
	takers = chess_pawn_attacks(them, ep) & chess_pieces(b, us, CHESS_PAWN);
	for (; takers; takers = chess_rest(takers))
		if (chess_ep_legal(b, chess_first(takers), ep))
			b->ep = (uint8_t)ep;
}

static const char *read_counters(struct chess_board *b, struct slice text)
{
	struct slice first = slice_split(&text, ' ');
	uint64_t halfmove, fullmove;

	if (slice_u64(first, CHESS_HALFMOVES_MAX, &halfmove))
		return "the half-move clock is no number from 0 to 150";
	if (!text.p || slice_u64(text, CHESS_FULLMOVES_MAX, &fullmove))
		return "the move number is no number from 1 to 9999";
	b->halfmove = (uint8_t)halfmove;
	/* Many programs write 0 for the first move. */
	b->fullmove = (uint16_t)(fullmove ? fullmove : 1);
	return NULL;
}

static const char *read_fields(struct chess_board *b, struct slice text)
{
	static const char *(*const fields[])(struct chess_board *, struct slice) = { read_pieces,
		read_turn, read_castling, read_en_passant };
	const char *why;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!text.p)
			return "the text has fewer than four fields";
		why = fields[i](b, slice_split(&text, ' '));
		if (why)
			return why;
	}
	if (!text.p)
		return NULL;
	return read_counters(b, text);
}

const char *chess_fen_read_fields(struct slice text, struct chess_board *b)
{
	const char *why;

	*b = (struct chess_board){ .fullmove = 1, .ep = CHESS_NO_SQUARE };
	why = read_fields(b, text);
	return why ? why : check_castling(b);
}

int chess_fen_read(struct slice text, struct chess_board *b, const char **why)
{
	chess_ready();
	*b = (struct chess_board){ .fullmove = 1, .ep = CHESS_NO_SQUARE };
	if (text.n >= CHESS_FEN_MAX)
		*why = "the text is longer than a position can be";
	else
		*why = read_fields(b, text);
	if (!*why)
		*why = chess_board_fault(b);
	if (!*why)
		*why = check_castling(b);
	if (*why)
		return HEARTH_EINVAL;
	settle_en_passant(b);
	b->key = chess_board_key(b);
	return 0;
}

static size_t write_pieces(const struct chess_board *b, char *out)
{
	char board[64] = { 0 }; /* a letter for each piece */
	size_t n = 0;

	for (unsigned piece = 0; piece < CHESS_NO_PIECE; piece++)
		for (uint64_t set = b->piece[piece]; set; set &= set - 1) {
			unsigned square = chess_first(set);
			bool white = b->colour[CHESS_WHITE] & chess_bit(square);

			board[square] = white ? (char)toupper((unsigned char)letters[piece])
					      : letters[piece];
		}
	for (unsigned rank = 8; rank-- > 0;) {
		for (unsigned file = 0, empty = 0; file < 8; file++) {
			char piece = board[chess_square(file, rank)];

			empty += !piece;
			if (empty && (piece || file == 7)) {
				out[n++] = (char)('0' + empty);
				empty = 0;
			}
			if (piece)
				out[n++] = piece;
		}
		if (rank > 0)
			out[n++] = '/';
	}
	return n;
}

static size_t write_castling(const struct chess_board *b, char *out)
{
	size_t n = 0;

	for (unsigned colour = 0; colour < 2; colour++) {
		uint64_t king = chess_pieces(b, colour, CHESS_KING);
		uint64_t rooks = b->castling & b->colour[colour];
		uint64_t sides[2] = { rooks & ~(king - 1), rooks & (king - 1) };

		for (unsigned side = 0; side < 2; side++) {
			char c = side == 0 ? 'k' : 'q';

			if (!sides[side])
				continue;
			if (b->chess960)
				c = (char)('a' + chess_file(chess_first(sides[side])));
			out[n++] = colour == CHESS_WHITE ? (char)toupper((unsigned char)c) : c;
		}
	}
	if (n == 0)
		out[n++] = '-';
	return n;
}

size_t chess_fen_write(const struct chess_board *b, char out[CHESS_FEN_MAX])
{
	size_t n = write_pieces(b, out);

	out[n++] = ' ';
	out[n++] = b->turn == CHESS_WHITE ? 'w' : 'b';
	out[n++] = ' ';
	n += write_castling(b, out + n);
	out[n++] = ' ';
	if (b->ep == CHESS_NO_SQUARE) {
		out[n++] = '-';
	} else {
		out[n++] = (char)('a' + chess_file(b->ep));
		out[n++] = (char)('1' + chess_rank(b->ep));
	}
	n += (size_t)snprintf(out + n, CHESS_FEN_MAX - n, " %u %u", b->halfmove, b->fullmove);
	return n;
}

/* Puts a piece on the `nth` (from 0) file that is still free. */
static void place(char home[8], size_t nth, char piece)
{
	for (unsigned file = 0; file < 8; file++)
		if (!home[file] && nth-- == 0) {
			home[file] = piece;
			return;
		}
}

void chess_fen_960(unsigned number, char out[CHESS_FEN_MAX])
{
	/* Where the two knights go among the five files that bishops and queen leave free. */
	static const uint8_t knights[10][2] = { { 0, 1 }, { 0, 2 }, { 0, 3 }, { 0, 4 }, { 1, 2 },
		{ 1, 3 }, { 1, 4 }, { 2, 3 }, { 2, 4 }, { 3, 4 } };
	char home[9] = "", black[9] = "", rights[5] = "";
	size_t n = number % CHESS960_STARTS;
	unsigned right = 0;

	home[n % 4 * 2 + 1] = 'B';
	n /= 4;
	home[n % 4 * 2] = 'B';
	n /= 4;
	place(home, n % 6, 'Q');
	n /= 6;
	place(home, knights[n][1], 'N');
	place(home, knights[n][0], 'N');
	place(home, 0, 'R');
	place(home, 0, 'K');
	place(home, 0, 'R');
	for (unsigned file = 8; file-- > 0;) {
		black[file] = (char)tolower((unsigned char)home[file]);
		if (home[file] != 'R')
			continue;
		rights[right] = (char)('A' + file);
		rights[right + 2] = (char)('a' + file);
		right++;
	}
	snprintf(out, CHESS_FEN_MAX, "%s/pppppppp/8/8/8/8/PPPPPPPP/%s w %s - 0 1", black, home,
		rights);
}
