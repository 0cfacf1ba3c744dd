/*
 * api/outgoing.c: what a person has on its way, over HTTP: to see it, to take it back while it waits, to let it
 * go at once (store/held.h). Handlers on the loop, the rest on io workers; a list is MAIL_HELD_MAX mails.
 */
#include "api/api.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "store/held.h"

static int write_recipient(void *arg, struct slice recipient)
{
	json_text(arg, recipient);
	return 0;
}

static int write_held(void *arg, const struct mail_held *h)
{
	struct mail_call *c = arg;
	int64_t now = clock_wall_ms();
	int rc;

	json_open_object(&c->w);
	json_put_i64(&c->w, "id", h->id);
	json_put_text(&c->w, "subject", h->subject);
	json_put_i64(&c->w, "size", h->size);
	json_name(&c->w, "copy");
	if (h->copy)
		json_i64(&c->w, h->copy);
	else
		json_null(&c->w);
	json_put_i64(&c->w, "waiting", h->waiting);
	json_put_str(&c->w, "state",
		h->due_ms <= now   ? "leaving"
		: h->attempts == 0 ? "waiting"
				   : "retrying");
	json_put_i64(&c->w, "due", (h->due_ms + 999) / 1000);
	json_name(&c->w, "recipients");
	json_open_array(&c->w);
	rc = mail_store_held_recipients(c->tx, h->id, write_recipient, &c->w);
	mail_call_close_list(c);
	return rc;
}

static int list(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	int rc;

	c->tx = tx;
	mail_call_open_list(c, "outgoing");
	rc = mail_store_held_list(tx, c->account, write_held, c);
	mail_call_close_list(c);
	return rc;
}

static void work_list(struct mail_call *c)
{
	c->status = db_read_wait(c->m->db, list, c);
}

void mail_get_outgoing(void *module, struct http_request *rq)
{
	mail_call_start(mail_call_new(module, rq, work_list));
}

/* ---- taking it back ---- */

/* The copy of what nobody has becomes a draft again; one that was moved elsewhere stays there. */
static int draft_copy(struct db_tx *tx, struct mail_call *c, int64_t copy)
{
	const struct mail_flag_change change = { .set = MAIL_DRAFT };
	struct mailbox drafts;
	struct mail_flags after;
	int64_t modseq = 0;
	uint32_t uid;
	int rc = mail_store_message(tx, c->account, copy, MAIL_WANT_META, c->a, &c->message);

	if (rc == 0)
		rc = mail_store_mailbox_by_use(tx, c->account, MAIL_USE_DRAFTS, &drafts);
	if (rc == 0)
		rc = mail_store_flag(
			tx, c->message.mailbox, c->message.uid, &change, &modseq, c->a, &after);
	if (rc == 0)
		rc = mail_store_move(
			tx, c->message.mailbox, c->message.uid, &drafts, &modseq, &uid);
	if (rc == 0) {
		c->changed[0] = c->message.mailbox;
		c->changed[1] = drafts.id;
		c->part = copy;
	}
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

static int take_back(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	int64_t copy = 0;
	int rc = mail_store_held_take_back(tx, c->account, c->id, clock_wall_ms(), &copy);

	c->part = 0;
	return rc == 0 && copy ? draft_copy(tx, c, copy) : rc;
}

static void work_take_back(struct mail_call *c)
{
	c->status = db_write_wait(c->m->db, take_back, c);
	json_open_object(&c->w);
	json_name(&c->w, "draft");
	if (c->part)
		json_i64(&c->w, c->part);
	else
		json_null(&c->w);
	json_close_object(&c->w);
}

void mail_delete_outgoing(void *module, struct http_request *rq)
{
	struct mail_call *c = mail_call_new(module, rq, work_take_back);

	c->id = http_param_int(rq, "id");
	mail_call_start(c);
}

/* ---- letting it go ---- */

static int release(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;

	return mail_store_held_release(tx, c->account, c->id, clock_wall_ms());
}

static void work_release(struct mail_call *c)
{
	c->status = db_write_wait(c->m->db, release, c);
	json_open_object(&c->w);
	json_put_i64(&c->w, "id", c->id);
	json_close_object(&c->w);
}

static void reply_released(struct mail_call *c)
{
	mail_queue_changed(c->m, (struct slice){ NULL, 0 });
	http_reply_json(c->rq, 200, &c->json);
}

void mail_post_outgoing_send(void *module, struct http_request *rq)
{
	struct mail_call *c = mail_call_new(module, rq, work_release);

	c->reply = reply_released;
	c->id = http_param_int(rq, "id");
	mail_call_start(c);
}
