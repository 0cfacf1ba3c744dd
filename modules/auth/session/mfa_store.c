/*
 * mfa_store.c: SQL on the tickets between the two steps of a log-in, and on wrong codes. Inside
 * a db_fn, on a database thread.
 */
#include "session/mfa_challenge.h"

#include "account/account.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define FREE_FAILURES 5       /* wrong codes in a row that cost nothing */
#define WAIT_MS       30000   /* after the next one; doubled by each more */
#define WAIT_MAX_MS   3600000 /* guessing takes years, and its owner waits an hour at most */

int auth_store_add_ticket(struct db_tx *tx, const char *hex, int64_t account, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM login_ticket WHERE expires_at <= $1", db_int(now_ms));

	INVARIANT(account > 0);
	if (rc >= 0)
		rc = db_run(tx,
			"DELETE FROM login_ticket WHERE account = $1 AND hash NOT IN (SELECT hash "
			"FROM login_ticket WHERE account = $1 ORDER BY expires_at DESC, hash LIMIT "
			"$2)",
			db_int(account), db_int(AUTH_TICKETS_MAX - 1));
	if (rc >= 0)
		rc = db_run(tx,
			"INSERT INTO login_ticket (hash, account, tries, expires_at) VALUES ($1, "
			"$2, 0, $3)",
			db_str(hex), db_int(account), db_int(now_ms + AUTH_TICKET_TTL_MS));
	return rc < 0 ? rc : 0;
}

int auth_store_find_ticket(struct db_tx *tx, const char *hex, int64_t now_ms, struct account *out)
{
	int64_t account = 0;
	int rc = db_get_int(tx, &account,
		"SELECT account FROM login_ticket WHERE hash = $1 AND expires_at > $2", db_str(hex),
		db_int(now_ms));

	if (rc == 0)
		rc = auth_store_get(tx, account, out);
	return rc == 0 && out->disabled ? HEARTH_ENOTFOUND : rc;
}

int auth_store_use_ticket(struct db_tx *tx, const char *hex, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM login_ticket WHERE hash = $1", db_str(hex));

	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM code_failure WHERE account = $1", db_int(account));
	return rc < 0 ? rc : 0;
}

int64_t auth_code_delay_ms(int64_t failures)
{
	int64_t wait = WAIT_MS;

	INVARIANT(failures >= 0);
	if (failures <= FREE_FAILURES)
		return 0;
	for (int64_t i = FREE_FAILURES + 1; i < failures && wait < WAIT_MAX_MS; i++)
		wait *= 2;
	return wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS;
}

int auth_store_fail_ticket(struct db_tx *tx, const char *hex, int64_t account, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int64_t failures = 0;
	int rc = db_run(
		tx, "UPDATE login_ticket SET tries = tries + 1 WHERE hash = $1", db_str(hex));

	INVARIANT(account > 0);
	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM login_ticket WHERE hash = $1 AND tries >= $2",
			db_str(hex), db_int(AUTH_TICKET_TRIES));
	if (rc >= 0)
		rc = db_get_int(tx, &failures,
			"INSERT INTO code_failure (account, failures, wait_until) VALUES ($1, 1, 0)"
			" ON CONFLICT (account) DO UPDATE SET failures = code_failure.failures + 1"
			" RETURNING failures",
			db_int(account));
	if (rc >= 0 && failures > FREE_FAILURES)
		rc = db_run(tx, "UPDATE code_failure SET wait_until = $2 WHERE account = $1",
			db_int(account), db_int(now_ms + auth_code_delay_ms(failures)));
	return rc < 0 ? rc : 0;
}

/*
 * A wait is never longer than what its failures ask for: where the clock was set back since, it
 * begins anew, instead of lasting until that clock has caught up.
 */
static int shorten_wait(
	struct db_tx *tx, int64_t account, int64_t failures, int64_t now_ms, int64_t *wait_ms)
{
	int64_t most = auth_code_delay_ms(failures);
	int rc;

	if (*wait_ms <= most)
		return 0;
	*wait_ms = most;
	rc = db_run(tx, "UPDATE code_failure SET wait_until = $2 WHERE account = $1",
		db_int(account), db_int(now_ms + most));
	return rc < 0 ? rc : 0;
}

int auth_store_code_wait(struct db_tx *tx, int64_t account, int64_t now_ms, int64_t *wait_ms)
{
	struct db_rows rows;
	int64_t failures = 0, until_ms = 0;
	int rc = db_one(tx, &rows,
		"SELECT failures, wait_until FROM code_failure WHERE account = $1",
		db_int(account));

	*wait_ms = 0;
	if (rc < 0 && rc != HEARTH_ENOTFOUND)
		return rc;
	if (rc == 0) {
		failures = db_col_int(&rows, 0);
		until_ms = db_col_int(&rows, 1);
		db_end(&rows);
	}
	if (until_ms > now_ms)
		*wait_ms = until_ms - now_ms;
	return shorten_wait(tx, account, failures, now_ms, wait_ms);
}

int auth_store_drop_tickets(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM login_ticket WHERE account = $1", db_int(account));

	return rc < 0 ? rc : 0;
}

int auth_store_widen_session(struct db_tx *tx, int64_t token)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "UPDATE token SET scopes = $2 WHERE id = $1 AND kind = $3",
		db_int(token), db_int(ACCOUNTS_SCOPE_WEB), db_int(AUTH_TOKEN_SESSION));

	return rc < 0 ? rc : 0;
}
