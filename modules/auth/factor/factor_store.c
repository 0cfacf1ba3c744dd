/*
 * factor_store.c: SQL on second factors and recovery codes. Inside a db_fn, on a database thread.
 *
 * A secret of TOTP is kept sealed (seal.h): a hash of it could make no codes. Recovery codes are
 * hashes.
 */
#include "factor/factor.h"

#include <openssl/crypto.h>
#include <stdio.h>

#include "hearth/error.h"
#include "hearth/log.h"

/*
 * `confirmed_at` 0: it waits for its first code. What session/mfa_store.c has is made here too.
 */
const char auth_factor_migration[] =
	"CREATE TABLE factor ("
	" account BIGINT NOT NULL,"
	" kind BIGINT NOT NULL,"
	" secret {bytes} NOT NULL,"
	" phone TEXT NOT NULL,"
	" last_step BIGINT NOT NULL,"
	" started_at BIGINT NOT NULL,"
	" confirmed_at BIGINT NOT NULL,"
	" PRIMARY KEY (account, kind));"
	"CREATE TABLE recovery_code ("
	" account BIGINT NOT NULL,"
	" hash TEXT NOT NULL,"
	" PRIMARY KEY (account, hash));"
	"CREATE TABLE login_ticket ("
	" hash TEXT NOT NULL PRIMARY KEY,"
	" account BIGINT NOT NULL,"
	" tries BIGINT NOT NULL,"
	" expires_at BIGINT NOT NULL);"
	"CREATE INDEX login_ticket_account ON login_ticket (account);"
	"CREATE INDEX login_ticket_expires ON login_ticket (expires_at);"
	"CREATE TABLE code_failure ("
	" account BIGINT NOT NULL PRIMARY KEY,"
	" failures BIGINT NOT NULL,"
	" wait_until BIGINT NOT NULL);";

static void read_factor(struct db_rows *rows, struct auth_factors *out)
{
	if (db_col_int(rows, 0) == AUTH_FACTOR_TOTP) {
		out->totp_ms = db_col_int(rows, 1);
	} else {
		out->sms_ms = db_col_int(rows, 1);
		snprintf(out->phone, sizeof(out->phone), "%.*s", SLICE_ARG(db_col_text(rows, 2)));
	}
}

int auth_store_factors(struct db_tx *tx, int64_t account, struct auth_factors *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT kind, confirmed_at, phone FROM factor WHERE account = $1 AND confirmed_at "
		"> 0",
		db_int(account));

	*out = (struct auth_factors){ 0 };
	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0)
		read_factor(&rows, out);
	rc = db_end(&rows);
	if (rc < 0)
		return rc;
	return db_get_int(tx, &out->recovery,
		"SELECT count(*) FROM recovery_code WHERE account = $1", db_int(account));
}

/* ---- TOTP ---- */

int auth_store_start_totp(struct db_tx *tx, const struct seal *seal, int64_t account,
	struct slice secret, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	unsigned char sealed[SEAL_MAX];
	int rc;

	if (!seal->ready)
		return HEARTH_EUNSUPPORTED;
	rc = db_run(tx,
		"INSERT INTO factor (account, kind, secret, phone, last_step, started_at,"
		" confirmed_at) VALUES ($1, $2, $3, '', 0, $4, 0)"
		" ON CONFLICT (account, kind) DO UPDATE SET secret = $3, last_step = 0, started_at "
		"= $4"
		" WHERE factor.confirmed_at = 0",
		db_int(account), db_int(AUTH_FACTOR_TOTP),
		db_bytes(slice_of(sealed, seal_close(seal, account, secret, sealed))),
		db_int(now_ms));

	return rc < 0 ? rc : rc == 0 ? HEARTH_EEXIST : 0;
}

/* What a code is checked against. */
struct totp_row {
	unsigned char secret[SEAL_MAX];
	size_t secret_len;
	int64_t last_step, started_ms, confirmed_ms;
};

static int find_totp(
	struct db_tx *tx, const struct seal *seal, int64_t account, struct totp_row *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT secret, last_step, started_at, confirmed_at FROM factor"
		" WHERE account = $1 AND kind = $2",
		db_int(account), db_int(AUTH_FACTOR_TOTP));

	if (rc < 0)
		return rc;
	rc = seal_open(seal, account, db_col_bytes(&rows, 0), out->secret, &out->secret_len);
	out->last_step = db_col_int(&rows, 1);
	out->started_ms = db_col_int(&rows, 2);
	out->confirmed_ms = db_col_int(&rows, 3);
	db_end(&rows);
	return rc < 0 ? HEARTH_EUNSUPPORTED : 0;
}

/* Checks a code and notes its step; *row is wiped. */
static int take_code(struct db_tx *tx, int64_t account, struct totp_row *row, struct slice code,
	int64_t now_ms, int64_t confirmed_ms)
{
	int64_t step = 0;
	int rc = totp_check(
		slice_of(row->secret, row->secret_len), code, now_ms / 1000, row->last_step, &step);

	OPENSSL_cleanse(row, sizeof(*row));
	if (rc == 0)
		rc = db_run(tx,
			"UPDATE factor SET last_step = $3, confirmed_at = $4 WHERE account = $1 "
			"AND kind = $2",
			db_int(account), db_int(AUTH_FACTOR_TOTP), db_int(step),
			db_int(confirmed_ms));
	return rc < 0 ? rc : 0;
}

int auth_store_confirm_totp(struct db_tx *tx, const struct seal *seal, int64_t account,
	struct slice code, int64_t now_ms)
{
	struct totp_row row;
	int rc = find_totp(tx, seal, account, &row);

	if (rc == 0 && (row.confirmed_ms || now_ms - row.started_ms > AUTH_FACTOR_WAITING_MS))
		rc = HEARTH_ENOTFOUND;
	return rc < 0 ? rc : take_code(tx, account, &row, code, now_ms, now_ms);
}

int auth_store_take_totp(struct db_tx *tx, const struct seal *seal, int64_t account,
	struct slice code, int64_t now_ms)
{
	struct totp_row row;
	int rc = find_totp(tx, seal, account, &row);

	if (rc == HEARTH_ENOTFOUND || (rc == 0 && !row.confirmed_ms))
		rc = HEARTH_EDENIED;
	return rc < 0 ? rc : take_code(tx, account, &row, code, now_ms, row.confirmed_ms);
}

/* ---- SMS ---- */

int auth_store_add_sms(struct db_tx *tx, int64_t account, const char *phone, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"INSERT INTO factor (account, kind, secret, phone, last_step, started_at,"
		" confirmed_at) VALUES ($1, $2, $3, $4, 0, $5, $5) ON CONFLICT (account, kind) DO "
		"NOTHING",
		db_int(account), db_int(AUTH_FACTOR_SMS), db_bytes(SLICE("")), db_str(phone),
		db_int(now_ms));

	return rc < 0 ? rc : rc == 0 ? HEARTH_EEXIST : 0;
}

/* ---- both ---- */

int auth_store_remove_factor(struct db_tx *tx, int64_t account, enum auth_factor_kind kind)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"DELETE FROM factor WHERE account = $1 AND kind = $2 AND confirmed_at > 0",
		db_int(account), db_int(kind));

	return rc < 0 ? rc : rc == 0 ? HEARTH_ENOTFOUND : 0;
}

int auth_store_count_factors(struct db_tx *tx, int64_t account, int64_t *count)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_get_int(tx, count,
		"SELECT count(*) FROM factor WHERE account = $1 AND confirmed_at > 0",
		db_int(account));

	if (rc == 0)
		rc = db_run(tx, "UPDATE account SET factors = $2 WHERE id = $1", db_int(account),
			db_int(*count));
	return rc < 0 ? rc : 0;
}

/* ---- recovery codes ---- */

int auth_store_set_recovery(
	struct db_tx *tx, int64_t account, char hashes[][RECOVERY_HEX], size_t n)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM recovery_code WHERE account = $1", db_int(account));

	INVARIANT(n <= RECOVERY_CODES);
	for (size_t i = 0; rc >= 0 && i < n; i++)
		rc = db_run(tx, "INSERT INTO recovery_code (account, hash) VALUES ($1, $2)",
			db_int(account), db_str(hashes[i]));
	return rc < 0 ? rc : 0;
}

int auth_store_take_recovery(struct db_tx *tx, int64_t account, const char *hash)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM recovery_code WHERE account = $1 AND hash = $2",
		db_int(account), db_str(hash));

	return rc < 0 ? rc : rc == 0 ? HEARTH_EDENIED : 0;
}

int auth_store_drop_factors(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int64_t none;
	int rc = db_run(tx, "DELETE FROM factor WHERE account = $1", db_int(account));

	if (rc >= 0)
		rc = auth_store_set_recovery(tx, account, NULL, 0);
	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM code_failure WHERE account = $1", db_int(account));
	return rc < 0 ? rc : auth_store_count_factors(tx, account, &none);
}
