/*
 * store_segment.c: renditions, GOPs, raw pieces and segments; see store.h.
 */
#include "store/store.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/json.h"

#define GOPS_AT_A_TIME "500"

static void copy(char *out, size_t room, struct slice s)
{
	snprintf(out, room, "%.*s", SLICE_ARG(s));
}

/* One row was asked for: 1 becomes 0, and 0 HEARTH_ENOTFOUND. */
static int found(struct db_rows *rows, int next)
{
	int rc = db_end(rows);

	return next > 0 ? 0 : rc < 0 ? rc : HEARTH_ENOTFOUND;
}

/* ---- renditions ---- */

#define RENDITION_COLUMNS                                                             \
	"id, stream, name, width, height, bitrate, fps_num, fps_den, first_sequence," \
	" next_sequence, codecs, shed_until"

static void read_rendition(struct db_rows *rows, struct video_rendition *out)
{
	*out = (struct video_rendition){ .id = db_col_int(rows, 0),
		.stream = db_col_int(rows, 1),
		.width = (uint32_t)db_col_int(rows, 3),
		.height = (uint32_t)db_col_int(rows, 4),
		.bitrate = (uint32_t)db_col_int(rows, 5),
		.fps_num = (uint32_t)db_col_int(rows, 6),
		.fps_den = (uint32_t)db_col_int(rows, 7),
		.first_sequence = db_col_int(rows, 8),
		.next_sequence = db_col_int(rows, 9),
		.shed_until = db_col_int(rows, 11) };
	copy(out->name, sizeof(out->name), db_col_text(rows, 2));
	copy(out->codecs, sizeof(out->codecs), db_col_text(rows, 10));
}

int video_store_set_rendition(struct db_tx *tx, struct video_rendition *r)
{
	return db_get_int(tx, &r->id,
		"INSERT INTO rendition (stream, name, width, height, bitrate, fps_num, fps_den,"
		" first_sequence, next_sequence, codecs)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, '')"
		" ON CONFLICT (stream, name) DO UPDATE SET width = $3, height = $4, bitrate = $5,"
		" fps_num = $6, fps_den = $7 RETURNING id",
		db_int(r->stream), db_str(r->name), db_int(r->width), db_int(r->height),
		db_int(r->bitrate), db_int(r->fps_num), db_int(r->fps_den),
		db_int(r->first_sequence));
}

int video_store_shed(struct db_tx *tx, int64_t rendition, int64_t until_ms)
{
	int rc = db_run(tx, "UPDATE rendition SET shed_until = $2 WHERE id = $1", db_int(rendition),
		db_int(until_ms));

	return rc < 0 ? rc : 0;
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
	return found(&rows, rc);
}

int video_store_renditions(struct db_tx *tx, int64_t stream, video_rendition_fn *each, void *arg)
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

/* ---- GOPs ---- */

struct pushing {
	struct db_tx *tx;
	int64_t sequence;
};

static int push_task(void *arg, const struct video_rendition *r)
{
	struct pushing *p = arg;
	struct strbuf payload = { 0 };
	struct json_writer w;
	char key[48];
	int rc;

	snprintf(key, sizeof(key), "%lld/%lld", (long long)r->id, (long long)p->sequence);
	json_writer_init(&w, &payload);
	json_open_object(&w);
	json_put_i64(&w, "stream", r->stream);
	json_put_i64(&w, "rendition", r->id);
	json_put_i64(&w, "sequence", p->sequence);
	json_close_object(&w);
	rc = queue_push(p->tx, r->bitrate ? VIDEO_QUEUE_TRANSCODE : VIDEO_QUEUE_PACKAGE,
		slice_str(key), strbuf_slice(&payload), 0, 0);
	strbuf_free(&payload);
	return rc;
}

int video_store_add_gop(struct db_tx *tx, const struct video_gop *c, int64_t now_ms)
{
	struct pushing p = { tx, c->sequence };
	int rc = db_run(tx,
		"INSERT INTO chunk (stream, sequence, start, duration, date_ms, epoch, blob,"
		" finished_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
		db_int(c->stream), db_int(c->sequence), db_int(c->start), db_int(c->duration),
		db_int(c->date_ms), db_int(c->epoch), db_str(c->blob));

	if (rc >= 0)
		rc = db_run(tx,
			"UPDATE stream SET last_sequence = $2, last_at = $3, line_end = $4,"
			" epoch = $5, target_s = $6 WHERE id = $1",
			db_int(c->stream), db_int(c->sequence), db_int(now_ms),
			db_int(c->start + c->duration), db_int(c->epoch), db_int(c->target_s));
	return rc < 0 ? rc : video_store_renditions(tx, c->stream, push_task, &p);
}

int video_store_gop(struct db_tx *tx, int64_t stream, int64_t sequence, struct video_gop *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT start, duration, date_ms, epoch, blob FROM chunk"
		" WHERE stream = $1 AND sequence = $2",
		db_int(stream), db_int(sequence));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0) {
		*out = (struct video_gop){ .stream = stream,
			.sequence = sequence,
			.start = db_col_int(&rows, 0),
			.duration = db_col_int(&rows, 1),
			.date_ms = db_col_int(&rows, 2),
			.epoch = db_col_int(&rows, 3) };
		copy(out->blob, sizeof(out->blob), db_col_text(&rows, 4));
	}
	return found(&rows, rc);
}

int video_store_finish_gop(struct db_tx *tx, int64_t stream, int64_t sequence, int64_t now_ms)
{
	int rc = db_run(tx,
		"UPDATE chunk SET finished_at = $3 WHERE stream = $1 AND sequence = $2 AND NOT "
		"EXISTS"
		" (SELECT 1 FROM rendition r WHERE r.stream = $1 AND r.first_sequence <= $2"
		"  AND NOT EXISTS (SELECT 1 FROM segment s WHERE s.rendition = r.id AND s.sequence "
		"= $2))",
		db_int(stream), db_int(sequence), db_int(now_ms));

	return rc < 0 ? rc : 0;
}

int video_store_finished_gops(
	struct db_tx *tx, int64_t before_ms, int (*each)(void *arg, struct slice blob), void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT blob FROM chunk WHERE finished_at > 0 AND finished_at < $1"
		" LIMIT " GOPS_AT_A_TIME,
		db_int(before_ms));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = each(arg, db_col_text(&rows, 0));
	rc = db_end(&rows);
	return stop ? stop : rc;
}

int video_store_forget_gop(struct db_tx *tx, struct slice blob, int64_t before_ms)
{
	int rc = db_run(tx,
		"DELETE FROM chunk WHERE blob = $1 AND finished_at > 0 AND finished_at < $2",
		db_text(blob), db_int(before_ms));

	return rc < 0 ? rc : 0;
}

/* ---- raw pieces ---- */

/* What a stream holds is counted where it is added and where it goes (store_forget.c). */
static int count_bytes(struct db_tx *tx, int64_t stream, int64_t n)
{
	return db_run(tx, "UPDATE stream SET bytes = bytes + $2 WHERE id = $1", db_int(stream),
		db_int(n));
}

int video_store_add_raw(
	struct db_tx *tx, int64_t stream, int64_t number, const struct blob_info *blob)
{
	int rc = db_run(tx, "INSERT INTO raw (stream, number, blob, size) VALUES ($1, $2, $3, $4)",
		db_int(stream), db_int(number), db_str(blob->key), db_int((int64_t)blob->size));

	if (rc >= 0)
		rc = count_bytes(tx, stream, (int64_t)blob->size);
	return rc < 0 ? rc : 0;
}

int video_store_raw_count(struct db_tx *tx, int64_t stream, int64_t *out)
{
	return db_get_int(tx, out, "SELECT coalesce(max(number) + 1, 0) FROM raw WHERE stream = $1",
		db_int(stream));
}

int video_store_raws(struct db_tx *tx, int64_t stream,
	int (*each)(void *arg, int64_t number, int64_t size), void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT number, size FROM raw WHERE stream = $1 ORDER BY number", db_int(stream));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = each(arg, db_col_int(&rows, 0), db_col_int(&rows, 1));
	rc = db_end(&rows);
	return stop ? stop : rc;
}

int video_store_raw(struct db_tx *tx, int64_t stream, int64_t number, struct blob_info *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows, "SELECT blob, size FROM raw WHERE stream = $1 AND number = $2",
		db_int(stream), db_int(number));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0) {
		copy(out->key, sizeof(out->key), db_col_text(&rows, 0));
		out->size = (uint64_t)db_col_int(&rows, 1);
	}
	return found(&rows, rc);
}

/* ---- segments ---- */

int video_store_tell(struct db_tx *tx, const struct video_segment *s)
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

/* The number of these bytes, given when they are new to the rendition. */
static int init_number(struct db_tx *tx, int64_t rendition, struct slice bytes, int64_t *out)
{
	int rc = db_get_int(tx, out,
		"SELECT id FROM init WHERE rendition = $1 AND bytes = $2 ORDER BY id LIMIT 1",
		db_int(rendition), db_bytes(bytes));

	if (rc == HEARTH_ENOTFOUND)
		rc = db_get_int(tx, out,
			"INSERT INTO init (rendition, bytes) VALUES ($1, $2) RETURNING id",
			db_int(rendition), db_bytes(bytes));
	return rc;
}

/* All segments that follow each other from the beginning can be listed: moves that mark on. */
static int move_next(struct db_tx *tx, int64_t rendition)
{
	int rc;

	do {
		rc = db_run(tx,
			"UPDATE rendition SET next_sequence = next_sequence + 1 WHERE id = $1 AND "
			"EXISTS"
			" (SELECT 1 FROM segment s WHERE s.rendition = $1"
			"  AND s.sequence = rendition.next_sequence)",
			db_int(rendition));
	} while (rc > 0);
	return rc;
}

int video_store_add_segment(
	struct db_tx *tx, const struct video_segment *s, struct slice init, const char *codecs)
{
	int64_t number = 0;
	int rc = init.n ? init_number(tx, s->rendition, init, &number) : 0;

	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO segment (rendition, sequence, start, duration, date_ms, epoch,"
			" size, init, blob) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
			db_int(s->rendition), db_int(s->sequence), db_int(s->start),
			db_int(s->duration), db_int(s->date_ms), db_int(s->epoch), db_int(s->size),
			db_int(number), db_str(s->blob));
	if (rc >= 0)
		rc = count_bytes(tx, s->stream, s->size);
	if (rc >= 0)
		rc = move_next(tx, s->rendition);
	if (rc >= 0 && codecs[0])
		rc = db_run(tx, "UPDATE rendition SET codecs = $2 WHERE id = $1 AND codecs <> $2",
			db_int(s->rendition), db_str(codecs));
	return rc < 0 ? rc : video_store_tell(tx, s);
}

#define SEGMENT_COLUMNS "rendition, sequence, start, duration, date_ms, epoch, size, init, blob"

static void read_segment(struct db_rows *rows, struct video_segment *out)
{
	*out = (struct video_segment){ .rendition = db_col_int(rows, 0),
		.sequence = db_col_int(rows, 1),
		.start = db_col_int(rows, 2),
		.duration = db_col_int(rows, 3),
		.date_ms = db_col_int(rows, 4),
		.epoch = db_col_int(rows, 5),
		.size = db_col_int(rows, 6),
		.init = db_col_int(rows, 7) };
	copy(out->blob, sizeof(out->blob), db_col_text(rows, 8));
}

int video_store_segments(struct db_tx *tx, const struct video_rendition *r, int64_t after,
	int (*each)(void *arg, const struct video_segment *s), void *arg)
{
	struct video_segment s;
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT " SEGMENT_COLUMNS " FROM segment"
		" WHERE rendition = $1 AND sequence > $2 AND sequence < $3 ORDER BY sequence DESC",
		db_int(r->id), db_int(after), db_int(r->next_sequence));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0) {
		read_segment(&rows, &s);
		stop = each(arg, &s);
	}
	rc = db_end(&rows);
	return stop < 0 ? stop : rc;
}

int video_store_inits(struct db_tx *tx, int64_t rendition, int64_t after,
	int (*each)(void *arg, int64_t number, struct slice bytes), void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT id, bytes FROM init WHERE rendition = $1 AND id > $2 ORDER BY id",
		db_int(rendition), db_int(after));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = each(arg, db_col_int(&rows, 0), db_col_bytes(&rows, 1));
	rc = db_end(&rows);
	return stop ? stop : rc;
}

int video_store_old_segment(struct db_tx *tx, int64_t channel, struct slice rendition,
	int64_t sequence, struct video_segment *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " SEGMENT_COLUMNS " FROM segment WHERE sequence = $3 AND init > 0"
		" AND rendition = (SELECT r.id FROM rendition r JOIN stream s ON s.id = r.stream"
		"  WHERE s.channel = $1 AND s.first_sequence <= $3 AND s.last_sequence >= $3"
		"  AND (s.deleted = 0 OR EXISTS (SELECT 1 FROM stream f WHERE f.channel = $1"
		"   AND f.follows = s.id AND f.ended_at = 0))"
		"  AND r.name = $2 AND r.next_sequence > $3)",
		db_int(channel), db_text(rendition), db_int(sequence));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0)
		read_segment(&rows, out);
	return found(&rows, rc);
}

int video_store_old_init(
	struct db_tx *tx, int64_t channel, struct slice rendition, int64_t number, struct buf **out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT i.bytes FROM init i JOIN rendition r ON r.id = i.rendition"
		" JOIN stream s ON s.id = r.stream WHERE i.id = $3 AND s.channel = $1 AND r.name = "
		"$2",
		db_int(channel), db_text(rendition), db_int(number));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0)
		*out = buf_copy(db_col_bytes(&rows, 0));
	return found(&rows, rc);
}
