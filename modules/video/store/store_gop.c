/*
 * store_gop.c: GOPs on their way to the workers, and the tasks that bring them there: the table
 * `chunk` and the queues of store.h. Inside a db_fn; GOPS_AT_A_TIME bounds what is found at once.
 */
#include "store/store.h"

#include <stdio.h>

#include "hearth/json.h"
#include "hearth/log.h"
#include "store/store_internal.h"

#define GOPS_AT_A_TIME "500"

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

int video_store_add_gop(struct db_tx *tx, const struct video_gop *g, int64_t now_ms)
{
	struct pushing p = { tx, g->sequence };
	int rc;

	INVARIANT(g->stream > 0 && g->sequence > 0 && g->blob[0]);
	INVARIANT(g->start >= 0 && g->duration > 0 && g->target_s > 0);
	rc = db_run(tx,
		"INSERT INTO chunk (stream, sequence, start, duration, date_ms, epoch, blob,"
		" finished_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
		db_int(g->stream), db_int(g->sequence), db_int(g->start), db_int(g->duration),
		db_int(g->date_ms), db_int(g->epoch), db_str(g->blob));
	if (rc >= 0)
		rc = db_run(tx,
			"UPDATE stream SET last_sequence = $2, last_at = $3, line_end = $4,"
			" epoch = $5, target_s = $6 WHERE id = $1",
			db_int(g->stream), db_int(g->sequence), db_int(now_ms),
			db_int(g->start + g->duration), db_int(g->epoch), db_int(g->target_s));
	return rc < 0 ? rc : video_store_renditions(tx, g->stream, push_task, &p);
}

int video_store_gop(struct db_tx *tx, int64_t stream, int64_t sequence, struct video_gop *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT start, duration, date_ms, epoch, blob FROM chunk"
		" WHERE stream = $1 AND sequence = $2",
		db_int(stream), db_int(sequence));

	if (rc < 0)
		return rc;
	*out = (struct video_gop){ .stream = stream,
		.sequence = sequence,
		.start = db_col_int(&rows, 0),
		.duration = db_col_int(&rows, 1),
		.date_ms = db_col_int(&rows, 2),
		.epoch = db_col_int(&rows, 3) };
	video_store_copy(out->blob, sizeof(out->blob), db_col_text(&rows, 4));
	return db_end(&rows);
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

struct finding {
	int (*each)(void *arg, struct slice blob);
	void *arg;
};

static int find_blob(struct db_rows *rows, void *arg)
{
	struct finding *f = arg;

	return f->each(f->arg, db_col_text(rows, 0));
}

int video_store_finished_gops(
	struct db_tx *tx, int64_t before_ms, int (*each)(void *arg, struct slice blob), void *arg)
{
	struct finding f = { each, arg };

	return db_each(tx, find_blob, &f,
		"SELECT blob FROM chunk WHERE finished_at > 0 AND finished_at < $1"
		" LIMIT " GOPS_AT_A_TIME,
		db_int(before_ms));
}

int video_store_forget_gop(struct db_tx *tx, struct slice blob, int64_t before_ms)
{
	int rc = db_run(tx,
		"DELETE FROM chunk WHERE blob = $1 AND finished_at > 0 AND finished_at < $2",
		db_text(blob), db_int(before_ms));

	return rc < 0 ? rc : 0;
}
