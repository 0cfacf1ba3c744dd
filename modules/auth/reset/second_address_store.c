/*
 * second_address_store.c: SQL on second addresses (second_address.h). Inside a db_fn, on a database
 * thread. An account has one row at most.
 */
#include "reset/second_address.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "session/session.h"

/* hash: of the link's secret while it waits for being opened, then empty. */
const char auth_second_address_migration[] =
	"CREATE TABLE second_address ("
	" account BIGINT NOT NULL PRIMARY KEY,"
	" address TEXT NOT NULL,"
	" verified BIGINT NOT NULL,"
	" hash TEXT NOT NULL,"
	" made_at BIGINT NOT NULL);"
	"CREATE INDEX second_address_hash ON second_address (hash);"
	"CREATE INDEX second_address_address ON second_address (address);";

static void take(char out[256], struct slice text)
{
	text = slice_head(text, 255);
	if (text.n)
		memcpy(out, text.p, text.n);
	out[text.n] = '\0';
}

int second_address_read(struct db_tx *tx, int64_t account, char out[256], bool *verified)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT address, verified FROM second_address WHERE account = $1", db_int(account));

	INVARIANT(account > 0);
	if (rc < 0)
		return rc;
	take(out, db_col_text(&rows, 0));
	*verified = db_col_int(&rows, 1) != 0;
	return db_end(&rows);
}

int second_address_get(struct db_tx *tx, int64_t account, char out[256])
{
	bool verified = false;
	int rc = second_address_read(tx, account, out, &verified);

	return rc == 0 && !verified ? HEARTH_ENOTFOUND : rc;
}

int second_address_may_ask(struct db_tx *tx, int64_t account, int64_t since_ms)
{
	int64_t recent = 0;
	int rc = db_get_int(tx, &recent,
		"SELECT count(*) FROM second_address WHERE account = $1 AND made_at > $2",
		db_int(account), db_int(since_ms));

	return rc == 0 && recent ? HEARTH_EBUSY : rc;
}

int second_address_set(
	struct db_tx *tx, int64_t account, const char *address, const char *hex, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"INSERT INTO second_address (account, address, verified, hash, made_at)"
		" VALUES ($1, $2, 0, $3, $4) ON CONFLICT (account) DO UPDATE SET"
		" address = excluded.address, verified = 0, hash = excluded.hash,"
		" made_at = excluded.made_at",
		db_int(account), db_str(address), db_str(hex), db_int(now_ms));

	INVARIANT(account > 0 && address[0] && strlen(hex) == AUTH_TOKEN_HEX - 1);
	return rc < 0 ? rc : 0;
}

int second_address_verify(struct db_tx *tx, const char *hex, int64_t since_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"UPDATE second_address SET verified = 1, hash = '' WHERE hash = $1 AND made_at > "
		"$2",
		db_str(hex), db_int(since_ms));

	/* An empty one is what was verified before. */
	INVARIANT(hex[0]);
	return rc < 0 ? rc : rc == 0 ? HEARTH_ENOTFOUND : 0;
}

int second_address_drop(struct db_tx *tx, int64_t account, bool *there)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM second_address WHERE account = $1", db_int(account));

	*there = rc > 0;
	return rc < 0 ? rc : 0;
}

int second_address_forget(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"DELETE FROM second_address WHERE account = $1 OR address = (SELECT address FROM"
		" account WHERE id = $1)",
		db_int(account));

	return rc < 0 ? rc : 0;
}
