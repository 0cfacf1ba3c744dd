/*
 * account_store.c: SQL on accounts. Inside a db_fn, on a database thread.
 */
#include "account/account_row.h"

#include <assert.h>
#include <stdio.h>

#include "account/quota.h"
#include "account/resting.h"
#include "alias/alias.h"
#include "group/group.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "invitation/invitation.h"
#include "personal/personal_data.h"
#include "reset/reset.h"

void account_read(struct db_rows *rows, struct account *out)
{
	struct slice address = slice_head(db_col_text(rows, 1), sizeof(out->address) - 1);
	int64_t role = db_col_int(rows, 2);

	*out = (struct account){ .id = db_col_int(rows, 0),
		.admin = role == AUTH_ADMINISTRATOR,
		.moderator = role == AUTH_MODERATOR,
		.disabled = db_col_int(rows, 3) != 0,
		.factors = db_col_int(rows, 4) != 0,
		.quota = db_col_is_null(rows, ACCOUNT_COLUMN_QUOTA)
				 ? quota_of_others(db_col_int(rows, ACCOUNT_COLUMN_QUOTA + 1))
				 : db_col_int(rows, ACCOUNT_COLUMN_QUOTA),
		.generation = db_col_int(rows, 7) };
	memcpy(out->address, address.p, address.n);
	assert(out->id > 0 && out->quota >= 0);
}

int auth_address_is_free(struct db_tx *tx, const char *address, int64_t now_ms)
{
	bool taken = false, rests = false;
	int64_t accounts = 0;
	int rc = group_has_name(tx, address, &taken);

	if (rc == 0 && !taken)
		rc = alias_has_address(tx, address, &taken);
	if (rc == 0)
		rc = db_get_int(tx, &accounts, "SELECT count(*) FROM account WHERE address = $1",
			db_str(address));
	if (rc == 0)
		rc = resting_has_address(tx, address, now_ms, &rests);
	return rc < 0 ? rc : taken || accounts ? HEARTH_EEXIST : rests ? HEARTH_ECONFLICT : 0;
}

int auth_store_add(struct db_tx *tx, const char *address, const char *hash, enum auth_role role,
	int64_t now_ms, int64_t *id)
{
	INVARIANT(db_tx_writes(tx));
	int rc = auth_address_is_free(tx, address, now_ms);

	if (rc < 0)
		return rc;
	rc = db_get_int(tx, id,
		"INSERT INTO account (address, password, role, disabled, factors, created_at)"
		" VALUES ($1, $2, $3, 0, 0, $4)"
		" ON CONFLICT (address) DO NOTHING RETURNING id",
		db_str(address), db_str(hash), db_int(role), db_int(now_ms));
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? HEARTH_EEXIST : rc;
	return role == AUTH_ADMINISTRATOR ? auth_store_void_bootstrap(tx) : 0;
}

int auth_store_find(
	struct db_tx *tx, const char *address, struct account *out, char hash[AUTH_HASH_MAX])
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT " ACCOUNT_COLUMNS
		", a.password FROM account a WHERE a.address = $1 AND a.deleted_at IS NULL",
		db_str(address));

	if (rc < 0)
		return rc;
	account_read(&rows, out);
	if (hash) {
		struct slice stored =
			slice_head(db_col_text(&rows, ACCOUNT_COLUMN_COUNT), AUTH_HASH_MAX - 1);

		memset(hash, 0, AUTH_HASH_MAX);
		memcpy(hash, stored.p, stored.n);
	}
	return db_end(&rows);
}

int auth_store_get(struct db_tx *tx, int64_t id, struct account *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT " ACCOUNT_COLUMNS
		" FROM account a WHERE a.id = $1 AND a.deleted_at IS NULL",
		db_int(id));

	if (rc < 0)
		return rc;
	account_read(&rows, out);
	return db_end(&rows);
}

struct listing {
	void (*each)(void *arg, const struct account *account);
	void *arg;
};

static int list_one(struct db_rows *rows, void *arg)
{
	const struct listing *l = arg;
	struct account account;

	account_read(rows, &account);
	l->each(l->arg, &account);
	return 0;
}

int auth_store_list(
	struct db_tx *tx, void (*each)(void *arg, const struct account *account), void *arg)
{
	struct listing l = { each, arg };

	return db_each(tx, list_one, &l,
		"SELECT " ACCOUNT_COLUMNS
		" FROM account a WHERE a.deleted_at IS NULL ORDER BY a.address");
}

int auth_store_count(struct db_tx *tx, int64_t *count)
{
	return db_get_int(tx, count, "SELECT count(*) FROM account WHERE deleted_at IS NULL");
}

int auth_store_has_administrator(struct db_tx *tx, bool *has)
{
	int64_t found = 0;
	int rc = db_get_int(tx, &found,
		"SELECT EXISTS (SELECT 1 FROM account WHERE role = $1 AND deleted_at IS NULL)",
		db_int(AUTH_ADMINISTRATOR));

	*has = found != 0;
	return rc;
}

int auth_store_each_administrator(struct db_tx *tx, db_row_fn *each, void *arg, int64_t most)
{
	return db_each(tx, each, arg,
		"SELECT id FROM account WHERE role = $1 AND deleted_at IS NULL"
		" ORDER BY disabled, id LIMIT $2",
		db_int(AUTH_ADMINISTRATOR), db_int(most));
}

int auth_store_set_hash(struct db_tx *tx, int64_t id, const char *hash)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"UPDATE account SET password = $2, generation = generation + 1 WHERE id = $1",
		db_int(id), db_str(hash));

	INVARIANT(id > 0 && hash[0]);
	return rc < 0 ? rc : auth_reset_drop(tx, id);
}

int auth_store_next_generation(struct db_tx *tx, int64_t id, int64_t *generation)
{
	INVARIANT(db_tx_writes(tx) && id > 0);
	return db_get_int(tx, generation,
		"UPDATE account SET generation = generation + 1 WHERE id = $1 RETURNING generation",
		db_int(id));
}

int auth_store_still_open(struct db_tx *tx, const struct account *account)
{
	int64_t same = 0;
	int rc = db_get_int(tx, &same,
		"SELECT count(*) FROM account WHERE id = $1 AND generation = $2 AND disabled = 0"
		" AND deleted_at IS NULL",
		db_int(account->id), db_int(account->generation));

	INVARIANT(account->id > 0);
	return rc < 0 ? rc : same ? 0 : HEARTH_EDENIED;
}

int auth_store_replace_hash(struct db_tx *tx, int64_t id, const char *old, const char *hash)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "UPDATE account SET password = $3 WHERE id = $1 AND password = $2",
		db_int(id), db_str(old), db_str(hash));

	return rc < 0 ? rc : rc == 0 ? HEARTH_ENOTFOUND : 0;
}

int auth_store_set_disabled(struct db_tx *tx, int64_t id, bool disabled)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(
		tx, "UPDATE account SET disabled = $2 WHERE id = $1", db_int(id), db_int(disabled));

	return rc < 0 ? rc : 0;
}

/* {"account": id} under the account's own key. */
static int publish_account(struct db_tx *tx, const char *topic, int64_t id)
{
	struct strbuf key = { 0 }, payload = { 0 };
	int rc;

	INVARIANT(id > 0);
	strbuf_printf(&key, "%lld", (long long)id);
	strbuf_printf(&payload, "{\"account\":%lld}", (long long)id);
	rc = bus_publish(tx, topic, strbuf_slice(&key), strbuf_slice(&payload));
	strbuf_free(&key);
	strbuf_free(&payload);
	return rc;
}

int auth_store_is_last_administrator(struct db_tx *tx, int64_t id, bool *out)
{
	int64_t mine = 0, others = 0;
	int rc = db_get_int(tx, &mine,
		"SELECT count(*) FROM account WHERE id = $1 AND role = $2 AND deleted_at IS NULL",
		db_int(id), db_int(AUTH_ADMINISTRATOR));

	if (rc == 0)
		rc = db_get_int(tx, &others,
			"SELECT count(*) FROM account WHERE id <> $1 AND role = $2 AND disabled = 0"
			" AND deleted_at IS NULL",
			db_int(id), db_int(AUTH_ADMINISTRATOR));
	*out = mine > 0 && others == 0;
	return rc;
}

int auth_store_delete(struct db_tx *tx, int64_t id, int64_t now_ms, int64_t rest_ms)
{
	INVARIANT(db_tx_writes(tx));
	struct account account;
	char freed[40];
	int rc = auth_store_get(tx, id, &account);

	INVARIANT(id > 0 && rest_ms >= 0);
	snprintf(freed, sizeof(freed), "deleted:%lld", (long long)id);
	if (rc == 0 && rest_ms > 0)
		rc = resting_add_address(tx, account.address, now_ms + rest_ms);
	if (rc == 0)
		rc = alias_forget_address(tx, account.address, now_ms, rest_ms);
	if (rc == 0)
		rc = personal_data_erase(tx, id);
	if (rc >= 0)
		rc = db_run(tx,
			"UPDATE account SET address = $2, password = '', disabled = 1, deleted_at "
			"= "
			"$3 WHERE id = $1",
			db_int(id), db_str(freed), db_int(now_ms));
	return rc < 0 ? rc : publish_account(tx, ACCOUNTS_TOPIC_DELETED, id);
}
