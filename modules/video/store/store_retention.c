/*
 * store_retention.c: how much a channel holds, and what of it is old. On a database thread; batches
 * as large as the caller says.
 */
#include "store/store.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/log.h"

int video_store_used(struct db_tx *tx, int64_t channel, int64_t *out)
{
	return db_get_int(tx, out, "SELECT coalesce(sum(bytes), 0) FROM stream WHERE channel = $1",
		db_int(channel));
}

/* Deleted by its owner, and no stream that goes on lists it. */
#define UNWANTED                                                                           \
	"s.deleted = 1 AND NOT EXISTS (SELECT 1 FROM stream f WHERE f.channel = s.channel" \
	" AND f.follows = s.id AND f.ended_at = 0)"
#define STAYING "8" /* segments of a stream that goes on, however old: they are listed */

int video_store_expired(struct db_tx *tx, enum video_blob_kind kind, int64_t before_ms, int max,
	struct video_blob *out)
{
	/* What was deleted stands last: it may be too young for the blob store, and is not to hold
	 * up what is old. */
	static const char *const find[] = {
		[VIDEO_BLOB_RAW] = "SELECT r.stream, r.number, r.blob FROM raw r JOIN stream s ON "
				   "s.id = r.stream"
				   " WHERE s.ended_at > 0 AND s.ended_at < $1"
				   " UNION ALL SELECT r.stream, r.number, r.blob FROM stream s"
				   " JOIN raw r ON r.stream = s.id"
				   " WHERE s.ended_at >= $1 AND " UNWANTED " LIMIT $2",
		[VIDEO_BLOB_SEGMENT] =
			"SELECT * FROM (SELECT g.rendition, g.sequence, g.blob FROM segment g"
			" JOIN rendition r ON r.id = g.rendition JOIN stream s ON s.id = r.stream"
			" WHERE g.date_ms < $1 AND g.sequence < r.next_sequence"
			" AND (s.ended_at > 0 OR g.sequence < s.last_sequence - " STAYING ")"
			" ORDER BY g.date_ms LIMIT $2) AS old"
			" UNION ALL SELECT g.rendition, g.sequence, g.blob FROM stream s"
			" JOIN rendition r ON r.stream = s.id JOIN segment g ON g.rendition = r.id"
			" WHERE g.date_ms >= $1 AND g.sequence < r.next_sequence AND " UNWANTED
			" LIMIT $2",
	};
	struct db_rows rows;
	int n = 0, rc;

	INVARIANT((kind == VIDEO_BLOB_RAW || kind == VIDEO_BLOB_SEGMENT) && max > 0);
	rc = db_query(tx, &rows, find[kind], db_int(before_ms), db_int(max));
	if (rc < 0)
		return rc;
	while (n < max && db_next(&rows) > 0) {
		out[n] = (struct video_blob){
			.kind = kind, .owner = db_col_int(&rows, 0), .number = db_col_int(&rows, 1)
		};
		snprintf(out[n].key, sizeof(out[n].key), "%.*s", SLICE_ARG(db_col_text(&rows, 2)));
		n++;
	}
	rc = db_end(&rows);
	return rc < 0 ? rc : n;
}

/* Ended before $1, and nothing is left; the latest of its channel says where the next goes on. */
#define EMPTY_STREAMS                                                                        \
	"(SELECT s.id FROM stream s WHERE s.ended_at > 0 AND s.ended_at < $1"                \
	" AND s.id < (SELECT max(t.id) FROM stream t WHERE t.channel = s.channel"            \
	"  AND (t.last_sequence >= t.first_sequence OR s.last_sequence < s.first_sequence))" \
	" AND NOT EXISTS (SELECT 1 FROM raw w WHERE w.stream = s.id)"                        \
	" AND NOT EXISTS (SELECT 1 FROM chunk c WHERE c.stream = s.id)"                      \
	" AND NOT EXISTS (SELECT 1 FROM segment g JOIN rendition r ON r.id = g.rendition"    \
	"  WHERE r.stream = s.id))"

int video_store_forget_streams(struct db_tx *tx, int64_t before_ms)
{
	static const char *const statements[] = {
		"DELETE FROM init WHERE rendition IN (SELECT id FROM rendition WHERE stream IN"
		" " EMPTY_STREAMS ")",
		"DELETE FROM rendition WHERE stream IN " EMPTY_STREAMS,
		"DELETE FROM stream WHERE id IN " EMPTY_STREAMS,
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && rc >= 0; i++)
		rc = db_run(tx, statements[i], db_int(before_ms));
	return rc < 0 ? rc : 0;
}
