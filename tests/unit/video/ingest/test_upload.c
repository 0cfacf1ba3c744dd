/*
 * test_upload.c: pieces whose rows are on disk although their commit was answered with an error:
 * they are done, and those behind them come too.
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "database.h"
#include "hearth/error.h"
#include "ingest/upload.h"
#include "video.h"

extern const struct hearth_module video_module;

/* Of src/, which a module's tests do not see: the loop, the blob store, the kernel that is held. */
void loop_init(void);
int loop_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);
const struct db_schema *blob_schema(void);
struct blob_options;
int blob_store_open(const char *dir, struct db *db, struct pool *pool,
	const struct blob_options *options, struct blob_store **out);
void blob_store_close(struct blob_store **s);
struct lease_options {
	const char *node;
	int64_t ttl_ms;
	bool alone;
};
struct leases *leases_new(struct db *const *dbs, size_t db_count, const struct lease_options *o);
void leases_free(struct leases **ls);
struct hearth *kernel_new(void);
void kernel_free(struct hearth **h);

static struct video v;
static struct db *blob_db;
static struct pool *pool;
static struct video_stream stream = { .id = 7, .channel = 3 };
static struct leases *leases;
static struct lease lease;
static int progressed;

static int take(struct db_tx *tx, void *arg)
{
	return lease_take(leases, tx, "video.channel.3", arg);
}

static void open_all(void)
{
	struct strbuf why = { 0 };
	const char *dir = scratch_new();

	loop_init();
	progressed = 0;
	pool = pool_new("io", 2, 64);
	v = (struct video){ .h = kernel_new() };
	ck_assert_int_eq(db_open(dir, blob_schema(), &blob_db, &why), 0);
	ck_assert_int_eq(db_open(dir, video_module.schemas, &v.db, &why), 0);
	ck_assert_int_eq(blob_store_open(dir, blob_db, pool, NULL, &v.blob), 0);
	leases = leases_new(&v.db, 1, &(struct lease_options){ "one", 60000, true });
	ck_assert_int_eq(db_write_wait(v.db, take, &lease), 0);
}

static void close_all(void)
{
	leases_free(&leases);
	blob_store_close(&v.blob);
	pool_free(&pool);
	db_close(&blob_db);
	db_close(&v.db);
	kernel_free(&v.h);
}

static void on_progress(void *arg)
{
	(void)arg;
	progressed++;
}

static int is_idle(void *u)
{
	return upload_idle(u);
}

/* ---- a piece, and what an earlier commit left of it ---- */

static struct upload_piece piece(const char *raw, int64_t sequence, const char *gop)
{
	struct upload_piece p = { .raw = raw ? buf_copy(slice_str(raw)) : NULL,
		.gop_file = gop ? buf_copy(slice_str(gop)) : NULL };

	p.gop = (struct video_gop){ .stream = stream.id,
		.sequence = sequence,
		.start = sequence * 1000,
		.duration = 1000,
		.target_s = 1 };
	return p;
}

static int add_gop(struct db_tx *tx, void *arg)
{
	return video_store_add_gop(tx, arg, 1);
}

static void gop_on_disk(int64_t sequence, const char *bytes)
{
	struct video_gop c = piece(NULL, sequence, NULL).gop;
	struct buf *b = buf_copy(slice_str(bytes));
	struct blob_info info;

	ck_assert_int_eq(blob_put_wait(v.blob, VIDEO_GOPS, b, BLOB_PLAIN, &info), 0);
	snprintf(c.blob, sizeof(c.blob), "%s", info.key);
	ck_assert_int_eq(db_write_wait(v.db, add_gop, &c), 0);
	buf_unref(&b);
}

struct found {
	int64_t sequence;
	struct video_gop gop;
	int64_t raws;
};

static int find(struct db_tx *tx, void *arg)
{
	struct found *f = arg;
	int rc = video_store_raw_count(tx, stream.id, &f->raws);

	return rc < 0 ? rc : video_store_gop(tx, stream.id, f->sequence, &f->gop);
}

START_TEST(a_gop_that_is_on_disk_already_is_done)
{
	struct upload *u;
	struct upload_piece first = piece(NULL, 1, "first"), second = piece("tags", 2, "second");
	struct found f = { .sequence = 2 };

	open_all();
	gop_on_disk(1, "first");
	u = upload_new(&v, &stream, &lease, 0, on_progress, NULL);
	upload_add(u, &first);
	upload_add(u, &second);
	ck_assert(loop_run_until(is_idle, u, 20000));
	ck_assert_int_eq(progressed, 2);
	ck_assert_int_eq(upload_bytes(u), 0);
	ck_assert_int_eq(db_read_wait(v.db, find, &f), 0);
	ck_assert_int_eq(f.gop.start, 2000);
	ck_assert_int_eq(f.raws, 1);
	upload_free(&u);
	close_all();
}
END_TEST

START_TEST(what_is_there_under_its_number_and_is_another_is_not_it)
{
	struct upload *u;
	struct upload_piece first = piece(NULL, 1, "first");

	open_all();
	gop_on_disk(1, "of somebody else");
	u = upload_new(&v, &stream, &lease, 0, on_progress, NULL);
	upload_add(u, &first);
	/* It is tried again and again: two seconds of it are enough to see. */
	ck_assert(!loop_run_until(is_idle, u, 2500));
	ck_assert_int_eq(progressed, 0);
}
END_TEST

START_TEST(pieces_are_written_once_and_in_order)
{
	struct upload *u;
	struct found f = { .sequence = 5 };

	open_all();
	u = upload_new(&v, &stream, &lease, 4, on_progress, NULL);
	for (int64_t i = 1; i <= 5; i++) {
		char text[16];
		struct upload_piece p;

		snprintf(text, sizeof(text), "gop %d", (int)i);
		p = piece("tags", i, text);
		upload_add(u, &p);
	}
	ck_assert(loop_run_until(is_idle, u, 20000));
	ck_assert_int_eq(progressed, 5);
	ck_assert_int_eq(db_read_wait(v.db, find, &f), 0);
	ck_assert_int_eq(f.raws, 9);
	upload_free(&u);
	close_all();
}
END_TEST

static int lose(struct db_tx *tx, void *arg)
{
	return lease_end(tx, arg);
}

START_TEST(a_stream_that_is_anothers_gets_no_more_rows)
{
	struct upload *u;
	struct upload_piece first = piece("tags", 1, "first"), second = piece("tags", 2, "second");
	struct found f = { .sequence = 2 };

	open_all();
	u = upload_new(&v, &stream, &lease, 0, on_progress, NULL);
	upload_add(u, &first);
	ck_assert(loop_run_until(is_idle, u, 20000));
	ck_assert_int_eq(db_write_wait(v.db, lose, &lease), 0);
	upload_add(u, &second);
	ck_assert(loop_run_until(is_idle, u, 20000));
	ck_assert_int_eq(db_read_wait(v.db, find, &f), HEARTH_ENOTFOUND);
	ck_assert_int_eq(f.raws, 1);
	upload_free(&u);
	close_all();
}
END_TEST

TEST_MAIN("upload", a_stream_that_is_anothers_gets_no_more_rows,
	a_gop_that_is_on_disk_already_is_done,
	what_is_there_under_its_number_and_is_another_is_not_it,
	pieces_are_written_once_and_in_order)
