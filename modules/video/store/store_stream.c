/*
 * store_stream.c: streams, from their beginning to their end, and which of a channel is to be
 * watched: the table `stream` (store.h). Inside a db_fn; each statement touches one row, but for
 * the lists. On a database thread.
 */
#include "store/store.h"

#include "hearth/error.h"
#include "hearth/log.h"

#define STREAM_COLUMNS                                                                         \
	"id, channel, started_at, ended_at, first_sequence, last_sequence, last_at, line_end," \
	" epoch, target_s, keep_raw, follows, deleted"

static void read_stream(struct db_rows *rows, struct video_stream *out)
{
	*out = (struct video_stream){ .id = db_col_int(rows, 0),
		.channel = db_col_int(rows, 1),
		.started_at = db_col_int(rows, 2),
		.ended_at = db_col_int(rows, 3),
		.first_sequence = db_col_int(rows, 4),
		.last_sequence = db_col_int(rows, 5),
		.last_at = db_col_int(rows, 6),
		.line_end = db_col_int(rows, 7),
		.epoch = db_col_int(rows, 8),
		.target_s = db_col_int(rows, 9),
		.keep_raw = db_col_int(rows, 10) != 0,
		.follows = db_col_int(rows, 11),
		.deleted = db_col_int(rows, 12) != 0 };
}

/* The stream whose row stands. */
static int take_stream(struct db_rows *rows, struct video_stream *out)
{
	read_stream(rows, out);
	return db_end(rows);
}

struct listing {
	video_stream_fn *each;
	void *arg;
};

static int list_stream(struct db_rows *rows, void *arg)
{
	struct listing *l = arg;
	struct video_stream stream;

	read_stream(rows, &stream);
	return l->each(l->arg, &stream);
}

/* The latest stream of a channel that has a GOP; all 0 when there is none. */
static int last_stream(struct db_tx *tx, int64_t channel, struct video_stream *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT " STREAM_COLUMNS " FROM stream WHERE channel = $1"
		" AND last_sequence >= first_sequence ORDER BY id DESC LIMIT 1",
		db_int(channel));

	*out = (struct video_stream){ 0 };
	if (rc == 0)
		rc = take_stream(&rows, out);
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

int video_store_is_followed(struct db_tx *tx, int64_t stream, bool *out)
{
	int64_t n = 0;
	int rc = db_get_int(tx, &n,
		"SELECT count(*) FROM stream WHERE follows = $1 AND ended_at = 0", db_int(stream));

	*out = n > 0;
	return rc;
}

/* What the playlists of stream `id` promise, into *out. */
static int read_promises(struct db_tx *tx, int64_t id, struct video_stream *out)
{
	int64_t rungs = 0, sound = 0;
	int rc = db_get_int(tx, &rungs,
		"SELECT count(*) FROM rendition WHERE stream = $1 AND bitrate > 0", db_int(id));

	if (rc == 0)
		rc = db_get_int(tx, &sound,
			"SELECT count(*) FROM rendition WHERE stream = $1 AND codecs LIKE '%mp4a%'",
			db_int(id));
	out->promised_rungs = rungs > 0;
	out->promised_audio = sound > 0;
	return rc;
}

int video_store_promises(struct db_tx *tx, struct video_stream *s)
{
	return read_promises(tx, s->id, s);
}

#define HOLD_MARGIN_MS 500 /* a playlist that was closed meanwhile must not be opened again */

int video_store_begin(struct db_tx *tx, int64_t channel, int64_t now_ms, int64_t hold_ms,
	struct video_stream *out)
{
	struct video_channel owner;
	struct video_stream last = { 0 };
	struct db_rows rows;
	bool follows;
	int rc = video_store_channel(tx, channel, &owner);

	/* Its account was deleted meanwhile. */
	if (rc == 0 && owner.account < 0)
		rc = HEARTH_ENOTFOUND;
	if (rc == 0)
		rc = last_stream(tx, channel, &last);
	if (rc < 0)
		return rc;
	follows =
		last.ended_at && !last.deleted && now_ms - last.ended_at < hold_ms - HOLD_MARGIN_MS;
	if (rc == 0)
		rc = db_one(tx, &rows,
			"INSERT INTO stream (channel, started_at, ended_at, first_sequence,"
			" last_sequence, last_at, line_end, epoch, target_s, follows, keep_raw)"
			" VALUES ($1, $2, 0, $3 + 1, $3, $2, $4, $5, $6, $7, coalesce("
			"(SELECT p.keep_raw FROM preference p WHERE p.account = $8), 1))"
			" RETURNING " STREAM_COLUMNS,
			db_int(channel), db_int(now_ms), db_int(last.last_sequence),
			db_int(last.line_end), db_int(last.epoch),
			db_int(follows ? last.target_s : 0), db_int(follows ? last.id : 0),
			db_int(owner.account));
	if (rc == 0)
		rc = take_stream(&rows, out);
	INVARIANT(rc < 0 || (out->id > last.id && !video_stream_has_gop(out)));
	return rc == 0 && follows ? read_promises(tx, last.id, out) : rc;
}

int video_store_end(struct db_tx *tx, int64_t stream, int64_t at_ms)
{
	int rc;

	INVARIANT(stream > 0 && at_ms > 0); /* 0 would say that it goes on */
	rc = db_run(tx, "UPDATE stream SET ended_at = $2 WHERE id = $1 AND ended_at = 0",
		db_int(stream), db_int(at_ms));

	return rc <= 0 ? rc : video_store_tell(tx, &(struct video_segment){ .stream = stream });
}

int video_store_end_open(struct db_tx *tx, int64_t channel)
{
	int rc = db_run(tx,
		"UPDATE stream SET ended_at = last_at WHERE channel = $1 AND ended_at = 0",
		db_int(channel));

	return rc < 0 ? rc : 0;
}

int video_store_delete(struct db_tx *tx, int64_t stream)
{
	int rc = db_run(
		tx, "UPDATE stream SET deleted = 1 WHERE id = $1 AND ended_at > 0", db_int(stream));

	return rc < 0 ? rc : rc == 0 ? HEARTH_ECONFLICT : 0;
}

int video_store_stream(struct db_tx *tx, int64_t id, struct video_stream *out)
{
	struct db_rows rows;
	int rc = db_one(
		tx, &rows, "SELECT " STREAM_COLUMNS " FROM stream WHERE id = $1", db_int(id));

	return rc < 0 ? rc : take_stream(&rows, out);
}

/* A viewer chooses among what the multivariant playlist has when it is first read, so it waits. */
#define GOPS_AWAITED "3"

int video_store_latest(struct db_tx *tx, int64_t channel, struct video_stream *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT " STREAM_COLUMNS " FROM stream s WHERE channel = $1 AND deleted = 0"
		" AND EXISTS (SELECT 1 FROM rendition r WHERE r.stream = s.id"
		"  AND r.next_sequence > r.first_sequence)"
		" AND (s.last_sequence >= s.first_sequence + " GOPS_AWAITED " OR s.ended_at > 0"
		"  OR NOT EXISTS (SELECT 1 FROM rendition r WHERE r.stream = s.id"
		"   AND r.next_sequence = r.first_sequence))"
		" ORDER BY id DESC LIMIT 1",
		db_int(channel));

	return rc < 0 ? rc : take_stream(&rows, out);
}

int video_store_streams(struct db_tx *tx, int64_t channel, video_stream_fn *each, void *arg)
{
	struct listing l = { each, arg };

	return db_each(tx, list_stream, &l,
		"SELECT " STREAM_COLUMNS " FROM stream WHERE channel = $1 AND deleted = 0"
		" ORDER BY id DESC",
		db_int(channel));
}

int video_store_open_streams(struct db_tx *tx, video_stream_fn *each, void *arg)
{
	struct listing l = { each, arg };

	return db_each(tx, list_stream, &l,
		"SELECT " STREAM_COLUMNS " FROM stream WHERE ended_at = 0 ORDER BY id DESC");
}
