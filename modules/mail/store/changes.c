/*
 * store/changes.c: what happened in a mailbox since somebody looked: what is gone, new or changed
 * (store.h). On a database thread. A walk has MAIL_BULK_MAX changes and what is of one modseq with the
 * last; what is gone has at most what who asks knew.
 */
#include "store/internal.h"

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

/* Who is told of a walk. */
struct walk {
	mail_uid_fn *uid;
	mail_flags_fn *flags;
	void *arg;
};

static int tell_uid(struct db_rows *rows, void *arg)
{
	const struct walk *w = arg;

	return w->uid(w->arg, (uint32_t)db_col_int(rows, 0));
}

static int tell_flags(struct db_rows *rows, void *arg)
{
	const struct walk *w = arg;
	struct mail_flags flags = { (unsigned)db_col_int(rows, 1), db_col_text(rows, 2) };

	return w->flags(w->arg, (uint32_t)db_col_int(rows, 0), &flags);
}

int mail_store_modseq(struct db_tx *tx, int64_t mailbox, int64_t *now)
{
	return db_get_int(tx, now, "SELECT modseq FROM mailbox WHERE id = $1 AND deleted = 0",
		db_int(mailbox));
}

int mail_store_changes(struct db_tx *tx, int64_t mailbox, int64_t modseq, int64_t *up_to,
	bool *more, mail_uid_fn *expunged, mail_flags_fn *changed, void *arg)
{
	struct walk w = { .uid = expunged, .flags = changed, .arg = arg };
	int64_t now, last = 0;
	int rc = mail_store_modseq(tx, mailbox, &now);

	INVARIANT(mailbox > 0 && modseq >= 0);
	*more = false;
	*up_to = now;
	if (rc < 0 || now == modseq)
		return rc;
	rc = db_get_int(tx, &last,
		"SELECT modseq FROM message WHERE mailbox = $1 AND modseq > $2 ORDER BY modseq "
		"LIMIT 1 OFFSET $3",
		db_int(mailbox), db_int(modseq), db_int(MAIL_BULK_MAX));
	if (rc == 0) {
		*more = last < now;
		*up_to = last;
	} else if (rc != HEARTH_ENOTFOUND) {
		return rc;
	}
	rc = db_each(tx, tell_uid, &w,
		"SELECT uid FROM expunged WHERE mailbox = $1 AND modseq > $2 AND modseq <= $3 "
		"ORDER BY uid",
		db_int(mailbox), db_int(modseq), db_int(*up_to));
	if (rc)
		return rc;
	return db_each(tx, tell_flags, &w,
		"SELECT uid, flags, keywords FROM message WHERE mailbox = $1 AND modseq > $2 AND "
		"modseq <= $3 ORDER BY uid",
		db_int(mailbox), db_int(modseq), db_int(*up_to));
}

int mail_store_arrived(
	struct db_tx *tx, int64_t mailbox, uint32_t uid, mail_uid_fn *arrived, void *arg)
{
	struct walk w = { .uid = arrived, .arg = arg };

	return db_each(tx, tell_uid, &w,
		"SELECT uid FROM message WHERE mailbox = $1 AND uid > $2 ORDER BY uid",
		db_int(mailbox), db_int(uid));
}

int mail_store_prune_expunged(struct db_tx *tx)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM expunged WHERE expunged_at < $1",
		db_int(clock_wall_s() - MAIL_EXPUNGED_KEPT_S));

	return rc < 0 ? rc : 0;
}
