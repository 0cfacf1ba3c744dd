/*
 * test_openapi.c: the description of the API (modules/web/assets/openapi.json) and the routes of
 * the program say the same: no route without a description, no description without a route.
 */
#include "harness.h"

#include <stdio.h>

#include "hearth/json.h"
#include "hearth/map.h"
#include "http/http_internal.h"
#include "kernel/certificate_route.h"
#include "modules.h"

#define FILE_PATH "modules/web/assets/openapi.json"

static const char *const methods[] = {
	[HTTP_GET] = "get",
	[HTTP_POST] = "post",
	[HTTP_PUT] = "put",
	[HTTP_PATCH] = "patch",
	[HTTP_DELETE] = "delete",
};

static const struct json *read_paths(struct arena *a)
{
	struct strbuf text = { 0 };
	FILE *f = fopen(FILE_PATH, "r");
	const char *why = "";
	struct json *doc = NULL;

	ck_assert_msg(f != NULL, "run from the project's top: " FILE_PATH " is not there");
	while (!feof(f))
		strbuf_commit(&text, fread(strbuf_reserve(&text, 65536), 1, 65536, f));
	fclose(f);
	ck_assert_msg(
		json_read(a, arena_slice(a, strbuf_slice(&text)), &doc, &why) == 0, "%s", why);
	strbuf_free(&text);
	return json_get(doc, "paths");
}

/* A pattern as OpenAPI writes it: {id:int} is {id}. */
static const char *path_of(struct arena *a, const char *pattern)
{
	struct strbuf out = { 0 };
	const char *path;
	bool type = false;

	for (; *pattern; pattern++) {
		if (*pattern == ':')
			type = true;
		else if (*pattern == '}')
			type = false;
		if (!type)
			strbuf_addc(&out, *pattern);
	}
	path = arena_strdup(a, strbuf_slice(&out));
	strbuf_free(&out);
	return path;
}

/* Who may ask: an empty list for everybody (OpenAPI 3.1 section 4.8.10). */
static void check_access(
	const struct json *described, const struct http_route *route, const char *path)
{
	const struct json *security = json_get(described, "security");

	ck_assert_msg(
		security && (security->count > 0) == (http_route_access(route) != HTTP_PUBLIC),
		"%s %s: who may ask is described otherwise", methods[route->method], path);
}

/*
 * A body may be wrong, too large or, where it is JSON, of another type: http_body_json and the
 * router answer so.
 */
static void check_refusals(
	const struct json *described, const struct http_route *route, const char *path)
{
	static const char *const refusals[] = { "400", "413", "415" };
	const struct json *responses = json_get(described, "responses");
	const struct json *body = json_get(described, "requestBody");
	size_t n = json_get(json_get(body, "content"), "application/json") ? 3 : 2;

	ck_assert_msg(!body || route->body_max > 0,
		"%s %s is described with a body, and takes none", methods[route->method], path);
	for (size_t i = 0; body && i < n; i++)
		ck_assert_msg(json_get(responses, refusals[i]) != NULL,
			"%s %s takes a body, and %s is not described", methods[route->method], path,
			refusals[i]);
}

static size_t check_routes(
	struct arena *a, const struct json *paths, const struct http_route *routes)
{
	size_t n = 0;

	for (; routes && routes->pattern; routes++, n++) {
		const char *path = path_of(a, routes->pattern);
		const struct json *described =
			json_get(json_get(paths, path), methods[routes->method]);

		ck_assert_msg(
			described != NULL, "%s %s is not described", methods[routes->method], path);
		check_access(described, routes, path);
		check_refusals(described, routes, path);
	}
	return n;
}

START_TEST(routes_and_description_agree)
{
	struct arena *a = arena_new();
	const struct json *paths = read_paths(a);
	size_t routes = check_routes(a, paths, kernel_routes), described = 0;

	routes += check_routes(a, paths, kernel_certificate_routes);
	for (const struct hearth_module *const *m = hearth_modules; *m; m++)
		routes += check_routes(a, paths, (*m)->routes);
	for (const struct json *path = paths->child; path; path = path->next)
		described += path->count;
	ck_assert_uint_eq(routes, described);
	arena_free(&a);
}
END_TEST

/* Programs that are made from the description name their functions by operationId. */
START_TEST(operations_have_names_of_their_own)
{
	struct arena *a = arena_new();
	const struct json *paths = read_paths(a);
	struct map *seen = map_new();

	for (const struct json *path = paths->child; path; path = path->next)
		for (const struct json *op = path->child; op; op = op->next) {
			struct slice id = { NULL, 0 };

			json_get_text(op, "operationId", &id);
			ck_assert_msg(id.n > 0, "an operation has no operationId");
			ck_assert_msg(!map_set(seen, id, a), "twice: %.*s", SLICE_ARG(id));
		}
	map_free(&seen);
	arena_free(&a);
}
END_TEST

TEST_MAIN("openapi", routes_and_description_agree, operations_have_names_of_their_own)
