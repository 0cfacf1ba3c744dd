/*
 * register.c: POST /api/auth/register: a person makes their own account.
 *
 *   read and check ─▶ count ─▶ may they? hash, add or keep waiting (worker) ─▶ answer
 *
 * What needs no secret is refused before anything costs: an invitation that is no good, an address
 * that is taken. With a phone to show, the account waits for its code (register_verify.c).
 */
#include "registration/register.h"

#include <sodium.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "password/password_rules.h"
#include "session/login_throttle.h"
#include "sms/code.h"

#define PENDING_MS (INT64_C(30) * 60 * 1000) /* longer than a code lives */

struct registration {
	struct auth *a;
	struct http_request *rq;
	struct auth_registrant who;
	struct account account;
	char password[AUTH_PASSWORD_MAX + 1];
	size_t password_len;
	char ticket[AUTH_TOKEN_TEXT], ticket_hex[AUTH_TOKEN_HEX];
	bool phone_due, phone_missing;
	int64_t retry_s;
	int status;
};

static void registration_free(struct registration *r)
{
	sodium_memzero(r, sizeof(*r));
	free(r);
}

/* ---- on a worker ---- */

static int check(struct db_tx *tx, void *arg)
{
	struct registration *r = arg;

	return auth_registrant_check(tx, r->a, &r->who, &r->phone_due);
}

static int add(struct db_tx *tx, void *arg)
{
	struct registration *r = arg;

	return auth_registrant_add(tx, r->a, &r->who, r->rq, &r->account);
}

/* Keeps it until its phone is shown, and has the code sent. */
static int keep_waiting(struct db_tx *tx, void *arg)
{
	struct registration *r = arg;
	const struct auth_code_request code = { .purpose = AUTH_CODE_REGISTER,
		.subject = slice_str(r->ticket_hex),
		.phone = r->who.phone,
		.peer = http_peer(r->rq)->peer };
	int rc = auth_store_add_pending(tx, r->ticket_hex, &r->who, clock_wall_ms() + PENDING_MS);

	return rc == 0 ? auth_code_send(tx, r->a->sms, &code, &r->retry_s) : rc;
}

static void hash_and_add(void *arg)
{
	struct registration *r = arg;

	r->status = db_read_wait(r->a->db, check, r);
	r->phone_missing = r->status == 0 && r->phone_due && !r->who.phone[0];
	if (r->phone_missing)
		return;
	if (r->status == 0)
		r->status = auth_password_hash(
			r->a, slice_of(r->password, r->password_len), r->who.hash);
	if (r->status == 0)
		r->status = db_write_wait(r->a->db, r->phone_due ? keep_waiting : add, r);
}

/* ---- the answer ---- */

static void reply_waiting(struct registration *r)
{
	struct strbuf out = { 0 };
	struct json_writer w;
	char shown[PHONE_MASK];

	phone_mask(r->who.phone, shown);
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_name(&w, "verification");
	json_open_object(&w);
	json_put_str(&w, "ticket", r->ticket);
	json_put_str(&w, "phone", shown);
	json_close_object(&w);
	json_close_object(&w);
	http_set_header(r->rq, "Cache-Control", "no-store");
	http_reply_json(r->rq, 202, &out);
}

static void reply_later(struct http_request *rq, int64_t seconds, const char *detail)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)seconds);
	http_set_header(rq, "Retry-After", text);
	http_reply_problem(rq, 429, NULL, "%s", detail);
}

static void on_added(void *arg, int status)
{
	struct registration *r = arg;

	(void)status;
	if (r->phone_missing)
		http_reply_problem(r->rq, 400, "phone",
			"expected a mobile phone's number, such as +49 151 23456789: a code is "
			"sent there");
	else if (r->status == 0 && r->phone_due)
		reply_waiting(r);
	else if (r->status == 0)
		auth_registrant_welcome(r->a, r->rq, &r->account);
	else if (r->status == HEARTH_EBUSY && r->retry_s > 0)
		reply_later(r->rq, r->retry_s, "too many messages were sent; try again later");
	else
		auth_registrant_refuse(r->a, r->rq, &r->who, r->status);
	registration_free(r);
}

/* ---- reading ---- */

static bool read_address(struct registration *r, const struct json *body)
{
	const struct config *config = hearth_config(r->a->h);
	struct slice address;

	if (!auth_read_text(r->rq, body, "address", 1, 254, "a mail address", &address))
		return false;
	/* Mail for ann+bank is ann's: nobody gets it by registering that name. */
	if (auth_address(config, address, r->who.address) < 0 || strchr(r->who.address, '+')) {
		http_reply_problem(r->rq, 400, "address",
			"expected a mail address of letters a to z, digits and \".-_\", such as "
			"name@%s",
			hearth_hostname(r->a->h));
		return false;
	}
	if (!auth_address_is_local(config, r->who.address)) {
		http_reply_problem(r->rq, 400, "address", "accounts here are of the domain %s",
			hearth_hostname(r->a->h));
		return false;
	}
	return true;
}

/* The members that may be missing: name, invitation, phone. */
static bool read_options(struct registration *r, const struct json *body)
{
	struct slice name = { 0 }, invitation = { 0 }, phone = { 0 };
	struct strbuf clean = { 0 };
	const char *why = "expected a name as text";

	if (json_get_text(body, "name", &name) == HEARTH_EINVAL ||
		(name.p && (profile_name_check(name, &clean, &why) < 0 ||
				   clean.n >= sizeof(r->who.name)))) {
		http_reply_problem(r->rq, 400, "name", "%s", why);
		strbuf_free(&clean);
		return false;
	}
	if (clean.n)
		memcpy(r->who.name, clean.p, clean.n);
	strbuf_free(&clean);
	if (json_get_text(body, "invitation", &invitation) == HEARTH_EINVAL ||
		(invitation.p && !auth_token_looks_right(invitation))) {
		http_reply_problem(r->rq, 400, "invitation",
			"expected the 43 characters behind \"invitation=\" in the link");
		return false;
	}
	if (invitation.p)
		auth_token_hash(invitation, r->who.invitation);
	if (json_get_text(body, "phone", &phone) == HEARTH_EINVAL ||
		(phone.p && phone_read(r->a->sms, phone, r->who.phone) < 0)) {
		http_reply_problem(r->rq, 400, "phone",
			"expected a phone number with its country, such as +49 151 23456789");
		return false;
	}
	if (phone.p && !sms_enabled(r->a->sms)) {
		http_reply_problem(r->rq, 400, "phone", "no messages are sent from here");
		return false;
	}
	return true;
}

static bool read_password(struct registration *r, const struct json *body)
{
	const struct password_rules rules = { .min = r->a->password_min,
		.address = r->who.address,
		.name = slice_str(r->who.name),
		.hostname = hearth_hostname(r->a->h) };
	struct slice password;
	char why[160];

	if (!auth_read_text(r->rq, body, "password", 0, AUTH_PASSWORD_MAX,
		    "a password of at most 256 bytes", &password))
		return false;
	if (password_check(password, &rules, why) < 0) {
		http_reply_problem(r->rq, 400, "password", "%s", why);
		return false;
	}
	memcpy(r->password, password.p, password.n);
	r->password_len = password.n;
	return true;
}

/* Counts it for its network, then has the work done. */
static void begin(struct registration *r)
{
	int64_t retry_ms;
	int rc = auth_registration_take(r->a, http_peer(r->rq)->peer, &retry_ms);

	if (rc == 0)
		rc = job_run(r->a->hash, hash_and_add, on_added, r);
	if (rc == 0)
		return;
	if (retry_ms > 0)
		auth_reply_wait(r->rq, retry_ms);
	else
		http_reply_error(r->rq, rc);
	registration_free(r);
}

void auth_post_register(void *module, struct http_request *rq)
{
	struct auth *a = module;
	const struct json *body = http_body_json(rq);
	struct registration *r;

	if (!body || !auth_secure(rq))
		return;
	r = mem_zalloc(sizeof(*r));
	r->a = a;
	r->rq = rq;
	auth_token_make(r->ticket, r->ticket_hex);
	if (!read_address(r, body) || !read_options(r, body) || !read_password(r, body)) {
		registration_free(r);
		return;
	}
	/* Without an invitation nothing is to be looked up to say no. */
	if (auth_registration_mode(a) != AUTH_REGISTRATION_OPEN && !r->who.invitation[0]) {
		auth_registrant_refuse(a, rq, &r->who, HEARTH_EDENIED);
		registration_free(r);
		return;
	}
	begin(r);
}
