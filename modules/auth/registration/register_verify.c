/*
 * register_verify.c: POST /api/auth/register/verify: the code that came by SMS makes the account.
 *
 * Code, invitation and account are one transaction: a code is used up exactly when the account is
 * there. A wrong code commits too, since it counts.
 *
 * On the loop, but for what runs in the database.
 */
#include <sodium.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "registration/register.h"
#include "sms/code.h"

struct verification {
	struct auth *a;
	struct http_request *rq;
	char ticket_hex[AUTH_TOKEN_HEX];
	char code[AUTH_CODE_DIGITS + 1];
	struct auth_registrant who;
	struct auth_code_result result;
	struct account account;
};

static int verify(struct db_tx *tx, void *arg)
{
	struct verification *v = arg;
	int rc = auth_store_find_pending(tx, v->ticket_hex, clock_wall_ms(), &v->who);

	if (rc == 0)
		rc = auth_code_check(tx, AUTH_CODE_REGISTER, slice_str(v->ticket_hex),
			slice_str(v->code), &v->result);
	if (rc != 0 || v->result.answer != AUTH_CODE_RIGHT)
		return rc;
	rc = auth_store_drop_pending(tx, v->ticket_hex);
	return rc == 0 ? auth_registrant_add(tx, v->a, &v->who, v->rq, &v->account) : rc;
}

static void on_verified(void *arg, int status)
{
	struct verification *v = arg;

	/* Before the answer, which ends the request and `v` with it. */
	sodium_memzero(v->code, sizeof(v->code));
	sodium_memzero(v->who.hash, sizeof(v->who.hash));
	if (status == HEARTH_ENOTFOUND)
		http_reply_problem(
			v->rq, 403, "ticket", "this registration is over; begin once more");
	else if (status != 0)
		auth_registrant_refuse(v->a, v->rq, &v->who, status);
	else if (v->result.answer == AUTH_CODE_RIGHT)
		auth_registrant_welcome(v->a, v->rq, &v->account);
	else if (v->result.answer == AUTH_CODE_WRONG && v->result.attempts_left > 0)
		http_reply_problem(v->rq, 403, "code", "this is not the code; %d more %s",
			v->result.attempts_left, v->result.attempts_left == 1 ? "try" : "tries");
	else
		http_reply_problem(v->rq, 403, "code",
			"there is no code to be tried any more; begin once more");
}

void auth_post_register_verify(void *module, struct http_request *rq)
{
	struct auth *a = module;
	const struct json *body = http_body_json(rq);
	struct slice ticket, code;
	struct verification *v;
	int rc;

	if (!body || !auth_secure(rq) ||
		!auth_read_text(rq, body, "ticket", 1, AUTH_TOKEN_TEXT,
			"the ticket of the answer "
			"to the registration",
			&ticket) ||
		!auth_read_text(rq, body, "code", 1, 32, "the six digits of the message", &code))
		return;
	v = ARENA_NEW(http_arena(rq), struct verification);
	*v = (struct verification){ .a = a, .rq = rq };
	if (auth_code_read(code, v->code) < 0) {
		http_reply_problem(rq, 400, "code", "expected the six digits of the message");
		return;
	}
	auth_token_hash(ticket, v->ticket_hex);
	rc = db_write(a->db, verify, on_verified, v);
	if (rc < 0)
		on_verified(v, rc);
}
