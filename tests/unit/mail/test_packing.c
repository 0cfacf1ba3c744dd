/*
 * test_packing.c: what is packed comes back; what is not whole, or not ours, does not.
 */
#include "packing.h"

#include "harness.h"
#include "hearth/error.h"

static struct slice text_of(struct arena *a, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = "Subject: some words, again and again\r\n"[(i * i / 7) % 38];
	return slice_of(p, n);
}

START_TEST(what_is_packed_comes_back)
{
	static const size_t sizes[] = { 0, 1, 100, 5000, 65536, 300000 };
	struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct slice text = text_of(a, sizes[i]), packed = mail_pack(a, text);
		struct buf *back = NULL;
		size_t size = 1;

		ck_assert_int_gt(packed.n, 0);
		ck_assert_int_eq(mail_packed_size(packed, 300000, &size), 0);
		ck_assert_int_eq(size, text.n);
		ck_assert_int_eq(mail_unpack_buf(packed, text.n, &back), 0);
		ck_assert(slice_eq(buf_slice(back), text));
		buf_unref(&back);
	}
	arena_free(&a);
}
END_TEST

START_TEST(each_bit_that_turns_is_noticed)
{
	struct arena *a = arena_new();
	struct slice text = text_of(a, 700), packed = mail_pack(a, text);
	char *copy = arena_alloc(a, packed.n), *to = arena_alloc(a, text.n);

	for (size_t bit = 0; bit < 8 * packed.n; bit++) {
		memcpy(copy, packed.p, packed.n);
		copy[bit / 8] ^= (char)(1 << bit % 8);
		/* A bit of the frame's head that says nothing may turn: then all is as it was. */
		ck_assert(mail_unpack(slice_of(copy, packed.n), to, text.n) == HEARTH_ECORRUPT ||
			  memcmp(to, text.p, text.n) == 0);
	}
	for (size_t n = 0; n < packed.n; n++)
		ck_assert_int_eq(mail_unpack(slice_head(packed, n), to, text.n), HEARTH_ECORRUPT);
	arena_free(&a);
}
END_TEST

START_TEST(sizes_are_held_to)
{
	struct arena *a = arena_new();
	struct slice packed = mail_pack(a, text_of(a, 5000));
	char *to = arena_alloc(a, 6000);
	size_t size;

	ck_assert_int_eq(mail_packed_size(packed, 4999, &size), HEARTH_ECORRUPT);
	ck_assert_int_eq(mail_packed_size(SLICE("no frame"), 5000, &size), HEARTH_ECORRUPT);
	ck_assert_int_eq(mail_unpack(packed, to, 4999), HEARTH_ECORRUPT);
	ck_assert_int_eq(mail_unpack(packed, to, 5001), HEARTH_ECORRUPT);
	arena_free(&a);
}
END_TEST

TEST_MAIN("packing", what_is_packed_comes_back, each_bit_that_turns_is_noticed, sizes_are_held_to)
