/*
 * mime/boundary.c: see boundary.h. The edges of the trie, (node, byte) to node, are a hash table
 * with open addressing. Nodes leave it in the reverse order of their coming, so that none of those
 * left was ever placed behind one that goes: a slot that is emptied breaks no chain.
 *
 * Pure. A node a byte of the open boundaries: MIME_DEPTH_MAX of MIME_BOUNDARY_MAX bytes.
 */
#include "mime/boundary.h"
#include "hearth/arena.h"
#include "hearth/log.h"

#include <stdlib.h>

#define SLOTS_MIN 64
#define ROOT      0

struct mime_boundary_node {
	uint32_t parent;
	uint32_t level; /* of the boundary that ends here; 0: none does */
	unsigned char byte;
};

/* The slot of an edge, or the empty one where it belongs. */
static size_t find_slot(const struct mime_boundaries *b, uint32_t parent, unsigned char byte)
{
	size_t at = ((size_t)parent * 257 + byte) * 0x9E3779B1u & (b->slot_count - 1);

	while (b->slots[at] &&
		(b->nodes[b->slots[at]].parent != parent || b->nodes[b->slots[at]].byte != byte))
		at = (at + 1) & (b->slot_count - 1);
	return at;
}

/* Room for one more node; at most half of the slots are in use. */
static void make_room(struct mime_boundaries *b)
{
	if (b->n == b->cap) {
		b->cap = b->cap ? 2 * b->cap : SLOTS_MIN / 2;
		b->nodes = mem_realloc(b->nodes, b->cap * sizeof(*b->nodes));
	}
	if (b->n == 0)
		b->nodes[b->n++] = (struct mime_boundary_node){ 0 };
	if (2 * b->n < b->slot_count)
		return;
	free(b->slots);
	b->slot_count = b->slot_count ? 2 * b->slot_count : SLOTS_MIN;
	b->slots = mem_zalloc(b->slot_count * sizeof(*b->slots));
	for (uint32_t i = 1; i < b->n; i++)
		b->slots[find_slot(b, b->nodes[i].parent, b->nodes[i].byte)] = i;
}

struct mime_boundary_mark mime_boundary_push(
	struct mime_boundaries *b, struct slice boundary, size_t level)
{
	struct mime_boundary_mark mark;
	uint32_t at = ROOT;

	INVARIANT(level > 0 && boundary.n > 0);
	make_room(b);
	mark.nodes = (uint32_t)b->n;
	for (size_t i = 0; i < boundary.n; i++) {
		unsigned char byte = (unsigned char)boundary.p[i];
		size_t slot;

		make_room(b);
		slot = find_slot(b, at, byte);
		if (!b->slots[slot]) {
			b->slots[slot] = (uint32_t)b->n;
			b->nodes[b->n++] =
				(struct mime_boundary_node){ .parent = at, .byte = byte };
		}
		at = b->slots[slot];
	}
	mark.node = at;
	mark.before = b->nodes[at].level;
	b->nodes[at].level = (uint32_t)level;
	return mark;
}

void mime_boundary_pop(struct mime_boundaries *b, struct mime_boundary_mark mark)
{
	INVARIANT(mark.node < b->n && mark.nodes <= b->n);
	b->nodes[mark.node].level = mark.before;
	while (b->n > mark.nodes) {
		const struct mime_boundary_node *last = &b->nodes[b->n - 1];

		b->slots[find_slot(b, last->parent, last->byte)] = 0;
		b->n--;
	}
}

size_t mime_boundary_match(const struct mime_boundaries *b, struct slice s)
{
	uint32_t at = ROOT, best = 0;

	if (b->n == 0)
		return 0;
	for (size_t i = 0; i < s.n; i++) {
		at = b->slots[find_slot(b, at, (unsigned char)s.p[i])];
		if (at == ROOT)
			break;
		if (b->nodes[at].level)
			best = b->nodes[at].level;
	}
	return best;
}

void mime_boundaries_clear(struct mime_boundaries *b)
{
	free(b->nodes);
	free(b->slots);
	*b = (struct mime_boundaries){ 0 };
}
