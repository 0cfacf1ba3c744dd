/*
 * preferences_api.c: /api/auth/preferences: reading the document, replacing it, patching it.
 *
 *   LOADING (reader) ──▶ If-Match holds ──▶ WORKING (worker) ──▶ SAVING (writer) ──▶ 200
 *      ▲                  │ no: 412          │ wrong: 422          │
 *      └──────────────────│──────────────────│──── If-Match: * ◀── another was first
 *                         │                  │                     └─▶ 412
 * Who names a version is beaten by whoever changes that version first; the check is part of the
 * transaction that saves. Who says * wants the change whatever the version is, and starts over,
 * ATTEMPTS_MAX times at most. Requests come in and are answered on the loop; the steps run where the
 * drawing says. A call holds its body and one document (preferences.h bounds both), and lasts as long as
 * its request.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "preferences/canonical.h"
#include "preferences/merge_patch.h"
#include "preferences/preferences.h"
#include "preferences/schema_file.h"

#define PATCH_TYPE   "application/merge-patch+json"
#define ATTEMPTS_MAX 100 /* with If-Match: *, each time somebody else was first */

struct call {
	struct preferences *p;
	struct http_request *rq;
	int64_t account;
	bool is_patch;
	enum http_match match;
	int attempts;
	struct arena *arena; /* for one attempt */
	struct slice body, document;
	int64_t version;
	/* what came out of it */
	struct slice result;
	bool unreadable; /* the body is no JSON: `why` */
	const char *why;
	bool faulty; /* it is not as the schema wants it: `fault` */
	struct schema_fault fault;
};

static struct call *call_new(void *module, struct http_request *rq)
{
	struct auth *a = module;
	struct call *c = mem_zalloc(sizeof(*c));

	c->p = a->preferences;
	c->rq = rq;
	c->account = http_account(rq)->id;
	c->arena = arena_new();
	return c;
}

static void call_free(struct call *c)
{
	arena_free(&c->arena);
	free(c);
}

static const char *etag_of(struct call *c, int64_t version)
{
	return arena_printf(c->arena, "\"%lld\"", (long long)version);
}

static void reply_document(struct call *c, int64_t version, struct slice document)
{
	struct buf *body = buf_copy(document);

	http_set_header(c->rq, "ETag", etag_of(c, version));
	http_set_header(c->rq, "Accept-Patch", PATCH_TYPE);
	http_reply(c->rq, 200, "application/json", body);
	buf_unref(&body);
	call_free(c);
}

static void fail(struct call *c, int error)
{
	http_reply_error(c->rq, error);
	call_free(c);
}

static int load(struct db_tx *tx, void *arg)
{
	struct call *c = arg;

	return preferences_load(tx, c->account, c->arena, &c->document, &c->version);
}

/* ---- reading ---- */

static void on_read(void *arg, int status)
{
	struct call *c = arg;

	if (status < 0)
		fail(c, status);
	else
		reply_document(c, c->version, c->document);
}

void preferences_get(void *module, struct http_request *rq)
{
	struct call *c = call_new(module, rq);

	if (db_read(c->p->a->db, load, on_read, c) < 0)
		on_read(c, HEARTH_EBUSY);
}

void preferences_get_schema(void *module, struct http_request *rq)
{
	struct buf *body = buf_copy(schema_file());

	(void)module;
	http_reply(rq, 200, "application/schema+json", body);
	buf_unref(&body);
}

/* ---- changing ---- */

static void attempt(struct call *c);

static void refuse_stale(struct call *c)
{
	http_reply_problem(c->rq, 412, "If-Match",
		"the preferences were changed meanwhile: read them again, and name their ETag in "
		"If-Match");
	call_free(c);
}

static int save(struct db_tx *tx, void *arg)
{
	struct call *c = arg;

	return preferences_save(tx, c->account, c->version, c->result, clock_wall_ms());
}

static void on_saved(void *arg, int status)
{
	struct call *c = arg;

	if (status == 0)
		reply_document(c, c->version + 1, c->result);
	else if (status != HEARTH_ECONFLICT)
		fail(c, status);
	else if (c->match != HTTP_MATCH_ANY)
		refuse_stale(c);
	else if (++c->attempts < ATTEMPTS_MAX)
		attempt(c);
	else
		fail(c, HEARTH_EBUSY);
}

/* On a worker: the document as it would be, and what is wrong with it. */
static void work(void *arg)
{
	struct call *c = arg;
	const struct json *result;
	struct json *old = NULL, *given;

	c->unreadable = json_read(c->arena, c->body, &given, &c->why) < 0;
	if (c->unreadable)
		return;
	/* What is stored was written by canonical_write. */
	if (c->is_patch)
		json_read(c->arena, c->document, &old, NULL);
	result = c->is_patch ? merge_patch(c->arena, old, given) : given;
	c->faulty = schema_check(c->p->schema, c->arena, result, &c->fault) < 0;
	if (!c->faulty)
		c->result = canonical_text(c->arena, result);
}

static void on_worked(void *arg, int status)
{
	struct call *c = arg;

	if (status == 0 && c->unreadable) {
		http_reply_problem(c->rq, 400, NULL, "the body is no JSON document: %s", c->why);
	} else if (status == 0 && c->faulty) {
		http_reply_problem(c->rq, 422, c->fault.pointer, "%s", c->fault.expected);
	} else if (status == 0 && c->result.n > PREFERENCES_MAX) {
		http_reply_problem(c->rq, 413, "", "the preferences would be larger than %d bytes",
			PREFERENCES_MAX);
	} else if (status == 0 && c->version > 0 && slice_eq(c->result, c->document)) {
		reply_document(c, c->version, c->document);
		return;
	} else {
		if (status == 0)
			status = db_write(c->p->a->db, save, on_saved, c);
		if (status < 0)
			fail(c, status);
		return;
	}
	call_free(c);
}

static void on_loaded(void *arg, int status)
{
	struct call *c = arg;

	if (status == 0) {
		c->match = http_if_match(c->rq, etag_of(c, c->version));
		if (c->match == HTTP_MATCH_NO) {
			refuse_stale(c);
			return;
		}
		status = job_run(c->p->io, work, on_worked, c);
	}
	if (status < 0)
		fail(c, status);
}

static void attempt(struct call *c)
{
	arena_reset(c->arena);
	if (db_read(c->p->a->db, load, on_loaded, c) < 0)
		fail(c, HEARTH_EBUSY);
}

static void change(void *module, struct http_request *rq, bool is_patch)
{
	struct call *c;

	if (!http_header(rq, "If-Match").p) {
		http_reply_problem(rq, 428, "If-Match",
			"expected If-Match with the ETag of the preferences that are to be "
			"changed, or * for whatever they are");
		return;
	}
	c = call_new(module, rq);
	c->is_patch = is_patch;
	c->body = http_body(rq);
	attempt(c);
}

void preferences_put(void *module, struct http_request *rq)
{
	if (!http_body_is(rq, "application/json")) {
		http_set_header(rq, "Accept", "application/json");
		http_reply_problem(rq, 415, "Content-Type",
			"expected the whole preferences, with Content-Type: application/json; to "
			"change a part of them use PATCH");
		return;
	}
	change(module, rq, false);
}

void preferences_patch(void *module, struct http_request *rq)
{
	if (!http_body_is(rq, PATCH_TYPE)) {
		http_set_header(rq, "Accept-Patch", PATCH_TYPE);
		http_reply_problem(rq, 415, "Content-Type",
			"expected a JSON Merge Patch (RFC 7396), with Content-Type: " PATCH_TYPE);
		return;
	}
	change(module, rq, true);
}
