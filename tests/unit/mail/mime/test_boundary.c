/*
 * test_boundary.c: the trie of open boundaries against comparing with each of them.
 */
#include "mail/mime/mime_test.h"
#include "mime/boundary.h"

#define OPEN_MAX 100

struct open {
	struct slice boundary;
	struct mime_boundary_mark mark;
};

static struct open stack[OPEN_MAX];
static size_t depth;

/* As RFC 2046 wants it: the longest that fits, of equal ones the innermost. */
static size_t expected(struct slice s)
{
	size_t best = 0, best_n = 0;

	for (size_t level = depth; level > 0; level--)
		if (stack[level - 1].boundary.n > best_n &&
			slice_starts(s, stack[level - 1].boundary)) {
			best = level;
			best_n = stack[level - 1].boundary.n;
		}
	return best;
}

static uint32_t seed = 7;

static uint32_t next(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* Text of few letters, so that much of it begins alike. */
static struct slice text(struct arena *a, uint32_t max)
{
	size_t n = 1 + next(max);
	char *p = arena_alloc(a, n);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)("ab\xff"[next(3)]);
	return slice_of(p, n);
}

START_TEST(finds_what_comparing_finds)
{
	struct mime_boundaries b = { 0 };
	struct arena *a = arena_new();

	ck_assert_uint_eq(mime_boundary_match(&b, SLICE("a")), 0);
	for (int round = 0; round < 20000; round++) {
		if (depth < OPEN_MAX && (depth == 0 || next(5) < 3)) {
			struct open *o = &stack[depth++];

			o->boundary = text(a, round % 100 ? 8 : 256);
			o->mark = mime_boundary_push(&b, o->boundary, depth);
		} else {
			mime_boundary_pop(&b, stack[--depth].mark);
		}
		for (int i = 0; i < 5; i++) {
			struct slice line = text(a, 12);

			ck_assert_uint_eq(mime_boundary_match(&b, line), expected(line));
		}
	}
	while (depth)
		mime_boundary_pop(&b, stack[--depth].mark);
	ck_assert_uint_eq(mime_boundary_match(&b, SLICE("a")), 0);
	mime_boundaries_clear(&b);
	arena_free(&a);
}
END_TEST

TEST_MAIN("mime boundary", finds_what_comparing_finds)
