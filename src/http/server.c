/*
 * server.c: the HTTP server: its listeners, its routes, its end. What happens on a connection is in
 * session.c. On the loop.
 */
#include "http/http_internal.h"

#include "hearth/accounts.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "http/uploads.h"

#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX    65536
#define OUTPUT_HIGH  262144
#define IDLE_MS      60000
#define BODY_MS      30000
#define PER_PEER_MAX 4096

static void on_accept(void *module, struct conn *c)
{
	session_start(module, c);
}

const struct conn_listener *http_listeners(void)
{
#define COMMON                                                                                \
	.input_max = INPUT_MAX, .output_high = OUTPUT_HIGH, .timeout_ms = IDLE_MS,            \
	.per_peer_max = PER_PEER_MAX, .accept = on_accept,                                    \
	.busy_greeting =                                                                      \
		"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n" \
		"Connection: close\r\n\r\n"
	static const struct conn_listener table[] = {
		{ .key = "http",
			.address = "127.0.0.1:8080",
			.doc = "HTTP",
			.security = CONN_PLAIN,
			COMMON },
		{ .key = "https",
			.address = "127.0.0.1:8443",
			.doc = "HTTP over TLS",
			.security = CONN_TLS_ONLY,
			COMMON },
		{ .key = NULL },
	};
#undef COMMON
	return table;
}

struct http_server *http_server_new(const struct accounts *const *accounts_slot)
{
	static const double bounds[] = { 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
		0.5, 1, 2.5, 10 };
	struct http_server *s = mem_zalloc(sizeof(*s));

	s->accounts = accounts_slot;
	s->router = router_new();
	s->body_ms = BODY_MS;
	list_init(&s->sessions);
	for (int i = 0; i < 6; i++) {
		char label[32];

		snprintf(label, sizeof(label), "status=\"%dxx\"", i);
		s->requests[i] =
			metric_counter("hearth_http_requests_total", label, "Requests answered");
	}
	s->seconds = metric_histogram("hearth_http_request_seconds", NULL,
		"Time from the first byte of a request to the end of its answer", bounds,
		sizeof(bounds) / sizeof(bounds[0]));
	http_server_mount(s, kernel_routes, 0, s);
	return s;
}

void http_server_free(struct http_server **s)
{
	if (!*s)
		return;
	router_free(&(*s)->router);
	uploads_free(&(*s)->uploads);
	free(*s);
	*s = NULL;
}

void http_server_mount(
	struct http_server *s, const struct http_route *routes, unsigned scope, void *module)
{
	for (; routes->pattern; routes++)
		router_add(s->router, routes, scope, module);
}

void http_server_set_site(struct http_server *s, const struct http_site *site)
{
	s->site = site;
}

void http_server_bound_uploads(struct http_server *s, int64_t count_max, int64_t bytes_max)
{
	INVARIANT(!s->uploads);
	s->uploads = uploads_new(count_max, bytes_max);
}

void http_server_use_pool(struct http_server *s, struct pool *pool)
{
	s->pool = pool;
}

const struct http_route *http_server_route(const struct http_server *s, size_t i)
{
	return router_route(s->router, i);
}

void http_server_drain(struct http_server *s)
{
	s->draining = true;
	LIST_FOREACH (&s->sessions, it) {
		struct http_session *session = LIST_ENTRY(it, struct http_session, node);

		if (!session->rq)
			conn_close(session->c);
	}
}

void http_server_revoke(struct http_server *s, const struct json *event)
{
	LIST_FOREACH (&s->sessions, it) {
		struct http_session *session = LIST_ENTRY(it, struct http_session, node);
		struct http_request *rq = session->rq;

		if (!rq || !rq->account || !accounts_revoked(event, rq->account))
			continue;
		if (rq->phase == HTTP_READING_BODY && !rq->replied)
			http_reply_problem(rq, 401, NULL, "the session was ended");
		else if (rq->stream)
			conn_abort(session->c, HEARTH_EDENIED);
	}
}

bool http_server_draining(const struct http_server *s)
{
	return s->draining;
}
