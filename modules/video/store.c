/*
 * store.c: see store.h.
 */
#include "store.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/rand.h"

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
	" last_sequence BIGINT NOT NULL);"
	"CREATE INDEX stream_channel ON stream (channel, id);"
	"CREATE TABLE rendition ("
	" id {id},"
	" stream BIGINT NOT NULL,"
	" name TEXT NOT NULL,"
	" width BIGINT NOT NULL,"
	" height BIGINT NOT NULL,"
	" bitrate BIGINT NOT NULL,"
	" fps_num BIGINT NOT NULL,"
	" fps_den BIGINT NOT NULL,"
	" b_frames BIGINT NOT NULL,"
	" codecs TEXT NOT NULL,"
	" UNIQUE (stream, name));"
	"CREATE TABLE chunk ("
	" stream BIGINT NOT NULL,"
	" sequence BIGINT NOT NULL,"
	" blob TEXT NOT NULL,"
	" PRIMARY KEY (stream, sequence));"
	"CREATE TABLE raw ("
	" stream BIGINT NOT NULL,"
	" number BIGINT NOT NULL,"
	" blob TEXT NOT NULL,"
	" size BIGINT NOT NULL,"
	" PRIMARY KEY (stream, number));"
	"CREATE TABLE segment ("
	" rendition BIGINT NOT NULL,"
	" sequence BIGINT NOT NULL,"
	" start BIGINT NOT NULL,"
	" duration BIGINT NOT NULL,"
	" date_ms BIGINT NOT NULL,"
	" discontinuity BIGINT NOT NULL,"
	" gap BIGINT NOT NULL,"
	" blob TEXT NOT NULL,"
	" size BIGINT NOT NULL,"
	" init TEXT NOT NULL,"
	" init_size BIGINT NOT NULL,"
	" PRIMARY KEY (rendition, sequence));",
	NULL,
};

static void copy(char *out, size_t room, struct slice s)
{
	snprintf(out, room, "%.*s", SLICE_ARG(s));
}

/* ---- channels ---- */

#define CHANNEL_COLUMNS "id, account, name, key"

static void read_channel(struct db_rows *rows, struct video_channel *out)
{
	*out = (struct video_channel){ .id = db_col_int(rows, 0), .account = db_col_int(rows, 1) };
	copy(out->name, sizeof(out->name), db_col_text(rows, 2));
	copy(out->key, sizeof(out->key), db_col_text(rows, 3));
}

static int one_channel(struct db_rows *rows, struct video_channel *out)
{
	int rc = db_next(rows);

	if (rc > 0)
		read_channel(rows, out);
	db_end(rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
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
		", EXISTS (SELECT 1 FROM stream s WHERE s.channel = c.id AND s.ended_at = 0)"
		" FROM channel c WHERE EXISTS"
		" (SELECT 1 FROM stream s WHERE s.channel = c.id AND s.last_sequence >= "
		"s.first_sequence) ORDER BY name");

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0) {
		read_channel(&rows, &channel);
		stop = each(arg, &channel, db_col_int(&rows, 4) != 0);
	}
	rc = db_end(&rows);
	return stop ? stop : rc;
}

/* ---- streams ---- */

#define STREAM_COLUMNS "id, channel, started_at, ended_at, first_sequence, last_sequence"

static void read_stream(struct db_rows *rows, struct video_stream *out)
{
	*out = (struct video_stream){ .id = db_col_int(rows, 0),
		.channel = db_col_int(rows, 1),
		.started_at = db_col_int(rows, 2),
		.ended_at = db_col_int(rows, 3),
		.first_sequence = db_col_int(rows, 4),
		.last_sequence = db_col_int(rows, 5) };
}

static int one_stream(struct db_rows *rows, struct video_stream *out)
{
	int rc = db_next(rows);

	if (rc > 0)
		read_stream(rows, out);
	db_end(rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

int video_store_begin(struct db_tx *tx, int64_t channel, int64_t now_ms, struct video_stream *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"INSERT INTO stream (channel, started_at, ended_at, first_sequence, last_sequence)"
		" SELECT $1, $2, 0, coalesce(max(last_sequence), 0) + 1, "
		"coalesce(max(last_sequence), 0)"
		" FROM stream WHERE channel = $1 RETURNING " STREAM_COLUMNS,
		db_int(channel), db_int(now_ms));

	return rc < 0 ? rc : one_stream(&rows, out);
}

int video_store_end(struct db_tx *tx, int64_t stream, int64_t now_ms)
{
	int rc = db_run(tx, "UPDATE stream SET ended_at = $2 WHERE id = $1 AND ended_at = 0",
		db_int(stream), db_int(now_ms));

	return rc < 0 ? rc : 0;
}

int video_store_end_all(struct db_tx *tx, int64_t now_ms)
{
	int rc = db_run(tx, "UPDATE stream SET ended_at = $1 WHERE ended_at = 0", db_int(now_ms));

	return rc < 0 ? rc : 0;
}

int video_store_latest(struct db_tx *tx, int64_t channel, struct video_stream *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " STREAM_COLUMNS
		" FROM stream WHERE channel = $1 AND last_sequence >= first_sequence"
		" ORDER BY id DESC LIMIT 1",
		db_int(channel));

	return rc < 0 ? rc : one_stream(&rows, out);
}

int video_store_stream(struct db_tx *tx, int64_t id, struct video_stream *out)
{
	struct db_rows rows;
	int rc = db_query(
		tx, &rows, "SELECT " STREAM_COLUMNS " FROM stream WHERE id = $1", db_int(id));

	return rc < 0 ? rc : one_stream(&rows, out);
}

int video_store_streams(struct db_tx *tx, int64_t channel,
	int (*each)(void *arg, const struct video_stream *s), void *arg)
{
	struct video_stream stream;
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT " STREAM_COLUMNS " FROM stream WHERE channel = $1 ORDER BY id DESC",
		db_int(channel));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0) {
		read_stream(&rows, &stream);
		stop = each(arg, &stream);
	}
	rc = db_end(&rows);
	return stop ? stop : rc;
}

/* ---- renditions ---- */

#define RENDITION_COLUMNS \
	"id, stream, name, width, height, bitrate, fps_num, fps_den, b_frames, codecs"

static void read_rendition(struct db_rows *rows, struct video_rendition *out)
{
	*out = (struct video_rendition){ .id = db_col_int(rows, 0),
		.stream = db_col_int(rows, 1),
		.width = (uint32_t)db_col_int(rows, 3),
		.height = (uint32_t)db_col_int(rows, 4),
		.bitrate = (uint32_t)db_col_int(rows, 5),
		.fps_num = (uint32_t)db_col_int(rows, 6),
		.fps_den = (uint32_t)db_col_int(rows, 7),
		.b_frames = (uint8_t)db_col_int(rows, 8) };
	copy(out->name, sizeof(out->name), db_col_text(rows, 2));
	copy(out->codecs, sizeof(out->codecs), db_col_text(rows, 9));
}

int video_store_add_rendition(struct db_tx *tx, struct video_rendition *r)
{
	return db_get_int(tx, &r->id,
		"INSERT INTO rendition (stream, name, width, height, bitrate, fps_num, fps_den, "
		"b_frames, codecs)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
		db_int(r->stream), db_str(r->name), db_int(r->width), db_int(r->height),
		db_int(r->bitrate), db_int(r->fps_num), db_int(r->fps_den), db_int(r->b_frames),
		db_str(r->codecs));
}

int video_store_rendition(struct db_tx *tx, int64_t id, struct video_rendition *out)
{
	struct db_rows rows;
	int rc = db_query(
		tx, &rows, "SELECT " RENDITION_COLUMNS " FROM rendition WHERE id = $1", db_int(id));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0)
		read_rendition(&rows, out);
	db_end(&rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

int video_store_renditions(struct db_tx *tx, int64_t stream,
	int (*each)(void *arg, const struct video_rendition *r), void *arg)
{
	struct video_rendition r;
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT " RENDITION_COLUMNS " FROM rendition WHERE stream = $1 ORDER BY id",
		db_int(stream));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0) {
		read_rendition(&rows, &r);
		stop = each(arg, &r);
	}
	rc = db_end(&rows);
	return stop ? stop : rc;
}

/* ---- chunks and raw pieces ---- */

struct pushing {
	struct db_tx *tx;
	int64_t sequence;
	const char *blob;
};

/* The rendition that is passed through comes first: it is cheap, and people wait for it. */
static int push_task(void *arg, const struct video_rendition *r)
{
	struct pushing *p = arg;
	struct strbuf key = { 0 }, payload = { 0 };
	struct json_writer w;
	int rc;

	strbuf_printf(&key, "%lld/%lld", (long long)r->id, (long long)p->sequence);
	json_writer_init(&w, &payload);
	json_open_object(&w);
	json_put_i64(&w, "stream", r->stream);
	json_put_i64(&w, "rendition", r->id);
	json_put_i64(&w, "sequence", p->sequence);
	json_put_str(&w, "chunk", p->blob);
	json_close_object(&w);
	rc = queue_push(p->tx, VIDEO_QUEUE, strbuf_slice(&key), strbuf_slice(&payload),
		r->bitrate ? 0 : 1, 0);
	strbuf_free(&key);
	strbuf_free(&payload);
	return rc;
}

int video_store_add_chunk(struct db_tx *tx, int64_t stream, int64_t sequence, const char *blob_key)
{
	struct pushing p = { tx, sequence, blob_key };
	int rc = db_run(tx, "INSERT INTO chunk (stream, sequence, blob) VALUES ($1, $2, $3)",
		db_int(stream), db_int(sequence), db_str(blob_key));

	if (rc >= 0)
		rc = db_run(tx, "UPDATE stream SET last_sequence = $2 WHERE id = $1",
			db_int(stream), db_int(sequence));
	return rc < 0 ? rc : video_store_renditions(tx, stream, push_task, &p);
}

int video_store_add_raw(
	struct db_tx *tx, int64_t stream, int64_t number, const struct blob_info *blob)
{
	int rc = db_run(tx, "INSERT INTO raw (stream, number, blob, size) VALUES ($1, $2, $3, $4)",
		db_int(stream), db_int(number), db_str(blob->key), db_int((int64_t)blob->size));

	return rc < 0 ? rc : 0;
}

int video_store_raws(struct db_tx *tx, int64_t stream,
	int (*each)(void *arg, int64_t number, struct slice key, int64_t size), void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT number, blob, size FROM raw WHERE stream = $1 ORDER BY number",
		db_int(stream));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = each(arg, db_col_int(&rows, 0), db_col_text(&rows, 1), db_col_int(&rows, 2));
	rc = db_end(&rows);
	return stop ? stop : rc;
}

/* ---- segments ---- */

static int publish_segment(struct db_tx *tx, const struct video_segment *s)
{
	struct strbuf payload = { 0 };
	struct json_writer w;
	int64_t channel = 0;
	char key[24];
	int rc = db_get_int(
		tx, &channel, "SELECT channel FROM stream WHERE id = $1", db_int(s->stream));

	if (rc < 0)
		return rc;
	json_writer_init(&w, &payload);
	json_open_object(&w);
	json_put_i64(&w, "channel", channel);
	json_put_i64(&w, "stream", s->stream);
	json_put_i64(&w, "rendition", s->rendition);
	json_put_i64(&w, "sequence", s->sequence);
	json_close_object(&w);
	snprintf(key, sizeof(key), "%lld", (long long)s->rendition);
	rc = bus_publish(tx, "video.segment", slice_str(key), strbuf_slice(&payload));
	strbuf_free(&payload);
	return rc;
}

int video_store_add_segment(struct db_tx *tx, const struct video_segment *s, const char *codecs)
{
	int rc = db_run(tx,
		"INSERT INTO segment (rendition, sequence, start, duration, date_ms, "
		"discontinuity, gap, blob, size, init,"
		" init_size) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', 0)",
		db_int(s->rendition), db_int(s->sequence), db_int(s->start), db_int(s->duration),
		db_int(s->date_ms), db_int(s->discontinuity), db_int(s->gap), db_str(s->blob),
		db_int(s->size));

	if (rc >= 0)
		rc = db_run(tx,
			"UPDATE segment SET init = $3, init_size = $4 WHERE rendition = $1 AND "
			"sequence = $2",
			db_int(s->rendition), db_int(s->sequence), db_str(s->init),
			db_int(s->init_size));
	if (rc >= 0 && codecs)
		rc = db_run(tx, "UPDATE rendition SET codecs = $2 WHERE id = $1 AND codecs = ''",
			db_int(s->rendition), db_str(codecs));
	return rc < 0 ? rc : publish_segment(tx, s);
}

static void read_segment(struct db_rows *rows, int64_t rendition, struct video_segment *out)
{
	*out = (struct video_segment){ .rendition = rendition,
		.sequence = db_col_int(rows, 0),
		.start = db_col_int(rows, 1),
		.duration = db_col_int(rows, 2),
		.date_ms = db_col_int(rows, 3),
		.discontinuity = db_col_int(rows, 4) != 0,
		.gap = db_col_int(rows, 5) != 0,
		.size = db_col_int(rows, 7),
		.init_size = db_col_int(rows, 9) };
	copy(out->blob, sizeof(out->blob), db_col_text(rows, 6));
	copy(out->init, sizeof(out->init), db_col_text(rows, 8));
}

int video_store_segments(struct db_tx *tx, int64_t rendition, int64_t after, int64_t first_sequence,
	int (*each)(void *arg, const struct video_segment *s), void *arg)
{
	int64_t expected = after >= first_sequence ? after + 1 : first_sequence;
	struct video_segment s;
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT sequence, start, duration, date_ms, discontinuity, gap, blob, size, init, "
		"init_size FROM segment"
		" WHERE rendition = $1 AND sequence >= $2 ORDER BY sequence",
		db_int(rendition), db_int(expected));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0 && db_col_int(&rows, 0) == expected) {
		read_segment(&rows, rendition, &s);
		expected++;
		stop = each(arg, &s);
	}
	rc = db_end(&rows);
	return stop ? stop : rc;
}

int video_store_drop_finished_chunk(
	struct db_tx *tx, int64_t stream, int64_t sequence, char key[BLOB_KEY_MAX + 1])
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"DELETE FROM chunk WHERE stream = $1 AND sequence = $2 AND NOT EXISTS"
		" (SELECT 1 FROM rendition r WHERE r.stream = $1 AND NOT EXISTS"
		"  (SELECT 1 FROM segment s WHERE s.rendition = r.id AND s.sequence = $2)) RETURNING blob",
		db_int(stream), db_int(sequence));

	key[0] = '\0';
	if (rc < 0)
		return rc;
	if (db_next(&rows) > 0)
		copy(key, BLOB_KEY_MAX + 1, db_col_text(&rows, 0));
	return db_end(&rows);
}
