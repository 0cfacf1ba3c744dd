/*
 * test_buf.c: reference-counted bytes: the four kinds, parts that keep the whole alive, counts
 * from several threads. Leaks and early frees are for AddressSanitizer to see.
 */
#include "check_slice.h"
#include "harness.h"
#include "hearth/buf.h"
#include "src/dies.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

START_TEST(copies)
{
	char text[] = "hello";
	struct buf *b = buf_copy(slice_str(text)), *again = buf_ref(b),
		   *empty = buf_copy(SLICE(""));

	text[0] = 'j';
	ck_slice_eq(buf_slice(b), "hello");
	buf_unref(&b);
	ck_assert_ptr_null(b);
	ck_slice_eq(buf_slice(again), "hello");
	buf_unref(&again);
	ck_assert_uint_eq(empty->n, 0);
	buf_unref(&empty);
}
END_TEST

START_TEST(null_is_legal)
{
	struct buf *b = buf_ref(NULL);

	buf_unref(&b);
	ck_assert_uint_eq(buf_slice(NULL).n, 0);
}
END_TEST

START_TEST(is_filled_before_it_is_shown)
{
	struct buf *b = buf_alloc(100);

	memcpy(buf_data(b), "filled", 6);
	buf_truncate(b, 6);
	ck_slice_eq(buf_slice(b), "filled");
	buf_unref(&b);
}
END_TEST

START_TEST(takes_over_a_strbuf)
{
	struct strbuf s = { 0 }, empty = { 0 };
	struct buf *b;

	strbuf_adds(&s, "built");
	b = buf_from_strbuf(&s);
	ck_assert_ptr_null(s.p);
	ck_slice_eq(buf_slice(b), "built");
	buf_unref(&b);
	b = buf_from_strbuf(&empty);
	ck_assert_uint_eq(b->n, 0);
	buf_unref(&b);
}
END_TEST

START_TEST(static_bytes_are_not_copied)
{
	static const char text[] = "embedded";
	struct buf *b = buf_static(SLICE("embedded"));

	buf_unref(&b);
	b = buf_static(slice_str(text));
	ck_assert_ptr_eq(b->p, text);
	buf_unref(&b);
}
END_TEST

START_TEST(parts_keep_the_whole_alive)
{
	struct buf *whole = buf_copy(SLICE("0123456789"));
	struct buf *part = buf_part(whole, 2, 6), *inner = buf_part(part, 1, 3);
	struct buf *nothing = buf_part(whole, 10, 0);

	ck_assert_ptr_eq(part->p, whole->p + 2);
	buf_unref(&whole);
	ck_slice_eq(buf_slice(part), "234567");
	buf_unref(&part);
	ck_slice_eq(buf_slice(inner), "345");
	buf_unref(&inner);
	ck_assert_uint_eq(nothing->n, 0);
	buf_unref(&nothing);
}
END_TEST

static void part_too_long(void)
{
	struct buf *b = buf_copy(SLICE("abc"));

	buf_part(b, 2, 2);
}

static void fill_when_shared(void)
{
	struct buf *b = buf_alloc(3);

	buf_ref(b);
	buf_data(b);
}

START_TEST(misuse_ends_the_process)
{
	ck_assert(dies_alone(part_too_long));
	ck_assert(dies_alone(fill_when_shared));
}
END_TEST

static void *ref_and_unref(void *arg)
{
	for (int i = 0; i < 50000; i++) {
		struct buf *b = buf_ref(arg), *part = buf_part(b, 1, 1);

		buf_unref(&b);
		buf_unref(&part);
	}
	return NULL;
}

START_TEST(counts_from_many_threads)
{
	struct buf *b = buf_copy(SLICE("shared"));
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, ref_and_unref, b), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	/* Only the last reference may fill it: so it is the last. */
	ck_assert_ptr_eq(buf_data(b), b->p);
	buf_unref(&b);
}
END_TEST

START_TEST(a_shared_copy_lies_in_a_file)
{
	struct buf *b = buf_copy_shared(SLICE("so many bytes")), *part = buf_part(b, 3, 4);
	struct buf *plain = buf_copy(SLICE("plain"));
	uint64_t offset = 9;
	char read[4];
	int fd;

	ck_slice_eq(buf_slice(b), "so many bytes");
	fd = buf_file(b, &offset);
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(offset, 0);
	buf_unref(&b);
	ck_slice_eq(buf_slice(part), "many");
	ck_assert_int_eq(buf_file(part, &offset), fd);
	ck_assert_uint_eq(offset, 3);
	ck_assert_int_eq(pread(fd, read, 4, (off_t)offset), 4);
	ck_assert_mem_eq(read, "many", 4);
	buf_unref(&part);
	ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
	ck_assert_int_eq(buf_file(plain, &offset), -1);
	buf_unref(&plain);
	ck_assert_ptr_null(buf_copy_shared(SLICE("")));
}
END_TEST

TEST_MAIN("buf", copies, a_shared_copy_lies_in_a_file, null_is_legal, is_filled_before_it_is_shown,
	takes_over_a_strbuf, static_bytes_are_not_copied, parts_keep_the_whole_alive,
	misuse_ends_the_process, counts_from_many_threads)
