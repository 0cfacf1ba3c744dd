/*
 * factor_api.c: /api/auth/me/factors…: what is enrolled, and enrolling and removing it.
 *
 * Each change goes the same way: the password once more (reauthentication.c; only a code confirms
 * TOTP) and, where a factor is enrolled already, a code of one (proof.c); one transaction
 * (change.c), the answer. Secrets are wiped before the request ends.
 *
 * On the loop, but for what runs in the database.
 */
#include "factor/factor.h"

#include <sodium.h>

#include "factor/proof.h"
#include "factor/qr.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "session/session.h"
#include "sms/phone.h"
#include "sms/sms.h"

/* One request: what its transaction is and who answers it. */
struct step {
	struct auth_factor_change c; /* first: it is what `change` gets */
	db_fn *change;
	void (*answer)(struct step *s);
	const char *missing; /* what to say when there is nothing to change */
	struct auth_proof proof;
};

static struct step *step_new(void *module, struct http_request *rq, enum auth_factor_kind kind)
{
	struct step *s = ARENA_NEW(http_arena(rq), struct step);

	*s = (struct step){ .c = { .a = module, .rq = rq, .kind = kind } };
	return s;
}

static void reply_json(struct http_request *rq, struct strbuf *out)
{
	http_set_header(rq, "Cache-Control", "no-store");
	http_reply_json(rq, 200, out);
}

static void refuse(struct step *s, int status)
{
	struct http_request *rq = s->c.rq;
	const char *name = auth_factor_name(s->c.kind);

	if (status == HEARTH_EEXIST)
		http_reply_problem(rq, 409, NULL, "%s is enrolled already; remove it first", name);
	else if (status == HEARTH_ENOTFOUND)
		http_reply_problem(rq, 409, NULL, "%s", s->missing);
	else if (status == HEARTH_EUNSUPPORTED)
		http_reply_problem(rq, 503, NULL, AUTH_FACTOR_KEY_MISSING);
	else if (status == HEARTH_EDENIED && s->change == auth_factor_remove)
		http_reply_problem(rq, 409, NULL,
			"a second factor is required here, and this is the last; enrol another "
			"first");
	else if (status == HEARTH_EDENIED)
		http_reply_problem(rq, 403, "code",
			"this is not the code; see that the clock of the phone is right");
	else
		http_reply_error(rq, status);
}

static void on_changed(void *arg, int status)
{
	struct step *s = arg;

	if (status == 0 && auth_proof_refuse(&s->proof))
		return;
	if (status == 0) {
		/* What the cache knows of the session is from before. */
		char hex[AUTH_TOKEN_HEX];

		auth_token_hash(http_token(s->c.rq), hex);
		auth_token_forget(s->c.a, hex);
		s->answer(s);
	} else {
		refuse(s, status);
	}
}

static void change(struct step *s, db_fn *fn)
{
	int rc;

	for (size_t i = 0; i < RECOVERY_CODES; i++)
		recovery_make(s->c.codes[i]);
	rc = db_write(s->c.a->db, fn, on_changed, s);
	if (rc < 0)
		on_changed(s, rc);
}

/* What cannot be done, whatever code there is, uses up none. */
static int check_possible(struct db_tx *tx, const struct step *s)
{
	const struct account *account = http_account(s->c.rq);
	struct auth_factors f;
	int rc = auth_store_still_held(tx, account);
	bool enrolled;

	if (rc == 0)
		rc = auth_store_factors(tx, account->id, &f);
	if (rc != 0)
		return rc;
	enrolled = s->c.kind == AUTH_FACTOR_TOTP ? f.totp_ms != 0 : f.sms_ms != 0;
	if (s->change == auth_factor_new_codes)
		return f.totp_ms || f.sms_ms ? 0 : HEARTH_ENOTFOUND;
	if (s->change != auth_factor_remove)
		return enrolled ? HEARTH_EEXIST : 0;
	if (!enrolled)
		return HEARTH_ENOTFOUND;
	return auth_factor_required(s->c.a, account) && !(f.totp_ms && f.sms_ms) ? HEARTH_EDENIED
										 : 0;
}

static int prove_and_change(struct db_tx *tx, void *arg)
{
	struct step *s = arg;
	int rc = check_possible(tx, s);

	if (rc == 0)
		rc = auth_proof_take(tx, &s->proof);
	return rc < 0 || s->proof.outcome != PROOF_DONE ? rc : s->change(tx, &s->c);
}

static void on_password(void *arg, int status)
{
	if (status == 0)
		change(arg, prove_and_change);
}

static void ask_password(struct step *s)
{
	const struct json *body = http_body_json(s->c.rq);

	if (body && auth_proof_read(&s->proof, s->c.a, s->c.rq, body))
		auth_reauthenticate(s->c.a, s->c.rq, body, "password", on_password, s);
}

/* ---- answers ---- */

static void answer_codes(struct step *s)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	if (s->c.codes_set) {
		json_name(&w, "recovery_codes");
		json_open_array(&w);
		for (size_t i = 0; i < RECOVERY_CODES; i++)
			json_text(&w, slice_str(s->c.codes[i]));
		json_close_array(&w);
	}
	json_close_object(&w);
	sodium_memzero(s->c.codes, sizeof(s->c.codes));
	reply_json(s->c.rq, &out);
}

static void answer_empty(struct step *s)
{
	http_reply_empty(s->c.rq, 204);
}

/* ---- GET /api/auth/me/factors ---- */

struct listing {
	struct auth *a;
	struct http_request *rq;
	struct auth_factors factors;
	bool phone; /* the account has one that SMS could go to */
};

static int read_factors(struct db_tx *tx, void *arg)
{
	struct listing *l = arg;
	struct phone phone;
	int rc = auth_store_factors(tx, http_account(l->rq)->id, &l->factors);
	int found = rc < 0 ? rc : phone_get(tx, http_account(l->rq)->id, &phone);

	l->phone = found == 0;
	return found == HEARTH_ENOTFOUND ? rc : found;
}

static void on_factors(void *arg, int status)
{
	struct listing *l = arg;
	const struct auth_factors *f = &l->factors;
	struct strbuf out = { 0 };
	struct json_writer w;
	char shown[PHONE_MASK];

	if (status < 0) {
		http_reply_error(l->rq, status);
		return;
	}
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_bool(&w, "required", auth_factor_required(l->a, http_account(l->rq)));
	json_name(&w, "totp");
	json_open_object(&w);
	json_put_bool(&w, "enrolled", f->totp_ms != 0);
	if (f->totp_ms)
		json_put_i64(&w, "since", f->totp_ms);
	json_close_object(&w);
	json_name(&w, "sms");
	json_open_object(&w);
	json_put_bool(&w, "enrolled", f->sms_ms != 0);
	json_put_bool(&w, "available", sms_enabled(l->a->sms) && l->phone);
	if (f->sms_ms) {
		phone_mask(f->phone, shown);
		json_put_i64(&w, "since", f->sms_ms);
		json_put_str(&w, "phone", shown);
	}
	json_close_object(&w);
	json_put_i64(&w, "recovery_codes", f->recovery);
	json_close_object(&w);
	reply_json(l->rq, &out);
}

void auth_get_factors(void *module, struct http_request *rq)
{
	struct listing *l = ARENA_NEW(http_arena(rq), struct listing);
	int rc;

	*l = (struct listing){ .a = module, .rq = rq };
	rc = db_read(l->a->db, read_factors, on_factors, l);
	if (rc < 0)
		on_factors(l, rc);
}

/* ---- TOTP ---- */

static int start_totp(struct db_tx *tx, void *arg)
{
	struct auth_factor_change *c = arg;

	return auth_store_start_totp(tx, c->a->seal, http_account(c->rq)->id,
		slice_of(c->secret, sizeof(c->secret)), clock_wall_ms());
}

/* The secret: as text to type in, as an address to open, as a picture to point a phone at. */
static void answer_secret(struct step *s)
{
	struct slice secret = slice_of(s->c.secret, sizeof(s->c.secret));
	struct strbuf out = { 0 }, text = { 0 }, uri = { 0 }, qr = { 0 };
	struct json_writer w;

	totp_base32(&text, secret);
	totp_uri(&uri, slice_str(hearth_hostname(s->c.a->h)),
		slice_str(http_account(s->c.rq)->address), secret);
	/* 3 times 254 + 253 escaped bytes at the worst: it fits (2331). */
	INVARIANT(qr_svg(&qr, uri.p) == 0);
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "secret", text.p);
	json_put_str(&w, "uri", uri.p);
	json_put_str(&w, "qr", qr.p);
	json_close_object(&w);
	sodium_memzero(s->c.secret, sizeof(s->c.secret));
	sodium_memzero(text.p, text.n);
	sodium_memzero(uri.p, uri.n);
	sodium_memzero(qr.p, qr.n);
	strbuf_free(&text);
	strbuf_free(&uri);
	strbuf_free(&qr);
	reply_json(s->c.rq, &out);
}

void auth_post_totp(void *module, struct http_request *rq)
{
	struct step *s = step_new(module, rq, AUTH_FACTOR_TOTP);

	s->change = start_totp;
	s->answer = answer_secret;
	rand_bytes(s->c.secret, sizeof(s->c.secret));
	ask_password(s);
}

void auth_post_totp_confirm(void *module, struct http_request *rq)
{
	struct step *s = step_new(module, rq, AUTH_FACTOR_TOTP);
	const struct json *body;
	struct slice code;

	s->change = auth_factor_confirm_totp;
	s->answer = answer_codes;
	s->missing = "no authenticator app waits to be confirmed; start again";
	body = http_body_json(rq);
	if (!body || !auth_secure(rq))
		return;
	if (json_get_text(body, "code", &code) < 0 || totp_digits(code, s->c.code) < 0)
		http_reply_problem(rq, 400, "code", "expected the six digits that the app shows");
	else
		change(s, s->change);
}

static void remove_factor(
	void *module, struct http_request *rq, enum auth_factor_kind kind, const char *missing)
{
	struct step *s = step_new(module, rq, kind);

	s->change = auth_factor_remove;
	s->answer = answer_empty;
	s->missing = missing;
	ask_password(s);
}

void auth_post_totp_remove(void *module, struct http_request *rq)
{
	remove_factor(module, rq, AUTH_FACTOR_TOTP, "no authenticator app is enrolled");
}

/* ---- SMS ---- */

void auth_post_sms(void *module, struct http_request *rq)
{
	struct step *s = step_new(module, rq, AUTH_FACTOR_SMS);

	s->change = auth_factor_add_sms;
	s->answer = answer_codes;
	s->missing = "the account has no phone; add one and verify it first";
	if (!sms_enabled(s->c.a->sms))
		http_reply_problem(rq, 409, NULL, "this server sends no SMS");
	else
		ask_password(s);
}

void auth_post_sms_remove(void *module, struct http_request *rq)
{
	remove_factor(module, rq, AUTH_FACTOR_SMS, "SMS is not enrolled");
}

/* ---- recovery codes ---- */

void auth_post_recovery(void *module, struct http_request *rq)
{
	struct step *s = step_new(module, rq, AUTH_FACTOR_TOTP);

	s->change = auth_factor_new_codes;
	s->answer = answer_codes;
	s->missing = "recovery codes come with a second factor, and none is enrolled";
	ask_password(s);
}
