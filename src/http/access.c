/*
 * access.c: what becomes of a request once its head is there, before anything of its body is read:
 * whether it is for us at all (site.c), which route it is for, whether its body is welcome, who
 * sent it and whether they may.
 *
 * The token is a bearer token (a browser's WebSocket offers it as a subprotocol) or else the
 * session cookie. A browser sends the cookie by itself, also when another site makes it do so: what
 * changes something is then believed only if it comes from our own pages. Where signing in is
 * needed that is a 403; elsewhere the cookie counts for nothing. A token opens only what its scopes
 * allow. On the loop.
 */
#include "http/http_internal.h"

#include "hearth/accounts.h"
#include "hearth/error.h"
#include "hearth/room.h"
#include "hearth/ws.h"
#include "http/uploads.h"

/* ---- the route ---- */

static bool find_method(struct http_request *rq, bool *options)
{
	static const struct {
		const char *name;
		enum http_method method;
	} methods[] = { { "GET", HTTP_GET }, { "HEAD", HTTP_GET }, { "POST", HTTP_POST },
		{ "PUT", HTTP_PUT }, { "PATCH", HTTP_PATCH }, { "DELETE", HTTP_DELETE },
		{ "OPTIONS", HTTP_GET } };

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (!slice_eq(rq->head->method, slice_str(methods[i].name)))
			continue;
		rq->method = methods[i].method;
		rq->head_only = i == 1;
		*options = i + 1 == sizeof(methods) / sizeof(methods[0]);
		return true;
	}
	return false;
}

/* The Allow header for a path with these methods. */
static void set_allow(struct http_request *rq, unsigned allowed)
{
	static const char *const names[] = { "GET, HEAD", "POST", "PUT", "PATCH", "DELETE" };
	struct strbuf text = { 0 };

	strbuf_adds(&text, "OPTIONS");
	for (int i = 0; i < 5; i++)
		if (allowed & (1u << i))
			strbuf_printf(&text, ", %s", names[i]);
	http_set_header(rq, "Allow", text.p);
	strbuf_free(&text);
}

/* Finds the route; false when the request was answered. */
static bool find_route(struct http_request *rq)
{
	bool options = false;

	rq->query = rq->head->target;
	rq->raw_path = slice_split(&rq->query, '?');
	if (!find_method(rq, &options)) {
		http_reply_problem(rq, 501, NULL, "the method %.*s is not known here",
			SLICE_ARG(rq->head->method));
		return false;
	}
	if (options && slice_eq(rq->raw_path, SLICE("*"))) {
		set_allow(rq, 0x1F);
		http_reply_empty(rq, 204);
		return false;
	}
	if (!router_find(rq->server->router, rq->arena, rq->method, rq->raw_path, &rq->match) ||
		!url_decode(rq->arena, rq->raw_path, false, &rq->path)) {
		http_reply_problem(rq, 400, NULL, "the path is malformed");
		return false;
	}
	if (rq->match.allowed == 0) {
		http_reply_problem(rq, 404, NULL, "there is nothing here");
		return false;
	}
	if (options || !rq->match.route) {
		set_allow(rq, rq->match.allowed);
		if (options) {
			cors_preflight(rq);
			http_reply_empty(rq, 204);
			return false;
		}
		http_reply_problem(
			rq, 405, NULL, "this path does not take %.*s", SLICE_ARG(rq->head->method));
		return false;
	}
	return true;
}

/* Whether the body may come; false when the request was answered. */
static bool body_welcome(struct http_request *rq)
{
	struct slice expect = http_header(rq, "Expect");
	size_t max = rq->match.route->body_max;

	if (expect.p && !slice_ieq(expect, SLICE("100-continue"))) {
		http_reply_problem(rq, 417, NULL, "100-continue is all that can be expected here");
		return false;
	}
	if (rq->head->has_body && (max == 0 || rq->head->content_length > max)) {
		if (max == 0)
			http_reply_problem(rq, 413, NULL, "this request takes no body");
		else
			http_reply_problem(
				rq, 413, NULL, "the body may have %zu bytes at most", max);
		return false;
	}
	if (rq->head->has_body && max > UPLOAD_MIN && !room_left()) {
		http_reply_problem(rq, 507, NULL, "the server's disk is full; delete something");
		return false;
	}
	return true;
}

/* ---- who ---- */

/* The host of an Origin, "https://host:port"; empty when it is none ("null"). */
static struct slice origin_host(struct slice origin)
{
	ptrdiff_t at = slice_find(origin, SLICE("://"));

	if (at < 0)
		return slice_of(NULL, 0);
	return slice_skip(origin, (size_t)at + 3);
}

bool access_same_origin(const struct http_request *rq)
{
	struct slice site = http_header(rq, "Sec-Fetch-Site"), origin = http_header(rq, "Origin");
	const char *url = rq->server->site ? rq->server->site->url : NULL;

	if (site.p)
		return slice_eq(site, SLICE("same-origin")) || slice_eq(site, SLICE("none"));
	/* The scheme is not compared: a proxy in front may have another one than we do. */
	if (url && slice_ieq(origin, slice_str(url)))
		return true;
	return origin.p && rq->host.n && slice_ieq(origin_host(origin), rq->host);
}

/*
 * The token of a page of another origin, whose WebSocket can send no header but the subprotocols it
 * offers: "bearer" and, next, the token. The first alone is what is agreed on (gateway).
 */
static struct slice offered_token(const struct http_request *rq)
{
	struct slice offered =
		ws_requested(rq) ? http_header(rq, "Sec-WebSocket-Protocol") : (struct slice){ 0 };

	if (!offered.p || !slice_eq(slice_trim(slice_split(&offered, ',')), SLICE("bearer")))
		return (struct slice){ 0 };
	return slice_trim(slice_split(&offered, ','));
}

static void find_token(struct http_request *rq)
{
	struct slice value = http_header(rq, "Authorization"), offered = offered_token(rq);

	if (slice_istarts(value, SLICE("Bearer "))) {
		rq->token = slice_trim(slice_skip(value, 7));
		rq->token_from = HTTP_TOKEN_BEARER;
		return;
	}
	if (offered.n) {
		rq->token = offered;
		rq->token_from = HTTP_TOKEN_BEARER;
		return;
	}
	value = http_cookie(rq, HTTP_SESSION_COOKIE);
	if (value.n) {
		rq->token = value;
		rq->token_from = HTTP_TOKEN_COOKIE;
	}
}

/* A cookie that another site may have made the browser send; false when it was answered. */
static bool cookie_welcome(struct http_request *rq)
{
	if (rq->token_from != HTTP_TOKEN_COOKIE || rq->method == HTTP_GET || access_same_origin(rq))
		return true;
	if (http_route_access(rq->match.route) != HTTP_PUBLIC) {
		http_reply_problem(rq, 403, NULL,
			"a request with the session cookie must come from this site's pages");
		return false;
	}
	rq->token = (struct slice){ 0 };
	rq->token_from = HTTP_TOKEN_NONE;
	return true;
}

static bool in_scope(const struct http_request *rq)
{
	bool by_role = http_route_access(rq->match.route) >= HTTP_MODERATOR;
	unsigned scope = by_role ? ACCOUNTS_SCOPE_ADMIN : rq->match.scope;

	return scope == 0 ||
	       accounts_scope_allows(rq->account->scopes, scope, rq->method == HTTP_GET);
}

static bool has_role(const struct http_request *rq)
{
	enum http_access access = http_route_access(rq->match.route);

	return access < HTTP_MODERATOR || rq->account->admin ||
	       (access == HTTP_MODERATOR && rq->account->moderator);
}

/*
 * Whether an account may send a large body beside those that it is sending; false when it was answered. One
 * that does not say how long it is may become as long as its route allows.
 */
static bool upload_welcome(struct http_request *rq)
{
	uint64_t bytes = rq->head->chunked ? rq->match.route->body_max : rq->head->content_length;

	if (!rq->server->uploads || !rq->account || !rq->head->has_body || bytes <= UPLOAD_MIN)
		return true;
	if (uploads_begin(rq->server->uploads, rq->account->id, bytes)) {
		rq->upload = bytes;
		return true;
	}
	http_set_header(rq, "Retry-After", "10");
	http_reply_problem(rq, 429, NULL, "this account is uploading too much at a time already");
	return false;
}

/* The account is known, or that there is none: may they? */
static void decide(struct http_request *rq, int status)
{
	enum http_access access = http_route_access(rq->match.route);

	if (access == HTTP_PUBLIC && rq->account && !in_scope(rq))
		rq->account = NULL;

	if (access != HTTP_PUBLIC && status != 0 && status != HEARTH_ENOTFOUND &&
		status != HEARTH_EDENIED)
		http_reply_error(rq, HEARTH_EBUSY);
	else if (access != HTTP_PUBLIC && (!rq->account || rq->account->disabled)) {
		http_set_header(rq, "WWW-Authenticate", "Bearer");
		http_reply_problem(rq, 401, NULL, "this needs signing in");
	} else if (access != HTTP_PUBLIC && !in_scope(rq)) {
		http_reply_problem(rq, 403, NULL, "the scopes of this token do not allow it");
	} else if (!has_role(rq)) {
		http_reply_problem(rq, 403, NULL, "this is for %s",
			access == HTTP_ADMIN ? "administrators" : "moderators and administrators");
	} else if (upload_welcome(rq)) {
		access_done(rq);
	}
}

static void on_account(void *arg, int status, const struct account *account)
{
	struct http_request *rq = arg;

	rq->held = false;
	if (!rq->session) {
		request_free(rq);
		return;
	}
	if (status == 0 && account)
		rq->account = arena_dup(rq->arena, account, sizeof(*account));
	decide(rq, status);
}

void access_check(struct http_request *rq)
{
	const struct accounts *accounts = *rq->server->accounts;

	if (!site_admit(rq) || !find_route(rq) || !body_welcome(rq))
		return;
	find_token(rq);
	cors_allow(rq);
	if (!cookie_welcome(rq))
		return;
	if (!rq->token.n || !accounts) {
		decide(rq, HEARTH_ENOTFOUND);
		return;
	}
	rq->held = true;
	accounts->by_token(accounts->self, rq->token, rq->peer, on_account, rq);
}
