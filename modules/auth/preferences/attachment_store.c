/*
 * attachment_store.c: every statement on attachments (preferences.h), and their blobs' release. Inside
 * a db_fn, on a database thread. An account has at most PREFERENCES_FILES_MAX.
 */
#include <stdio.h>

#include "account/account.h"
#include "hearth/blob.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "preferences/preferences.h"

#define LITTER_AT_ONCE "256"

/*
 * HEARTH_EBUSY unless the account has room for `f` beside, or in place of, what it has;
 * HEARTH_ETOOBIG unless its quota has.
 */
static int check_room(
	struct db_tx *tx, int64_t account, const struct preferences_file *f, int64_t elsewhere)
{
	struct account who;
	int64_t count = 0, size = 0;
	int rc = auth_store_get(tx, account, &who);

	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? HEARTH_EDENIED : rc;
	rc = db_get_int(tx, &count,
		"SELECT count(*) FROM preferences_file WHERE account = $1 AND name <> $2",
		db_int(account), db_text(f->name));
	if (rc == 0)
		rc = db_get_int(tx, &size,
			"SELECT coalesce(sum(size), 0) FROM preferences_file WHERE account = $1 "
			"AND name <> $2",
			db_int(account), db_text(f->name));
	if (rc < 0)
		return rc;
	size += f->size;
	if (count >= PREFERENCES_FILES_MAX || size > PREFERENCES_FILES_SIZE_MAX)
		return HEARTH_EBUSY;
	return who.quota > 0 && elsewhere + size > who.quota ? HEARTH_ETOOBIG : 0;
}

int preferences_file_begin(
	struct db_tx *tx, int64_t account, const struct preferences_file *f, int64_t elsewhere)
{
	INVARIANT(db_tx_writes(tx));
	int rc = check_room(tx, account, f, elsewhere);

	INVARIANT(account > 0 && f->blob.n > 0);
	return rc < 0 ? rc : blob_release(tx, f->blob.p, f->changed_at + 2 * AUTH_BLOB_PUT_MS);
}

/* What a statement says are blobs that lose their row in this transaction. */
static int release_all(struct db_tx *tx, struct arena *a, struct db_rows *rows)
{
	struct key {
		struct key *next;
		const char *blob;
	} *keys = NULL;
	int rc;

	while (db_next(rows) > 0) {
		struct key *k = ARENA_NEW(a, struct key);

		*k = (struct key){ keys, arena_strdup(a, db_col_text(rows, 0)) };
		keys = k;
	}
	rc = db_end(rows);
	for (const struct key *k = keys; k && rc == 0; k = k->next)
		rc = blob_release(tx, k->blob, 0);
	return rc;
}

/* Removes what stands under this name, or (an empty one) all; how many there were. */
static int drop(struct db_tx *tx, int64_t account, struct slice name)
{
	struct arena *a = arena_new();
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT blob FROM preferences_file WHERE account = $1 AND ($2 = '' OR name = $2)",
		db_int(account), db_text(name));

	if (rc >= 0)
		rc = release_all(tx, a, &rows);
	if (rc >= 0)
		rc = db_run(tx,
			"DELETE FROM preferences_file WHERE account = $1 AND ($2 = '' OR name = "
			"$2)",
			db_int(account), db_text(name));
	arena_free(&a);
	return rc;
}

int preferences_file_finish(
	struct db_tx *tx, int64_t account, const struct preferences_file *f, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	/* The quota was looked at when it began. */
	int rc = check_room(tx, account, f, 0);

	INVARIANT(account > 0 && f->name.n > 0);
	if (rc == 0 && now_ms - f->changed_at > AUTH_BLOB_PUT_MS)
		rc = HEARTH_ECONFLICT;
	if (rc == 0)
		rc = drop(tx, account, f->name);
	if (rc >= 0)
		rc = db_run(tx,
			"INSERT INTO preferences_file (account, name, type, size, blob, "
			"changed_at) VALUES ($1, $2, $3, $4, $5, $6)",
			db_int(account), db_text(f->name), db_text(f->type), db_int(f->size),
			db_text(f->blob), db_int(f->changed_at));
	return rc < 0 ? rc : 0;
}

#define FILE_COLUMNS "name, type, blob, size, changed_at"

static void read_file(struct db_rows *rows, struct preferences_file *out)
{
	*out = (struct preferences_file){ .name = db_col_text(rows, 0),
		.type = db_col_text(rows, 1),
		.blob = db_col_text(rows, 2),
		.size = db_col_int(rows, 3),
		.changed_at = db_col_int(rows, 4) };
}

int preferences_file_find(struct db_tx *tx, int64_t account, struct slice name, struct arena *a,
	struct preferences_file *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT " FILE_COLUMNS " FROM preferences_file WHERE account = $1 AND name = $2",
		db_int(account), db_text(name));

	if (rc < 0)
		return rc;
	read_file(&rows, out);
	out->name = arena_slice(a, out->name);
	out->type = slice_str(arena_strdup(a, out->type));
	out->blob = slice_str(arena_strdup(a, out->blob));
	return db_end(&rows);
}

int preferences_file_delete(struct db_tx *tx, int64_t account, struct slice name)
{
	int rc = drop(tx, account, name);

	INVARIANT(name.n > 0);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

int preferences_file_forget(struct db_tx *tx, int64_t account)
{
	int rc = drop(tx, account, SLICE(""));

	return rc < 0 ? rc : 0;
}

int preferences_files_size(struct db_tx *tx, int64_t account, int64_t *bytes)
{
	INVARIANT(account > 0);
	return db_get_int(tx, bytes,
		"SELECT coalesce(sum(size), 0) FROM preferences_file WHERE account = $1",
		db_int(account));
}

int preferences_file_named(struct db_tx *tx, const char *key)
{
	long long account = 0;
	int64_t n = 0;
	int rc;

	if (sscanf(key, "auth/attachment/%lld/", &account) != 1)
		return 0;
	rc = db_get_int(tx, &n,
		"SELECT count(*) FROM preferences_file WHERE account = $1 AND blob = $2",
		db_int(account), db_str(key));
	return rc < 0 ? rc : n > 0;
}

int preferences_file_each(struct db_tx *tx, int64_t account,
	void (*each)(void *arg, const struct preferences_file *f), void *arg)
{
	struct preferences_file f;
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " FILE_COLUMNS " FROM preferences_file WHERE account = $1 ORDER BY name",
		db_int(account));

	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0) {
		read_file(&rows, &f);
		each(arg, &f);
	}
	return db_end(&rows);
}

int preferences_release_litter(struct db_tx *tx, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	struct arena *a = arena_new();
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"DELETE FROM preferences_litter WHERE blob IN (SELECT blob FROM "
		"preferences_litter WHERE since < $1 LIMIT " LITTER_AT_ONCE ") RETURNING blob",
		db_int(now_ms - 2 * AUTH_BLOB_PUT_MS));

	if (rc >= 0)
		rc = release_all(tx, a, &rows);
	arena_free(&a);
	return rc;
}
