/*
 * get.c: getting a blob, whole or a part of it, and its size.
 *
 *	in memory? ─▶ answered
 *	row, on a reader of the database ─▶ packed: answered
 *	                                 └▶ file, on a worker ─▶ answered
 *
 * What lies in the row, and a file of up to BLOB_RECENT_MAX, is read whole and checked by its
 * SHA-256, also for a part of it: the rest will be asked for soon and is kept in memory. Of a
 * larger file only the blocks that the range touches are read, each checked by its CRC.
 */
#include "blob/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"

struct get {
	struct blob_store *store;
	blob_get_fn *done;
	void *arg;
	char key[BLOB_KEY_MAX + 1];
	uint64_t offset;
	size_t length;
	struct blob_row row; /* without `stored`, once it was found to be a file */
	struct buf *bytes;   /* the answer, owned */
	int status;
};

/* ---- reading: on a reader of the database or on a worker ---- */

/* The part that was asked for, of the whole blob; takes over `whole`. */
static struct buf *part_of(const struct get *g, struct buf *whole)
{
	size_t from = g->offset < whole->n ? (size_t)g->offset : whole->n;
	size_t n = whole->n - from < g->length ? whole->n - from : g->length;
	struct buf *part;

	if (n == whole->n)
		return whole;
	part = buf_part(whole, from, n);
	buf_unref(&whole);
	return part;
}

/* Checks a whole blob; the answer, or `whole` released and HEARTH_ECORRUPT. */
static int take_whole(struct get *g, struct blob_codec *codec, struct buf *whole)
{
	unsigned char hash[BLOB_HASH];

	blob_codec_hash(codec, buf_slice(whole), hash);
	if (memcmp(hash, g->row.hash, BLOB_HASH) != 0) {
		buf_unref(&whole);
		return HEARTH_ECORRUPT;
	}
	blob_recent_put(g->store->recent, g->key, whole);
	g->bytes = part_of(g, whole);
	return 0;
}

static int read_packed(struct get *g)
{
	struct blob_codec *codec;
	struct buf *whole;
	int rc;

	INVARIANT(!g->bytes);
	if (g->row.info.size > BLOB_BLOCK)
		return HEARTH_ECORRUPT;
	codec = blob_codec_take(g->store->codecs);
	whole = buf_alloc((size_t)g->row.info.size);
	rc = blob_codec_unpack(codec, g->row.stored, buf_data(whole), whole->n);
	if (rc == 0)
		rc = take_whole(g, codec, whole);
	else
		buf_unref(&whole);
	blob_codec_give(g->store->codecs, &codec);
	return rc;
}

static int read_file(struct get *g)
{
	struct blob_store *s = g->store;
	uint64_t size = g->row.info.size;
	bool whole = size <= BLOB_RECENT_MAX || (g->offset == 0 && g->length >= size);
	struct blob_codec *codec;
	struct buf *bytes;
	int rc = s->engine->read(s->objects, s->codecs, g->row.file, size, whole ? 0 : g->offset,
		whole ? (size_t)size : g->length, &bytes);

	if (rc < 0)
		return rc;
	if (!whole) {
		g->bytes = bytes;
		return 0;
	}
	codec = blob_codec_take(s->codecs);
	rc = take_whole(g, codec, bytes);
	blob_codec_give(s->codecs, &codec);
	return rc;
}

/* In a db_fn: finds the row, and reads what is packed in it. Sets `bytes` or row.file. */
static int read_row(struct db_tx *tx, void *arg)
{
	struct get *g = arg;
	struct db_rows rows;
	int rc;

	buf_unref(&g->bytes);
	rc = blob_row_find(tx, &rows, g->key, &g->row);
	if (rc < 0)
		return rc;
	if (!g->row.file[0])
		rc = read_packed(g);
	db_end(&rows);
	g->row.stored = slice_of(NULL, 0);
	return rc;
}

/*
 * Reads the file the row named. When there is none, somebody put the same bytes anew or deleted
 * them after the row was read, and the row of now tells; only if it still names that file is
 * something wrong.
 */
static int read_file_of_row(struct get *g)
{
	for (;;) {
		char tried[BLOB_OBJECT_NAME];
		int rc = read_file(g);

		if (rc != HEARTH_ENOTFOUND)
			return rc;
		memcpy(tried, g->row.file, sizeof(tried));
		rc = db_read_wait(g->store->db, read_row, g);
		if (rc < 0 || g->bytes)
			return rc;
		if (strcmp(tried, g->row.file) == 0)
			return HEARTH_ECORRUPT;
	}
}

static void report(struct get *g)
{
	metric_add(g->store->get_count, 1);
	if (g->status != HEARTH_ECORRUPT)
		return;
	metric_add(g->store->corrupt, 1);
	log_error("blob", "blob damaged: checksum mismatch", "key", "%s", g->key, NULL);
}

/* ---- from an executor ---- */

/* On the executor that asked; frees the get. */
static void answer(struct get *g)
{
	struct blob_store *s = g->store;

	INVARIANT(g->status == 0 ? g->bytes != NULL : g->status < 0);
	report(g);
	g->done(g->arg, g->status, g->bytes);
	free(g);
	atomic_fetch_sub(&s->calls, 1);
}

static void answer_recent(void *arg)
{
	answer(arg);
}

static void file_job(void *arg)
{
	struct get *g = arg;

	g->status = read_file_of_row(g);
	blob_job_over(g->store);
}

static void file_done(void *arg, int status)
{
	(void)status;
	answer(arg);
}

static void row_done(void *arg, int status)
{
	struct get *g = arg;

	if (status == 0 && !g->bytes) {
		status = blob_job(g->store, file_job, file_done, g);
		if (status == 0)
			return; /* it is the worker's now */
	}
	g->status = status;
	answer(g);
}

static int get_init(
	struct get *g, struct blob_store *s, const char *key, uint64_t offset, size_t length)
{
	if (!blob_key_valid(key) || length > BLOB_GET_MAX)
		return HEARTH_EINVAL;
	g->store = s;
	g->offset = offset;
	g->length = length;
	snprintf(g->key, sizeof(g->key), "%s", key);
	return 0;
}

/* Looks in memory; true when the answer is there. */
static bool get_recent(struct get *g)
{
	struct buf *whole = blob_recent_get(g->store->recent, g->key);

	if (!whole)
		return false;
	metric_add(g->store->get_recent, 1);
	g->bytes = part_of(g, whole);
	return true;
}

int blob_get(struct blob_store *s, const char *key, uint64_t offset, size_t length,
	blob_get_fn *done, void *arg)
{
	struct get *g = mem_zalloc(sizeof(*g));
	int rc = get_init(g, s, key, offset, length);

	INVARIANT(exec_current());
	g->done = done;
	g->arg = arg;
	atomic_fetch_add(&s->calls, 1);
	if (rc == 0 && get_recent(g)) {
		exec_post(exec_current(), answer_recent, g);
		return 0;
	}
	if (rc == 0)
		rc = db_read(s->db, read_row, row_done, g);
	if (rc < 0) {
		free(g);
		atomic_fetch_sub(&s->calls, 1);
	}
	return rc;
}

struct buf *blob_at_hand(struct blob_store *s, const char *key)
{
	struct buf *whole = blob_recent_share(s->recent, key);

	if (whole) {
		metric_add(s->get_count, 1);
		metric_add(s->get_recent, 1);
	}
	return whole;
}

/* ---- waiting ---- */

int blob_get_wait(
	struct blob_store *s, const char *key, uint64_t offset, size_t length, struct buf **out)
{
	struct get g = { 0 };
	int rc = get_init(&g, s, key, offset, length);

	*out = NULL;
	if (rc < 0)
		return rc;
	if (!get_recent(&g))
		g.status = db_read_wait(s->db, read_row, &g);
	if (g.status == 0 && !g.bytes)
		g.status = read_file_of_row(&g);
	report(&g);
	*out = g.bytes;
	return g.status;
}

static int read_info(struct db_tx *tx, void *arg)
{
	struct blob_info *info = arg;
	struct blob_row row;
	struct db_rows rows;
	int rc = blob_row_find(tx, &rows, info->key, &row);

	if (rc < 0)
		return rc;
	info->size = row.info.size;
	db_end(&rows);
	return 0;
}

int blob_stat_wait(struct blob_store *s, const char *key, struct blob_info *info)
{
	if (!blob_key_valid(key))
		return HEARTH_EINVAL;
	snprintf(info->key, sizeof(info->key), "%s", key);
	return db_read_wait(s->db, read_info, info);
}
