/*
 * imap/session/imap_copy_undo.c: takes back a COPY some messages a transaction, also those that a
 * killed process has left behind. On the loop; its work inside db_fns.
 *
 * Of those left behind OPS_MAX are looked at in a round; each takes back one transaction at a
 * time.
 */
#include "imap/session/imap_copy_undo.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "notify.h"
#include "store/store.h"

#define OPS_MAX        64
#define AGAIN_EVERY_MS (INT64_C(10) * 60 * 1000)

int mail_copying_own(const struct mail *m, struct db_tx *tx, struct mail_copying *c)
{
	char name[LEASE_NAME_MAX + 1];

	INVARIANT(c->op != 0 && db_tx_writes(tx));
	if (c->owned)
		return lease_renew(hearth_leases(m->h), tx, &c->lease);
	snprintf(name, sizeof(name), "mail.copy.%lld", (long long)c->op);
	return lease_take(hearth_leases(m->h), tx, name, &c->lease);
}

int mail_copying_end(struct db_tx *tx, const struct mail_copying *c)
{
	INVARIANT(c->op != 0 && db_tx_writes(tx));
	int rc = mail_store_copying_end(tx, c->op);

	return rc < 0 ? rc : lease_end(tx, &c->lease);
}

struct undo {
	struct mail *m;
	struct mail_copying copying;
	struct mailbox mailbox; /* that the latest transaction has changed */
	bool over;
	done_fn *done;
	void *arg;
};

static int undo_some(struct db_tx *tx, void *arg)
{
	struct undo *u = arg;
	int rc = mail_copying_own(u->m, tx, &u->copying);

	if (rc == 0)
		rc = mail_store_copying_undo(tx, u->copying.op, &u->mailbox.id, &u->over);
	if (rc == 0 && u->over)
		rc = lease_end(tx, &u->copying.lease);
	/* Deleted meanwhile: there is nobody to tell. */
	if (rc == 0 && !u->over && mail_store_mailbox_by_id(tx, u->mailbox.id, &u->mailbox) < 0)
		u->mailbox.account = 0;
	return rc;
}

static void next(struct undo *u);

static void on_undone(void *arg, int status)
{
	struct undo *u = arg;

	u->copying.owned |= status == 0;
	if (status == 0 && !u->over) {
		mail_changed(hearth_bus(u->m->h), u->mailbox.account, u->mailbox.id);
		next(u);
		return;
	}
	/* Somebody is at it; or what stays is noted, and tried again. */
	if (status < 0 && status != HEARTH_ECONFLICT &&
		(u->copying.owned || status != HEARTH_EBUSY))
		log_warn("mail", "a copy that did not end is not taken back", "why", "%s",
			error_name(status), NULL);
	if (u->done)
		u->done(u->arg, status);
	hearth_release(u->m->h);
	free(u);
}

static void refused(void *arg)
{
	on_undone(arg, HEARTH_EBUSY);
}

static void next(struct undo *u)
{
	if (db_write(u->m->db, undo_some, on_undone, u) < 0)
		exec_post(exec_loop(), refused, u);
}

void mail_copying_undo(struct mail *m, const struct mail_copying *c, done_fn *done, void *arg)
{
	struct undo *u = mem_alloc(sizeof(*u));

	INVARIANT(c->op != 0);
	*u = (struct undo){ .m = m, .copying = *c, .done = done, .arg = arg };
	hearth_hold(m->h);
	next(u);
}

/* ---- what processes left that were killed ---- */

struct recovery {
	struct mail *m;
	int64_t ops[OPS_MAX];
	int n;
};

static int find_ops(struct db_tx *tx, void *arg)
{
	struct recovery *r = arg;

	r->n = mail_store_copying_ops(tx, r->ops, OPS_MAX);
	return r->n < 0 ? r->n : 0;
}

/* Those that somebody is at answer that they are held. */
static void undo_found(const struct recovery *r)
{
	for (int i = 0; i < r->n && !r->m->draining; i++)
		mail_copying_undo(r->m, &(struct mail_copying){ .op = r->ops[i] }, NULL, NULL);
}

static void on_found(void *arg, int status)
{
	if (status == 0)
		undo_found(arg);
	free(arg);
}

static void look_again(void *arg)
{
	struct mail *m = arg;
	struct recovery *r = mem_zalloc(sizeof(*r));

	r->m = m;
	if (db_read(m->db, find_ops, on_found, r) < 0)
		free(r);
	timer_start(&m->copying, AGAIN_EVERY_MS, 0, look_again, m);
}

int mail_copying_recover(struct mail *m)
{
	struct recovery r = { .m = m };
	int rc = db_read_wait(m->db, find_ops, &r);

	if (rc == 0)
		undo_found(&r);
	/* Those that died a moment ago seem to be alive for so long. */
	timer_start(&m->copying, 2 * leases_ttl_ms(hearth_leases(m->h)), 0, look_again, m);
	return rc;
}
