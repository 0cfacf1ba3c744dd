/*
 * store/copying.c: what a COPY in several transactions has made so far (store.h).
 *
 * On database threads. A row a transaction of a COPY; one is taken back a call.
 */
#include "store/internal.h"

#include "hearth/error.h"
#include "hearth/log.h"

int mail_store_copying_note(
	struct db_tx *tx, int64_t op, int64_t mailbox, uint32_t first, uint32_t last)
{
	INVARIANT(db_tx_writes(tx));
	INVARIANT(op != 0 && first > 0 && first <= last);
	int rc =
		db_run(tx, "INSERT INTO copying (op, mailbox, first, last) VALUES ($1, $2, $3, $4)",
			db_int(op), db_int(mailbox), db_int(first), db_int(last));

	return rc < 0 ? rc : 0;
}

int mail_store_copying_end(struct db_tx *tx, int64_t op)
{
	INVARIANT(db_tx_writes(tx));
	INVARIANT(op != 0);
	int rc = db_run(tx, "DELETE FROM copying WHERE op = $1", db_int(op));

	return rc < 0 ? rc : 0;
}

int mail_store_copying_ops(struct db_tx *tx, int64_t *ops, int max)
{
	struct db_rows rows;
	int n = 0;
	int rc = db_query(tx, &rows, "SELECT DISTINCT op FROM copying LIMIT $1", db_int(max));

	while (rc >= 0 && (rc = db_next(&rows)) > 0)
		ops[n++] = db_col_int(&rows, 0);
	db_end(&rows);
	return rc < 0 ? rc : n;
}

struct noted {
	int64_t id, mailbox;
	uint32_t first, last;
};

/* HEARTH_ENOTFOUND: there is none. */
static int next_noted(struct db_tx *tx, int64_t op, struct noted *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT id, mailbox, first, last FROM copying WHERE op = $1 ORDER BY id LIMIT 1",
		db_int(op));

	if (rc < 0)
		return rc;
	*out = (struct noted){ db_col_int(&rows, 0), db_col_int(&rows, 1),
		(uint32_t)db_col_int(&rows, 2), (uint32_t)db_col_int(&rows, 3) };
	return db_end(&rows);
}

/* A row stands for one transaction's messages, so it is taken back in one. */
int mail_store_copying_undo(struct db_tx *tx, int64_t op, int64_t *mailbox, bool *done)
{
	INVARIANT(db_tx_writes(tx));
	struct noted noted = { 0 };
	int64_t modseq = 0;
	int rc = next_noted(tx, op, &noted);

	*done = rc == HEARTH_ENOTFOUND;
	*mailbox = noted.mailbox;
	if (*done)
		return 0;
	for (uint64_t uid = noted.first; uid <= noted.last && rc == 0; uid++) {
		rc = mail_store_expunge(tx, noted.mailbox, (uint32_t)uid, &modseq);
		/* Somebody has moved it on, or expunged it. */
		if (rc == HEARTH_ENOTFOUND)
			rc = 0;
	}
	if (rc == 0)
		rc = db_run(tx, "DELETE FROM copying WHERE id = $1", db_int(noted.id));
	return rc < 0 ? rc : 0;
}
