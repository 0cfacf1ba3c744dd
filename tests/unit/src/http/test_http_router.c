/*
 * Routes: types of parameters, which one wins, what is malformed, other methods.
 */
#include "harness.h"

#include "hearth/http.h"
#include "http/http_router.h"

#include <stdio.h>

static void handler(void *module, struct http_request *rq)
{
	(void)module;
	(void)rq;
}

static const struct http_route table[] = {
	{ HTTP_GET, "/", handler, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/a", handler, HTTP_PUBLIC, 0 },
	{ HTTP_POST, "/a", handler, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/a/", handler, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/a/{id:int}", handler, HTTP_PUBLIC, 0 },
	{ HTTP_DELETE, "/a/{name:word}", handler, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/a/{name:word}", handler, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/a/{any:text}", handler, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/a/list", handler, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/a/{id:int}/b/{other:text}", handler, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/files/{rest:path}", handler, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/files/one", handler, HTTP_PUBLIC, 0 },
	{ HTTP_PUT, "/files/two", handler, HTTP_PUBLIC, 0 },
	{ HTTP_GET, NULL, NULL, HTTP_PUBLIC, 0 },
};

/* The pattern a path leads to and its values: "/a/{id:int} id=7"; "405 3"; "404"; "400". */
static const char *find(int method, const char *path)
{
	static char text[256];
	struct router *r = router_new();
	struct arena *a = arena_new();
	struct route_match m;
	size_t n;

	for (const struct http_route *t = table; t->pattern; t++)
		router_add(r, t, 0, NULL);
	if (!router_find(r, a, method, slice_str(path), &m)) {
		snprintf(text, sizeof(text), "400");
	} else if (!m.route) {
		snprintf(text, sizeof(text), m.allowed ? "405 %x" : "404", m.allowed);
	} else {
		n = (size_t)snprintf(text, sizeof(text), "%s", m.route->pattern);
		for (int i = 0; i < m.value_count; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, " %.*s=%.*s",
				SLICE_ARG(m.names[i]), SLICE_ARG(m.values[i]));
	}
	arena_free(&a);
	router_free(&r);
	return text;
}

START_TEST(finds)
{
	ck_assert_str_eq(find(HTTP_GET, "/"), "/");
	ck_assert_str_eq(find(HTTP_GET, "/a"), "/a");
	ck_assert_str_eq(find(HTTP_GET, "/a/"), "/a/");
	ck_assert_str_eq(find(HTTP_GET, "/a/17"), "/a/{id:int} id=17");
	ck_assert_str_eq(find(HTTP_GET, "/a/list"), "/a/list");
	ck_assert_str_eq(find(HTTP_GET, "/a/li%73t"), "/a/list");
	ck_assert_str_eq(find(HTTP_GET, "/a/lists"), "/a/{name:word} name=lists");
	ck_assert_str_eq(find(HTTP_GET, "/a/x%20y"), "/a/{any:text} any=x y");
	ck_assert_str_eq(find(HTTP_GET, "/a/x%2Fy"), "/a/{any:text} any=x/y");
	ck_assert_str_eq(find(HTTP_GET, "/a/1/b/caf%C3%A9"),
		"/a/{id:int}/b/{other:text} id=1 other=caf\xC3\xA9");
	ck_assert_str_eq(find(HTTP_GET, "/files/one"), "/files/one");
	ck_assert_str_eq(find(HTTP_GET, "/files/"), "/files/{rest:path} rest=");
	ck_assert_str_eq(find(HTTP_GET, "/files/a/b%20c/d"), "/files/{rest:path} rest=a/b c/d");
	/* A literal without the method does not hide a parameter with it. */
	ck_assert_str_eq(find(HTTP_GET, "/files/two"), "/files/{rest:path} rest=two");
}
END_TEST

START_TEST(finds_nothing)
{
	ck_assert_str_eq(find(HTTP_GET, "/b"), "404");
	ck_assert_str_eq(find(HTTP_GET, "/files"), "404");
	ck_assert_str_eq(find(HTTP_GET, "//a"), "404");
	ck_assert_str_eq(find(HTTP_GET, "/A"), "404");
	ck_assert_str_eq(find(HTTP_GET, "/a/1/b/"), "404");
	ck_assert_str_eq(find(HTTP_PUT, "/a"), "405 3");
	ck_assert_str_eq(find(HTTP_PUT, "/a/17"), "405 11");
	ck_assert_str_eq(find(HTTP_GET, "/a/9223372036854775808"),
		"/a/{name:word} name=9223372036854775808");
	ck_assert_str_eq(find(HTTP_GET, "/a/-1"), "/a/{name:word} name=-1");
	ck_assert_str_eq(find(HTTP_GET, "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/"
					"23/24/25/26/27/28/29/30/31/"
					"32/33/34"),
		"404");
}
END_TEST

START_TEST(refuses_malformed)
{
	ck_assert_str_eq(find(HTTP_GET, "/a/%"), "400");
	ck_assert_str_eq(find(HTTP_GET, "/a/%2"), "400");
	ck_assert_str_eq(find(HTTP_GET, "/a/%zz"), "400");
	ck_assert_str_eq(find(HTTP_GET, "/a/%00"), "400");
	ck_assert_str_eq(find(HTTP_GET, "/a/%ff"), "400");
	ck_assert_str_eq(find(HTTP_GET, "/files/../a"), "400");
	ck_assert_str_eq(find(HTTP_GET, "/files/%2e%2e/a"), "400");
	ck_assert_str_eq(find(HTTP_GET, "/files/."), "400");
	ck_assert_str_eq(find(HTTP_GET, "/files/a/..%2F"), "400");
}
END_TEST

TEST_MAIN("http_router", finds, finds_nothing, refuses_malformed)
