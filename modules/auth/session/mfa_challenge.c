/*
 * mfa_challenge.c: what a right password leads to (mfa_challenge.h), and codes by SMS.
 * On the loop, but for what runs in the database.
 */
#include "session/mfa_challenge.h"

#include <sodium.h>

#include "account/account.h"
#include "factor/factor.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "sms/code.h"

/* ---- after the password ---- */

struct begin {
	struct auth *a;
	struct http_request *rq;
	struct account account;
	char ticket[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];
	char device[AUTH_TOKEN_HEX]; /* hash of the cookie; empty: there is none */
	bool trusted;
	struct auth_factors factors;
};

static int find_device(struct db_tx *tx, struct begin *b)
{
	struct account owner;
	int64_t expires, now = clock_wall_ms();
	int rc = auth_store_find_token(
		tx, b->device, 1u << AUTH_TOKEN_DEVICE, now, &owner, &expires);

	/* Somebody else's device on the same browser is of no use here. */
	if (rc == HEARTH_ENOTFOUND || (rc == 0 && owner.id != b->account.id))
		return 0;
	b->trusted = rc == 0;
	return rc < 0 ? rc : auth_store_touch_token(tx, owner.token, now, http_peer(b->rq)->peer);
}

static int begin(struct db_tx *tx, void *arg)
{
	struct begin *b = arg;
	int rc = auth_store_still_open(tx, &b->account);

	b->trusted = false;
	if (rc == 0 && b->device[0])
		rc = find_device(tx, b);
	if (rc == 0 && !b->trusted)
		rc = auth_store_factors(tx, b->account.id, &b->factors);
	if (rc == 0 && !b->trusted)
		rc = auth_store_add_ticket(tx, b->hex, b->account.id, clock_wall_ms());
	return rc;
}

static void reply_ticket(struct begin *b)
{
	const struct auth_factors *f = &b->factors;
	bool sms = f->sms_ms && sms_enabled(b->a->sms);
	struct strbuf out = { 0 };
	struct json_writer w;
	char shown[PHONE_MASK];

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_name(&w, "second_factor");
	json_open_object(&w);
	json_put_str(&w, "ticket", b->ticket);
	json_name(&w, "methods");
	json_open_array(&w);
	if (f->totp_ms)
		json_text(&w, SLICE("totp"));
	if (sms)
		json_text(&w, SLICE("sms"));
	if (f->recovery)
		json_text(&w, SLICE("recovery"));
	json_close_array(&w);
	if (sms) {
		phone_mask(f->phone, shown);
		json_put_str(&w, "phone", shown);
	}
	json_close_object(&w);
	json_close_object(&w);
	http_set_header(b->rq, "Cache-Control", "no-store");
	http_reply_json(b->rq, 200, &out);
}

static void on_begun(void *arg, int status)
{
	struct begin *b = arg;

	if (status < 0)
		http_reply_error(b->rq, status);
	else if (b->trusted)
		auth_enter(b->a, b->rq, &b->account, ACCOUNTS_SCOPE_WEB, 200);
	else
		reply_ticket(b);
}

void auth_mfa_begin(struct auth *a, struct http_request *rq, const struct account *account)
{
	struct slice device = http_cookie(rq, AUTH_DEVICE_COOKIE);
	struct begin *b;
	int rc;

	if (!account->factors) {
		auth_enter(a, rq, account, ACCOUNTS_SCOPE_WEB, 200);
		return;
	}
	b = ARENA_NEW(http_arena(rq), struct begin);
	*b = (struct begin){ .a = a, .rq = rq, .account = *account };
	if (device.n && a->device_ttl_ms)
		auth_token_hash(device, b->device);
	auth_token_make(b->ticket, b->hex);
	rc = db_write(a->db, begin, on_begun, b);
	if (rc < 0)
		on_begun(b, rc);
}

/* ---- a code by SMS ---- */

struct sms_request {
	struct auth *a;
	struct http_request *rq;
	char hex[AUTH_TOKEN_HEX];
	int64_t retry_s;
};

bool auth_ticket_read(struct http_request *rq, const struct json *body, char hex[AUTH_TOKEN_HEX])
{
	struct slice ticket;

	if (!auth_secure(rq) || !auth_read_text(rq, body, "ticket", 1, 100,
					"the ticket that the first step gave", &ticket))
		return false;
	auth_token_hash(ticket, hex);
	return true;
}

void auth_ticket_gone(struct http_request *rq)
{
	http_reply_problem(rq, 401, "ticket",
		"this log-in has expired, is done or had too many wrong codes; begin again with "
		"the password");
}

static int send_code(struct db_tx *tx, void *arg)
{
	struct sms_request *s = arg;
	struct auth_factors factors;
	struct account account;
	struct auth_code_request code = { .purpose = AUTH_CODE_LOGIN,
		.subject = slice_str(s->hex),
		.verified = true,
		.peer = http_peer(s->rq)->peer };
	int rc = auth_store_find_ticket(tx, s->hex, clock_wall_ms(), &account);

	if (rc == 0)
		rc = auth_store_factors(tx, account.id, &factors);
	if (rc == 0 && !factors.sms_ms)
		rc = HEARTH_EUNSUPPORTED;
	if (rc < 0)
		return rc;
	code.account = account.id;
	code.phone = factors.phone;
	return auth_code_send(tx, s->a->sms, &code, &s->retry_s);
}

static void on_sent(void *arg, int status)
{
	struct sms_request *s = arg;

	if (status == 0)
		http_reply_empty(s->rq, 202);
	else if (status == HEARTH_ENOTFOUND)
		auth_ticket_gone(s->rq);
	else if (status == HEARTH_EUNSUPPORTED)
		http_reply_problem(s->rq, 409, NULL, "no codes by SMS for this log-in");
	else if (status == HEARTH_EBUSY)
		auth_reply_wait(s->rq, s->retry_s * 1000);
	else
		http_reply_error(s->rq, status);
}

void auth_post_login_sms(void *module, struct http_request *rq)
{
	struct sms_request *s = ARENA_NEW(http_arena(rq), struct sms_request);
	const struct json *body;
	int rc;

	*s = (struct sms_request){ .a = module, .rq = rq };
	body = http_body_json(rq);
	if (!body || !auth_ticket_read(rq, body, s->hex))
		return;
	rc = db_write(s->a->db, send_code, on_sent, s);
	if (rc < 0)
		on_sent(s, rc);
}
