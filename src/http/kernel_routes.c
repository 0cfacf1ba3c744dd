/*
 * kernel_routes.c: what the server itself answers: is it well, and how is it doing. On the loop.
 */
#include "http/http_internal.h"

#include "hearth/accounts.h"
#include "hearth/health.h"
#include "hearth/metric.h"

/*
 * For administrators, and for programs on this very machine. A proxy on it also comes from
 * loopback, on behalf of anybody: it is known by the header it adds, also when it is none of ours.
 */
static bool may_see_metrics(const struct http_request *rq)
{
	if (http_account(rq) && http_account(rq)->admin && !http_account(rq)->disabled)
		return true;
	return http_peer(rq)->loopback && !http_peer(rq)->proxied &&
	       !http_header(rq, "X-Forwarded-For").p && !http_header(rq, "Forwarded").p;
}

/*
 * 200 while it takes work, also when something is wrong (health.h), which the body says; 503 once
 * it is stopping, so that a balancer looks elsewhere. Details are for who may see metrics.
 */
static void get_healthz(void *module, struct http_request *rq)
{
	bool draining = http_server_draining(module);
	struct strbuf body = { 0 };
	struct json_writer w;

	http_set_header(rq, "Cache-Control", "no-store");
	json_writer_init(&w, &body);
	json_open_object(&w);
	json_put_str(&w, "status",
		draining               ? "stopping"
		: health_is_degraded() ? "degraded"
				       : "ok");
	if (!draining && health_is_degraded()) {
		json_name(&w, "reasons");
		health_write(&w, may_see_metrics(rq));
	}
	json_close_object(&w);
	http_reply_json(rq, draining ? 503 : 200, &body);
}

static void get_metrics(void *module, struct http_request *rq)
{
	struct strbuf text = { 0 };
	struct buf *body;

	(void)module;
	if (!may_see_metrics(rq)) {
		http_reply_problem(
			rq, 403, NULL, "metrics are for administrators and for this machine");
		return;
	}
	metric_write(&text);
	body = buf_from_strbuf(&text);
	http_set_header(rq, "Cache-Control", "no-store");
	http_reply(rq, 200, "text/plain; version=0.0.4; charset=utf-8", body);
	buf_unref(&body);
}

const struct http_route kernel_routes[] = {
	{ HTTP_GET, "/healthz", get_healthz, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/metrics", get_metrics, HTTP_PUBLIC, 0 },
	{ .pattern = NULL },
};
