/*
 * blob_calls.h: the calls of blob.h, waited for. Who includes it has defined suite_run_until (see
 * suite_blob.h).
 */
#ifndef HEARTH_TESTS_BLOB_CALLS_H
#define HEARTH_TESTS_BLOB_CALLS_H

#include <stdatomic.h>
#include <string.h>

#include <check.h>

#include "hearth/blob.h"
#include "hearth/error.h"

#define ANSWER_WITHIN_MS 60000

struct put_answer {
	atomic_bool there;
	int status;
	bool has_info;
	struct blob_info info;
	struct exec *on;
};

struct get_answer {
	atomic_bool there;
	int status;
	struct buf *bytes;
};

static inline void on_put(void *arg, int status, const struct blob_info *info)
{
	struct put_answer *a = arg;

	a->status = status;
	a->has_info = info != NULL;
	if (info)
		a->info = *info;
	a->on = exec_current();
	atomic_store(&a->there, true);
}

static inline void on_get(void *arg, int status, struct buf *bytes)
{
	struct get_answer *a = arg;

	a->status = status;
	a->bytes = bytes;
	atomic_store(&a->there, true);
}

static inline int is_there(void *arg)
{
	return atomic_load((atomic_bool *)arg);
}

/* No answer comes from inside the call; then it comes. */
static inline void wait_for(atomic_bool *there)
{
	ck_assert_msg(!atomic_load(there), "answered from inside the call");
	ck_assert_msg(suite_run_until(is_there, there, ANSWER_WITHIN_MS), "no answer");
}

/* Puts, and leaves the key in `key` when it worked. */
static inline int put(
	struct blob_store *s, const char *name, struct buf *bytes, enum blob_flags flags, char *key)
{
	struct put_answer a = { .there = false };
	int rc = blob_put(s, name, bytes, flags, on_put, &a);

	if (rc < 0)
		return rc;
	wait_for(&a.there);
	ck_assert_int_eq(a.has_info, a.status == 0);
	if (a.status == 0)
		ck_assert_uint_eq(a.info.size, bytes->n);
	if (a.status == 0 && key)
		memcpy(key, a.info.key, sizeof(a.info.key));
	return a.status;
}

static inline int get(
	struct blob_store *s, const char *key, uint64_t offset, size_t length, struct buf **bytes)
{
	struct get_answer a = { .there = false };
	int rc = blob_get(s, key, offset, length, on_get, &a);

	*bytes = NULL;
	if (rc < 0)
		return rc;
	wait_for(&a.there);
	ck_assert_int_eq(a.bytes != NULL, a.status == 0);
	*bytes = a.bytes;
	return a.status;
}

/* Gets a range and compares it with that of `bytes`. */
static inline void check_range(
	struct blob_store *s, const char *key, struct buf *bytes, uint64_t offset, size_t length)
{
	struct slice expected = slice_head(slice_skip(buf_slice(bytes), offset), length);
	struct buf *got;
	int status = get(s, key, offset, length, &got);

	ck_assert_msg(status == 0, "%s: %llu+%zu: %s", key, (unsigned long long)offset, length,
		error_name(status));
	ck_assert_msg(slice_eq(buf_slice(got), expected), "%s: other bytes at %llu+%zu", key,
		(unsigned long long)offset, length);
	buf_unref(&got);
}

static inline void check_whole(struct blob_store *s, const char *key, struct buf *bytes)
{
	check_range(s, key, bytes, 0, BLOB_GET_MAX);
}

static inline int get_status(struct blob_store *s, const char *key)
{
	struct buf *bytes;
	int status = get(s, key, 0, BLOB_GET_MAX, &bytes);

	buf_unref(&bytes);
	return status;
}

/* Finishes a stream. */
static inline int finish(struct blob_writer **w, struct put_answer *a)
{
	*a = (struct put_answer){ .there = false };
	blob_finish(w, on_put, a);
	ck_assert_ptr_null(*w);
	wait_for(&a->there);
	return a->status;
}

#endif
