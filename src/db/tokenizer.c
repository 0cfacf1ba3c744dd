/*
 * tokenizer.c: the one tokenizer of the house. Pure.
 */
#include "db/tokenizer.h"

#include "hearth/text.h"

/* Where the next character begins. */
static size_t next_character(struct slice s, size_t i)
{
	uint32_t code_point;
	size_t n = utf8_decode(slice_skip(s, i), &code_point);

	return i == s.n ? i : i + (n ? n : 1);
}

int tokens_each(struct slice text, token_fn *each, void *arg)
{
	size_t first = 0, second = next_character(text, first),
	       third = next_character(text, second);
	int rc = 0;

	while (third < text.n && rc == 0) {
		size_t end = next_character(text, third);
		struct slice token = slice_of(text.p + first, end - first);

		if (slice_chr(token, '\0') < 0)
			rc = each(arg, token, first);
		first = second;
		second = third;
		third = end;
	}
	return rc;
}
