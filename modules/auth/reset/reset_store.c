/*
 * reset_store.c: SQL on links for a new password (reset.h). Inside a db_fn, on a database thread.
 */
#include <stdio.h>

#include "audit/audit_log.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "reset/reset.h"
#include "reset/second_address.h"
#include "session/mfa_challenge.h"

const char auth_reset_migration[] = "CREATE TABLE password_reset ("
				    " account BIGINT NOT NULL PRIMARY KEY,"
				    " hash TEXT NOT NULL UNIQUE,"
				    " made_how BIGINT NOT NULL," /* enum auth_reset_by */
				    " made_at BIGINT NOT NULL,"
				    " expires_at BIGINT NOT NULL);";

static int put(struct db_tx *tx, int64_t account, const char *hex, enum auth_reset_by how,
	int64_t now_ms, int64_t ttl_ms)
{
	int rc = auth_reset_drop(tx, account);

	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO password_reset (account, hash, made_how, made_at, expires_at)"
			" VALUES ($1, $2, $3, $4, $5)",
			db_int(account), db_str(hex), db_int(how), db_int(now_ms),
			db_int(now_ms + ttl_ms));
	return rc < 0 ? rc : 0;
}

int auth_reset_by_admin(struct db_tx *tx, int64_t account, const struct auth_reset *r,
	const char *who, int64_t now_ms)
{
	char detail[300];
	bool there;
	int rc = auth_store_set_hash(tx, account, r->hash);

	INVARIANT(account > 0 && r->hash[0] && r->hex[0]);
	if (rc == 0)
		rc = second_address_drop(tx, account, &there);
	snprintf(detail, sizeof(detail), "by %s", who);
	if (rc == 0)
		rc = auth_store_revoke_all(tx, account);
	if (rc == 0)
		rc = auth_store_drop_tickets(tx, account);
	if (rc == 0)
		rc = put(tx, account, r->hex, AUTH_RESET_BY_ADMIN, now_ms, AUTH_RESET_BY_ADMIN_MS);
	return rc == 0 ? auth_audit(tx, account, "password.reset_link", NULL, SLICE(""), detail)
		       : rc;
}

int auth_reset_by_mail(struct db_tx *tx, int64_t account, const char *hex, int64_t now_ms)
{
	int64_t n = 0;
	int rc = db_get_int(tx, &n,
		"SELECT count(*) FROM password_reset WHERE account = $1 AND"
		" (made_at > $2 OR (made_how = $3 AND expires_at > $4))",
		db_int(account), db_int(now_ms - AUTH_RESET_GAP_MS), db_int(AUTH_RESET_BY_ADMIN),
		db_int(now_ms));

	INVARIANT(account > 0 && hex[0]);
	if (rc < 0 || n > 0)
		return rc < 0 ? rc : HEARTH_EBUSY;
	rc = put(tx, account, hex, AUTH_RESET_BY_MAIL, now_ms, AUTH_RESET_BY_MAIL_MS);
	return rc == 0 ? auth_audit(tx, account, "password.reset_link", NULL, SLICE(""),
				 "sent to the second address")
		       : rc;
}

int auth_reset_find(struct db_tx *tx, const char *hex, int64_t now_ms, struct account *out)
{
	int64_t account = 0;
	int rc = db_get_int(tx, &account,
		"SELECT account FROM password_reset WHERE hash = $1 AND expires_at > $2",
		db_str(hex), db_int(now_ms));

	if (rc == 0)
		rc = auth_store_get(tx, account, out);
	return rc == 0 && out->disabled ? HEARTH_ENOTFOUND : rc;
}

int auth_reset_take(struct db_tx *tx, const char *hex, const char *hash, int64_t now_ms,
	const char *peer, struct slice device)
{
	struct account account;
	int rc = auth_reset_find(tx, hex, now_ms, &account);

	if (rc == 0)
		rc = auth_store_set_hash(tx, account.id, hash); /* and the link is void */
	if (rc == 0)
		rc = auth_store_revoke_all(tx, account.id);
	if (rc == 0)
		rc = auth_store_drop_tickets(tx, account.id);
	return rc == 0 ? auth_audit(tx, account.id, "password.changed", peer, device, "by a link")
		       : rc;
}

int auth_reset_drop(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM password_reset WHERE account = $1", db_int(account));

	return rc < 0 ? rc : 0;
}

int auth_reset_expire(struct db_tx *tx, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM password_reset WHERE expires_at <= $1", db_int(now_ms));

	return rc < 0 ? rc : 0;
}
