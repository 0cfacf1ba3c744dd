/*
 * What one account may upload at a time: so many, so many bytes, one alone of any size; others beside it;
 * and what has ended makes room.
 */
#include "harness.h"

#include "http/uploads.h"

#define MB (UINT64_C(1) << 20)

START_TEST(so_many)
{
	struct uploads *u = uploads_new(2, 0);

	ck_assert(uploads_begin(u, 1, 500 * MB));
	ck_assert(uploads_begin(u, 1, UINT64_MAX / 4));
	ck_assert(!uploads_begin(u, 1, MB));
	ck_assert(uploads_begin(u, 2, MB));
	uploads_end(u, 1, 500 * MB);
	ck_assert(uploads_begin(u, 1, MB));
	ck_assert(!uploads_begin(u, 1, MB));
	uploads_free(&u);
	ck_assert_ptr_null(u);
	uploads_free(&u);
}
END_TEST

START_TEST(so_many_bytes)
{
	struct uploads *u = uploads_new(0, 100 * MB);

	ck_assert(uploads_begin(u, 1, 60 * MB));
	ck_assert(uploads_begin(u, 1, 40 * MB));
	ck_assert(!uploads_begin(u, 1, 1));
	ck_assert(!uploads_begin(u, 1, UINT64_MAX));
	uploads_end(u, 1, 40 * MB);
	ck_assert(!uploads_begin(u, 1, 40 * MB + 1));
	ck_assert(uploads_begin(u, 1, 40 * MB));
	uploads_end(u, 1, 60 * MB);
	uploads_end(u, 1, 40 * MB);
	/* Alone it may be larger than the bound, and then nothing may be beside it. */
	ck_assert(uploads_begin(u, 1, 200 * MB));
	ck_assert(!uploads_begin(u, 1, 1));
	uploads_end(u, 1, 200 * MB);
	ck_assert(uploads_begin(u, 1, MB));
	uploads_free(&u);
}
END_TEST

START_TEST(no_bounds)
{
	struct uploads *u = uploads_new(0, 0);

	for (int i = 0; i < 1000; i++)
		ck_assert(uploads_begin(u, 7, MB));
	for (int i = 0; i < 1000; i++)
		uploads_end(u, 7, MB);
	uploads_free(&u);
}
END_TEST

TEST_MAIN("http uploads", so_many, so_many_bytes, no_bounds)
