/*
 * profile_store.c: SQL on profiles. Inside a db_fn, on a database thread.
 */
#include "profile/profile.h"

#include <stdio.h>

#include "hearth/blob.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/log.h"

/* One row an account that has said something. */
const char auth_profile_migration[] = "CREATE TABLE profile ("
				      " account BIGINT NOT NULL PRIMARY KEY,"
				      " name TEXT NOT NULL,"
				      " time_zone TEXT NOT NULL,"
				      " languages TEXT NOT NULL,"
				      " avatar TEXT NOT NULL,"
				      " avatar_small TEXT NOT NULL,"
				      " changed_at BIGINT NOT NULL);";

static void take(struct db_rows *rows, int column, char *out, size_t room)
{
	struct slice text = slice_head(db_col_text(rows, column), room - 1);

	if (text.n)
		memcpy(out, text.p, text.n);
	out[text.n] = '\0';
}

int profile_get(struct db_tx *tx, int64_t account, struct profile *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT name, time_zone, languages, avatar, avatar_small FROM profile WHERE "
		"account = $1",
		db_int(account));

	*out = (struct profile){ 0 };
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	take(&rows, 0, out->name, sizeof(out->name));
	take(&rows, 1, out->time_zone, sizeof(out->time_zone));
	take(&rows, 2, out->languages, sizeof(out->languages));
	take(&rows, 3, out->avatar.large, sizeof(out->avatar.large));
	take(&rows, 4, out->avatar.small, sizeof(out->avatar.small));
	return db_end(&rows);
}

/* Gives an account its row, if it is still an account's. */
static int ensure(struct db_tx *tx, int64_t account)
{
	struct account found;
	int rc = auth_store_get(tx, account, &found);

	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO profile (account, name, time_zone, languages, avatar, "
			"avatar_small, changed_at)"
			" VALUES ($1, '', '', '', '', '', $2) ON CONFLICT (account) DO NOTHING",
			db_int(account), db_int(clock_wall_ms()));
	return rc < 0 ? rc : 0;
}

int profile_set(struct db_tx *tx, int64_t account, const struct profile *p)
{
	INVARIANT(db_tx_writes(tx));
	int rc = ensure(tx, account);

	if (rc == 0)
		rc = db_run(tx,
			"UPDATE profile SET name = $2, time_zone = $3, languages = $4, changed_at "
			"= $5 WHERE account = $1",
			db_int(account), db_str(p->name), db_str(p->time_zone),
			db_str(p->languages), db_int(clock_wall_ms()));
	return rc < 0 ? rc : 0;
}

int profile_set_name(struct db_tx *tx, int64_t account, const char *name)
{
	INVARIANT(db_tx_writes(tx));
	int rc = ensure(tx, account);

	if (rc == 0)
		rc = db_run(tx, "UPDATE profile SET name = $2, changed_at = $3 WHERE account = $1",
			db_int(account), db_str(name), db_int(clock_wall_ms()));
	return rc < 0 ? rc : 0;
}

static int drop_blobs(struct db_tx *tx, const struct avatar_keys *keys)
{
	int rc = blob_release(tx, keys->large, 0);

	return rc < 0 ? rc : blob_release(tx, keys->small, 0);
}

int profile_set_avatar(struct db_tx *tx, int64_t account, const struct avatar_keys *keys)
{
	INVARIANT(db_tx_writes(tx));
	struct profile p;
	int rc = ensure(tx, account);

	INVARIANT(account > 0);
	if (rc == 0)
		rc = profile_get(tx, account, &p);
	if (rc == 0)
		rc = drop_blobs(tx, &p.avatar);
	if (rc == 0)
		rc = db_run(tx,
			"UPDATE profile SET avatar = $2, avatar_small = $3, changed_at = $4 WHERE "
			"account = $1",
			db_int(account), db_str(keys->large), db_str(keys->small),
			db_int(clock_wall_ms()));
	return rc < 0 ? rc : 0;
}

int profile_begin_avatar(struct db_tx *tx, const struct avatar_keys *keys, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = blob_release(tx, keys->large, now_ms + 2 * AUTH_BLOB_PUT_MS);

	INVARIANT(keys->large[0] && keys->small[0]);
	return rc < 0 ? rc : blob_release(tx, keys->small, now_ms + 2 * AUTH_BLOB_PUT_MS);
}

int profile_avatar_named(struct db_tx *tx, const char *key)
{
	long long account = 0;
	int64_t n = 0;
	int rc;

	if (sscanf(key, "avatar/%lld/", &account) != 1)
		return 0;
	rc = db_get_int(tx, &n,
		"SELECT count(*) FROM profile WHERE account = $1 AND (avatar = $2 OR avatar_small "
		"= $2)",
		db_int(account), db_str(key));
	return rc < 0 ? rc : n > 0;
}

int profile_forget(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	struct profile p;
	int rc = profile_get(tx, account, &p);

	if (rc == 0)
		rc = drop_blobs(tx, &p.avatar);
	if (rc == 0)
		rc = db_run(tx, "DELETE FROM profile WHERE account = $1", db_int(account));
	return rc < 0 ? rc : 0;
}
