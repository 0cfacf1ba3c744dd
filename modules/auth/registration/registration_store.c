/*
 * registration_store.c: SQL on registrations that wait for their phone. Inside a db_fn.
 *
 * They do not reserve their address: who cannot show a phone keeps nobody else from coming.
 */
#include "registration/register.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/log.h"

const char auth_register_migration[] =
	/* Secrets and tickets by their SHA-256; expires_at 0 is never; groups_joined: "1,2". */
	"CREATE TABLE invitation ("
	" id {id},"
	" hash TEXT NOT NULL UNIQUE,"
	" made_by BIGINT NOT NULL,"
	" role BIGINT NOT NULL,"
	" address TEXT NOT NULL,"
	" groups_joined TEXT NOT NULL,"
	" uses_left BIGINT NOT NULL,"
	" created_at BIGINT NOT NULL,"
	" expires_at BIGINT NOT NULL,"
	" note TEXT NOT NULL,"
	" first_start BIGINT NOT NULL);"
	"CREATE TABLE registration ("
	" ticket TEXT NOT NULL PRIMARY KEY,"
	" address TEXT NOT NULL,"
	" password TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" invitation TEXT NOT NULL,"
	" phone TEXT NOT NULL,"
	" expires_at BIGINT NOT NULL);"
	"CREATE INDEX registration_expires ON registration (expires_at);";

int auth_store_add_pending(struct db_tx *tx, const char *ticket_hex,
	const struct auth_registrant *who, int64_t expires_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"INSERT INTO registration (ticket, address, password, name, invitation, phone,"
		" expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		db_str(ticket_hex), db_str(who->address), db_str(who->hash), db_str(who->name),
		db_str(who->invitation), db_str(who->phone), db_int(expires_ms));

	INVARIANT(who->hash[0] && who->phone[0]);
	return rc < 0 ? rc : 0;
}

int auth_store_find_pending(
	struct db_tx *tx, const char *ticket_hex, int64_t now_ms, struct auth_registrant *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT address, password, name, invitation, phone FROM registration"
		" WHERE ticket = $1 AND expires_at > $2",
		db_str(ticket_hex), db_int(now_ms));

	if (rc < 0)
		return rc;
	const struct {
		char *to;
		size_t room;
	} columns[] = { { out->address, sizeof(out->address) }, { out->hash, sizeof(out->hash) },
		{ out->name, sizeof(out->name) }, { out->invitation, sizeof(out->invitation) },
		{ out->phone, sizeof(out->phone) } };

	for (int i = 0; i < 5; i++)
		snprintf(columns[i].to, columns[i].room, "%.*s", SLICE_ARG(db_col_text(&rows, i)));
	return db_end(&rows);
}

int auth_store_drop_pending(struct db_tx *tx, const char *ticket_hex)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM registration WHERE ticket = $1", db_str(ticket_hex));

	return rc < 0 ? rc : 0;
}

int auth_registrations_forget(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"DELETE FROM registration WHERE address = (SELECT address FROM account WHERE id = "
		"$1)",
		db_int(account));

	return rc < 0 ? rc : 0;
}

int auth_store_expire_pending(struct db_tx *tx, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM registration WHERE expires_at <= $1", db_int(now_ms));

	return rc < 0 ? rc : 0;
}
