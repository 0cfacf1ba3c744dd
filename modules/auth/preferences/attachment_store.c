/*
 * attachment_store.c: every statement on attachments and on blobs that nobody names
 * (preferences.h).
 */
#include "account/account.h"
#include "hearth/error.h"
#include "preferences/preferences.h"

#define LITTER_AT_ONCE "256"

static int add_litter(struct db_tx *tx, struct slice blob, int64_t now_ms)
{
	int rc = db_run(tx, "INSERT INTO preferences_litter (blob, since) VALUES ($1, $2)",
		db_text(blob), db_int(now_ms));

	return rc < 0 ? rc : 0;
}

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

int preferences_file_begin(struct db_tx *tx, int64_t account, const struct preferences_file *f,
	int64_t elsewhere, int64_t now_ms)
{
	int rc = check_room(tx, account, f, elsewhere);

	return rc < 0 ? rc : add_litter(tx, f->blob, now_ms);
}

/* What stands under this name now becomes litter. How many there were: 0 or 1. */
static int drop(struct db_tx *tx, int64_t account, struct slice name, int64_t now_ms)
{
	int rc = db_run(tx,
		"INSERT INTO preferences_litter (blob, since) SELECT blob, $3 FROM "
		"preferences_file WHERE account = $1 AND name = $2",
		db_int(account), db_text(name), db_int(now_ms));

	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM preferences_file WHERE account = $1 AND name = $2",
			db_int(account), db_text(name));
	return rc;
}

int preferences_file_finish(
	struct db_tx *tx, int64_t account, const struct preferences_file *f, int64_t now_ms)
{
	int rc = check_room(tx, account, f, 0); /* the quota was looked at when it began */

	if (rc == 0)
		rc = db_run(tx, "DELETE FROM preferences_litter WHERE blob = $1", db_text(f->blob));
	else
		return rc;
	if (rc == 0)
		return HEARTH_ECONFLICT;
	if (rc > 0)
		rc = drop(tx, account, f->name, now_ms);
	if (rc >= 0)
		rc = db_run(tx,
			"INSERT INTO preferences_file (account, name, type, size, blob, "
			"changed_at) VALUES ($1, $2, $3, $4, $5, $6)",
			db_int(account), db_text(f->name), db_text(f->type), db_int(f->size),
			db_text(f->blob), db_int(now_ms));
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

int preferences_file_delete(struct db_tx *tx, int64_t account, struct slice name, int64_t now_ms)
{
	int rc = drop(tx, account, name, now_ms);

	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
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

int preferences_litter(
	struct db_tx *tx, int64_t before_ms, void (*each)(void *arg, struct slice blob), void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT blob FROM preferences_litter WHERE since < $1 ORDER BY since "
		"LIMIT " LITTER_AT_ONCE,
		db_int(before_ms));

	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0)
		each(arg, db_col_text(&rows, 0));
	return db_end(&rows);
}

int preferences_litter_forget(struct db_tx *tx, struct slice blob)
{
	int rc = db_run(tx, "DELETE FROM preferences_litter WHERE blob = $1", db_text(blob));

	return rc < 0 ? rc : 0;
}
