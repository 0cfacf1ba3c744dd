/*
 * test_strbuf.c: text under construction is a C string at every moment.
 */
#include "harness.h"
#include "hearth/rand.h"
#include "hearth/str.h"
#include "src/dies.h"

#include <stdio.h>

START_TEST(starts_empty)
{
	struct strbuf b = { 0 };

	ck_assert_uint_eq(strbuf_slice(&b).n, 0);
	strbuf_reset(&b);
	strbuf_consume(&b, 3);
	strbuf_add(&b, (struct slice){ NULL, 0 });
	ck_assert_str_eq(b.p, "");
	strbuf_free(&b);
	ck_assert_ptr_null(b.p);
	strbuf_free(&b);
}
END_TEST

START_TEST(adds_of_all_kinds)
{
	struct strbuf b = { 0 };

	strbuf_adds(&b, "one ");
	strbuf_add(&b, SLICE("two "));
	strbuf_addc(&b, '3');
	strbuf_printf(&b, " %s %d", "four", 5);
	ck_assert_str_eq(b.p, "one two 3 four 5");
	strbuf_adds(&b, NULL);
	strbuf_add(&b, SLICE("\0x"));
	ck_assert_uint_eq(b.n, 18);
	strbuf_reset(&b);
	ck_assert_str_eq(b.p, "");
	strbuf_free(&b);
}
END_TEST

START_TEST(printf_grows_to_what_it_needs)
{
	struct strbuf b = { 0 };

	for (int width = 0; width < 300; width++) {
		strbuf_reset(&b);
		strbuf_adds(&b, "ab");
		strbuf_printf(&b, "%*d%s", width, 7, "");
		ck_assert_uint_eq(b.n, 2 + (width ? (size_t)width : 1));
		ck_assert_uint_eq(strlen(b.p), b.n);
		ck_assert_int_eq(b.p[b.n - 1], '7');
	}
	strbuf_free(&b);
}
END_TEST

START_TEST(reserve_and_commit)
{
	struct strbuf b = { 0 };
	char *room = strbuf_reserve(&b, 1000);

	memset(room, 'x', 1000);
	strbuf_commit(&b, 10);
	ck_assert_str_eq(b.p, "xxxxxxxxxx");
	strbuf_commit(&b, 0);
	ck_assert_uint_eq(b.n, 10);
	strbuf_free(&b);
}
END_TEST

/* Against a plain array that is done the same to. */
START_TEST(behaves_as_a_string)
{
	static char model[1 << 16];
	struct strbuf b = { 0 };
	size_t n = 0;

	rand_seed_for_tests(2);
	for (int i = 0; i < 5000; i++) {
		size_t k = rand_below(200);

		if (n + k < sizeof(model) && rand_below(2)) {
			rand_bytes(model + n, k);
			strbuf_add(&b, slice_of(model + n, k));
			n += k;
		} else {
			k = k < n ? k : n;
			memmove(model, model + k, n - k);
			strbuf_consume(&b, k);
			n -= k;
		}
		ck_assert(slice_eq(strbuf_slice(&b), slice_of(model, n)));
		ck_assert(!b.p || b.p[b.n] == '\0');
	}
	strbuf_consume(&b, SIZE_MAX);
	ck_assert_uint_eq(b.n, 0);
	strbuf_free(&b);
}
END_TEST

static void reserve_too_much(void)
{
	struct strbuf b = { 0 };

	strbuf_reserve(&b, SIZE_MAX - 1);
}

static void commit_too_much(void)
{
	struct strbuf b = { 0 };

	strbuf_reserve(&b, 10);
	strbuf_commit(&b, b.cap);
}

START_TEST(misuse_ends_the_process)
{
	ck_assert(dies_alone(reserve_too_much));
	ck_assert(dies_alone(commit_too_much));
}
END_TEST

TEST_MAIN("strbuf", starts_empty, adds_of_all_kinds, printf_grows_to_what_it_needs,
	reserve_and_commit, behaves_as_a_string, misuse_ends_the_process)
