/*
 * phone_store.c: which account has which phone: every statement on account_phone, and the settings
 * phones need. Inside a db_fn.
 */
#include "hearth/error.h"
#include "hearth/log.h"
#include "sms/phone.h"
#include "sms/sms_private.h"

int phone_read(const struct sms *s, struct slice in, char out[PHONE_MAX])
{
	return phone_normalise(in, s->phone_country, out);
}

int phone_get(struct db_tx *tx, int64_t account, struct phone *out)
{
	struct db_rows rows;
	struct slice number;
	int rc = db_one(tx, &rows,
		"SELECT number, verified_at FROM account_phone WHERE account = $1",
		db_int(account));

	if (rc < 0)
		return rc;
	number = slice_head(db_col_text(&rows, 0), PHONE_MAX - 1);
	*out = (struct phone){ .verified_at = db_col_int(&rows, 1) };
	memcpy(out->number, number.p, number.n);
	return db_end(&rows);
}

int phone_set(
	struct db_tx *tx, const struct sms *s, int64_t account, const char *number, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int64_t others;
	int rc = db_get_int(tx, &others,
		"SELECT count(*) FROM account_phone WHERE number = $1 AND account <> $2",
		db_str(number), db_int(account));

	if (rc < 0)
		return rc;
	if (others >= s->accounts_per_phone)
		return HEARTH_EEXIST;
	rc = phone_remove(tx, account);
	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO account_phone (account, number, verified_at) VALUES ($1, $2, "
			"$3)",
			db_int(account), db_str(number), db_int(now_ms));
	return rc < 0 ? rc : 0;
}

int phone_remove(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM account_phone WHERE account = $1", db_int(account));

	return rc < 0 ? rc : 0;
}
