/*
 * signin.c: POST /api/auth/login: address and password, then a session or the second step.
 */
#include "account/account.h"
#include "hearth/error.h"
#include "session/second.h"

struct signin {
	struct auth *a;
	struct http_request *rq;
};

static void on_authenticated(void *arg, int status, const struct account *account)
{
	struct signin *s = arg;

	if (status == 0) {
		auth_second_begin(s->a, s->rq, account);
	} else if (status == HEARTH_EDENIED) {
		http_reply_problem(s->rq, 401, NULL, "wrong address or password");
	} else if (status == HEARTH_EBUSY) {
		http_set_header(s->rq, "Retry-After", "900");
		http_reply_problem(s->rq, 429, NULL, "too many attempts; try again later");
	} else {
		http_reply_error(s->rq, status);
	}
}

void auth_post_login(void *module, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);
	struct slice address, password;
	struct signin *s;

	if (!body || !auth_secure(rq) ||
		!auth_read_text(rq, body, "address", 1, 254, "a mail address", &address) ||
		!auth_read_text(rq, body, "password", 0, AUTH_PASSWORD_MAX,
			"a password of at most 256 bytes", &password))
		return;
	s = ARENA_NEW(http_arena(rq), struct signin);
	*s = (struct signin){ .a = module, .rq = rq };
	auth_login(module, address, password, http_peer(rq), ACCOUNTS_VIA_WEB, on_authenticated, s);
}
