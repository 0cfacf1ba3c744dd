/*
 * api/queue_api.c: /api/mail/queue…, for administrators: what waits to be sent, seen and steered, as by
 * `hearth queue`. Handlers on the loop, the rest on io workers.
 *
 * A list is filtered here, row by row, in slices (db_read_long): at most LIST_SLICES of them, and then
 * the answer says where to go on. An order is for IDS_MAX recipients at most.
 *
 * What is removed nobody gets and nobody is told of: that wants a fresh proof (accounts.prove). All else
 * can be taken back.
 */
#include "api/api.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/text.h"
#include "queue/history.h"
#include "queue/orders.h"
#include "store/outgoing.h"

#define LIST_DEFAULT 50
#define LIST_MAX     200
#define LIST_SLICES  20 /* of DB_SLICE_MS each, and then the client asks again */
#define IDS_MAX      200
#define PART_MAX     254 /* bytes of what is looked for */
#define ALL_ROWS     1000000000

struct mail_queue_call {
	/* what was asked */
	struct slice part, domain; /* empty: any */
	int state;                 /* 0: any; else 'h' held, 'w' waits */
	int64_t after;
	size_t limit;
	enum mail_queue_order order;
	int64_t ids[IDS_MAX];
	size_t id_count;
	/* while working */
	size_t count, done;
	bool more; /* the slice was over, or the page is full */
	struct db_tx *tx;
};

static void put_entry(struct json_writer *w, const struct mail_queued *q)
{
	json_put_i64(w, "id", q->id);
	json_put_str(w, "state", q->held ? "held" : "waits");
	json_put_text(w, "sender", q->mail_from);
	json_put_text(w, "recipient", q->recipient);
	json_put_text(w, "domain", q->domain);
	json_put_i64(w, "size", q->size);
	json_put_i64(w, "attempts", q->attempts);
	json_put_i64(w, "queued_at", q->queued_ms);
	json_put_i64(w, "next_attempt_at", q->due_ms);
	json_put_i64(w, "expires_at", q->expires_ms);
	json_put_bool(w, "late", q->warned);
	json_name(w, "answer");
	if (q->answer.n)
		json_text(w, q->answer);
	else
		json_null(w);
}

/* ---- GET /api/mail/queue ---- */

/* Whether the text has the part, ASCII letters in either case; the part is in lower case. */
static bool has(struct slice text, struct slice part)
{
	for (size_t i = 0; i + part.n <= text.n; i++)
		if (slice_ieq(slice_of(text.p + i, part.n), part))
			return true;
	return false;
}

static bool fits(const struct mail_queue_call *l, const struct mail_queued *q)
{
	return (l->state == 0 || (l->state == 'h') == q->held) &&
	       (l->domain.n == 0 || slice_ieq(q->domain, l->domain)) &&
	       (l->part.n == 0 || has(q->recipient, l->part) || has(q->mail_from, l->part));
}

/* One more than the page has room for says that there are more. */
static int list_one(void *arg, const struct mail_queued *q)
{
	struct mail_call *c = arg;
	struct mail_queue_call *l = c->queue;

	if (fits(l, q)) {
		if (l->count == l->limit) {
			l->more = true;
			return 1;
		}
		l->count++;
		json_open_object(&c->w);
		put_entry(&c->w, q);
		json_close_object(&c->w);
	}
	l->after = q->id;
	l->more = db_slice_over(l->tx);
	return l->more;
}

static int list_slice(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	struct mail_queue_call *l = c->queue;
	int rc;

	l->tx = tx;
	l->more = false;
	rc = mail_store_queue_list(tx, l->after, ALL_ROWS, list_one, c);
	return rc < 0 ? rc : 0;
}

static void work_list(struct mail_call *c)
{
	struct mail_queue_call *l = c->queue;

	json_open_object(&c->w);
	json_name(&c->w, "entries");
	json_open_array(&c->w);
	for (int i = 0; i < LIST_SLICES && c->status == 0; i++) {
		c->status = db_read_long_wait(c->m->db, c->account, list_slice, c);
		if (!l->more || l->count == l->limit)
			break;
	}
	json_close_array(&c->w);
	if (l->more)
		json_put_i64(&c->w, "next", l->after);
	json_close_object(&c->w);
}

static bool read_state(struct http_request *rq, int *state)
{
	struct slice text = http_query(rq, "state");

	*state = slice_eq(text, SLICE("held")) ? 'h' : slice_eq(text, SLICE("waits")) ? 'w' : 0;
	if (!text.n || *state)
		return true;
	http_reply_problem(rq, 400, "state", "expected held or waits");
	return false;
}

static bool read_part(struct http_request *rq, const char *name, struct slice *part)
{
	*part = http_query(rq, name);
	if (part->n <= PART_MAX)
		return true;
	http_reply_problem(rq, 400, name, "expected at most %d bytes", PART_MAX);
	return false;
}

void mail_get_queue(void *module, struct http_request *rq)
{
	uint64_t after = 0, limit = LIST_DEFAULT;
	struct slice part, domain;
	struct mail_queue_call *l;
	struct mail_call *c;
	int state;

	if (!mail_call_number(rq, "after", INT64_MAX, &after) ||
		!mail_call_number(rq, "limit", LIST_MAX, &limit) || !read_state(rq, &state) ||
		!read_part(rq, "search", &part) || !read_part(rq, "domain", &domain))
		return;
	c = mail_call_new(module, rq, work_list);
	c->queue = l = ARENA_NEW(c->a, struct mail_queue_call);
	*l = (struct mail_queue_call){ .part = arena_slice(c->a, slice_trim(part)),
		.domain = arena_slice(c->a, slice_trim(domain)),
		.state = state,
		.after = (int64_t)after,
		.limit = (size_t)limit };
	mail_call_start(c);
}

/* ---- GET /api/mail/queue/{id} ---- */

static void put_history(struct json_writer *w, struct slice text)
{
	struct mail_history_attempt all[MAIL_HISTORY_MAX];
	size_t n = mail_history_read(text, all);

	json_name(w, "history");
	json_open_array(w);
	for (size_t i = 0; i < n; i++) {
		json_open_object(w);
		json_put_i64(w, "at", all[i].at_ms);
		json_put_text(w, "host", all[i].host);
		json_put_text(w, "tls", all[i].tls);
		json_put_i64(w, "code", all[i].code);
		json_put_text(w, "answer", all[i].answer);
		json_close_object(w);
	}
	json_close_array(w);
}

static int show(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	struct slice history = SLICE("");
	struct mail_queued q;
	int rc = mail_store_queue_get(tx, c->id, c->a, &q);

	if (rc == 0)
		rc = mail_store_queue_history(tx, c->id, c->a, &history);
	if (rc < 0)
		return rc;
	strbuf_reset(&c->json);
	json_writer_init(&c->w, &c->json);
	json_open_object(&c->w);
	put_entry(&c->w, &q);
	put_history(&c->w, history);
	json_close_object(&c->w);
	return 0;
}

static void work_show(struct mail_call *c)
{
	c->status = db_read_wait(c->m->db, show, c);
}

void mail_get_queued(void *module, struct http_request *rq)
{
	struct mail_call *c = mail_call_new(module, rq, work_show);

	c->id = http_param_int(rq, "id");
	mail_call_start(c);
}

/* ---- orders ---- */

static int carry_out(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	struct mail_queue_call *o = c->queue;
	int rc = mail_queue_order_run(tx, o->order, o->ids, o->id_count, &o->done);

	return rc == 0 && c->id && o->done == 0 ? HEARTH_ENOTFOUND : rc;
}

static void work_order(struct mail_call *c)
{
	static const char *const words[] = { "hold", "release", "retry", "remove" };
	struct mail_queue_call *o = c->queue;

	c->status = db_write_wait(c->m->db, carry_out, c);
	if (c->status < 0)
		return;
	log_info("queue", "ordered over HTTP", "order", "%s", words[o->order], "recipients", "%zu",
		o->done, "account", "%lld", (long long)c->account, NULL);
	json_open_object(&c->w);
	json_put_i64(&c->w, "done", (int64_t)o->done);
	json_close_object(&c->w);
}

static struct mail_call *order_new(
	void *module, struct http_request *rq, enum mail_queue_order order)
{
	struct mail_call *c = mail_call_new(module, rq, work_order);

	c->queue = ARENA_NEW(c->a, struct mail_queue_call);
	*c->queue = (struct mail_queue_call){ .order = order };
	return c;
}

static struct mail_call *order_one(
	void *module, struct http_request *rq, enum mail_queue_order order)
{
	struct mail_call *c = order_new(module, rq, order);

	c->id = c->queue->ids[0] = http_param_int(rq, "id");
	c->queue->id_count = 1;
	return c;
}

void mail_post_queue_hold(void *module, struct http_request *rq)
{
	mail_call_start(order_one(module, rq, MAIL_QUEUE_HOLD));
}

void mail_post_queue_release(void *module, struct http_request *rq)
{
	mail_call_start(order_one(module, rq, MAIL_QUEUE_RELEASE));
}

void mail_post_queue_retry(void *module, struct http_request *rq)
{
	mail_call_start(order_one(module, rq, MAIL_QUEUE_RETRY));
}

void mail_delete_queued(void *module, struct http_request *rq)
{
	mail_call_prove(order_one(module, rq, MAIL_QUEUE_REMOVE), NULL);
}

static bool read_ids(struct http_request *rq, const struct json *body, struct mail_queue_call *o)
{
	const struct json *ids = json_get(body, "ids");

	for (const struct json *it = ids ? ids->child : NULL; it; it = it->next) {
		if (o->id_count == IDS_MAX ||
			json_as_i64(it, 1, INT64_MAX, &o->ids[o->id_count]) < 0) {
			ids = NULL;
			break;
		}
		o->id_count++;
	}
	if (ids && ids->type == JSON_ARRAY && o->id_count > 0)
		return true;
	http_reply_problem(rq, 400, "ids", "expected 1 to %d numbers of the queue", IDS_MAX);
	return false;
}

void mail_post_queue_orders(void *module, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);
	struct mail_queue_call *o;
	enum mail_queue_order order;
	struct slice word = { NULL, 0 };
	struct mail_call *c;

	if (!body)
		return;
	json_get_text(body, "order", &word);
	if (!mail_queue_order_read(word, &order)) {
		http_reply_problem(rq, 400, "order", "expected hold, release, retry or remove");
		return;
	}
	o = ARENA_NEW(http_arena(rq), struct mail_queue_call);
	*o = (struct mail_queue_call){ .order = order };
	if (!read_ids(rq, body, o))
		return;
	c = order_new(module, rq, order);
	*c->queue = *o;
	if (order == MAIL_QUEUE_REMOVE)
		mail_call_prove(c, body);
	else
		mail_call_start(c);
}
