/*
 * store_forget.c: what is left of a channel whose account was deleted, until all of it is gone; and
 * whether a row names a blob. On a database thread; blobs come in batches as large as the caller
 * says, the rest of a channel goes in one transaction once no blob is left.
 */
#include "store/store.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/log.h"

int video_store_is_forgotten(struct db_tx *tx, int64_t account)
{
	int64_t n = 0;
	int rc = db_get_int(
		tx, &n, "SELECT count(*) FROM forgotten WHERE account = $1", db_int(account));

	return rc == 0 && n ? HEARTH_ENOTFOUND : rc;
}

int video_store_forget(struct db_tx *tx, int64_t account, int64_t *channel)
{
	char nobody[32];
	int rc;

	INVARIANT(account > 0);
	rc = db_run(tx, "INSERT INTO forgotten (account) VALUES ($1) ON CONFLICT DO NOTHING",
		db_int(account));

	*channel = 0;
	if (rc >= 0)
		rc = db_get_int(
			tx, channel, "SELECT id FROM channel WHERE account = $1", db_int(account));
	if (rc == 0 || rc == HEARTH_ENOTFOUND) {
		int removed =
			db_run(tx, "DELETE FROM preference WHERE account = $1", db_int(account));

		rc = removed < 0 ? removed : rc;
	}
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	/* No name or key that anybody can ask for begins with a space. */
	snprintf(nobody, sizeof(nobody), " %lld", (long long)*channel);
	rc = db_run(tx, "UPDATE channel SET account = $2, name = $3, key = $3 WHERE id = $1",
		db_int(*channel), db_int(-account), db_str(nobody));
	return rc < 0 ? rc : 0;
}

int video_store_unfinished(struct db_tx *tx, int64_t channel, int64_t *out)
{
	return db_get_int(tx, out,
		"SELECT (SELECT count(*) FROM stream WHERE channel = $1 AND ended_at = 0)"
		" + (SELECT count(*) FROM chunk c JOIN stream s ON s.id = c.stream"
		"  WHERE s.channel = $1 AND c.finished_at = 0)",
		db_int(channel));
}

/* By enum video_blob_kind. */
static const char *const find_blobs[] = {
	"SELECT r.stream, r.number, r.blob FROM raw r JOIN stream s ON s.id = r.stream"
	" WHERE s.channel = $1 AND (r.stream > $2 OR (r.stream = $2 AND r.number > $3))"
	" ORDER BY r.stream, r.number LIMIT $4",
	"SELECT c.stream, c.sequence, c.blob FROM chunk c JOIN stream s ON s.id = c.stream"
	" WHERE s.channel = $1 AND (c.stream > $2 OR (c.stream = $2 AND c.sequence > $3))"
	" ORDER BY c.stream, c.sequence LIMIT $4",
	"SELECT g.rendition, g.sequence, g.blob FROM segment g"
	" JOIN rendition r ON r.id = g.rendition JOIN stream s ON s.id = r.stream"
	" WHERE s.channel = $1 AND g.blob <> ''"
	" AND (g.rendition > $2 OR (g.rendition = $2 AND g.sequence > $3))"
	" ORDER BY g.rendition, g.sequence LIMIT $4",
};

static const char *const uncount_blob[] = {
	"UPDATE stream SET bytes = bytes - coalesce("
	"(SELECT size FROM raw WHERE stream = $1 AND number = $2), 0) WHERE id = $1",
	NULL, /* GOPs are not counted: they are on their way */
	"UPDATE stream SET bytes = bytes - coalesce("
	"(SELECT size FROM segment WHERE rendition = $1 AND sequence = $2), 0)"
	" WHERE id = (SELECT stream FROM rendition WHERE id = $1)",
};

static const char *const forget_blob[] = {
	"DELETE FROM raw WHERE stream = $1 AND number = $2",
	"DELETE FROM chunk WHERE stream = $1 AND sequence = $2",
	"DELETE FROM segment WHERE rendition = $1 AND sequence = $2",
};

int video_store_blobs(struct db_tx *tx, int64_t channel, const struct video_blob *after, int max,
	struct video_blob *out)
{
	struct db_rows rows;
	int n = 0, rc;

	INVARIANT(after->kind <= VIDEO_BLOB_SEGMENT && channel > 0 && max > 0);
	rc = db_query(tx, &rows, find_blobs[after->kind], db_int(channel), db_int(after->owner),
		db_int(after->number), db_int(max));

	while (rc >= 0 && n < max && (rc = db_next(&rows)) > 0) {
		out[n] = (struct video_blob){ .kind = after->kind,
			.owner = db_col_int(&rows, 0),
			.number = db_col_int(&rows, 1) };
		snprintf(out[n].key, sizeof(out[n].key), "%.*s", SLICE_ARG(db_col_text(&rows, 2)));
		n++;
	}
	db_end(&rows);
	return rc < 0 ? rc : n;
}

int video_store_blob_named(struct db_tx *tx, const char *key)
{
	static const char gops[] = "SELECT count(*) FROM chunk WHERE blob = $1",
			  segments[] = "SELECT count(*) FROM segment WHERE blob = $1",
			  raw[] = "SELECT count(*) FROM raw WHERE blob = $1 AND stream = $2";
	struct slice k = slice_str(key);
	int64_t n = 0, more = 0;
	long long stream;
	int rc = 0;

	/* Raw pieces are named by their stream; keys without a scope are of before they had any. */
	if (sscanf(key, "video/%*d/%lld/raw/", &stream) == 1)
		rc = db_get_int(tx, &n, raw, db_text(k), db_int(stream));
	else {
		if (!slice_starts(k, SLICE(VIDEO_SEGMENTS)))
			rc = db_get_int(tx, &n, gops, db_text(k));
		if (rc == 0 && !slice_starts(k, SLICE(VIDEO_GOPS)))
			rc = db_get_int(tx, &more, segments, db_text(k));
	}
	return rc < 0 ? rc : n + more > 0;
}

int video_store_forget_blob(struct db_tx *tx, const struct video_blob *b)
{
	const char *uncount;
	int rc;

	INVARIANT(b->kind <= VIDEO_BLOB_SEGMENT && b->owner > 0);
	uncount = uncount_blob[b->kind];
	rc = uncount ? db_run(tx, uncount, db_int(b->owner), db_int(b->number)) : 0;

	if (rc >= 0)
		rc = db_run(tx, forget_blob[b->kind], db_int(b->owner), db_int(b->number));
	return rc < 0 ? rc : blob_release(tx, b->key, 0);
}

int video_store_forget_channel(struct db_tx *tx, int64_t channel)
{
	static const char *const statements[] = {
		"DELETE FROM segment WHERE rendition IN (SELECT r.id FROM rendition r"
		" JOIN stream s ON s.id = r.stream WHERE s.channel = $1)",
		"DELETE FROM init WHERE rendition IN (SELECT r.id FROM rendition r"
		" JOIN stream s ON s.id = r.stream WHERE s.channel = $1)",
		"DELETE FROM rendition WHERE stream IN (SELECT id FROM stream WHERE channel = $1)",
		"DELETE FROM stream WHERE channel = $1",
		"DELETE FROM channel WHERE id = $1",
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && rc >= 0; i++)
		rc = db_run(tx, statements[i], db_int(channel));
	return rc < 0 ? rc : 0;
}
