/*
 * preferences_store.c: the tables of the preferences, and every statement on documents
 * (preferences.h). Inside a db_fn.
 */
#include <stdio.h>

#include "account/account.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "preferences/preferences.h"

/* preferences_litter: what an earlier version of this program noted as named by no row. */
const char preferences_migration[] = "CREATE TABLE preferences ("
				     " account BIGINT NOT NULL PRIMARY KEY,"
				     " version BIGINT NOT NULL,"
				     " document TEXT NOT NULL,"
				     " changed_at BIGINT NOT NULL);"
				     "CREATE TABLE preferences_file ("
				     " account BIGINT NOT NULL,"
				     " name TEXT NOT NULL,"
				     " type TEXT NOT NULL,"
				     " size BIGINT NOT NULL,"
				     " blob TEXT NOT NULL,"
				     " changed_at BIGINT NOT NULL,"
				     " PRIMARY KEY (account, name));"
				     "CREATE TABLE preferences_litter ("
				     " blob TEXT NOT NULL PRIMARY KEY,"
				     " since BIGINT NOT NULL);"
				     "CREATE INDEX preferences_litter_since ON "
				     "preferences_litter (since);";

int preferences_load(struct db_tx *tx, int64_t account, struct arena *a, struct slice *document,
	int64_t *version)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows, "SELECT version, document FROM preferences WHERE account = $1",
		db_int(account));

	*version = 0;
	*document = SLICE("{}");
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	*version = db_col_int(&rows, 0);
	*document = arena_slice(a, db_col_text(&rows, 1));
	return db_end(&rows);
}

/* {"account": id, "version": n, "document": {…}} under the account's own key. */
static int publish_changed(
	struct db_tx *tx, int64_t account, int64_t version, struct slice document)
{
	struct strbuf payload = { 0 };
	struct json_writer w;
	char key[24];
	int rc;

	json_writer_init(&w, &payload);
	json_open_object(&w);
	json_put_i64(&w, "account", account);
	json_put_i64(&w, "version", version);
	json_name(&w, "document");
	json_ready(&w, document);
	json_close_object(&w);
	snprintf(key, sizeof(key), "%lld", (long long)account);
	rc = bus_publish(tx, ACCOUNTS_TOPIC_PREFERENCES, slice_str(key), strbuf_slice(&payload));
	strbuf_free(&payload);
	return rc;
}

int preferences_save(
	struct db_tx *tx, int64_t account, int64_t version, struct slice document, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	struct account who;
	int rc = auth_store_get(tx, account, &who);

	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? HEARTH_EDENIED : rc;
	if (version == 0)
		rc = db_run(tx,
			"INSERT INTO preferences (account, version, document, changed_at) VALUES "
			"($1, 1, $2, $3) ON CONFLICT (account) DO NOTHING",
			db_int(account), db_text(document), db_int(now_ms));
	else
		rc = db_run(tx,
			"UPDATE preferences SET version = version + 1, document = $2, changed_at = "
			"$3 WHERE account = $1 AND version = $4",
			db_int(account), db_text(document), db_int(now_ms), db_int(version));
	if (rc <= 0)
		return rc == 0 ? HEARTH_ECONFLICT : rc;
	return publish_changed(tx, account, version + 1, document);
}

int preferences_forget(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM preferences WHERE account = $1", db_int(account));

	INVARIANT(account > 0);
	return rc < 0 ? rc : preferences_file_forget(tx, account);
}
