/*
 * forgotten.c: POST /api/auth/forgotten: a link for a new password, to the verified second address.
 *
 *   count (network) ─▶ 202, always ─▶ is there an account with such an address? ─▶ a link, a mail
 *
 * The answer goes before anything is looked up, so neither it nor its time tells who has an
 * account. Asking counts as a registration does; an account gets a mail in five minutes at most. On
 * the loop and the database's writer; the work outlives the request.
 */
#include <sodium.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/letters.h"
#include "reset/reset.h"
#include "reset/second_address.h"
#include "session/login_throttle.h"

struct search {
	struct auth *a;
	char address[256], second[256];
	char secret[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];
};

static int find(struct db_tx *tx, void *arg)
{
	struct search *s = arg;
	struct account account;
	int rc = auth_store_find(tx, s->address, &account, NULL);

	if (rc == 0 && account.disabled)
		rc = HEARTH_ENOTFOUND;
	if (rc == 0)
		rc = second_address_get(tx, account.id, s->second);
	return rc == 0 ? auth_reset_by_mail(tx, account.id, s->hex, clock_wall_ms()) : rc;
}

static void send_link(const struct search *s)
{
	const struct letters *letters = hearth_service(s->a->h, "letters");
	struct strbuf text = { 0 };

	strbuf_printf(&text,
		"Somebody asked for a new password of %s. Whoever that was can choose one here, "
		"within an hour:\n\n  ",
		s->address);
	auth_reset_link(s->a->h, s->secret, &text);
	strbuf_adds(&text, "\n\nIf it was not you, do nothing: the password stays.\n");
	if (letters)
		letters->send(letters->self, &(struct letter){ .to = slice_str(s->second),
						     .subject = SLICE("Choose a new password"),
						     .text = strbuf_slice(&text) });
	sodium_memzero(text.p, text.n);
	strbuf_free(&text);
}

static void on_found(void *arg, int status)
{
	struct search *s = arg;

	if (status == 0)
		send_link(s);
	sodium_memzero(s, sizeof(*s));
	free(s);
}

void auth_post_forgotten(void *module, struct http_request *rq)
{
	struct auth *a = module;
	const struct json *body = http_body_json(rq);
	struct strbuf out = { 0 };
	struct slice address;
	struct search *s;
	int64_t retry_ms = 0;

	if (!body || !auth_secure(rq) ||
		!auth_read_text(rq, body, "address", 1, 254, "a mail address", &address))
		return;
	if (auth_registration_take(a, http_peer(rq)->peer, &retry_ms) < 0) {
		auth_reply_wait(rq, retry_ms);
		return;
	}
	s = mem_zalloc(sizeof(*s));
	s->a = a;
	auth_token_make(s->secret, s->hex);
	if (auth_address(hearth_config(a->h), address, s->address) < 0 ||
		db_write(a->db, find, on_found, s) < 0)
		on_found(s, HEARTH_ENOTFOUND);
	strbuf_adds(&out, "{}");
	http_set_header(rq, "Cache-Control", "no-store");
	http_reply_json(rq, 202, &out);
}
