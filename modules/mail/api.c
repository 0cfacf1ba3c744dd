/*
 * api.c: /api/mail/…: mailboxes, lists of messages, one message and its parts, for the page.
 *
 * Each call is read on the loop, worked out on a worker (SQL, blobs, MIME), and answered on the
 * loop again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "message.h"
#include "mime/content.h"
#include "notify.h"
#include "preferences.h"
#include "search.h"
#include "store.h"

#define LIST_MAX      200
#define AS_CHOSEN     SIZE_MAX
#define TEXT_MAX      (1u << 20) /* bytes of a message's text that are shown */
#define SEARCH_WINDOW 100000     /* newest messages of a mailbox that a search looks at */

struct call {
	struct mail *m;
	struct http_request *rq;
	int64_t account;
	struct arena *a;
	/* what was asked */
	int64_t id, part;
	struct slice mailbox, query;
	uint32_t before;
	size_t limit; /* AS_CHOSEN: by the person's preferences */
	unsigned set, clear;
	/* while working */
	struct db_tx *tx;
	struct json_writer w;
	struct mail_message message;
	struct mail_message *found;
	size_t found_n;
	int64_t changed_mailbox;
	struct mail_turn turn; /* of a search */
	char source[32];
	/* the answer */
	void (*work)(struct call *c);
	int status;
	struct strbuf json;
	struct buf *bytes;
	const char *type, *disposition;
};

static struct call *call_new(void *module, struct http_request *rq, void (*work)(struct call *c))
{
	struct call *c = mem_zalloc(sizeof(*c));

	c->m = module;
	c->rq = rq;
	c->account = http_account(rq)->id;
	c->a = arena_new();
	c->work = work;
	json_writer_init(&c->w, &c->json);
	return c;
}

static void call_free(struct call *c)
{
	strbuf_free(&c->json);
	buf_unref(&c->bytes);
	arena_free(&c->a);
	free(c);
}

static void run(void *arg)
{
	struct call *c = arg;

	c->work(c);
}

static void answer(void *arg, int status)
{
	struct call *c = arg;

	if (status == 0)
		status = c->status;
	if (status == 0 && c->changed_mailbox)
		mail_changed(hearth_bus(c->m->h), c->account, c->changed_mailbox);
	http_set_header(c->rq, "Cache-Control", "private, no-cache");
	if (status < 0) {
		http_reply_error(c->rq, status);
	} else if (c->bytes) {
		/* Bytes of a stranger under our own name: never run, never guessed at. */
		http_set_header(c->rq, "Content-Security-Policy", "sandbox; default-src 'none'");
		if (c->disposition)
			http_set_header(c->rq, "Content-Disposition", c->disposition);
		http_reply(c->rq, 200, c->type, c->bytes);
	} else {
		http_reply_json(c->rq, 200, &c->json);
	}
	call_free(c);
}

static void start(struct call *c)
{
	if (job_run(c->m->io, run, answer, c) < 0)
		answer(c, HEARTH_EBUSY);
}

#define SEARCH_SIZE (8u << 20) /* what it counts for among those who take turns */

/* What searches takes its turn, with the searches of IMAP. */
static void start_search(struct call *c)
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
	struct call *c = arg;
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
	struct call *c = arg;

	return mail_store_ensure(tx, c->account);
}

static int list_mailboxes(struct db_tx *tx, void *arg)
{
	struct call *c = arg;
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

static void work_mailboxes(struct call *c)
{
	c->status = db_write_wait(c->m->db, ensure, c);
	if (c->status == 0)
		c->status = db_read_wait(c->m->db, list_mailboxes, c);
}

static void get_mailboxes(void *module, struct http_request *rq)
{
	start(call_new(module, rq, work_mailboxes));
}

/* ---- lists ---- */

static void write_summary(struct json_writer *w, const struct mail_message *m)
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

/* Keeps a found message with what its list entry needs. */
static int keep_found(void *arg, const struct mail_message *m)
{
	struct call *c = arg;
	struct mail_message *kept = &c->found[c->found_n++];

	*kept = *m;
	kept->content.from = arena_slice(c->a, m->content.from);
	kept->content.to = arena_slice(c->a, m->content.to);
	kept->content.subject = arena_slice(c->a, m->content.subject);
	kept->content.preview = arena_slice(c->a, m->content.preview);
	return 0;
}

static int find_messages(struct db_tx *tx, void *arg)
{
	struct call *c = arg;
	struct mail_preferences chosen;
	struct mailbox box;
	size_t window;
	int rc = mail_store_mailbox(tx, c->account, c->mailbox, &box);

	if (rc == 0)
		rc = mail_store_count(tx, &box, MAIL_COUNT_MESSAGES);
	if (rc == 0 && c->limit == AS_CHOSEN) {
		rc = mail_store_preferences(tx, c->account, c->a, &chosen);
		c->limit = rc == 0 ? (size_t)chosen.page_size : c->limit;
	}
	if (rc < 0)
		return rc;
	window = c->query.n ? SEARCH_WINDOW : c->limit;
	if (window > box.messages)
		window = box.messages;
	c->found = arena_alloc(c->a, (window + 1) * sizeof(*c->found));
	c->found_n = 0;
	return mail_store_latest(tx, box.id, c->before, window, MAIL_WANT_SUMMARY, keep_found, c);
}

static int by_content(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Leaves of the found messages those that contain the query. */
static int narrow(struct call *c)
{
	int64_t *contents = arena_alloc(c->a, (c->found_n + 1) * sizeof(*contents));
	bool *hits = arena_zalloc(c->a, (c->found_n + 1) * sizeof(*hits));
	size_t kept = 0;
	int rc;

	for (size_t i = 0; i < c->found_n; i++)
		contents[i] = c->found[i].content_id;
	qsort(contents, c->found_n, sizeof(*contents), by_content);
	rc = mail_search_one(c->m, c->account,
		&(struct mail_search_for){ MAIL_SEARCH_TEXT, { 0 }, c->query }, contents,
		c->found_n, hits);
	for (size_t i = 0; i < c->found_n && rc == 0; i++) {
		int64_t *at = bsearch(&c->found[i].content_id, contents, c->found_n,
			sizeof(*contents), by_content);

		if (hits[at - contents] && kept < c->limit)
			c->found[kept++] = c->found[i];
	}
	c->found_n = kept;
	return rc;
}

static void work_messages(struct call *c)
{
	c->status = c->query.n ? db_read_long_wait(c->m->db, c->account, find_messages, c)
			       : db_read_wait(c->m->db, find_messages, c);
	if (c->status == 0 && c->query.n)
		c->status = narrow(c);
	if (c->status < 0)
		return;
	json_open_object(&c->w);
	json_name(&c->w, "messages");
	json_open_array(&c->w);
	for (size_t i = 0; i < c->found_n; i++) {
		json_open_object(&c->w);
		write_summary(&c->w, &c->found[i]);
		json_close_object(&c->w);
	}
	json_close_array(&c->w);
	json_close_object(&c->w);
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
	uint64_t before = 0, limit = AS_CHOSEN;
	struct slice mailbox = http_query(rq, "mailbox");
	struct call *c;

	if (!query_number(rq, "before", UINT32_MAX, &before) ||
		!query_number(rq, "limit", LIST_MAX, &limit))
		return;
	c = call_new(module, rq, work_messages);
	c->mailbox = arena_slice(c->a, mailbox.p ? mailbox : SLICE("INBOX"));
	c->query = arena_slice(c->a, slice_trim(http_query(rq, "q")));
	c->before = (uint32_t)before;
	c->limit = limit;
	if (c->query.n)
		start_search(c);
	else
		start(c);
}

/* ---- one message ---- */

static int load_message(struct db_tx *tx, void *arg)
{
	struct call *c = arg;

	return mail_store_message(
		tx, c->account, c->id, MAIL_WANT_STRUCTURE | MAIL_WANT_SUMMARY, c->a, &c->message);
}

/* The message's row, bytes and tree. */
static int open_message(struct call *c, struct buf **bytes, struct mime_part **root)
{
	int rc = db_read_wait(c->m->db, load_message, c);

	if (rc == 0)
		rc = mail_message_bytes(c->m, &c->message.content, bytes);
	if (rc == 0)
		rc = mail_content_structure(c->a, &c->message.content, root);
	return rc;
}

/* The first part of that text type which is shown rather than attached. */
static const struct mime_part *find_text(const struct mime_part *root, struct slice subtype)
{
	for (const struct mime_part *p = root; p; p = mime_part_after(root, p))
		if (p->kind == MIME_LEAF && mime_part_is(p, SLICE("text"), subtype) &&
			!mime_part_is_attachment(p))
			return p;
	return NULL;
}

static void put_text(
	struct call *c, const char *name, struct slice message, const struct mime_part *part)
{
	struct strbuf text = { 0 };

	if (!part) {
		json_put_str(&c->w, name, NULL);
		return;
	}
	mime_content_text(&text, part, mime_part_body(message, part), TEXT_MAX);
	json_put_text(&c->w, name, strbuf_slice(&text));
	strbuf_free(&text);
}

/* Attachments by their number in the order of the message: the number is their address. */
static void put_attachments(struct call *c, const struct mime_part *root)
{
	int64_t number = 0;

	json_name(&c->w, "attachments");
	json_open_array(&c->w);
	for (const struct mime_part *p = root; p; p = mime_part_after(root, p), number++) {
		if (!mime_part_is_attachment(p))
			continue;
		json_open_object(&c->w);
		json_put_i64(&c->w, "part", number);
		json_put_text(&c->w, "name", mime_part_filename(c->a, p));
		json_put_str(&c->w, "type",
			arena_printf(c->a, "%.*s/%.*s", SLICE_ARG(p->type), SLICE_ARG(p->subtype)));
		json_put_i64(&c->w, "size", (int64_t)p->decoded_size);
		json_close_object(&c->w);
	}
	json_close_array(&c->w);
}

static void work_message(struct call *c)
{
	struct mime_part *root;
	struct buf *bytes = NULL;

	c->status = open_message(c, &bytes, &root);
	if (c->status == 0) {
		json_open_object(&c->w);
		write_summary(&c->w, &c->message);
		put_text(c, "text", buf_slice(bytes), find_text(root, SLICE("plain")));
		put_text(c, "html", buf_slice(bytes), find_text(root, SLICE("html")));
		put_attachments(c, root);
		json_close_object(&c->w);
	}
	buf_unref(&bytes);
}

static void get_message(void *module, struct http_request *rq)
{
	struct call *c = call_new(module, rq, work_message);

	c->id = http_param_int(rq, "id");
	start(c);
}

static void work_source(struct call *c)
{
	struct mime_part *root;

	c->status = open_message(c, &c->bytes, &root);
	c->type = "text/plain; charset=utf-8";
}

static void get_source(void *module, struct http_request *rq)
{
	struct call *c = call_new(module, rq, work_source);

	c->id = http_param_int(rq, "id");
	start(c);
}

/* ---- attachments ---- */

/* attachment; filename*=UTF-8''… (RFC 6266): whatever the name, the header stays one. */
static const char *disposition_of(struct arena *a, struct slice name)
{
	struct strbuf out = { 0 };
	const char *text;

	strbuf_adds(&out, "attachment");
	if (name.n)
		strbuf_adds(&out, "; filename*=UTF-8''");
	for (size_t i = 0; i < name.n && i < 400; i++) {
		unsigned char ch = (unsigned char)name.p[i];
		bool plain = (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') ||
			     (ch >= 'A' && ch <= 'Z') || ch == '.' || ch == '-' || ch == '_';

		if (plain)
			strbuf_addc(&out, (char)ch);
		else
			strbuf_printf(&out, "%%%02X", ch);
	}
	text = arena_strdup(a, strbuf_slice(&out));
	strbuf_free(&out);
	return text;
}

static void work_part(struct call *c)
{
	struct strbuf decoded = { 0 };
	const struct mime_part *part;
	struct mime_part *root;
	struct buf *bytes = NULL;
	int64_t number = 0;

	c->status = open_message(c, &bytes, &root);
	if (c->status == 0) {
		for (part = root; part && number < c->part; number++)
			part = mime_part_after(root, part);
		if (part && mime_part_is_attachment(part)) {
			mime_content_bytes(&decoded, part, mime_part_body(buf_slice(bytes), part),
				BLOB_GET_MAX);
			c->bytes = buf_from_strbuf(&decoded);
			c->type = "application/octet-stream";
			c->disposition = disposition_of(c->a, mime_part_filename(c->a, part));
		} else {
			c->status = HEARTH_ENOTFOUND;
		}
	}
	buf_unref(&bytes);
}

static void get_part(void *module, struct http_request *rq)
{
	struct call *c = call_new(module, rq, work_part);

	c->id = http_param_int(rq, "id");
	c->part = http_param_int(rq, "part");
	start(c);
}

/* ---- flags ---- */

static int change_flags(struct db_tx *tx, void *arg)
{
	struct call *c = arg;
	const struct mail_flag_change change = { .set = c->set, .clear = c->clear };
	struct mail_flags after;
	int64_t modseq = 0;
	int rc = mail_store_message(tx, c->account, c->id, MAIL_WANT_META, c->a, &c->message);

	if (rc == 0)
		rc = mail_store_flag(
			tx, c->message.mailbox, c->message.uid, &change, &modseq, c->a, &after);
	return rc;
}

static void work_flags(struct call *c)
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
	struct call *c;

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
	c = call_new(module, rq, work_flags);
	c->id = http_param_int(rq, "id");
	c->set = set;
	c->clear = clear;
	start(c);
}

const struct http_route mail_routes[] = {
	{ HTTP_GET, "/api/mail/mailboxes", get_mailboxes, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/messages", get_messages, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/messages/{id:int}", get_message, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/messages/{id:int}/source", get_source, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/messages/{id:int}/parts/{part:int}", get_part, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/mail/signature", mail_get_signature, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/mail/messages/{id:int}/flags", post_flags, HTTP_ACCOUNT, 1024 },
	{ .pattern = NULL },
};
