/*
 * erasure.c: DELETE /api/auth/me: a person deletes their account: with the password, and with a
 * code where a second factor is enrolled. One transaction frees the address, ends all that is open
 * and removes what this module keeps; the event makes the other modules follow.
 * On the loop, but for what runs in the database.
 */
#include "account/account.h"
#include "audit/audit_log.h"
#include "factor/proof.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "session/session.h"

/* One request, in its own arena. */
struct leaving {
	struct auth *a;
	struct http_request *rq;
	int64_t account;
	struct auth_proof proof;
	bool last_administrator; /* the outcome */
};

static int leave(struct db_tx *tx, void *arg)
{
	struct leaving *l = arg;
	int rc;

	l->last_administrator = false;
	rc = auth_store_still_held(tx, http_account(l->rq));
	if (rc == 0)
		rc = auth_store_is_last_administrator(tx, l->account, &l->last_administrator);
	if (rc < 0 || l->last_administrator)
		return rc;
	rc = auth_proof_take(tx, &l->proof);
	if (rc < 0 || l->proof.outcome != PROOF_DONE)
		return rc;
	return auth_store_delete(tx, l->account, clock_wall_ms(), l->a->address_rest_ms);
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
	} else if (!auth_proof_refuse(&l->proof)) {
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

	if (!body)
		return;
	l = ARENA_NEW(http_arena(rq), struct leaving);
	l->a = module;
	l->rq = rq;
	l->account = http_account(rq)->id;
	if (!auth_proof_read(&l->proof, module, rq, body))
		return;
	http_set_header(rq, "Cache-Control", "no-store");
	auth_reauthenticate(module, rq, body, "password", on_confirmed, l);
}
