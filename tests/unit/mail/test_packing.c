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

/* Behind these, behind none, bare: all that rows have. */
static const struct slice fields = {
	"Subject: some words, again and again\r\nFrom: ann@one.test\r\n", 57
};

static struct slice pack(struct arena *a, struct slice text, int form)
{
	return form == 0 ? mail_pack_bare(a, text)
			 : mail_pack(a, text, form == 1 ? fields : (struct slice){ 0 });
}

static int unpack(struct slice packed, int form, char *to, size_t size)
{
	return mail_unpack(packed, form == 1 ? fields : (struct slice){ 0 }, to, size);
}

START_TEST(what_is_packed_comes_back)
{
	static const size_t sizes[] = { 0, 1, 100, 5000, 65536, 300000 };
	struct arena *a = arena_new();

	for (size_t i = 0; i < 3 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		int form = (int)i % 3;
		struct slice text = text_of(a, sizes[i / 3]), packed = pack(a, text, form);
		struct buf *back = NULL;
		size_t size = 1;

		ck_assert_int_gt(packed.n, 0);
		ck_assert_int_eq(mail_packed_size(packed, 300000, &size), 0);
		ck_assert_int_eq(size, text.n);
		ck_assert_int_eq(mail_unpack_buf(packed, form == 1 ? fields : (struct slice){ 0 },
					 text.n, &back),
			0);
		ck_assert(slice_eq(buf_slice(back), text));
		buf_unref(&back);
	}
	arena_free(&a);
}
END_TEST

START_TEST(what_stands_beside_it_takes_no_room)
{
	struct arena *a = arena_new();
	struct slice mail = SLICE("Subject: some words, again and again\r\nFrom: ann@one.test\r\n"
				  "Content-Type: text/plain; charset=\"us-ascii\"\r\n\r\n");
	char *to = arena_alloc(a, mail.n);

	ck_assert_uint_lt(mail_pack(a, mail, fields).n + 20, mail_pack_bare(a, mail).n);
	/* Behind others it is not what it was. */
	ck_assert_int_eq(mail_unpack(mail_pack(a, mail, fields), SLICE("From: ann"), to, mail.n),
		HEARTH_ECORRUPT);
	arena_free(&a);
}
END_TEST

static void turn_each_bit(int form)
{
	struct arena *a = arena_new();
	struct slice text = text_of(a, 700), packed = pack(a, text, form);
	char *copy = arena_alloc(a, packed.n), *to = arena_alloc(a, text.n);

	for (size_t bit = 0; bit < 8 * packed.n; bit++) {
		memcpy(copy, packed.p, packed.n);
		copy[bit / 8] ^= (char)(1 << bit % 8);
		/* A bit of the frame's head that says nothing may turn: then all is as it was. */
		ck_assert(unpack(slice_of(copy, packed.n), form, to, text.n) == HEARTH_ECORRUPT ||
			  memcmp(to, text.p, text.n) == 0);
	}
	for (size_t n = 0; n < packed.n; n++)
		ck_assert_int_eq(unpack(slice_head(packed, n), form, to, text.n), HEARTH_ECORRUPT);
	arena_free(&a);
}

START_TEST(each_bit_that_turns_is_noticed)
{
	for (int form = 0; form < 3; form++)
		turn_each_bit(form);
}
END_TEST

static void try_sizes(int form)
{
	struct arena *a = arena_new();
	struct slice packed = pack(a, text_of(a, 5000), form);
	char *to = arena_alloc(a, 6000);
	size_t size;

	ck_assert_int_eq(mail_packed_size(packed, 4999, &size), HEARTH_ECORRUPT);
	ck_assert_int_eq(mail_packed_size(SLICE("no frame"), 5000, &size), HEARTH_ECORRUPT);
	ck_assert_int_eq(unpack(packed, form, to, 4999), HEARTH_ECORRUPT);
	ck_assert_int_eq(unpack(packed, form, to, 5001), HEARTH_ECORRUPT);
	arena_free(&a);
}

START_TEST(sizes_are_held_to)
{
	for (int form = 0; form < 3; form++)
		try_sizes(form);
}
END_TEST

TEST_MAIN("packing", what_is_packed_comes_back, what_stands_beside_it_takes_no_room,
	each_bit_that_turns_is_noticed, sizes_are_held_to)
