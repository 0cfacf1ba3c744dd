/*
 * api.c: /api/mail/…: the table of routes, mailboxes; and how each call there goes (api.h). On
 * the loop, but for what a call's `work` does.
 *
 * What a call reads is bounded by its own file, a body by its route.
 */
#include "api/api.h"
#include "api/compose.h"

#include <stdlib.h>

#include "dns/dns_state.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "list/list.h"
#include "notify.h"
#include "personal/preferences.h"
#include "setup/setup.h"

struct mail_call *mail_call_new(
	void *module, struct http_request *rq, void (*work)(struct mail_call *c))
{
	struct mail_call *c = mem_zalloc(sizeof(*c));

	c->m = module;
	c->rq = rq;
	c->account = http_account(rq)->id;
	c->a = arena_new();
	c->work = work;
	json_writer_init(&c->w, &c->json);
	return c;
}

void mail_call_drop(struct mail_call *c)
{
	strbuf_free(&c->json);
	arena_free(&c->a);
	free(c);
}

static void run(void *arg)
{
	struct mail_call *c = arg;

	c->status = c->enter ? c->enter(c) : 0;
	if (c->status == 0)
		c->work(c);
}

void mail_call_open_list(struct mail_call *c, const char *name)
{
	strbuf_reset(&c->json);
	json_writer_init(&c->w, &c->json);
	json_open_object(&c->w);
	json_name(&c->w, name);
	json_open_array(&c->w);
}

void mail_call_close_list(struct mail_call *c)
{
	json_close_array(&c->w);
	json_close_object(&c->w);
}

bool mail_call_number(struct http_request *rq, const char *name, uint64_t max, uint64_t *out)
{
	struct slice text = http_query(rq, name);

	if (!text.p || (slice_u64(text, max, out) == 0 && *out > 0))
		return true;
	http_reply_problem(
		rq, 400, name, "expected a number from 1 to %llu", (unsigned long long)max);
	return false;
}

void mail_call_answer(void *arg, int status)
{
	struct mail_call *c = arg;

	if (status == 0)
		status = c->status;
	for (size_t i = 0; i < 2; i++)
		if (status == 0 && c->changed[i])
			mail_changed(hearth_bus(c->m->h), c->account, c->changed[i]);
	http_set_header(c->rq, "Cache-Control", "private, no-cache");
	if (status < 0) {
		http_reply_error(c->rq, status);
	} else if (c->reply) {
		c->reply(c);
	} else {
		http_reply_json(c->rq, 200, &c->json);
	}
	mail_call_drop(c);
}

void mail_call_start(struct mail_call *c)
{
	INVARIANT(c->work && c->account > 0);
	if (job_run(c->m->io, run, mail_call_answer, c) < 0)
		mail_call_answer(c, HEARTH_EBUSY);
}

static void on_proven(void *arg, int status)
{
	struct mail_call *c = arg;

	if (status == 0)
		mail_call_start(c);
	else
		mail_call_drop(c);
}

void mail_call_prove(struct mail_call *c, const struct json *body)
{
	const struct accounts *accounts = c->m->accounts;

	accounts->prove(accounts->self, c->rq, body, on_proven, c);
}

/* ---- mailboxes ---- */

static const char *role_of(const struct mailbox *box)
{
	switch (box->use) {
	case MAIL_USE_ARCHIVE: return "archive";
	case MAIL_USE_DRAFTS: return "drafts";
	case MAIL_USE_JUNK: return "junk";
	case MAIL_USE_SENT: return "sent";
	case MAIL_USE_TRASH: return "trash";
	}
	return strcmp(box->name, "INBOX") == 0 ? "inbox" : NULL;
}

static int write_mailbox(void *arg, const struct mailbox *found)
{
	struct mail_call *c = arg;
	struct mailbox box = *found;
	int rc = mail_store_count(c->tx, &box, MAIL_COUNT_MESSAGES | MAIL_COUNT_UNSEEN);

	json_open_object(&c->w);
	json_put_str(&c->w, "name", box.name);
	json_put_str(&c->w, "role", role_of(&box));
	json_put_i64(&c->w, "total", box.messages);
	json_put_i64(&c->w, "unseen", box.unseen);
	json_close_object(&c->w);
	return rc;
}

static int ensure(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;

	return mail_store_ensure(tx, c->account);
}

static int list_mailboxes(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	int rc;

	c->tx = tx;
	mail_call_open_list(c, "mailboxes");
	rc = mail_store_mailboxes(tx, c->account, write_mailbox, c);
	mail_call_close_list(c);
	return rc;
}

static void work_mailboxes(struct mail_call *c)
{
	c->status = db_write_wait(c->m->db, ensure, c);
	if (c->status == 0)
		c->status = db_read_wait(c->m->db, list_mailboxes, c);
}

static void get_mailboxes(void *module, struct http_request *rq)
{
	mail_call_start(mail_call_new(module, rq, work_mailboxes));
}

/* ---- for mail programs ---- */

static void get_servers(void *module, struct http_request *rq)
{
	static const char *const listeners[] = { "imaps", "imap", "submissions", "submission" };
	struct mail *m = module;
	struct strbuf json = { 0 };
	struct json_writer w;

	json_writer_init(&w, &json);
	json_open_object(&w);
	json_put_str(&w, "host", hearth_hostname(m->h));
	for (size_t i = 0; i < sizeof(listeners) / sizeof(listeners[0]); i++)
		json_put_i64(&w, listeners[i], hearth_port(m->h, listeners[i]));
	json_close_object(&w);
	http_reply_json(rq, 200, &json);
}

/* ---- a list's entry ---- */

void mail_call_summary(struct json_writer *w, const struct mail_message *m)
{
	json_put_i64(w, "id", m->id);
	json_put_i64(w, "uid", m->uid);
	json_put_text(w, "from", m->content.from);
	json_put_text(w, "to", m->content.to);
	json_put_text(w, "subject", m->content.subject);
	json_put_text(w, "preview", m->content.preview);
	json_put_i64(w, "date", m->content.date ? m->content.date : m->internal_date);
	json_put_i64(w, "size", (int64_t)m->size);
	json_put_bool(w, "seen", m->flags & MAIL_SEEN);
	json_put_bool(w, "flagged", m->flags & MAIL_FLAGGED);
	json_put_bool(w, "answered", m->flags & MAIL_ANSWERED);
	json_put_bool(w, "has_attachment", m->content.has_attachment);
}

const struct http_route mail_routes[] = {
	{ HTTP_GET, "/api/mail/mailboxes", get_mailboxes, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/messages", mail_get_messages, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/mail/messages", mail_post_message, HTTP_ACCOUNT, COMPOSE_BODY_MAX },
	{ HTTP_GET, "/api/mail/messages/{id:int}", mail_get_message, HTTP_ACCOUNT, 0 },
	{ HTTP_DELETE, "/api/mail/messages/{id:int}", mail_delete_message, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/messages/{id:int}/source", mail_get_source, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/messages/{id:int}/parts/{part:int}", mail_get_part, HTTP_ACCOUNT,
		0 },
	{ HTTP_GET, "/api/mail/suppressed", mail_get_suppressed, HTTP_ADMIN, 0 },
	{ HTTP_POST, "/api/mail/suppressed/remove", mail_post_unsuppress, HTTP_ADMIN, 1024 },
	{ HTTP_GET, "/api/mail/dkim", mail_get_dkim, HTTP_ADMIN, 0 },
	{ HTTP_POST, "/api/mail/dkim/rotate", mail_post_dkim_rotate, HTTP_ADMIN, 4096 },
	{ HTTP_POST, "/api/mail/dkim/revoke", mail_post_dkim_revoke, HTTP_ADMIN, 4096 },
	{ HTTP_GET, "/.well-known/mta-sts.txt", mail_get_sts_policy, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/mail/config-v1.1.xml", mail_get_autoconfig, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/.well-known/autoconfig/mail/config-v1.1.xml", mail_get_autoconfig,
		HTTP_PUBLIC, 0 },
	{ HTTP_POST, "/autodiscover/autodiscover.xml", mail_post_autodiscover, HTTP_PUBLIC,
		SETUP_BODY_MAX },
	{ HTTP_POST, "/Autodiscover/Autodiscover.xml", mail_post_autodiscover, HTTP_PUBLIC,
		SETUP_BODY_MAX },
	{ HTTP_POST, "/AutoDiscover/AutoDiscover.xml", mail_post_autodiscover, HTTP_PUBLIC,
		SETUP_BODY_MAX },
	{ HTTP_GET, "/autodiscover/autodiscover.json", mail_get_autodiscover_json, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/autodiscover/autodiscover.json/v1.0/{address:text}",
		mail_get_autodiscover_json, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/mail/apple.mobileconfig", mail_get_profile, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/api/mail/apple.mobileconfig", mail_get_own_profile, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/dns", mail_get_dns, HTTP_ADMIN, 0 },
	{ HTTP_POST, "/api/mail/dns/check", mail_post_dns_check, HTTP_ADMIN, 0 },
	{ HTTP_GET, "/api/mail/outgoing", mail_get_outgoing, HTTP_ACCOUNT, 0 },
	{ HTTP_DELETE, "/api/mail/outgoing/{id:int}", mail_delete_outgoing, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/mail/outgoing/{id:int}/send", mail_post_outgoing_send, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/forward", mail_get_forward, HTTP_ACCOUNT, 0 },
	{ HTTP_PUT, "/api/mail/forward", mail_put_forward, HTTP_ACCOUNT, 4096 },
	{ HTTP_DELETE, "/api/mail/forward", mail_delete_forward, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/mail/forward/confirm", mail_post_forward_confirm, HTTP_PUBLIC, 1024 },
	{ HTTP_GET, "/api/mail/lists/{group:int}/held", mail_get_moderated, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/lists/{group:int}/held/{id:int}", mail_get_held, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/lists/{group:int}/held/{id:int}/source", mail_get_held_source,
		HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/lists/{group:int}/held/{id:int}/parts/{part:int}",
		mail_get_held_part, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/mail/lists/{group:int}/held/{id:int}/approve", mail_post_moderated,
		HTTP_ACCOUNT, 0 },
	{ HTTP_DELETE, "/api/mail/lists/{group:int}/held/{id:int}", mail_delete_moderated,
		HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/lists/{group:int}/archive", mail_get_archive, HTTP_ACCOUNT, 0 },
	{ HTTP_DELETE, "/api/mail/lists/{group:int}/archive", mail_delete_archive, HTTP_ACCOUNT,
		4096 },
	{ HTTP_GET, "/api/mail/lists/{group:int}/archive/{id:int}", mail_get_archived, HTTP_ACCOUNT,
		0 },
	{ HTTP_DELETE, "/api/mail/lists/{group:int}/archive/{id:int}", mail_delete_archived,
		HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/lists/{group:int}/archive/{id:int}/source", mail_get_archived_source,
		HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/lists/{group:int}/archive/{id:int}/parts/{part:int}",
		mail_get_archived_part, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/lists/leave/{token:word}", mail_get_leave, HTTP_PUBLIC, 0 },
	{ HTTP_POST, "/api/mail/lists/leave/{token:word}", mail_post_leave,
		HTTP_PUBLIC | HTTP_FOREIGN, 1024 },
	{ HTTP_GET, "/api/mail/servers", get_servers, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/signature", mail_get_signature, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/mail/messages/{id:int}/flags", mail_post_flags, HTTP_ACCOUNT, 1024 },
	{ HTTP_POST, "/api/mail/messages/{id:int}/move", mail_post_move, HTTP_ACCOUNT, 4096 },
	{ HTTP_GET, "/api/mail/reports", mail_get_reports, HTTP_ADMIN, 0 },
	{ HTTP_GET, "/api/mail/reports/{id:int}", mail_get_report, HTTP_ADMIN, 0 },
	{ HTTP_GET, "/api/mail/queue", mail_get_queue, HTTP_ADMIN, 0 },
	{ HTTP_GET, "/api/mail/queue/summary", mail_get_queue_summary, HTTP_ADMIN, 0 },
	{ HTTP_GET, "/api/mail/queue/{id:int}", mail_get_queued, HTTP_ADMIN, 0 },
	{ HTTP_DELETE, "/api/mail/queue/{id:int}", mail_delete_queued, HTTP_ADMIN, 4096 },
	{ HTTP_POST, "/api/mail/queue/{id:int}/hold", mail_post_queue_hold, HTTP_ADMIN, 0 },
	{ HTTP_POST, "/api/mail/queue/{id:int}/release", mail_post_queue_release, HTTP_ADMIN, 0 },
	{ HTTP_POST, "/api/mail/queue/{id:int}/retry", mail_post_queue_retry, HTTP_ADMIN, 0 },
	{ HTTP_POST, "/api/mail/queue/orders", mail_post_queue_orders, HTTP_ADMIN, 8192 },
	{ .pattern = NULL },
};
