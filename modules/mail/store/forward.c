/*
 * store/forward.c: SQL on forwards (forward.h). Inside a db_fn; a row an account, and a row an hour for
 * each address that sends on, for a day.
 */
#include "store/forward.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/log.h"

#define HOUR_MS (INT64_C(3600) * 1000)

int mail_store_forward(struct db_tx *tx, int64_t account, struct mail_forward *out)
{
	struct db_rows rows;
	struct slice address;
	int rc = db_one(tx, &rows,
		"SELECT address, keep, confirmed, asked_ms FROM forward WHERE account = $1",
		db_int(account));

	*out = (struct mail_forward){ 0 };
	if (rc < 0)
		return rc;
	address = db_col_text(&rows, 0);
	snprintf(out->address, sizeof(out->address), "%.*s", SLICE_ARG(address));
	out->keep = db_col_int(&rows, 1) != 0;
	out->confirmed = db_col_int(&rows, 2) != 0;
	out->asked_ms = db_col_int(&rows, 3);
	return db_end(&rows);
}

int mail_store_forward_set(struct db_tx *tx, int64_t account, const struct mail_forward *f,
	const char hash[MAIL_FORWARD_HASH], bool *asks)
{
	INVARIANT(db_tx_writes(tx) && account > 0 && f->address[0]);
	struct mail_forward old;
	int rc = mail_store_forward(tx, account, &old);

	*asks = rc != 0 || !old.confirmed || strcmp(old.address, f->address) != 0;
	if (rc < 0 && rc != HEARTH_ENOTFOUND)
		return rc;
	if (!*asks)
		rc = db_run(tx, "UPDATE forward SET keep = $2 WHERE account = $1", db_int(account),
			db_int(f->keep));
	else
		rc = db_run(tx,
			"INSERT INTO forward (account, address, keep, confirmed, hash, asked_ms)"
			" VALUES ($1, $2, $3, 0, $4, $5) ON CONFLICT (account) DO UPDATE SET"
			" address = excluded.address, keep = excluded.keep, confirmed = 0,"
			" hash = excluded.hash, asked_ms = excluded.asked_ms",
			db_int(account), db_str(f->address), db_int(f->keep), db_str(hash),
			db_int(f->asked_ms));
	return rc < 0 ? rc : 0;
}

int mail_store_forward_confirm(
	struct db_tx *tx, const char hash[MAIL_FORWARD_HASH], int64_t since_ms, int64_t *account)
{
	INVARIANT(db_tx_writes(tx));
	return db_get_int(tx, account,
		"UPDATE forward SET confirmed = 1, hash = '' WHERE hash = $1 AND confirmed = 0"
		" AND asked_ms > $2 RETURNING account",
		db_str(hash), db_int(since_ms));
}

int mail_store_forward_remove(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM forward WHERE account = $1", db_int(account));

	return rc < 0 ? rc : rc == 0 ? HEARTH_ENOTFOUND : 0;
}

int mail_store_forwarded(struct db_tx *tx, struct slice key, int64_t now_ms, int64_t max)
{
	INVARIANT(db_tx_writes(tx));
	int64_t n = 0;
	int rc = db_get_int(tx, &n,
		"INSERT INTO forwarded (key, hour, mails) VALUES ($1, $2, 1)"
		" ON CONFLICT (key, hour) DO UPDATE SET mails = forwarded.mails + 1"
		" RETURNING mails",
		db_text(key), db_int(now_ms / HOUR_MS));

	return rc < 0 ? rc : max > 0 && n > max ? HEARTH_EDENIED : 0;
}

int mail_store_forwarded_full(struct db_tx *tx, struct slice key, int64_t now_ms, int64_t max)
{
	int64_t n = 0;
	int rc = db_get_int(tx, &n, "SELECT mails FROM forwarded WHERE key = $1 AND hour = $2",
		db_text(key), db_int(now_ms / HOUR_MS));

	if (rc == HEARTH_ENOTFOUND)
		return 0;
	return rc < 0 ? rc : max > 0 && n >= max ? HEARTH_EDENIED : 0;
}

int mail_store_forwarded_prune(struct db_tx *tx, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM forwarded WHERE hour < $1", db_int(now_ms / HOUR_MS - 24));

	return rc < 0 ? rc : 0;
}
