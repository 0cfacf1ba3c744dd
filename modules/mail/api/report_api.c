/*
 * api/report_api.c: /api/mail/reports…, for administrators: what others report of mail in our domains' names
 * (DMARC) and of TLS with our servers (TLS-RPT). Handlers on the loop, the rest on io workers; a page is
 * LIST_MAX reports at most, a report REPORT_ROWS_MAX rows.
 */
#include "api/api.h"
#include "hearth/error.h"
#include "store/report.h"

#define LIST_DEFAULT 50
#define LIST_MAX     200

struct mail_report_call {
	struct slice kind, domain; /* empty: any */
	int64_t before;
	size_t limit, count;
	int64_t last; /* of the page, when there may be more */
};

static void put_report(struct json_writer *w, const struct mail_report *r)
{
	json_put_i64(w, "id", r->id);
	json_put_text(w, "kind", r->kind);
	json_put_text(w, "organization", r->organization);
	json_put_text(w, "contact", r->contact);
	json_put_text(w, "report_id", r->report_id);
	json_put_text(w, "domain", r->domain);
	json_put_i64(w, "begin", r->begin_s);
	json_put_i64(w, "end", r->end_s);
	json_put_i64(w, "received_at", r->received_s * 1000);
	json_put_i64(w, "passed", r->passed);
	json_put_i64(w, "failed", r->failed);
}

/* ---- GET /api/mail/reports ---- */

static int list_one(void *arg, const struct mail_report *r)
{
	struct mail_call *c = arg;
	struct mail_report_call *l = c->report;

	if (l->count++ == l->limit)
		return 1;
	l->last = r->id;
	json_open_object(&c->w);
	put_report(&c->w, r);
	json_close_object(&c->w);
	return 0;
}

/* Begins the answer anew: a transaction may run twice. */
static int list_page(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	struct mail_report_call *l = c->report;
	int rc;

	l->count = 0;
	mail_call_open_list(c, "reports");
	rc = mail_store_report_list(tx, l->kind, l->domain, l->before, l->limit + 1, list_one, c);
	json_close_array(&c->w);
	if (l->count > l->limit)
		json_put_i64(&c->w, "next", l->last);
	json_close_object(&c->w);
	return rc < 0 ? rc : 0;
}

static void work_list(struct mail_call *c)
{
	c->status = db_read_wait(c->m->db, list_page, c);
}

void mail_get_reports(void *module, struct http_request *rq)
{
	struct slice kind = http_query(rq, "kind"), domain = http_query(rq, "domain");
	uint64_t before = 0, limit = LIST_DEFAULT;
	struct mail_report_call *l;
	struct mail_call *c;

	if (kind.n && !slice_eq(kind, SLICE("dmarc")) && !slice_eq(kind, SLICE("tls"))) {
		http_reply_problem(rq, 400, "kind", "expected dmarc or tls");
		return;
	}
	if (!mail_call_number(rq, "before", INT64_MAX, &before) ||
		!mail_call_number(rq, "limit", LIST_MAX, &limit))
		return;
	c = mail_call_new(module, rq, work_list);
	c->report = l = ARENA_NEW(c->a, struct mail_report_call);
	*l = (struct mail_report_call){ .kind = arena_slice(c->a, kind),
		.domain = arena_slice(c->a, slice_trim(domain)),
		.before = (int64_t)before,
		.limit = (size_t)limit };
	mail_call_start(c);
}

/* ---- GET /api/mail/reports/{id} ---- */

static int put_row(void *arg, const struct report_row *r)
{
	struct mail_call *c = arg;

	json_open_object(&c->w);
	json_put_text(&c->w, "source", r->source);
	json_put_text(&c->w, "result", r->result);
	json_put_text(&c->w, "dkim", r->dkim);
	json_put_text(&c->w, "spf", r->spf);
	json_put_text(&c->w, "detail", r->detail);
	json_put_i64(&c->w, "count", r->count);
	json_close_object(&c->w);
	return 0;
}

static int show(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	struct mail_report r;
	int rc = mail_store_report_get(tx, c->id, c->a, &r);

	if (rc < 0)
		return rc;
	strbuf_reset(&c->json);
	json_writer_init(&c->w, &c->json);
	json_open_object(&c->w);
	put_report(&c->w, &r);
	json_name(&c->w, "rows");
	json_open_array(&c->w);
	rc = mail_store_report_rows(tx, c->id, put_row, c);
	mail_call_close_list(c);
	return rc;
}

static void work_show(struct mail_call *c)
{
	c->status = db_read_wait(c->m->db, show, c);
}

void mail_get_report(void *module, struct http_request *rq)
{
	struct mail_call *c = mail_call_new(module, rq, work_show);

	c->id = http_param_int(rq, "id");
	mail_call_start(c);
}
