/*
 * mfa_code.c: a code for a ticket: right, wrong or too soon (mfa_challenge.h).
 * On the loop, but for what runs in the database.
 */
#include "session/mfa_challenge.h"

#include <sodium.h>

#include "account/account.h"
#include "audit/audit_log.h"
#include "factor/factor.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "session/entry.h"
#include "session/login_throttle.h"
#include "sms/code.h"

enum method {
	METHOD_TOTP,
	METHOD_SMS,
	METHOD_RECOVERY,
	METHOD_NONE,
};

static const char *const methods[] = { "totp", "sms", "recovery" };

enum outcome {
	CODE_RIGHT,
	CODE_WRONG,
	CODE_WAIT, /* it was not looked at */
};

struct attempt {
	struct auth_entry entry;
	char hex[AUTH_TOKEN_HEX]; /* of the ticket */
	enum method method;
	struct slice code; /* as it came: for a recovery code */
	char digits[TOTP_DIGITS + 1];
	bool trust;
	char device[AUTH_TOKEN_TEXT], device_hex[AUTH_TOKEN_HEX];
	struct login_attempt attempt;
	/* the outcome */
	enum outcome outcome;
	int64_t wait_ms;
};

static int check_sms(struct db_tx *tx, struct attempt *t)
{
	struct auth_code_result result;
	int rc = auth_code_check(
		tx, AUTH_CODE_LOGIN, slice_str(t->hex), slice_str(t->digits), &result);

	if (rc == 0 && (result.answer != AUTH_CODE_RIGHT || result.account != t->entry.account.id))
		rc = HEARTH_EDENIED;
	return rc;
}

static int check_recovery(struct db_tx *tx, struct attempt *t)
{
	char hash[RECOVERY_HEX];

	if (recovery_hash(t->entry.account.id, t->code, hash) < 0)
		return HEARTH_EDENIED;
	return auth_store_take_recovery(tx, t->entry.account.id, hash);
}

/* 0: right, and used up; HEARTH_EDENIED; HEARTH_EBUSY: not now, with wait_ms. */
static int check_code(struct db_tx *tx, struct attempt *t)
{
	int64_t account = t->entry.account.id, now = clock_wall_ms();
	int rc;

	if (t->method == METHOD_RECOVERY)
		return check_recovery(tx, t);
	rc = auth_store_code_wait(tx, account, now, &t->wait_ms);
	if (rc < 0 || t->wait_ms > 0)
		return rc < 0 ? rc : HEARTH_EBUSY;
	return t->method == METHOD_SMS ? check_sms(tx, t)
				       : auth_store_take_totp(tx, t->entry.a->seal, account,
						 slice_str(t->digits), now);
}

static int trust_device(struct db_tx *tx, struct attempt *t)
{
	struct http_request *rq = t->entry.rq;
	int64_t id, now = clock_wall_ms();
	const struct auth_token token = { .account = t->entry.account.id,
		.kind = AUTH_TOKEN_DEVICE,
		.device = auth_device(rq),
		.peer = slice_str(http_peer(rq)->peer),
		.created_ms = now,
		.expires_ms = now + t->entry.a->device_ttl_ms };
	int rc = auth_store_make_room(
		tx, token.account, token.kind, t->entry.a->sessions_per_account - 1);

	if (rc == 0)
		rc = auth_store_add_token(tx, &token, t->device_hex, &id);
	return rc < 0 ? rc
		      : auth_audit(tx, t->entry.account.id, "device.trusted", http_peer(rq)->peer,
				token.device, NULL);
}

static int right_code(struct db_tx *tx, struct attempt *t)
{
	int rc = auth_store_use_ticket(tx, t->hex, t->entry.account.id);

	t->outcome = CODE_RIGHT;
	if (rc == 0)
		rc = auth_entry_add(tx, &t->entry, methods[t->method]);
	if (rc == 0 && t->trust)
		rc = trust_device(tx, t);
	return rc;
}

static int wrong_code(struct db_tx *tx, struct attempt *t)
{
	struct http_request *rq = t->entry.rq;
	int rc = auth_store_fail_ticket(tx, t->hex, t->entry.account.id, clock_wall_ms());

	t->outcome = CODE_WRONG;
	/* Whoever this was knew the password: its owner should read of it. */
	return rc < 0 ? rc
		      : auth_audit(tx, t->entry.account.id, "session.wrong_code",
				http_peer(rq)->peer, auth_device(rq), methods[t->method]);
}

/* Everything that a code decides is one transaction, which also a wrong one commits. */
static int try_code(struct db_tx *tx, void *arg)
{
	struct attempt *t = arg;
	int rc = auth_store_find_ticket(tx, t->hex, clock_wall_ms(), &t->entry.account);

	if (rc < 0)
		return rc;
	t->entry.account.scopes = ACCOUNTS_SCOPE_WEB;
	rc = check_code(tx, t);
	if (rc == 0)
		return right_code(tx, t);
	if (rc == HEARTH_EBUSY) {
		t->outcome = CODE_WAIT;
		return 0;
	}
	return rc == HEARTH_EDENIED ? wrong_code(tx, t) : rc;
}

static void answer_attempt(struct attempt *t)
{
	struct http_request *rq = t->entry.rq;
	struct auth *a = t->entry.a;

	if (t->outcome != CODE_RIGHT)
		log_info("auth", "second step refused", "account", "%s", t->entry.account.address,
			"peer", "%s", http_peer(rq)->peer, "method", "%s", methods[t->method],
			NULL);
	if (t->outcome == CODE_WAIT) {
		login_attempt_cancel(&t->attempt);
		auth_reply_wait(rq, t->wait_ms);
	} else if (t->outcome == CODE_WRONG) {
		login_attempt_wrong(&t->attempt);
		http_reply_problem(rq, 401, "code", "this is not the code, or it was used before");
	} else {
		login_attempt_right(&t->attempt);
		if (t->trust)
			http_set_cookie(rq, AUTH_DEVICE_COOKIE, slice_str(t->device),
				"/api/auth/login", a->device_ttl_ms / 1000);
		auth_entry_reply(&t->entry);
	}
}

static void refuse(struct attempt *t, int status)
{
	if (status == HEARTH_ENOTFOUND)
		auth_ticket_gone(t->entry.rq);
	else if (status == HEARTH_EUNSUPPORTED)
		http_reply_problem(t->entry.rq, 503, NULL, AUTH_FACTOR_KEY_MISSING);
	else
		http_reply_error(t->entry.rq, status);
}

static void on_tried(void *arg, int status)
{
	struct attempt *t = arg;

	if (status == 0) {
		answer_attempt(t);
		return;
	}
	login_attempt_cancel(&t->attempt);
	refuse(t, status);
}

static void on_attempt(void *arg, int status, int64_t retry_ms)
{
	struct attempt *t = arg;

	if (status < 0) {
		auth_reply_wait(t->entry.rq, retry_ms);
		return;
	}
	status = db_write(t->entry.a->db, try_code, on_tried, t);
	if (status < 0)
		on_tried(t, status);
}

/* Whose attempt it is: the limits count by name and network, as with passwords. */
static int find_owner(struct db_tx *tx, void *arg)
{
	struct attempt *t = arg;

	return auth_store_find_ticket(tx, t->hex, clock_wall_ms(), &t->entry.account);
}

static void on_owner(void *arg, int status)
{
	struct attempt *t = arg;

	if (status == 0)
		login_attempt_take(&t->attempt, t->entry.a, t->entry.account.address,
			t->entry.account.address, http_peer(t->entry.rq)->peer, "", on_attempt, t);
	else
		refuse(t, status);
}

/* What the body says; false when it was answered. A code that cannot be one is no attempt. */
static bool read_attempt(struct attempt *t, const struct json *body)
{
	struct http_request *rq = t->entry.rq;
	struct slice name;
	char unused[RECOVERY_HEX];

	if (!auth_ticket_read(rq, body, t->hex) ||
		!auth_read_text(rq, body, "method", 1, 20, "totp, sms or recovery", &name))
		return false;
	while (t->method < METHOD_NONE && !slice_eq(name, slice_str(methods[t->method])))
		t->method++;
	if (t->method == METHOD_NONE) {
		http_reply_problem(rq, 400, "method", "expected totp, sms or recovery");
		return false;
	}
	if (!auth_read_text(rq, body, "code", 1, 100, "a code", &t->code))
		return false;
	if (t->method == METHOD_RECOVERY ? recovery_hash(0, t->code, unused) < 0
					 : totp_digits(t->code, t->digits) < 0) {
		http_reply_problem(rq, 400, "code",
			t->method == METHOD_RECOVERY ? "expected a recovery code: sixteen letters"
						     : "expected six digits");
		return false;
	}
	if (json_get(body, "trust") && json_get_bool(body, "trust", &t->trust) < 0) {
		http_reply_problem(rq, 400, "trust", "expected true or false");
		return false;
	}
	return true;
}

void auth_post_login_second(void *module, struct http_request *rq)
{
	struct attempt *t = ARENA_NEW(http_arena(rq), struct attempt);
	const struct json *body;
	int rc;

	*t = (struct attempt){ 0 };
	auth_entry_init(&t->entry, module, rq, 200);
	body = http_body_json(rq);
	if (!body || !read_attempt(t, body))
		return;
	t->trust = t->trust && t->entry.a->device_ttl_ms > 0;
	auth_token_make(t->device, t->device_hex);
	rc = db_read(t->entry.a->db, find_owner, on_owner, t);
	if (rc < 0)
		on_owner(t, rc);
}
