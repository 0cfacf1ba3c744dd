/*
 * edit_distance.h: how far apart two words are, for "nearest known key". Pure.
 */
#ifndef CORE_EDIT_DISTANCE_H
#define CORE_EDIT_DISTANCE_H

#include "hearth/str.h"

/* Only this many bytes of each word are looked at. */
#define EDIT_DISTANCE_BYTES 63

/*
 * The fewest insertions, deletions, replacements and swaps of two neighbours that make `b` of `a`
 * (optimal string alignment).
 */
size_t edit_distance(struct slice a, struct slice b);

#endif
