/*
 * proof.c: a code for what would weaken or end the second factor (proof.h).
 * On the loop, but for what runs in the database.
 */
#include "factor/proof.h"

#include <stdio.h>

#include "audit/audit_log.h"
#include "factor/factor.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "session/mfa_challenge.h"
#include "sms/code.h"

#define EXPECTED "expected a code of your authenticator app, one sent by SMS, or a recovery code"
#define CODE_MAX 64

bool auth_proof_read(
	struct auth_proof *p, struct auth *a, struct http_request *rq, const struct json *body)
{
	int rc = json_get_text(body, "code", &p->text);

	p->a = a;
	p->rq = rq;
	p->given = rc == 0;
	if (rc == HEARTH_EINVAL || p->text.n > CODE_MAX) {
		http_reply_problem(rq, 400, "code", EXPECTED);
		return false;
	}
	if (p->given && totp_digits(p->text, p->digits) < 0)
		p->digits[0] = '\0';
	return true;
}

void auth_proof_begin(struct auth_proof *p, struct auth *a, struct http_request *rq,
	const struct json *body, auth_reauthenticate_fn *done, void *arg)
{
	bool none = !body && http_body(rq).n == 0;

	if (!body && !none)
		body = http_body_json(rq);
	if (!none && (!body || !auth_proof_read(p, a, rq, body))) {
		done(arg, HEARTH_EINVAL);
		return;
	}
	p->a = a;
	p->rq = rq;
	p->before = none || (!p->given && !json_get(body, "password"));
	p->lasts = !p->before;
	if (p->before)
		done(arg, 0);
	else
		auth_reauthenticate(a, rq, body, "password", done, arg);
}

/* What a code by SMS is found by: a person has one at a time. */
static struct slice subject_of(int64_t account, char out[32])
{
	return slice_of(out, (size_t)snprintf(out, 32, "account:%lld", (long long)account));
}

static int take_sms(struct db_tx *tx, const struct auth_proof *p, int64_t account)
{
	struct auth_code_result result;
	char subject[32];
	int rc = auth_code_check(
		tx, AUTH_CODE_FACTOR, subject_of(account, subject), slice_str(p->digits), &result);

	if (rc == 0 && (result.answer != AUTH_CODE_RIGHT || result.account != account))
		rc = HEARTH_EDENIED;
	return rc;
}

/* 0: it is one of theirs, and used up; HEARTH_EDENIED; HEARTH_EBUSY: not now, with wait_ms. */
static int take_code(struct db_tx *tx, struct auth_proof *p, int64_t account)
{
	int64_t now_ms = clock_wall_ms();
	char hash[RECOVERY_HEX];
	int rc;

	if (!p->digits[0])
		return recovery_hash(account, p->text, hash) < 0
			       ? HEARTH_EDENIED
			       : auth_store_take_recovery(tx, account, hash);
	rc = auth_store_code_wait(tx, account, now_ms, &p->wait_ms);
	if (rc < 0 || p->wait_ms > 0)
		return rc < 0 ? rc : HEARTH_EBUSY;
	rc = auth_store_take_totp(tx, p->a->seal, account, slice_str(p->digits), now_ms);
	return rc == HEARTH_EDENIED ? take_sms(tx, p, account) : rc;
}

static int take_given(struct db_tx *tx, struct auth_proof *p)
{
	int64_t account = http_account(p->rq)->id, factors = 0;
	int rc = auth_store_count_factors(tx, account, &factors);

	if (rc < 0 || factors == 0)
		return rc;
	if (!p->given) {
		p->outcome = PROOF_MISSING;
		return 0;
	}
	rc = take_code(tx, p, account);
	/* There is no ticket here: the account alone counts it. */
	if (rc == 0)
		return auth_store_use_ticket(tx, "", account);
	if (rc == HEARTH_EBUSY) {
		p->outcome = PROOF_WAIT;
		return 0;
	}
	if (rc != HEARTH_EDENIED)
		return rc;
	p->outcome = PROOF_WRONG;
	rc = auth_store_fail_ticket(tx, "", account, clock_wall_ms());
	return rc < 0 ? rc
		      : auth_audit(tx, account, "factor.wrong_code", http_peer(p->rq)->peer,
				auth_device(p->rq), NULL);
}

int auth_proof_take(struct db_tx *tx, struct auth_proof *p)
{
	const struct account *account = http_account(p->rq);
	bool proven = false;
	int rc;

	INVARIANT(p->a && p->rq);
	p->outcome = PROOF_DONE;
	p->wait_ms = 0;
	if (p->before) {
		rc = auth_store_is_proven(
			tx, account, clock_wall_ms(), p->a->proof_ttl_ms, &proven);
		p->outcome = proven ? PROOF_DONE : PROOF_NOT_BEFORE;
		return rc;
	}
	rc = take_given(tx, p);
	return rc == 0 && auth_proof_done(p) && p->lasts
		       ? auth_store_note_proven(tx, account, clock_wall_ms())
		       : rc;
}

bool auth_proof_refuse(const struct auth_proof *p)
{
	switch (p->outcome) {
	case PROOF_DONE: return false;
	case PROOF_NOT_BEFORE:
		http_reply_problem(p->rq, 400, "password", "expected your password, once more");
		break;
	case PROOF_MISSING: http_reply_problem(p->rq, 400, "code", EXPECTED); break;
	case PROOF_WRONG:
		http_reply_problem(p->rq, 403, "code", "this code is wrong or was used");
		break;
	case PROOF_WAIT: auth_reply_wait(p->rq, p->wait_ms); break;
	}
	return true;
}

/* ---- POST /api/auth/me/factors/sms/code → 202 ---- */

struct sending {
	struct auth *a;
	struct http_request *rq;
	int64_t retry_s;
};

static int send_code(struct db_tx *tx, void *arg)
{
	struct sending *s = arg;
	int64_t account = http_account(s->rq)->id;
	struct auth_factors factors;
	char subject[32];
	struct auth_code_request code = { .purpose = AUTH_CODE_FACTOR,
		.subject = subject_of(account, subject),
		.account = account,
		.verified = true,
		.peer = http_peer(s->rq)->peer };
	int rc = auth_store_factors(tx, account, &factors);

	if (rc == 0 && !factors.sms_ms)
		rc = HEARTH_EUNSUPPORTED;
	if (rc < 0)
		return rc;
	code.phone = factors.phone;
	return auth_code_send(tx, s->a->sms, &code, &s->retry_s);
}

static void on_sent(void *arg, int status)
{
	struct sending *s = arg;

	if (status == 0)
		http_reply_empty(s->rq, 202);
	else if (status == HEARTH_EUNSUPPORTED)
		http_reply_problem(s->rq, 409, NULL, "codes by SMS are not enrolled");
	else if (status == HEARTH_EBUSY && s->retry_s > 0)
		auth_reply_wait(s->rq, s->retry_s * 1000);
	else
		http_reply_error(s->rq, status);
}

void auth_post_sms_code(void *module, struct http_request *rq)
{
	struct sending *s = ARENA_NEW(http_arena(rq), struct sending);
	int rc;

	*s = (struct sending){ .a = module, .rq = rq };
	rc = db_write(s->a->db, send_code, on_sent, s);
	if (rc < 0)
		on_sent(s, rc);
}
