/*
 * store/changes.c: what happened in a mailbox since somebody looked: what is gone, new or changed
 * (store.h). On a database thread. A walk has MAIL_BULK_MAX changes and what is of one modseq with the
 * last; what is gone has at most what who asks knew.
 */
#include "store/internal.h"

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

static int each_expunged(struct db_tx *tx, int64_t mailbox, int64_t modseq, int64_t up_to,
	mail_uid_fn *expunged, void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT uid FROM expunged WHERE mailbox = $1 AND modseq > $2 AND modseq <= $3 "
		"ORDER BY uid",
		db_int(mailbox), db_int(modseq), db_int(up_to));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = expunged(arg, (uint32_t)db_col_int(&rows, 0));
	rc = db_end(&rows);
	return stop ? stop : rc;
}

static int each_changed(struct db_tx *tx, int64_t mailbox, int64_t modseq, int64_t up_to,
	mail_flags_fn *changed, void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT uid, flags, keywords FROM message WHERE mailbox = $1 AND modseq > $2 AND "
		"modseq <= $3 ORDER BY uid",
		db_int(mailbox), db_int(modseq), db_int(up_to));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = changed(arg, (uint32_t)db_col_int(&rows, 0),
			&(struct mail_flags){
				(unsigned)db_col_int(&rows, 1), db_col_text(&rows, 2) });
	rc = db_end(&rows);
	return stop ? stop : rc;
}

int mail_store_modseq(struct db_tx *tx, int64_t mailbox, int64_t *now)
{
	return db_get_int(tx, now, "SELECT modseq FROM mailbox WHERE id = $1 AND deleted = 0",
		db_int(mailbox));
}

int mail_store_changes(struct db_tx *tx, int64_t mailbox, int64_t modseq, int64_t *up_to,
	bool *more, mail_uid_fn *expunged, mail_flags_fn *changed, void *arg)
{
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
	rc = each_expunged(tx, mailbox, modseq, *up_to, expunged, arg);
	return rc ? rc : each_changed(tx, mailbox, modseq, *up_to, changed, arg);
}

int mail_store_arrived(
	struct db_tx *tx, int64_t mailbox, uint32_t uid, mail_uid_fn *arrived, void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT uid FROM message WHERE mailbox = $1 AND uid > $2 ORDER BY uid",
		db_int(mailbox), db_int(uid));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = arrived(arg, (uint32_t)db_col_int(&rows, 0));
	rc = db_end(&rows);
	return stop ? stop : rc;
}

int mail_store_prune_expunged(struct db_tx *tx)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM expunged WHERE expunged_at < $1",
		db_int(clock_wall_s() - MAIL_EXPUNGED_KEPT_S));

	return rc < 0 ? rc : 0;
}
