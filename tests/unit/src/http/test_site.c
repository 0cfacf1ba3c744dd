/*
 * For whom the server answers, whom it takes a request to come from, and when it sends to HTTPS.
 */
#include "http_test.h"

#include "hearth/error.h"
#include "hearth/network.h"
#include "net/net.h"

static const char *const names[] = { "mail.example.org", "example.org", "localhost", "raspberrypi",
	NULL };
static struct networks proxies;
static struct http_site site;

/* The peer as a handler sees it. */
static void who(void *module, struct http_request *rq)
{
	const struct conn_info *peer = http_peer(rq);
	struct strbuf text = { 0 };
	struct buf *body;

	(void)module;
	strbuf_printf(&text, "%s%s%s%s", peer->peer, peer->loopback ? " loopback" : "",
		peer->tls ? " tls" : "", peer->confidential ? " confidential" : "");
	http_set_session(rq, SLICE("x"), 60);
	body = buf_from_strbuf(&text);
	http_reply(rq, 200, "text/plain", body);
	buf_unref(&body);
}

static const struct http_route routes[] = {
	{ HTTP_GET, "/who", who, HTTP_PUBLIC, 0 },
	{ .pattern = NULL },
};

static void start(void)
{
	static const char *const networks[] = { "127.0.0.0/8", "10.0.0.0/8", NULL };

	ck_assert_ptr_null(networks_parse(networks, &proxies));
	site = (struct http_site){ .proxies = &proxies, .names = names };
	start_server(routes);
	http_server_set_site(server, &site);
}

static void stop(void)
{
	stop_server();
	networks_clear(&proxies);
}

static const char *get(const char *path, const char *headers)
{
	char text[500];

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n%s\r\n", path, headers);
	return ask(text);
}

START_TEST(foreign_hosts_get_a_refusal)
{
	static const char *const good[] = { "mail.example.org", "MAIL.example.org:8080",
		"example.org.", "localhost", "localhost:1", "127.0.0.1:8080", "192.0.2.1",
		"[::1]:80", "[2001:db8::1]", "raspberrypi", "" };
	static const char *const bad[] = { "evil.example", "example.org.evil.example",
		"xexample.org", "localhost.evil.example", "1.2.3.4.evil.example", "127.1.evil",
		"www.example.org", "raspberrypi.example" };
	char host[100];

	start();
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(host, sizeof(host), "Host: %s\r\n", good[i]);
		ck_status(get("/who", host), 200);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(host, sizeof(host), "Host: %s\r\n", bad[i]);
		ck_status(get("/who", host), 421);
		ck_status(get("/metrics", host), 421);
		ck_status(get("/no/such", host), 421);
	}
	ck_status(get("http://evil.example/who", "Host: localhost\r\n"), 421);
	ck_status(get("/who", "Host: localhost\r\nX-Forwarded-Host: evil.example\r\n"), 421);
	/* What the proxy calls us, and what it was asked for. */
	ck_status(get("/who", "Host: backend:8080\r\nX-Forwarded-For: 203.0.113.9\r\n"), 200);
	ck_status(get("/who", "Host: backend\r\nX-Forwarded-Host: evil.example\r\n"), 421);
	ck_status(ask("GET /who HTTP/1.0\r\n\r\n"), 200);
	stop();
}
END_TEST

#define H "Host: localhost\r\n"

START_TEST(proxies_say_who_it_is)
{
	start();
	ck_body(get("/who", H), "127.0.0.1 loopback confidential");
	ck_body(get("/who", H "X-Forwarded-For: 203.0.113.9\r\n"), "203.0.113.9 confidential");
	ck_body(get("/who", H "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: http\r\n"),
		"203.0.113.9");
	ck_body(get("/who",
			H "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.9, 10.1.1.1\r\n"
			  "X-Forwarded-Proto: https\r\n"),
		"203.0.113.9 tls confidential");
	ck_body(get("/who", H "Forwarded: for=203.0.113.9;proto=https\r\n"),
		"203.0.113.9 tls confidential");
	ck_status(get("/metrics", H), 200);
	ck_status(get("/metrics", H "X-Forwarded-Proto: https\r\n"), 403);
	ck_status(get("/metrics", H "X-Forwarded-For: 127.0.0.1\r\n"), 403);
	/* Of anybody else it is hearsay. */
	networks_clear(&proxies);
	ck_body(get("/who", H "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"),
		"127.0.0.1 loopback confidential");
	ck_status(get("/metrics", H "X-Forwarded-For: 203.0.113.9\r\n"), 403);
	stop();
}
END_TEST

START_TEST(cookies_are_secure_by_what_the_person_sees)
{
	start();
	ck_assert_ptr_null(strstr(get("/who", H), "; Secure"));
	ck_assert_ptr_null(strstr(get("/who", H "X-Forwarded-Proto: http\r\n"), "; Secure"));
	ck_has(get("/who", H "X-Forwarded-Proto: https\r\n"), "; Secure");
	ck_assert_ptr_null(strstr(get("/who", H "X-Forwarded-For: 203.0.113.9\r\n"), "; Secure"));
	/* The proxy does not say, but the INI file does. */
	site.url = "https://mail.example.org";
	site.https = site.certified = true;
	ck_has(get("/who", H "X-Forwarded-For: 203.0.113.9\r\n"), "; Secure");
	ck_has(get("/who", H "X-Forwarded-For: 203.0.113.9\r\n"),
		"Strict-Transport-Security: max-age=");
	ck_assert_ptr_null(strstr(get("/who", H), "Strict-Transport"));
	stop();
}
END_TEST

#define PLAIN "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: http\r\n"

START_TEST(sends_to_https_where_the_certificate_is_real)
{
	start();
	site.https_port = 8443;
	ck_status(get("/who?a=b", H PLAIN), 200);
	site.certified = true;
	ck_status(get("/who?a=b", H), 200);
	ck_status(get("/who?a=b", H PLAIN), 308);
	ck_has(get("/who?a=b", H PLAIN), "Location: https://mail.example.org:8443/who?a=b\r\n");
	ck_has(get("/who", "Host: example.org:80\r\n" PLAIN),
		"Location: https://example.org:8443/who\r\n");
	site.https_port = 443;
	ck_has(get("/who", "Host: example.org\r\n" PLAIN), "Location: https://example.org/who\r\n");
	ck_status(get("/healthz", H PLAIN), 200);
	ck_status(get("/.well-known/acme-challenge/x", H PLAIN), 404);
	ck_status(get("/who", H "X-Forwarded-For: 203.0.113.9\r\n"), 200);
	site.url = "https://example.org:444";
	site.https = true;
	ck_has(get("/who", H PLAIN), "Location: https://example.org:444/who\r\n");
	ck_status(get("/who", H "X-Forwarded-For: 203.0.113.9\r\n"), 200);
	stop();
}
END_TEST

static int client_has_gone(void *arg)
{
	(void)arg;
	return !client.c;
}

static void connect_from_afar(void)
{
	static const struct conn_info info = { .peer = "192.0.2.7" };
	static const struct conn_setup setup;
	struct layer *near, *far;

	conn_abort(client.c, HEARTH_ECLOSED);
	loop_run_until(client_has_gone, NULL, 5000);
	memory_layer_pair(&near, &far);
	client = (struct web_client){ .c = conn_new(near, &info, &setup) };
	conn_attach(client.c, &web_events, &client);
	http_listeners()[0].accept(server, conn_new(far, &info, &setup));
}

/* Sent to the public URL, its client would come back through it, and so on. */
START_TEST(a_proxy_that_is_not_known_is_told_so)
{
	static const char *const marks[] = { "X-Forwarded-For: 203.0.113.9\r\n",
		"X-Forwarded-Proto: https\r\n", "X-Real-IP: 203.0.113.9\r\n", "Via: 1.1 proxy\r\n",
		"Forwarded: proto=https\r\n" };
	char headers[200];

	start();
	connect_from_afar();
	site.url = "https://mail.example.org";
	site.https = site.certified = true;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		snprintf(headers, sizeof(headers), H "%s", marks[i]);
		ck_status(get("/who", headers), 421);
		ck_has(get("/who", headers), "[server] proxies");
	}
	ck_status(get("/who", H), 308);
	ck_status(ask("GET /who HTTP/1.0\r\n" H "\r\n"), 421);
	stop();
}
END_TEST

TEST_MAIN("site", a_proxy_that_is_not_known_is_told_so, foreign_hosts_get_a_refusal,
	proxies_say_who_it_is, cookies_are_secure_by_what_the_person_sees,
	sends_to_https_where_the_certificate_is_real)
