/*
 * store_raw.c: the raw backup of a stream, piece by piece: the table `raw`, and what a stream holds
 * in bytes (store.h). Inside a db_fn; a stream has [video] raw_max / 4 MiB pieces and some, which
 * lists hand out one by one. On a database thread.
 */
#include "store/store.h"

#include "hearth/log.h"
#include "store/store_internal.h"

/* What a stream holds is counted where it is added and where it goes (store_forget.c). */
int video_store_count_bytes(struct db_tx *tx, int64_t stream, int64_t n)
{
	return db_run(tx, "UPDATE stream SET bytes = bytes + $2 WHERE id = $1", db_int(stream),
		db_int(n));
}

int video_store_add_raw(
	struct db_tx *tx, int64_t stream, int64_t number, const struct blob_info *blob)
{
	int rc;

	INVARIANT(stream > 0 && number >= 0 && blob->key[0]);
	rc = db_run(tx, "INSERT INTO raw (stream, number, blob, size) VALUES ($1, $2, $3, $4)",
		db_int(stream), db_int(number), db_str(blob->key), db_int((int64_t)blob->size));
	if (rc >= 0)
		rc = video_store_count_bytes(tx, stream, (int64_t)blob->size);
	return rc < 0 ? rc : 0;
}

int video_store_raw_count(struct db_tx *tx, int64_t stream, int64_t *out)
{
	return db_get_int(tx, out, "SELECT coalesce(max(number) + 1, 0) FROM raw WHERE stream = $1",
		db_int(stream));
}

struct listing {
	int (*each)(void *arg, int64_t number, int64_t size);
	void *arg;
};

static int list_piece(struct db_rows *rows, void *arg)
{
	struct listing *l = arg;

	return l->each(l->arg, db_col_int(rows, 0), db_col_int(rows, 1));
}

int video_store_raws(struct db_tx *tx, int64_t stream,
	int (*each)(void *arg, int64_t number, int64_t size), void *arg)
{
	struct listing l = { each, arg };

	return db_each(tx, list_piece, &l,
		"SELECT number, size FROM raw WHERE stream = $1 ORDER BY number", db_int(stream));
}

int video_store_raw(struct db_tx *tx, int64_t stream, int64_t number, struct blob_info *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows, "SELECT blob, size FROM raw WHERE stream = $1 AND number = $2",
		db_int(stream), db_int(number));

	if (rc < 0)
		return rc;
	video_store_copy(out->key, sizeof(out->key), db_col_text(&rows, 0));
	out->size = (uint64_t)db_col_int(&rows, 1);
	return db_end(&rows);
}

struct blob_listing {
	int (*each)(void *arg, struct slice blob, int64_t size);
	void *arg;
};

static int list_blob(struct db_rows *rows, void *arg)
{
	struct blob_listing *l = arg;

	return l->each(l->arg, db_col_text(rows, 0), db_col_int(rows, 1));
}

int video_store_raw_blobs(struct db_tx *tx, int64_t stream,
	int (*each)(void *arg, struct slice blob, int64_t size), void *arg)
{
	struct blob_listing l = { each, arg };

	return db_each(tx, list_blob, &l,
		"SELECT blob, size FROM raw WHERE stream = $1 ORDER BY number", db_int(stream));
}
