/*
 * personal/erasure.c: a deleted account's mail goes, and a deleted mailbox's (personal.h).
 *
 * On a queue's worker, BATCH messages a transaction of the writer; the subscription in the
 * event's.
 */
#include "hearth/error.h"
#include "hearth/export.h"
#include "hearth/log.h"
#include "personal/personal.h"
#include "store/store.h"

#define BATCH 100 /* messages a transaction: others wait no longer than that takes */

int mail_on_deleted(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	int64_t account;
	int rc = export_account_of(ev->payload, &account);

	(void)module;
	(void)prepared;
	INVARIANT(db_tx_writes(tx));
	if (rc == 0)
		rc = mail_store_erase(tx, account);
	return rc < 0 ? rc : export_push(tx, ev, MAIL_QUEUE_ERASE);
}

struct forgetting {
	int64_t account;
	bool done;
};

static int erase_some(struct db_tx *tx, void *arg)
{
	struct forgetting *f = arg;

	return mail_store_erase_some(tx, f->account, BATCH, &f->done);
}

int mail_erase(void *module, const struct queue_task *task, struct arena *a)
{
	struct mail *m = module;
	struct forgetting f = { 0 };
	int rc = export_account_of(task->payload, &f.account);

	(void)a;
	while (rc == 0 && !f.done) {
		rc = db_write_wait(m->db, erase_some, &f);
		if (rc == 0 && !f.done)
			rc = queue_extend(m->db, task, MAIL_ERASE_LEASE_MS);
	}
	return rc;
}

struct emptying {
	uint64_t mailbox;
	bool done;
};

static int empty_some(struct db_tx *tx, void *arg)
{
	struct emptying *e = arg;

	return mail_store_delete_some(tx, (int64_t)e->mailbox, BATCH, &e->done);
}

int mail_empty(void *module, const struct queue_task *task, struct arena *a)
{
	struct mail *m = module;
	struct emptying e = { 0 };
	int rc = slice_u64(task->key, INT64_MAX, &e.mailbox);

	(void)a;
	while (rc == 0 && !e.done) {
		rc = db_write_wait(m->db, empty_some, &e);
		if (rc == 0 && !e.done)
			rc = queue_extend(m->db, task, MAIL_EMPTY_LEASE_MS);
	}
	return rc;
}
