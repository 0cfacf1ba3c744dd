/*
 * list/leave_api.c: /api/mail/lists/leave/{token}: a member leaves a group by the link that its mail has
 * (RFC 8058). By POST alone, with "List-Unsubscribe=One-Click" in the body: a mail program's is answered 204. GET
 * answers with a page that asks (leave_page.h), and whose button posts: programs that look behind each link
 * of a mail put nobody out. Handlers on the loop; the group's title is read on an io worker.
 */
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "list/leave.h"
#include "list/leave_page.h"
#include "list/list.h"
#include "mail.h"

/* A link that is being followed. */
struct visit {
	struct mail *m;
	struct http_request *rq;
	int64_t group, account;
	enum leave_page page; /* the answer */
	bool to_browser;      /* as a page; else to a mail program */
	struct accounts_group_named called;
};

static int read_token(const struct mail *m, struct http_request *rq, struct visit *v)
{
	return m->has_srs_key ? leave_token_read(m->leave_key, http_param(rq, "token"),
					clock_wall_s(), &v->group, &v->account)
			      : HEARTH_EINVAL;
}

static struct visit *visit_new(struct mail *m, struct http_request *rq)
{
	struct visit *v = ARENA_NEW(http_arena(rq), struct visit);

	v->m = m;
	v->rq = rq;
	http_set_header(rq, "Cache-Control", "no-store");
	return v;
}

/* ---- the answer ---- */

static void reply_page(struct visit *v, enum leave_page page)
{
	struct strbuf html = { 0 }, url = { 0 };
	struct buf *body;

	hearth_url(v->m->h, &url);
	leave_page_write(&html, page, slice_str(v->called.title), strbuf_slice(&url));
	body = buf_from_strbuf(&html);
	http_set_header(v->rq, "Content-Security-Policy", LEAVE_PAGE_CSP);
	http_set_header(v->rq, "Referrer-Policy", "no-referrer");
	http_reply(v->rq, leave_page_status(page), "text/html; charset=utf-8", body);
	buf_unref(&body);
	strbuf_free(&url);
}

/* On a worker: a page names the group; one that is gone has no page. */
static void read_title(void *arg)
{
	struct visit *v = arg;
	const struct accounts *accounts = v->m->accounts;
	int rc = accounts->group_by_id_wait(accounts->self, v->group, &v->called);

	if (rc < 0)
		v->page = rc == HEARTH_ENOTFOUND ? LEAVE_PAGE_WRONG : LEAVE_PAGE_LATER;
}

static void on_title(void *arg, int status)
{
	struct visit *v = arg;

	reply_page(v, status < 0 ? LEAVE_PAGE_LATER : v->page);
}

static void show(struct visit *v, enum leave_page page)
{
	v->page = page;
	if (page > LEAVE_PAGE_LAST_OWNER)
		reply_page(v, page);
	else if (job_run(v->m->io, read_title, on_title, v) < 0)
		reply_page(v, LEAVE_PAGE_LATER);
}

/* ---- GET ---- */

void mail_get_leave(void *module, struct http_request *rq)
{
	struct visit *v = visit_new(module, rq);
	int rc = read_token(v->m, rq, v);

	show(v, rc == 0                 ? LEAVE_PAGE_ASK
		: rc == HEARTH_ETIMEOUT ? LEAVE_PAGE_EXPIRED
					: LEAVE_PAGE_WRONG);
}

/* ---- POST ---- */

static void on_left(void *arg, int status)
{
	struct visit *v = arg;

	/* Who is out already is told the same: the link may be used twice. */
	if (status == HEARTH_ENOTFOUND)
		status = 0;
	if (v->to_browser)
		show(v, status == 0                  ? LEAVE_PAGE_LEFT
			: status == HEARTH_ECONFLICT ? LEAVE_PAGE_LAST_OWNER
						     : LEAVE_PAGE_LATER);
	else if (status == 0)
		http_reply_empty(v->rq, 204);
	else if (status == HEARTH_ECONFLICT)
		http_reply_problem(v->rq, 409, NULL,
			"this is the group's last owner: make somebody else one first");
	else
		http_reply_error(v->rq, status);
}

/* As a form, or as multipart/form-data (RFC 8058 section 3.1). */
static bool is_one_click(struct http_request *rq)
{
	return slice_find(http_body(rq), SLICE("List-Unsubscribe=One-Click")) >= 0 ||
	       slice_find(http_body(rq), SLICE("name=\"List-Unsubscribe\"")) >= 0;
}

void mail_post_leave(void *module, struct http_request *rq)
{
	struct visit *v = visit_new(module, rq);
	int rc = read_token(v->m, rq, v);

	v->to_browser = http_form(rq, LEAVE_PAGE_FIELD).p != NULL;
	if (rc < 0 && v->to_browser)
		show(v, rc == HEARTH_ETIMEOUT ? LEAVE_PAGE_EXPIRED : LEAVE_PAGE_WRONG);
	else if (rc < 0)
		http_reply_problem(rq, 404, "token",
			"this link is no longer good; leave the group in the page");
	else if (!is_one_click(rq))
		http_reply_problem(rq, 400, NULL, "expected List-Unsubscribe=One-Click");
	else
		v->m->accounts->leave_group(v->m->accounts->self, v->group, v->account, on_left, v);
}
