/*
 * common_passwords.c: the list of common passwords, as pack_common.mjs put it into the binary: one
 * sorted text with a line each, and a line feed in front of the first.
 *
 * It is searched where it lies, by halves: no index, nothing to load, and only the few pages that
 * the search touches are ever read.
 *
 * Pure; any thread.
 */
#include "password/password_rules.h"

extern const char auth_common_passwords[], auth_common_passwords_end[];

/* The line around an offset; *start is where it begins. */
static struct slice line_at(const char *at, const char **start)
{
	const char *end = at;

	while (at[-1] != '\n')
		at--;
	while (*end != '\n')
		end++;
	*start = at;
	return slice_of(at, (size_t)(end - at));
}

bool password_is_common(struct slice folded)
{
	/* What is left to search: whole lines, from the first byte of one to behind the last. */
	const char *low = auth_common_passwords + 1, *high = auth_common_passwords_end;

	while (low < high) {
		const char *start;
		struct slice line = line_at(low + (high - low - 1) / 2, &start);
		int order = slice_cmp(folded, line);

		if (order == 0)
			return true;
		if (order < 0)
			high = start;
		else
			low = line.p + line.n + 1;
	}
	return false;
}
