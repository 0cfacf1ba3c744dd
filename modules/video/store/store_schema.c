/*
 * store_schema.c: the tables of the database "video", as they came to be; one that is there already
 * is never changed. A GOP is called a chunk here, as it was once. Run at the start, on the thread
 * that opens the database (db.h).
 */
#include "store/store.h"

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
