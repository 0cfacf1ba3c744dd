/*
 * The HTTP session: one request after the other, limits, time, and what is refused.
 */
#include "hearth/health.h"
#include "http_test.h"

static struct http_request *pending[8];
static int pending_count;

static void get_hello(void *module, struct http_request *rq)
{
	struct buf *body = buf_copy(SLICE("hello"));

	(void)module;
	http_reply(rq, 200, "text/plain", body);
	buf_unref(&body);
}

/* Answers when the test says so. */
static void get_later(void *module, struct http_request *rq)
{
	(void)module;
	pending[pending_count++] = rq;
}

static void answer_later(int i, const char *text)
{
	struct buf *body = buf_copy(slice_str(text));

	http_reply(pending[i], 200, "text/plain", body);
	buf_unref(&body);
}

static void post_echo(void *module, struct http_request *rq)
{
	struct buf *body = buf_copy(http_body(rq));

	(void)module;
	http_reply(rq, 201, "application/octet-stream", body);
	buf_unref(&body);
}

static void post_json(void *module, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);
	struct slice name = { 0 };
	struct strbuf out = { 0 };

	(void)module;
	if (!body)
		return;
	json_get_text(body, "name", &name);
	strbuf_printf(&out, "{\"hello\":\"%.*s\"}", SLICE_ARG(name));
	http_reply_json(rq, 200, &out);
}

/* Touches what is gone once a request is freed, after the body or the handler answered it. */
static void post_touched(void *module, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);
	char *p;

	(void)module;
	if (body)
		http_reply_empty(rq, 204);
	p = arena_zalloc(http_arena(rq), 64);
	memcpy(p, "later", 6);
	ck_assert(slice_eq(http_path(rq), SLICE("/touched")));
	ck_assert(slice_eq(http_cookie(rq, "b"), SLICE("c")));
}

static void get_describe(void *module, struct http_request *rq)
{
	struct strbuf out = { 0 };
	struct slice q = http_query(rq, "q"), none = http_query(rq, "none"),
		     twice = http_header(rq, "x-twice");
	struct slice cookie = http_cookie(rq, "b");
	struct buf *body;

	(void)module;
	strbuf_printf(&out, "path=%.*s q=%.*s none=%d id=%lld name=%.*s twice=%.*s cookie=%.*s",
		SLICE_ARG(http_path(rq)), SLICE_ARG(q), none.p != NULL,
		(long long)http_param_int(rq, "id"), SLICE_ARG(http_param(rq, "name")),
		SLICE_ARG(twice), SLICE_ARG(cookie));
	body = buf_from_strbuf(&out);
	http_reply(rq, 200, "text/plain", body);
	buf_unref(&body);
}

static void delete_it(void *module, struct http_request *rq)
{
	(void)module;
	http_reply_empty(rq, 204);
}

static void get_headers(void *module, struct http_request *rq)
{
	(void)module;
	http_set_header(rq, "X-Good", "yes");
	http_set_header(rq, "X-Bad", "a\r\nX-Injected: b");
	http_set_header(rq, "X Bad", "name");
	http_set_header(rq, "Content-Security-Policy", "default-src 'none'");
	http_set_session(rq, SLICE("token"), 3600);
	http_set_cookie(rq, "other", SLICE("a=b"), "/api", 60);
	http_set_cookie(rq, "gone", (struct slice){ 0 }, "/", 60);
	http_reply_empty(rq, 200);
}

/* Each would be read as something else than one cookie of that value. */
static void get_bad_cookies(void *module, struct http_request *rq)
{
	static const struct slice bad[] = { SLICE("a; Domain=x"), SLICE("a b"), SLICE("a,b"),
		SLICE("a\"b"), SLICE("a\\b"), SLICE("a\r\nX-Injected: b"), SLICE("a\0b"),
		SLICE("\u00e4") };

	(void)module;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		http_set_cookie(rq, "bad", bad[i], "/", 60);
	http_set_cookie(rq, "bad=x; a", SLICE("b"), "/", 60);
	http_set_cookie(rq, "bad", SLICE("b"), "/; Domain=x", 60);
	http_set_cookie(rq, "good", SLICE("b"), "/", 60);
	http_reply_empty(rq, 200);
}

static const struct http_route routes[] = {
	{ HTTP_GET, "/hello", get_hello, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/later", get_later, HTTP_PUBLIC, 0 },
	{ HTTP_POST, "/echo", post_echo, HTTP_PUBLIC, 1000 },
	{ HTTP_POST, "/later", get_later, HTTP_PUBLIC, 1000 },
	{ HTTP_POST, "/nobody", post_echo, HTTP_PUBLIC, 0 },
	{ HTTP_POST, "/json", post_json, HTTP_PUBLIC, 1000 },
	{ HTTP_POST, "/touched", post_touched, HTTP_PUBLIC, 1000 },
	{ HTTP_GET, "/describe/{id:int}/{name:text}", get_describe, HTTP_PUBLIC, 0 },
	{ HTTP_DELETE, "/hello", delete_it, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/headers", get_headers, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/cookies", get_bad_cookies, HTTP_PUBLIC, 0 },
	{ .pattern = NULL },
};

START_TEST(answers)
{
	const char *a;

	start_server(routes);
	a = ask("GET /hello HTTP/1.1\r\n" H "\r\n");
	ck_status(a, 200);
	ck_has(a, "\r\nContent-Type: text/plain\r\n");
	ck_has(a, "\r\nContent-Length: 5\r\n");
	ck_has(a, "\r\nDate: ");
	ck_has(a, " GMT\r\n");
	ck_has(a, "\r\nX-Content-Type-Options: nosniff\r\n");
	ck_has(a, "\r\nReferrer-Policy: same-origin\r\n");
	ck_has(a, "\r\nContent-Security-Policy: frame-ancestors 'self'\r\n");
	ck_has(a, "\r\nETag: \"");
	ck_lacks(a, "Server:");
	ck_lacks(a, "Connection:");
	ck_body(a, "hello");
	/* The same connection goes on. */
	a = ask("DELETE /hello HTTP/1.1\r\n" H "\r\n");
	ck_status(a, 204);
	ck_lacks(a, "Content-Length");
	a = ask("\r\n\r\nGET http://other/hello?x=y HTTP/1.1\r\n" H "\r\n");
	ck_status(a, 200);
	stop_server();
}
END_TEST

START_TEST(answers_head_without_body)
{
	const char *a;

	start_server(routes);
	answer_of_head = true;
	a = ask("HEAD /hello HTTP/1.1\r\n" H "\r\n");
	ck_status(a, 200);
	ck_has(a, "\r\nContent-Length: 5\r\n");
	ck_body(a, "");
	a = ask("HEAD /nothing HTTP/1.1\r\n" H "\r\n");
	ck_status(a, 404);
	answer_of_head = false;
	a = ask("GET /hello HTTP/1.1\r\n" H "\r\n");
	ck_body(a, "hello");
	stop_server();
}
END_TEST

START_TEST(finds_no_route)
{
	const char *a;

	start_server(routes);
	a = ask("GET /nothing HTTP/1.1\r\n" H "\r\n");
	ck_status(a, 404);
	ck_has(a, "Content-Type: application/problem+json\r\n");
	ck_body(a, "{\"type\":\"about:blank\",\"title\":\"Not "
		   "Found\",\"status\":404,\"detail\":\"there is nothing here\"}");
	a = ask("PUT /hello HTTP/1.1\r\n" H "\r\n");
	ck_status(a, 405);
	ck_has(a, "\r\nAllow: OPTIONS, GET, HEAD, DELETE\r\n");
	a = ask("OPTIONS /echo HTTP/1.1\r\n" H "\r\n");
	ck_status(a, 204);
	ck_has(a, "\r\nAllow: OPTIONS, POST\r\n");
	a = ask("OPTIONS * HTTP/1.1\r\n" H "\r\n");
	ck_status(a, 204);
	a = ask("PROPFIND /hello HTTP/1.1\r\n" H "\r\n");
	ck_status(a, 501);
	a = ask("GET /files/../hello HTTP/1.1\r\n" H "\r\n");
	ck_status(a, 400);
	ck_assert_ptr_nonnull(client.c);
	stop_server();
}
END_TEST

START_TEST(reads_bodies)
{
	const char *a;

	start_server(routes);
	a = ask("POST /echo HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nabcde");
	ck_status(a, 201);
	ck_body(a, "abcde");
	a = ask("POST /echo HTTP/1.1\r\n" H
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
	ck_body(a, "abcde");
	a = ask("POST /echo HTTP/1.1\r\n" H "\r\n");
	ck_body(a, "");
	a = ask("POST /json HTTP/1.1\r\n" H
		"Content-Type: application/json; charset=utf-8\r\nContent-Length: 14\r\n\r\n"
		"{\"name\":\"you\"}");
	ck_body(a, "{\"hello\":\"you\"}");
	a = ask("POST /json HTTP/1.1\r\n" H
		"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}");
	ck_status(a, 415);
	a = ask("POST /json HTTP/1.1\r\n" H
		"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n[]");
	ck_status(a, 400);
	a = ask("POST /json HTTP/1.1\r\n" H
		"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{]");
	ck_status(a, 400);
	ck_assert_ptr_nonnull(client.c);
	stop_server();
}
END_TEST

START_TEST(refuses_large_bodies)
{
	static const char *const requests[] = {
		"POST /echo HTTP/1.1\r\n" H "Content-Length: 1001\r\n\r\n",
		"POST /echo HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n",
		"POST /nobody HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\n",
		"POST /nobody HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n",
		"POST /echo HTTP/1.1\r\n" H "Content-Length: 18446744073709551615\r\n\r\n",
	};

	start_server(routes);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const char *a = ask(requests[i]);

		ck_status(a, 413);
		ck_has(a, "\r\nConnection: close\r\n");
		ck_assert(gone_within(&client, 1000));
		connect_client(&client);
	}
	send_text("POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3e8\r\n");
	for (int i = 0; i < 100; i++)
		send_text("0123456789");
	send_text("\r\n1\r\nx\r\n");
	ck_status(answer(&client), 413);
	ck_assert(gone_within(&client, 1000));
	stop_server();
}
END_TEST

START_TEST(says_continue)
{
	const char *a;

	start_server(routes);
	send_text("POST /echo HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	a = answer(&client);
	ck_assert_str_eq(a, "HTTP/1.1 100 Continue\r\n\r\n");
	a = ask("ok");
	ck_body(a, "ok");
	a = ask("GET /hello HTTP/1.1\r\n" H "Expect: miracles\r\n\r\n");
	ck_status(a, 417);
	stop_server();
}
END_TEST

/* A malformed request is answered; where the next one would begin is unknown. */
START_TEST(closes_after_an_error)
{
	const char *a;

	start_server(routes);
	a = ask("GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /hello HTTP/1.1\r\n" H
		"\r\n");
	ck_status(a, 400);
	ck_has(a, "\r\nConnection: close\r\n");
	ck_has(a, "exactly one Host");
	ck_assert(gone_within(&client, 1000));
	ck_assert_uint_eq(client.got.n, 0);

	connect_client(&client);
	send_text("POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nzz\r\n");
	ck_status(answer(&client), 400);
	ck_assert(gone_within(&client, 1000));

	connect_client(&client);
	send_text("\026\003\001\002 this is TLS");
	ck_status(answer(&client), 400);
	ck_assert(gone_within(&client, 1000));

	connect_client(&client);
	for (int i = 0; client.c && i < 40; i++) {
		char line[1200];

		snprintf(line, sizeof(line), i ? "X: %01000d\r\n" : "GET / HTTP/1.1\r\n", i);
		send_text(line);
		run_for(1);
	}
	ck_status(answer(&client), 431);
	ck_assert(gone_within(&client, 1000));
	stop_server();
}
END_TEST

START_TEST(keeps_alive_or_not)
{
	const char *a;

	start_server(routes);
	a = ask("GET /hello HTTP/1.1\r\n" H "Connection: close\r\n\r\n");
	ck_has(a, "\r\nConnection: close\r\n");
	ck_assert(gone_within(&client, 1000));
	connect_client(&client);
	a = ask("GET /hello HTTP/1.0\r\n\r\n");
	ck_has(a, "\r\nConnection: close\r\n");
	ck_assert(gone_within(&client, 1000));
	connect_client(&client);
	a = ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	ck_has(a, "\r\nConnection: keep-alive\r\n");
	a = ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	ck_status(a, 200);
	stop_server();
}
END_TEST

START_TEST(answers_pipelined_requests_in_order)
{
	start_server(routes);
	send_text("GET /hello HTTP/1.1\r\n" H "\r\nGET /later HTTP/1.1\r\n" H
		  "\r\nGET /hello HTTP/1.1\r\n" H "\r\nGET /later HTTP/1.1\r\n" H
		  "\r\nPOST /echo HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nend");
	ck_body(answer(&client), "hello");
	run_for(20);
	ck_assert_int_eq(pending_count, 1);
	ck_assert_uint_eq(client.got.n, 0);
	answer_later(0, "first");
	ck_body(answer(&client), "first");
	ck_body(answer(&client), "hello");
	run_for(20);
	ck_assert_int_eq(pending_count, 2);
	answer_later(1, "second");
	ck_body(answer(&client), "second");
	ck_body(answer(&client), "end");
	stop_server();
}
END_TEST

START_TEST(reads_byte_by_byte)
{
	static const char request[] = "POST /echo HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\nabcd";

	start_server(routes);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(request) - 1; i++) {
			conn_write(client.c, slice_of(request + i, 1));
			run_for(1);
		}
		ck_body(answer(&client), "abcd");
	}
	stop_server();
}
END_TEST

/* A client that asks and asks and reads nothing is not answered without end. */
START_TEST(waits_for_a_slow_client)
{
	static const char request[] = "GET /hello HTTP/1.1\r\n" H "\r\n";
	size_t asked = 0;

	start_server(routes);
	client.count_only = true;
	conn_pause(client.c);
	conn_set_limits(client.c, 65536, 1 << 20);
	while (asked < 20000 && conn_write(client.c, slice_of(request, sizeof(request) - 1)))
		asked++;
	run_for(300);
	/* The client's requests are stuck as well: not even half of them were taken. */
	ck_assert_uint_gt(conn_pending(client.c), asked * sizeof(request) / 2);
	conn_resume(client.c);
	for (int i = 0; i < 500 && conn_pending(client.c) > 0; i++)
		run_for(10);
	run_for(50);
	ck_assert_uint_gt(client.got_n, asked * 200);
	stop_server();
}
END_TEST

START_TEST(outlives_the_client)
{
	const char *a;

	start_server(routes);
	send_text("GET /later HTTP/1.1\r\n" H "\r\n");
	run_for(20);
	ck_assert_int_eq(pending_count, 1);
	ck_assert(http_alive(pending[0]));
	net_close_all();
	ck_assert(!http_alive(pending[0]));
	ck_assert_str_eq(http_peer(pending[0])->peer, "127.0.0.1");
	answer_later(0, "nobody hears this");
	/* A client that only ended its side still gets its answer. */
	connect_client(&client);
	send_text("GET /later HTTP/1.1\r\n" H "\r\n");
	run_for(10);
	answer_later(1, "heard");
	a = answer(&client);
	ck_body(a, "heard");
	stop_server();
}
END_TEST

START_TEST(tells_about_the_request)
{
	const char *a;

	start_server(routes);
	a = ask("GET /describe/42/a%20b?x=1&q=c+d%26e&empty HTTP/1.1\r\n" H
		"X-Twice: one\r\nx-twice: two\r\nCookie: a=1; b=2\r\nCookie: c=3\r\n\r\n");
	ck_body(a, "path=/describe/42/a b q=c d&e none=0 id=42 name=a b twice=one, two cookie=2");
	stop_server();
}
END_TEST

START_TEST(sets_headers)
{
	const char *a;

	log_set_level(LOG_ERROR + 1);
	start_server(routes);
	a = ask("GET /headers HTTP/1.1\r\n" H "\r\n");
	ck_has(a, "\r\nX-Good: yes\r\n");
	ck_lacks(a, "Injected");
	ck_lacks(a, "X Bad");
	ck_has(a, "\r\nContent-Security-Policy: default-src 'none'\r\n");
	ck_lacks(a, "frame-ancestors");
	ck_has(a, "\r\nSet-Cookie: hearth_session=token; HttpOnly; SameSite=Lax; Path=/; "
		  "Max-Age=3600\r\n");
	ck_has(a, "\r\nSet-Cookie: other=a=b; HttpOnly; SameSite=Lax; Path=/api; Max-Age=60\r\n");
	ck_has(a, "\r\nSet-Cookie: gone=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0\r\n");
	a = ask("GET /cookies HTTP/1.1\r\n" H "\r\n");
	ck_has(a, "\r\nSet-Cookie: good=b; ");
	ck_lacks(a, "bad");
	ck_lacks(a, "Injected");
	ck_lacks(a, "Domain");
	stop_server();
}
END_TEST

START_TEST(drains)
{
	struct web_client idle = { 0 };
	const char *a;

	start_server(routes);
	connect_client(&idle);
	send_text("GET /later HTTP/1.1\r\n" H "\r\n");
	run_for(20);
	http_server_drain(server);
	ck_assert(gone_within(&idle, 1000));
	ck_assert_ptr_nonnull(client.c);
	answer_later(0, "last");
	a = answer(&client);
	ck_body(a, "last");
	ck_has(a, "\r\nConnection: close\r\n");
	ck_assert(gone_within(&client, 1000));
	stop_server();
}
END_TEST

START_TEST(kernel_routes_answer)
{
	const char *a;

	start_server(NULL);
	a = ask("GET /healthz HTTP/1.1\r\n" H "\r\n");
	ck_status(a, 200);
	ck_body(a, "{\"status\":\"ok\"}");
	health_set("disk-full", "2 bytes");
	a = ask("GET /healthz HTTP/1.1\r\n" H "\r\n");
	ck_status(a, 200);
	ck_has(a, "{\"status\":\"degraded\",\"reasons\":[{\"name\":\"disk-full\",");
	ck_has(a, "\"detail\":\"2 bytes\"}]}");
	a = ask("GET /healthz HTTP/1.1\r\n" H "X-Forwarded-For: 192.0.2.1\r\n\r\n");
	ck_has(a, "\"name\":\"disk-full\"");
	ck_assert_ptr_null(strstr(a, "2 bytes"));
	health_clear("disk-full");
	a = ask("GET /metrics HTTP/1.1\r\n" H "\r\n");
	ck_status(a, 200);
	ck_has(a, "hearth_http_requests_total{status=\"2xx\"} 3\n");
	a = ask("GET /metrics HTTP/1.1\r\n" H "X-Forwarded-For: 192.0.2.1\r\n\r\n");
	ck_status(a, 403);
	ck_assert_str_eq(http_server_route(server, 0)->pattern, "/healthz");
	ck_assert_ptr_null(http_server_route(server, 2));
	/* A request that came before the end is still answered. */
	send_text("GET /healthz HTTP/1.1\r\n");
	run_for(10);
	http_server_drain(server);
	send_text(H "\r\n");
	ck_status(answer(&client), 503);
	stop_server();
}
END_TEST

/* A head that trickles in: ten seconds from its first byte, whatever comes in between. */
START_TEST(gives_a_head_ten_seconds)
{
	const char *a;

	start_server(routes);
	send_text("GET / HTTP/1.1\r\n" H);
	for (int i = 0; i < 12 && client.c && client.got.n == 0; i++) {
		run_for(900);
		send_text("X: y\r\n");
	}
	a = answer(&client);
	ck_status(a, 408);
	ck_assert(gone_within(&client, 1000));
	stop_server();
}
END_TEST

/*
 * A body that dribbles: never silent for long, and never there. Whether its length is known or not.
 */
START_TEST(gives_a_body_its_time)
{
	static const char *const heads[] = { "Content-Length: 1000\r\n\r\n",
		"Transfer-Encoding: chunked\r\n\r\n3e8\r\n" };

	start_server(routes);
	server->body_ms = 250;
	for (int k = 0; k < 2; k++) {
		int sent = 0;

		connect_client(&client);
		send_text("POST /echo HTTP/1.1\r\n" H);
		send_text(heads[k]);
		while (sent < 999 && client.c && client.got.n == 0) {
			send_text("x");
			sent++;
			run_for(20);
		}
		ck_assert_int_lt(sent, 999);
		ck_has(answer(&client), "the body comes too slowly");
		ck_assert(gone_within(&client, 1000));
	}
	/* One that came has its handler's time. */
	connect_client(&client);
	pending_count = 0;
	send_text("POST /later HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\nx");
	run_for(600);
	ck_assert_int_eq(pending_count, 1);
	answer_later(0, "done");
	ck_body(answer(&client), "done");
	ck_assert(client.c != NULL);
	stop_server();
}
END_TEST

START_TEST(lives_until_its_handler_returns)
{
	start_server(routes);
	ck_status(
		ask("POST /touched HTTP/1.1\r\n" H
		    "Cookie: b=c\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{]"),
		400);
	ck_status(
		ask("POST /touched HTTP/1.1\r\n" H
		    "Cookie: b=c\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"),
		204);
	stop_server();
}
END_TEST

TEST_MAIN("http_server", lives_until_its_handler_returns, answers, answers_head_without_body,
	finds_no_route, reads_bodies, refuses_large_bodies, says_continue, closes_after_an_error,
	keeps_alive_or_not, answers_pipelined_requests_in_order, reads_byte_by_byte,
	waits_for_a_slow_client, outlives_the_client, tells_about_the_request, sets_headers, drains,
	kernel_routes_answer, gives_a_head_ten_seconds, gives_a_body_its_time)
