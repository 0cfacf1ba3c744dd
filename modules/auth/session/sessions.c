/*
 * sessions.c: what of theirs is open: sessions, trusted devices, API tokens and app passwords are
 * listed, made and ended here, by one code, since they are rows of one table.
 * On the loop, but for what runs in the database.
 */
#include <sodium.h>

#include "account/account.h"
#include "audit/audit_log.h"
#include "factor/proof.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/text.h"
#include "session/session.h"

#define NAME_MAX_BYTES 200
#define TOKENS_MAX     100 /* of one kind, made by hand */
#define DAY_MS         (INT64_C(24) * 3600 * 1000)
#define DAYS_MAX       3650

/* One request, in its own arena. */
struct ask {
	struct auth *a;
	struct http_request *rq;
	enum auth_token_kind kind;
	const char *list; /* the member of the answer, "sessions" */
	struct strbuf out;
	struct json_writer w;
	struct auth_token token; /* to be made; its slices are the request's */
	struct auth_revocation ending;
	const char *event; /* what is recorded */
	struct auth_proof proof;
	char text[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];
};

static struct ask *ask_new(
	struct auth *a, struct http_request *rq, enum auth_token_kind kind, const char *list)
{
	struct ask *ask = ARENA_NEW(http_arena(rq), struct ask);

	ask->a = a;
	ask->rq = rq;
	ask->kind = kind;
	ask->list = list;
	http_set_header(rq, "Cache-Control", "no-store");
	return ask;
}

/* ---- lists ---- */

static void put_time(struct json_writer *w, const char *name, int64_t ms)
{
	if (ms)
		json_put_i64(w, name, ms);
}

static void write_token(void *arg, const struct auth_token *t)
{
	struct ask *ask = arg;
	struct json_writer *w = &ask->w;
	struct strbuf scopes = { 0 };

	json_open_object(w);
	json_put_i64(w, "id", t->id);
	if (t->name.n)
		json_put_text(w, "name", t->name);
	if (t->kind == AUTH_TOKEN_SESSION)
		json_put_bool(w, "current", t->id == http_account(ask->rq)->token);
	if (t->kind == AUTH_TOKEN_API || t->kind == AUTH_TOKEN_APP) {
		auth_scopes_write(t->scopes, &scopes);
		json_put_text(w, "scopes", strbuf_slice(&scopes));
		strbuf_free(&scopes);
	}
	json_put_text(w, "device", t->device);
	json_put_text(w, "network", t->peer);
	json_put_i64(w, "created_at", t->created_ms);
	put_time(w, "used_at", t->used_ms);
	put_time(w, "expires_at", t->expires_ms);
	json_close_object(w);
}

static int read_list(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc;

	strbuf_reset(&ask->out);
	json_writer_init(&ask->w, &ask->out);
	json_open_object(&ask->w);
	json_name(&ask->w, ask->list);
	json_open_array(&ask->w);
	rc = auth_store_list_tokens(tx, http_account(ask->rq)->id, ask->kind, write_token, ask);
	json_close_array(&ask->w);
	json_close_object(&ask->w);
	return rc;
}

static void on_list(void *arg, int status)
{
	struct ask *ask = arg;

	auth_reply_written(ask->rq, status, &ask->out);
}

static void get_list(
	struct auth *a, struct http_request *rq, enum auth_token_kind kind, const char *list)
{
	struct ask *ask = ask_new(a, rq, kind, list);
	int rc = db_read(a->db, read_list, on_list, ask);

	if (rc < 0)
		on_list(ask, rc);
}

void auth_get_sessions(void *module, struct http_request *rq)
{
	get_list(module, rq, AUTH_TOKEN_SESSION, "sessions");
}

void auth_get_devices(void *module, struct http_request *rq)
{
	get_list(module, rq, AUTH_TOKEN_DEVICE, "devices");
}

void auth_get_tokens(void *module, struct http_request *rq)
{
	get_list(module, rq, AUTH_TOKEN_API, "tokens");
}

void auth_get_app_passwords(void *module, struct http_request *rq)
{
	get_list(module, rq, AUTH_TOKEN_APP, "app_passwords");
}

/* ---- ending ---- */

static int end(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int64_t count = 0;
	int rc = auth_store_revoke(tx, &ask->ending, &count);

	if (rc == 0 && count == 0 && ask->ending.id)
		return HEARTH_ENOTFOUND;
	return rc < 0 ? rc
		      : auth_audit(tx, ask->ending.account, ask->event, http_peer(ask->rq)->peer,
				auth_device(ask->rq), NULL);
}

static void on_ended(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0)
		http_reply_empty(ask->rq, 204);
	else
		http_reply_error(ask->rq, status);
}

/* Ends one (id), or all but `except`. */
static void end_tokens(struct auth *a, struct http_request *rq, enum auth_token_kind kind,
	const char *event, int64_t id, int64_t except)
{
	struct ask *ask = ask_new(a, rq, kind, NULL);
	int rc;

	ask->event = event;
	ask->ending = (struct auth_revocation){
		.account = http_account(rq)->id, .kinds = 1u << kind, .id = id, .except = except
	};
	rc = db_write(a->db, end, on_ended, ask);
	if (rc < 0)
		on_ended(ask, rc);
}

void auth_delete_session(void *module, struct http_request *rq)
{
	end_tokens(module, rq, AUTH_TOKEN_SESSION, "session.ended", http_param_int(rq, "id"), 0);
}

void auth_delete_sessions(void *module, struct http_request *rq)
{
	end_tokens(module, rq, AUTH_TOKEN_SESSION, "sessions.ended", 0, http_account(rq)->token);
}

void auth_delete_device(void *module, struct http_request *rq)
{
	end_tokens(module, rq, AUTH_TOKEN_DEVICE, "device.ended", http_param_int(rq, "id"), 0);
}

void auth_delete_token(void *module, struct http_request *rq)
{
	end_tokens(module, rq, AUTH_TOKEN_API, "token.ended", http_param_int(rq, "id"), 0);
}

void auth_delete_app_password(void *module, struct http_request *rq)
{
	end_tokens(module, rq, AUTH_TOKEN_APP, "app_password.ended", http_param_int(rq, "id"), 0);
}

/* ---- making ---- */

/* What a token of the scope account opens asks for the code itself, wherever that matters. */
static bool opens_something(const struct auth_token *t)
{
	const unsigned account = ACCOUNTS_SCOPE_ACCOUNT;

	return (t->scopes & ~(account | account << ACCOUNTS_SCOPE_READ_SHIFT)) != 0;
}

static int make(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int64_t count = 0;
	int rc = auth_store_still_held(tx, http_account(ask->rq));

	if (rc == 0)
		rc = auth_store_count_tokens(tx, ask->token.account, ask->kind, &count);
	if (rc == 0 && count >= TOKENS_MAX)
		rc = HEARTH_ETOOBIG;
	ask->proof.outcome = PROOF_DONE;
	if (rc == 0 && opens_something(&ask->token))
		rc = auth_proof_take(tx, &ask->proof);
	if (rc < 0 || !auth_proof_done(&ask->proof))
		return rc;
	rc = auth_store_add_token(tx, &ask->token, ask->hex, &ask->token.id);
	return rc < 0 ? rc
		      : auth_audit(tx, ask->token.account, ask->event, http_peer(ask->rq)->peer,
				auth_device(ask->rq), NULL);
}

static void on_made(void *arg, int status)
{
	struct ask *ask = arg;
	struct strbuf out = { 0 }, scopes = { 0 };
	struct json_writer w;

	if (status == HEARTH_ETOOBIG) {
		http_reply_problem(
			ask->rq, 409, NULL, "there are %d already; end one first", TOKENS_MAX);
		return;
	}
	if (status != 0) {
		http_reply_error(ask->rq, status);
		return;
	}
	if (auth_proof_refuse(&ask->proof))
		return;
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_i64(&w, "id", ask->token.id);
	json_put_text(&w, "name", ask->token.name);
	auth_scopes_write(ask->token.scopes, &scopes);
	json_put_text(&w, "scopes", strbuf_slice(&scopes));
	put_time(&w, "expires_at", ask->token.expires_ms);
	json_put_str(&w, ask->kind == AUTH_TOKEN_APP ? "password" : "token", ask->text);
	json_close_object(&w);
	strbuf_free(&scopes);
	sodium_memzero(ask->text, sizeof(ask->text));
	http_reply_json(ask->rq, 201, &out);
}

static void on_confirmed(void *arg, int status)
{
	struct ask *ask = arg;
	int rc;

	if (status != 0)
		return;
	rc = db_write(ask->a->db, make, on_made, ask);
	if (rc < 0)
		on_made(ask, rc);
}

/* "scopes": text, each within `allowed`; "expires_days": optional. */
static bool read_rights(struct ask *ask, const struct json *body, unsigned allowed)
{
	struct slice text;
	int64_t days = 0;
	int rc;

	if (!auth_read_text(
		    ask->rq, body, "scopes", 1, 200, "names of scopes between blanks", &text))
		return false;
	if (auth_scopes_read(text, &ask->token.scopes) < 0 || ask->token.scopes & ~allowed) {
		struct strbuf names = { 0 };

		auth_scopes_write(allowed & ACCOUNTS_SCOPE_ALL, &names);
		http_reply_problem(ask->rq, 400, "scopes", "expected some of: %s", names.p);
		strbuf_free(&names);
		return false;
	}
	rc = json_get_i64(body, "expires_days", 1, DAYS_MAX, &days);
	if (rc == HEARTH_EINVAL) {
		http_reply_problem(ask->rq, 400, "expires_days",
			"expected a number of days from 1 to %d, or nothing for no end", DAYS_MAX);
		return false;
	}
	ask->token.created_ms = clock_wall_ms();
	if (days)
		ask->token.expires_ms = ask->token.created_ms + days * DAY_MS;
	return true;
}

static struct ask *read_new(
	struct auth *a, struct http_request *rq, enum auth_token_kind kind, unsigned allowed)
{
	const struct json *body = http_body_json(rq);
	struct ask *ask;

	if (!body)
		return NULL;
	ask = ask_new(a, rq, kind, NULL);
	ask->token = (struct auth_token){ .account = http_account(rq)->id,
		.kind = kind,
		.device = auth_device(rq),
		.peer = slice_str(http_peer(rq)->peer) };
	if (!auth_read_text(rq, body, "name", 1, NAME_MAX_BYTES,
		    "a name of 1 to 200 bytes to tell it by", &ask->token.name) ||
		!read_rights(ask, body, allowed) || !auth_proof_read(&ask->proof, a, rq, body))
		return NULL;
	return ask;
}

/* What a token opens cannot be more than what its maker's own one does. */
void auth_post_tokens(void *module, struct http_request *rq)
{
	unsigned own = http_account(rq)->scopes;
	struct ask *ask =
		read_new(module, rq, AUTH_TOKEN_API, own | own << ACCOUNTS_SCOPE_READ_SHIFT);

	if (!ask)
		return;
	ask->event = "token.made";
	auth_token_make(ask->text, ask->hex);
	auth_reauthenticate(module, rq, http_body_json(rq), "password", on_confirmed, ask);
}

/* The same for app passwords: mail for whose token opens mail, streams for whose opens video. */
static unsigned app_scopes(unsigned own)
{
	return (own & ACCOUNTS_SCOPE_MAIL ? ACCOUNTS_SCOPE_IMAP | ACCOUNTS_SCOPE_SMTP : 0) |
	       (own & ACCOUNTS_SCOPE_VIDEO ? ACCOUNTS_SCOPE_RTMP : 0);
}

void auth_post_app_passwords(void *module, struct http_request *rq)
{
	unsigned allowed = app_scopes(http_account(rq)->scopes);
	struct ask *ask;

	/* Also a session that must enrol first: what it made would stay when the owner enrols. */
	if (!allowed) {
		http_reply_problem(rq, 403, NULL, "the scopes of this token do not allow it");
		return;
	}
	ask = read_new(module, rq, AUTH_TOKEN_APP, allowed);
	if (!ask)
		return;
	ask->event = "app_password.made";
	auth_app_password_make(ask->text, ask->hex);
	auth_reauthenticate(module, rq, http_body_json(rq), "password", on_confirmed, ask);
}
