/*
 * second_address.c: /api/auth/me/second-address (second_address.h).
 *
 *   PUT {address, password} ─▶ a row that waits, a mail with a link ─▶ 202
 *   POST …/verify {token} ─▶ it counts ─▶ 204
 *
 * On the loop, but for what runs in the database. An account has one, and a mail goes each GAP_MS.
 */
#include "reset/second_address.h"

#include <sodium.h>

#include "audit/audit_log.h"
#include "factor/proof.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/letters.h"
#include "session/session.h"

#define VERIFY_MS (INT64_C(24) * 3600 * 1000)
#define GAP_MS    (INT64_C(60) * 1000) /* between two mails */

/* One request, in its own arena. */
struct ask {
	struct auth *a;
	struct http_request *rq;
	char address[256];
	bool verified, there;
	char secret[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];
	struct auth_proof proof; /* of PUT and DELETE */
};

static struct ask *ask_new(struct auth *a, struct http_request *rq)
{
	struct ask *ask = ARENA_NEW(http_arena(rq), struct ask);

	*ask = (struct ask){ .a = a, .rq = rq };
	http_set_header(rq, "Cache-Control", "no-store");
	return ask;
}

/* ---- GET ---- */

static int read_one(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = second_address_read(tx, http_account(ask->rq)->id, ask->address, &ask->verified);

	ask->there = rc == 0;
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

static void reply(struct ask *ask, int status)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "address", ask->there ? ask->address : NULL);
	json_put_bool(&w, "verified", ask->verified);
	json_close_object(&w);
	http_reply_json(ask->rq, status, &out);
}

static void on_read(void *arg, int status)
{
	struct ask *ask = arg;

	if (status < 0)
		http_reply_error(ask->rq, status);
	else
		reply(ask, 200);
}

void auth_get_second_address(void *module, struct http_request *rq)
{
	struct ask *ask = ask_new(module, rq);
	int rc = db_read(ask->a->db, read_one, on_read, ask);

	if (rc < 0)
		on_read(ask, rc);
}

/* ---- PUT ---- */

static int set(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	const struct account *self = http_account(ask->rq);
	int64_t now = clock_wall_ms();
	struct account other = { 0 };
	bool here = auth_address_is_local(hearth_config(ask->a->h), ask->address);
	int rc = auth_store_still_held(tx, self);

	if (rc == 0)
		rc = second_address_may_ask(tx, self->id, now - GAP_MS);
	if (rc == 0 && here)
		rc = auth_store_find(tx, ask->address, &other, NULL);
	if (rc == 0 && other.id == self->id)
		rc = HEARTH_EINVAL;
	if (rc == 0)
		rc = auth_proof_take(tx, &ask->proof);
	if (rc == 0 && !auth_proof_done(&ask->proof))
		return 0;
	if (rc == 0)
		rc = second_address_set(tx, self->id, ask->address, ask->hex, now);
	return rc < 0 ? rc
		      : auth_audit(tx, self->id, "second_address.set", http_peer(ask->rq)->peer,
				auth_device(ask->rq), ask->address);
}

static void send_link(const struct ask *ask)
{
	const struct letters *letters = hearth_service(ask->a->h, "letters");
	struct strbuf text = { 0 };

	strbuf_printf(&text,
		"%s names this address as the one to which a link for a new password is sent, when "
		"theirs is forgotten.\n\nIf that is right, open this within a day:\n\n  ",
		http_account(ask->rq)->address);
	hearth_url(ask->a->h, &text);
	strbuf_printf(&text, "#second-address?token=%s\n\nIf not, do nothing.\n", ask->secret);
	letters->send(letters->self, &(struct letter){ .to = slice_str(ask->address),
					     .subject = SLICE("Your address for a new password"),
					     .text = strbuf_slice(&text) });
	sodium_memzero(text.p, text.n);
	strbuf_free(&text);
}

static void on_set(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0 && auth_proof_refuse(&ask->proof))
		return;
	if (status == 0) {
		send_link(ask);
		ask->there = true;
		reply(ask, 202);
	} else if (status == HEARTH_ENOTFOUND) {
		http_reply_problem(ask->rq, 404, "address", "there is no account of this address");
	} else if (status == HEARTH_EINVAL) {
		http_reply_problem(ask->rq, 400, "address",
			"expected another address than this account's own");
	} else if (status == HEARTH_EBUSY) {
		auth_reply_wait(ask->rq, GAP_MS);
	} else {
		http_reply_error(ask->rq, status);
	}
}

static void on_confirmed(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0 && (status = db_write(ask->a->db, set, on_set, ask)) < 0)
		http_reply_error(ask->rq, status);
}

void auth_put_second_address(void *module, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);
	const struct letters *letters;
	struct slice address;
	struct ask *ask;

	if (!body || !auth_read_text(rq, body, "address", 1, 254, "a mail address", &address))
		return;
	ask = ask_new(module, rq);
	if (!auth_proof_read(&ask->proof, ask->a, rq, body))
		return;
	letters = hearth_service(ask->a->h, "letters");
	if (auth_address(hearth_config(ask->a->h), address, ask->address) < 0) {
		http_reply_problem(rq, 400, "address", "expected a mail address");
		return;
	}
	if (!letters || !letters->reaches(letters->self, slice_str(ask->address))) {
		http_reply_problem(rq, 400, "address",
			"a server without a name on the internet sends no mail elsewhere: expected "
			"the address of another account here; else an administrator's link is the "
			"way");
		return;
	}
	auth_token_make(ask->secret, ask->hex);
	auth_reauthenticate(ask->a, rq, body, "password", on_confirmed, ask);
}

/* ---- POST verify, DELETE ---- */

static void on_changed(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0 && ask->there)
		http_reply_empty(ask->rq, 204);
	else if (status == 0)
		http_reply_problem(ask->rq, ask->hex[0] ? 403 : 404, ask->hex[0] ? "token" : NULL,
			ask->hex[0] ? "this link was used, is too old, or another took its place"
				    : "there is no second address");
	else
		http_reply_error(ask->rq, status);
}

static int verify(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = second_address_verify(tx, ask->hex, clock_wall_ms() - VERIFY_MS);

	ask->there = rc == 0;
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

void auth_post_second_address_verify(void *module, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);
	struct slice token;
	struct ask *ask;
	int rc;

	if (!body || !auth_secure(rq) ||
		!auth_read_text(rq, body, "token", 1, AUTH_TOKEN_TEXT,
			"the 43 characters behind \"token=\" in the link", &token))
		return;
	ask = ask_new(module, rq);
	auth_token_hash(token, ask->hex);
	rc = db_write(ask->a->db, verify, on_changed, ask);
	if (rc < 0)
		on_changed(ask, rc);
}

static int drop(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	const struct account *self = http_account(ask->rq);
	int rc = auth_proof_take(tx, &ask->proof);

	if (rc < 0 || !auth_proof_done(&ask->proof))
		return rc;
	rc = second_address_drop(tx, self->id, &ask->there);
	return rc < 0 || !ask->there
		       ? rc
		       : auth_audit(tx, self->id, "second_address.removed",
				 http_peer(ask->rq)->peer, auth_device(ask->rq), NULL);
}

static void on_dropped(void *arg, int status)
{
	struct ask *ask = arg;

	if (status < 0 || !auth_proof_refuse(&ask->proof))
		on_changed(ask, status);
}

void auth_delete_second_address(void *module, struct http_request *rq)
{
	struct ask *ask = ask_new(module, rq);
	bool given = http_body(rq).n > 0;
	const struct json *body = given ? http_body_json(rq) : NULL;
	int rc;

	if (given && (!body || !auth_proof_read(&ask->proof, ask->a, rq, body)))
		return;
	ask->proof.a = ask->a;
	ask->proof.rq = rq;
	rc = db_write(ask->a->db, drop, on_dropped, ask);
	if (rc < 0)
		on_changed(ask, rc);
}
