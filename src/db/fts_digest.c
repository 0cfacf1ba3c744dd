/*
 * fts_digest.c: a number for the set of a text's tokens (fts.h): their hashes, each once, added up. It
 * is kept beside what is indexed, so whoever changes it has indexes built anew.
 * Pure, any thread. What it remembers of a text are its different tokens, eight bytes each and as
 * much again for room.
 */
#include "db/fts_digest.h"

#include <stdlib.h>

#include "db/tokenizer.h"
#include "hearth/fts.h"

#define SLOTS_FIRST 4096 /* a power of two */

/* Open addressing; 0 is a free slot, so the hash 0 is counted as 1. */
struct tokens {
	uint64_t *slots;
	size_t room, n;
	uint64_t sum;
};

uint64_t fts_token_hash(struct slice token)
{
	uint64_t low = token.n, high = 0, h;

	/* Spread well, since hashes are added up; a token has at most twelve bytes (tokenizer.h). */
	for (size_t i = 0; i < token.n && i < 7; i++)
		low = low << 8 | (unsigned char)token.p[i];
	for (size_t i = 7; i < token.n; i++)
		high = high << 8 | (unsigned char)token.p[i];
	h = low * 0x9e3779b97f4a7c15u ^ high * 0xc2b2ae3d27d4eb4fu;
	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9u;
	h ^= h >> 32;
	return h ? h : 1;
}

/* The slot of a hash: its own, or the free one where it belongs. */
static uint64_t *slot_of(uint64_t *slots, size_t room, uint64_t hash)
{
	size_t i = (size_t)(hash) & (room - 1);

	while (slots[i] && slots[i] != hash)
		i = (i + 1) & (room - 1);
	return &slots[i];
}

static void grow(struct tokens *t)
{
	size_t room = 2 * t->room;
	uint64_t *slots = mem_zalloc(room * sizeof(*slots));

	for (size_t i = 0; i < t->room; i++)
		if (t->slots[i])
			*slot_of(slots, room, t->slots[i]) = t->slots[i];
	free(t->slots);
	t->slots = slots;
	t->room = room;
}

static int add(void *arg, struct slice token, size_t offset)
{
	struct tokens *t = arg;
	uint64_t hash = fts_token_hash(token), *slot = slot_of(t->slots, t->room, hash);

	(void)offset;
	if (*slot)
		return 0;
	*slot = hash;
	t->sum += hash;
	if (4 * ++t->n > 3 * t->room)
		grow(t);
	return 0;
}

int64_t fts_digest(struct slice text)
{
	struct tokens t = { .slots = mem_zalloc(SLOTS_FIRST * sizeof(*t.slots)),
		.room = SLOTS_FIRST };

	tokens_each(text, add, &t);
	free(t.slots);
	return (int64_t)t.sum;
}
