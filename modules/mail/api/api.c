/*
 * api.c: /api/mail/…: mailboxes, lists of messages, flags, for the page; and how each call there
 * goes (api.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "hearth/error.h"
#include "notify.h"
#include "personal/preferences.h"
#include "search/search.h"

#define LIST_MAX      200
#define SEARCH_WINDOW 100000 /* newest messages of a mailbox that a search looks at */

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

static void call_free(struct mail_call *c)
{
	strbuf_free(&c->json);
	arena_free(&c->a);
	free(c);
}

static void run(void *arg)
{
	struct mail_call *c = arg;

	c->work(c);
}

static void answer(void *arg, int status)
{
	struct mail_call *c = arg;

	if (status == 0)
		status = c->status;
	if (status == 0 && c->changed_mailbox)
		mail_changed(hearth_bus(c->m->h), c->account, c->changed_mailbox);
	http_set_header(c->rq, "Cache-Control", "private, no-cache");
	if (status < 0) {
		http_reply_error(c->rq, status);
	} else if (c->reply) {
		c->reply(c);
	} else {
		http_reply_json(c->rq, 200, &c->json);
	}
	call_free(c);
}

void mail_call_start(struct mail_call *c)
{
	if (job_run(c->m->io, run, answer, c) < 0)
		answer(c, HEARTH_EBUSY);
}

#define SEARCH_SIZE (8u << 20) /* what it counts for among those who take turns */

/* What searches takes its turn, with the searches of IMAP. */
static void start_search(struct mail_call *c)
{
	snprintf(c->source, sizeof(c->source), "search %lld", (long long)c->account);
	c->turn = (struct mail_turn){ .source = slice_str(c->source),
		.size = SEARCH_SIZE,
		.work = run,
		.done = answer,
		.arg = c };
	mail_turn_take(&c->m->turns, &c->turn);
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
	strbuf_reset(&c->json);
	json_writer_init(&c->w, &c->json);
	json_open_object(&c->w);
	json_name(&c->w, "mailboxes");
	json_open_array(&c->w);
	rc = mail_store_mailboxes(tx, c->account, write_mailbox, c);
	json_close_array(&c->w);
	json_close_object(&c->w);
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

/* ---- lists ---- */

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

static int put_entry(void *arg, const struct mail_message *m)
{
	struct mail_call *c = arg;

	json_open_object(&c->w);
	mail_call_summary(&c->w, m);
	json_close_object(&c->w);
	return 0;
}

/* Of what may be a hundred thousand, only where it is. */
static int keep_found(void *arg, const struct mail_message *m)
{
	struct mail_call *c = arg;

	if (c->found_n == c->found_max) {
		struct mail_hit *more = arena_alloc(c->a, 2 * c->found_max * sizeof(*more));

		memcpy(more, c->found, c->found_n * sizeof(*more));
		c->found = more;
		c->found_max *= 2;
	}
	c->found[c->found_n++] = (struct mail_hit){ m->content_id, m->uid };
	return 0;
}

static int open_box(struct db_tx *tx, struct mail_call *c)
{
	struct mail_preferences chosen;
	struct mailbox box;
	int rc = mail_store_mailbox(tx, c->account, c->mailbox, &box);

	if (rc == 0)
		c->mailbox_id = box.id;
	if (rc == 0 && c->limit == MAIL_AS_CHOSEN) {
		rc = mail_store_preferences(tx, c->account, c->a, &chosen);
		c->limit = rc == 0 ? (size_t)chosen.page_size : c->limit;
	}
	return rc;
}

/* The entries of a list, the newest of a mailbox. */
static int put_latest(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	int rc = open_box(tx, c);

	return rc < 0 ? rc
		      : mail_store_latest(tx, c->mailbox_id, c->before, c->limit, MAIL_WANT_SUMMARY,
				put_entry, c);
}

/* The same of those that were found. */
static int put_found(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	int rc = 0;

	for (size_t i = 0; i < c->found_n && rc == 0; i++)
		rc = mail_store_messages(tx, c->mailbox_id, c->found[i].uid, c->found[i].uid,
			MAIL_WANT_SUMMARY, put_entry, c);
	return rc;
}

/* What a search looks through. */
static int find_messages(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	int rc = open_box(tx, c);

	if (rc < 0)
		return rc;
	c->found_max = 1000;
	c->found = arena_alloc(c->a, c->found_max * sizeof(*c->found));
	c->found_n = 0;
	return mail_store_latest(
		tx, c->mailbox_id, c->before, SEARCH_WINDOW, MAIL_WANT_META, keep_found, c);
}

static int by_content(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Leaves of the found messages those that contain the query. */
static int narrow(struct mail_call *c)
{
	int64_t *contents = arena_alloc(c->a, (c->found_n + 1) * sizeof(*contents));
	bool *hits = arena_zalloc(c->a, (c->found_n + 1) * sizeof(*hits));
	size_t kept = 0;
	int rc;

	for (size_t i = 0; i < c->found_n; i++)
		contents[i] = c->found[i].content;
	qsort(contents, c->found_n, sizeof(*contents), by_content);
	rc = mail_search_one(c->m, c->account,
		&(struct mail_search_for){ MAIL_SEARCH_TEXT, { 0 }, c->query }, contents,
		c->found_n, hits);
	for (size_t i = 0; i < c->found_n && rc == 0; i++) {
		int64_t *at = bsearch(
			&c->found[i].content, contents, c->found_n, sizeof(*contents), by_content);

		if (hits[at - contents] && kept < c->limit)
			c->found[kept++] = c->found[i];
	}
	c->found_n = kept;
	return rc;
}

/* Begins the answer anew: a transaction may run twice. */
static int put_list(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	int rc;

	strbuf_reset(&c->json);
	json_writer_init(&c->w, &c->json);
	json_open_object(&c->w);
	json_name(&c->w, "messages");
	json_open_array(&c->w);
	rc = c->query.n ? put_found(tx, c) : put_latest(tx, c);
	json_close_array(&c->w);
	json_close_object(&c->w);
	return rc;
}

static void work_messages(struct mail_call *c)
{
	if (c->query.n)
		c->status = db_read_long_wait(c->m->db, c->account, find_messages, c);
	if (c->status == 0 && c->query.n)
		c->status = narrow(c);
	if (c->status == 0)
		c->status = db_read_wait(c->m->db, put_list, c);
}

/* A number from the query; false after a 400 when it is none. */
static bool query_number(struct http_request *rq, const char *name, uint64_t max, uint64_t *out)
{
	struct slice text = http_query(rq, name);

	if (!text.p || slice_u64(text, max, out) == 0)
		return true;
	http_reply_problem(
		rq, 400, name, "expected a number of at most %llu", (unsigned long long)max);
	return false;
}

static void get_messages(void *module, struct http_request *rq)
{
	uint64_t before = 0, limit = MAIL_AS_CHOSEN;
	struct slice mailbox = http_query(rq, "mailbox");
	struct mail_call *c;

	if (!query_number(rq, "before", UINT32_MAX, &before) ||
		!query_number(rq, "limit", LIST_MAX, &limit))
		return;
	c = mail_call_new(module, rq, work_messages);
	c->mailbox = arena_slice(c->a, mailbox.p ? mailbox : SLICE("INBOX"));
	c->query = arena_slice(c->a, slice_trim(http_query(rq, "q")));
	c->before = (uint32_t)before;
	c->limit = limit;
	if (c->query.n)
		start_search(c);
	else
		mail_call_start(c);
}

/* ---- flags ---- */

static int change_flags(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	const struct mail_flag_change change = { .set = c->set, .clear = c->clear };
	struct mail_flags after;
	int64_t modseq = 0;
	int rc = mail_store_message(tx, c->account, c->id, MAIL_WANT_META, c->a, &c->message);

	if (rc == 0)
		rc = mail_store_flag(
			tx, c->message.mailbox, c->message.uid, &change, &modseq, c->a, &after);
	return rc;
}

static void work_flags(struct mail_call *c)
{
	c->status = db_write_wait(c->m->db, change_flags, c);
	if (c->status < 0)
		return;
	c->changed_mailbox = c->message.mailbox;
	json_open_object(&c->w);
	json_put_i64(&c->w, "id", c->id);
	json_close_object(&c->w);
}

static void post_flags(void *module, struct http_request *rq)
{
	static const struct {
		const char *name;
		unsigned flag;
	} flags[] = { { "seen", MAIL_SEEN }, { "flagged", MAIL_FLAGGED },
		{ "answered", MAIL_ANSWERED } };
	const struct json *body = http_body_json(rq);
	unsigned set = 0, clear = 0;
	struct mail_call *c;

	if (!body)
		return;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		bool on;
		int rc = json_get_bool(body, flags[i].name, &on);

		if (rc == HEARTH_EINVAL) {
			http_reply_problem(rq, 400, flags[i].name, "expected true or false");
			return;
		}
		if (rc == 0)
			*(on ? &set : &clear) |= flags[i].flag;
	}
	c = mail_call_new(module, rq, work_flags);
	c->id = http_param_int(rq, "id");
	c->set = set;
	c->clear = clear;
	mail_call_start(c);
}

const struct http_route mail_routes[] = {
	{ HTTP_GET, "/api/mail/mailboxes", get_mailboxes, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/messages", get_messages, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/messages/{id:int}", mail_get_message, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/messages/{id:int}/source", mail_get_source, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/messages/{id:int}/parts/{part:int}", mail_get_part, HTTP_ACCOUNT,
		0 },
	{ HTTP_GET, "/api/mail/servers", get_servers, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/signature", mail_get_signature, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/mail/messages/{id:int}/flags", post_flags, HTTP_ACCOUNT, 1024 },
	{ .pattern = NULL },
};
