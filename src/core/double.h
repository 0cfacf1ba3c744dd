/*
 * double.h: floating-point numbers as text. Pure.
 */
#ifndef CORE_DOUBLE_H
#define CORE_DOUBLE_H

#include "hearth/str.h"

/* Appends a finite number in the fewest digits that read back as the same number. */
void double_append(struct strbuf *out, double v);

#endif
