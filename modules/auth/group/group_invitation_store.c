/*
 * group_invitation_store.c: SQL on invitations into groups. Inside a db_fn, on a database thread.
 *
 * Nobody is put into a group without saying yes. Whoever may add people asks somebody; the row
 * waits until they join (group_join takes it away), decline or GROUP_INVITATION_MS have passed.
 * Until then they are no member: no mail, no quota, no event. Bounds: GROUP_MEMBERS_MAX a group,
 * and GROUP_INVITATIONS_MAX an account, so that nobody is buried under them; of those
 * OF_ONE_MAX by one maker, so that nobody uses up the place of all others; MADE_MAX that one maker
 * waits for.
 */
#include "group/group.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define GROUP_INVITATIONS_MAX 50
#define OF_ONE_MAX            10
#define MADE_MAX              1000
#define GROUP_INVITATION_MS   (INT64_C(30) * 24 * 3600 * 1000)

const char auth_group_invitation_migration[] =
	"CREATE TABLE group_invitation ("
	" group_id BIGINT NOT NULL,"
	" account BIGINT NOT NULL,"
	" role BIGINT NOT NULL,"
	" made_by BIGINT NOT NULL,"
	" made_at BIGINT NOT NULL,"
	" PRIMARY KEY (group_id, account));"
	"CREATE INDEX group_invitation_account ON group_invitation (account);";

/* HEARTH_ETOOBIG when one more would be too many, in the group or for the account. */
static int has_place(struct db_tx *tx, int64_t id, int64_t account, int64_t by)
{
	int64_t of_one = 0, made = 0;
	int64_t theirs = 0, all = 0;
	int rc = db_get_int(tx, &theirs,
		"SELECT count(*) FROM group_invitation WHERE account = $1 AND group_id <> $2",
		db_int(account), db_int(id));

	if (rc == 0)
		rc = db_get_int(tx, &all,
			"SELECT (SELECT count(*) FROM group_invitation WHERE group_id = $1 AND"
			" account <> $2) + (SELECT count(*) FROM membership WHERE group_id = $1)"
			" + (SELECT count(*) FROM subscriber WHERE group_id = $1)",
			db_int(id), db_int(account));
	if (rc == 0 && by)
		rc = db_get_int(tx, &of_one,
			"SELECT count(*) FROM group_invitation WHERE account = $1 AND made_by = $2"
			" AND group_id <> $3",
			db_int(account), db_int(by), db_int(id));
	if (rc == 0 && by)
		rc = db_get_int(tx, &made,
			"SELECT count(*) FROM group_invitation WHERE made_by = $1", db_int(by));
	if (rc < 0)
		return rc;
	return theirs >= GROUP_INVITATIONS_MAX || all >= GROUP_MEMBERS_MAX ||
			       of_one >= OF_ONE_MAX || made >= MADE_MAX
		       ? HEARTH_ETOOBIG
		       : 0;
}

int group_invite(struct db_tx *tx, int64_t id, int64_t account, enum group_role role, int64_t by,
	int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	struct account found;
	struct group g;
	int rc = group_get(tx, id, &g);

	INVARIANT(role == GROUP_MEMBER || role == GROUP_OWNER);
	if (rc == 0)
		rc = auth_store_get(tx, account, &found);
	if (rc == 0)
		rc = has_place(tx, id, account, by);
	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO group_invitation (group_id, account, role, made_by, made_at)"
			" VALUES ($1, $2, $3, $4, $5) ON CONFLICT (group_id, account)"
			" DO UPDATE SET role = excluded.role, made_by = excluded.made_by,"
			" made_at = excluded.made_at",
			db_int(id), db_int(account), db_int(role), db_int(by), db_int(now_ms));
	return rc < 0 ? rc : 0;
}

int group_invited_as(struct db_tx *tx, int64_t id, int64_t account, enum group_role *role)
{
	int64_t found = GROUP_NOBODY;
	int rc = db_get_int(tx, &found,
		"SELECT role FROM group_invitation WHERE group_id = $1 AND account = $2",
		db_int(id), db_int(account));

	*role = (enum group_role)found;
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

int group_uninvite(struct db_tx *tx, int64_t id, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM group_invitation WHERE group_id = $1 AND account = $2",
		db_int(id), db_int(account));

	return rc < 0 ? rc : rc == 0 ? HEARTH_ENOTFOUND : 0;
}

int group_count_invitations(struct db_tx *tx, int64_t account, int64_t *n)
{
	return db_get_int(
		tx, n, "SELECT count(*) FROM group_invitation WHERE account = $1", db_int(account));
}

int group_invited_people(struct db_tx *tx, int64_t id,
	void (*each)(void *arg, const struct group_person *person), void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT i.account, a.address, p.name, i.role, i.made_at FROM group_invitation i"
		" JOIN account a ON a.id = i.account"
		" LEFT JOIN profile p ON p.account = i.account"
		" WHERE i.group_id = $1 ORDER BY a.address",
		db_int(id));

	return rc < 0 ? rc : group_each_person(&rows, each, arg);
}

int group_drop_invitations(struct db_tx *tx, int64_t id)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM group_invitation WHERE group_id = $1", db_int(id));

	return rc < 0 ? rc : 0;
}

int group_forget_invitations(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM group_invitation WHERE account = $1 OR made_by = $1",
		db_int(account));

	return rc < 0 ? rc : 0;
}

int group_expire_invitations(struct db_tx *tx, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM group_invitation WHERE made_at <= $1",
		db_int(now_ms - GROUP_INVITATION_MS));

	return rc < 0 ? rc : 0;
}
