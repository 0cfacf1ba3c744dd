/*
 * store/preferences.c: what an account has chosen for its mail (preferences.h).
 *
 * On database threads; one row an account.
 */
#include "personal/preferences.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/store.h"

int mail_store_preferences(
	struct db_tx *tx, int64_t account, struct arena *a, struct mail_preferences *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT version, signature, filters, page_size, send_delay FROM preference WHERE "
		"account = $1",
		db_int(account));

	*out = (struct mail_preferences){ .account = account,
		.signature = SLICE("{}"),
		.filters = SLICE("[]"),
		.page_size = MAIL_PAGE_SIZE };
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	out->version = db_col_int(&rows, 0);
	out->signature = arena_slice(a, db_col_text(&rows, 1));
	out->filters = arena_slice(a, db_col_text(&rows, 2));
	out->page_size = db_col_int(&rows, 3);
	out->send_delay = db_col_int(&rows, 4);
	return db_end(&rows);
}

int mail_store_set_preferences(struct db_tx *tx, const struct mail_preferences *p)
{
	INVARIANT(db_tx_writes(tx));
	int rc = mail_store_is_erased(tx, p->account);

	/* Heard of only after its account was deleted. */
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	rc = db_run(tx,
		"INSERT INTO preference (account, version, signature, filters, page_size, "
		"send_delay) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account) DO UPDATE SET "
		"version = $2, signature = $3, filters = $4, page_size = $5, send_delay = $6 "
		"WHERE preference.version < $2",
		db_int(p->account), db_int(p->version), db_text(p->signature), db_text(p->filters),
		db_int(p->page_size), db_int(p->send_delay));

	return rc < 0 ? rc : 0;
}
