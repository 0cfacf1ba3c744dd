/*
 * admin_deed.c: what administrators do to somebody's account, with their own password once more, and
 * a code of their own second factor where they have one: a link for a new password, taking the
 * second factors away, deleting it.
 *
 *   the password is right ─▶ one transaction ─▶ answer
 *
 * Never to one's own account: that is done in one's own pages, with what those ask for.
 *
 * On the loop, but for what runs in the database.
 */
#include <sodium.h>
#include <stdio.h>

#include "factor/factor.h"
#include "factor/proof.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "reset/reset.h"

/* One request, in its own arena. */
struct deed {
	struct auth *a;
	struct http_request *rq;
	int64_t id;
	db_fn *act; /* after the look at who acts, in the same transaction */
	bool link;  /* the answer is one */
	struct auth_reset reset;
	struct auth_proof proof;
};

static int act(struct db_tx *tx, void *arg)
{
	struct deed *d = arg;
	struct account account;
	int rc = auth_store_still_held(tx, http_account(d->rq));

	if (rc == 0)
		rc = auth_store_get(tx, d->id, &account);
	if (rc == 0)
		rc = auth_proof_take(tx, &d->proof);
	return rc == 0 && auth_proof_done(&d->proof) ? d->act(tx, d) : rc;
}

static void reply_link(struct deed *d)
{
	struct strbuf out = { 0 }, link = { 0 };
	struct json_writer w;

	auth_reset_link(d->a->h, d->reset.secret, &link);
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_text(&w, "link", strbuf_slice(&link));
	json_put_i64(&w, "expires_at", clock_wall_ms() + AUTH_RESET_BY_ADMIN_MS);
	json_close_object(&w);
	sodium_memzero(link.p, link.n);
	strbuf_free(&link);
	sodium_memzero(&d->reset, sizeof(d->reset));
	http_reply_json(d->rq, 201, &out);
}

static void on_done(void *arg, int status)
{
	struct deed *d = arg;

	if (status == 0 && auth_proof_refuse(&d->proof))
		return;
	if (status == 0 && d->link)
		reply_link(d);
	else if (status == 0)
		http_reply_empty(d->rq, 204);
	else
		http_reply_error(d->rq, status);
}

static void on_confirmed(void *arg, int status)
{
	struct deed *d = arg;

	if (status != 0)
		return;
	if (d->link)
		auth_reset_make(d->a, &d->reset);
	status = db_write(d->a->db, act, on_done, d);
	if (status < 0)
		on_done(d, status);
}

static void begin(struct auth *a, struct http_request *rq, db_fn *fn, bool link)
{
	const struct json *body = http_body_json(rq);
	struct deed *d;

	if (!body)
		return;
	d = ARENA_NEW(http_arena(rq), struct deed);
	*d = (struct deed){
		.a = a, .rq = rq, .id = http_param_int(rq, "id"), .act = fn, .link = link
	};
	http_set_header(rq, "Cache-Control", "no-store");
	if (d->id == http_account(rq)->id) {
		http_reply_problem(rq, 409, NULL, "this is your own account: use its own pages");
		return;
	}
	if (auth_proof_read(&d->proof, a, rq, body))
		auth_reauthenticate(a, rq, body, "password", on_confirmed, d);
}

static int tx_reset(struct db_tx *tx, void *arg)
{
	struct deed *d = arg;

	return auth_reset_by_admin(
		tx, d->id, &d->reset, http_account(d->rq)->address, clock_wall_ms());
}

static int tx_factors(struct db_tx *tx, void *arg)
{
	struct deed *d = arg;
	char who[300];

	snprintf(who, sizeof(who), "all, by %s", http_account(d->rq)->address);
	return auth_factors_take_away(tx, d->id, who);
}

static int tx_delete(struct db_tx *tx, void *arg)
{
	struct deed *d = arg;

	return auth_store_delete(tx, d->id, clock_wall_ms(), d->a->address_rest_ms);
}

void auth_post_account_reset(void *module, struct http_request *rq)
{
	begin(module, rq, tx_reset, true);
}

void auth_delete_account_factors(void *module, struct http_request *rq)
{
	begin(module, rq, tx_factors, false);
}

void auth_delete_account(void *module, struct http_request *rq)
{
	begin(module, rq, tx_delete, false);
}
