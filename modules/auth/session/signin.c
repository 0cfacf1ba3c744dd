/*
 * signin.c: POST /api/auth/login: address and password, then a session or the second step.
 * On the loop; one at a time for each request.
 */
#include "account/account.h"
#include "hearth/error.h"
#include "session/mfa_challenge.h"

struct signin {
	struct auth *a;
	struct http_request *rq;
};

static void on_authenticated(void *arg, int status, const struct account *account, int64_t retry_ms)
{
	struct signin *s = arg;

	if (status == 0) {
		auth_mfa_begin(s->a, s->rq, account);
	} else if (status == HEARTH_EDENIED) {
		http_reply_problem(s->rq, 401, NULL, "wrong address or password");
	} else if (status == HEARTH_EBUSY) {
		auth_reply_wait(s->rq, retry_ms);
	} else {
		http_reply_error(s->rq, status);
	}
}

void auth_post_login(void *module, struct http_request *rq)
{
	struct slice address, password, device = http_cookie(rq, AUTH_DEVICE_COOKIE);
	const struct json *body = http_body_json(rq);
	char device_hex[AUTH_TOKEN_HEX] = "";
	struct signin *s;

	if (!body || !auth_secure(rq) ||
		!auth_read_text(rq, body, "address", 1, 254, "a mail address", &address) ||
		!auth_read_text(rq, body, "password", 0, AUTH_PASSWORD_MAX,
			"a password of at most 256 bytes", &password))
		return;
	s = ARENA_NEW(http_arena(rq), struct signin);
	*s = (struct signin){ .a = module, .rq = rq };
	if (device.n)
		auth_token_hash(device, device_hex);
	auth_login_web(s->a, address, password, http_peer(rq), device_hex, on_authenticated, s);
}
