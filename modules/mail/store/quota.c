/*
 * store/quota.c: how much is kept for an account: the sum of the sizes of its messages, as
 * RFC822.SIZE has them, each copy for itself (RFC 9208 section 5.1). A message of which more was
 * parsed than it is long counts for that instead: else a person's quota would be no bound for what
 * strangers can make us keep for them.
 *
 * The sum is a column of account_state. It changes in the transaction, and next to the statement,
 * that adds a row to `message` or removes one; there is one of each.
 *
 * On database threads; one row an account, however much it keeps.
 */
#include "store/internal.h"

#include "hearth/error.h"
#include "hearth/log.h"

#define PARSED_FREE 4096 /* bytes that any message may have of what was parsed */

uint64_t mail_content_extra(const struct mail_content *c)
{
	uint64_t size = c->blob_size + c->trace.n + PARSED_FREE;
	uint64_t parsed = c->envelope.n + c->body.n + c->bodystructure.n + c->structure.n +
			  c->header.n + c->fields.n;

	return parsed > size ? parsed - size : 0;
}

int mail_store_count_size(struct db_tx *tx, int64_t mailbox, int64_t size)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"UPDATE account_state SET used = used + $2 WHERE account = (SELECT account FROM "
		"mailbox WHERE id = $1)",
		db_int(mailbox), db_int(size));

	return rc < 0 ? rc : 0;
}

int mail_store_used(struct db_tx *tx, int64_t account, int64_t *used)
{
	int rc;

	*used = 0;
	rc = db_get_int(
		tx, used, "SELECT used FROM account_state WHERE account = $1", db_int(account));
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

int mail_store_fits_quota(
	struct db_tx *tx, int64_t account, int64_t quota, int64_t elsewhere, int64_t size)
{
	int64_t used = 0;
	int rc = quota > 0 ? mail_store_used(tx, account, &used) : 0;

	INVARIANT(account > 0 && size >= 0);
	if (rc < 0)
		return rc;
	used += elsewhere;
	return quota > 0 && (used >= quota || size > quota - used) ? HEARTH_ETOOBIG : 0;
}
