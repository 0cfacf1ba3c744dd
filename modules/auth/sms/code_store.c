/*
 * code_store.c: every statement on codes. Inside a db_fn.
 */
#include "sms/code_store.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "sms/code.h"

int code_store_add(struct db_tx *tx, int purpose, struct slice subject, const struct code_row *row)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"INSERT INTO auth_code (purpose, subject, account, phone, message, salt, hash,"
		" attempts, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)",
		db_int(purpose), db_text(subject), db_int(row->account), db_str(row->phone),
		db_int(row->message), db_bytes(slice_of(row->salt, sizeof(row->salt))),
		db_bytes(slice_of(row->hash, sizeof(row->hash))), db_int(row->expires_at));

	return rc < 0 ? rc : 0;
}

static int read_row(struct db_rows *rows, struct code_row *out)
{
	struct slice phone = db_col_text(rows, 1), salt = db_col_bytes(rows, 2),
		     hash = db_col_bytes(rows, 3);

	if (phone.n >= sizeof(out->phone) || salt.n != CODE_SALT || hash.n != CODE_HASH)
		return HEARTH_ECORRUPT;
	*out = (struct code_row){ .account = db_col_int(rows, 0),
		.attempts = db_col_int(rows, 4),
		.expires_at = db_col_int(rows, 5),
		.message = db_col_int(rows, 6) };
	memcpy(out->phone, phone.p, phone.n);
	memcpy(out->salt, salt.p, salt.n);
	memcpy(out->hash, hash.p, hash.n);
	return 0;
}

int code_store_get(struct db_tx *tx, int purpose, struct slice subject, struct code_row *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT account, phone, salt, hash, attempts, expires_at, message FROM auth_code"
		" WHERE purpose = $1 AND subject = $2",
		db_int(purpose), db_text(subject));

	if (rc < 0)
		return rc;
	rc = read_row(&rows, out);
	db_end(&rows);
	return rc;
}

int code_store_count(struct db_tx *tx, int purpose, struct slice subject)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"UPDATE auth_code SET attempts = attempts + 1 WHERE purpose = $1 AND subject = $2",
		db_int(purpose), db_text(subject));

	return rc < 0 ? rc : 0;
}

int auth_code_drop(struct db_tx *tx, enum auth_code_purpose purpose, struct slice subject)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM auth_code WHERE purpose = $1 AND subject = $2",
		db_int((int)purpose), db_text(subject));

	return rc < 0 ? rc : 0;
}

int auth_code_drop_all(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM auth_code WHERE account = $1", db_int(account));

	return rc < 0 ? rc : 0;
}

int auth_code_expire(struct db_tx *tx, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM auth_code WHERE expires_at <= $1", db_int(now_ms));

	return rc < 0 ? rc : 0;
}
