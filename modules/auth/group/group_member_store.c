/*
 * group_member_store.c: SQL on who is in a group. Inside a db_fn, on a database thread.
 */
#include "group/group.h"
#include "group/subscriber.h"

#include "hearth/error.h"
#include "hearth/log.h"

int group_role_of(struct db_tx *tx, int64_t id, int64_t account, enum group_role *role)
{
	int64_t found = GROUP_NOBODY;
	int rc = db_get_int(tx, &found,
		"SELECT role FROM membership WHERE group_id = $1 AND account = $2", db_int(id),
		db_int(account));

	*role = (enum group_role)found;
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

/* Whether this one is the only owner, and others are in it. */
static int holds_it_together(struct db_tx *tx, int64_t id, int64_t account, bool *last)
{
	int64_t owners = 0, others = 0;
	int rc = db_get_int(tx, &owners,
		"SELECT count(*) FROM membership WHERE group_id = $1 AND account <> $2 AND role = "
		"$3",
		db_int(id), db_int(account), db_int(GROUP_OWNER));

	if (rc == 0)
		rc = db_get_int(tx, &others,
			"SELECT count(*) FROM membership WHERE group_id = $1 AND account <> $2",
			db_int(id), db_int(account));
	if (rc == 0 && others == 0)
		rc = db_get_int(tx, &others,
			"SELECT count(*) FROM subscriber WHERE group_id = $1 AND state > 0",
			db_int(id));
	*last = owners == 0 && others > 0;
	return rc;
}

/* HEARTH_ECONFLICT when an owner with this role may not go, or become a member. */
static int may_step_down(struct db_tx *tx, int64_t id, int64_t account, enum group_role role)
{
	bool last = false;
	int rc = role == GROUP_OWNER ? holds_it_together(tx, id, account, &last) : 0;

	return rc == 0 && last ? HEARTH_ECONFLICT : rc;
}

static int add(struct db_tx *tx, const struct group *g, int64_t account, enum group_role role,
	int64_t now_ms)
{
	struct account found;
	int rc = auth_store_get(tx, account, &found);

	if (rc == 0 && g->members + g->subscribers >= GROUP_MEMBERS_MAX)
		rc = HEARTH_ETOOBIG;
	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO membership (group_id, account, role, joined_at) VALUES ($1, "
			"$2, "
			"$3, $4)",
			db_int(g->id), db_int(account), db_int(role), db_int(now_ms));
	if (rc < 0)
		return rc;
	rc = group_uninvite(tx, g->id, account);
	return rc < 0 && rc != HEARTH_ENOTFOUND
		       ? rc
		       : group_publish(tx, g->id, g->name, "joined", account);
}

static int set_role(struct db_tx *tx, const struct group *g, int64_t account,
	enum group_role before, enum group_role role)
{
	int rc = role == GROUP_MEMBER ? may_step_down(tx, g->id, account, before) : 0;

	if (rc == 0)
		rc = db_run(tx,
			"UPDATE membership SET role = $3 WHERE group_id = $1 AND account = $2",
			db_int(g->id), db_int(account), db_int(role));
	return rc < 0 ? rc : group_publish(tx, g->id, g->name, "role", account);
}

int group_join(struct db_tx *tx, int64_t id, int64_t account, enum group_role role, int64_t now_ms)
{
	enum group_role before = GROUP_NOBODY;
	struct group g;
	int rc = group_get(tx, id, &g);

	INVARIANT(role == GROUP_MEMBER || role == GROUP_OWNER);
	if (rc == 0)
		rc = group_role_of(tx, id, account, &before);
	if (rc < 0 || before == role)
		return rc;
	return before == GROUP_NOBODY ? add(tx, &g, account, role, now_ms)
				      : set_role(tx, &g, account, before, role);
}

int group_leave(struct db_tx *tx, int64_t id, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	enum group_role role = GROUP_NOBODY;
	struct group g;
	int rc = group_get(tx, id, &g);

	if (rc == 0)
		rc = group_role_of(tx, id, account, &role);
	if (rc == 0 && role == GROUP_NOBODY)
		rc = HEARTH_ENOTFOUND;
	if (rc == 0)
		rc = may_step_down(tx, id, account, role);
	if (rc == 0)
		rc = db_run(tx, "DELETE FROM membership WHERE group_id = $1 AND account = $2",
			db_int(id), db_int(account));
	return rc < 0 ? rc : group_publish(tx, id, g.name, "left", account);
}

int group_each_person(
	struct db_rows *rows, void (*each)(void *arg, const struct group_person *person), void *arg)
{
	while (db_next(rows) > 0)
		each(arg, &(struct group_person){ .account = db_col_int(rows, 0),
				  .address = db_col_text(rows, 1),
				  .name = db_col_text(rows, 2),
				  .role = (enum group_role)db_col_int(rows, 3),
				  .joined_ms = db_col_int(rows, 4) });
	return db_end(rows);
}

int group_people(struct db_tx *tx, int64_t id,
	void (*each)(void *arg, const struct group_person *person), void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT m.account, a.address, p.name, m.role, m.joined_at FROM membership m"
		" JOIN account a ON a.id = m.account"
		" LEFT JOIN profile p ON p.account = m.account"
		" WHERE m.group_id = $1 ORDER BY m.role DESC, a.address",
		db_int(id));

	return rc < 0 ? rc : group_each_person(&rows, each, arg);
}

/* One group of those an account is in; HEARTH_ENOTFOUND when there is none any more. */
static int first_of(struct db_tx *tx, int64_t account, struct group *out)
{
	int64_t id;
	int rc = db_get_int(tx, &id,
		"SELECT group_id FROM membership WHERE account = $1 ORDER BY group_id LIMIT 1",
		db_int(account));

	return rc < 0 ? rc : group_get(tx, id, out);
}

int group_forget_account(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	struct group g;
	int rc = group_forget_invitations(tx, account);

	if (rc >= 0)
		rc = subscriber_forget_account(tx, account);
	if (rc >= 0)
		rc = db_run(tx, "UPDATE account_group SET made_by = 0 WHERE made_by = $1",
			db_int(account));
	if (rc < 0)
		return rc;
	while ((rc = first_of(tx, account, &g)) == 0) {
		rc = db_run(tx, "DELETE FROM membership WHERE group_id = $1 AND account = $2",
			db_int(g.id), db_int(account));
		if (rc >= 0)
			rc = group_publish(tx, g.id, g.name, "left", account);
		if (rc < 0)
			break;
	}
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}
