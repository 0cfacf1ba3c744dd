/*
 * test_damage.c: what the embedded store does when the disk lies: damaged bytes are never answered,
 * and putting them again heals. And what else only the embedded store has: litter, memory, bounds.
 */
#include "src/blob/files/embedded.h"

#include "db/identity.h"
#include "hearth/health.h"

#include <fcntl.h>

#include "harness.h"
#include "hearth/clock.h"
#include "hearth/metric.h"

static int suite_run_until(int (*fn)(void *arg), void *arg, int timeout_ms)
{
	return loop_run_until(fn, arg, timeout_ms);
}

#include "src/ports/blob_calls.h"
#include "src/ports/bytes.h"

static int swept(void *s)
{
	return !blob_store_sweeping(s);
}

/* Flips a byte of the one file there is, at a share of its length. */
static void flip_file(double share)
{
	char byte;
	off_t at;
	int fd;

	ck_assert_int_eq(embedded_files(), 1);
	fd = open(embedded_found, O_RDWR);
	at = (off_t)((double)lseek(fd, 0, SEEK_END) * share);
	ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

START_TEST(finds_damage_in_a_file)
{
	struct blob_store *s = embedded_open();
	struct buf *b = make_bytes(6 << 20, 1, false), *got;

	ck_assert_int_eq(put(s, "k", b, BLOB_PLAIN, NULL), 0);
	check_whole(s, "k", b);
	flip_file(0.5);
	ck_assert_int_eq(get_status(s, "k"), HEARTH_ECORRUPT);
	ck_assert_int_eq(get(s, "k", 3 << 20, 100, &got), HEARTH_ECORRUPT);
	check_range(s, "k", b, 1 << 20, 1 << 20);
	ck_assert_int_eq(blob_get_wait(s, "k", 0, BLOB_GET_MAX, &got), HEARTH_ECORRUPT);
	ck_assert_ptr_null(got);
	ck_assert_int_eq(put(s, "k", b, BLOB_PLAIN, NULL), 0);
	check_whole(s, "k", b);
	embedded_shut(&s);
	ck_assert_int_eq(embedded_files(), 1);
	ck_assert_int_eq(unlink(embedded_found), 0);
	s = embedded_open_dir();
	ck_assert_int_eq(get_status(s, "k"), HEARTH_ECORRUPT);
	buf_unref(&b);
	embedded_close(&s);
}
END_TEST

static int flip_row(struct db_tx *tx, void *arg)
{
	char bytes[4096];
	struct db_rows rows;
	struct slice stored;
	size_t at = *(size_t *)arg;

	ck_assert_int_eq(db_query(tx, &rows, "SELECT stored FROM blob WHERE key = 'k'"), 0);
	ck_assert_int_eq(db_next(&rows), 1);
	stored = db_col_bytes(&rows, 0);
	ck_assert_uint_le(stored.n, sizeof(bytes));
	memcpy(bytes, stored.p, stored.n);
	stored = slice_of(bytes, stored.n);
	db_end(&rows);
	bytes[at % stored.n] ^= 1;
	return db_run(tx, "UPDATE blob SET stored = $1 WHERE key = 'k'", db_bytes(stored)) == 1
		       ? 0
		       : HEARTH_EIO;
}

START_TEST(finds_damage_in_a_row)
{
	struct blob_store *s = embedded_open();

	for (int text = 0; text < 2; text++)
		for (size_t at = 0; at < 1500; at += 97) {
			struct buf *b = make_bytes(1500, (unsigned)at, text), *got;

			clock_fake(clock_wall_ms() + 2 * BLOB_GRACE_MS, clock_mono_us());
			blob_delete(s, "k");
			while (get_status(s, "k") != HEARTH_ENOTFOUND)
				;
			ck_assert_int_eq(put(s, "k", b, BLOB_TEXT, NULL), 0);
			check_whole(s, "k", b);
			ck_assert_int_eq(db_write_wait(embedded.db, flip_row, &at), 0);
			ck_assert_int_eq(get_status(s, "k"), HEARTH_ECORRUPT);
			ck_assert_int_eq(get(s, "k", 5, 5, &got), HEARTH_ECORRUPT);
			ck_assert_int_eq(put(s, "k", b, BLOB_TEXT, NULL), 0);
			check_whole(s, "k", b);
			buf_unref(&b);
		}
	clock_fake(-1, 0);
	embedded_close(&s);
}
END_TEST

static int spoil_hash(struct db_tx *tx, void *arg)
{
	(void)arg;
	return db_run(tx, "UPDATE blob SET hash = $1", db_bytes(SLICE("short"))) > 0 ? 0
										     : HEARTH_EIO;
}

START_TEST(finds_damage_in_what_describes_a_blob)
{
	struct blob_store *s = embedded_open();
	struct buf *b = make_bytes(100, 1, true);
	struct blob_info info;

	ck_assert_int_eq(put(s, "k", b, BLOB_TEXT, NULL), 0);
	ck_assert_int_eq(db_write_wait(embedded.db, spoil_hash, NULL), 0);
	ck_assert_int_eq(get_status(s, "k"), HEARTH_ECORRUPT);
	ck_assert_int_eq(blob_stat_wait(s, "k", &info), HEARTH_ECORRUPT);
	buf_unref(&b);
	embedded_close(&s);
}
END_TEST

static void plant(const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/blob/%s", embedded.dir, name);
	close(open(path, O_WRONLY | O_CREAT, 0600));
}

/* How many lie in blob/litter. */
static int in_litter(void)
{
	char path[200];
	int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/blob/litter", embedded.dir);
	d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

START_TEST(sweeps_litter_and_nothing_else)
{
	struct blob_store *s = embedded_open();
	struct buf *bytes[300];
	char key[300][BLOB_KEY_MAX + 1];

	for (unsigned i = 0; i < 300; i++) {
		bytes[i] = make_bytes(i < 20 ? 100000 : 100, i, false);
		ck_assert_int_eq(put(s, "t/", bytes[i], BLOB_PLAIN, key[i]), 0);
	}
	ck_assert(suite_run_until(swept, s, 10000));
	ck_assert_int_eq(blob_store_swept(s), 0);
	embedded_shut(&s);
	ck_assert_int_eq(embedded_files(), 20);
	for (int i = 0; i < 700; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%02x/0123456789abcdef-%d", i < 600 ? 7 : i - 600, i);
		plant(name);
	}
	plant("run-0123456789abcdef");
	/* So many are rather a mistake: nothing is touched until somebody says so. */
	s = embedded_open_dir();
	ck_assert(suite_run_until(swept, s, 10000));
	ck_assert_int_eq(blob_store_swept(s), 0);
	ck_assert_int_eq(embedded_files(), 720);
	ck_assert(health_is_set("blob-sweep"));
	embedded_shut(&s);
	embedded.options = blob_options_default();
	embedded.options.sweep_max = 100;
	s = embedded_open_dir();
	ck_assert(suite_run_until(swept, s, 10000));
	ck_assert_int_eq(blob_store_swept(s), 700);
	ck_assert_int_eq(embedded_files(), 20);
	ck_assert_int_eq(in_litter(), 700);
	ck_assert(!health_is_set("blob-sweep"));
	embedded_reopen(&s);
	ck_assert(suite_run_until(swept, s, 10000));
	ck_assert_int_eq(in_litter(), 700);
	embedded_shut(&s);
	embedded.options.litter_keep_ms = 0;
	s = embedded_open_dir();
	ck_assert(suite_run_until(swept, s, 10000));
	ck_assert_int_eq(in_litter(), 0);
	for (unsigned i = 0; i < 300; i++) {
		check_whole(s, key[i], bytes[i]);
		buf_unref(&bytes[i]);
	}
	embedded_close(&s);
}
END_TEST

static int forget_rows(struct db_tx *tx, void *arg)
{
	(void)arg;
	return db_run(tx, "CREATE TABLE saved AS SELECT * FROM blob") < 0 ||
			       db_run(tx, "DELETE FROM blob") < 0
		       ? HEARTH_EIO
		       : 0;
}

static int remember_rows(struct db_tx *tx, void *arg)
{
	(void)arg;
	return db_run(tx, "INSERT INTO blob SELECT * FROM saved") < 0 ? HEARTH_EIO : 0;
}

/* A table that lost its rows and got them back finds the files that were set aside meanwhile. */
START_TEST(finds_again_what_was_set_aside)
{
	struct blob_store *s = embedded_open();
	struct buf *b = make_bytes(100000, 1, false);

	ck_assert_int_eq(put(s, "k", b, BLOB_PLAIN, NULL), 0);
	ck_assert_int_eq(db_write_wait(embedded.db, forget_rows, NULL), 0);
	embedded_reopen(&s);
	ck_assert(suite_run_until(swept, s, 10000));
	ck_assert_int_eq(embedded_files(), 0);
	ck_assert_int_eq(in_litter(), 1);
	ck_assert_int_eq(db_write_wait(embedded.db, remember_rows, NULL), 0);
	check_whole(s, "k", b);
	ck_assert_int_eq(embedded_files(), 1);
	ck_assert_int_eq(in_litter(), 0);
	buf_unref(&b);
	embedded_close(&s);
}
END_TEST

static void remove_id(void)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/blob/store-id", embedded.dir);
	ck_assert_int_eq(unlink(path), 0);
}

static void mark(const char *folder)
{
	ck_assert_int_eq(identity_set_folder(embedded.db, folder), 0);
}

#define ID_A "0123456789abcdef0123456789abcdef"
#define ID_B "00000000000000000000000000000000"

static int open_status(void)
{
	struct blob_store *s;
	int rc = blob_store_open(embedded.dir, embedded.db, embedded.pool,
		embedded.options.grace_ms ? &embedded.options : NULL, &s);

	if (rc == 0)
		blob_store_close(&s);
	return rc;
}

/* Table and folder know each other; nothing is swept where they do not. */
START_TEST(refuses_a_folder_of_another_store)
{
	struct blob_store *s = embedded_open();
	struct buf *b = make_bytes(100000, 1, false);

	ck_assert_int_eq(put(s, "k", b, BLOB_PLAIN, NULL), 0);
	blob_store_close(&s);
	mark(ID_A); /* of an older program's folder, which fits */
	ck_assert_int_eq(open_status(), 0);
	mark(ID_B);
	ck_assert_int_eq(open_status(), HEARTH_ECONFLICT);
	embedded.options = blob_options_default();
	embedded.options.adopt = true;
	ck_assert_int_eq(open_status(), 0);
	embedded.options.adopt = false;
	ck_assert_int_eq(open_status(), 0);
	ck_assert_int_eq(embedded_files(), 1);
	/* An unmarked folder that the table does not fit: without rows, then without files. */
	remove_id();
	ck_assert_int_eq(db_write_wait(embedded.db, forget_rows, NULL), 0);
	ck_assert_int_eq(open_status(), HEARTH_ECONFLICT);
	ck_assert_int_eq(embedded_files(), 1);
	ck_assert_int_eq(db_write_wait(embedded.db, remember_rows, NULL), 0);
	unlink(embedded_found);
	ck_assert_int_eq(open_status(), HEARTH_ECONFLICT);
	buf_unref(&b);
	pool_free(&embedded.pool);
	db_close(&embedded.db);
	embedded_remove();
}
END_TEST

static int set_hold(struct db_tx *tx, void *arg)
{
	int rc = db_run(tx,
		"INSERT INTO hold (id, until_ms) VALUES (1, $1)"
		" ON CONFLICT (id) DO UPDATE SET until_ms = $1",
		db_int(*(int64_t *)arg));

	return rc < 0 ? rc : 0;
}

static void hold_until(int64_t until_ms)
{
	ck_assert_int_eq(db_write_wait(embedded.db, set_hold, &until_ms), 0);
}

static int is_gone(void *s)
{
	struct blob_info info;

	return blob_stat_wait(s, "k", &info) == HEARTH_ENOTFOUND;
}

static int no_late(struct db_tx *tx, void *arg)
{
	return db_get_int(tx, arg, "SELECT count(*) FROM doomed");
}

static int none_waits(void *arg)
{
	int64_t n = 1;

	(void)arg;
	return db_read_wait(embedded.db, no_late, &n) == 0 && n == 0;
}

static int one_waits(void *arg)
{
	return !none_waits(arg);
}

/* While blobs are held, deletions wait; afterwards, or when the holder died, they are done. */
START_TEST(deletes_nothing_while_it_is_held)
{
	struct blob_store *s = embedded_open();
	struct buf *b = make_bytes(100000, 1, false);
	int64_t now = clock_wall_ms() + 2 * BLOB_GRACE_MS;

	ck_assert_int_eq(put(s, "k", b, BLOB_PLAIN, NULL), 0);
	clock_fake(now, clock_mono_us());
	hold_until(now + 1000);
	ck_assert_int_eq(blob_delete_wait(s, "k"), HEARTH_EBUSY);
	blob_delete(s, "k");
	ck_assert(suite_run_until(one_waits, NULL, 10000));
	check_whole(s, "k", b);
	ck_assert_int_eq(embedded_files(), 1);
	clock_fake(now + 1001, clock_mono_us());
	blob_delete(s, "another");
	ck_assert(suite_run_until(none_waits, NULL, 10000));
	ck_assert(suite_run_until(is_gone, s, 10000));
	clock_fake(-1, 0);
	embedded_shut(&s);
	ck_assert_int_eq(embedded_files(), 0);
	buf_unref(&b);
	embedded_remove();
}
END_TEST

static int64_t from_memory(void)
{
	return metric_value(metric_counter("hearth_blob_gets_recent_total", NULL, ""));
}

START_TEST(answers_from_memory_what_was_just_put_or_read)
{
	struct blob_store *s = embedded_open();
	struct buf *b = make_bytes(500000, 1, false), *one, *two;
	int64_t before;

	ck_assert_int_eq(put(s, "segment", b, BLOB_PLAIN, NULL), 0);
	before = from_memory();
	for (int i = 0; i < 10; i++)
		check_range(s, "segment", b, (uint64_t)i * 50000, 50000);
	ck_assert_int_eq(from_memory() - before, 10);
	embedded_reopen(&s);
	before = from_memory();
	ck_assert_int_eq(get(s, "segment", 0, 100, &one), 0);
	ck_assert_int_eq(from_memory() - before, 0);
	ck_assert_int_eq(get(s, "segment", 100, 100, &two), 0);
	ck_assert_int_eq(from_memory() - before, 1);
	ck_assert_ptr_eq(one->p + 100, two->p);
	buf_unref(&one);
	buf_unref(&two);
	buf_unref(&b);
	embedded_close(&s);
}
END_TEST

struct flood {
	int accepted, answered, failed;
};

static void on_flood(void *arg, int status, const struct blob_info *info)
{
	struct flood *f = arg;

	(void)info;
	f->answered++;
	f->failed += status != 0;
}

static int all_answered(void *arg)
{
	struct flood *f = arg;

	return f->answered == f->accepted;
}

START_TEST(refuses_when_too_much_waits)
{
	struct blob_store *s = embedded_open();
	struct buf *b = make_bytes(4 << 20, 1, false);
	struct flood f = { 0 };
	int refused = 0;

	for (int i = 0; i < 40; i++) {
		int rc = blob_put(s, "t/", b, BLOB_PLAIN, on_flood, &f);

		ck_assert(rc == 0 || rc == HEARTH_EBUSY);
		f.accepted += rc == 0;
		refused += rc != 0;
	}
	ck_assert_int_eq(f.accepted, 16);
	ck_assert_int_eq(refused, 24);
	ck_assert(suite_run_until(all_answered, &f, 60000));
	ck_assert_int_eq(f.failed, 0);
	ck_assert_int_eq(put(s, "t/", b, BLOB_PLAIN, NULL), 0);
	embedded_shut(&s);
	ck_assert_int_eq(embedded_files(), 1);
	embedded_remove();
	buf_unref(&b);
}
END_TEST

#define STREAMS 12

struct stream {
	struct blob_writer *w;
	struct buf *bytes;
	struct put_answer a;
};

static int streams_over(void *arg)
{
	struct stream *st = arg;

	for (int i = 0; i < STREAMS; i++)
		if (!atomic_load(&st[i].a.there))
			return 0;
	return 1;
}

/* Streams wait for a place on the pool, puts are refused, deletions wait for the next. */
START_TEST(lives_with_a_pool_that_is_full)
{
	struct stream st[STREAMS];
	struct blob_store *s;
	struct flood f = { 0 };
	int refused = 0;

	embedded.threads = embedded.queue_max = 1;
	s = embedded_open();
	memset(st, 0, sizeof(st));
	for (unsigned i = 0; i < STREAMS; i++) {
		st[i].bytes = make_bytes(i % 3 ? 400000 : 5000, i, false);
		st[i].w = blob_open(s, "t/", BLOB_PLAIN);
		blob_add(st[i].w, buf_slice(st[i].bytes));
		refused += blob_put(s, "t/", st[i].bytes, BLOB_PLAIN, on_flood, &f) == HEARTH_EBUSY;
		blob_delete(s, "nothing");
		if (i % 4 == 3) {
			blob_abort(&st[i].w);
			atomic_store(&st[i].a.there, true);
		} else {
			blob_finish(&st[i].w, on_put, &st[i].a);
		}
	}
	ck_assert_int_gt(refused, 0);
	ck_assert(suite_run_until(streams_over, st, 60000));
	for (int i = 0; i < STREAMS; i++) {
		ck_assert_int_eq(st[i].a.status, 0);
		if (i % 4 != 3)
			ck_assert(st[i].a.info.size == st[i].bytes->n);
		buf_unref(&st[i].bytes);
	}
	embedded_close(&s);
	embedded.threads = 4;
	embedded.queue_max = 4096;
}
END_TEST

/* Two processes may have one store open: a command beside the server. */
START_TEST(shares_its_folder_with_another_process)
{
	struct blob_store *s = embedded_open(), *other;
	struct buf *b = make_bytes(300000, 1, false);
	struct blob_writer *w = blob_open(s, "slow", BLOB_PLAIN);
	struct put_answer a;

	blob_add(w, buf_slice(b));
	ck_assert_int_eq(
		blob_store_open(embedded.dir, embedded.db, embedded.pool, NULL, &other), 0);
	ck_assert(suite_run_until(swept, other, 10000));
	ck_assert_int_eq(blob_store_swept(other), 0);
	ck_assert_int_eq(finish(&w, &a), 0);
	check_whole(other, "slow", b);
	clock_fake(clock_wall_ms() + 2 * BLOB_GRACE_MS, clock_mono_us());
	blob_delete(other, "slow");
	blob_store_close(&other);
	clock_fake(-1, 0);
	ck_assert_int_eq(get_status(s, "slow"), HEARTH_ENOTFOUND);
	ck_assert_int_eq(embedded_files(), 0);
	buf_unref(&b);
	embedded_close(&s);
}
END_TEST

TEST_MAIN("embedded blob store, damaged", finds_damage_in_a_file, finds_damage_in_a_row,
	finds_damage_in_what_describes_a_blob, sweeps_litter_and_nothing_else,
	finds_again_what_was_set_aside, refuses_a_folder_of_another_store,
	deletes_nothing_while_it_is_held, answers_from_memory_what_was_just_put_or_read,
	refuses_when_too_much_waits, lives_with_a_pool_that_is_full,
	shares_its_folder_with_another_process)
