/*
 * api/forward.c: /api/mail/forward: where a person wants their mail sent on to (store/forward.h).
 *
 *   PUT {address, keep, password, code} ─▶ elsewhere? is it they? (accounts) ─▶ a row that waits, a letter
 *   with a link there, and one to the person ─▶ 202;   POST …/confirm {token} ─▶ it counts ─▶ 204
 *
 * Nothing goes to an address that has not said yes but that letter, of which ASKS_PER_HOUR are written for
 * an account and to an address: nobody is flooded in another's name. On the loop, but for what runs in the
 * database.
 */
#include <sodium.h>
#include <stdio.h>

#include "api/api.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/rand.h"
#include "smtp/smtp_address.h"
#include "store/forward.h"

#define CONFIRM_MS    (INT64_C(24) * 3600 * 1000)
#define ASKS_PER_HOUR 5
#define TOKEN_BYTES   32

/* One request, in its own arena. */
struct ask {
	struct mail *m;
	struct http_request *rq;
	int64_t account;
	struct mail_forward f;
	char token[2 * TOKEN_BYTES + 1], hash[MAIL_FORWARD_HASH];
	bool asks;
	const struct json *body;
};

static struct ask *ask_new(struct mail *m, struct http_request *rq)
{
	struct ask *ask = ARENA_NEW(http_arena(rq), struct ask);

	*ask = (struct ask){
		.m = m, .rq = rq, .account = http_account(rq) ? http_account(rq)->id : 0
	};
	http_set_header(rq, "Cache-Control", "no-store");
	return ask;
}

static void hash_of(struct slice token, char hex[MAIL_FORWARD_HASH])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)token.p, token.n);
	hex_encode(hash, sizeof(hash), hex);
}

/* ---- GET ---- */

static void reply(struct ask *ask, int status)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "address", ask->f.address[0] ? ask->f.address : NULL);
	json_put_bool(&w, "keep", ask->f.keep);
	json_put_bool(&w, "confirmed", ask->f.confirmed);
	json_close_object(&w);
	http_reply_json(ask->rq, status, &out);
}

static int read_one(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = mail_store_forward(tx, ask->account, &ask->f);

	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

static void on_read(void *arg, int status)
{
	struct ask *ask = arg;

	if (status < 0)
		http_reply_error(ask->rq, status);
	else
		reply(ask, 200);
}

void mail_get_forward(void *module, struct http_request *rq)
{
	struct mail *m = module;
	struct ask *ask = ask_new(m, rq);
	int rc = db_read(m->db, read_one, on_read, ask);

	if (rc < 0)
		on_read(ask, rc);
}

/* ---- PUT ---- */

static void send(const struct ask *ask, struct slice to, const char *subject, struct strbuf *text)
{
	const struct letters *letters = &ask->m->letters;

	letters->send(letters->self,
		&(struct letter){
			.to = to, .subject = slice_str(subject), .text = strbuf_slice(text) });
	sodium_memzero(text->p, text->n);
	strbuf_free(text);
}

static void send_letters(const struct ask *ask)
{
	const char *own = http_account(ask->rq)->address;
	struct strbuf link = { 0 }, notice = { 0 };

	strbuf_printf(&link,
		"%s wants their mail sent on to this address.\n\nIf that is right, open this "
		"within "
		"a day:\n\n  ",
		own);
	hearth_url(ask->m->h, &link);
	strbuf_printf(&link, "#forward?token=%s\n\nIf not, do nothing: nothing is sent on.\n",
		ask->token);
	send(ask, slice_str(ask->f.address), "Mail that is to be sent on to you", &link);
	strbuf_printf(&notice,
		"You have asked that your mail be sent on to %s. It is, from when that address "
		"says "
		"yes.\n\nIf it was not you who asked, somebody else is signed in as you: choose "
		"another password, and take the forward away.\n",
		ask->f.address);
	send(ask, slice_str(own), "Your mail is to be sent on", &notice);
}

static int set(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	struct strbuf key = { 0 };
	int rc = mail_store_is_erased(tx, ask->account);

	if (rc == 0)
		rc = mail_store_forward_set(tx, ask->account, &ask->f, ask->hash, &ask->asks);
	ask->f.confirmed = !ask->asks;
	strbuf_printf(&key, "asked by %lld", (long long)ask->account);
	if (rc == 0 && ask->asks)
		rc = mail_store_forwarded(tx, strbuf_slice(&key), ask->f.asked_ms, ASKS_PER_HOUR);
	strbuf_reset(&key);
	strbuf_printf(&key, "asked of %s", ask->f.address);
	if (rc == 0 && ask->asks)
		rc = mail_store_forwarded(tx, strbuf_slice(&key), ask->f.asked_ms, ASKS_PER_HOUR);
	strbuf_free(&key);
	return rc;
}

static void on_set(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0 && ask->asks)
		send_letters(ask);
	sodium_memzero(ask->token, sizeof(ask->token));
	if (status == HEARTH_EDENIED)
		http_reply_problem(ask->rq, 429, NULL,
			"this was asked for too often within the hour; try again later");
	else if (status < 0)
		http_reply_error(ask->rq, status);
	else
		reply(ask, ask->asks ? 202 : 200);
}

static void on_proven(void *arg, int status)
{
	struct ask *ask = arg;
	unsigned char random[TOKEN_BYTES];

	if (status != 0)
		return; /* answered, and `ask` is gone */
	rand_bytes(random, sizeof(random));
	hex_encode(random, sizeof(random), ask->token);
	hash_of(slice_str(ask->token), ask->hash);
	ask->f.asked_ms = clock_wall_ms();
	status = db_write(ask->m->db, set, on_set, ask);
	if (status < 0)
		on_set(ask, status);
}

/* Elsewhere is where none of our domains is, and no alias of one. */
static void on_reached(void *arg, int status, const struct accounts_reached *reached)
{
	struct ask *ask = arg;

	(void)reached;
	if (status == HEARTH_EBUSY || status == HEARTH_EIO)
		http_reply_error(ask->rq, status);
	else if (status != HEARTH_EDENIED)
		http_reply_problem(ask->rq, 400, "address",
			"expected an address at another server; here an alias does it");
	else
		ask->m->accounts->prove(ask->m->accounts->self, ask->rq, ask->body, on_proven, ask);
}

static bool read_address(struct ask *ask, struct slice text)
{
	struct smtp_address address;
	struct strbuf canonical = { 0 };
	bool good = smtp_address_read(text, &address) == (ptrdiff_t)text.n && !address.utf8 &&
		    !address.literal && !address.quoted && slice_chr(address.domain, '.') > 0 &&
		    text.n <= SMTP_RECIPIENT_MAX;

	if (good) {
		smtp_address_canonical(&canonical, &address);
		snprintf(ask->f.address, sizeof(ask->f.address), "%.*s",
			SLICE_ARG(strbuf_slice(&canonical)));
		strbuf_free(&canonical);
	}
	return good;
}

void mail_put_forward(void *module, struct http_request *rq)
{
	struct mail *m = module;
	const struct json *body = http_body_json(rq);
	struct slice address;
	struct ask *ask;

	if (!body)
		return;
	ask = ask_new(m, rq);
	if (json_get_text(body, "address", &address) < 0 || !read_address(ask, address)) {
		http_reply_problem(rq, 400, "address", "expected a mail address");
		return;
	}
	if (json_get_bool(body, "keep", &ask->f.keep) < 0) {
		http_reply_problem(rq, 400, "keep", "expected true or false");
		return;
	}
	if (!mail_sends_elsewhere(m)) {
		http_reply_problem(rq, 409, "address",
			"this server has no name on the internet, and so sends no mail elsewhere");
		return;
	}
	ask->body = body;
	m->accounts->reached_by(m->accounts->self, slice_str(ask->f.address), 0, on_reached, ask);
}

/* ---- POST …/confirm ---- */

static int confirm(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;

	return mail_store_forward_confirm(
		tx, ask->hash, clock_wall_ms() - CONFIRM_MS, &ask->account);
}

static void on_confirmed(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0)
		http_reply_empty(ask->rq, 204);
	else if (status == HEARTH_ENOTFOUND)
		http_reply_problem(ask->rq, 404, "token",
			"this link is no longer good: it is used, replaced or a day old");
	else
		http_reply_error(ask->rq, status);
}

void mail_post_forward_confirm(void *module, struct http_request *rq)
{
	struct mail *m = module;
	const struct json *body = http_body_json(rq);
	struct slice token;
	struct ask *ask;
	int rc;

	if (!body)
		return;
	if (json_get_text(body, "token", &token) < 0 || token.n != 2 * (size_t)TOKEN_BYTES) {
		http_reply_problem(rq, 400, "token", "expected what the link has");
		return;
	}
	ask = ask_new(m, rq);
	hash_of(token, ask->hash);
	rc = db_write(m->db, confirm, on_confirmed, ask);
	if (rc < 0)
		on_confirmed(ask, rc);
}

/* ---- DELETE ---- */

static int drop(struct db_tx *tx, void *arg)
{
	const struct ask *ask = arg;

	return mail_store_forward_remove(tx, ask->account);
}

static void on_dropped(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0)
		http_reply_empty(ask->rq, 204);
	else if (status == HEARTH_ENOTFOUND)
		http_reply_problem(ask->rq, 404, NULL, "nothing is sent on");
	else
		http_reply_error(ask->rq, status);
}

void mail_delete_forward(void *module, struct http_request *rq)
{
	struct mail *m = module;
	struct ask *ask = ask_new(m, rq);
	int rc = db_write(m->db, drop, on_dropped, ask);

	if (rc < 0)
		on_dropped(ask, rc);
}
