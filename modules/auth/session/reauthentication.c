/*
 * reauthentication.c: the password once more, before what a stolen session must not be able to do.
 * On the loop.
 */
#include "hearth/error.h"
#include "session/session.h"

struct confirm {
	struct http_request *rq;
	const char *field;
	auth_reauthenticate_fn *done;
	void *arg;
};

static void on_checked(void *arg, int status, const struct account *account, int64_t retry_ms)
{
	struct confirm *c = arg;
	/* An answer ends the request, and `c` with it. */
	auth_reauthenticate_fn *done = c->done;
	void *done_arg = c->arg;

	if (status == 0 && account->id != http_account(c->rq)->id)
		status = HEARTH_EDENIED; /* the address went to another meanwhile */
	if (status == HEARTH_EDENIED) {
		http_reply_problem(c->rq, 403, c->field, "this is not your password");
	} else if (status == HEARTH_EBUSY) {
		auth_reply_wait(c->rq, retry_ms);
	} else if (status != 0) {
		http_reply_error(c->rq, status);
	}
	done(done_arg, status);
}

void auth_reauthenticate(struct auth *a, struct http_request *rq, const struct json *body,
	const char *field, auth_reauthenticate_fn *done, void *arg)
{
	struct slice password;
	struct confirm *c;

	if (!auth_secure(rq) || !auth_read_text(rq, body, field, 0, AUTH_PASSWORD_MAX,
					"your password, once more", &password)) {
		done(arg, HEARTH_EINVAL);
		return;
	}
	c = ARENA_NEW(http_arena(rq), struct confirm);
	*c = (struct confirm){ .rq = rq, .field = field, .done = done, .arg = arg };
	auth_login(a, slice_str(http_account(rq)->address), password, http_peer(rq),
		ACCOUNTS_VIA_WEB, on_checked, c);
}
