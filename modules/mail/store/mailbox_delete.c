/*
 * store/mailbox_delete.c: a mailbox is deleted, at once or by and by (store.h). On the writer, at
 * most DELETED_AT_ONCE messages of it in the command's own transaction.
 */
#include "store/internal.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/job.h"
#include "hearth/log.h"

#define DELETED_AT_ONCE 100 /* messages: of more the rest goes by and by */

static int delete_mailbox(struct db_tx *tx, int64_t mailbox)
{
	int rc = db_run(tx, "DELETE FROM expunged WHERE mailbox = $1", db_int(mailbox));

	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM mailbox WHERE id = $1", db_int(mailbox));
	return rc < 0 ? rc : 0;
}

/* Nobody sees it any more, under a name that nobody can give; the queue empties it. */
static int hide_mailbox(struct db_tx *tx, int64_t mailbox)
{
	char key[24];
	int rc;

	INVARIANT(mailbox > 0);
	snprintf(key, sizeof(key), "\x01%lld", (long long)mailbox);
	rc = db_run(tx, "UPDATE mailbox SET name = $2, special_use = 0, deleted = 1 WHERE id = $1",
		db_int(mailbox), db_str(key));
	if (rc >= 0)
		rc = queue_push(
			tx, MAIL_QUEUE_EMPTY, slice_str(key + 1), (struct slice){ 0 }, 0, 0);
	return rc < 0 ? rc : 0;
}

int mail_store_delete(struct db_tx *tx, int64_t account, struct slice name)
{
	struct mailbox box;
	bool done = false;
	int rc;

	INVARIANT(db_tx_writes(tx));
	if (slice_ieq(name, SLICE("INBOX")))
		return HEARTH_EDENIED;
	rc = mail_store_mailbox(tx, account, name, &box);
	if (rc == 0)
		rc = mail_store_delete_some(tx, box.id, DELETED_AT_ONCE, &done);
	return rc < 0 || done ? rc : hide_mailbox(tx, box.id);
}

int mail_store_delete_some(struct db_tx *tx, int64_t mailbox, size_t max, bool *done)
{
	INVARIANT(db_tx_writes(tx));
	INVARIANT(max > 0);
	struct arena *a = arena_new();
	int64_t modseq = 0;
	uint32_t *uids = NULL;
	size_t n = 0;
	int rc = mail_store_first_uids(tx, mailbox, max, a, &uids, &n);

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = mail_store_expunge(tx, mailbox, uids[i], &modseq);
	arena_free(&a);
	*done = rc == 0 && n < max;
	return *done ? delete_mailbox(tx, mailbox) : rc;
}
