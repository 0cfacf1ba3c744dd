/*
 * double.c: floating-point numbers as text that reads back unchanged: 15 digits often do, 17
 * always. Pure.
 */
#include "core/double.h"

#include <stdio.h>
#include <stdlib.h>

void double_append(struct strbuf *out, double v)
{
	char text[32];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	strbuf_adds(out, text);
}
