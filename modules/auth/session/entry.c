/*
 * entry.c: the last step of every way in: a session is made and told, by token and by cookie; and
 * its end, by logging out. On the loop, but for what runs in the database.
 */
#include "session/entry.h"

#include <sodium.h>

#include "account/account.h"
#include "audit/audit_log.h"
#include "factor/factor.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

void auth_write_account(struct json_writer *w, const struct account *account)
{
	json_put_i64(w, "id", account->id);
	json_put_str(w, "address", account->address);
	json_put_str(w, "role",
		account->admin       ? "administrator"
		: account->moderator ? "moderator"
				     : "member");
	json_put_bool(w, "admin", account->admin);
	json_put_bool(w, "second_factor", account->factors);
}

void auth_entry_init(struct auth_entry *e, struct auth *a, struct http_request *rq, int status)
{
	*e = (struct auth_entry){ .a = a, .rq = rq, .status = status };
	auth_token_make(e->token, e->hex);
}

int auth_entry_add(struct db_tx *tx, struct auth_entry *e, const char *how)
{
	int64_t now = clock_wall_ms();
	const struct auth_token token = { .account = e->account.id,
		.kind = AUTH_TOKEN_SESSION,
		.scopes = e->account.scopes,
		.device = auth_device(e->rq),
		.peer = slice_str(http_peer(e->rq)->peer),
		.created_ms = now,
		.expires_ms = now + e->a->token_ttl_ms };
	int rc = auth_store_still_open(tx, &e->account);

	INVARIANT(e->account.id > 0 && e->hex[0]);
	if (rc == 0)
		rc = auth_store_make_room(
			tx, token.account, token.kind, e->a->sessions_per_account - 1);
	if (rc == 0)
		rc = auth_store_add_token(tx, &token, e->hex, &e->account.token);
	return rc < 0 ? rc
		      : auth_audit(tx, e->account.id, "session.opened", http_peer(e->rq)->peer,
				token.device, how);
}

void auth_entry_reply(struct auth_entry *e)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "token", e->token);
	json_name(&w, "account");
	json_open_object(&w);
	auth_write_account(&w, &e->account);
	json_close_object(&w);
	if (e->account.scopes != ACCOUNTS_SCOPE_WEB)
		json_put_bool(&w, "must_enrol", true);
	json_close_object(&w);
	http_set_session(e->rq, slice_str(e->token), e->a->token_ttl_ms / 1000);
	http_set_header(e->rq, "Cache-Control", "no-store");
	sodium_memzero(e->token, sizeof(e->token));
	http_reply_json(e->rq, e->status, &out);
}

/* ---- a session by itself ---- */

static int add_session(struct db_tx *tx, void *arg)
{
	return auth_entry_add(tx, arg, NULL);
}

static void on_added(void *arg, int status)
{
	struct auth_entry *e = arg;

	if (status == 0)
		auth_entry_reply(e);
	else
		http_reply_error(e->rq, status);
}

void auth_enter(struct auth *a, struct http_request *rq, const struct account *account,
	unsigned scopes, int status)
{
	struct auth_entry *e = ARENA_NEW(http_arena(rq), struct auth_entry);
	int rc;

	auth_entry_init(e, a, rq, status);
	e->account = *account;
	e->account.scopes =
		auth_factor_missing(a, account) ? scopes & ACCOUNTS_SCOPE_ACCOUNT : scopes;
	rc = db_write(a->db, add_session, on_added, e);
	if (rc < 0)
		on_added(e, rc);
}

/* ---- logging out ---- */

static int end_session(struct db_tx *tx, void *arg)
{
	struct auth_entry *e = arg;
	const struct auth_revocation what = { .account = e->account.id, .id = e->account.token };
	int rc = auth_store_revoke(tx, &what, NULL);

	return rc < 0 ? rc
		      : auth_audit(tx, e->account.id, "session.ended", http_peer(e->rq)->peer,
				auth_device(e->rq), NULL);
}

static void on_ended(void *arg, int status)
{
	struct auth_entry *e = arg;

	if (status == 0) {
		auth_token_forget(e->a, e->hex);
		http_set_session(e->rq, (struct slice){ 0 }, 0);
		http_reply_empty(e->rq, 204);
	} else {
		http_reply_error(e->rq, status);
	}
}

void auth_post_logout(void *module, struct http_request *rq)
{
	struct auth_entry *e = ARENA_NEW(http_arena(rq), struct auth_entry);
	int rc;

	*e = (struct auth_entry){ .a = module, .rq = rq, .account = *http_account(rq) };
	auth_token_hash(http_token(rq), e->hex);
	rc = db_write(e->a->db, end_session, on_ended, e);
	if (rc < 0)
		on_ended(e, rc);
}
