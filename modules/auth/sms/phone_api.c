/*
 * phone_api.c: /api/auth/me/phone: one's own phone: a code is sent there, and when it comes back
 * the number is the account's; where a second factor is enrolled, a code of it is asked for first.
 * A phone that serves as second factor is a matter of factor/, which
 * keeps the number it was enrolled with. On the loop, but for what runs in the database.
 */

#include "sms/phone_api.h"

#include <stdio.h>

#include "audit/audit_log.h"
#include "factor/proof.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "session/session.h"
#include "sms/code.h"

#define TICKET_MAX 100 /* bytes; ours have 43 */

/* One request; lies in its arena. */
struct phone_request {
	struct auth *a;
	struct http_request *rq;
	int64_t account;
	const char *peer;
	struct slice device;
	char number[PHONE_MAX];
	char ticket[AUTH_TOKEN_TEXT];
	char subject[AUTH_TOKEN_HEX + 24]; /* the ticket's hash, and whose it is */
	char code[AUTH_CODE_DIGITS + 1];
	int64_t retry_s;
	struct auth_code_result result;
	struct auth_proof proof; /* of another phone */
};

static struct phone_request *request_new(struct auth *a, struct http_request *rq)
{
	struct phone_request *p = ARENA_NEW(http_arena(rq), struct phone_request);

	p->a = a;
	p->rq = rq;
	p->account = http_account(rq)->id;
	p->peer = http_peer(rq)->peer;
	p->device = auth_device(rq);
	return p;
}

/* A ticket is good for the account it was given to. */
static void set_subject(struct phone_request *p, const char *hex)
{
	snprintf(p->subject, sizeof(p->subject), "%lld:%s", (long long)p->account, hex);
}

static int record(struct db_tx *tx, const struct phone_request *p, const char *kind)
{
	char shown[PHONE_MASK] = "";

	if (p->number[0])
		phone_mask(p->number, shown);
	return auth_audit(tx, p->account, kind, p->peer, p->device, shown[0] ? shown : NULL);
}

/* ---- POST /api/auth/me/phone {phone} → 202 {ticket, phone} ---- */

static int send_code(struct db_tx *tx, void *arg)
{
	struct phone_request *p = arg;
	struct phone mine;
	int rc = auth_proof_take(tx, &p->proof);

	if (rc < 0 || !auth_proof_done(&p->proof))
		return rc;
	rc = phone_get(tx, p->account, &mine);
	if (rc < 0 && rc != HEARTH_ENOTFOUND)
		return rc;
	return auth_code_send(tx, p->a->sms,
		&(struct auth_code_request){ .purpose = AUTH_CODE_PHONE,
			.subject = slice_str(p->subject),
			.account = p->account,
			.phone = p->number,
			.verified = rc == 0 && strcmp(mine.number, p->number) == 0,
			.peer = p->peer },
		&p->retry_s);
}

static void reply_ticket(struct phone_request *p)
{
	struct strbuf out = { 0 };
	struct json_writer w;
	char shown[PHONE_MASK];

	phone_mask(p->number, shown);
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "ticket", p->ticket);
	json_put_str(&w, "phone", shown);
	json_close_object(&w);
	http_set_header(p->rq, "Cache-Control", "no-store");
	http_reply_json(p->rq, 202, &out);
}

static void on_code_sent(void *arg, int status)
{
	struct phone_request *p = arg;
	char seconds[24];

	if (status == 0 && auth_proof_refuse(&p->proof))
		return;
	if (status == 0) {
		reply_ticket(p);
	} else if (status == HEARTH_EBUSY && p->retry_s > 0) {
		snprintf(seconds, sizeof(seconds), "%lld", (long long)p->retry_s);
		http_set_header(p->rq, "Retry-After", seconds);
		http_reply_problem(
			p->rq, 429, "phone", "too many codes were sent; try again later");
	} else if (status == HEARTH_EUNSUPPORTED) {
		http_reply_problem(p->rq, 403, NULL, "no short messages are sent from here");
	} else {
		http_reply_error(p->rq, status);
	}
}

void auth_post_phone(void *module, struct http_request *rq)
{
	struct phone_request *p = request_new(module, rq);
	const struct json *body = http_body_json(rq);
	char hex[AUTH_TOKEN_HEX];
	struct slice phone;
	int rc;

	if (!body || !auth_read_text(rq, body, "phone", 1, 64, PHONE_EXPECTED, &phone) ||
		!auth_proof_read(&p->proof, p->a, rq, body))
		return;
	if (phone_read(p->a->sms, phone, p->number) < 0) {
		http_reply_problem(rq, 400, "phone", "expected %s", PHONE_EXPECTED);
		return;
	}
	auth_token_make(p->ticket, hex);
	set_subject(p, hex);
	rc = db_write(p->a->db, send_code, on_code_sent, p);
	if (rc < 0)
		on_code_sent(p, rc);
}

/* ---- POST /api/auth/me/phone/verify {ticket, code} → 200 {phone} ---- */

static int take_phone(struct db_tx *tx, void *arg)
{
	struct phone_request *p = arg;
	int rc = auth_code_check(
		tx, AUTH_CODE_PHONE, slice_str(p->subject), slice_str(p->code), &p->result);

	if (rc < 0 || p->result.answer != AUTH_CODE_RIGHT)
		return rc;
	snprintf(p->number, sizeof(p->number), "%s", p->result.phone);
	rc = phone_set(tx, p->a->sms, p->account, p->number, clock_wall_ms());
	return rc < 0 ? rc : record(tx, p, "phone.changed");
}

static void reply_answer(struct phone_request *p)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	switch (p->result.answer) {
	case AUTH_CODE_WRONG:
		http_reply_problem(p->rq, 400, "code", "this is not the code; %d attempts are left",
			p->result.attempts_left);
		return;
	case AUTH_CODE_GONE:
		http_reply_problem(p->rq, 404, "ticket",
			"no code waits under this ticket any more; ask for another one");
		return;
	case AUTH_CODE_RIGHT: break;
	}
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "phone", p->number);
	json_close_object(&w);
	http_set_header(p->rq, "Cache-Control", "no-store");
	http_reply_json(p->rq, 200, &out);
}

static void on_taken(void *arg, int status)
{
	struct phone_request *p = arg;

	if (status == 0)
		reply_answer(p);
	else if (status == HEARTH_EEXIST)
		http_reply_problem(
			p->rq, 409, "phone", "this phone serves as many accounts as it may");
	else
		http_reply_error(p->rq, status);
}

void auth_post_phone_verify(void *module, struct http_request *rq)
{
	struct phone_request *p = request_new(module, rq);
	const struct json *body = http_body_json(rq);
	struct slice ticket, code;
	char hex[AUTH_TOKEN_HEX];
	int rc;

	if (!body || !auth_secure(rq) ||
		!auth_read_text(rq, body, "ticket", 1, TICKET_MAX,
			"the ticket that came with the code", &ticket) ||
		!auth_read_text(rq, body, "code", 1, 64, "the six digits that were sent", &code))
		return;
	if (auth_code_read(code, p->code) < 0) {
		http_reply_problem(rq, 400, "code", "expected the six digits that were sent");
		return;
	}
	auth_token_hash(ticket, hex);
	set_subject(p, hex);
	rc = db_write(p->a->db, take_phone, on_taken, p);
	if (rc < 0)
		on_taken(p, rc);
}

/* ---- DELETE /api/auth/me/phone → 204, also without one; 409 where everybody needs one ---- */

static int remove_phone(struct db_tx *tx, void *arg)
{
	struct phone_request *p = arg;
	struct phone mine;
	int rc = phone_get(tx, p->account, &mine);

	if (rc == HEARTH_ENOTFOUND)
		return 0;
	if (rc == 0)
		rc = phone_remove(tx, p->account);
	if (rc < 0)
		return rc;
	snprintf(p->number, sizeof(p->number), "%s", mine.number);
	return record(tx, p, "phone.removed");
}

static void on_removed(void *arg, int status)
{
	struct phone_request *p = arg;

	if (status == 0)
		http_reply_empty(p->rq, 204);
	else
		http_reply_error(p->rq, status);
}

void auth_delete_phone(void *module, struct http_request *rq)
{
	struct phone_request *p = request_new(module, rq);
	int rc;

	if (config_bool(hearth_config(p->a->h), "auth", "registration_phone")) {
		http_reply_problem(rq, 409, NULL,
			"everybody has a phone here; put another one in its place instead");
		return;
	}
	rc = db_write(p->a->db, remove_phone, on_removed, p);
	if (rc < 0)
		on_removed(p, rc);
}
