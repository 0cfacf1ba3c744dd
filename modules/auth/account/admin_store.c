/*
 * admin_store.c: SQL for administrators. Inside a db_fn, on a database thread.
 */
#include "account/admin.h"
#include "invitation/invitation.h"

#include <stdio.h>

#include "account/account_row.h"
#include "audit/audit_log.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "session/session.h"

#define RIGHTS (1u << AUTH_TOKEN_SESSION | 1u << AUTH_TOKEN_API)

static void read_listed(struct db_rows *rows, struct auth_listed *out)
{
	account_read(rows, &out->account);
	out->own_quota = !db_col_is_null(rows, ACCOUNT_COLUMN_QUOTA);
	out->created_ms = db_col_int(rows, ACCOUNT_COLUMN_COUNT);
}

int auth_store_get_listed(struct db_tx *tx, int64_t id, struct auth_listed *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT " ACCOUNT_COLUMNS
		", a.created_at FROM account a WHERE a.id = $1 AND a.deleted_at IS NULL",
		db_int(id));

	if (rc < 0)
		return rc;
	read_listed(&rows, out);
	return db_end(&rows);
}

/* The part is looked for here, so that every engine finds the same (db.h has no LIKE). */
int auth_store_list_accounts(struct db_tx *tx, int64_t after, struct slice part,
	bool (*each)(void *arg, const struct auth_listed *account), void *arg)
{
	struct auth_listed listed;
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " ACCOUNT_COLUMNS
		", a.created_at FROM account a WHERE a.id > $1 AND a.deleted_at IS NULL"
		" ORDER BY a.id",
		db_int(after));

	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0) {
		read_listed(&rows, &listed);
		if (slice_find(slice_str(listed.account.address), part) >= 0 && !each(arg, &listed))
			break;
	}
	return db_end(&rows);
}

/* Writes the columns, and a line in the record for what the person should know. */
static int write_change(struct db_tx *tx, const struct account *account,
	const struct auth_change *change, const struct account *by)
{
	char detail[300];
	int rc = 0;

	if (change->role_given && change->role != auth_role_of(account)) {
		rc = db_run(tx, "UPDATE account SET role = $2 WHERE id = $1", db_int(account->id),
			db_int(change->role));
		if (rc >= 0 && change->role == AUTH_ADMINISTRATOR)
			rc = auth_store_void_bootstrap(tx);
		snprintf(detail, sizeof(detail), "%s, by %s", auth_role_name(change->role),
			by ? by->address : "command");
		if (rc >= 0)
			rc = auth_audit(tx, account->id, "role.changed", NULL, SLICE(""), detail);
	}
	if (rc >= 0 && change->disabled_given && change->disabled != account->disabled) {
		rc = auth_store_set_disabled(tx, account->id, change->disabled);
		snprintf(detail, sizeof(detail), "by %s", by ? by->address : "command");
		if (rc >= 0)
			rc = auth_audit(tx, account->id,
				change->disabled ? "account.disabled" : "account.enabled", NULL,
				SLICE(""), detail);
	}
	if (rc >= 0 && change->quota_given)
		rc = db_run(tx, "UPDATE account SET quota = $2 WHERE id = $1", db_int(account->id),
			change->quota < 0 ? db_null() : db_int(change->quota));
	return rc < 0 ? rc : 0;
}

/* Ends what the account may no longer do, and makes the rest be looked up anew. */
static int end_rights(
	struct db_tx *tx, const struct account *account, const struct auth_change *change)
{
	const struct auth_revocation rights = { .account = account->id, .kinds = RIGHTS };

	bool disabled = change->disabled_given && change->disabled;
	bool less = change->role_given && change->role < auth_role_of(account);
	int rc = disabled || less ? auth_store_drop_invitations(tx, account->id) : 0;

	if (rc < 0)
		return rc;
	return disabled ? auth_store_revoke_all(tx, account->id)
	       : less   ? auth_store_revoke(tx, &rights, NULL)
			: auth_store_refresh(tx, account->id);
}

int auth_store_change(
	struct db_tx *tx, int64_t id, const struct auth_change *change, const struct account *by)
{
	struct account account;
	bool last = false;
	int rc = auth_store_get(tx, id, &account);

	INVARIANT(change->role <= AUTH_ADMINISTRATOR);
	if (rc == 0 && by)
		rc = auth_store_is_last_administrator(tx, id, &last);
	if (rc == 0 && last &&
		((change->role_given && change->role != AUTH_ADMINISTRATOR) ||
			(change->disabled_given && change->disabled)))
		rc = HEARTH_ECONFLICT;
	if (rc == 0)
		rc = write_change(tx, &account, change, by);
	return rc == 0 ? end_rights(tx, &account, change) : rc;
}
