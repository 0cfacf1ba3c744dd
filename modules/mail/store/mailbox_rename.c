/*
 * store/mailbox_rename.c: a mailbox gets another name, and its inferiors with it; INBOX stays, and
 * its messages go (store.h). On the writer: a row for each inferior, of which an account has no more
 * than mailboxes, and of INBOX MAIL_BULK_MAX messages a transaction.
 */
#include "store/internal.h"

#include "hearth/error.h"
#include "hearth/log.h"

/*
 * UIDs and UIDVALIDITY stay: no other mailbox of the account ever had that number, under whichever
 * name, so clients go on with what they know.
 */
static int rename_one(struct db_tx *tx, int64_t id, struct slice to)
{
	int rc = db_run(tx, "UPDATE mailbox SET name = $2 WHERE id = $1", db_int(id), db_text(to));

	return rc < 0 ? rc : 0;
}

/*
 * Mailboxes below `from`, collected first, since they are changed one by one; by name, so that one
 * that moves up finds the name it gets free already.
 */
struct inferiors {
	struct arena *a;
	struct slice prefix;
	struct inferior {
		int64_t id;
		struct slice rest; /* behind the prefix */
		struct inferior *next;
	} * first, **end;
};

static int collect_inferior(void *arg, const struct mailbox *box)
{
	struct inferiors *in = arg;
	struct slice name = slice_str(box->name);
	struct inferior *one;

	if (!slice_starts(name, in->prefix))
		return 0;
	one = ARENA_NEW(in->a, struct inferior);
	one->id = box->id;
	one->rest = arena_slice(in->a, slice_skip(name, in->prefix.n));
	*in->end = one;
	in->end = &one->next;
	return 0;
}

static int rename_inferiors(struct db_tx *tx, int64_t account, struct slice from, struct slice to)
{
	struct inferiors in = { .a = arena_new() };
	int rc;

	in.end = &in.first;
	in.prefix = slice_str(arena_printf(in.a, "%.*s/", SLICE_ARG(from)));
	rc = mail_store_mailboxes(tx, account, collect_inferior, &in);
	for (const struct inferior *one = in.first; one && rc == 0; one = one->next) {
		struct slice name = slice_str(
			arena_printf(in.a, "%.*s/%.*s", SLICE_ARG(to), SLICE_ARG(one->rest)));

		rc = mail_name_is_good(name) ? rename_one(tx, one->id, name) : HEARTH_EINVAL;
	}
	arena_free(&in.a);
	return rc;
}

/* Renaming INBOX moves its messages away and leaves it empty (RFC 3501 section 6.3.5). */
static int move_inbox(
	struct db_tx *tx, int64_t account, const struct mailbox *inbox, struct slice to, bool *done)
{
	int rc = mail_store_create(tx, account, to, 0);

	return rc < 0 ? rc : mail_store_move_inbox(tx, account, to, inbox->uidnext, done);
}

int mail_store_move_inbox(
	struct db_tx *tx, int64_t account, struct slice to, uint32_t below, bool *done)
{
	INVARIANT(db_tx_writes(tx));
	struct arena *a = arena_new();
	struct mailbox inbox, box;
	int64_t modseq = 0;
	uint32_t *uids = NULL, new_uid;
	size_t n = 0, moved = 0;
	int rc = mail_store_mailbox(tx, account, SLICE("INBOX"), &inbox);

	if (rc == 0)
		rc = mail_store_mailbox(tx, account, to, &box);
	if (rc == 0)
		rc = mail_store_first_uids(tx, inbox.id, MAIL_BULK_MAX, a, &uids, &n);
	for (; moved < n && uids[moved] < below && rc == 0; moved++)
		rc = mail_store_move(tx, inbox.id, uids[moved], &box, &modseq, &new_uid);
	arena_free(&a);
	*done = moved < MAIL_BULK_MAX;
	return rc;
}

int mail_store_rename(
	struct db_tx *tx, int64_t account, struct slice from, struct slice to, bool *done)
{
	char room[MAIL_NAME_MAX + 1], from_room[MAIL_NAME_MAX + 1];
	struct mailbox box, other;
	int rc;

	INVARIANT(db_tx_writes(tx));
	*done = true;
	if (!mail_name_is_good(to))
		return HEARTH_EINVAL;
	to = mail_name_canonical(to, room);
	from = mail_name_canonical(from, from_room);
	if (mail_store_mailbox(tx, account, to, &other) == 0)
		return HEARTH_EEXIST;
	rc = mail_store_mailbox(tx, account, from, &box);
	if (rc < 0)
		return rc;
	if (slice_eq(from, SLICE("INBOX")))
		return move_inbox(tx, account, &box, to, done);
	/* A mailbox cannot go below itself. */
	if (to.n > from.n && slice_starts(to, from) && to.p[from.n] == '/')
		return HEARTH_EINVAL;
	rc = mail_store_create_superiors(tx, account, to);
	if (rc == 0)
		rc = rename_one(tx, box.id, to);
	return rc == 0 ? rename_inferiors(tx, account, from, to) : rc;
}
