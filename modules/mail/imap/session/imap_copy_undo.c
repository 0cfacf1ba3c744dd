/*
 * imap/session/imap_copy_undo.c: takes back a COPY some messages a transaction, also those that a
 * killed process has left behind. On the loop; its work inside db_fns.
 */
#include "imap/session/imap_copy_undo.h"

#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "notify.h"
#include "store/store.h"

struct undo {
	struct mail *m;
	int64_t op, up_to;
	struct mailbox mailbox; /* that the latest transaction has changed */
	bool over;
	done_fn *done;
	void *arg;
};

static int undo_some(struct db_tx *tx, void *arg)
{
	struct undo *u = arg;
	int rc = mail_store_copying_undo(tx, u->op, u->up_to, &u->mailbox.id, &u->over);

	/* Deleted meanwhile: there is nobody to tell. */
	if (rc == 0 && !u->over && mail_store_mailbox_by_id(tx, u->mailbox.id, &u->mailbox) < 0)
		u->mailbox.account = 0;
	return rc;
}

static void next(struct undo *u);

static void on_undone(void *arg, int status)
{
	struct undo *u = arg;

	if (status == 0 && !u->over) {
		mail_changed(hearth_bus(u->m->h), u->mailbox.account, u->mailbox.id);
		next(u);
		return;
	}
	/* What stays is noted, and tried again at the next start. */
	if (status < 0)
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

static void undo(struct mail *m, int64_t op, int64_t up_to, done_fn *done, void *arg)
{
	struct undo *u = mem_alloc(sizeof(*u));

	*u = (struct undo){ .m = m, .op = op, .up_to = up_to, .done = done, .arg = arg };
	hearth_hold(m->h);
	next(u);
}

void mail_copying_undo(struct mail *m, int64_t op, done_fn *done, void *arg)
{
	undo(m, op, INT64_MAX, done, arg);
}

static int find_last(struct db_tx *tx, void *arg)
{
	return mail_store_copying_last(tx, arg);
}

int mail_copying_recover(struct mail *m)
{
	int64_t last = 0;
	int rc = db_read_wait(m->db, find_last, &last);

	if (rc == 0 && last > 0)
		undo(m, 0, last, NULL, NULL);
	return rc;
}
