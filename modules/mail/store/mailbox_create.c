/*
 * store/mailbox_create.c: a mailbox is made, with its superiors, and the usual ones of an account
 * (store.h). On the writer; an account has at most MAILBOXES_MAX.
 */
#include "store/internal.h"

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define MAILBOXES_MAX 5000 /* of one account */

/* A number that no mailbox of this account ever had as UIDVALIDITY, growing with time. */
static int next_uidvalidity(struct db_tx *tx, int64_t account, int64_t *out)
{
	return db_get_int(tx, out,
		"INSERT INTO account_state (account, uidvalidity) VALUES ($1, $2)"
		" ON CONFLICT (account) DO UPDATE SET uidvalidity = CASE"
		" WHEN account_state.uidvalidity >= $2 THEN account_state.uidvalidity + 1 ELSE $2 "
		"END"
		" RETURNING uidvalidity",
		db_int(account), db_int(clock_wall_s()));
}

static int insert_mailbox(struct db_tx *tx, int64_t account, struct slice name, unsigned use)
{
	int64_t uidvalidity;
	int rc = mail_store_is_erased(tx, account);

	INVARIANT(db_tx_writes(tx) && mail_name_is_good(name));
	if (rc == 0)
		rc = next_uidvalidity(tx, account, &uidvalidity);
	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO mailbox (account, name, uidvalidity, uidnext, modseq, "
			"special_use, recent_uid)"
			" VALUES ($1, $2, $3, 1, 1, $4, 1) ON CONFLICT (account, name) DO NOTHING",
			db_int(account), db_text(name), db_int(uidvalidity), db_int(use));
	return rc == 0 ? HEARTH_EEXIST : rc < 0 ? rc : 0;
}

int mail_store_ensure(struct db_tx *tx, int64_t account)
{
	static const struct {
		const char *name;
		unsigned use;
	} usual[] = {
		{ "INBOX", 0 },
		{ "Archive", MAIL_USE_ARCHIVE },
		{ "Drafts", MAIL_USE_DRAFTS },
		{ "Junk", MAIL_USE_JUNK },
		{ "Sent", MAIL_USE_SENT },
		{ "Trash", MAIL_USE_TRASH },
	};
	struct mailbox inbox;
	int rc = mail_store_mailbox(tx, account, SLICE("INBOX"), &inbox);

	if (rc != HEARTH_ENOTFOUND || !db_tx_writes(tx))
		return rc;
	rc = 0;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]) && rc == 0; i++) {
		struct slice name = slice_str(usual[i].name);

		rc = insert_mailbox(tx, account, name, usual[i].use);
		if (rc == 0)
			rc = mail_store_subscribe(tx, account, name, true);
	}
	return rc;
}

static int count_is_below_max(struct db_tx *tx, int64_t account)
{
	int64_t n = 0;
	int rc = db_get_int(
		tx, &n, "SELECT count(*) FROM mailbox WHERE account = $1", db_int(account));

	return rc < 0 ? rc : n >= MAILBOXES_MAX ? HEARTH_EBUSY : 0;
}

int mail_store_create_superiors(struct db_tx *tx, int64_t account, struct slice name)
{
	int rc = 0;

	for (size_t i = 0; i < name.n && rc == 0; i++)
		if (name.p[i] == '/') {
			rc = insert_mailbox(tx, account, slice_head(name, i), 0);
			if (rc == HEARTH_EEXIST)
				rc = 0;
		}
	return rc;
}

int mail_store_create(struct db_tx *tx, int64_t account, struct slice name, unsigned use)
{
	char room[MAIL_NAME_MAX + 1];
	int rc;

	INVARIANT(db_tx_writes(tx));
	INVARIANT(account > 0);
	/*
	 * A client may mark with a delimiter at the end that inferiors will follow (section 6.3.3).
	 */
	if (name.n > 0 && name.p[name.n - 1] == '/')
		name = slice_head(name, name.n - 1);
	if (!mail_name_is_good(name))
		return HEARTH_EINVAL;
	name = mail_name_canonical(name, room);
	rc = count_is_below_max(tx, account);
	if (rc == 0)
		rc = mail_store_create_superiors(tx, account, name);
	return rc < 0 ? rc : insert_mailbox(tx, account, name, use);
}
