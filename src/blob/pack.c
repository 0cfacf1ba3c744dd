/*
 * pack.c: the rows of the blob store. See pack.h.
 *
 * The stored bytes come last in a row: SQLite reads a row from its beginning, so what is asked of a
 * large row stays cheap. On database threads.
 */
#include "blob/pack.h"

#include <stdio.h>

#include "blob/blob_internal.h"
#include "hearth/error.h"

static const char *const migrations[] = {
	"CREATE TABLE blob ("
	"	id     {id},"
	"	key    TEXT   NOT NULL UNIQUE,"
	"	size   BIGINT NOT NULL,"  /* bytes as put */
	"	hash   {bytes} NOT NULL," /* SHA-256 of them */
	"	put_at BIGINT NOT NULL,"  /* wall time, ms: of the last put of this key */
	"	file   TEXT UNIQUE,"      /* name in the folder; NULL when packed */
	"	stored {bytes}"           /* packed bytes; NULL when in a file */
	");",
	/*
	 * While a hold lasts nothing is deleted (a backup copies); what was to be, waits in doomed.
	 */
	"CREATE TABLE hold (id BIGINT NOT NULL PRIMARY KEY, until_ms BIGINT NOT NULL);"
	"CREATE TABLE doomed (key TEXT NOT NULL PRIMARY KEY, before_ms BIGINT NOT NULL);",
	NULL,
};

static const struct db_schema schema = { "blob", migrations };

const struct db_schema *blob_schema(void)
{
	return &schema;
}

/* The key is there: makes the row this one if the bytes are the same. */
static int replace(struct db_tx *tx, const struct blob_row *row, int64_t now_ms,
	char replaced[BLOB_OBJECT_NAME])
{
	bool packed = !row->file[0];
	struct blob_row old;
	struct db_rows rows;
	int rc = blob_row_find(tx, &rows, row->info.key, &old);

	if (rc < 0)
		return rc;
	db_end(&rows);
	if (memcmp(old.hash, row->hash, BLOB_HASH) != 0)
		return HEARTH_EEXIST;
	memcpy(replaced, old.file, BLOB_OBJECT_NAME);
	rc = db_run(tx, "UPDATE blob SET put_at = $1, file = $2, stored = $3 WHERE key = $4",
		db_int(now_ms), packed ? db_null() : db_str(row->file),
		packed ? db_bytes(row->stored) : db_null(), db_str(row->info.key));
	return rc < 0 ? rc : 0;
}

int blob_row_put(struct db_tx *tx, const struct blob_row *row, int64_t now_ms,
	char replaced[BLOB_OBJECT_NAME])
{
	bool packed = !row->file[0];
	int rc = db_run(tx,
		"INSERT INTO blob (key, size, hash, put_at, file, stored)"
		" VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key) DO NOTHING",
		db_str(row->info.key), db_int((int64_t)row->info.size),
		db_bytes(slice_of(row->hash, BLOB_HASH)), db_int(now_ms),
		packed ? db_null() : db_str(row->file), packed ? db_bytes(row->stored) : db_null());

	replaced[0] = 0;
	if (rc == 0)
		return replace(tx, row, now_ms, replaced);
	return rc < 0 ? rc : 0;
}

int blob_row_find(struct db_tx *tx, struct db_rows *rows, const char *key, struct blob_row *row)
{
	int rc = db_one(
		tx, rows, "SELECT size, hash, file, stored FROM blob WHERE key = $1", db_str(key));
	struct slice hash;

	if (rc < 0)
		return rc;
	snprintf(row->info.key, sizeof(row->info.key), "%s", key);
	row->info.size = (uint64_t)db_col_int(rows, 0);
	hash = db_col_bytes(rows, 1);
	snprintf(row->file, sizeof(row->file), "%.*s", SLICE_ARG(db_col_text(rows, 2)));
	row->stored = db_col_bytes(rows, 3);
	if (hash.n != BLOB_HASH) {
		db_end(rows);
		return HEARTH_ECORRUPT;
	}
	memcpy(row->hash, hash.p, BLOB_HASH);
	return 0;
}

int blob_row_delete(
	struct db_tx *tx, const char *key, int64_t before_ms, char file[BLOB_OBJECT_NAME])
{
	struct db_rows rows;
	int rc =
		db_one(tx, &rows, "DELETE FROM blob WHERE key = $1 AND put_at <= $2 RETURNING file",
			db_str(key), db_int(before_ms));

	if (rc < 0)
		return rc;
	snprintf(file, BLOB_OBJECT_NAME, "%.*s", SLICE_ARG(db_col_text(&rows, 0)));
	return db_end(&rows);
}

int blob_rows_held(struct db_tx *tx, int64_t now_ms)
{
	int64_t n = 0;
	int rc =
		db_get_int(tx, &n, "SELECT count(*) FROM hold WHERE until_ms > $1", db_int(now_ms));

	return rc < 0 ? rc : n > 0;
}

int blob_row_doom(struct db_tx *tx, const char *key, int64_t before_ms)
{
	int rc = db_run(tx,
		"INSERT INTO doomed (key, before_ms) VALUES ($1, $2)"
		" ON CONFLICT (key) DO UPDATE SET before_ms = $2",
		db_str(key), db_int(before_ms));

	return rc < 0 ? rc : 0;
}

int blob_row_take_doomed(struct db_tx *tx, char key[BLOB_KEY_MAX + 1], int64_t *before_ms)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"DELETE FROM doomed WHERE key = (SELECT min(key) FROM doomed) RETURNING key, "
		"before_ms");

	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	snprintf(key, BLOB_KEY_MAX + 1, "%.*s", SLICE_ARG(db_col_text(&rows, 0)));
	*before_ms = db_col_int(&rows, 1);
	db_end(&rows);
	return 1;
}

int blob_row_newest_files(struct db_tx *tx, char (*files)[BLOB_OBJECT_NAME], int max)
{
	struct db_rows rows;
	int n = 0;
	int rc = db_query(tx, &rows,
		"SELECT file FROM blob WHERE file IS NOT NULL ORDER BY id DESC LIMIT $1",
		db_int(max));

	while (rc >= 0 && n < max && (rc = db_next(&rows)) > 0)
		snprintf(files[n++], BLOB_OBJECT_NAME, "%.*s", SLICE_ARG(db_col_text(&rows, 0)));
	db_end(&rows);
	return rc < 0 ? rc : n;
}

int blob_row_names(struct db_tx *tx, const char *file)
{
	int64_t n = 0;
	int rc = db_get_int(tx, &n, "SELECT count(*) FROM blob WHERE file = $1", db_str(file));

	return rc < 0 ? rc : n > 0;
}
