/*
 * store/erasure.c: what an account that was deleted had here (store.h).
 *
 * On the writer; as many messages a call as the caller says.
 */
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/internal.h"
#include "store/outgoing.h"

int mail_store_erase(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "INSERT INTO forgotten (account) VALUES ($1) ON CONFLICT DO NOTHING",
		db_int(account));

	return rc < 0 ? rc : 0;
}

int mail_store_is_erased(struct db_tx *tx, int64_t account)
{
	int64_t n = 0;
	int rc = db_get_int(
		tx, &n, "SELECT count(*) FROM forgotten WHERE account = $1", db_int(account));

	return rc == 0 && n ? HEARTH_ENOTFOUND : rc;
}

/* What is left once there is no mailbox any more. */
static int erase_rest(struct db_tx *tx, int64_t account)
{
	static const char *const statements[] = {
		"DELETE FROM subscription WHERE account = $1",
		"DELETE FROM account_state WHERE account = $1",
		"DELETE FROM preference WHERE account = $1",
		"DELETE FROM sending WHERE account = $1",
		"DELETE FROM on_its_way WHERE account = $1",
		"DELETE FROM forward WHERE account = $1",
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && rc >= 0; i++)
		rc = db_run(tx, statements[i], db_int(account));
	return rc < 0 ? rc : 0;
}

int mail_store_erase_some(struct db_tx *tx, int64_t account, size_t max, bool *done)
{
	INVARIANT(db_tx_writes(tx));
	INVARIANT(max > 0);
	int64_t mailbox;
	bool one_is_done, sent;
	int rc = mail_store_queue_forget(tx, account, max, &sent);

	*done = false;
	if (rc < 0 || sent)
		return rc;
	rc = db_get_int(
		tx, &mailbox, "SELECT min(id) FROM mailbox WHERE account = $1", db_int(account));

	*done = rc == HEARTH_ENOTFOUND;
	if (*done)
		return erase_rest(tx, account);
	return rc < 0 ? rc : mail_store_delete_some(tx, mailbox, max, &one_is_done);
}
