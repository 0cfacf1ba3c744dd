/*
 * material.h: who of a variant could still win, by the men there are. Pure.
 */
#ifndef CHESS_VARIANTS_MATERIAL_H
#define CHESS_VARIANTS_MATERIAL_H

#include "rules/variants/board.h"

/* Whether the colour could still win, in whatever position of these men. "No" is always right. */
bool variant_can_win(const struct variant_board *b, unsigned colour);

#endif
