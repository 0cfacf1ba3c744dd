/*
 * store/dkim_key.c: the keys that sign mail, written and read (dkim_key.h). On a database thread.
 */
#include "store/dkim_key.h"

#include "hearth/error.h"
#include "hearth/log.h"

int mail_store_dkim_add(struct db_tx *tx, const struct mail_dkim_key *key)
{
	int rc = db_run(tx,
		"INSERT INTO dkim_key (domain, selector, algorithm, state, secret, public_half,"
		" made_ms, since_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)"
		" ON CONFLICT (domain, selector) DO NOTHING",
		db_text(key->domain), db_text(key->selector), db_int(key->algorithm),
		db_int(key->state), db_bytes(key->secret), db_text(key->public_half),
		db_int(key->made_ms));

	INVARIANT(db_tx_writes(tx));
	return rc < 0 ? rc : rc == 0 ? HEARTH_EEXIST : 0;
}

int mail_store_dkim_list(struct db_tx *tx, struct slice domain, struct arena *a,
	struct mail_dkim_key **out, size_t *n)
{
	struct mail_dkim_key *keys = arena_alloc(a, (size_t)MAIL_DKIM_KEYS_MAX * sizeof(*keys));
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT id, domain, selector, algorithm, state, secret, public_half, made_ms,"
		" since_ms FROM dkim_key WHERE domain = $1 OR $1 = '' ORDER BY domain, id LIMIT $2",
		db_text(domain), db_int(MAIL_DKIM_KEYS_MAX));

	*n = 0;
	*out = keys;
	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0)
		keys[(*n)++] = (struct mail_dkim_key){ .id = db_col_int(&rows, 0),
			.domain = arena_slice(a, db_col_text(&rows, 1)),
			.selector = arena_slice(a, db_col_text(&rows, 2)),
			.algorithm = (int)db_col_int(&rows, 3),
			.state = (enum mail_dkim_state)db_col_int(&rows, 4),
			.secret = arena_slice(a, db_col_bytes(&rows, 5)),
			.public_half = arena_slice(a, db_col_text(&rows, 6)),
			.made_ms = db_col_int(&rows, 7),
			.since_ms = db_col_int(&rows, 8) };
	return db_end(&rows);
}

int mail_store_dkim_change(struct db_tx *tx, int64_t id, enum mail_dkim_state from,
	enum mail_dkim_state to, int64_t now_ms)
{
	bool wipe = to == MAIL_DKIM_KEPT || to == MAIL_DKIM_REVOKED;
	int rc = db_run(tx,
		"UPDATE dkim_key SET state = $3, since_ms = $4,"
		" secret = CASE WHEN $5 = 1 THEN $6 ELSE secret END WHERE id = $1 AND state = $2",
		db_int(id), db_int(from), db_int(to), db_int(now_ms), db_int(wipe),
		db_bytes(SLICE("")));

	INVARIANT(db_tx_writes(tx));
	return rc < 0 ? rc : rc == 0 ? HEARTH_ECONFLICT : 0;
}

int mail_store_dkim_activate(struct db_tx *tx, const struct mail_dkim_key *key, int64_t now_ms)
{
	int rc = mail_store_dkim_change(tx, key->id, MAIL_DKIM_WAITS, MAIL_DKIM_SIGNS, now_ms);

	if (rc < 0)
		return rc;
	rc = db_run(tx,
		"UPDATE dkim_key SET state = $1, since_ms = $2, secret = $3"
		" WHERE domain = $4 AND algorithm = $5 AND state = $6 AND id <> $7",
		db_int(MAIL_DKIM_KEPT), db_int(now_ms), db_bytes(SLICE("")), db_text(key->domain),
		db_int(key->algorithm), db_int(MAIL_DKIM_SIGNS), db_int(key->id));
	return rc < 0 ? rc : 0;
}

int mail_store_dkim_prune(struct db_tx *tx, int64_t kept_before_ms, int64_t revoked_before_ms)
{
	int rc = db_run(tx,
		"DELETE FROM dkim_key WHERE (state = $1 AND since_ms < $2)"
		" OR (state = $3 AND since_ms < $4)",
		db_int(MAIL_DKIM_KEPT), db_int(kept_before_ms), db_int(MAIL_DKIM_REVOKED),
		db_int(revoked_before_ms));

	INVARIANT(db_tx_writes(tx));
	return rc < 0 ? rc : 0;
}
