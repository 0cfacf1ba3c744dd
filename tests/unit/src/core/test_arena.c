/*
 * test_arena.c: arenas: alignment, growth, reset, links; and the heap functions beside them.
 */
#include "check_slice.h"
#include "harness.h"
#include "hearth/arena.h"
#include "hearth/buf.h"
#include "hearth/rand.h"
#include "src/dies.h"

START_TEST(begins_and_ends_with_nothing)
{
	struct arena *a = arena_new(), *never = NULL;

	ck_assert_uint_eq(arena_size(a), 0);
	arena_reset(a);
	arena_free(&a);
	ck_assert_ptr_null(a);
	arena_free(&never);
}
END_TEST

/* Every piece keeps what was written to it, whatever came after. */
START_TEST(pieces_do_not_touch)
{
	enum { PIECES = 3000 };
	struct arena *a = arena_new();
	static unsigned char *pieces[PIECES];
	static size_t sizes[PIECES];

	rand_seed_for_tests(3);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < PIECES; i++) {
			sizes[i] = rand_below(rand_below(50) ? 100 : 100000);
			pieces[i] = arena_alloc(a, sizes[i]);
			ck_assert_uint_eq((uintptr_t)pieces[i] % 16, 0);
			memset(pieces[i], i & 0xFF, sizes[i]);
		}
		for (int i = 0; i < PIECES; i++)
			for (size_t j = 0; j < sizes[i]; j++)
				if (pieces[i][j] != (i & 0xFF))
					ck_abort_msg("piece %d was overwritten", i);
		arena_reset(a);
	}
	arena_free(&a);
}
END_TEST

START_TEST(reset_keeps_one_block)
{
	struct arena *a = arena_new();
	size_t kept;

	for (int i = 0; i < 1000; i++)
		arena_alloc(a, 500);
	arena_alloc(a, 1 << 20);
	ck_assert_uint_gt(arena_size(a), (1 << 20) + 500 * 1000);
	arena_reset(a);
	kept = arena_size(a);
	ck_assert_uint_gt(kept, 0);
	ck_assert_uint_lt(kept, 100000);
	for (int i = 0; i < 100; i++)
		arena_alloc(a, 100);
	ck_assert_uint_eq(arena_size(a), kept);
	arena_free(&a);
}
END_TEST

START_TEST(first_piece_may_be_large)
{
	struct arena *a = arena_new();

	memset(arena_alloc(a, 300000), 'x', 300000);
	memset(arena_alloc(a, 10), 'y', 10);
	arena_reset(a);
	memset(arena_alloc(a, 300000), 'z', 300000);
	arena_free(&a);
}
END_TEST

START_TEST(copies)
{
	struct arena *a = arena_new();
	char *zeros = arena_zalloc(a, 5000);
	char text[] = "text";

	for (int i = 0; i < 5000; i++)
		ck_assert_int_eq(zeros[i], 0);
	ck_assert_ptr_nonnull(arena_alloc(a, 0));
	ck_assert_ptr_nonnull(arena_dup(a, NULL, 0));
	ck_assert_str_eq(arena_dup(a, text, 5), "text");
	ck_assert_str_eq(arena_strdup(a, SLICE("abc")), "abc");
	ck_assert_str_eq(arena_strdup(a, slice_str(NULL)), "");
	ck_slice_eq(arena_slice(a, slice_str(text)), "text");
	ck_assert_str_eq(arena_printf(a, "%s-%d-%0300d", "a", 1, 5) + 303, "5");
	arena_free(&a);
}
END_TEST

START_TEST(links_live_as_long_as_the_arena)
{
	struct arena *a = arena_new();
	struct buf *b = buf_copy(SLICE("linked"));
	struct slice bytes = buf_slice(b);

	arena_link(a, b);
	arena_link(a, b);
	buf_unref(&b);
	ck_slice_eq(bytes, "linked");
	arena_reset(a);
	b = buf_copy(SLICE("again"));
	arena_link(a, b);
	buf_unref(&b);
	arena_free(&a);
}
END_TEST

START_TEST(heap)
{
	char *p = mem_zalloc(100), *empty = mem_alloc(0), *text = mem_strdup(SLICE("text"));

	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(p[i], 0);
	p = mem_realloc(p, 200);
	ck_assert_ptr_nonnull(empty);
	ck_assert_str_eq(text, "text");
	free(p);
	free(empty);
	free(text);
}
END_TEST

static void take_too_much(void)
{
	struct arena *a = arena_new();

	arena_alloc(a, SIZE_MAX - 8);
}

START_TEST(too_much_ends_the_process)
{
	ck_assert(dies_alone(take_too_much));
}
END_TEST

TEST_MAIN("arena", begins_and_ends_with_nothing, pieces_do_not_touch, reset_keeps_one_block,
	first_piece_may_be_large, copies, links_live_as_long_as_the_arena, heap,
	too_much_ends_the_process)
