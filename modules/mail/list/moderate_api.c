/*
 * list/moderate_api.c: /api/mail/lists/{group}/held: what waits for an owner's word (store/moderated.h): seen, read,
 * let go, thrown away, by owners of the group and nobody else. And the letter that tells them. Handlers on the
 * loop, the rest on io workers.
 */
#include "api/api.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "list/list.h"
#include "queue/orders.h"
#include "store/moderated.h"

/* Who does not own it is not told that it is there. */
static int check_owner(struct mail_call *c)
{
	const struct accounts *accounts = c->m->accounts;

	return accounts->owns_group_wait(
		accounts->self, http_param_int(c->rq, "group"), c->account);
}

static int put(void *arg, const struct mail_moderated *m)
{
	struct json_writer *w = arg;

	json_open_object(w);
	json_put_i64(w, "id", m->id);
	json_put_text(w, "sender", m->mail_from);
	json_put_text(w, "subject", m->subject);
	json_put_i64(w, "size", m->size);
	json_put_i64(w, "came_at", m->queued_ms);
	json_put_i64(w, "expires_at", m->expires_ms);
	json_close_object(w);
	return 0;
}

static int list(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	int rc;

	mail_call_open_list(c, "held");
	rc = mail_store_moderated_list(tx, http_param_int(c->rq, "group"), put, &c->w);
	mail_call_close_list(c);
	return rc;
}

static void work_list(struct mail_call *c)
{
	c->status = db_read_wait(c->m->db, list, c);
}

static int release(struct db_tx *tx, void *arg)
{
	const struct mail_call *c = arg;

	int rc = mail_store_moderated_release(
		tx, http_param_int(c->rq, "group"), http_param_int(c->rq, "id"), clock_wall_ms());

	return rc < 0 ? rc : bus_publish(tx, MAIL_TOPIC_QUEUE, SLICE("command"), SLICE("{}"));
}

static int drop(struct db_tx *tx, void *arg)
{
	const struct mail_call *c = arg;

	return mail_store_moderated_drop(
		tx, http_param_int(c->rq, "group"), http_param_int(c->rq, "id"));
}

static void decide(struct mail_call *c, db_fn *fn)
{
	c->status = db_write_wait(c->m->db, fn, c);
	if (c->status < 0)
		return;
	json_open_object(&c->w);
	json_put_i64(&c->w, "id", http_param_int(c->rq, "id"));
	json_close_object(&c->w);
}

static void work_release(struct mail_call *c)
{
	decide(c, release);
}

static void work_drop(struct mail_call *c)
{
	decide(c, drop);
}

/* By owners of the group alone. */
static void start(struct mail_call *c)
{
	c->enter = check_owner;
	mail_call_start(c);
}

void mail_get_moderated(void *module, struct http_request *rq)
{
	start(mail_call_new(module, rq, work_list));
}

void mail_post_moderated(void *module, struct http_request *rq)
{
	start(mail_call_new(module, rq, work_release));
}

void mail_delete_moderated(void *module, struct http_request *rq)
{
	start(mail_call_new(module, rq, work_drop));
}

/* ---- one of them, to be read ---- */

static int load(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;

	return mail_store_moderated_message(
		tx, http_param_int(c->rq, "group"), c->id, c->a, &c->message);
}

static void start_reading(struct mail_call *c)
{
	c->load = load;
	start(c);
}

void mail_get_held(void *module, struct http_request *rq)
{
	start_reading(mail_call_message(module, rq));
}

void mail_get_held_source(void *module, struct http_request *rq)
{
	start_reading(mail_call_source(module, rq));
}

void mail_get_held_part(void *module, struct http_request *rq)
{
	start_reading(mail_call_part(module, rq));
}

/* ---- the letter ---- */

void mail_list_tell_owners(struct mail *m, struct slice group, struct slice owners)
{
	struct strbuf text = { 0 };
	struct slice rest = slice_trim(owners);

	strbuf_printf(&text,
		"Somebody who is no member has written to the group %.*s. It waits for an owner to "
		"let it go or throw it away, here:\n\n  ",
		SLICE_ARG(group));
	hearth_url(m->h, &text);
	strbuf_printf(&text,
		"#account/groups/%.*s\n\nThere may be more by now: this is said once an hour.\n",
		SLICE_ARG(group));
	while (rest.n > 0) {
		struct slice to = slice_split(&rest, '\n');

		m->letters.send(m->letters.self,
			&(struct letter){ .to = to,
				.subject = SLICE("Mail to your group waits for you"),
				.text = strbuf_slice(&text) });
	}
	strbuf_free(&text);
}
