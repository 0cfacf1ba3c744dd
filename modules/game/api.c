/*
 * api.c: /api/game/…: matches, also those that ended.
 */
#include <stdlib.h>

#include "frames.h"
#include "hearth/accounts.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "store.h"
#include "game.h"

#define LIST_MAX 50

struct request {
	struct game *g;
	struct http_request *rq;
	int64_t id, account;
	struct match *matches[LIST_MAX];
	int64_t ids[LIST_MAX];
	int n;
};

static struct request *request_new(void *module, struct http_request *rq)
{
	struct request *r = mem_zalloc(sizeof(*r));

	r->g = module;
	r->rq = rq;
	r->account = http_account(rq)->id;
	return r;
}

static void request_free(struct request *r)
{
	for (int i = 0; i < r->n; i++)
		match_free(&r->matches[i]);
	free(r);
}

static void write_one(struct json_writer *w, const struct match *m)
{
	json_open_object(w);
	game_write_match(w, m, clock_mono_us());
	json_close_object(w);
}

static int load_one(struct db_tx *tx, void *arg)
{
	struct request *r = arg;
	int rc = game_store_load(tx, r->id, &r->matches[0]);

	r->n = rc == 0;
	return rc;
}

static void on_one(void *arg, int status)
{
	struct request *r = arg;
	struct strbuf out = { 0 };
	struct json_writer w;

	if (status < 0) {
		http_reply_error(r->rq, status);
	} else {
		json_writer_init(&w, &out);
		write_one(&w, r->matches[0]);
		http_reply_json(r->rq, 200, &out);
	}
	request_free(r);
}

static void get_match(void *module, struct http_request *rq)
{
	struct request *r = request_new(module, rq);

	r->id = http_param_int(rq, "id");
	if (db_read(r->g->db, load_one, on_one, r) < 0)
		on_one(r, HEARTH_EBUSY);
}

static int collect(void *arg, int64_t id)
{
	struct request *r = arg;

	r->ids[r->n++] = id;
	return 0;
}

static int load_own(struct db_tx *tx, void *arg)
{
	struct request *r = arg;
	int rc, loaded = 0;

	r->n = 0;
	rc = game_store_of_account(tx, r->account, LIST_MAX, collect, r);
	for (int i = 0; i < r->n && rc == 0; i++) {
		rc = game_store_load(tx, r->ids[i], &r->matches[loaded]);
		loaded += rc == 0;
	}
	r->n = loaded;
	return rc;
}

static void on_own(void *arg, int status)
{
	struct request *r = arg;
	struct strbuf out = { 0 };
	struct json_writer w;

	if (status < 0) {
		http_reply_error(r->rq, status);
		request_free(r);
		return;
	}
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_name(&w, "matches");
	json_open_array(&w);
	for (int i = 0; i < r->n; i++)
		write_one(&w, r->matches[i]);
	json_close_array(&w);
	json_close_object(&w);
	http_reply_json(r->rq, 200, &out);
	request_free(r);
}

static void get_matches(void *module, struct http_request *rq)
{
	struct request *r = request_new(module, rq);

	if (db_read(r->g->db, load_own, on_own, r) < 0)
		on_own(r, HEARTH_EBUSY);
}

const struct http_route game_routes[] = {
	{ HTTP_GET, "/api/game/matches", get_matches, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/game/matches/{id:int}", get_match, HTTP_ACCOUNT, 0 },
	{ .pattern = NULL },
};
