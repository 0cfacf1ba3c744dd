/*
 * What of streams is counted, what is old, and what is forgotten: the statements of retention.
 */
#include "harness.h"

#include <stdio.h>

#include "database.h"
#include "hearth/error.h"
#include "store/store.h"

extern const struct hearth_module video_module;

static struct db_tx *tx;

/* A stream of its channel with a raw piece of 100 bytes and `n` segments of 10, a second each. */
static struct video_stream make_stream(int64_t at_ms, int n, int64_t end_ms)
{
	const struct blob_info raw = { .key = "raw", .size = 100 };
	struct video_rendition r = { .name = VIDEO_SOURCE };
	struct video_stream s;

	ck_assert_int_eq(video_store_begin(tx, 1, at_ms, 15000, &s), 0);
	r.stream = s.id;
	r.first_sequence = s.first_sequence;
	ck_assert_int_eq(video_store_add_raw(tx, s.id, 0, &raw), 0);
	ck_assert_int_eq(video_store_set_rendition(tx, &r), 0);
	for (int i = 0; i < n; i++) {
		struct video_gop c = { .stream = s.id,
			.sequence = s.first_sequence + i,
			.start = s.line_end + i * 90000,
			.duration = 90000,
			.date_ms = at_ms + i * 1000,
			.epoch = s.epoch + 1,
			.target_s = 1 };
		struct video_segment g = { .stream = s.id,
			.rendition = r.id,
			.sequence = c.sequence,
			.start = c.start,
			.duration = c.duration,
			.date_ms = c.date_ms,
			.size = 10 };

		snprintf(g.blob, sizeof(g.blob), "s%lld", (long long)g.sequence);
		snprintf(c.blob, sizeof(c.blob), "c%lld", (long long)g.sequence);
		ck_assert_int_eq(video_store_add_gop(tx, &c, c.date_ms), 0);
		ck_assert_int_eq(video_store_add_segment(tx, &g, SLICE("init"), "avc1"), 0);
		ck_assert_int_eq(video_store_finish_gop(tx, s.id, c.sequence, c.date_ms), 0);
	}
	if (end_ms)
		ck_assert_int_eq(video_store_end(tx, s.id, end_ms), 0);
	return s;
}

static int64_t used(void)
{
	int64_t n;

	ck_assert_int_eq(video_store_used(tx, 1, &n), 0);
	return n;
}

static int forget_expired(enum video_blob_kind kind, int64_t before_ms)
{
	struct video_blob blobs[100];
	int n = video_store_expired(tx, kind, before_ms, 100, blobs);

	for (int i = 0; i < n; i++)
		ck_assert_int_eq(video_store_forget_blob(tx, &blobs[i]), 0);
	return n;
}

static void forget_gops(int n)
{
	char blob[16];

	for (int i = 1; i <= n; i++) {
		snprintf(blob, sizeof(blob), "c%d", i);
		ck_assert_int_eq(video_store_forget_gop(tx, slice_str(blob), 99999999), 0);
	}
}

static int each_stream(void *arg, const struct video_stream *s)
{
	(void)s;
	++*(int *)arg;
	return 0;
}

static int streams(void)
{
	int n = 0;

	ck_assert_int_eq(video_store_streams(tx, 1, each_stream, &n), 0);
	return n;
}

static int walk(struct db_tx *t, void *arg)
{
	struct account account = { .id = 5, .address = "ann@hearth.test" };
	struct video_stream first, second, third;
	struct video_channel channel;

	(void)arg;
	tx = t;
	ck_assert_int_eq(video_store_channel_of(tx, &account, &channel), 0);
	ck_assert_int_eq(channel.id, 1);
	first = make_stream(1000000, 20, 1020000);
	ck_assert_int_eq(used(), 300);
	second = make_stream(1030000, 20, 1050000); /* within the hold */
	third = make_stream(9000000, 20, 0);
	ck_assert_int_eq(used(), 900);

	/*
	 * Numbers, line and discontinuities count on; only who comes in time goes on with a list.
	 */
	ck_assert_int_eq(first.first_sequence, 1);
	ck_assert_int_eq(second.first_sequence, 21);
	ck_assert_int_eq(third.line_end, 40 * 90000);
	ck_assert_int_eq(third.epoch, 2);
	ck_assert_int_eq(second.follows, first.id);
	ck_assert_int_eq(second.target_s, 1);
	ck_assert_int_eq(third.follows, 0);
	ck_assert_int_eq(third.target_s, 0);

	/* Raw backups go by the end of their stream, segments by their own time. */
	ck_assert_int_eq(forget_expired(VIDEO_BLOB_RAW, 1050000), 1);
	ck_assert_int_eq(forget_expired(VIDEO_BLOB_SEGMENT, 1010000), 10);
	ck_assert_int_eq(used(), 700);
	ck_assert_int_eq(forget_expired(VIDEO_BLOB_SEGMENT, 8000000), 30);
	/* Of a stream that goes on those that are listed stay, however long it stands. */
	ck_assert_int_eq(forget_expired(VIDEO_BLOB_SEGMENT, 99999999), 11);
	ck_assert_int_eq(forget_expired(VIDEO_BLOB_RAW, 99999999), 1);
	ck_assert_int_eq(used(), 100 + 9 * 10);

	/* GOPs under way hold their stream; the latest stays, for what counts on. */
	ck_assert_int_eq(video_store_forget_streams(tx, 99999999), 0);
	ck_assert_int_eq(streams(), 3);
	forget_gops(60);
	ck_assert_int_eq(video_store_end(tx, third.id, 9020000), 0);
	forget_expired(VIDEO_BLOB_SEGMENT, 99999999);
	forget_expired(VIDEO_BLOB_RAW, 99999999);
	ck_assert_int_eq(used(), 0);
	ck_assert_int_eq(video_store_forget_streams(tx, 99999999), 0);
	ck_assert_int_eq(streams(), 1);
	ck_assert_int_eq(make_stream(10000000, 1, 0).first_sequence, 61);
	return 0;
}

static bool is_found(int64_t sequence)
{
	struct video_segment g;
	int rc = video_store_old_segment(tx, 1, SLICE(VIDEO_SOURCE), sequence, &g);

	ck_assert(rc == 0 || rc == HEARTH_ENOTFOUND);
	return rc == 0;
}

/*
 * A deleted stream is in no list, and all of it has expired; but for what a playlist still lists.
 */
static int walk_deleted(struct db_tx *t, void *arg)
{
	struct account account = { .id = 5, .address = "ann@hearth.test" };
	struct video_stream first, second, latest;
	struct video_channel channel;

	(void)arg;
	tx = t;
	ck_assert_int_eq(video_store_channel_of(tx, &account, &channel), 0);
	first = make_stream(1000000, 20, 1020000);
	second = make_stream(1030000, 20, 0);
	ck_assert_int_eq(second.follows, first.id);
	ck_assert_int_eq(video_store_delete(tx, second.id), HEARTH_ECONFLICT);
	ck_assert_int_eq(video_store_delete(tx, first.id), 0);
	ck_assert_int_eq(streams(), 1);

	/* The one that goes on lists it still. */
	ck_assert_int_eq(forget_expired(VIDEO_BLOB_SEGMENT, 0), 0);
	ck_assert_int_eq(forget_expired(VIDEO_BLOB_RAW, 0), 0);
	ck_assert(is_found(20));
	ck_assert_int_eq(video_store_end(tx, second.id, 1050000), 0);
	ck_assert(!is_found(20) && is_found(21));
	ck_assert_int_eq(used(), 600);
	ck_assert_int_eq(forget_expired(VIDEO_BLOB_SEGMENT, 0), 20);
	ck_assert_int_eq(forget_expired(VIDEO_BLOB_RAW, 0), 1);
	ck_assert_int_eq(used(), 300);

	/* The latest as well; nobody follows it, and numbers count on. */
	ck_assert_int_eq(video_store_latest(tx, 1, &latest), 0);
	ck_assert_int_eq(latest.id, second.id);
	ck_assert_int_eq(video_store_delete(tx, second.id), 0);
	ck_assert_int_eq(video_store_latest(tx, 1, &latest), HEARTH_ENOTFOUND);
	second = make_stream(1055000, 1, 1056000);
	ck_assert_int_eq(second.follows, 0);
	ck_assert_int_eq(second.first_sequence, 41);
	/* Old or deleted, each once. */
	ck_assert_int_eq(forget_expired(VIDEO_BLOB_SEGMENT, 1040000), 20);
	ck_assert_int_eq(forget_expired(VIDEO_BLOB_RAW, 1040000), 1);
	ck_assert_int_eq(used(), 110);
	return 0;
}

START_TEST(forgets_what_is_deleted)
{
	struct db *db = database_new(video_module.schemas);

	ck_assert_int_eq(db_write_wait(db, walk_deleted, NULL), 0);
	db_close(&db);
}
END_TEST

START_TEST(counts_and_forgets)
{
	struct db *db = database_new(video_module.schemas);

	ck_assert_int_eq(db_write_wait(db, walk, NULL), 0);
	db_close(&db);
}
END_TEST

TEST_MAIN("retention", counts_and_forgets, forgets_what_is_deleted)
