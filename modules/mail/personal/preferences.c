/*
 * preferences.c: see preferences.h. The document was checked against its schema before it was
 * published; what is missing in it has its default.
 *
 * The event is read on a bus worker and written in its transaction, the signature read on a
 * reader. A row is as large as the preferences' schema lets it be.
 */
#include "personal/preferences.h"

#include <stdlib.h>

#include "hearth/accounts.h"
#include "hearth/error.h"
#include "hearth/log.h"

/* A member's JSON as a text in `a`; `otherwise` when it is not there. */
static struct slice json_of(
	struct arena *a, const struct json *o, const char *name, struct slice otherwise)
{
	const struct json *value = json_get(o, name);
	struct strbuf out = { 0 };
	struct json_writer w;
	struct slice text;

	if (!value)
		return otherwise;
	json_writer_init(&w, &out);
	json_value(&w, value);
	text = arena_slice(a, strbuf_slice(&out));
	strbuf_free(&out);
	return text;
}

int mail_preferences_prepare(
	void *module, const struct bus_event *ev, struct arena *a, void **prepared)
{
	struct mail_preferences *p = ARENA_NEW(a, struct mail_preferences);
	struct accounts_preferences read;
	int rc = accounts_preferences_read(a, ev->payload, "mail", &read);

	(void)module;
	if (rc < 0)
		return rc;
	p->account = read.account;
	p->version = read.version;
	p->signature = json_of(a, read.section, "signature", SLICE("{}"));
	p->filters = json_of(a, read.section, "filters", SLICE("[]"));
	p->page_size = MAIL_PAGE_SIZE;
	json_get_i64(read.section, "page_size", 1, INT32_MAX, &p->page_size);
	json_get_i64(read.section, "send_delay", 0, INT32_MAX, &p->send_delay);
	*prepared = p;
	return 0;
}

int mail_preferences_apply(
	void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	(void)module;
	(void)ev;
	INVARIANT(db_tx_writes(tx) && prepared);
	return mail_store_set_preferences(tx, prepared);
}

/* ---- the signature ---- */

struct question {
	struct mail *m;
	struct http_request *rq;
	int64_t account;
	struct arena *a;
	struct mail_preferences found;
};

static int find(struct db_tx *tx, void *arg)
{
	struct question *q = arg;

	return mail_store_preferences(tx, q->account, q->a, &q->found);
}

static void write_image(struct json_writer *w, struct arena *a, struct slice name)
{
	json_open_object(w);
	json_put_text(w, "name", name);
	json_put_str(w, "url",
		arena_printf(a, "/api/auth/preferences/attachments/%.*s", SLICE_ARG(name)));
	json_close_object(w);
}

static void write_signature(struct json_writer *w, struct arena *a, const struct json *signature)
{
	const struct json *images = json_get(signature, "images");
	struct slice text = SLICE(""), html = SLICE("");
	bool enabled = true;

	json_get_bool(signature, "enabled", &enabled);
	json_get_text(signature, "text", &text);
	json_get_text(signature, "html", &html);
	json_open_object(w);
	json_put_bool(w, "enabled", enabled);
	json_put_text(w, "text", text);
	json_put_text(w, "html", html);
	json_name(w, "images");
	json_open_array(w);
	for (const struct json *i = images ? images->child : NULL; i; i = i->next)
		write_image(w, a, i->text);
	json_close_array(w);
	json_close_object(w);
}

static void on_found(void *arg, int status)
{
	struct question *q = arg;
	struct strbuf out = { 0 };
	struct json_writer w;
	struct json *signature;

	if (status == 0)
		status = json_read(q->a, q->found.signature, &signature, NULL);
	if (status == 0) {
		json_writer_init(&w, &out);
		write_signature(&w, q->a, signature);
		http_reply_json(q->rq, 200, &out);
	} else {
		http_reply_error(q->rq, status);
	}
	arena_free(&q->a);
	free(q);
}

void mail_get_signature(void *module, struct http_request *rq)
{
	struct question *q = mem_zalloc(sizeof(*q));

	q->m = module;
	q->rq = rq;
	q->account = http_account(rq)->id;
	q->a = arena_new();
	if (db_read(q->m->db, find, on_found, q) < 0)
		on_found(q, HEARTH_EBUSY);
}
