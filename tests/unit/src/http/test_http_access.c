/*
 * Who may do what: tokens, roles, and whether a request with the session cookie comes from our own
 * pages.
 */
#include "http_test.h"

/* Accounts that answer in a later turn, or at once. */
static struct {
	accounts_fn *done;
	void *arg;
	char token[64];
	bool at_once, broken;
	int calls;
} fake;

static void give_answer(void *unused)
{
	struct account a = { .id = 7, .address = "a@example.org", .scopes = ACCOUNTS_SCOPE_WEB };

	(void)unused;
	a.admin = strcmp(fake.token, "admin") == 0;
	a.moderator = strcmp(fake.token, "moderator") == 0;
	if (strcmp(fake.token, "other") == 0)
		a.scopes = ACCOUNTS_SCOPE_ALL & ~(ACCOUNTS_SCOPE_MAIL | ACCOUNTS_SCOPE_ADMIN);
	if (strcmp(fake.token, "reader") == 0)
		a.scopes = ACCOUNTS_SCOPE_MAIL << ACCOUNTS_SCOPE_READ_SHIFT;
	a.disabled = strcmp(fake.token, "disabled") == 0;
	if (fake.broken)
		fake.done(fake.arg, HEARTH_EIO, NULL);
	else if (strcmp(fake.token, "bad") == 0)
		fake.done(fake.arg, HEARTH_ENOTFOUND, NULL);
	else
		fake.done(fake.arg, 0, &a);
}

static void by_token(
	void *self, struct slice token, const struct conn_info *peer, accounts_fn *done, void *arg)
{
	(void)self;
	(void)peer;
	fake.calls++;
	fake.done = done;
	fake.arg = arg;
	snprintf(fake.token, sizeof(fake.token), "%.*s", SLICE_ARG(token));
	if (fake.at_once)
		give_answer(NULL);
	else
		exec_post(exec_loop(), give_answer, NULL);
}

static const struct accounts fake_accounts = { .by_token = by_token };

static void say_who(void *module, struct http_request *rq)
{
	const struct account *a = http_account(rq);
	struct strbuf text = { 0 };
	struct buf *body;

	(void)module;
	strbuf_printf(&text, "%s token=%.*s body=%.*s", a ? a->address : "nobody",
		SLICE_ARG(http_token(rq)), SLICE_ARG(http_body(rq)));
	body = buf_from_strbuf(&text);
	http_reply(rq, 200, "text/plain", body);
	buf_unref(&body);
}

static const struct http_route routes[] = {
	{ HTTP_GET, "/public", say_who, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/account", say_who, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/moderator", say_who, HTTP_MODERATOR, 0 },
	{ HTTP_GET, "/admin", say_who, HTTP_ADMIN, 0 },
	{ HTTP_POST, "/public", say_who, HTTP_PUBLIC, 100 },
	{ HTTP_POST, "/account", say_who, HTTP_ACCOUNT, 100 },
	{ .pattern = NULL },
};

static void start(void)
{
	accounts_slot = &fake_accounts;
	start_server(routes);
}

static const char *ask_with(const char *method, const char *path, const char *headers)
{
	static char request[512];

	snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\n" H "%s\r\n", method, path, headers);
	return ask(request);
}

static void check_access(void)
{
	const char *a;

	a = ask_with("GET", "/account", "");
	ck_status(a, 401);
	ck_has(a, "\r\nWWW-Authenticate: Bearer\r\n");
	ck_status(ask_with("GET", "/admin", ""), 401);
	ck_body(ask_with("GET", "/public", ""), "nobody token= body=");
	ck_assert_int_eq(fake.calls, 0);

	ck_body(ask_with("GET", "/account", "Authorization: Bearer good\r\n"),
		"a@example.org token=good body=");
	ck_body(ask_with("GET", "/account", "authorization: bearer  good \r\n"),
		"a@example.org token=good body=");
	ck_body(ask_with("GET", "/account", "Cookie: hearth_session=good\r\n"),
		"a@example.org token=good body=");
	ck_body(ask_with("GET", "/account",
			"Authorization: Bearer one\r\nCookie: hearth_session=two\r\n"),
		"a@example.org token=one body=");
	ck_body(ask_with("GET", "/public", "Authorization: Bearer good\r\n"),
		"a@example.org token=good body=");
	ck_status(ask_with("GET", "/account", "Authorization: Basic Z29vZA==\r\n"), 401);
	ck_status(ask_with("GET", "/account", "Authorization: Bearer bad\r\n"), 401);
	ck_status(ask_with("GET", "/account", "Authorization: Bearer disabled\r\n"), 401);
	/* A bad token on a public route is as none. */
	ck_body(ask_with("GET", "/public", "Authorization: Bearer bad\r\n"),
		"nobody token=bad body=");

	ck_status(ask_with("GET", "/admin", "Authorization: Bearer good\r\n"), 403);
	ck_status(ask_with("GET", "/admin", "Authorization: Bearer admin\r\n"), 200);

	ck_status(ask_with("GET", "/admin", "Authorization: Bearer moderator\r\n"), 403);
	ck_status(ask_with("GET", "/moderator", "Authorization: Bearer moderator\r\n"), 200);
	ck_status(ask_with("GET", "/moderator", "Authorization: Bearer admin\r\n"), 200);
	ck_status(ask_with("GET", "/moderator", "Authorization: Bearer good\r\n"), 403);

	/* The routes were mounted for the scope "mail". */
	ck_status(ask_with("GET", "/account", "Authorization: Bearer other\r\n"), 403);
	ck_body(ask_with("GET", "/public", "Authorization: Bearer other\r\n"),
		"nobody token=other body=");
	ck_status(ask_with("GET", "/account", "Authorization: Bearer reader\r\n"), 200);
	ck_status(ask_with("POST", "/account",
			  "Authorization: Bearer reader\r\nContent-Length: 0\r\n"),
		403);

	fake.broken = true;
	ck_status(ask_with("GET", "/account", "Authorization: Bearer good\r\n"), 503);
	ck_status(ask_with("GET", "/public", "Authorization: Bearer good\r\n"), 200);
	fake.broken = false;
}

START_TEST(access_later)
{
	start();
	check_access();
	stop_server();
}
END_TEST

START_TEST(access_at_once)
{
	start();
	fake.at_once = true;
	check_access();
	stop_server();
}
END_TEST

/* The body waits until it is known whether it is welcome. */
START_TEST(bodies_wait)
{
	start();
	for (int i = 0; i < 2; i++) {
		ck_body(ask("POST /account HTTP/1.1\r\n" H
			    "Authorization: Bearer good\r\nContent-Length: 4\r\n\r\nbodyGET "
			    "/public HTTP/1.1\r\n" H "\r\n"),
			"a@example.org token=good body=body");
		ck_body(answer(&client), "nobody token= body=");
		fake.at_once = true;
	}
	send_text("POST /account HTTP/1.1\r\n" H
		  "Authorization: Bearer good\r\nExpect: 100-continue\r\n"
		  "Content-Length: 4\r\n\r\n");
	ck_has(answer(&client), "100 Continue");
	ck_body(ask("body"), "a@example.org token=good body=body");
	/* Refused: no 100, and the body is not read. */
	send_text(
		"POST /account HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
	ck_status(answer(&client), 401);
	ck_assert(gone_within(&client, 1000));
	stop_server();
}
END_TEST

START_TEST(client_leaves_while_asking)
{
	start();
	send_text("GET /account HTTP/1.1\r\n" H "Authorization: Bearer good\r\n\r\n");
	while (fake.calls == 0)
		run_for(1);
	net_close_all();
	run_for(20);
	stop_server();
}
END_TEST

START_TEST(without_accounts_nobody_is_signed_in)
{
	start();
	accounts_slot = NULL;
	ck_status(ask_with("GET", "/account", "Authorization: Bearer good\r\n"), 401);
	ck_status(ask_with("GET", "/public", "Authorization: Bearer good\r\n"), 200);
	stop_server();
}
END_TEST

#define COOKIE "Cookie: hearth_session=good\r\n"

/* A POST that the session cookie authorises must come from our own pages. */
START_TEST(own_pages_only)
{
	static const struct {
		const char *headers;
		int status;       /* of POST /account */
		const char *body; /* of POST /public */
	} rows[] = {
		{ COOKIE, 403, "nobody token= body=" },
		{ COOKIE "Sec-Fetch-Site: same-origin\r\n", 200, "a@example.org token=good body=" },
		{ COOKIE "Sec-Fetch-Site: none\r\n", 200, "a@example.org token=good body=" },
		{ COOKIE "Sec-Fetch-Site: same-site\r\n", 403, "nobody token= body=" },
		{ COOKIE "Sec-Fetch-Site: cross-site\r\n", 403, "nobody token= body=" },
		{ COOKIE "Sec-Fetch-Site: cross-site\r\nOrigin: http://localhost\r\n", 403,
			"nobody token= body=" },
		{ COOKIE "Origin: http://localhost\r\n", 200, "a@example.org token=good body=" },
		{ COOKIE "Origin: https://LOCALHOST\r\n", 200, "a@example.org token=good body=" },
		{ COOKIE "Origin: http://localhost:8080\r\n", 403, "nobody token= body=" },
		{ COOKIE "Origin: http://evil.example\r\n", 403, "nobody token= body=" },
		{ COOKIE "Origin: http://localhost.evil.example\r\n", 403, "nobody token= body=" },
		{ COOKIE "Origin: null\r\n", 403, "nobody token= body=" },
		{ COOKIE "Origin: localhost\r\n", 403, "nobody token= body=" },
		/* A bearer token is not sent by a browser of its own accord. */
		{ "Authorization: Bearer good\r\nSec-Fetch-Site: cross-site\r\n", 200,
			"a@example.org token=good body=" },
		{ COOKIE "Authorization: Bearer good\r\nOrigin: http://evil.example\r\n", 200,
			"a@example.org token=good body=" },
	};

	start();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_status(ask_with("POST", "/account", rows[i].headers), rows[i].status);
		ck_body(ask_with("POST", "/public", rows[i].headers), rows[i].body);
		ck_status(ask_with("GET", "/account", rows[i].headers), 200);
	}
	stop_server();
}
END_TEST

TEST_MAIN("http_access", access_later, access_at_once, bodies_wait, client_leaves_while_asking,
	without_accounts_nobody_is_signed_in, own_pages_only)
