/*
 * store_preferences.c: what an account has chosen for its games (preferences.h).
 *
 * Inside a db_fn; one row for each account.
 */
#include "hearth/error.h"
#include "hearth/log.h"
#include "personal/preferences.h"

int game_store_preferences(struct db_tx *tx, int64_t account, struct game_preferences *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT version, base_s, increment_s, auto_queen FROM preference WHERE account = "
		"$1",
		db_int(account));

	*out = (struct game_preferences){ .account = account };
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	out->version = db_col_int(&rows, 0);
	out->base_s = db_col_int(&rows, 1);
	out->increment_s = db_col_int(&rows, 2);
	out->auto_queen = db_col_int(&rows, 3) != 0;
	return db_end(&rows);
}

int game_store_completes(struct db_tx *tx, unsigned seats, const int64_t accounts[GAME_SEATS_MAX],
	bool completes[GAME_SEATS_MAX])
{
	struct game_preferences p;
	int rc = 0;

	for (unsigned seat = 0; seat < seats && rc == 0; seat++) {
		rc = game_store_preferences(tx, accounts[seat], &p);
		completes[seat] = rc == 0 && p.auto_queen;
	}
	return rc;
}

int game_store_set_preferences(struct db_tx *tx, const struct game_preferences *p)
{
	int64_t gone = 0;
	int rc;

	INVARIANT(p->account > 0);
	rc = db_get_int(
		tx, &gone, "SELECT count(*) FROM forgotten WHERE account = $1", db_int(p->account));

	/* The event of a change may come after that of the account's end. */
	if (rc < 0 || gone)
		return rc;
	rc = db_run(tx,
		"INSERT INTO preference (account, version, base_s, increment_s, auto_queen) VALUES "
		"($1, $2, $3, $4, $5) ON CONFLICT (account) DO UPDATE SET version = $2, base_s = "
		"$3, increment_s = $4, auto_queen = $5 WHERE preference.version < $2",
		db_int(p->account), db_int(p->version), db_int(p->base_s), db_int(p->increment_s),
		db_int(p->auto_queen));
	return rc < 0 ? rc : 0;
}

int game_store_forget_preferences(struct db_tx *tx, int64_t account)
{
	int rc = db_run(tx, "DELETE FROM preference WHERE account = $1", db_int(account));

	return rc < 0 ? rc : 0;
}
