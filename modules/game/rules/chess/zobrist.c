/*
 * zobrist.c: the keys, drawn from splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
 *
 * Filled once by chess_ready; pure from then on.
 */
#include "rules/chess/zobrist.h"

#define SEED UINT64_C(0x4865617274680001) /* "Hearth" and a version: a key is never changed */

struct chess_zobrist_keys chess_zobrist;

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void chess_zobrist_fill(void)
{
	uint64_t state = SEED;

	for (unsigned colour = 0; colour < 2; colour++)
		for (unsigned piece = 0; piece < 6; piece++)
			for (unsigned s = 0; s < CHESS_SQUARES; s++)
				chess_zobrist.piece[colour][piece][s] = splitmix64(&state);
	for (unsigned s = 0; s < CHESS_SQUARES; s++)
		chess_zobrist.castling[s] = splitmix64(&state);
	for (unsigned s = 0; s < CHESS_SQUARES; s++)
		chess_zobrist.en_passant[s] = splitmix64(&state);
	chess_zobrist.black = splitmix64(&state);
}
