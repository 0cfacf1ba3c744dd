/*
 * edit_distance.c: optimal string alignment by dynamic programming over three rows: the one being
 * filled, the one above, and the one above that, which a swap needs. Pure; words have at most
 * EDIT_DISTANCE_BYTES bytes.
 */
#include "core/edit_distance.h"

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t edit_distance(struct slice a, struct slice b)
{
	size_t rows[3][EDIT_DISTANCE_BYTES + 1];
	size_t *row = rows[0], *above = rows[1], *above2 = rows[2];

	a = slice_head(a, EDIT_DISTANCE_BYTES);
	b = slice_head(b, EDIT_DISTANCE_BYTES);
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t *reused = above2;

		above2 = above;
		above = row;
		row = reused;
		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			row[j] = least(above[j], row[j - 1]) + 1;
			row[j] = least(row[j], above[j - 1] + (a.p[i - 1] != b.p[j - 1]));
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
				row[j] = least(row[j], above2[j - 2] + 1);
		}
	}
	return row[b.n];
}
