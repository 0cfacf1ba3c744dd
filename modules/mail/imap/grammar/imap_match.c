/*
 * imap_match.c: LIST patterns, as a set of places in the pattern that moves along the name.
 *
 * Pure. It costs pattern times name, each at most some 2,000 bytes, whatever wildcards there are.
 */
#include "imap/grammar/imap_match.h"

#include "imap/grammar/imap_command.h"

/* A pattern is a reference and a pattern of the wire. */
enum { PATTERN_MAX = 2 * IMAP_MAILBOX_MAX };

bool imap_is_inbox(struct slice name)
{
	return slice_ieq(name, SLICE("INBOX"));
}

struct slice imap_match_pattern(struct arena *a, struct slice reference, struct slice pattern)
{
	char *joined = arena_alloc(a, reference.n + pattern.n);

	if (reference.n)
		memcpy(joined, reference.p, reference.n);
	if (pattern.n)
		memcpy(joined + reference.n, pattern.p, pattern.n);
	return slice_of(joined, reference.n + pattern.n);
}

static bool is_wildcard(char c)
{
	return c == '*' || c == '%';
}

/* Marks place `at`, and those behind wildcards there, since a wildcard may stand for nothing. */
static void mark(bool *places, struct slice pattern, size_t at)
{
	while (!places[at]) {
		places[at] = true;
		if (at < pattern.n && is_wildcard(pattern.p[at]))
			at++;
	}
}

static char fold(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

bool imap_match(struct slice pattern, struct slice name, char delimiter)
{
	bool here[PATTERN_MAX + 1] = { false }, next[PATTERN_MAX + 1];
	bool inbox = slice_istarts(name, SLICE("INBOX")) && (name.n == 5 || name.p[5] == delimiter);

	if (pattern.n > PATTERN_MAX)
		return false;
	mark(here, pattern, 0);
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		memset(next, 0, pattern.n + 1);
		for (size_t at = 0; at < pattern.n; at++) {
			char p = pattern.p[at];

			if (!here[at])
				continue;
			if (is_wildcard(p)) {
				if (p == '*' || c != delimiter)
					mark(next, pattern, at);
			} else if (p == c || (inbox && i < 5 && fold(p) == fold(c))) {
				mark(next, pattern, at + 1);
			}
		}
		memcpy(here, next, pattern.n + 1);
	}
	return here[pattern.n];
}
