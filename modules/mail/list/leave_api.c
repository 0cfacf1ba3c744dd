/*
 * list/leave_api.c: POST /api/mail/lists/leave/{token}: a member leaves a group by the link that its mail has
 * (RFC 8058). By POST alone, with "List-Unsubscribe=One-Click" in the body: programs that look behind each
 * link of a mail put nobody out. On the loop.
 */
#include "hearth/clock.h"
#include "hearth/error.h"
#include "list/leave.h"
#include "list/list.h"
#include "mail.h"

static void on_left(void *arg, int status)
{
	struct http_request *rq = arg;

	/* Who is out already is told the same: the link may be used twice. */
	if (status == 0 || status == HEARTH_ENOTFOUND)
		http_reply_empty(rq, 204);
	else if (status == HEARTH_ECONFLICT)
		http_reply_problem(rq, 409, NULL,
			"this is the group's last owner: make somebody else one first");
	else
		http_reply_error(rq, status);
}

void mail_post_leave(void *module, struct http_request *rq)
{
	struct mail *m = module;
	int64_t group = 0, account = 0;
	int rc = m->has_srs_key ? leave_token_read(m->leave_key, http_param(rq, "token"),
					  clock_wall_s(), &group, &account)
				: HEARTH_EINVAL;

	if (rc < 0)
		http_reply_problem(rq, 404, "token",
			"this link is no longer good; leave the group in the page");
	else if (slice_find(http_body(rq), SLICE("List-Unsubscribe=One-Click")) < 0 &&
		 slice_find(http_body(rq), SLICE("name=\"List-Unsubscribe\"")) < 0)
		http_reply_problem(rq, 400, NULL, "expected List-Unsubscribe=One-Click");
	else
		m->accounts->leave_group(m->accounts->self, group, account, on_left, rq);
}
