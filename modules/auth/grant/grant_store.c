/*
 * grant_store.c: SQL on codes (grant.h): by their SHA-256, as all that opens something.
 * Inside a db_fn.
 */
#include "grant/grant.h"
#include "hearth/error.h"
#include "hearth/log.h"

const char auth_grant_migration[] = "CREATE TABLE oauth_code ("
				    " hash TEXT NOT NULL PRIMARY KEY,"
				    " account BIGINT NOT NULL,"
				    " session BIGINT NOT NULL,"
				    " scopes BIGINT NOT NULL,"
				    " client TEXT NOT NULL,"
				    " redirect TEXT NOT NULL,"
				    " challenge TEXT NOT NULL,"
				    " expires_at BIGINT NOT NULL);"
				    "CREATE INDEX oauth_code_account ON oauth_code (account);";

int grant_store_add(struct db_tx *tx, const char *hex, const struct grant *g, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"DELETE FROM oauth_code WHERE account = $1 AND hash NOT IN (SELECT hash FROM "
		"oauth_code WHERE account = $1 ORDER BY expires_at DESC, hash LIMIT $2)",
		db_int(g->account), db_int(GRANT_CODES_MAX - 1));

	INVARIANT(g->account > 0 && g->session > 0 && !(g->scopes & ~GRANT_SCOPES));
	if (rc >= 0)
		rc = db_run(tx,
			"INSERT INTO oauth_code (hash, account, session, scopes, client, redirect, "
			"challenge, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
			db_str(hex), db_int(g->account), db_int(g->session), db_int(g->scopes),
			db_text(g->client), db_text(g->redirect), db_text(g->challenge),
			db_int(now_ms + GRANT_CODE_TTL_MS));
	return rc < 0 ? rc : 0;
}

int grant_store_take(
	struct db_tx *tx, const char *hex, int64_t now_ms, struct arena *a, struct grant *out)
{
	INVARIANT(db_tx_writes(tx));
	struct db_rows rows;
	int64_t expires_ms;
	int rc = db_one(tx, &rows,
		"DELETE FROM oauth_code WHERE hash = $1 RETURNING account, session, scopes, "
		"client, redirect, challenge, expires_at",
		db_str(hex));

	if (rc < 0)
		return rc;
	*out = (struct grant){ .account = db_col_int(&rows, 0),
		.session = db_col_int(&rows, 1),
		.scopes = (unsigned)db_col_int(&rows, 2),
		.client = arena_slice(a, db_col_text(&rows, 3)),
		.redirect = arena_slice(a, db_col_text(&rows, 4)),
		.challenge = arena_slice(a, db_col_text(&rows, 5)) };
	expires_ms = db_col_int(&rows, 6);
	db_end(&rows);
	return expires_ms > now_ms ? 0 : HEARTH_ENOTFOUND;
}

int grant_store_forget(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM oauth_code WHERE account = $1", db_int(account));

	return rc < 0 ? rc : 0;
}

int grant_store_expire(struct db_tx *tx, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM oauth_code WHERE expires_at <= $1", db_int(now_ms));

	return rc < 0 ? rc : 0;
}
