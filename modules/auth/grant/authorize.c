/*
 * authorize.c: the person says yes to a page of another origin (grant.h): a code is made.
 * On the loop, but for what runs in the database.
 */
#include "grant/grant.h"

#include <sodium.h>

#include "hearth/clock.h"
#include "hearth/error.h"

struct ask {
	struct http_request *rq;
	struct grant grant;
	char text[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];
};

static int add(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = auth_store_still_held(tx, http_account(ask->rq));

	if (rc == 0)
		rc = grant_store_add(tx, ask->hex, &ask->grant, clock_wall_ms());
	return rc;
}

static void on_added(void *arg, int status)
{
	struct ask *ask = arg;
	struct strbuf out = { 0 };
	struct json_writer w;

	if (status < 0) {
		http_reply_error(ask->rq, status);
		return;
	}
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "code", ask->text);
	json_close_object(&w);
	sodium_memzero(ask->text, sizeof(ask->text));
	http_reply_json(ask->rq, 201, &out);
}

/* What the client asks for; false, and answered, when it may not have it. */
static bool read_grant(struct http_request *rq, const struct json *body, struct grant *g)
{
	struct slice scope, host;
	unsigned own = http_account(rq)->scopes;

	if (!auth_read_text(rq, body, "client_id", 1, GRANT_CLIENT_MAX,
		    "the client's name or address", &g->client) ||
		!auth_read_text(rq, body, "redirect_uri", 1, GRANT_REDIRECT_MAX,
			"where the code is sent", &g->redirect) ||
		!auth_read_text(rq, body, "code_challenge", 1, GRANT_REDIRECT_MAX,
			"the verifier's SHA-256 as base64url", &g->challenge) ||
		!auth_read_text(rq, body, "scope", 1, 100, "game or game:read", &scope))
		return false;
	if (!grant_redirect_valid(g->redirect, &host))
		http_reply_problem(rq, 400, "redirect_uri",
			"redirect_uri: expected an https address, or http on this machine, "
			"without a fragment");
	else if (!grant_challenge_valid(g->challenge))
		http_reply_problem(rq, 400, "code_challenge",
			"code_challenge: expected the verifier's SHA-256 as base64url (S256)");
	else if (auth_scopes_read(scope, &g->scopes) < 0 || g->scopes & ~GRANT_SCOPES)
		http_reply_problem(rq, 400, "scope", "scope: expected game or game:read");
	else if (g->scopes & ~(own | own << ACCOUNTS_SCOPE_READ_SHIFT))
		http_reply_problem(rq, 403, NULL, "the scopes of this token do not allow it");
	else
		return true;
	return false;
}

void auth_post_authorize(void *module, struct http_request *rq)
{
	struct auth *a = module;
	const struct json *body = http_body_json(rq);
	struct ask *ask;
	int rc;

	if (!body)
		return;
	http_set_header(rq, "Cache-Control", "no-store");
	ask = ARENA_NEW(http_arena(rq), struct ask);
	ask->rq = rq;
	ask->grant.account = http_account(rq)->id;
	ask->grant.session = http_account(rq)->token;
	if (!read_grant(rq, body, &ask->grant))
		return;
	auth_token_make(ask->text, ask->hex);
	rc = db_write(a->db, add, on_added, ask);
	if (rc < 0)
		on_added(ask, rc);
}

/* RFC 8414: where the parts of this are, for clients that look. */
void auth_get_oauth_metadata(void *module, struct http_request *rq)
{
	static const char *const words[][2] = { { "response_types_supported", "code" },
		{ "grant_types_supported", "authorization_code" },
		{ "code_challenge_methods_supported", "S256" },
		{ "token_endpoint_auth_methods_supported", "none" } };
	struct auth *a = module;
	struct strbuf url = { 0 }, out = { 0 };
	struct json_writer w;
	size_t n;

	hearth_url(a->h, &url);
	n = url.n;
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_text(&w, "issuer", slice_head(strbuf_slice(&url), n - 1));
	strbuf_adds(&url, "oauth/authorize");
	json_put_text(&w, "authorization_endpoint", strbuf_slice(&url));
	url.n = n;
	strbuf_adds(&url, "api/auth/oauth/token");
	json_put_text(&w, "token_endpoint", strbuf_slice(&url));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		json_name(&w, words[i][0]);
		json_open_array(&w);
		json_text(&w, slice_str(words[i][1]));
		json_close_array(&w);
	}
	json_name(&w, "scopes_supported");
	json_open_array(&w);
	json_text(&w, SLICE("game"));
	json_text(&w, SLICE("game:read"));
	json_close_array(&w);
	json_close_object(&w);
	strbuf_free(&url);
	http_reply_json(rq, 200, &out);
}
