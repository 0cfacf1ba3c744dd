/*
 * exchange.c: a client shows its code, and what only it can know, and gets a token (grant.h). The
 * answers are those of RFC 6749 sections 5.1 and 5.2.
 * On the loop, but for what runs in the database.
 */
#include "grant/grant.h"

#include <sodium.h>
#include <stdio.h>

#include "audit/audit_log.h"
#include "hearth/clock.h"
#include "hearth/error.h"

#define TOKENS_MAX 100 /* of an account, as in sessions.c */

struct exchange {
	struct http_request *rq;
	struct slice redirect, client, verifier;
	char code_hex[AUTH_TOKEN_HEX];
	struct grant grant;
	char name[GRANT_CLIENT_MAX + GRANT_REDIRECT_MAX + 8];
	char text[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];
};

static void refuse(struct http_request *rq, const char *error, const char *text)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "error", error);
	json_put_str(&w, "error_description", text);
	json_close_object(&w);
	http_reply_json(rq, 400, &out);
}

/* Its name and where it lives, for the person's list of tokens. */
static void name_token(struct exchange *x)
{
	struct slice host = { 0 };

	grant_redirect_valid(x->grant.redirect, &host);
	snprintf(x->name, sizeof(x->name), "%.*s (%.*s)", SLICE_ARG(x->grant.client),
		SLICE_ARG(slice_head(host, 90)));
}

static int add_token(struct db_tx *tx, struct exchange *x)
{
	int64_t count = 0, now_ms = clock_wall_ms();
	struct auth_token token = { .account = x->grant.account,
		.kind = AUTH_TOKEN_API,
		.scopes = x->grant.scopes,
		.name = slice_str(x->name),
		.device = auth_device(x->rq),
		.peer = slice_str(http_peer(x->rq)->peer),
		.created_ms = now_ms,
		.expires_ms = now_ms + GRANT_TOKEN_TTL_MS };
	int rc = auth_store_count_tokens(tx, token.account, token.kind, &count);

	if (rc == 0 && count >= TOKENS_MAX)
		return HEARTH_ETOOBIG;
	if (rc == 0)
		rc = auth_store_add_token(tx, &token, x->hex, &token.id);
	return rc < 0 ? rc
		      : auth_audit(tx, token.account, "token.made", http_peer(x->rq)->peer,
				auth_device(x->rq), x->name);
}

/* The code is gone whatever comes of it: a function that fails would bring it back. */
static int exchange(struct db_tx *tx, void *arg)
{
	struct exchange *x = arg;
	struct account who;
	int rc = grant_store_take(tx, x->code_hex, clock_wall_ms(), http_arena(x->rq), &x->grant);

	if (rc < 0) {
		x->grant.account = 0;
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	}
	who = (struct account){ .id = x->grant.account, .token = x->grant.session };
	if (!slice_eq(x->grant.redirect, x->redirect) || !slice_eq(x->grant.client, x->client) ||
		!grant_verifier_matches(x->verifier, x->grant.challenge)) {
		x->grant.account = 0;
		return 0;
	}
	/* The session that said yes has ended meanwhile: so has its word. */
	rc = auth_store_still_held(tx, &who);
	if (rc == HEARTH_ECONFLICT) {
		x->grant.account = 0;
		return 0;
	}
	name_token(x);
	return rc < 0 ? rc : add_token(tx, x);
}

static void on_exchanged(void *arg, int status)
{
	struct exchange *x = arg;
	struct strbuf out = { 0 }, scopes = { 0 };
	struct json_writer w;

	if (status == HEARTH_ETOOBIG) {
		refuse(x->rq, "access_denied", "the account has too many tokens: end one first");
		return;
	}
	if (status < 0) {
		http_reply_error(x->rq, status);
		return;
	}
	if (x->grant.account == 0) {
		refuse(x->rq, "invalid_grant",
			"the code is none, used, too old, or was made for something else");
		return;
	}
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "access_token", x->text);
	json_put_str(&w, "token_type", "Bearer");
	json_put_i64(&w, "expires_in", GRANT_TOKEN_TTL_MS / 1000);
	auth_scopes_write(x->grant.scopes, &scopes);
	json_put_text(&w, "scope", strbuf_slice(&scopes));
	json_close_object(&w);
	strbuf_free(&scopes);
	sodium_memzero(x->text, sizeof(x->text));
	http_reply_json(x->rq, 200, &out);
}

void auth_post_oauth_token(void *module, struct http_request *rq)
{
	struct auth *a = module;
	struct exchange *x = ARENA_NEW(http_arena(rq), struct exchange);
	struct slice code;
	int rc;

	http_set_header(rq, "Cache-Control", "no-store");
	if (!auth_secure(rq))
		return;
	if (!http_body_is(rq, "application/x-www-form-urlencoded")) {
		refuse(rq, "invalid_request", "expected application/x-www-form-urlencoded");
		return;
	}
	if (!slice_eq(http_form(rq, "grant_type"), SLICE("authorization_code"))) {
		refuse(rq, "unsupported_grant_type", "expected grant_type=authorization_code");
		return;
	}
	x->rq = rq;
	code = http_form(rq, "code");
	x->redirect = http_form(rq, "redirect_uri");
	x->client = http_form(rq, "client_id");
	x->verifier = http_form(rq, "code_verifier");
	if (!code.n || !x->redirect.n || !x->client.n || !x->verifier.n) {
		refuse(rq, "invalid_request",
			"expected code, redirect_uri, client_id and code_verifier");
		return;
	}
	auth_token_hash(code, x->code_hex);
	auth_token_make(x->text, x->hex);
	rc = db_write(a->db, exchange, on_exchanged, x);
	if (rc < 0)
		on_exchanged(x, rc);
}
