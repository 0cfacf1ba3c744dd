/*
 * test_faults.c: the n-th call to the disk fails, for every n until none fails: each put is
 * answered with an error, nothing of it can be seen, no file stays behind, and the next one works.
 */
#include "src/blob/files/embedded.h"

#include <errno.h>
#include <limits.h>

#include "blob/files/disk.h"
#include "harness.h"

static int suite_run_until(int (*fn)(void *arg), void *arg, int timeout_ms)
{
	return loop_run_until(fn, arg, timeout_ms);
}

#include "src/ports/blob_calls.h"
#include "src/ports/bytes.h"

static atomic_int calls_left; /* until the one that fails */
static atomic_int calls_failed;
static atomic_int error_now;

static long fail_one(enum blob_disk_call call, size_t n)
{
	(void)call;
	if (atomic_fetch_sub(&calls_left, 1) != 0)
		return (long)n;
	atomic_fetch_add(&calls_failed, 1);
	return -atomic_load(&error_now);
}

static long write_little(enum blob_disk_call call, size_t n)
{
	if (call == BLOB_DISK_WRITE && atomic_fetch_add(&calls_failed, 1) % 5 == 0)
		return -EINTR;
	return n > 5000 ? 4999 : n > 1 ? (long)n / 2 : (long)n;
}

/* The three ways a large blob takes to the disk. */
static int put_somehow(struct blob_store *s, int way, struct buf *b)
{
	struct blob_writer *w;
	struct put_answer a;

	if (way == 0)
		return put(s, "k", b, BLOB_PLAIN, NULL);
	if (way == 1)
		return put(s, "t/", b, BLOB_TEXT, NULL);
	w = blob_open(s, "k", BLOB_TEXT);
	for (struct slice rest = buf_slice(b); rest.n > 0; rest = slice_skip(rest, 70000))
		blob_add(w, slice_head(rest, 70000));
	return finish(&w, &a);
}

/* Files that were given up are removed by jobs; they are done when the store was closed. */
static int files_after_all(struct blob_store **s)
{
	int files;

	embedded_shut(s);
	files = embedded_files();
	*s = embedded_open_dir();
	return files;
}

static void fail_each_call(int way)
{
	struct blob_store *s = embedded_open();
	int n, status;

	for (n = 0;; n++) {
		struct buf *b = make_bytes(600000, (unsigned)n, way == 1);

		atomic_store(&calls_failed, 0);
		atomic_store(&calls_left, n);
		atomic_store(&error_now, n % 2 ? ENOSPC : EIO);
		blob_disk_fault_for_tests(fail_one);
		status = put_somehow(s, way, b);
		blob_disk_fault_for_tests(NULL);
		if (atomic_load(&calls_failed) == 0) {
			buf_unref(&b);
			break;
		}
		ck_assert_int_eq(status, HEARTH_EIO);
		ck_assert_int_eq(get_status(s, "k"), HEARTH_ENOTFOUND);
		ck_assert_int_eq(files_after_all(&s), 0);
		ck_assert_int_eq(get_status(s, "k"), HEARTH_ENOTFOUND);
		buf_unref(&b);
	}
	ck_assert_int_eq(status, 0);
	ck_assert_int_ge(n, 6); /* create, three blocks and the table or more, two syncs */
	ck_assert_int_eq(files_after_all(&s), 1);
	embedded_close(&s);
}

START_TEST(put_survives_each_failure)
{
	fail_each_call(0);
}
END_TEST

START_TEST(put_of_text_survives_each_failure)
{
	fail_each_call(1);
}
END_TEST

START_TEST(stream_survives_each_failure)
{
	fail_each_call(2);
}
END_TEST

START_TEST(short_writes_go_on)
{
	struct blob_store *s = embedded_open();
	struct buf *b = make_bytes(400000, 1, false);

	blob_disk_fault_for_tests(write_little);
	for (int way = 0; way < 3; way++)
		ck_assert_int_eq(put_somehow(s, way, b), 0);
	blob_disk_fault_for_tests(NULL);
	embedded_reopen(&s);
	check_whole(s, "k", b);
	buf_unref(&b);
	embedded_close(&s);
}
END_TEST

/* What was there before stays what it was when a put of the same fails. */
START_TEST(failure_spares_what_is_there)
{
	struct blob_store *s = embedded_open();
	struct buf *b = make_bytes(400000, 1, false);

	ck_assert_int_eq(put(s, "k", b, BLOB_PLAIN, NULL), 0);
	for (int n = 0; n < 5; n++) {
		atomic_store(&calls_left, n);
		atomic_store(&error_now, ENOSPC);
		blob_disk_fault_for_tests(fail_one);
		ck_assert_int_eq(put(s, "k", b, BLOB_PLAIN, NULL), HEARTH_EIO);
		blob_disk_fault_for_tests(NULL);
		ck_assert_int_eq(files_after_all(&s), 1);
		check_whole(s, "k", b);
	}
	buf_unref(&b);
	embedded_close(&s);
}
END_TEST

static int take_table_away(struct db_tx *tx, void *arg)
{
	int rc = *(bool *)arg ? db_run(tx, "ALTER TABLE blob RENAME TO away")
			      : db_run(tx, "ALTER TABLE away RENAME TO blob");

	return rc < 0 ? rc : 0;
}

static void let_database_fail(bool fail)
{
	ck_assert_int_eq(db_write_wait(embedded.db, take_table_away, &fail), 0);
}

/* The rows cannot be written, which is certain: so the file goes at once. */
START_TEST(put_survives_a_failing_database)
{
	struct blob_store *s = embedded_open();
	struct buf *b = make_bytes(400000, 1, false), *small = make_bytes(400, 1, true), *got;

	ck_assert_int_eq(put(s, "small", small, BLOB_TEXT, NULL), 0);
	let_database_fail(true);
	for (int way = 0; way < 3; way++)
		ck_assert_int_eq(put_somehow(s, way, b), HEARTH_EIO);
	ck_assert_int_eq(put(s, "k", small, BLOB_TEXT, NULL), HEARTH_EIO);
	ck_assert_int_eq(blob_put_wait(s, "k", b, BLOB_TEXT, NULL), HEARTH_EIO);
	ck_assert_int_lt(get(s, "small", 0, 10, &got), 0);
	blob_delete(s, "small");
	let_database_fail(false);
	ck_assert_int_eq(files_after_all(&s), 0);
	ck_assert_int_eq(get_status(s, "k"), HEARTH_ENOTFOUND);
	check_whole(s, "small", small);
	buf_unref(&b);
	buf_unref(&small);
	embedded_close(&s);
}
END_TEST

TEST_MAIN("embedded blob store, failing disk", put_survives_each_failure,
	put_of_text_survives_each_failure, stream_survives_each_failure, short_writes_go_on,
	failure_spares_what_is_there, put_survives_a_failing_database)
