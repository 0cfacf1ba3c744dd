/*
 * store.c: channels, their keys and names, and streams. Segments and raw pieces are
 * store_segment.c. Inside a db_fn.
 */
#include "store/store.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/rand.h"
#include "personal/preferences.h"

const char *const video_migrations[] = {
	"CREATE TABLE channel ("
	" id {id},"
	" account BIGINT NOT NULL UNIQUE,"
	" name TEXT NOT NULL UNIQUE,"
	" key TEXT NOT NULL UNIQUE);"
	"CREATE TABLE stream ("
	" id {id},"
	" channel BIGINT NOT NULL,"
	" started_at BIGINT NOT NULL,"
	" ended_at BIGINT NOT NULL,"
	" first_sequence BIGINT NOT NULL,"
	" last_sequence BIGINT NOT NULL,"
	" last_at BIGINT NOT NULL,"
	" line_end BIGINT NOT NULL,"
	" epoch BIGINT NOT NULL,"
	" target_s BIGINT NOT NULL,"
	" keep_raw BIGINT NOT NULL);"
	"CREATE INDEX stream_channel ON stream (channel, id);"
	"CREATE INDEX stream_open ON stream (channel) WHERE ended_at = 0;"
	"CREATE TABLE rendition ("
	" id {id},"
	" stream BIGINT NOT NULL,"
	" name TEXT NOT NULL,"
	" width BIGINT NOT NULL,"
	" height BIGINT NOT NULL,"
	" bitrate BIGINT NOT NULL,"
	" fps_num BIGINT NOT NULL,"
	" fps_den BIGINT NOT NULL,"
	" first_sequence BIGINT NOT NULL,"
	" next_sequence BIGINT NOT NULL,"
	" codecs TEXT NOT NULL,"
	" UNIQUE (stream, name));"
	"CREATE TABLE raw ("
	" stream BIGINT NOT NULL,"
	" number BIGINT NOT NULL,"
	" blob TEXT NOT NULL,"
	" size BIGINT NOT NULL,"
	" PRIMARY KEY (stream, number));"
	/* finished_at: wall, ms; 0 while a rendition needs it. */
	"CREATE TABLE chunk ("
	" stream BIGINT NOT NULL,"
	" sequence BIGINT NOT NULL,"
	" start BIGINT NOT NULL,"
	" duration BIGINT NOT NULL,"
	" date_ms BIGINT NOT NULL,"
	" epoch BIGINT NOT NULL,"
	" blob TEXT NOT NULL,"
	" finished_at BIGINT NOT NULL,"
	" PRIMARY KEY (stream, sequence));"
	"CREATE INDEX chunk_finished ON chunk (finished_at) WHERE finished_at > 0;"
	"CREATE INDEX chunk_blob ON chunk (blob);"
	"CREATE TABLE init ("
	" id {id},"
	" rendition BIGINT NOT NULL,"
	" bytes {bytes} NOT NULL);"
	"CREATE INDEX init_rendition ON init (rendition, id);"
	/* init 0 and an empty blob: a gap. */
	"CREATE TABLE segment ("
	" rendition BIGINT NOT NULL,"
	" sequence BIGINT NOT NULL,"
	" start BIGINT NOT NULL,"
	" duration BIGINT NOT NULL,"
	" date_ms BIGINT NOT NULL,"
	" epoch BIGINT NOT NULL,"
	" size BIGINT NOT NULL,"
	" init BIGINT NOT NULL,"
	" blob TEXT NOT NULL,"
	" PRIMARY KEY (rendition, sequence));",
	/* Accounts that are gone, by number: no channel is made for them any more. */
	"CREATE TABLE forgotten (account BIGINT NOT NULL PRIMARY KEY);"
	"CREATE INDEX segment_blob ON segment (blob);",
	/* What an account has chosen (preferences.h). */
	"CREATE TABLE preference ("
	" account BIGINT NOT NULL PRIMARY KEY,"
	" version BIGINT NOT NULL,"
	" title TEXT NOT NULL,"
	" keep_raw BIGINT NOT NULL);",
	"ALTER TABLE stream ADD COLUMN follows BIGINT NOT NULL DEFAULT 0;",
	/* bytes: what is kept of it, raw pieces and segments. */
	"ALTER TABLE stream ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0;"
	"UPDATE stream SET bytes ="
	" coalesce((SELECT sum(w.size) FROM raw w WHERE w.stream = stream.id), 0)"
	" + coalesce((SELECT sum(g.size) FROM segment g JOIN rendition r ON r.id = g.rendition"
	"  WHERE r.stream = stream.id), 0);"
	"CREATE INDEX segment_date ON segment (date_ms);",
	/* Until then it is not made: the server could not keep up. Wall, ms. */
	"ALTER TABLE rendition ADD COLUMN shed_until BIGINT NOT NULL DEFAULT 0;",
	/* Its owner has deleted it; retention.c removes what is left. */
	"ALTER TABLE stream ADD COLUMN deleted BIGINT NOT NULL DEFAULT 0;"
	"CREATE INDEX stream_deleted ON stream (id) WHERE deleted = 1;",
	NULL,
};

static void copy(char *out, size_t room, struct slice s)
{
	snprintf(out, room, "%.*s", SLICE_ARG(s));
}

/* ---- channels ---- */

#define CHANNEL_COLUMNS                                                                         \
	"id, account, name, key, coalesce((SELECT p.title FROM preference p WHERE p.account = " \
	"channel.account), '')"

static void read_channel(struct db_rows *rows, struct video_channel *out)
{
	*out = (struct video_channel){ .id = db_col_int(rows, 0), .account = db_col_int(rows, 1) };
	copy(out->name, sizeof(out->name), db_col_text(rows, 2));
	copy(out->key, sizeof(out->key), db_col_text(rows, 3));
	copy(out->title, sizeof(out->title), db_col_text(rows, 4));
}

static int one_channel(struct db_rows *rows, struct video_channel *out)
{
	int rc = db_next(rows);

	if (rc > 0)
		read_channel(rows, out);
	db_end(rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

int video_store_channel(struct db_tx *tx, int64_t id, struct video_channel *out)
{
	struct db_rows rows;
	int rc = db_query(
		tx, &rows, "SELECT " CHANNEL_COLUMNS " FROM channel WHERE id = $1", db_int(id));

	return rc < 0 ? rc : one_channel(&rows, out);
}

int video_store_channel_by_account(struct db_tx *tx, int64_t account, struct video_channel *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows, "SELECT " CHANNEL_COLUMNS " FROM channel WHERE account = $1",
		db_int(account));

	return rc < 0 ? rc : one_channel(&rows, out);
}

int video_store_channel_by_key(struct db_tx *tx, struct slice key, struct video_channel *out)
{
	struct db_rows rows;
	int rc = db_query(
		tx, &rows, "SELECT " CHANNEL_COLUMNS " FROM channel WHERE key = $1", db_text(key));

	return rc < 0 ? rc : one_channel(&rows, out);
}

int video_store_channel_by_name(struct db_tx *tx, struct slice name, struct video_channel *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows, "SELECT " CHANNEL_COLUMNS " FROM channel WHERE name = $1",
		db_text(name));

	return rc < 0 ? rc : one_channel(&rows, out);
}

/* Some 125 bits in letters and digits that survive being read out. */
static void make_key(char out[64])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";

	for (int i = 0; i < 25; i++)
		out[i] = letters[rand_below(sizeof(letters) - 1)];
	out[25] = '\0';
}

/* The local part of the address; with a number behind it when another account has that name. */
static int free_name(struct db_tx *tx, const char *address, char out[VIDEO_NAME_MAX])
{
	struct slice local = slice_str(address);
	struct video_channel other;
	int rc = 0;

	local = slice_split(&local, '@');
	for (int n = 1; rc == 0; n++) {
		if (n == 1)
			copy(out, VIDEO_NAME_MAX, slice_head(local, 50));
		else
			snprintf(out, VIDEO_NAME_MAX, "%.*s-%d", SLICE_ARG(slice_head(local, 50)),
				n);
		for (char *p = out; *p; p++)
			if (*p == '+')
				*p = '-';
		rc = video_store_channel_by_name(tx, slice_str(out), &other);
	}
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

int video_store_channel_of(
	struct db_tx *tx, const struct account *account, struct video_channel *out)
{
	int rc = video_store_channel_by_account(tx, account->id, out);

	if (rc != HEARTH_ENOTFOUND)
		return rc;
	rc = video_store_is_forgotten(tx, account->id);
	if (rc < 0)
		return rc;
	*out = (struct video_channel){ .account = account->id };
	make_key(out->key);
	rc = free_name(tx, account->address, out->name);
	if (rc == 0)
		rc = db_get_int(tx, &out->id,
			"INSERT INTO channel (account, name, key) VALUES ($1, $2, $3) RETURNING id",
			db_int(account->id), db_str(out->name), db_str(out->key));
	return rc;
}

int video_store_new_key(struct db_tx *tx, struct video_channel *channel)
{
	int rc;

	make_key(channel->key);
	rc = db_run(tx, "UPDATE channel SET key = $2 WHERE id = $1", db_int(channel->id),
		db_str(channel->key));
	return rc < 0 ? rc : 0;
}

int video_store_channels(struct db_tx *tx, video_channel_fn *each, void *arg)
{
	struct video_channel channel;
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT " CHANNEL_COLUMNS
		", EXISTS (SELECT 1 FROM stream s WHERE s.channel = channel.id AND s.ended_at = "
		"0)"
		" FROM channel WHERE account > 0 AND EXISTS"
		" (SELECT 1 FROM stream s WHERE s.channel = channel.id"
		"  AND s.last_sequence >= s.first_sequence AND s.deleted = 0"
		"  AND (s.ended_at = 0 OR EXISTS"
		"  (SELECT 1 FROM rendition r JOIN segment g ON g.rendition = r.id"
		"   WHERE r.stream = s.id))) ORDER BY name");

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0) {
		read_channel(&rows, &channel);
		stop = each(arg, &channel, db_col_int(&rows, 5) != 0);
	}
	rc = db_end(&rows);
	return stop ? stop : rc;
}

/* ---- streams ---- */

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

static int one_stream(struct db_rows *rows, struct video_stream *out)
{
	int rc = db_next(rows);

	if (rc > 0)
		read_stream(rows, out);
	db_end(rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

static int each_stream(struct db_rows *rows, video_stream_fn *each, void *arg)
{
	struct video_stream stream;
	int stop = 0, rc;

	while (stop == 0 && db_next(rows) > 0) {
		read_stream(rows, &stream);
		stop = each(arg, &stream);
	}
	rc = db_end(rows);
	return stop ? stop : rc;
}

/* The latest stream of a channel that has a GOP; all 0 when there is none. */
static int last_stream(struct db_tx *tx, int64_t channel, struct video_stream *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " STREAM_COLUMNS " FROM stream WHERE channel = $1"
		" AND last_sequence >= first_sequence ORDER BY id DESC LIMIT 1",
		db_int(channel));

	*out = (struct video_stream){ 0 };
	if (rc == 0)
		rc = one_stream(&rows, out);
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
		rc = db_query(tx, &rows,
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
		rc = one_stream(&rows, out);
	return rc == 0 && follows ? read_promises(tx, last.id, out) : rc;
}

int video_store_end(struct db_tx *tx, int64_t stream, int64_t at_ms)
{
	int rc = db_run(tx, "UPDATE stream SET ended_at = $2 WHERE id = $1 AND ended_at = 0",
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
	int rc = db_query(
		tx, &rows, "SELECT " STREAM_COLUMNS " FROM stream WHERE id = $1", db_int(id));

	return rc < 0 ? rc : one_stream(&rows, out);
}

/* A viewer chooses among what the multivariant playlist has when it is first read, so it waits. */
#define GOPS_AWAITED "3"

int video_store_latest(struct db_tx *tx, int64_t channel, struct video_stream *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " STREAM_COLUMNS " FROM stream s WHERE channel = $1 AND deleted = 0"
		" AND EXISTS (SELECT 1 FROM rendition r WHERE r.stream = s.id"
		"  AND r.next_sequence > r.first_sequence)"
		" AND (s.last_sequence >= s.first_sequence + " GOPS_AWAITED " OR s.ended_at > 0"
		"  OR NOT EXISTS (SELECT 1 FROM rendition r WHERE r.stream = s.id"
		"   AND r.next_sequence = r.first_sequence))"
		" ORDER BY id DESC LIMIT 1",
		db_int(channel));

	return rc < 0 ? rc : one_stream(&rows, out);
}

int video_store_streams(struct db_tx *tx, int64_t channel, video_stream_fn *each, void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " STREAM_COLUMNS " FROM stream WHERE channel = $1 AND deleted = 0"
		" ORDER BY id DESC",
		db_int(channel));

	return rc < 0 ? rc : each_stream(&rows, each, arg);
}

int video_store_open_streams(struct db_tx *tx, video_stream_fn *each, void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " STREAM_COLUMNS " FROM stream WHERE ended_at = 0 ORDER BY id DESC");

	return rc < 0 ? rc : each_stream(&rows, each, arg);
}

/* ---- preferences ---- */

int video_store_set_preferences(struct db_tx *tx, const struct video_preferences *p)
{
	int rc = video_store_is_forgotten(tx, p->account);

	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	rc = db_run(tx,
		"INSERT INTO preference (account, version, title, keep_raw) VALUES ($1, $2, $3, "
		"$4) ON CONFLICT (account) DO UPDATE SET version = $2, title = $3, keep_raw = $4 "
		"WHERE preference.version < $2",
		db_int(p->account), db_int(p->version), db_text(p->title), db_int(p->keep_raw));
	return rc < 0 ? rc : 0;
}
