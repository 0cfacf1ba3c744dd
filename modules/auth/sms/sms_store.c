/*
 * sms_store.c: the tables of sms/ and every statement on messages. Inside a db_fn.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "auth.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "sms/sms_private.h"

/* state of a message: 0 waits, 1 sent, 2 failed. account 0: nobody's yet. */
const char auth_sms_migration[] =
	"CREATE TABLE sms_message ("
	" id {id},"
	" name TEXT NOT NULL UNIQUE,"
	" number TEXT NOT NULL,"
	" body TEXT NOT NULL,"
	" account BIGINT NOT NULL,"
	" network TEXT NOT NULL,"
	" verified BIGINT NOT NULL,"
	" state BIGINT NOT NULL,"
	" created_at BIGINT NOT NULL,"
	" expires_at BIGINT NOT NULL,"
	" ended_at BIGINT,"
	" error TEXT);"
	"CREATE INDEX sms_message_number ON sms_message (number, created_at);"
	"CREATE INDEX sms_message_account ON sms_message (account, created_at);"
	"CREATE INDEX sms_message_network ON sms_message (network, created_at);"
	"CREATE INDEX sms_message_created ON sms_message (created_at);"
	"CREATE TABLE auth_code ("
	" purpose BIGINT NOT NULL,"
	" subject TEXT NOT NULL,"
	" account BIGINT NOT NULL,"
	" phone TEXT NOT NULL,"
	" message BIGINT NOT NULL,"
	" salt {bytes} NOT NULL,"
	" hash {bytes} NOT NULL,"
	" attempts BIGINT NOT NULL,"
	" expires_at BIGINT NOT NULL,"
	" PRIMARY KEY (purpose, subject));"
	"CREATE INDEX auth_code_account ON auth_code (account);"
	"CREATE INDEX auth_code_expires ON auth_code (expires_at);"
	"CREATE TABLE account_phone ("
	" account BIGINT NOT NULL PRIMARY KEY,"
	" number TEXT NOT NULL,"
	" verified_at BIGINT NOT NULL);"
	"CREATE INDEX account_phone_number ON account_phone (number);";

void sms_network(const char *peer, char out[64])
{
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN];

	if (inet_pton(AF_INET6, peer, &address) != 1 || IN6_IS_ADDR_V4MAPPED(&address)) {
		snprintf(out, 64, "%s", peer);
		return;
	}
	memset(&address.s6_addr[8], 0, 8);
	inet_ntop(AF_INET6, &address, text, sizeof(text));
	snprintf(out, 64, "%s/64", text);
}

int sms_store_add(struct db_tx *tx, const char *name, const struct sms_message *m,
	const char *network, int64_t now_ms, int64_t *id)
{
	INVARIANT(db_tx_writes(tx));
	return db_get_int(tx, id,
		"INSERT INTO sms_message (name, number, body, account, network, verified, state,"
		" created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8) RETURNING id",
		db_str(name), db_str(m->to), db_text(m->text), db_int(m->account), db_str(network),
		db_int(m->verified), db_int(now_ms), db_int(m->expires_at));
}

int sms_store_nth_to(struct db_tx *tx, const char *number, bool verified_only, int64_t since_ms,
	int64_t n, int64_t *at_ms)
{
	return db_get_int(tx, at_ms,
		"SELECT created_at FROM sms_message WHERE number = $1 AND created_at > $2"
		" AND verified >= $4 ORDER BY created_at DESC LIMIT 1 OFFSET $3",
		db_str(number), db_int(since_ms), db_int(n - 1), db_int(verified_only));
}

int sms_store_nth_for(
	struct db_tx *tx, int64_t account, int64_t since_ms, int64_t n, int64_t *at_ms)
{
	return db_get_int(tx, at_ms,
		"SELECT created_at FROM sms_message WHERE account = $1 AND created_at > $2"
		" ORDER BY created_at DESC LIMIT 1 OFFSET $3",
		db_int(account), db_int(since_ms), db_int(n - 1));
}

int sms_store_nth_from(
	struct db_tx *tx, const char *network, int64_t since_ms, int64_t n, int64_t *at_ms)
{
	return db_get_int(tx, at_ms,
		"SELECT created_at FROM sms_message WHERE network = $1 AND created_at > $2"
		" ORDER BY created_at DESC LIMIT 1 OFFSET $3",
		db_str(network), db_int(since_ms), db_int(n - 1));
}

int sms_store_nth(struct db_tx *tx, int64_t since_ms, int64_t n, int64_t *at_ms)
{
	return db_get_int(tx, at_ms,
		"SELECT created_at FROM sms_message WHERE created_at > $1"
		" ORDER BY created_at DESC LIMIT 1 OFFSET $2",
		db_int(since_ms), db_int(n - 1));
}

int sms_store_get(struct db_tx *tx, int64_t id, struct arena *a, struct sms_outgoing *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT name, number, body, expires_at FROM sms_message WHERE id = $1 AND state = "
		"0",
		db_int(id));

	if (rc < 0)
		return rc;
	*out = (struct sms_outgoing){
		.id = id,
		.name = arena_strdup(a, db_col_text(&rows, 0)),
		.to = arena_strdup(a, db_col_text(&rows, 1)),
		.text = arena_slice(a, db_col_text(&rows, 2)),
		.expires_at = db_col_int(&rows, 3),
	};
	return db_end(&rows);
}

int sms_store_end(struct db_tx *tx, int64_t id, int64_t now_ms, const char *error)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"UPDATE sms_message SET state = $2, body = '', ended_at = $3, error = $4"
		" WHERE id = $1",
		db_int(id), db_int(error ? 2 : 1), db_int(now_ms), db_str(error));

	return rc < 0 ? rc : 0;
}

int sms_store_withdraw(struct db_tx *tx, int64_t id, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"UPDATE sms_message SET state = 2, body = '', ended_at = $2, error = 'withdrawn'"
		" WHERE id = $1 AND state = 0",
		db_int(id), db_int(now_ms));

	return rc < 0 ? rc : 0;
}

int sms_store_forget(struct db_tx *tx, int64_t account, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"UPDATE sms_message SET state = 2, body = '', ended_at = $2, error = 'withdrawn'"
		" WHERE account = $1 AND state = 0",
		db_int(account), db_int(now_ms));

	if (rc >= 0)
		rc = db_run(tx, "UPDATE sms_message SET account = 0 WHERE account = $1",
			db_int(account));
	return rc < 0 ? rc : 0;
}

int sms_store_sweep(struct db_tx *tx, int64_t before_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"DELETE FROM sms_message WHERE created_at <= $1"
		" AND (state <> 0 OR expires_at <= $1)",
		db_int(before_ms));

	return rc < 0 ? rc : 0;
}
