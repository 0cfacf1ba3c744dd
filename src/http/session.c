/*
 * session.c: HTTP/1.1 on a connection: one request after the other.
 *
 *   idle ──bytes──▶ HEAD ──▶ CHECKING ──▶ BODY ──▶ HANDLING ──▶ REPLYING ──▶ idle, or closed
 *                    │ access.c: route, account, may they?       ▲
 *                    └──malformed, refused, too slow─────────────┘
 *
 * One request is in hand at a time; what the client pipelines behind it stays with the connection,
 * which is paused, also until the client has taken enough of the answers. A connection is closed
 * after an answer that was given before all of the request was read. A handler may answer long
 * after the client has gone: the request then stands alone, with session == NULL.
 *
 * Time limits: HEAD_MS for a head, however slowly it trickles; the server's body_ms and BODY_RATE
 * for a body, so that one that dribbles ends as well; body_ms and REPLY_MS of silence; IDLE_MS
 * between requests. A handler has all the time it wants. On the loop.
 */
#include "http/http_internal.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "loop/executor.h"

#include <stdlib.h>

#define HEAD_MS   10000
#define BODY_RATE 4 /* bytes a millisecond that a body must have beyond body_ms */
#define REPLY_MS  30000
#define IDLE_MS   60000

/* ---- requests ---- */

/* Something of the next or the present request may be read now. */
static bool wants_input(const struct http_session *s)
{
	return !s->closing && !s->full && !s->handed_over &&
	       (!s->rq || s->rq->phase == HTTP_READING_HEAD || s->rq->phase == HTTP_READING_BODY);
}

static void on_head_late(void *arg)
{
	struct http_request *rq = arg;

	http_reply_problem(
		rq, 408, NULL, "the request did not come within %d seconds", HEAD_MS / 1000);
}

static void on_body_late(void *arg)
{
	http_reply_problem(arg, 408, NULL, "the body comes too slowly");
}

/* However little is sent at a time, all of it must be there by then. */
static void begin_body(struct http_request *rq)
{
	size_t max = rq->match.route->body_max;

	if (!rq->head->chunked && rq->head->content_length < max)
		max = (size_t)rq->head->content_length;
	timer_start(
		&rq->timer, rq->server->body_ms + (int64_t)(max / BODY_RATE), 0, on_body_late, rq);
}

static void begin_request(struct http_session *s)
{
	INVARIANT(!s->rq && !s->closing);
	s->rq = request_new(s);
	timer_start(&s->rq->timer, HEAD_MS, 0, on_head_late, s->rq);
}

/* The request is complete: it is the handler's. */
static void handle(struct http_request *rq)
{
	INVARIANT(rq->session && rq->session->rq == rq && rq->match.route && !rq->replied);
	timer_stop(&rq->timer);
	rq->phase = HTTP_HANDLING;
	rq->held = true;
	conn_set_timeout(rq->session->c, 0);
	rq->handling = true;
	rq->match.route->handler(rq->match.module, rq);
	rq->handling = false;
	if (rq->over)
		request_free(rq);
}

/* It was answered. A handler that reads a refused body may answer without knowing it. */
static void let_go(struct http_request *rq)
{
	if (rq->handling)
		rq->over = true;
	else
		request_free(rq);
}

static void add_body(struct http_request *rq, struct slice piece)
{
	size_t max = rq->match.route->body_max;

	INVARIANT(rq->body.n <= max);
	if (piece.n > max - rq->body.n)
		http_reply_problem(rq, 413, NULL, "the body may have %zu bytes at most", max);
	else
		strbuf_add(&rq->body, piece);
}

static void on_event(struct http_request *rq, enum http1_event event)
{
	if (event == HTTP1_HEAD) {
		INVARIANT(rq->phase == HTTP_READING_HEAD && !rq->head);
		timer_stop(&rq->timer);
		rq->head = http1_head(rq->parser);
		/* The request's own: a worker may read it while the connection goes away. */
		rq->peer = arena_dup(rq->arena, rq->peer, sizeof(*rq->peer));
		rq->keep_alive = rq->head->keep_alive;
		rq->phase = HTTP_CHECKING;
		access_check(rq);
	} else if (event == HTTP1_BODY) {
		add_body(rq, http1_body(rq->parser));
	} else if (event == HTTP1_END) {
		handle(rq);
	} else {
		http_reply_problem(rq, http1_status(rq->parser), NULL, "%s", http1_why(rq->parser));
	}
}

/* Reads requests from `in` as long as that is possible; returns what is left. */
static struct slice read_requests(struct http_session *s, struct slice in)
{
	/* Within a request there is nothing to do that takes long. */
	while (wants_input(s) && (s->rq || !conn_turn_over(s->c))) {
		enum http1_event event;
		size_t used;

		if (!s->rq) {
			/* Some clients end a body with a line break too many. */
			while (slice_starts(in, SLICE("\r\n")))
				in = slice_skip(in, 2);
			if (in.n == 0 || slice_eq(in, SLICE("\r")))
				break;
			begin_request(s);
		}
		event = http1_parse(s->rq->parser, in, &used);
		in = slice_skip(in, used);
		if (event == HTTP1_MORE)
			break;
		on_event(s->rq, event);
	}
	return in;
}

static void session_free(struct http_session *s)
{
	INVARIANT(!s->reading);
	list_remove(&s->node);
	free(s);
}

/* As access.c found: the body next, or at once the handler. */
void access_done(struct http_request *rq)
{
	struct http_session *s = rq->session;

	INVARIANT(s && s->rq == rq && rq->phase == HTTP_CHECKING);
	rq->phase = HTTP_READING_BODY;
	if (rq->head->has_body) {
		conn_set_timeout(s->c, s->server->body_ms);
		begin_body(rq);
		if (rq->head->minor == 1 && http_header(rq, "Expect").p)
			conn_write(s->c, SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
	}
	if (s->reading)
		return; /* read_requests goes on by itself */
	if (rq->head->has_body) {
		s->paused = false;
		conn_resume(s->c);
	} else {
		handle(rq);
	}
}

/* ---- answers ---- */

bool request_send(struct http_request *rq, struct slice bytes)
{
	struct http_session *s = rq->session;

	INVARIANT(s && s->rq == rq && rq->replied);
	s->full = !conn_write(s->c, bytes) || s->full;
	return !s->full;
}

bool request_send_buf(struct http_request *rq, struct buf *b)
{
	struct http_session *s = rq->session;

	INVARIANT(s && s->rq == rq && rq->replied);
	s->full = !conn_write_buf(s->c, b) || s->full;
	return !s->full;
}

/* The connection may be read again, if it was paused and the next request may come. */
static void go_on(struct http_session *s)
{
	if (!s->paused || !wants_input(s))
		return;
	s->paused = false;
	conn_resume(s->c);
}

static void count_request(const struct http_request *rq)
{
	int64_t us = exec_now_us() - rq->begun_us;

	metric_add(rq->server->requests[rq->status / 100 % 6], 1);
	metric_observe(rq->server->seconds, (double)us / 1e6);
	if (rq->head)
		log_debug("http", "request", "conn", "%llu", (unsigned long long)rq->peer->id,
			"method", "%.*s", SLICE_ARG(rq->head->method), "path", "%.*s",
			SLICE_ARG(rq->raw_path), "status", "%d", rq->status, "us", "%lld",
			(long long)us, NULL);
}

void request_done(struct http_request *rq)
{
	struct http_session *s = rq->session;
	bool keep_alive = rq->keep_alive && !rq->server->draining;

	INVARIANT(rq->replied && (!s || s->rq == rq));
	count_request(rq);
	let_go(rq);
	if (!s)
		return;
	s->rq = NULL;
	if (keep_alive) {
		conn_set_timeout(s->c, IDLE_MS);
		go_on(s);
	} else {
		s->closing = true;
		conn_close(s->c);
	}
}

struct conn *request_upgrade(struct http_request *rq, struct slice head)
{
	struct http_session *s = rq->session;
	struct conn *c = s->c;

	INVARIANT(s->rq == rq && !s->handed_over && !s->closing);
	conn_write(c, head);
	rq->status = 101;
	count_request(rq);
	let_go(rq);
	s->rq = NULL;
	s->handed_over = true;
	conn_set_timeout(c, 0);
	if (s->paused)
		conn_resume(c);
	if (!s->reading)
		session_free(s);
	return c;
}

/* ---- the connection ---- */

static size_t on_data(void *ctx, struct slice in)
{
	struct http_session *s = ctx;
	struct slice rest;

	INVARIANT(!s->reading && !s->handed_over);
	s->reading = true;
	rest = read_requests(s, in);
	s->reading = false;
	if (s->handed_over) {
		session_free(s);
		return in.n - rest.n;
	}
	if (!wants_input(s) && !s->closing && !s->paused) {
		s->paused = true;
		conn_pause(s->c);
	}
	return in.n - rest.n;
}

static void on_drained(void *ctx)
{
	struct http_session *s = ctx;

	s->full = false;
	if (s->rq && s->rq->stream)
		stream_drained(s->rq);
	else
		go_on(s);
}

static void on_timeout(void *ctx)
{
	struct http_session *s = ctx;

	if (!s->rq)
		conn_close(s->c);
	else if (s->rq->phase == HTTP_READING_BODY)
		http_reply_problem(s->rq, 408, NULL, "the body did not come");
	else
		conn_abort(s->c, HEARTH_ETIMEOUT);
}

static void on_closed(void *ctx, int reason)
{
	struct http_session *s = ctx;
	struct http_request *rq = s->rq;

	INVARIANT(!rq || rq->session == s);
	(void)reason;
	if (rq) {
		rq->session = NULL;
		if (!rq->held)
			request_free(rq);
	}
	session_free(s);
}

static const struct conn_events session_events = {
	.data = on_data,
	.drained = on_drained,
	.timeout = on_timeout,
	.closed = on_closed,
};

void session_start(struct http_server *server, struct conn *c)
{
	struct http_session *s = mem_zalloc(sizeof(*s));

	s->c = c;
	s->server = server;
	list_push(&server->sessions, &s->node);
	conn_attach(c, &session_events, s);
	conn_set_timeout(c, IDLE_MS);
	if (server->draining)
		conn_close(c);
}
