/*
 * api/compose.c: a message a person wrote, from the request to the answer (compose.h). On the loop.
 *
 * One step after the other: it is read on a worker, its recipients are asked for one by one, its bytes
 * are handed to the delivery as fast as the disk takes them.
 */
#include "api/compose.h"

#include <stdlib.h>

#include "delivery/limit_notice.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/room.h"
#include "mime/date.h"
#include "notify.h"
#include "store/store.h"

#define PIECE (64u << 10) /* bytes handed to the delivery at a time */

static void compose_free(struct compose *c)
{
	mail_delivery_abort(&c->delivery);
	strbuf_free(&c->message);
	arena_free(&c->a);
	free(c);
}

/* ---- the answer ---- */

static void refuse(struct compose *c, int status, const char *field, const char *why)
{
	if (status == 503)
		http_set_header(c->rq, "Retry-After", "10");
	http_reply_problem(c->rq, status, field, "%s", why);
	compose_free(c);
}

static void fail(struct compose *c, int error)
{
	http_reply_error(c->rq, error);
	compose_free(c);
}

static void on_delivered(void *arg, int status, const struct mail_recipient *recipients, size_t n)
{
	struct compose *c = arg;
	struct strbuf json = { 0 };
	struct json_writer w;

	if (status == HEARTH_ETOOBIG) {
		refuse(c, 507, NULL, "the account's quota is used up");
	} else if (status == HEARTH_EDENIED) {
		mail_limit_reached(c->m, c->sender.id, c->sender.address);
		refuse(c, 429, NULL,
			"too many recipients elsewhere within the hour; try again later");
	} else if (status < 0 && !room_left()) {
		refuse(c, 507, NULL, "the server's disk is full; try again later");
	} else if (status < 0) {
		fail(c, status);
	} else {
		if (c->answers_mailbox)
			mail_changed(hearth_bus(c->m->h), c->sender.id, c->answers_mailbox);
		json_writer_init(&w, &json);
		json_open_object(&w);
		json_put_i64(&w, "id", recipients[n - 1].message);
		json_put_i64(&w, "recipients", (int64_t)c->to_n);
		json_close_object(&w);
		http_reply_json(c->rq, 201, &json);
		compose_free(c);
	}
}

/* ---- its delivery ---- */

/* In the transaction: what was answered bears \Answered, if it is still there. */
static int mark_answered(struct db_tx *tx, void *arg)
{
	struct compose *c = arg;
	const struct mail_flag_change change = { .set = MAIL_ANSWERED };
	struct mail_message message;
	struct mail_flags after;
	struct arena *a = arena_new();
	int64_t modseq = 0;
	int rc = mail_store_message(tx, c->sender.id, c->answers, MAIL_WANT_META, a, &message);

	if (rc == 0)
		rc = mail_store_flag(tx, message.mailbox, message.uid, &change, &modseq, a, &after);
	c->answers_mailbox = rc == 0 && modseq ? message.mailbox : 0;
	arena_free(&a);
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

static void set_envelope(struct compose *c)
{
	struct strbuf trace = { 0 };

	strbuf_printf(&trace, "Received: by %s with HTTP;\r\n\t", hearth_hostname(c->m->h));
	mime_date_write(&trace, clock_wall_s());
	strbuf_adds(&trace, "\r\n");
	mail_delivery_set_trace(c->delivery, c->from, strbuf_slice(&trace));
	mail_delivery_set_outgoing(c->delivery, &c->sender, c->utf8, 0, SLICE(""));
	mail_delivery_set_source(c->delivery, slice_str(c->sender.address));
	mail_delivery_hold(c->delivery, c->hold_ms);
	mail_delivery_add(c->delivery, &(struct mail_recipient){ .account = c->sender.id,
					       .use = MAIL_USE_SENT,
					       .head = c->bcc,
					       .flags = MAIL_SEEN,
					       .ask_quota = true });
	if (c->answers)
		mail_delivery_also(c->delivery, mark_answered, c);
	strbuf_free(&trace);
}

static void write_on(void *arg)
{
	struct compose *c = arg;

	while (c->written < c->message.n) {
		struct slice piece =
			slice_head(slice_skip(strbuf_slice(&c->message), c->written), PIECE);

		c->written += piece.n;
		if (mail_delivery_write(c->delivery, piece) > blob_writer_high()) {
			mail_delivery_on_drained(c->delivery, write_on, c);
			return;
		}
	}
	mail_delivery_finish(&c->delivery, on_delivered, c);
}

static void ask_on(struct compose *c);

/* False: it was refused, and all of it with it. */
static bool is_admitted(struct compose *c, const struct smtp_reply *reply)
{
	const struct compose_recipient *to = &c->to[c->asked];

	if (reply->code == 250)
		return true;
	refuse(c, reply->code < 500 ? 503 : 422, to->field,
		arena_printf(c->a, "%.*s: %s", SLICE_ARG(to->address), reply->text));
	return false;
}

static void on_admitted(void *arg, const struct smtp_reply *reply)
{
	struct compose *c = arg;

	if (!is_admitted(c, reply))
		return;
	c->asked++;
	ask_on(c);
}

static void ask_on(struct compose *c)
{
	for (; c->asked < c->to_n; c->asked++) {
		const struct compose_recipient *to = &c->to[c->asked];
		const struct smtp_reply *reply = mail_admit(&(struct mail_admission){ .m = c->m,
								    .delivery = c->delivery,
								    .sender = &c->sender,
								    .address = to->address,
								    .domain = to->domain,
								    .size = (int64_t)c->message.n },
			on_admitted, c);

		if (!reply || !is_admitted(c, reply))
			return;
	}
	set_envelope(c);
	write_on(c);
}

/* ---- the request ---- */

static void on_read(void *arg, int status)
{
	struct compose *c = arg;

	if (status == 0)
		status = c->status;
	if (c->problem) {
		refuse(c, c->problem, c->field, c->why);
		return;
	}
	if (status < 0) {
		fail(c, status);
		return;
	}
	INVARIANT(c->to_n > 0 && c->message.n > 0);
	c->delivery = mail_delivery_new(c->m);
	ask_on(c);
}

void mail_post_message(void *module, struct http_request *rq)
{
	struct compose *c = mem_zalloc(sizeof(*c));
	size_t size = http_body(rq).n;

	c->m = module;
	c->rq = rq;
	c->sender = *http_account(rq);
	c->a = arena_new();
	if (size > COMPOSE_SMALL) {
		c->turn = (struct mail_turn){ .source = slice_str(c->sender.address),
			.size = size,
			.work = compose_read,
			.done = on_read,
			.arg = c };
		mail_turn_take(&c->m->turns, &c->turn);
	} else if (job_run(c->m->io, compose_read, on_read, c) < 0) {
		on_read(c, HEARTH_EBUSY);
	}
}
