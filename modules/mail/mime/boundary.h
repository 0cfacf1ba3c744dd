/*
 * mime/boundary.h: the boundaries of the multiparts that are open, as a trie, so that a line is
 * compared with all of them in one walk: what a line costs does not grow with how many are open.
 *
 * Boundaries come and go as a stack does. Memory: a node for each byte of the open boundaries that
 * no other begins with.
 *
 * Pure: it belongs to whoever parses.
 */
#ifndef HEARTH_MAIL_MIME_BOUNDARY_H
#define HEARTH_MAIL_MIME_BOUNDARY_H

#include "hearth/str.h"

struct mime_boundary_node;

/* Zeroed is ready. */
struct mime_boundaries {
	struct mime_boundary_node *nodes; /* [0] is the root */
	size_t n, cap;
	uint32_t *slots; /* hash table: number of a node, 0 for none */
	size_t slot_count;
};

/* What a push found, for its pop. */
struct mime_boundary_mark {
	uint32_t nodes;  /* how many there were */
	uint32_t node;   /* where the boundary ends */
	uint32_t before; /* the level that ended there */
};

/* A multipart at `level` (from 1) with this boundary, not empty, is open from now on. */
struct mime_boundary_mark mime_boundary_push(
	struct mime_boundaries *b, struct slice boundary, size_t level);
/* Undoes the latest push. */
void mime_boundary_pop(struct mime_boundaries *b, struct mime_boundary_mark mark);
/* The level with the longest boundary that `s` begins with, the latest of equal ones; 0: none. */
size_t mime_boundary_match(const struct mime_boundaries *b, struct slice s);
void mime_boundaries_clear(struct mime_boundaries *b);

#endif
