/*
 * store/mailbox.c: mailboxes are found: by name, by use, by id, all of an account (store.h). On a
 * database thread. A level's mailbox may be deleted while its inferiors stay; clients then see
 * \NonExistent or simply a gap. What is bounded is how many there can be (mailbox_create.c).
 */
#include "store/internal.h"

#include "hearth/error.h"
#include "hearth/log.h"

#define MAILBOX_COLUMNS                                                                \
	"m.id, m.account, m.name, m.uidvalidity, m.uidnext, m.modseq, m.special_use, " \
	"m.recent_uid,"                                                                \
	" EXISTS (SELECT 1 FROM subscription s WHERE s.account = m.account AND s.name = m.name)"

static void read_mailbox(struct db_rows *rows, struct mailbox *out)
{
	struct slice name = slice_head(db_col_text(rows, 2), MAIL_NAME_MAX);

	*out = (struct mailbox){ .id = db_col_int(rows, 0),
		.account = db_col_int(rows, 1),
		.uidvalidity = (uint32_t)db_col_int(rows, 3),
		.uidnext = (uint32_t)db_col_int(rows, 4),
		.modseq = db_col_int(rows, 5),
		.use = (unsigned)db_col_int(rows, 6),
		.recent_uid = (uint32_t)db_col_int(rows, 7),
		.subscribed = db_col_int(rows, 8) != 0 };
	memcpy(out->name, name.p, name.n);
}

/* The one that a statement has found. */
static int take_one(int rc, struct db_rows *rows, struct mailbox *out)
{
	if (rc < 0)
		return rc;
	read_mailbox(rows, out);
	return db_end(rows);
}

int mail_store_mailbox(struct db_tx *tx, int64_t account, struct slice name, struct mailbox *out)
{
	char room[MAIL_NAME_MAX + 1];
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT " MAILBOX_COLUMNS " FROM mailbox m WHERE m.account = $1 AND m.name = $2",
		db_int(account), db_text(mail_name_canonical(name, room)));

	return take_one(rc, &rows, out);
}

int mail_store_mailbox_by_use(struct db_tx *tx, int64_t account, unsigned use, struct mailbox *out)
{
	struct db_rows rows;
	int rc;

	INVARIANT(account > 0 && use != 0);
	rc = db_one(tx, &rows,
		"SELECT " MAILBOX_COLUMNS
		" FROM mailbox m WHERE m.account = $1 AND m.special_use = $2 ORDER BY m.id",
		db_int(account), db_int(use));
	return take_one(rc, &rows, out);
}

int mail_store_mailbox_by_id(struct db_tx *tx, int64_t id, struct mailbox *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT " MAILBOX_COLUMNS " FROM mailbox m WHERE m.id = $1 AND m.deleted = 0",
		db_int(id));

	return take_one(rc, &rows, out);
}

struct listing {
	int (*each)(void *arg, const struct mailbox *box);
	void *arg;
};

static int list_one(struct db_rows *rows, void *arg)
{
	const struct listing *l = arg;
	struct mailbox box;

	read_mailbox(rows, &box);
	return l->each(l->arg, &box);
}

int mail_store_mailboxes(struct db_tx *tx, int64_t account,
	int (*each)(void *arg, const struct mailbox *box), void *arg)
{
	struct listing l = { each, arg };

	return db_each(tx, list_one, &l,
		"SELECT " MAILBOX_COLUMNS " FROM mailbox m WHERE m.account = $1 AND m.deleted = 0"
		" ORDER BY CASE WHEN m.name = 'INBOX' THEN 0 ELSE 1 END, m.name",
		db_int(account));
}
