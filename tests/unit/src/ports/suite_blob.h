/*
 * suite_blob.h: what blob.h promises, as tests that any implementation is run through.
 *
 * It knows nothing but include/hearth. The program that includes it defines before that:
 *
 *	static struct blob_store *suite_blob_open(void);             // an empty one
 *	static void suite_blob_reopen(struct blob_store **s);        // closed and opened anew
 *	static void suite_blob_close(struct blob_store **s);
 *	static int suite_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);  // the loop
 *
 * and puts SUITE_BLOB in its list of tests. That time passes is played on clock.h.
 */
#ifndef HEARTH_TESTS_SUITE_BLOB_H
#define HEARTH_TESTS_SUITE_BLOB_H

#include <stdio.h>

#include "harness.h"
#include "hearth/arena.h"
#include "hearth/clock.h"
#include "src/ports/blob_calls.h"
#include "src/ports/bytes.h"

/* ---- put and get ---- */

START_TEST(blob_is_put_under_its_hash)
{
	struct blob_store *s = suite_blob_open();
	struct buf *abc = buf_static(SLICE("abc")), *none = buf_static(SLICE(""));
	char key[BLOB_KEY_MAX + 1];

	ck_assert_int_eq(put(s, "t/", abc, BLOB_PLAIN, key), 0);
	ck_assert_str_eq(key, "t/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check_whole(s, key, abc);
	ck_assert_int_eq(put(s, "t/", none, BLOB_TEXT, key), 0);
	ck_assert_str_eq(key, "t/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check_whole(s, key, none);
	check_range(s, key, none, 5, 5);
	buf_unref(&abc);
	buf_unref(&none);
	suite_blob_close(&s);
}
END_TEST

START_TEST(blob_comes_back_in_every_size)
{
	static const size_t sizes[] = { 1, 100, 16383, 16384, 65535, 65536, 65537, 262143, 262144,
		262145, 300000, 1048583, 4194304, 4194305, 9000001 };
	struct blob_store *s = suite_blob_open();
	char key[BLOB_KEY_MAX + 1];

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned kind = 0; kind < 4; kind++) {
			size_t n = sizes[i];
			struct buf *b = make_bytes(n, 10 * i + kind, kind & 1);
			const size_t from[] = { 0, 1, n / 2, n - 1, n, n + 1, 65536, 262143, 262144,
				524288 };

			ck_assert_int_eq(
				put(s, "t/", b, kind & 2 ? BLOB_TEXT : BLOB_PLAIN, key), 0);
			check_whole(s, key, b);
			for (unsigned j = 0; j < sizeof(from) / sizeof(from[0]); j++) {
				check_range(s, key, b, from[j], 1);
				check_range(s, key, b, from[j], 300000);
				check_range(s, key, b, from[j], 0);
			}
			buf_unref(&b);
		}
	suite_blob_close(&s);
}
END_TEST

START_TEST(blob_takes_a_name)
{
	struct blob_store *s = suite_blob_open();
	struct buf *small = make_bytes(1000, 1, true), *large = make_bytes(700000, 2, false);
	char key[BLOB_KEY_MAX + 1];

	ck_assert_int_eq(put(s, "video/7/12/source/3.m4s", large, BLOB_PLAIN, key), 0);
	ck_assert_str_eq(key, "video/7/12/source/3.m4s");
	ck_assert_int_eq(put(s, "../A-b_c.9", small, BLOB_TEXT, key), 0);
	check_whole(s, "video/7/12/source/3.m4s", large);
	check_whole(s, "../A-b_c.9", small);
	ck_assert_int_eq(get_status(s, "video/7/12/source/4.m4s"), HEARTH_ENOTFOUND);
	ck_assert_int_eq(get_status(s, "video/7/12/source/3.m4"), HEARTH_ENOTFOUND);
	buf_unref(&small);
	buf_unref(&large);
	suite_blob_close(&s);
}
END_TEST

START_TEST(blob_refuses_bad_keys_at_once)
{
	static const char *const bad[] = { "", "a b", "a\nb", "a%2e", "\xc3\xa9", "a:b" };
	struct blob_store *s = suite_blob_open();
	struct buf *b = make_bytes(10, 1, true), *got;
	char key[BLOB_KEY_MAX + 2];

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(put(s, bad[i], b, BLOB_PLAIN, NULL), HEARTH_EINVAL);
		ck_assert_int_eq(get(s, bad[i], 0, 10, &got), HEARTH_EINVAL);
		blob_delete(s, bad[i]);
	}
	memset(key, 'k', sizeof(key));
	key[BLOB_KEY_MAX + 1] = 0;
	ck_assert_int_eq(put(s, key, b, BLOB_PLAIN, NULL), HEARTH_EINVAL);
	key[BLOB_KEY_MAX] = 0;
	ck_assert_int_eq(put(s, key, b, BLOB_PLAIN, NULL), 0);
	check_whole(s, key, b);
	ck_assert_int_eq(get(s, key, 0, BLOB_GET_MAX + 1u, &got), HEARTH_EINVAL);
	buf_unref(&b);
	suite_blob_close(&s);
}
END_TEST

START_TEST(blob_never_changes)
{
	struct blob_store *s = suite_blob_open();

	for (unsigned n = 500; n <= 500000; n *= 1000) {
		struct buf *first = make_bytes(n, 1, false), *other = make_bytes(n, 2, false);
		char name[16];
		int status;

		snprintf(name, sizeof(name), "name-%u", n);
		ck_assert_int_eq(put(s, name, first, BLOB_PLAIN, NULL), 0);
		ck_assert_int_eq(put(s, name, first, BLOB_TEXT, NULL), 0);
		check_whole(s, name, first);
		status = put(s, name, other, BLOB_PLAIN, NULL);
		ck_assert(status == 0 || status == HEARTH_EEXIST);
		check_whole(s, name, first);
		suite_blob_reopen(&s);
		check_whole(s, name, first);
		buf_unref(&first);
		buf_unref(&other);
	}
	suite_blob_close(&s);
}
END_TEST

/* ---- many at once, and from several executors ---- */

#define MANY 600

struct many {
	atomic_int left;
	struct put_answer answers[MANY];
	struct buf *bytes[MANY];
};

static struct many *many_now;

static void on_one_of_many(void *arg, int status, const struct blob_info *info)
{
	on_put(arg, status, info);
	atomic_fetch_sub(&many_now->left, 1);
}

static int none_left(void *arg)
{
	return atomic_load((atomic_int *)arg) == 0;
}

/* Puts MANY blobs without waiting, each 50th of them large; those refused are not counted. */
static int put_many(struct blob_store *s, struct many *m)
{
	int put_count = 0;

	many_now = m;
	for (unsigned i = 0; i < MANY; i++) {
		int rc;

		m->bytes[i] = make_bytes(i % 50 ? 100 + i : 90000, 1000 + i, i & 1);
		atomic_fetch_add(&m->left, 1);
		rc = blob_put(s, "t/", m->bytes[i], BLOB_TEXT, on_one_of_many, &m->answers[i]);
		ck_assert(rc == 0 || rc == HEARTH_EBUSY);
		if (rc < 0)
			atomic_fetch_sub(&m->left, 1);
		put_count += rc == 0;
	}
	return put_count;
}

START_TEST(blob_takes_many_together)
{
	struct blob_store *s = suite_blob_open();
	struct many *m = mem_zalloc(sizeof(*m));
	int answered = 0;

	ck_assert_int_gt(put_many(s, m), MANY / 4);
	ck_assert(suite_run_until(none_left, &m->left, ANSWER_WITHIN_MS));
	suite_blob_reopen(&s);
	for (int i = 0; i < MANY; i++) {
		if (is_there(&m->answers[i].there)) {
			ck_assert_int_eq(m->answers[i].status, 0);
			ck_assert_ptr_eq(m->answers[i].on, exec_loop());
			check_whole(s, m->answers[i].info.key, m->bytes[i]);
			answered++;
		}
		buf_unref(&m->bytes[i]);
	}
	ck_assert_int_gt(answered, MANY / 4);
	free(m);
	suite_blob_close(&s);
}
END_TEST

struct shard {
	struct exec *exec;
	struct blob_store *store;
	struct buf *bytes;
	struct put_answer put;
	struct get_answer got;
	struct exec *got_on;
};

static void on_shard_get(void *arg, int status, struct buf *bytes)
{
	struct shard *sh = arg;

	sh->got_on = exec_current();
	on_get(&sh->got, status, bytes);
}

static void on_shard_put(void *arg, int status, const struct blob_info *info)
{
	struct shard *sh = arg;

	on_put(&sh->put, status, info);
	if (status < 0 || blob_get(sh->store, info->key, 0, 100, on_shard_get, sh) < 0)
		atomic_store(&sh->got.there, true);
}

static void shard_puts(void *arg)
{
	struct shard *sh = arg;

	ck_assert_int_eq(blob_put(sh->store, "t/", sh->bytes, BLOB_PLAIN, on_shard_put, sh), 0);
}

START_TEST(blob_answers_the_executor_that_asked)
{
	struct blob_store *s = suite_blob_open();
	struct shard shards[4];

	memset(shards, 0, sizeof(shards));
	for (unsigned i = 0; i < 4; i++) {
		shards[i].exec = exec_new("shard");
		shards[i].store = s;
		shards[i].bytes = make_bytes(i < 2 ? 5000 : 200000, i, true);
		exec_post(shards[i].exec, shard_puts, &shards[i]);
	}
	for (unsigned i = 0; i < 4; i++) {
		struct exec *exec = shards[i].exec;

		ck_assert(suite_run_until(is_there, &shards[i].got.there, ANSWER_WITHIN_MS));
		ck_assert_int_eq(shards[i].put.status, 0);
		ck_assert_int_eq(shards[i].got.status, 0);
		ck_assert_ptr_eq(shards[i].put.on, exec);
		ck_assert_ptr_eq(shards[i].got_on, exec);
		ck_assert(slice_eq(buf_slice(shards[i].got.bytes),
			slice_head(buf_slice(shards[i].bytes), 100)));
		buf_unref(&shards[i].got.bytes);
		buf_unref(&shards[i].bytes);
	}
	for (unsigned i = 0; i < 4; i++)
		exec_free(&shards[i].exec);
	suite_blob_close(&s);
}
END_TEST

/* ---- waiting calls, on a worker ---- */

struct errand {
	struct blob_store *store;
	atomic_bool over;
	struct buf *bytes;
	bool right;
};

static void run_errand(void *arg)
{
	struct errand *e = arg;
	struct blob_info info, stat;
	struct buf *all = NULL, *part = NULL;

	e->right =
		blob_put_wait(e->store, "t/", e->bytes, BLOB_TEXT, &info) == 0 &&
		info.size == e->bytes->n &&
		blob_put_wait(e->store, "named", e->bytes, BLOB_PLAIN, NULL) == 0 &&
		blob_put_wait(e->store, "bad name", e->bytes, BLOB_PLAIN, NULL) == HEARTH_EINVAL &&
		blob_get_wait(e->store, info.key, 0, BLOB_GET_MAX, &all) == 0 &&
		slice_eq(buf_slice(all), buf_slice(e->bytes)) &&
		blob_get_wait(e->store, "named", 10, 5, &part) == 0 &&
		slice_eq(buf_slice(part), slice_of(e->bytes->p + 10, 5)) &&
		blob_stat_wait(e->store, "named", &stat) == 0 && stat.size == e->bytes->n &&
		strcmp(stat.key, "named") == 0 &&
		blob_stat_wait(e->store, "unnamed", &stat) == HEARTH_ENOTFOUND;
	buf_unref(&all);
	buf_unref(&part);
	e->right = e->right && blob_get_wait(e->store, "unnamed", 0, 1, &all) == HEARTH_ENOTFOUND &&
		   !all;
	atomic_store(&e->over, true);
}

START_TEST(blob_waits_on_a_worker)
{
	struct pool *p = pool_new("suite", 2, 8);

	for (unsigned n = 1000; n < 6000000; n *= 70) {
		struct errand e = { .store = suite_blob_open(), .bytes = make_bytes(n, n, true) };

		ck_assert_int_eq(job_run(p, run_errand, NULL, &e), 0);
		ck_assert(suite_run_until(is_there, &e.over, ANSWER_WITHIN_MS));
		ck_assert(e.right);
		buf_unref(&e.bytes);
		suite_blob_close(&e.store);
	}
	pool_free(&p);
}
END_TEST

/* ---- streams ---- */

static void count_call(void *arg)
{
	++*(int *)arg;
}

static int was_called(void *arg)
{
	return *(int *)arg > 0;
}

/* Adds all of it in pieces, and stops for the disk where it is told to. */
static void add_all(struct blob_writer *w, struct slice bytes, size_t piece)
{
	int drained = 0;

	blob_on_drained(w, count_call, &drained);
	while (bytes.n > 0) {
		size_t waiting = blob_add(w, slice_head(bytes, piece));

		bytes = slice_skip(bytes, piece);
		if (waiting <= blob_writer_high())
			continue;
		ck_assert_uint_le(waiting, blob_writer_high() + (256u << 10) + piece);
		drained = 0;
		ck_assert_msg(
			suite_run_until(was_called, &drained, ANSWER_WITHIN_MS), "never drained");
	}
	blob_on_drained(w, NULL, NULL);
}

START_TEST(blob_is_put_as_a_stream)
{
	static const size_t sizes[] = { 0, 1, 5000, 65536, 65537, 262144, 3000001 };
	struct blob_store *s = suite_blob_open();
	struct put_answer a;
	char key[BLOB_KEY_MAX + 1];

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned kind = 0; kind < 4; kind++) {
			struct buf *b = make_bytes(sizes[i], 10 * i + kind, kind & 1);
			struct blob_writer *w =
				blob_open(s, "t/", kind & 2 ? BLOB_TEXT : BLOB_PLAIN);

			add_all(w, buf_slice(b), sizes[i] < 10000 ? 7 : kind & 1 ? 1 << 20 : 4096);
			ck_assert_int_eq(finish(&w, &a), 0);
			ck_assert_uint_eq(a.info.size, sizes[i]);
			check_whole(s, a.info.key, b);
			check_range(s, a.info.key, b, sizes[i] / 2, 1000);
			ck_assert_int_eq(put(s, "t/", b, BLOB_TEXT, key), 0);
			ck_assert_str_eq(key, a.info.key);
			check_whole(s, key, b);
			buf_unref(&b);
		}
	suite_blob_close(&s);
}
END_TEST

START_TEST(blob_stream_is_unseen_until_finished)
{
	struct blob_store *s = suite_blob_open();

	for (unsigned n = 2000; n <= 2000000; n *= 1000) {
		struct buf *b = make_bytes(n, n, false);
		struct blob_writer *w = blob_open(s, "stream", BLOB_PLAIN);

		add_all(w, buf_slice(b), 10000);
		ck_assert_int_eq(get_status(s, "stream"), HEARTH_ENOTFOUND);
		blob_abort(&w);
		ck_assert_ptr_null(w);
		blob_abort(&w);
		w = blob_open(s, "stream", BLOB_TEXT);
		blob_add(w, buf_slice(b)); /* a job may be in hand */
		blob_abort(&w);
		ck_assert_int_eq(get_status(s, "stream"), HEARTH_ENOTFOUND);
		suite_blob_reopen(&s);
		ck_assert_int_eq(get_status(s, "stream"), HEARTH_ENOTFOUND);
		buf_unref(&b);
	}
	suite_blob_close(&s);
}
END_TEST

START_TEST(blob_stream_tells_errors_at_the_end)
{
	struct blob_store *s = suite_blob_open();
	struct buf *b = make_bytes(500000, 3, false), *other = make_bytes(500000, 4, false);
	struct put_answer a;

	for (size_t n = 10; n <= 500000; n += 499990) {
		struct blob_writer *w = blob_open(s, "not a name", BLOB_PLAIN);

		add_all(w, slice_head(buf_slice(b), n), 50000);
		ck_assert_int_eq(finish(&w, &a), HEARTH_EINVAL);
		ck_assert(!a.has_info);
	}
	ck_assert_int_eq(put(s, "taken", b, BLOB_PLAIN, NULL), 0);
	for (int i = 0; i < 2; i++) {
		struct blob_writer *w = blob_open(s, "taken", BLOB_PLAIN);

		add_all(w, buf_slice(i ? b : other), 50000);
		finish(&w, &a);
		ck_assert(a.status == 0 || (a.status == HEARTH_EEXIST && !i));
		check_whole(s, "taken", b);
	}
	buf_unref(&b);
	buf_unref(&other);
	suite_blob_close(&s);
}
END_TEST

/* ---- deletion ---- */

struct looked_for {
	struct blob_store *store;
	const char *key;
	struct get_answer a;
	bool asked;
};

/* Asks again and again, until the answer is that there is none. */
static int is_gone(void *arg)
{
	struct looked_for *l = arg;

	if (l->asked && atomic_load(&l->a.there)) {
		buf_unref(&l->a.bytes);
		if (l->a.status == HEARTH_ENOTFOUND)
			return 1;
		l->asked = false;
	}
	if (!l->asked) {
		l->a = (struct get_answer){ .there = false };
		l->asked = blob_get(l->store, l->key, 0, 10, on_get, &l->a) == 0;
	}
	return 0;
}

static bool goes(struct blob_store *s, const char *key, int within_ms)
{
	struct looked_for l = { .store = s, .key = key };
	bool gone = suite_run_until(is_gone, &l, within_ms);

	if (!gone && l.asked) {
		ck_assert(suite_run_until(is_there, &l.a.there, ANSWER_WITHIN_MS));
		buf_unref(&l.a.bytes);
	}
	return gone;
}

struct waiting_delete {
	struct blob_store *store;
	const char *key;
	int status;
	atomic_bool over;
};

static void delete_and_wait(void *arg)
{
	struct waiting_delete *w = arg;

	w->status = blob_delete_wait(w->store, w->key);
	atomic_store(&w->over, true);
}

/* On a worker of the test's, since it waits. */
static inline int delete_wait(struct blob_store *s, const char *key)
{
	struct waiting_delete w = { .store = s, .key = key };
	struct pool *p = pool_new("suite", 1, 8);

	ck_assert_int_eq(job_run(p, delete_and_wait, NULL, &w), 0);
	ck_assert(suite_run_until(is_there, &w.over, ANSWER_WITHIN_MS));
	pool_free(&p);
	return w.status;
}

START_TEST(blob_delete_wait_says_what_became_of_it)
{
	struct blob_store *s;
	struct buf *small = make_bytes(900, 1, true), *large = make_bytes(900000, 2, false);
	int64_t now_ms = clock_wall_ms();

	clock_fake(now_ms, now_ms * 1000);
	s = suite_blob_open();
	ck_assert_int_eq(blob_grace_ms(s), BLOB_GRACE_MS);
	ck_assert_int_eq(put(s, "small", small, BLOB_TEXT, NULL), 0);
	ck_assert_int_eq(put(s, "large", large, BLOB_PLAIN, NULL), 0);
	ck_assert_int_eq(delete_wait(s, "small"), HEARTH_EBUSY);
	ck_assert_int_eq(delete_wait(s, "neither"), 0);
	ck_assert_int_eq(delete_wait(s, "no key!"), HEARTH_EINVAL);
	clock_fake_advance(BLOB_GRACE_MS + 1000);
	ck_assert_int_eq(put(s, "small", small, BLOB_TEXT, NULL), 0);
	ck_assert_int_eq(delete_wait(s, "small"), HEARTH_EBUSY);
	ck_assert_int_eq(delete_wait(s, "large"), 0);
	ck_assert_int_eq(get_status(s, "large"), HEARTH_ENOTFOUND);
	check_whole(s, "small", small);
	clock_fake_advance(BLOB_GRACE_MS + 1000);
	ck_assert_int_eq(delete_wait(s, "small"), 0);
	ck_assert_int_eq(get_status(s, "small"), HEARTH_ENOTFOUND);
	suite_blob_reopen(&s);
	ck_assert_int_eq(get_status(s, "large"), HEARTH_ENOTFOUND);
	suite_blob_close(&s);
	clock_fake(-1, 0);
	buf_unref(&small);
	buf_unref(&large);
}
END_TEST

START_TEST(blob_delete_spares_what_was_just_put)
{
	struct blob_store *s;
	struct buf *small = make_bytes(900, 1, true), *large = make_bytes(900000, 2, false);
	int64_t now_ms = clock_wall_ms();

	clock_fake(now_ms, now_ms * 1000);
	s = suite_blob_open();
	ck_assert_int_eq(put(s, "small", small, BLOB_TEXT, NULL), 0);
	ck_assert_int_eq(put(s, "large", large, BLOB_PLAIN, NULL), 0);
	blob_delete(s, "small");
	blob_delete(s, "large");
	blob_delete(s, "neither");
	ck_assert(!goes(s, "small", 300));
	ck_assert(!goes(s, "large", 300));
	clock_fake_advance(BLOB_GRACE_MS / 2);
	ck_assert_int_eq(put(s, "small", small, BLOB_TEXT, NULL), 0);
	ck_assert_int_eq(put(s, "large", large, BLOB_PLAIN, NULL), 0);
	clock_fake_advance(BLOB_GRACE_MS / 2 + 1000);
	blob_delete(s, "small");
	blob_delete(s, "large");
	ck_assert(!goes(s, "small", 300));
	ck_assert(!goes(s, "large", 300));
	clock_fake_advance(BLOB_GRACE_MS);
	blob_delete(s, "small");
	blob_delete(s, "large");
	ck_assert(goes(s, "small", ANSWER_WITHIN_MS));
	ck_assert(goes(s, "large", ANSWER_WITHIN_MS));
	suite_blob_reopen(&s);
	ck_assert_int_eq(get_status(s, "large"), HEARTH_ENOTFOUND);
	ck_assert_int_eq(put(s, "large", small, BLOB_PLAIN, NULL), 0);
	check_whole(s, "large", small);
	buf_unref(&small);
	buf_unref(&large);
	suite_blob_close(&s);
	clock_fake(-1, 0);
}
END_TEST

#define SUITE_BLOB                                                                           \
	blob_is_put_under_its_hash, blob_comes_back_in_every_size, blob_takes_a_name,        \
		blob_refuses_bad_keys_at_once, blob_never_changes, blob_takes_many_together, \
		blob_answers_the_executor_that_asked, blob_waits_on_a_worker,                \
		blob_is_put_as_a_stream, blob_stream_is_unseen_until_finished,               \
		blob_stream_tells_errors_at_the_end, blob_delete_spares_what_was_just_put,   \
		blob_delete_wait_says_what_became_of_it

#endif
