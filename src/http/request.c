/*
 * request.c: a request and what a handler may ask of it. Everything lives in the request's arena,
 * itself included; header fields are slices of the parser's copy of the head. On the loop, until a
 * handler hands it to a worker and as long as that has it.
 */
#include "http/http_internal.h"

#include "hearth/accounts.h"
#include "hearth/log.h"
#include "http/uploads.h"
#include "loop/executor.h"

struct http_request *request_new(struct http_session *s)
{
	struct arena *a = arena_new();
	struct http_request *rq = ARENA_NEW(a, struct http_request);

	rq->arena = a;
	rq->session = s;
	rq->server = s->server;
	rq->parser = http1_new();
	rq->peer = conn_info(s->c);
	rq->begun_us = exec_now_us();
	rq->added_last = &rq->added;
	return rq;
}

void request_free(struct http_request *rq)
{
	struct arena *a = rq->arena;

	timer_stop(&rq->timer);
	if (rq->upload)
		uploads_end(rq->server->uploads, rq->account->id, rq->upload);
	http1_free(&rq->parser);
	strbuf_free(&rq->body);
	arena_free(&a);
}

enum http_method http_method(const struct http_request *rq)
{
	return rq->method;
}

struct slice http_path(const struct http_request *rq)
{
	return rq->path;
}

struct slice http_header(const struct http_request *rq, const char *name)
{
	struct slice found = { 0 };

	for (size_t i = 0; rq->head && i < rq->head->field_count; i++) {
		const struct http1_field *f = &rq->head->fields[i];

		if (!slice_ieq(f->name, slice_str(name)))
			continue;
		found = found.p ? slice_str(arena_printf(rq->arena, "%.*s, %.*s", SLICE_ARG(found),
					  SLICE_ARG(f->value)))
				: slice_of(f->value.p ? f->value.p : "", f->value.n);
	}
	return found;
}

/* A field of "name=value&…". */
static struct slice form_field(struct http_request *rq, struct slice rest, const char *name)
{
	struct slice key, value;

	while (rest.p) {
		value = slice_split(&rest, '&');
		key = slice_split(&value, '=');
		if (url_decode(rq->arena, key, true, &key) && slice_eq(key, slice_str(name)) &&
			url_decode(rq->arena, value, true, &value))
			return value.p ? value : SLICE("");
	}
	return (struct slice){ 0 };
}

struct slice http_query(struct http_request *rq, const char *name)
{
	return form_field(rq, rq->query, name);
}

struct slice http_form(struct http_request *rq, const char *name)
{
	return form_field(rq, http_body(rq), name);
}

struct slice http_param(const struct http_request *rq, const char *name)
{
	for (int i = 0; i < rq->match.value_count; i++)
		if (slice_eq(rq->match.names[i], slice_str(name)))
			return rq->match.values[i];
	log_fatal("http", "route %s has no parameter \"%s\"", rq->match.route->pattern, name);
}

int64_t http_param_int(const struct http_request *rq, const char *name)
{
	int64_t value = 0;

	INVARIANT(slice_i64(http_param(rq, name), 0, INT64_MAX, &value) == 0);
	return value;
}

struct slice http_cookie(const struct http_request *rq, const char *name)
{
	for (size_t i = 0; rq->head && i < rq->head->field_count; i++) {
		struct slice rest = rq->head->fields[i].value;

		while (slice_ieq(rq->head->fields[i].name, SLICE("cookie")) && rest.p) {
			struct slice value = slice_split(&rest, ';');
			struct slice key = slice_trim(slice_split(&value, '='));

			if (value.p && slice_eq(key, slice_str(name)))
				return slice_trim(value);
		}
	}
	return (struct slice){ 0 };
}

struct slice http_body(const struct http_request *rq)
{
	return strbuf_slice(&rq->body);
}

bool http_body_is(const struct http_request *rq, const char *type)
{
	struct slice given = http_header(rq, "Content-Type");

	return slice_ieq(slice_trim(slice_split(&given, ';')), slice_str(type));
}

/* "application/json", or "application/…+json", with or without parameters. */
static bool is_json(struct slice type)
{
	type = slice_trim(slice_split(&type, ';'));
	if (slice_ieq(type, SLICE("application/json")))
		return true;
	return slice_istarts(type, SLICE("application/")) && type.n > 5 &&
	       slice_ieq(slice_skip(type, type.n - 5), SLICE("+json"));
}

const struct json *http_body_json(struct http_request *rq)
{
	struct json *document;
	const char *why = NULL;

	if (!is_json(http_header(rq, "Content-Type"))) {
		http_reply_problem(rq, 415, NULL,
			"the body must be JSON, with Content-Type: application/json");
		return NULL;
	}
	if (json_read(rq->arena, http_body(rq), &document, &why) < 0) {
		http_reply_problem(rq, 400, NULL, "the body is no JSON document: %s", why);
		return NULL;
	}
	if (document->type != JSON_OBJECT) {
		http_reply_problem(rq, 400, NULL, "the body must be a JSON object");
		return NULL;
	}
	return document;
}

struct slice http_token(const struct http_request *rq)
{
	return rq->token;
}

const struct account *http_account(const struct http_request *rq)
{
	return rq->account;
}

const struct conn_info *http_peer(const struct http_request *rq)
{
	return rq->peer;
}

struct arena *http_arena(struct http_request *rq)
{
	return rq->arena;
}

bool http_alive(const struct http_request *rq)
{
	return rq->session && !conn_has_left(rq->session->c);
}
