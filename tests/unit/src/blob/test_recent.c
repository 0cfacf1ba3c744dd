/*
 * test_recent.c: the blobs kept in memory: bounded, the longest unused go first, never a copy.
 */
#include "blob/recent.h"

#include <stdio.h>

#include "harness.h"

#define SIZE (64u << 10)

static void key_of(char key[16], int i)
{
	snprintf(key, 16, "key-%d", i);
}

static bool has(struct blob_recent *r, int i)
{
	char key[16];
	struct buf *b;
	bool there;

	key_of(key, i);
	b = blob_recent_get(r, key);
	there = b != NULL;
	buf_unref(&b);
	return there;
}

static void put(struct blob_recent *r, int i, size_t n)
{
	char key[16];
	struct buf *b = buf_alloc(n);

	key_of(key, i);
	blob_recent_put(r, key, b);
	buf_unref(&b);
}

START_TEST(keeps_what_was_used_last)
{
	struct blob_recent *r = blob_recent_new(10 * SIZE);

	for (int i = 0; i < 15; i++) {
		put(r, i, SIZE);
		ck_assert(has(r, 0));
	}
	for (int i = 1; i < 15; i++)
		ck_assert_int_eq(has(r, i), i >= 6);
	put(r, 99, 9 * SIZE);
	ck_assert(has(r, 99));
	ck_assert(has(r, 14));
	ck_assert(!has(r, 13));
	blob_recent_drop(r, "key-99");
	blob_recent_drop(r, "key-99");
	ck_assert(!has(r, 99));
	blob_recent_free(&r);
	ck_assert_ptr_null(r);
	blob_recent_free(&r);
}
END_TEST

START_TEST(keeps_no_small_and_no_huge_ones)
{
	struct blob_recent *r = blob_recent_new(64u << 20);

	put(r, 1, BLOB_RECENT_MIN - 1);
	put(r, 2, BLOB_RECENT_MIN);
	put(r, 3, BLOB_RECENT_MAX);
	put(r, 4, BLOB_RECENT_MAX + 1);
	ck_assert(!has(r, 1));
	ck_assert(has(r, 2));
	ck_assert(has(r, 3));
	ck_assert(!has(r, 4));
	blob_recent_free(&r);
}
END_TEST

START_TEST(copies_nothing)
{
	struct blob_recent *r = blob_recent_new(10 * SIZE);
	struct buf *b = buf_alloc(SIZE), *other = buf_alloc(SIZE), *got;

	blob_recent_put(r, "k", b);
	blob_recent_put(r, "k", other);
	got = blob_recent_get(r, "k");
	ck_assert_ptr_eq(got, b);
	blob_recent_free(&r);
	ck_assert_uint_eq(got->n, SIZE);
	buf_unref(&got);
	buf_unref(&b);
	buf_unref(&other);
}
END_TEST

START_TEST(shares_what_is_sent_again)
{
	struct blob_recent *r = blob_recent_new(100 * SIZE);
	struct buf *b[3];
	uint64_t offset;

	put(r, 1, BLOB_SHARED_MIN);
	put(r, 2, BLOB_SHARED_MIN - 1);
	for (int i = 0; i < 3; i++)
		b[i] = blob_recent_share(r, "key-1");
	ck_assert_int_eq(buf_file(b[0], &offset), -1);
	ck_assert_int_ge(buf_file(b[1], &offset), 0);
	ck_assert_ptr_eq(b[2], b[1]);
	ck_assert(slice_eq(buf_slice(b[0]), buf_slice(b[1])));
	for (int i = 0; i < 3; i++)
		buf_unref(&b[i]);
	for (int i = 0; i < 3; i++) {
		b[i] = blob_recent_share(r, "key-2");
		ck_assert_int_eq(buf_file(b[i], &offset), -1);
		buf_unref(&b[i]);
	}
	ck_assert_ptr_null(blob_recent_share(r, "key-3"));
	blob_recent_free(&r);
}
END_TEST

TEST_MAIN("recent blobs", shares_what_is_sent_again, keeps_what_was_used_last,
	keeps_no_small_and_no_huge_ones, copies_nothing)
