/*
 * token_store.c: SQL on tokens of every kind. Inside a db_fn, on a database thread.
 */
#include "session/known.h"
#include "session/mfa_challenge.h"

#include <stdio.h>

#include "account/account.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define TOUCH_EVERY_MS (INT64_C(5) * 60 * 1000)

int auth_store_add_token(struct db_tx *tx, const struct auth_token *t, const char *hex, int64_t *id)
{
	INVARIANT(db_tx_writes(tx));
	return db_get_int(tx, id,
		"INSERT INTO token (hash, account, kind, scopes, name, device, peer, created_at,"
		" used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9) RETURNING "
		"id",
		db_str(hex), db_int(t->account), db_int(t->kind), db_int(t->scopes),
		db_text(t->name), db_text(t->device), db_text(t->peer), db_int(t->created_ms),
		db_int(t->expires_ms));
}

int auth_store_find_token(struct db_tx *tx, const char *hex, unsigned kinds, int64_t now_ms,
	struct account *out, int64_t *expires_ms)
{
	struct db_rows rows;
	int64_t account, id;
	unsigned scopes, kind;
	int rc = db_one(tx, &rows,
		"SELECT account, id, scopes, expires_at, kind FROM token"
		" WHERE hash = $1 AND (expires_at = 0 OR expires_at > $2)",
		db_str(hex), db_int(now_ms));

	if (rc < 0)
		return rc;
	account = db_col_int(&rows, 0);
	id = db_col_int(&rows, 1);
	scopes = (unsigned)db_col_int(&rows, 2);
	*expires_ms = db_col_int(&rows, 3);
	kind = 1u << db_col_int(&rows, 4);
	rc = db_end(&rows);
	if (rc < 0 || !(kind & kinds))
		return rc < 0 ? rc : HEARTH_ENOTFOUND;
	rc = auth_store_get(tx, account, out);
	if (rc < 0 || out->disabled)
		return rc < 0 ? rc : HEARTH_ENOTFOUND;
	out->token = id;
	out->scopes = scopes;
	return 0;
}

int auth_store_find_app_password(
	struct db_tx *tx, const char *hex, enum accounts_via via, struct account *out)
{
	int64_t expires_ms;
	int rc = auth_store_find_token(
		tx, hex, 1u << AUTH_TOKEN_APP, clock_wall_ms(), out, &expires_ms);

	return rc == 0 && !(out->scopes & auth_via_scope(via)) ? HEARTH_ENOTFOUND : rc;
}

int auth_store_list_tokens(struct db_tx *tx, int64_t account, enum auth_token_kind kind,
	void (*each)(void *arg, const struct auth_token *token), void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT id, scopes, name, device, peer, created_at, used_at, expires_at FROM token"
		" WHERE account = $1 AND kind = $2 ORDER BY id DESC",
		db_int(account), db_int(kind));

	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0) {
		struct auth_token t = { .id = db_col_int(&rows, 0),
			.account = account,
			.kind = kind,
			.scopes = (unsigned)db_col_int(&rows, 1),
			.name = db_col_text(&rows, 2),
			.device = db_col_text(&rows, 3),
			.peer = db_col_text(&rows, 4),
			.created_ms = db_col_int(&rows, 5),
			.used_ms = db_col_int(&rows, 6),
			.expires_ms = db_col_int(&rows, 7) };

		each(arg, &t);
	}
	return db_end(&rows);
}

int auth_store_count_tokens(
	struct db_tx *tx, int64_t account, enum auth_token_kind kind, int64_t *count)
{
	return db_get_int(tx, count, "SELECT count(*) FROM token WHERE account = $1 AND kind = $2",
		db_int(account), db_int(kind));
}

int auth_store_token_owner(struct db_tx *tx, int64_t id, int64_t *account)
{
	return db_get_int(tx, account, "SELECT account FROM token WHERE id = $1", db_int(id));
}

int auth_store_still_held(struct db_tx *tx, const struct account *account)
{
	int64_t owner = 0;
	int rc = auth_store_token_owner(tx, account->token, &owner);

	INVARIANT(account->id > 0);
	if (rc == HEARTH_ENOTFOUND || (rc == 0 && owner != account->id))
		return HEARTH_ECONFLICT;
	return rc;
}

int auth_store_touch_token(struct db_tx *tx, int64_t id, int64_t now_ms, const char *peer)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"UPDATE token SET used_at = $2, peer = $3 WHERE id = $1 AND used_at < $4",
		db_int(id), db_int(now_ms), db_str(peer), db_int(now_ms - TOUCH_EVERY_MS));

	return rc < 0 ? rc : 0;
}

/* ---- ending ---- */

struct ended {
	const struct auth_revocation *what;
	struct strbuf ids, hashes; /* elements of two JSON arrays */
	int64_t count;
	int64_t generation; /* of the account from now on */
};

static void note_ended(struct ended *e, int64_t id, struct slice hash)
{
	const char *comma = e->hashes.n ? "," : "";

	strbuf_printf(&e->ids, "%s%lld", comma, (long long)id);
	strbuf_printf(&e->hashes, "%s\"%.*s\"", comma, SLICE_ARG(hash));
	e->count++;
}

/* A kind that ends, or none. */
static struct db_value ending_kind(const struct auth_revocation *what, enum auth_token_kind kind)
{
	return db_int(!what->kinds || what->kinds & 1u << kind ? (int64_t)kind : -1);
}

static int end_tokens(struct db_tx *tx, struct ended *e)
{
	const struct auth_revocation *what = e->what;
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"DELETE FROM token WHERE account = $1 AND id <> $2 AND ($3 = 0 OR id = $3)"
		" AND kind IN ($4, $5, $6, $7) RETURNING id, hash",
		db_int(what->account), db_int(what->except), db_int(what->id),
		ending_kind(what, AUTH_TOKEN_SESSION), ending_kind(what, AUTH_TOKEN_API),
		ending_kind(what, AUTH_TOKEN_APP), ending_kind(what, AUTH_TOKEN_DEVICE));

	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0)
		note_ended(e, db_col_int(&rows, 0), db_col_text(&rows, 1));
	return db_end(&rows);
}

static int publish_ended(struct db_tx *tx, const struct ended *e)
{
	struct strbuf payload = { 0 };
	char key[24];
	int rc;

	snprintf(key, sizeof(key), "%lld", (long long)e->what->account);
	strbuf_printf(&payload,
		"{\"account\":%s,\"password\":%s,\"generation\":%lld,\"ids\":[%s],\"tokens\":[%s]}",
		key, e->what->password ? "true" : "false", (long long)e->generation,
		e->ids.p ? e->ids.p : "", e->hashes.p ? e->hashes.p : "");
	rc = bus_publish(tx, "auth.revoked", slice_str(key), strbuf_slice(&payload));
	strbuf_free(&payload);
	return rc;
}

int auth_store_revoke(struct db_tx *tx, const struct auth_revocation *what, int64_t *count)
{
	struct ended e = { .what = what };
	int rc = end_tokens(tx, &e);

	INVARIANT(what->account > 0);
	/* A log-in that stands between its steps was begun with that password, too. */
	if (rc == 0 && what->password)
		rc = auth_store_drop_tickets(tx, what->account);
	/* Nor does one that stands before its first. */
	if (rc == 0 && what->password)
		rc = auth_store_next_generation(tx, what->account, &e.generation);
	/* Nor does what it was shown for last (this may be the one session that stays). */
	if (rc == 0 && what->password)
		rc = auth_store_forget_proven(tx, what->account);
	/* Nor is a place known any more where somebody else may have used it. */
	if (rc == 0 && what->password)
		rc = auth_store_drop_networks(tx, what->account);
	if (rc == 0 && (e.count || what->password))
		rc = publish_ended(tx, &e);
	if (count)
		*count = e.count;
	strbuf_free(&e.ids);
	strbuf_free(&e.hashes);
	return rc;
}

int auth_store_refresh(struct db_tx *tx, int64_t account)
{
	const struct auth_revocation nothing = { .account = account };
	struct ended e = { .what = &nothing };
	struct db_rows rows;
	int rc = db_query(tx, &rows, "SELECT hash FROM token WHERE account = $1", db_int(account));

	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0)
		strbuf_printf(&e.hashes, "%s\"%.*s\"", e.hashes.n ? "," : "",
			SLICE_ARG(db_col_text(&rows, 0)));
	rc = db_end(&rows);
	if (rc == 0)
		rc = publish_ended(tx, &e);
	strbuf_free(&e.hashes);
	return rc;
}

int auth_store_revoke_all(struct db_tx *tx, int64_t account)
{
	const struct auth_revocation all = { .account = account, .password = true };

	return auth_store_revoke(tx, &all, NULL);
}

/* ---- those whose time is over, or that are too many ---- */

/* Ends each token of a query that gives ids and accounts. */
static int end_each(struct db_tx *tx, const int64_t *ids, const int64_t *accounts, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct auth_revocation one = { .account = accounts[i], .id = ids[i] };

		rc = auth_store_revoke(tx, &one, NULL);
	}
	return rc;
}

int auth_store_make_room(struct db_tx *tx, int64_t account, enum auth_token_kind kind, int64_t most)
{
	int64_t count = 0, id;
	int rc = auth_store_count_tokens(tx, account, kind, &count);

	INVARIANT(most >= 0);
	for (; rc == 0 && count > most; count--) {
		rc = db_get_int(tx, &id,
			"SELECT id FROM token WHERE account = $1 AND kind = $2"
			" ORDER BY used_at, id LIMIT 1",
			db_int(account), db_int(kind));
		if (rc == 0)
			rc = end_each(tx, &id, &account, 1);
	}
	return rc;
}

int auth_store_expired_count(struct db_tx *tx, int64_t now_ms, int64_t *count)
{
	return db_get_int(tx, count,
		"SELECT count(*) FROM token WHERE expires_at > 0 AND expires_at <= $1",
		db_int(now_ms));
}

int auth_store_expire_tokens(struct db_tx *tx, int64_t now_ms, int64_t *count)
{
	int64_t ids[AUTH_EXPIRE_MAX], accounts[AUTH_EXPIRE_MAX];
	size_t n = 0;
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT id, account FROM token WHERE expires_at > 0 AND expires_at <= $1"
		" ORDER BY expires_at LIMIT $2",
		db_int(now_ms), db_int(AUTH_EXPIRE_MAX));

	if (rc < 0)
		return rc;
	for (; n < AUTH_EXPIRE_MAX && db_next(&rows) > 0; n++) {
		ids[n] = db_col_int(&rows, 0);
		accounts[n] = db_col_int(&rows, 1);
	}
	rc = db_end(&rows);
	*count = (int64_t)n;
	return rc < 0 ? rc : end_each(tx, ids, accounts, n);
}
