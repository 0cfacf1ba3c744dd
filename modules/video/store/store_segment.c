/*
 * store_segment.c: segments, made and listed, what stands before them, and the event that tells of
 * them: the tables `segment` and `init` (store.h). Inside a db_fn; lists hand out one row after the
 * other, and their callers stop where the window ends; all else is one row and one event. On a database
 * thread; on the writer where something is made.
 */
#include "store/store.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/log.h"
#include "store/store_internal.h"

int video_store_tell(struct db_tx *tx, const struct video_segment *s)
{
	struct strbuf payload = { 0 };
	struct json_writer w;
	int64_t channel = 0;
	char key[24];
	int rc;

	INVARIANT(s->stream > 0 && (s->rendition > 0) == (s->sequence > 0));
	rc = db_get_int(
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
	int rc;

	INVARIANT(s->stream > 0 && s->rendition > 0 && s->sequence > 0 && s->duration > 0);
	INVARIANT((init.n > 0) == (s->blob[0] != '\0')); /* a gap has neither */
	rc = init.n ? init_number(tx, s->rendition, init, &number) : 0;
	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO segment (rendition, sequence, start, duration, date_ms, epoch,"
			" size, init, blob) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
			db_int(s->rendition), db_int(s->sequence), db_int(s->start),
			db_int(s->duration), db_int(s->date_ms), db_int(s->epoch), db_int(s->size),
			db_int(number), db_str(s->blob));
	if (rc >= 0)
		rc = video_store_count_bytes(tx, s->stream, s->size);
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
	video_store_copy(out->blob, sizeof(out->blob), db_col_text(rows, 8));
}

struct listing {
	int (*each)(void *arg, const struct video_segment *s);
	void *arg;
};

static int list_segment(struct db_rows *rows, void *arg)
{
	struct listing *l = arg;
	struct video_segment s;

	read_segment(rows, &s);
	return l->each(l->arg, &s);
}

int video_store_segments(struct db_tx *tx, const struct video_rendition *r, int64_t after,
	int (*each)(void *arg, const struct video_segment *s), void *arg)
{
	struct listing l = { each, arg };
	int rc = db_each(tx, list_segment, &l,
		"SELECT " SEGMENT_COLUMNS " FROM segment"
		" WHERE rendition = $1 AND sequence > $2 AND sequence < $3 ORDER BY sequence DESC",
		db_int(r->id), db_int(after), db_int(r->next_sequence));

	return rc < 0 ? rc : 0;
}

struct init_listing {
	int (*each)(void *arg, int64_t number, struct slice bytes);
	void *arg;
};

static int list_one_init(struct db_rows *rows, void *arg)
{
	struct init_listing *l = arg;

	return l->each(l->arg, db_col_int(rows, 0), db_col_bytes(rows, 1));
}

int video_store_inits(struct db_tx *tx, int64_t rendition, int64_t after,
	int (*each)(void *arg, int64_t number, struct slice bytes), void *arg)
{
	struct init_listing l = { each, arg };

	return db_each(tx, list_one_init, &l,
		"SELECT id, bytes FROM init WHERE rendition = $1 AND id > $2 ORDER BY id",
		db_int(rendition), db_int(after));
}

int video_store_old_segment(struct db_tx *tx, int64_t channel, struct slice rendition,
	int64_t sequence, struct video_segment *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT " SEGMENT_COLUMNS " FROM segment WHERE sequence = $3 AND init > 0"
		" AND rendition = (SELECT r.id FROM rendition r JOIN stream s ON s.id = r.stream"
		"  WHERE s.channel = $1 AND s.first_sequence <= $3 AND s.last_sequence >= $3"
		"  AND (s.deleted = 0 OR EXISTS (SELECT 1 FROM stream f WHERE f.channel = $1"
		"   AND f.follows = s.id AND f.ended_at = 0))"
		"  AND r.name = $2 AND r.next_sequence > $3)",
		db_int(channel), db_text(rendition), db_int(sequence));

	if (rc < 0)
		return rc;
	read_segment(&rows, out);
	return db_end(&rows);
}

int video_store_old_init(
	struct db_tx *tx, int64_t channel, struct slice rendition, int64_t number, struct buf **out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT i.bytes FROM init i JOIN rendition r ON r.id = i.rendition"
		" JOIN stream s ON s.id = r.stream WHERE i.id = $3 AND s.channel = $1 AND r.name = "
		"$2",
		db_int(channel), db_text(rendition), db_int(number));

	if (rc < 0)
		return rc;
	*out = buf_copy(db_col_bytes(&rows, 0));
	return db_end(&rows);
}
