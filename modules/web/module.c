/*
 * module.c: the web module: the one page, served from the binary, and the description of the API.
 * On the loop.
 */
#include "hearth/module.h"

#include "web.h"

/*
 * Scripts only from here; a mail in its sandboxed frame inherits this, so it runs nothing and
 * fetches nothing.
 */
static const char csp[] = "default-src 'self'; script-src 'self'; style-src 'self' "
			  "'unsafe-inline'; img-src 'self' data:; "
			  "media-src 'self' blob:; connect-src 'self'; frame-src 'self'; "
			  "object-src 'none'; base-uri 'none'; "
			  "form-action 'self'; frame-ancestors 'none'";

/*
 * The document that shows a mail with its pictures (assets/mail/html.js): they may come from
 * anywhere. For that it is nobody: an origin of its own, without cookies or any right here, and the
 * one script in it puts the mail into a frame that runs nothing.
 */
static const char reader_csp[] =
	"default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; "
	"img-src https: http: data:; base-uri 'none'; form-action 'none'; "
	"frame-ancestors 'self'; sandbox allow-scripts allow-popups "
	"allow-popups-to-escape-sandbox";

static void serve(struct http_request *rq, struct slice path)
{
	bool reader = slice_eq(path, SLICE("/reader.html"));

	http_set_header(rq, "Content-Security-Policy", reader ? reader_csp : csp);
	http_set_header(rq, "Cache-Control", "no-cache");
	if (!http_reply_file(rq, web_files, path))
		http_reply_problem(rq, 404, NULL, "there is nothing at this address");
}

static void get_index(void *module, struct http_request *rq)
{
	(void)module;
	serve(rq, SLICE("/index.html"));
}

static void get_file(void *module, struct http_request *rq)
{
	(void)module;
	serve(rq, http_path(rq));
}

/* Where a page of another origin sends a person who is to let it in (modules/auth/grant). */
static void get_authorize(void *module, struct http_request *rq)
{
	(void)module;
	serve(rq, SLICE("/authorize.html"));
}

static void get_openapi(void *module, struct http_request *rq)
{
	(void)module;
	serve(rq, SLICE("/openapi.json"));
}

static const struct http_route routes[] = {
	{ HTTP_GET, "/", get_index, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/oauth/authorize", get_authorize, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/api/openapi.json", get_openapi, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/{file:word}", get_file, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/entry/{file:word}", get_file, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/account/{file:word}", get_file, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/admin/{file:word}", get_file, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/games/{file:word}", get_file, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/mail/{file:word}", get_file, HTTP_PUBLIC, 0 },
	{ .pattern = NULL },
};

const struct hearth_module web_module = {
	.name = "web",
	.doc = "the page",
	.routes = routes,
};
