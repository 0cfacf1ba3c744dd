/*
 * store.c: every SQL statement of the auth module. Inside a db_fn, on a database thread.
 */
#include "auth.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/json.h"

const char *const auth_migrations[] = {
	"CREATE TABLE account ("
	" id {id},"
	" address TEXT NOT NULL UNIQUE,"
	" password TEXT NOT NULL,"
	" admin BIGINT NOT NULL,"
	" disabled BIGINT NOT NULL,"
	" created_at BIGINT NOT NULL,"
	" deleted_at BIGINT);"
	"CREATE TABLE token ("
	" hash TEXT NOT NULL PRIMARY KEY,"
	" account BIGINT NOT NULL,"
	" created_at BIGINT NOT NULL,"
	" expires_at BIGINT NOT NULL,"
	" device TEXT NOT NULL,"
	" peer TEXT NOT NULL);"
	"CREATE INDEX token_account ON token (account);"
	"CREATE INDEX token_expires ON token (expires_at);",
	auth_sms_migration,
	NULL,
};

#define ACCOUNT_COLUMNS "id, address, admin, disabled"

static void read_account(struct db_rows *rows, struct account *out)
{
	struct slice address = slice_head(db_col_text(rows, 1), sizeof(out->address) - 1);

	*out = (struct account){ .id = db_col_int(rows, 0),
		.admin = db_col_int(rows, 2) != 0,
		.disabled = db_col_int(rows, 3) != 0 };
	memcpy(out->address, address.p, address.n);
}

int auth_store_add(struct db_tx *tx, const char *address, const char *hash, bool admin,
	int64_t now_ms, int64_t *id)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"INSERT INTO account (address, password, admin, disabled, created_at) VALUES ($1, "
		"$2, $3, 0, $4)"
		" ON CONFLICT (address) DO NOTHING RETURNING id",
		db_str(address), db_str(hash), db_int(admin), db_int(now_ms));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0)
		*id = db_col_int(&rows, 0);
	db_end(&rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_EEXIST : rc;
}

int auth_store_find(
	struct db_tx *tx, const char *address, struct account *out, char hash[AUTH_HASH_MAX])
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " ACCOUNT_COLUMNS
		", password FROM account WHERE address = $1 AND deleted_at IS NULL",
		db_str(address));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0) {
		read_account(&rows, out);
		if (hash) {
			struct slice stored = slice_head(db_col_text(&rows, 4), AUTH_HASH_MAX - 1);

			memset(hash, 0, AUTH_HASH_MAX);
			memcpy(hash, stored.p, stored.n);
		}
	}
	db_end(&rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

int auth_store_get(struct db_tx *tx, int64_t id, struct account *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " ACCOUNT_COLUMNS " FROM account WHERE id = $1 AND deleted_at IS NULL",
		db_int(id));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0)
		read_account(&rows, out);
	db_end(&rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

int auth_store_list(
	struct db_tx *tx, void (*each)(void *arg, const struct account *account), void *arg)
{
	struct db_rows rows;
	struct account account;
	int rc = db_query(tx, &rows,
		"SELECT " ACCOUNT_COLUMNS
		" FROM account WHERE deleted_at IS NULL ORDER BY address");

	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0) {
		read_account(&rows, &account);
		each(arg, &account);
	}
	return db_end(&rows);
}

int auth_store_set_hash(struct db_tx *tx, int64_t id, const char *hash)
{
	int rc = db_run(
		tx, "UPDATE account SET password = $2 WHERE id = $1", db_int(id), db_str(hash));

	return rc < 0 ? rc : 0;
}

int auth_store_set_disabled(struct db_tx *tx, int64_t id, bool disabled)
{
	int rc = db_run(
		tx, "UPDATE account SET disabled = $2 WHERE id = $1", db_int(id), db_int(disabled));

	return rc < 0 ? rc : 0;
}

/* {"account": id} under the account's own key. */
static int publish_account(struct db_tx *tx, const char *topic, int64_t id)
{
	struct strbuf key = { 0 }, payload = { 0 };
	int rc;

	strbuf_printf(&key, "%lld", (long long)id);
	strbuf_printf(&payload, "{\"account\":%lld}", (long long)id);
	rc = bus_publish(tx, topic, strbuf_slice(&key), strbuf_slice(&payload));
	strbuf_free(&key);
	strbuf_free(&payload);
	return rc;
}

int auth_store_delete(struct db_tx *tx, int64_t id, int64_t now_ms)
{
	char freed[40];
	int rc;

	snprintf(freed, sizeof(freed), "deleted:%lld", (long long)id);
	rc = db_run(tx,
		"UPDATE account SET address = $2, password = '', disabled = 1, deleted_at = $3 "
		"WHERE id = $1",
		db_int(id), db_str(freed), db_int(now_ms));
	if (rc >= 0)
		rc = auth_store_revoke(tx, id, NULL);
	return rc < 0 ? rc : publish_account(tx, "auth.account.deleted", id);
}

int auth_store_add_token(struct db_tx *tx, const char *token_hex, int64_t account, int64_t now_ms,
	int64_t expires_ms, struct slice device, const char *peer)
{
	int rc = db_run(tx,
		"INSERT INTO token (hash, account, created_at, expires_at, device, peer) VALUES "
		"($1, $2, $3, $4, $5, $6)",
		db_str(token_hex), db_int(account), db_int(now_ms), db_int(expires_ms),
		db_text(slice_head(device, 200)), db_str(peer));

	return rc < 0 ? rc : 0;
}

int auth_store_find_token(struct db_tx *tx, const char *token_hex, int64_t now_ms,
	struct account *out, int64_t *expires_ms)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT a.id, a.address, a.admin, a.disabled, t.expires_at FROM token t JOIN "
		"account a ON a.id = t.account"
		" WHERE t.hash = $1 AND t.expires_at > $2 AND a.disabled = 0 AND a.deleted_at IS "
		"NULL",
		db_str(token_hex), db_int(now_ms));

	if (rc < 0)
		return rc;
	rc = db_next(&rows);
	if (rc > 0) {
		read_account(&rows, out);
		*expires_ms = db_col_int(&rows, 4);
	}
	db_end(&rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

/* Writes {"account": id, "all": …, "tokens": [hashes]} of what is about to be removed. */
static int describe_tokens(
	struct db_tx *tx, int64_t account, const char *token_hex, struct strbuf *payload)
{
	struct json_writer w;
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT hash FROM token WHERE account = $1 AND (CAST($2 AS TEXT) IS NULL OR hash = "
		"$2)",
		db_int(account), db_str(token_hex));

	if (rc < 0)
		return rc;
	json_writer_init(&w, payload);
	json_open_object(&w);
	json_put_i64(&w, "account", account);
	json_put_bool(&w, "all", token_hex == NULL);
	json_name(&w, "tokens");
	json_open_array(&w);
	while (db_next(&rows) > 0)
		json_text(&w, db_col_text(&rows, 0));
	json_close_array(&w);
	json_close_object(&w);
	return db_end(&rows);
}

int auth_store_revoke(struct db_tx *tx, int64_t account, const char *token_hex)
{
	struct strbuf payload = { 0 };
	char key[24];
	int rc = describe_tokens(tx, account, token_hex, &payload);

	snprintf(key, sizeof(key), "%lld", (long long)account);
	if (rc == 0)
		rc = db_run(tx,
			"DELETE FROM token WHERE account = $1 AND (CAST($2 AS TEXT) IS NULL OR "
			"hash = $2)",
			db_int(account), db_str(token_hex));
	if (rc >= 0)
		rc = bus_publish(tx, "auth.revoked", slice_str(key), strbuf_slice(&payload));
	strbuf_free(&payload);
	return rc;
}

int auth_store_expire_tokens(struct db_tx *tx, int64_t now_ms)
{
	int rc = db_run(tx, "DELETE FROM token WHERE expires_at <= $1", db_int(now_ms));

	return rc < 0 ? rc : 0;
}
