/*
 * known_store.c: SQL on where an account is known (known.h): its tokens say where they were last
 * used; a mail program that shows the main password has none, so what it showed is noted by network,
 * KNOWN_MAX of an account. Inside a db_fn, on a database thread.
 */
#include "session/known.h"

#include <stdio.h>

#include "hearth/log.h"
#include "session/network.h"
#include "session/session.h"

#define NOTE_EVERY_MS (INT64_C(24) * 3600 * 1000)

const char auth_known_migration[] = "CREATE TABLE known_network ("
				    " account BIGINT NOT NULL,"
				    " network TEXT NOT NULL,"
				    " used_at BIGINT NOT NULL,"
				    " PRIMARY KEY (account, network));"
				    "CREATE INDEX known_network_used ON known_network (used_at);";

int auth_store_note_network(struct db_tx *tx, int64_t account, const char *network, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"INSERT INTO known_network (account, network, used_at) VALUES ($1, $2, $3)"
		" ON CONFLICT (account, network) DO UPDATE SET used_at = $3"
		" WHERE known_network.used_at < $4",
		db_int(account), db_str(network), db_int(now_ms), db_int(now_ms - NOTE_EVERY_MS));

	INVARIANT(account > 0 && network[0]);
	if (rc > 0)
		rc = db_run(tx,
			"DELETE FROM known_network WHERE account = $1 AND network NOT IN (SELECT "
			"network FROM known_network WHERE account = $1 ORDER BY used_at DESC, "
			"network LIMIT $2)",
			db_int(account), db_int(KNOWN_MAX));
	return rc < 0 ? rc : 0;
}

static int is_noted(struct db_tx *tx, const char *address, const char *network, bool *known)
{
	int64_t n = 0;
	int rc = db_get_int(tx, &n,
		"SELECT count(*) FROM known_network k JOIN account a ON a.id = k.account"
		" WHERE a.address = $1 AND a.deleted_at IS NULL AND k.network = $2",
		db_str(address), db_str(network));

	*known = n > 0;
	return rc;
}

/* Whether a row of the query below is of this network, or is this device. */
static bool fits(struct db_rows *rows, const char *network, const char *device_hex, int64_t now_ms)
{
	char peer[64], its[AUTH_NETWORK_MAX];
	int64_t expires_ms = db_col_int(rows, 3);

	snprintf(peer, sizeof(peer), "%.*s", SLICE_ARG(db_col_text(rows, 0)));
	auth_network(peer, its);
	return strcmp(its, network) == 0 ||
	       (db_col_int(rows, 2) == AUTH_TOKEN_DEVICE && *device_hex &&
		       slice_eq(db_col_text(rows, 1), slice_str(device_hex)) &&
		       (expires_ms == 0 || expires_ms > now_ms));
}

int auth_store_is_known(struct db_tx *tx, const char *address, const char *network,
	const char *device_hex, int64_t now_ms, bool *known)
{
	struct db_rows rows;
	int rc = is_noted(tx, address, network, known);

	if (rc < 0 || *known)
		return rc;
	rc = db_query(tx, &rows,
		"SELECT t.peer, t.hash, t.kind, t.expires_at FROM token t JOIN account a ON a.id = "
		"t.account WHERE a.address = $1 AND a.deleted_at IS NULL ORDER BY t.used_at DESC "
		"LIMIT 200",
		db_str(address));
	if (rc < 0)
		return rc;
	while (!*known && db_next(&rows) > 0)
		*known = fits(&rows, network, device_hex, now_ms);
	return db_end(&rows);
}

int auth_store_drop_networks(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM known_network WHERE account = $1", db_int(account));

	return rc < 0 ? rc : 0;
}

int auth_store_expire_networks(struct db_tx *tx, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(
		tx, "DELETE FROM known_network WHERE used_at < $1", db_int(now_ms - KNOWN_MS));

	return rc < 0 ? rc : 0;
}
