/*
 * cors.c: pages of other origins (Fetch standard, "CORS protocol"): which routes may be asked by
 * them, and that they are told so.
 *
 * Every origin may, with a bearer token that it was given; so the answer is "*", which a browser
 * takes only for requests without cookies. An answer that the session cookie brought about is shown
 * to no other origin. On the loop.
 */
#include "http/http_internal.h"

static const struct {
	const char *name;
	enum http_method method;
} methods[] = { { "GET", HTTP_GET }, { "HEAD", HTTP_GET }, { "POST", HTTP_POST },
	{ "PUT", HTTP_PUT }, { "PATCH", HTTP_PATCH }, { "DELETE", HTTP_DELETE } };

void cors_preflight(struct http_request *rq)
{
	struct slice asked = http_header(rq, "Access-Control-Request-Method");
	struct route_match match;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (!slice_eq(asked, slice_str(methods[i].name)))
			continue;
		if (!router_find(rq->server->router, rq->arena, (int)methods[i].method,
			    rq->raw_path, &match) ||
			!match.route || !(match.route->access & HTTP_FOREIGN))
			return;
		http_set_header(rq, "Access-Control-Allow-Origin", "*");
		http_set_header(rq, "Access-Control-Allow-Methods", methods[i].name);
		http_set_header(rq, "Access-Control-Allow-Headers", "Authorization, Content-Type");
		http_set_header(rq, "Access-Control-Max-Age", "600");
		return;
	}
}

void cors_allow(struct http_request *rq)
{
	if ((rq->match.route->access & HTTP_FOREIGN) && rq->token_from != HTTP_TOKEN_COOKIE) {
		http_set_header(rq, "Access-Control-Allow-Origin", "*");
		http_set_header(
			rq, "Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate");
	}
}
