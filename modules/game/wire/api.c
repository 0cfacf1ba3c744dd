/*
 * api.c: /api/game/…: matches, also those that ended.
 *
 * On the loop; what reads, and makes JSON of it, is a long read of the account's: one at a time, and
 * others have their turns between. PAGE_MAX matches at a time, or of one EVENTS_MAX events.
 */
#include <stdlib.h>

#include "engine/tenure.h"
#include "game.h"
#include "hearth/accounts.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/store.h"
#include "wire/frames.h"
#include "wire/rating_api.h"

#define PAGE_DEFAULT 50
#define PAGE_MAX     100

#define EVENTS_DEFAULT 500
#define EVENTS_MAX     1000

struct request {
	struct game *g;
	struct http_request *rq;
	int64_t id, account;
	int64_t before, limit; /* limit: of matches, of one match's events */
	int64_t since;
	struct shard_times {
		bool known;
		int64_t now_us; /* on the game clock */
		struct game_starts starts;
	} times[GAME_SHARDS];                /* of those with a match that goes on */
	struct match *matches[PAGE_MAX + 1]; /* one more than are shown says that there is more */
	int n;
	struct strbuf out; /* the answer */
};

static struct request *request_new(void *module, struct http_request *rq)
{
	struct request *r = mem_zalloc(sizeof(*r));

	r->g = module;
	r->rq = rq;
	r->account = http_account(rq)->id;
	return r;
}

static void forget_matches(struct request *r)
{
	while (r->n > 0)
		match_free(&r->matches[--r->n]);
}

static void on_read(void *arg, int status)
{
	struct request *r = arg;

	if (status < 0)
		http_reply_error(r->rq, status);
	else
		http_reply_json(r->rq, 200, &r->out);
	strbuf_free(&r->out);
	free(r);
}

static void begin_read(struct request *r, db_fn *fn)
{
	if (db_read_long(r->g->db, r->account, fn, on_read, r) < 0)
		on_read(r, HEARTH_EBUSY);
}

/* Inside a db_fn: what time it is for those that go on. */
static int read_times(struct db_tx *tx, struct request *r)
{
	int rc = 0;

	for (int i = 0; i < GAME_SHARDS; i++)
		r->times[i].known = false;
	for (int i = 0; i < r->n && rc == 0; i++) {
		int shard = game_shard_number(r->matches[i]->id);
		struct shard_times *t = &r->times[shard];

		if (r->matches[i]->over || t->known)
			continue;
		rc = game_times(tx, r->g, shard, &t->now_us, &t->starts);
		t->known = true;
	}
	return rc;
}

/* Inside a db_fn, as all that writes. */
static void write_one(struct request *r, struct json_writer *w, int i, bool whole)
{
	const struct shard_times *t = &r->times[game_shard_number(r->matches[i]->id)];

	INVARIANT(t->known || r->matches[i]->over);
	game_starts_apply(&t->starts, r->matches[i]);
	json_open_object(w);
	game_write_match(w, r->matches[i], GAME_VIEWER_PUBLIC, whole, t->now_us);
	if (whole)
		game_write_events(
			w, r->matches[i], (int)r->since, (int)r->limit, GAME_VIEWER_PUBLIC);
	game_write_position(w, r->matches[i], GAME_VIEWER_PUBLIC);
	json_close_object(w);
}

/* What was read becomes the answer, if it could be read: at once, so that no match outlives the db_fn. */
static int answer(struct db_tx *tx, struct request *r, int rc,
	void (*write)(struct request *r, struct json_writer *w))
{
	struct json_writer w;

	if (rc == 0)
		rc = read_times(tx, r);
	strbuf_reset(&r->out); /* it may be read again */
	json_writer_init(&w, &r->out);
	if (rc == 0)
		write(r, &w);
	forget_matches(r);
	return rc;
}

static void write_match(struct request *r, struct json_writer *w)
{
	write_one(r, w, 0, true);
}

static int read_one(struct db_tx *tx, void *arg)
{
	struct request *r = arg;
	int rc = game_store_read(tx, r->id, &r->matches[0]);

	r->n = rc == 0;
	return answer(tx, r, rc, write_match);
}

/* A number of the query; false, and answered, when it is none or out of bounds. */
static bool read_number(
	struct http_request *rq, const char *name, int64_t min, int64_t max, int64_t *out)
{
	struct slice text = http_query(rq, name);

	if (!text.p || slice_i64(text, min, max, out) == 0)
		return true;
	http_reply_problem(rq, 400, name, "%s: expected a number from %lld to %lld", name,
		(long long)min, (long long)max);
	return false;
}

static void get_match(void *module, struct http_request *rq)
{
	int64_t since = 0, limit = EVENTS_DEFAULT;
	struct request *r;

	if (!read_number(rq, "since", 0, (int64_t)MATCH_EVENTS_MAX, &since) ||
		!read_number(rq, "limit", 1, EVENTS_MAX, &limit))
		return;
	r = request_new(module, rq);
	r->id = http_param_int(rq, "id");
	r->since = since;
	r->limit = limit;
	begin_read(r, read_one);
}

/* ---- one's own, a page at a time ---- */

static void collect(void *arg, struct match *m)
{
	struct request *r = arg;

	INVARIANT(r->n <= PAGE_MAX);
	r->matches[r->n++] = m;
}

static void write_page(struct request *r, struct json_writer *w)
{
	int shown = r->n > r->limit ? (int)r->limit : r->n;

	json_open_object(w);
	json_name(w, "matches");
	json_open_array(w);
	for (int i = 0; i < shown; i++)
		write_one(r, w, i, false);
	json_close_array(w);
	json_put_bool(w, "more", r->n > shown);
	if (r->n > shown)
		json_put_i64(w, "next", r->matches[shown - 1]->id);
	json_close_object(w);
}

static int read_page(struct db_tx *tx, void *arg)
{
	struct request *r = arg;
	int rc = game_store_page(tx, r->account, r->before, r->limit + 1, collect, r);

	return answer(tx, r, rc, write_page);
}

static void get_matches(void *module, struct http_request *rq)
{
	int64_t before = INT64_MAX, limit = PAGE_DEFAULT;
	struct request *r;

	if (!read_number(rq, "before", 1, INT64_MAX, &before) ||
		!read_number(rq, "limit", 1, PAGE_MAX, &limit))
		return;
	r = request_new(module, rq);
	r->before = before;
	r->limit = limit;
	begin_read(r, read_page);
}

const struct http_route game_routes[] = {
	{ HTTP_GET, "/api/game/matches", get_matches, HTTP_ACCOUNT | HTTP_FOREIGN, 0 },
	{ HTTP_GET, "/api/game/matches/{id:int}", get_match, HTTP_ACCOUNT | HTTP_FOREIGN, 0 },
	{ HTTP_GET, "/api/game/ratings", game_get_ratings, HTTP_ACCOUNT | HTTP_FOREIGN, 0 },
	{ .pattern = NULL },
};
