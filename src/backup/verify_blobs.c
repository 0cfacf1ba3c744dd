/*
 * verify_blobs.c: whether the bytes of every blob are there and what its row says, and whose it is
 * when they are not. One blob is in hand at a time. On a command's main thread.
 */
#include "backup/verify_internal.h"

#include <stdio.h>

#include "blob/check.h"
#include "hearth/error.h"

/* Whose it is, by the rows that name it. */
static void tell_blob(struct verifying *v, const char *key, const char *what)
{
	struct telling t = { v, what, false };

	for (const struct hearth_checks *const *c = v->checks; *c; c++) {
		struct strbuf sql = { 0 };

		if (!(*c)->blobs || !verify_has(v, (*c)->database))
			continue;
		strbuf_printf(&sql,
			"SELECT account, place || ', blob ' || key FROM (%s) WHERE key = $1",
			(*c)->blobs);
		db_each(&v->tx, verify_tell_each, &t, sql.p, db_str(key));
		strbuf_free(&sql);
	}
	if (!t.told)
		verify_tell(v, "%s (nobody's blob %s)", what, key);
}

static void check_blob(struct verifying *v, struct blob_checker *checker, struct db_rows *rows)
{
	struct slice hash = db_col_bytes(rows, 2);
	struct blob_row row = { .stored = db_col_bytes(rows, 4) };
	int rc;

	snprintf(row.info.key, sizeof(row.info.key), "%.*s", SLICE_ARG(db_col_text(rows, 0)));
	row.info.size = (uint64_t)db_col_int(rows, 1);
	snprintf(row.file, sizeof(row.file), "%.*s", SLICE_ARG(db_col_text(rows, 3)));
	if (hash.n == BLOB_HASH)
		memcpy(row.hash, hash.p, BLOB_HASH);
	rc = hash.n == BLOB_HASH ? blob_check(checker, &row) : HEARTH_ECORRUPT;
	if (rc < 0)
		tell_blob(v, row.info.key,
			rc == HEARTH_ENOTFOUND  ? "a blob's file is missing"
			: rc == HEARTH_ECORRUPT ? "a blob is damaged"
						: "a blob cannot be read");
}

void verify_check_blobs(struct verifying *v, struct backup_hold *hold)
{
	struct blob_checker *checker;
	struct db_rows rows;
	int64_t total = 0, done = 0;
	int rc = blob_checker_new(v->data, &checker);

	if (rc < 0) {
		verify_tell(v, "the folder blob cannot be read");
		return;
	}
	db_get_int(&v->tx, &total, "SELECT count(*) FROM blob.blob");
	rc = db_query(&v->tx, &rows, "SELECT key, size, hash, file, stored FROM blob.blob");
	while (rc >= 0 && (rc = db_next(&rows)) > 0) {
		check_blob(v, checker, &rows);
		progress("blobs", ++done, total, 0);
		backup_hold_go_on(hold);
	}
	db_end(&rows);
	blob_checker_free(&checker);
	if (rc < 0)
		verify_tell(v, "blob.db cannot be read through: %s", error_name(rc));
}
