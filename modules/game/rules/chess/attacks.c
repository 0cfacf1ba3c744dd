/*
 * attacks.c: fills the attack tables, by walking the board one step at a time.
 *
 * Once, whichever thread makes the first board; only read from then on.
 */
#include "rules/chess/attacks.h"

struct chess_attack_tables chess_attacks;

/* One step is a file and a rank difference. A king's are a rook's, then a bishop's. */
struct step {
	int file, rank;
};

static const struct step king_steps[8] = { { 0, 1 }, { 0, -1 }, { 1, 0 }, { -1, 0 }, { 1, 1 },
	{ -1, -1 }, { 1, -1 }, { -1, 1 } };
static const struct step knight_steps[8] = { { 1, 2 }, { 2, 1 }, { 2, -1 }, { 1, -2 }, { -1, -2 },
	{ -2, -1 }, { -2, 1 }, { -1, 2 } };
static const struct step pawn_steps[2][2] = { { { -1, 1 }, { 1, 1 } }, { { -1, -1 }, { 1, -1 } } };

/* The square a step away, or CHESS_NO_SQUARE off the board. */
static unsigned stepped(unsigned square, struct step by)
{
	int file = (int)chess_file(square) + by.file, rank = (int)chess_rank(square) + by.rank;

	if (file < 0 || file > 7 || rank < 0 || rank > 7)
		return CHESS_NO_SQUARE;
	return chess_square((unsigned)file, (unsigned)rank);
}

static uint64_t leap(unsigned square, const struct step *steps, size_t n)
{
	uint64_t set = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned to = stepped(square, steps[i]);

		if (to != CHESS_NO_SQUARE)
			set |= chess_bit(to);
	}
	return set;
}

/* All squares in one direction up to the first one in `occupied`, which is included. */
static uint64_t ray(unsigned square, struct step by, uint64_t occupied)
{
	uint64_t set = 0;

	while ((square = stepped(square, by)) != CHESS_NO_SQUARE) {
		set |= chess_bit(square);
		if (occupied & chess_bit(square))
			break;
	}
	return set;
}

static void fill_rank(void)
{
	for (unsigned inner = 0; inner < 64; inner++)
		for (unsigned file = 0; file < 8; file++)
			chess_attacks.rank[inner][file] =
				(uint8_t)(ray(file, king_steps[2], inner << 1) |
					  ray(file, king_steps[3], inner << 1));
}

/* What lies between `a` and the squares in one direction, and the line they are on. */
static void fill_pairs(unsigned a, struct step by)
{
	struct step back = { -by.file, -by.rank };
	uint64_t through = ray(a, by, 0) | chess_bit(a) | ray(a, back, 0), between = 0;

	for (unsigned b = stepped(a, by); b != CHESS_NO_SQUARE; b = stepped(b, by)) {
		chess_attacks.through[a][b] = through;
		chess_attacks.between[a][b] = between;
		between |= chess_bit(b);
	}
}

void chess_attacks_fill(void)
{
	fill_rank();
	for (unsigned s = 0; s < CHESS_SQUARES; s++) {
		chess_attacks.line[s].file = ray(s, king_steps[0], 0) | ray(s, king_steps[1], 0);
		chess_attacks.line[s].diagonal =
			ray(s, king_steps[4], 0) | ray(s, king_steps[5], 0);
		chess_attacks.line[s].antidiagonal =
			ray(s, king_steps[6], 0) | ray(s, king_steps[7], 0);
		chess_attacks.pawn[CHESS_WHITE][s] = leap(s, pawn_steps[CHESS_WHITE], 2);
		chess_attacks.pawn[CHESS_BLACK][s] = leap(s, pawn_steps[CHESS_BLACK], 2);
		chess_attacks.knight[s] = leap(s, knight_steps, 8);
		chess_attacks.king[s] = leap(s, king_steps, 8);
		for (unsigned i = 0; i < 8; i++)
			fill_pairs(s, king_steps[i]);
	}
}
