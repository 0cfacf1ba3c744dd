/*
 * api/suppressed_api.c: /api/mail/suppressed, for administrators: the addresses elsewhere that nothing is
 * sent to for a time (store/suppressed.h), as by `hearth queue suppressed`. Handlers on the loop, the
 * rest on io workers; a page of PAGE addresses at a time.
 */
#include "api/api.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/suppressed.h"

#define PAGE        200
#define ADDRESS_MAX 320 /* bytes: 64 and 255, and what is between */

struct mail_suppressed_call {
	struct slice address; /* behind which the page begins; which is to be forgotten */
	struct slice last;    /* of the page */
	size_t count;
};

/* ---- GET ?after= ---- */

static int put_address(void *arg, const struct mail_suppressed *s)
{
	struct mail_call *c = arg;

	c->suppressed->count++;
	c->suppressed->last = arena_slice(c->a, s->address);
	json_open_object(&c->w);
	json_put_text(&c->w, "address", s->address);
	json_put_text(&c->w, "answer", s->answer);
	json_put_i64(&c->w, "times", s->times);
	json_put_i64(&c->w, "since", s->since_ms);
	json_put_i64(&c->w, "until", s->until_ms);
	json_close_object(&c->w);
	return 0;
}

/* Begins the answer anew: a transaction may run twice. */
static int list(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	struct mail_suppressed_call *s = c->suppressed;
	int rc;

	s->count = 0;
	mail_call_open_list(c, "addresses");
	rc = mail_store_suppressed_list(tx, s->address, clock_wall_ms(), PAGE, put_address, c);
	json_close_array(&c->w);
	if (s->count == PAGE)
		json_put_text(&c->w, "next", s->last);
	json_close_object(&c->w);
	return rc;
}

static void work_list(struct mail_call *c)
{
	c->status = db_read_long_wait(c->m->db, c->account, list, c);
}

static struct mail_call *call_new(void *module, struct http_request *rq, struct slice address,
	void (*work)(struct mail_call *c))
{
	struct mail_call *c = mail_call_new(module, rq, work);

	c->suppressed = ARENA_NEW(c->a, struct mail_suppressed_call);
	*c->suppressed = (struct mail_suppressed_call){ .address = arena_slice(c->a, address) };
	return c;
}

void mail_get_suppressed(void *module, struct http_request *rq)
{
	struct slice after = http_query(rq, "after");

	if (after.n > ADDRESS_MAX)
		http_reply_problem(rq, 400, "after", "expected an address");
	else
		mail_call_start(call_new(module, rq, after, work_list));
}

/* ---- POST …/remove ---- */

static int forget(struct db_tx *tx, void *arg)
{
	const struct mail_call *c = arg;

	return mail_store_unsuppress(tx, c->suppressed->address);
}

static void work_forget(struct mail_call *c)
{
	c->status = db_write_wait(c->m->db, forget, c);
	if (c->status < 0)
		return;
	log_info("queue", "address can be written to again", "address", "%.*s",
		SLICE_ARG(c->suppressed->address), "account", "%lld", (long long)c->account, NULL);
	json_open_object(&c->w);
	json_put_text(&c->w, "address", c->suppressed->address);
	json_close_object(&c->w);
}

void mail_post_unsuppress(void *module, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);
	struct slice address = { NULL, 0 };

	if (!body)
		return;
	json_get_text(body, "address", &address);
	if (address.n == 0 || address.n > ADDRESS_MAX)
		http_reply_problem(rq, 400, "address", "expected an address");
	else
		mail_call_start(call_new(module, rq, address, work_forget));
}
