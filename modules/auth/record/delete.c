/*
 * delete.c: DELETE /api/auth/me: a person deletes their account: with the password, and with a code
 * where a second factor is enrolled. One transaction frees the address, ends all that is open and
 * removes what this module keeps; the event makes the other modules follow.
 */
#include "account/account.h"
#include "factor/factor.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "record/record.h"
#include "session/second.h"

/* One request, in its own arena. */
struct leaving {
	struct auth *a;
	struct http_request *rq;
	int64_t account;
	struct slice code; /* NULL: none came */
	char recovery[RECOVERY_HEX];
	/* the outcome */
	bool code_missing, code_wrong, last_administrator;
	int64_t wait_ms;
};

/* 0 when it is one of theirs: of the authenticator app, or a recovery code. */
static int take_code(struct db_tx *tx, const struct leaving *l, int64_t now_ms)
{
	int rc = auth_store_take_totp(tx, l->account, l->code, now_ms);

	if (rc == HEARTH_EDENIED && l->recovery[0])
		rc = auth_store_take_recovery(tx, l->account, l->recovery);
	return rc;
}

/* Whether a second factor stands in the way; 0 with l's outcome filled in. */
static int check_factor(struct db_tx *tx, struct leaving *l, int64_t now_ms)
{
	int64_t factors = 0;
	int rc = auth_store_count_factors(tx, l->account, &factors);

	if (rc < 0 || factors == 0)
		return rc;
	l->code_missing = !l->code.p;
	if (l->code_missing)
		return 0;
	rc = auth_store_code_wait(tx, l->account, now_ms, &l->wait_ms);
	if (rc < 0 || l->wait_ms > 0)
		return rc;
	rc = take_code(tx, l, now_ms);
	l->code_wrong = rc == HEARTH_EDENIED;
	/* There is no ticket: the account alone counts it. */
	return l->code_wrong ? auth_store_fail_ticket(tx, "", l->account, now_ms) : rc;
}

static int leave(struct db_tx *tx, void *arg)
{
	struct leaving *l = arg;
	int64_t now_ms = clock_wall_ms();
	int rc;

	l->code_missing = l->code_wrong = l->last_administrator = false;
	l->wait_ms = 0;
	rc = auth_store_still_held(tx, http_account(l->rq));
	if (rc == 0)
		rc = auth_store_is_last_administrator(tx, l->account, &l->last_administrator);
	if (rc < 0 || l->last_administrator)
		return rc;
	rc = check_factor(tx, l, now_ms);
	if (rc < 0 || l->code_missing || l->code_wrong || l->wait_ms > 0)
		return rc;
	return auth_store_delete(tx, l->account, now_ms, l->a->address_rest_ms);
}

static void on_left(void *arg, int status)
{
	struct leaving *l = arg;
	struct http_request *rq = l->rq;

	if (status < 0) {
		http_reply_error(rq, status);
	} else if (l->last_administrator) {
		http_reply_problem(
			rq, 409, NULL, "you are the last administrator; make another one first");
	} else if (l->code_missing) {
		http_reply_problem(rq, 400, "code",
			"expected a code of your authenticator app, or a recovery code");
	} else if (l->wait_ms > 0) {
		auth_reply_wait(rq, l->wait_ms);
	} else if (l->code_wrong) {
		http_reply_problem(rq, 403, "code", "this code is wrong or was used");
	} else {
		http_set_session(rq, SLICE(""), 0);
		http_reply_empty(rq, 204);
	}
}

static void on_confirmed(void *arg, int status)
{
	struct leaving *l = arg;

	if (status == 0 && db_write(l->a->db, leave, on_left, l) < 0)
		http_reply_error(l->rq, HEARTH_EBUSY);
}

void auth_delete_me(void *module, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);
	struct leaving *l;
	int rc;

	if (!body)
		return;
	l = ARENA_NEW(http_arena(rq), struct leaving);
	l->a = module;
	l->rq = rq;
	l->account = http_account(rq)->id;
	rc = json_get_text(body, "code", &l->code);
	if (rc == HEARTH_EINVAL || l->code.n > 64) {
		http_reply_problem(rq, 400, "code",
			"expected a code of your authenticator app, or a recovery code");
		return;
	}
	if (rc == 0)
		recovery_hash(l->account, l->code, l->recovery);
	http_set_header(rq, "Cache-Control", "no-store");
	auth_confirm_password(module, rq, body, "password", on_confirmed, l);
}
