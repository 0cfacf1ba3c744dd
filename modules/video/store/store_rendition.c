/*
 * store_rendition.c: the qualities a stream is made in: the table `rendition` (store.h). Inside a
 * db_fn; a stream has UPLOAD_RENDITIONS_MAX of them at most. On a database thread.
 */
#include "store/store.h"

#include "hearth/log.h"
#include "store/store_internal.h"

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
	video_store_copy(out->name, sizeof(out->name), db_col_text(rows, 2));
	video_store_copy(out->codecs, sizeof(out->codecs), db_col_text(rows, 10));
}

int video_store_set_rendition(struct db_tx *tx, struct video_rendition *r)
{
	INVARIANT(r->stream > 0 && r->name[0] && r->first_sequence > 0);
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
	int rc = db_one(
		tx, &rows, "SELECT " RENDITION_COLUMNS " FROM rendition WHERE id = $1", db_int(id));

	if (rc < 0)
		return rc;
	read_rendition(&rows, out);
	return db_end(&rows);
}

struct listing {
	video_rendition_fn *each;
	void *arg;
};

static int list_rendition(struct db_rows *rows, void *arg)
{
	struct listing *l = arg;
	struct video_rendition r;

	read_rendition(rows, &r);
	return l->each(l->arg, &r);
}

int video_store_renditions(struct db_tx *tx, int64_t stream, video_rendition_fn *each, void *arg)
{
	struct listing l = { each, arg };

	return db_each(tx, list_rendition, &l,
		"SELECT " RENDITION_COLUMNS " FROM rendition WHERE stream = $1 ORDER BY id",
		db_int(stream));
}
